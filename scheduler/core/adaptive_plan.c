#include "scheduler/core/adaptive_plan.h"

#include "shared/core/alloc.h"
#include "shared/core/arena.h"
#include "shared/core/buf.h"
#include "shared/core/paper_id.h"
#include "shared/core/utc_time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SCOUT_AHEAD = 1000,    /* numbers past the frontier that are asked for now and then */
    NEVER_ASKED_HOURS = 2, /* what a name that was never asked for counts as */
    FLOOR_HOURS = 24,      /* every candidate is asked for at least once in so many hours */
    FLOOR_FROM_HOURS = 11  /* those not asked for in so long share the floor's part of a cycle */
};
#define WATCHED_SHARE  0.2 /* of a cycle, at most, beyond what the numbers deserve unwatched */
#define WATCHED_WEIGHT 16  /* four times as often */
#define WISH_WEIGHT    1e-8
#define HOUR_MS        (PS_DAY_MS / 24)

ps_draft_key ps_draft_key_of(int number, int revision, unsigned variant)
{
    return (ps_draft_key)number << 20 | (ps_draft_key)revision << 8 | variant;
}

uint8_t ps_variant_of(const struct ps_config *config, const char *prefix, const char *ext)
{
    const struct ps_list *prefixes = &config->probe_prefixes, *exts = &config->probe_extensions;

    for (size_t p = 0; p < prefixes->len; p++)
        for (size_t e = 0; e < exts->len; e++)
            if (strcmp(prefixes->items[p], prefix) == 0 && strcmp(exts->items[e], ext) == 0 &&
                p * exts->len + e < PS_RATES_VARIANTS)
                return (uint8_t)(p * exts->len + e);
    return PS_VARIANT_OTHER;
}

bool ps_sighting_parse(const struct ps_config *config, const char *url,
                       struct ps_sighting *out_sighting)
{
    struct ps_paper_id id;
    const char *ext;

    if (!ps_paper_id_parse_file(url, &id, &ext) || (id.kind != PS_PAPER_D && id.kind != PS_PAPER_P))
        return false;
    *out_sighting = (struct ps_sighting){ .number = id.number,
                                          .revision = (int16_t)id.revision,
                                          .variant = ps_variant_of(config, id.prefix, ext) };
    return true;
}

static int compare_sightings(const void *a, const void *b)
{
    const struct ps_sighting *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->revision != y->revision)
        return x->revision < y->revision ? -1 : 1;
    return (int)x->variant - (int)y->variant;
}

void ps_sightings_sort(struct ps_sighting *sightings, size_t count)
{
    if (count > 0)
        qsort(sightings, count, sizeof(*sightings), compare_sightings);
}

struct gathering {
    const struct ps_config *config;
    struct ps_sighting *items;
    size_t len;
};

static void gather(void *cookie, const char *url, int64_t at_ms)
{
    struct gathering *gathering = cookie;
    struct ps_sighting *sighting = &gathering->items[gathering->len];

    if (!ps_sighting_parse(gathering->config, url, sighting))
        return;
    sighting->at_ms = at_ms;
    gathering->len++;
}

struct ps_sighting *ps_sightings_of(const struct ps_url_set *drafts, const struct ps_config *config,
                                    size_t *out_count)
{
    struct gathering gathering = { .config = config };

    gathering.items = ps_alloc_zero(ps_url_set_len(drafts) + 1, sizeof(*gathering.items));
    ps_url_set_each(drafts, gather, &gathering);
    ps_sightings_sort(gathering.items, gathering.len);
    *out_count = gathering.len;
    return gathering.items;
}

struct slot {
    ps_draft_key key; /* plus 1; 0: free */
    int64_t at_ms;
};

struct ps_probe_times {
    struct slot *slots;
    size_t size; /* a power of two */
    size_t len;
};

struct ps_probe_times *ps_probe_times_create(void)
{
    struct ps_probe_times *times = ps_alloc_zero(1, sizeof(*times));

    times->size = 1024;
    times->slots = ps_alloc_zero(times->size, sizeof(*times->slots));
    return times;
}

void ps_probe_times_destroy(struct ps_probe_times *times)
{
    if (times == NULL)
        return;
    free(times->slots);
    free(times);
}

static struct slot *find_slot(const struct ps_probe_times *times, ps_draft_key key)
{
    uint64_t hash = key * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 20) & (times->size - 1);

    while (times->slots[at].key != 0 && times->slots[at].key != key + 1)
        at = (at + 1) & (times->size - 1);
    return &times->slots[at];
}

static void grow(struct ps_probe_times *times)
{
    struct slot *old = times->slots;
    size_t size = times->size;

    times->size *= 2;
    times->slots = ps_alloc_zero(times->size, sizeof(*times->slots));
    for (size_t i = 0; i < size; i++)
        if (old[i].key != 0)
            *find_slot(times, old[i].key - 1) = old[i];
    free(old);
}

void ps_probe_times_set(struct ps_probe_times *times, ps_draft_key key, int64_t at_ms)
{
    struct slot *slot;

    if (times->len >= times->size / 3 * 2)
        grow(times);
    slot = find_slot(times, key);
    if (slot->key == 0)
        times->len++;
    *slot = (struct slot){ .key = key + 1, .at_ms = at_ms };
}

int64_t ps_probe_times_get(const struct ps_probe_times *times, ps_draft_key key)
{
    return find_slot(times, key)->at_ms;
}

size_t ps_probe_times_len(const struct ps_probe_times *times)
{
    return times->len;
}

struct builder {
    const struct ps_adaptive_input *input;
    struct ps_candidates *out;
    struct ps_number_set hot; /* unknown numbers of this set are candidates wherever they lie */
    struct ps_number_set frontier;
    unsigned best; /* variant with the largest share */
};

/* What all names of one revision have in common. */
struct revision {
    int number, revision;
    enum ps_candidate_kind kind;
    enum ps_tier tier;
    double weight;
    int64_t since_ms;
    bool watched, watched_only;
};

static void add(struct builder *builder, const struct revision *revision, unsigned variant)
{
    const struct ps_adaptive_input *input = builder->input;
    struct ps_candidates *out = builder->out;
    ps_draft_key key = ps_draft_key_of(revision->number, revision->revision, variant);

    if (ps_probe_times_get(input->excluded, key) != 0) {
        out->skipped_discovered++;
        return;
    }
    if (out->len == out->size) {
        out->size = out->size == 0 ? 4096 : out->size * 2;
        out->items = ps_alloc_array(out->items, out->size, sizeof(*out->items));
    }
    out->items[out->len++] =
        (struct ps_candidate){ .last_ms = ps_probe_times_get(input->probed, key),
                               .since_ms = revision->since_ms,
                               .weight = revision->weight * input->rates->share[variant],
                               .number = revision->number,
                               .revision = (int16_t)revision->revision,
                               .variant = (uint8_t)variant,
                               .tier = (uint8_t)revision->tier,
                               .kind = (uint8_t)revision->kind,
                               .watched = revision->watched,
                               .watched_only = revision->watched_only };
}

static void add_all(struct builder *builder, const struct revision *revision)
{
    if (revision->revision > PS_PAPER_REVISION_MAX)
        return;
    for (unsigned variant = 0; variant < builder->input->rates->variants; variant++)
        add(builder, revision, variant);
}

static enum ps_tier tier_of_known(const struct builder *builder,
                                  const struct ps_number_state *state, bool watched)
{
    const struct ps_adaptive_input *input = builder->input;
    int64_t lookback_days = input->config->hot_lookback_months * 3044 / 100;

    if (watched)
        return PS_TIER_WATCHLIST;
    if (ps_number_set_has(&builder->frontier, state->number))
        return PS_TIER_FRONTIER;
    return state->days >= input->now_ms / PS_DAY_MS - lookback_days ? PS_TIER_RECENT : PS_TIER_COLD;
}

static void add_known(struct builder *builder, const struct ps_number_state *state)
{
    const struct ps_adaptive_input *input = builder->input;
    struct revision revision = { .number = state->number, .since_ms = state->at_ms };
    int64_t depth;

    revision.watched = ps_number_set_has(input->watched, state->number);
    revision.tier = tier_of_known(builder, state, revision.watched);
    depth = revision.tier == PS_TIER_COLD ? input->config->cold_revision_depth
                                          : input->config->hot_revision_depth;
    revision.weight = ps_rates_next(input->rates, state, input->now_ms);
    for (int ahead = 1; ahead <= depth; ahead++) {
        revision.revision = state->revision + ahead;
        revision.kind = ahead == 1 ? PS_CANDIDATE_NEXT : PS_CANDIDATE_SKIP;
        add_all(builder, &revision);
        revision.weight *= input->rates->skip;
    }
    revision.kind = PS_CANDIDATE_VARIANT;
    revision.weight = 1e-7;
    for (revision.revision = state->indexed + 1; revision.revision <= state->revision;
         revision.revision++)
        add_all(builder, &revision);
}

static void add_unknown(struct builder *builder, int number)
{
    const struct ps_adaptive_input *input = builder->input;
    int frontier = input->arrivals->frontier;
    struct revision revision = { .number = number, .kind = PS_CANDIDATE_NEW };

    if (number > frontier + input->config->frontier_window_above &&
        !ps_number_set_has(&builder->hot, number)) {
        revision.kind = PS_CANDIDATE_SCOUT;
        revision.tier = PS_TIER_COLD;
        revision.weight = PS_RATES_FAR_WEIGHT;
        add(builder, &revision, builder->best);
        return;
    }
    revision.watched = ps_number_set_has(input->watched, number);
    revision.tier = ps_number_set_has(&builder->hot, number) ? PS_TIER_FRONTIER : PS_TIER_COLD;
    revision.watched_only =
        revision.watched && number > frontier && !ps_number_set_has(&builder->frontier, number);
    /* A wish for a number nobody has assigned yet must not displace those for real papers. */
    revision.weight = revision.watched_only && number > frontier + SCOUT_AHEAD
                          ? WISH_WEIGHT
                          : ps_rates_fresh(input->rates, input->arrivals, number, input->now_ms);
    for (int r = 0; r <= input->config->gap_max_rev; r++) {
        revision.revision = r;
        add_all(builder, &revision);
        revision.weight *= input->rates->later;
    }
}

static void find_hot(struct builder *builder)
{
    const struct ps_adaptive_input *input = builder->input;
    const struct ps_config *config = input->config;

    ps_number_set_init(&builder->frontier);
    ps_number_set_init(&builder->hot);
    ps_frontier_numbers(config, input->arrivals->frontier, &builder->frontier);
    for (size_t i = 0; i < builder->frontier.len; i++)
        ps_number_set_add(&builder->hot, builder->frontier.items[i]);
    for (size_t i = 0; i < input->watched->len; i++)
        if (input->watched->items[i] >= 0 && input->watched->items[i] <= PS_PAPER_NUMBER_MAX)
            ps_number_set_add(&builder->hot, input->watched->items[i]);
    for (unsigned v = 1; v < input->rates->variants; v++)
        if (input->rates->share[v] > input->rates->share[builder->best])
            builder->best = v;
}

void ps_candidates_build(const struct ps_adaptive_input *input, struct ps_candidates *candidates)
{
    const struct ps_arrivals *arrivals = input->arrivals;
    struct builder builder = { .input = input, .out = candidates };
    size_t known = 0, hot = 0;
    int last = arrivals->frontier + SCOUT_AHEAD;

    candidates->len = 0;
    candidates->skipped_discovered = 0;
    find_hot(&builder);
    if (builder.hot.len > 0 && builder.hot.items[0] == 0 && ps_arrivals_number(arrivals, 0) == NULL)
        add_unknown(&builder, 0);
    for (int number = 0; number <= last && number <= PS_PAPER_NUMBER_MAX; number++) {
        if (known < arrivals->numbers_len && arrivals->numbers[known].number == number)
            add_known(&builder, &arrivals->numbers[known++]);
        else if (number > 0)
            add_unknown(&builder, number);
    }
    for (; known < arrivals->numbers_len; known++)
        add_known(&builder, &arrivals->numbers[known]);
    while (hot < builder.hot.len && builder.hot.items[hot] <= last)
        hot++;
    for (; hot < builder.hot.len; hot++)
        if (ps_arrivals_number(arrivals, builder.hot.items[hot]) == NULL)
            add_unknown(&builder, builder.hot.items[hot]);
    ps_number_set_clear(&builder.hot);
    ps_number_set_clear(&builder.frontier);
}

void ps_candidates_clear(struct ps_candidates *candidates)
{
    free(candidates->items);
    *candidates = (struct ps_candidates){ 0 };
}

size_t ps_adaptive_budget(const struct ps_config *config, const struct ps_rates *rates,
                          double activity, int64_t now_ms)
{
    int64_t interval_ms = ps_config_poll_interval_ms(config);
    double mean = (double)config->probe_budget_per_day * (double)interval_ms / (double)PS_DAY_MS;
    double share = mean * ps_rates_budget_factor(rates, activity);
    /* Fractions are spent in turn: a cycle of seconds has less than one probe in the mean. */
    double turn = (double)((now_ms / interval_ms) % 4096);

    return (size_t)(floor(share * (turn + 1)) - floor(share * turn));
}

/* Picking. */

struct picker {
    const struct ps_candidates *candidates;
    int64_t now_ms, least_ms; /* least_ms: once per cycle */
    double *scores;           /* by candidate; 0: not now */
    double *scratch;
    size_t *picked;
    size_t len;
};

/* How long a draft may have waited under the name. A name that was never asked for may hold one for
 * long, but news is what matters: otherwise a fresh installation would look through all old names
 * before it returned to the likely ones. */
static int64_t waited_ms(const struct ps_candidate *candidate, int64_t now_ms)
{
    int64_t from_ms =
        candidate->last_ms > candidate->since_ms ? candidate->last_ms : candidate->since_ms;
    int64_t most_ms = candidate->last_ms == 0 ? NEVER_ASKED_HOURS * HOUR_MS : PS_DAY_MS;
    int64_t waited = now_ms - from_ms;

    return waited < 0 ? 0 : waited > most_ms ? most_ms : waited;
}

static double score_of(const struct picker *picker, const struct ps_candidate *candidate)
{
    double hours;

    if (picker->now_ms - candidate->last_ms < picker->least_ms && candidate->last_ms != 0 &&
        candidate->last_ms <= picker->now_ms)
        return 0;
    hours = (double)waited_ms(candidate, picker->now_ms) / (double)HOUR_MS;
    return candidate->weight * hours * hours;
}

/* The k-th largest of values (k from 1), which are put out of order. */
static double kth_largest(double *values, size_t len, size_t k)
{
    size_t low = 0, high = len - 1;

    while (low < high) {
        double pivot = values[low + (high - low) / 2];
        size_t i = low, j = high;

        for (;;) {
            while (values[i] > pivot)
                i++;
            while (values[j] < pivot)
                j--;
            if (i >= j)
                break;
            double swap = values[i];
            values[i++] = values[j];
            values[j--] = swap;
        }
        if (k - 1 <= j)
            high = j;
        else
            low = j + 1;
    }
    return values[k - 1];
}

static void take(struct picker *picker, size_t i)
{
    picker->picked[picker->len++] = i;
    picker->scores[i] = 0;
}

/* The k-th best score among the candidates of no user's wish alone; 0 when there are fewer. */
static double kth_score(struct picker *picker, size_t k)
{
    const struct ps_candidate *items = picker->candidates->items;
    size_t len = 0;

    for (size_t i = 0; i < picker->candidates->len; i++)
        if (picker->scores[i] > 0 && !items[i].watched_only)
            picker->scratch[len++] = picker->scores[i];
    return k == 0 || k > len ? 0 : kth_largest(picker->scratch, len, k);
}

/* Does it deserve its watchers' part of the budget now? A number that is asked for because it is
 * watched, and for no other reason, does so once a day at least while that part lasts. */
static bool watched_due(const struct picker *picker, size_t i, double least)
{
    const struct ps_candidate *candidate = &picker->candidates->items[i];

    if (!candidate->watched || picker->scores[i] <= 0)
        return false;
    return picker->scores[i] > least ||
           (candidate->watched_only &&
            picker->now_ms - candidate->last_ms > (FLOOR_HOURS - 1) * HOUR_MS);
}

/* Watched numbers count for more, within a fixed part of the budget: all users together cannot
 * displace the rest. */
static void take_watched(struct picker *picker, size_t budget)
{
    double least = kth_score(picker, budget) / WATCHED_WEIGHT, best = 0;
    size_t most = (size_t)(WATCHED_SHARE * (double)budget), len = 0;

    for (size_t i = 0; i < picker->candidates->len; i++)
        if (watched_due(picker, i, least))
            picker->scratch[len++] = picker->scores[i];
    if (len == 0 || most == 0)
        return;
    if (most < len)
        best = kth_largest(picker->scratch, len, most);
    for (size_t i = 0; i < picker->candidates->len && most > 0; i++) {
        if (watched_due(picker, i, least) && picker->scores[i] >= best) {
            take(picker, i);
            most--;
        }
    }
}

static void take_best(struct picker *picker, size_t count)
{
    double least = kth_score(picker, count);

    for (size_t i = 0; i < picker->candidates->len && count > 0; i++) {
        if (picker->scores[i] > 0 && picker->scores[i] >= least &&
            !picker->candidates->items[i].watched_only) {
            take(picker, i);
            count--;
        }
    }
}

/* Those not asked for in a long time, the oldest first: a steady part of each cycle keeps every
 * candidate within the floor, and spreads them over the day. */
static void take_floor(struct picker *picker, size_t budget, int64_t interval_ms)
{
    const struct ps_candidates *candidates = picker->candidates;
    int64_t span_ms = (FLOOR_HOURS - FLOOR_FROM_HOURS) * HOUR_MS - HOUR_MS / 2;
    size_t old = 0, due = 0, quota, len = 0;
    double least;

    for (size_t i = 0; i < candidates->len; i++) {
        const struct ps_candidate *candidate = &candidates->items[i];
        int64_t since_ms = picker->now_ms - candidate->last_ms;

        if (candidate->watched_only || since_ms < FLOOR_FROM_HOURS * HOUR_MS)
            continue;
        old++;
        picker->scratch[len++] = (double)since_ms;
        if (candidate->last_ms != 0 && since_ms + interval_ms > FLOOR_HOURS * HOUR_MS)
            due++;
    }
    if (len == 0)
        return;
    quota = (size_t)((int64_t)old * interval_ms / span_ms) + 1;
    if (quota < due)
        quota = due;
    if (quota > budget / 2)
        quota = budget / 2;
    if (quota == 0)
        return;
    if (quota > len)
        quota = len;
    least = kth_largest(picker->scratch, len, quota);
    for (size_t i = 0; i < candidates->len && quota > 0; i++) {
        const struct ps_candidate *candidate = &candidates->items[i];

        if (!candidate->watched_only && (double)(picker->now_ms - candidate->last_ms) >= least) {
            take(picker, i);
            quota--;
        }
    }
}

struct order {
    double score;
    size_t at;
};

static int by_score(const void *a, const void *b)
{
    const struct order *x = a, *y = b;

    if (x->score > y->score)
        return -1;
    if (x->score < y->score)
        return 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

size_t *ps_adaptive_pick(const struct ps_candidates *candidates, const struct ps_config *config,
                         size_t budget, int64_t now_ms, size_t *out_count)
{
    int64_t interval_ms = ps_config_poll_interval_ms(config);
    struct picker picker = { .candidates = candidates,
                             .now_ms = now_ms,
                             .least_ms = interval_ms / 2 };
    struct order *order;

    if (budget > candidates->len)
        budget = candidates->len;
    picker.scores = ps_alloc_array(NULL, candidates->len + 1, sizeof(double));
    picker.scratch = ps_alloc_array(NULL, candidates->len + 1, sizeof(double));
    picker.picked = ps_alloc_array(NULL, budget + 1, sizeof(size_t));
    for (size_t i = 0; i < candidates->len; i++)
        picker.scores[i] = score_of(&picker, &candidates->items[i]);
    take_floor(&picker, budget, interval_ms);
    take_watched(&picker, budget - picker.len);
    take_best(&picker, budget - picker.len);
    order = ps_alloc_array(NULL, picker.len + 1, sizeof(*order));
    for (size_t i = 0; i < picker.len; i++)
        order[i] = (struct order){ .score = score_of(&picker, &candidates->items[picker.picked[i]]),
                                   .at = picker.picked[i] };
    qsort(order, picker.len, sizeof(*order), by_score);
    for (size_t i = 0; i < picker.len; i++)
        picker.picked[i] = order[i].at;
    free(order);
    free(picker.scores);
    free(picker.scratch);
    *out_count = picker.len;
    return picker.picked;
}

/* All of it at one moment. */

static struct ps_probe_times *exclude(const struct ps_adaptive_source *source)
{
    struct ps_probe_times *excluded = ps_probe_times_create();

    for (size_t i = 0; i < source->sighting_count; i++) {
        const struct ps_sighting *sighting = &source->sightings[i];

        ps_probe_times_set(
            excluded, ps_draft_key_of(sighting->number, sighting->revision, sighting->variant), 1);
    }
    for (size_t i = 0; i < ps_paper_index_len(source->index); i++) {
        const struct ps_paper_id *id = &ps_paper_index_at(source->index, i)->parsed;
        const struct ps_list *prefixes = &source->config->probe_prefixes;
        size_t exts = source->config->probe_extensions.len;

        if (id->kind != PS_PAPER_D)
            continue;
        for (size_t v = 0; v < prefixes->len * exts; v++)
            if (strcmp(prefixes->items[v / exts], "D") == 0)
                ps_probe_times_set(excluded, ps_draft_key_of(id->number, id->revision, (unsigned)v),
                                   1);
    }
    return excluded;
}

void ps_adaptive_open(const struct ps_adaptive_source *source, struct ps_adaptive *adaptive)
{
    size_t count = ps_paper_index_len(source->index), len = 0;
    struct ps_indexed *indexed = ps_alloc_array(NULL, count + 1, sizeof(*indexed));
    struct ps_probe_times *excluded = exclude(source);
    struct ps_adaptive_input input = { .config = source->config,
                                       .arrivals = &adaptive->arrivals,
                                       .rates = &adaptive->rates,
                                       .probed = source->probed,
                                       .excluded = excluded,
                                       .watched = source->watched,
                                       .now_ms = source->now_ms };

    *adaptive = (struct ps_adaptive){ .now_ms = source->now_ms };
    for (size_t i = 0; i < count; i++) {
        const struct ps_paper *paper = ps_paper_index_at(source->index, i);

        if (paper->parsed.kind == PS_PAPER_P)
            indexed[len++] = (struct ps_indexed){ .number = paper->parsed.number,
                                                  .revision = paper->parsed.revision,
                                                  .days = paper->days };
    }
    ps_arrivals_build(indexed, len, source->sightings, source->sighting_count,
                      (int)source->config->frontier_gap_threshold, source->now_ms,
                      &adaptive->arrivals);
    free(indexed);
    ps_rates_fit(&adaptive->arrivals, source->config, source->now_ms, &adaptive->rates);
    ps_rates_fit_shares(source->sightings, source->sighting_count, source->config,
                        &adaptive->rates);
    ps_candidates_build(&input, &adaptive->candidates);
    ps_probe_times_destroy(excluded);
    adaptive->activity = ps_rates_activity(&adaptive->rates, &adaptive->arrivals, source->now_ms);
    adaptive->budget =
        ps_adaptive_budget(source->config, &adaptive->rates, adaptive->activity, source->now_ms);
}

void ps_adaptive_clear(struct ps_adaptive *adaptive)
{
    ps_arrivals_clear(&adaptive->arrivals);
    ps_candidates_clear(&adaptive->candidates);
    *adaptive = (struct ps_adaptive){ .budget = 0 };
}

double ps_adaptive_rate(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate)
{
    return adaptive->activity * candidate->weight;
}

double ps_adaptive_gain(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate)
{
    double days = (double)waited_ms(candidate, adaptive->now_ms) / (double)PS_DAY_MS;

    return ps_adaptive_rate(adaptive, candidate) * days * days / 2 * 24 * 60;
}

void ps_adaptive_plan_make(const struct ps_adaptive *adaptive, const struct ps_config *config,
                           struct ps_plan *out_plan)
{
    struct ps_plan plan = { .arena = ps_arena_create(),
                            .frontier = adaptive->arrivals.frontier,
                            .skipped_discovered = adaptive->candidates.skipped_discovered,
                            .slices = 1 };
    const struct ps_list *prefixes = &config->probe_prefixes, *exts = &config->probe_extensions;
    size_t base_len = strlen(config->iso_base_url);
    const char **names = ps_alloc_array(NULL, prefixes->len + exts->len + 1, sizeof(*names));
    size_t *picked = ps_adaptive_pick(&adaptive->candidates, config, adaptive->budget,
                                      adaptive->now_ms, &plan.len);
    struct ps_buf url;

    ps_buf_init(&url, PS_TASK_URL_MAX);
    ps_number_set_init(&plan.hot_numbers);
    for (size_t i = 0; i < prefixes->len; i++)
        names[i] = ps_arena_text(plan.arena, prefixes->items[i], strlen(prefixes->items[i]));
    for (size_t i = 0; i < exts->len; i++)
        names[prefixes->len + i] =
            ps_arena_text(plan.arena, exts->items[i], strlen(exts->items[i]));
    plan.items = ps_alloc_zero(plan.len + 1, sizeof(*plan.items));
    plan.hot = plan.len;
    for (size_t i = 0; i < plan.len; i++) {
        const struct ps_candidate *candidate = &adaptive->candidates.items[picked[i]];
        struct ps_planned *item = &plan.items[i];

        *item = (struct ps_planned){ .tier = (enum ps_tier)candidate->tier,
                                     .prefix = names[candidate->variant / exts->len],
                                     .number = candidate->number,
                                     .revision = candidate->revision,
                                     .ext = names[prefixes->len + candidate->variant % exts->len],
                                     .gain = ps_adaptive_gain(adaptive, candidate) };
        ps_buf_reset(&url);
        ps_buf_format(&url, "%s%s%04dR%d%s", config->iso_base_url, item->prefix, item->number,
                      item->revision, item->ext);
        item->url = ps_arena_text(plan.arena, url.data, url.len);
        item->file = item->url + base_len;
    }
    ps_buf_clear(&url);
    free(names);
    free(picked);
    *out_plan = plan;
}

const char *ps_candidate_kind_name(enum ps_candidate_kind kind)
{
    static const char *const names[PS_CANDIDATE_KINDS] = { "next", "skip", "variant", "new",
                                                           "scout" };

    return names[kind];
}

double ps_adaptive_threshold(const struct ps_adaptive *adaptive, const struct ps_config *config)
{
    size_t len = adaptive->candidates.len, budget = adaptive->budget;
    struct picker picker = { .candidates = &adaptive->candidates,
                             .now_ms = adaptive->now_ms + ps_config_poll_interval_ms(config) };
    double threshold = 0;

    if (len == 0 || budget == 0)
        return 0;
    picker.scratch = ps_alloc_array(NULL, len, sizeof(double));
    for (size_t i = 0; i < len; i++)
        picker.scratch[i] = score_of(&picker, &adaptive->candidates.items[i]);
    threshold = kth_largest(picker.scratch, len, budget < len ? budget : len);
    free(picker.scratch);
    return threshold;
}

double ps_adaptive_period_hours(const struct ps_candidate *candidate,
                                const struct ps_config *config, double threshold)
{
    double weight = candidate->weight * (candidate->watched ? WATCHED_WEIGHT : 1);
    double least = (double)ps_config_poll_interval_ms(config) / (double)HOUR_MS;
    double hours = weight > 0 ? sqrt(threshold / weight) : FLOOR_HOURS;

    return fmin(FLOOR_HOURS, fmax(least, hours));
}

static double days_since(int64_t now_ms, int64_t at_ms)
{
    return (double)(now_ms - at_ms) / (double)PS_DAY_MS;
}

static void why_new(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate,
                    struct ps_buf *out_text)
{
    int frontier = adaptive->arrivals.frontier;
    int64_t passed_ms = ps_arrivals_passed_ms(&adaptive->arrivals, candidate->number);

    if (candidate->number > frontier)
        ps_buf_format(out_text, "no paper has the number; it lies %d above the frontier %d",
                      candidate->number - frontier, frontier);
    else if (passed_ms > 0)
        ps_buf_format(out_text, "no paper has the number; the frontier passed it %.0f days ago",
                      days_since(adaptive->now_ms, passed_ms));
    else
        ps_buf_text(out_text, "no paper has the number; the frontier passed it long ago");
}

void ps_adaptive_why(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate,
                     struct ps_buf *out_text)
{
    const struct ps_number_state *state =
        ps_arrivals_number(&adaptive->arrivals, candidate->number);

    switch ((enum ps_candidate_kind)candidate->kind) {
    case PS_CANDIDATE_NEXT:
    case PS_CANDIDATE_SKIP:
        if (state == NULL || state->at_ms == 0)
            ps_buf_format(out_text, "the latest revision has no date");
        else
            ps_buf_format(out_text, "R%d came %.0f days ago", state->revision,
                          days_since(adaptive->now_ms, state->at_ms));
        if (candidate->kind == PS_CANDIDATE_SKIP)
            ps_buf_text(out_text, "; authors rarely skip a revision");
        break;
    case PS_CANDIDATE_VARIANT:
        ps_buf_text(out_text, "the draft was found under another name");
        break;
    case PS_CANDIDATE_NEW:
        why_new(adaptive, candidate, out_text);
        break;
    case PS_CANDIDATE_SCOUT:
    case PS_CANDIDATE_KINDS:
        ps_buf_text(out_text, "far above the frontier: asked for once a day, as numbers may jump");
        break;
    }
    if (candidate->watched)
        ps_buf_text(out_text, "; people watch the number");
}
