#include "scheduler/core/candidates.h"

#include "scheduler/core/frontier.h"
#include "shared/core/alloc.h"
#include "shared/core/paper_id.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>

enum {
    SCOUT_AHEAD = 1000, /* numbers past the frontier that are asked for now and then */
    STEP_NAMES = 20000
};
#define VARIANT_WEIGHT 1e-7
#define WISH_WEIGHT    1e-8

struct ps_candidates_builder {
    struct ps_candidates_input input;
    struct ps_candidates *out;
    struct ps_number_set hot; /* unknown numbers of this set are candidates wherever they lie */
    struct ps_number_set frontier;
    unsigned best;         /* variant with the largest share */
    int next, last;        /* numbers that are candidates whether they are known or not */
    size_t known, hot_len; /* how far the known numbers and the hot ones are done */
};

struct revision {
    int number, revision;
    enum ps_candidate_kind kind;
    enum ps_tier tier;
    double weight;
    int64_t since_ms;
    bool watched, watched_only;
};

static void add(struct ps_candidates_builder *builder, const struct revision *revision,
                unsigned variant)
{
    const struct ps_candidates_input *input = &builder->input;
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

static void add_all(struct ps_candidates_builder *builder, const struct revision *revision)
{
    if (revision->revision > PS_PAPER_REVISION_MAX)
        return;
    for (unsigned variant = 0; variant < builder->input.rates->variants; variant++)
        add(builder, revision, variant);
}

static enum ps_tier tier_of_known(const struct ps_candidates_builder *builder,
                                  const struct ps_number_state *state, bool watched)
{
    const struct ps_candidates_input *input = &builder->input;
    int64_t lookback_days = input->config->hot_lookback_months * 3044 / 100;

    if (watched)
        return PS_TIER_WATCHLIST;
    if (ps_number_set_has(&builder->frontier, state->number))
        return PS_TIER_FRONTIER;
    return state->days >= input->now_ms / PS_DAY_MS - lookback_days ? PS_TIER_RECENT : PS_TIER_COLD;
}

/* Revisions up to the latest that may still appear: other names of drafts that the index lacks, and
 * the revision below the latest where nobody has seen it. */
static void add_earlier(struct ps_candidates_builder *builder, const struct ps_number_state *state,
                        struct revision *revision)
{
    const struct ps_candidates_input *input = &builder->input;
    double late = ps_rates_next(input->rates, state, input->now_ms) * input->rates->late;
    int first = state->indexed < state->revision ? state->indexed + 1 : state->revision;

    if (state->revision > 0 && first == state->revision)
        first--;
    for (revision->revision = first; revision->revision <= state->revision; revision->revision++) {
        bool seen = ps_arrivals_has(input->arrivals, state->number, revision->revision);

        if (seen && revision->revision <= state->indexed)
            continue;
        revision->kind = seen ? PS_CANDIDATE_VARIANT : PS_CANDIDATE_LATE;
        revision->weight = seen ? VARIANT_WEIGHT : late;
        add_all(builder, revision);
    }
}

static void add_known(struct ps_candidates_builder *builder, const struct ps_number_state *state)
{
    const struct ps_candidates_input *input = &builder->input;
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
    add_earlier(builder, state, &revision);
}

static void add_unknown(struct ps_candidates_builder *builder, int number)
{
    const struct ps_candidates_input *input = &builder->input;
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

static void find_hot(struct ps_candidates_builder *builder)
{
    const struct ps_candidates_input *input = &builder->input;
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

struct ps_candidates_builder *ps_candidates_begin(const struct ps_candidates_input *input,
                                                  struct ps_candidates *candidates)
{
    struct ps_candidates_builder *builder = ps_alloc_zero(1, sizeof(*builder));

    *builder = (struct ps_candidates_builder){ .input = *input, .out = candidates };
    builder->last = input->arrivals->frontier + SCOUT_AHEAD;
    if (builder->last > PS_PAPER_NUMBER_MAX)
        builder->last = PS_PAPER_NUMBER_MAX;
    candidates->len = 0;
    candidates->skipped_discovered = 0;
    find_hot(builder);
    return builder;
}

bool ps_candidates_step(struct ps_candidates_builder *builder)
{
    const struct ps_arrivals *arrivals = builder->input.arrivals;
    const struct ps_number_set *hot = &builder->hot;
    size_t enough = builder->out->len + STEP_NAMES;

    for (; builder->next <= builder->last; builder->next++) {
        int number = builder->next;

        if (builder->out->len >= enough)
            return true;
        if (builder->known < arrivals->numbers_len &&
            arrivals->numbers[builder->known].number == number)
            add_known(builder, &arrivals->numbers[builder->known++]);
        else if (number > 0 || ps_number_set_has(hot, 0))
            add_unknown(builder, number);
    }
    for (; builder->known < arrivals->numbers_len; builder->known++) {
        if (builder->out->len >= enough)
            return true;
        add_known(builder, &arrivals->numbers[builder->known]);
    }
    for (; builder->hot_len < hot->len; builder->hot_len++) {
        int number = hot->items[builder->hot_len];

        if (builder->out->len >= enough)
            return true;
        if (number > builder->last && ps_arrivals_number(arrivals, number) == NULL)
            add_unknown(builder, number);
    }
    return false;
}

void ps_candidates_end(struct ps_candidates_builder *builder)
{
    if (builder == NULL)
        return;
    ps_number_set_clear(&builder->hot);
    ps_number_set_clear(&builder->frontier);
    free(builder);
}

void ps_candidates_build(const struct ps_candidates_input *input, struct ps_candidates *candidates)
{
    struct ps_candidates_builder *builder = ps_candidates_begin(input, candidates);

    while (ps_candidates_step(builder))
        ;
    ps_candidates_end(builder);
}

void ps_candidates_clear(struct ps_candidates *candidates)
{
    free(candidates->items);
    *candidates = (struct ps_candidates){ 0 };
}
