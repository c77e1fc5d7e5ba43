#include "scheduler/core/replay.h"

#include "scheduler/core/candidate_pick.h"
#include "scheduler/core/plan.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct paper {
    const struct ps_paper *paper;
    int32_t known_from; /* day */
};

struct world {
    const struct ps_replay_input *input;
    struct ps_replay *replay;
    struct paper *papers; /* P-papers, by the day the index knows them */
    size_t paper_count, known;
    struct ps_probe_times *pending; /* name of an upload to its position + 1 */
    struct ps_sighting *found;      /* by time */
    size_t found_len;
    bool changed; /* index or finds, since the planner looked */
    uint64_t day_requests;
    int64_t now_ms;
};

static int by_known(const void *a, const void *b)
{
    const struct paper *x = a, *y = b;

    if (x->known_from != y->known_from)
        return x->known_from < y->known_from ? -1 : 1;
    return strcmp(x->paper->id, y->paper->id);
}

static int by_upload(const void *a, const void *b)
{
    const struct ps_replay_upload *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static int position_of(const struct ps_list *list, const char *text, size_t len)
{
    for (size_t i = 0; i < list->len; i++)
        if (strlen(list->items[i]) == len && strncmp(list->items[i], text, len) == 0)
            return (int)i;
    return -1;
}

/* A draft D… with the extension of the paper's link where that is one we ask for. */
static uint8_t variant_of(const struct ps_config *config, const struct ps_paper *paper)
{
    const char *dot = strrchr(paper->long_link, '.');
    int prefix = position_of(&config->probe_prefixes, "D", 1);
    int ext = dot == NULL ? -1 : position_of(&config->probe_extensions, dot, strlen(dot));

    return (uint8_t)((size_t)(prefix < 0 ? 0 : prefix) * config->probe_extensions.len +
                     (size_t)(ext < 0 ? 0 : ext));
}

static void find_papers(struct world *world)
{
    const struct ps_replay_input *input = world->input;
    size_t count = ps_paper_index_len(input->index);
    struct ps_replay *replay = world->replay;

    world->papers = ps_alloc_zero(count + 1, sizeof(*world->papers));
    replay->uploads = ps_alloc_zero(count + 1, sizeof(*replay->uploads));
    for (size_t i = 0; i < count; i++) {
        const struct ps_paper *paper = ps_paper_index_at(input->index, i);
        struct paper *row = &world->papers[world->paper_count];

        if (paper->parsed.kind != PS_PAPER_P || paper->days > input->to)
            continue;
        world->paper_count++;
        *row = (struct paper){ .paper = paper, .known_from = INT32_MIN };
        if (paper->days == PS_NO_DATE || paper->days < input->from)
            continue;
        row->known_from = paper->days + PS_REPLAY_KNOWN_AFTER_DAYS;
        replay->uploads[replay->len++] = (struct ps_replay_upload){
            .at_ms = paper->days * PS_DAY_MS +
                     ps_arrival_spread_ms(paper->parsed.number, paper->parsed.revision),
            .number = paper->parsed.number,
            .revision = (int16_t)paper->parsed.revision,
            .variant = variant_of(input->config, paper),
        };
    }
    qsort(world->papers, world->paper_count, sizeof(*world->papers), by_known);
    qsort(replay->uploads, replay->len, sizeof(*replay->uploads), by_upload);
    world->pending = ps_probe_times_create();
    for (size_t i = 0; i < replay->len; i++)
        ps_probe_times_set(world->pending,
                           ps_draft_key_of(replay->uploads[i].number, replay->uploads[i].revision,
                                           replay->uploads[i].variant),
                           (int64_t)i + 1);
    world->found = ps_alloc_zero(replay->len + 1, sizeof(*world->found));
}

static bool number_known(const struct world *world, int number)
{
    for (size_t i = 0; i < world->known; i++)
        if (world->papers[i].paper->parsed.number == number)
            return true;
    for (size_t i = 0; i < world->found_len; i++)
        if (world->found[i].number == number)
            return true;
    return false;
}

/* One request. Is the name there? */
static void probe(struct world *world, int number, int revision, unsigned variant,
                  enum ps_tier tier)
{
    int64_t at = ps_probe_times_get(world->pending, ps_draft_key_of(number, revision, variant));
    struct ps_replay_upload *upload;

    world->day_requests++;
    if (at == 0)
        return;
    upload = &world->replay->uploads[at - 1];
    if (upload->at_ms > world->now_ms || upload->found_ms != 0)
        return;
    upload->found_ms = world->now_ms;
    upload->tier = (uint8_t)tier;
    upload->fresh = !number_known(world, number);
    world->found[world->found_len++] = (struct ps_sighting){ .at_ms = world->now_ms,
                                                             .number = number,
                                                             .revision = (int16_t)revision,
                                                             .variant = (uint8_t)variant };
    world->changed = true;
}

/* The adaptive planner, with what it keeps from one cycle to the next. */
struct adaptive {
    struct ps_indexed *indexed;
    size_t indexed_len;
    struct ps_arrivals arrivals;
    struct ps_rates rates;
    struct ps_candidates candidates;
    struct ps_probe_times *probed, *excluded;
    size_t excluded_len; /* of the finds */
    int64_t last_ms;     /* of the cycle before; 0: there was none */
    /* For the least mean delay: of the candidates sum of the square roots of the weights, squared,
     * and sum of the weights; and means over the cycles, each times their number. */
    double root_square, weight;
    double roots, root_costs, arrivals_sum;
};

static void sum_candidates(struct adaptive *adaptive)
{
    double roots = 0;

    adaptive->weight = 0;
    for (size_t i = 0; i < adaptive->candidates.len; i++) {
        roots += sqrt(adaptive->candidates.items[i].weight);
        adaptive->weight += adaptive->candidates.items[i].weight;
    }
    adaptive->root_square = roots * roots;
}

/* Frequencies in proportion to the square root of rates r under a budget b per day make the mean
 * delay (sum of sqrt(r))^2 / (2 b sum of r) days, and nothing makes it less; a budget in proportion
 * to the square root of the activity is the same in time. */
static double least_minutes(const struct adaptive *adaptive, const struct ps_config *config,
                            int64_t cycles)
{
    double budget = (double)config->probe_budget_per_day;

    if (cycles == 0 || adaptive->arrivals_sum <= 0)
        return 0;
    return adaptive->roots / (double)cycles * adaptive->root_costs /
           (2 * budget * adaptive->arrivals_sum) * 24 * 60;
}

static void learn(struct world *world, struct adaptive *adaptive)
{
    const struct ps_config *config = world->input->config;
    struct ps_candidates_input input = { .config = config,
                                         .arrivals = &adaptive->arrivals,
                                         .rates = &adaptive->rates,
                                         .probed = adaptive->probed,
                                         .excluded = adaptive->excluded,
                                         .watched = world->input->watched,
                                         .now_ms = world->now_ms };

    for (; adaptive->indexed_len < world->known; adaptive->indexed_len++) {
        const struct ps_paper *paper = world->papers[adaptive->indexed_len].paper;

        adaptive->indexed[adaptive->indexed_len] = (struct ps_indexed){
            .number = paper->parsed.number, .revision = paper->parsed.revision, .days = paper->days
        };
    }
    for (; adaptive->excluded_len < world->found_len; adaptive->excluded_len++) {
        const struct ps_sighting *found = &world->found[adaptive->excluded_len];

        ps_probe_times_set(adaptive->excluded,
                           ps_draft_key_of(found->number, found->revision, found->variant), 1);
    }
    ps_arrivals_build(adaptive->indexed, adaptive->indexed_len, world->found, world->found_len,
                      (int)config->frontier_gap_threshold, world->now_ms, &adaptive->arrivals);
    if (adaptive->rates.day != (int32_t)(world->now_ms / PS_DAY_MS))
        ps_rates_fit(&adaptive->arrivals, config, world->now_ms, &adaptive->rates);
    ps_rates_fit_shares(world->found, world->found_len, config, &adaptive->rates);
    ps_candidates_build(&input, &adaptive->candidates);
    sum_candidates(adaptive);
    world->changed = false;
}

static void adaptive_cycle(struct world *world, struct adaptive *adaptive)
{
    const struct ps_config *config = world->input->config;
    struct ps_pick_moment moment;
    size_t count, budget;
    double activity;
    size_t *picked;

    if (world->changed || adaptive->rates.day != (int32_t)(world->now_ms / PS_DAY_MS))
        learn(world, adaptive);
    activity = ps_rates_activity(&adaptive->rates, &adaptive->arrivals, world->now_ms);
    adaptive->roots += sqrt(activity);
    adaptive->root_costs += sqrt(activity) * adaptive->root_square;
    adaptive->arrivals_sum += activity * adaptive->weight;
    moment = ps_pick_moment_of(config, adaptive->last_ms, world->now_ms);
    adaptive->last_ms = world->now_ms;
    budget = ps_pick_plan_budget(config, &adaptive->rates, activity, &moment);
    picked = ps_pick_best(&adaptive->candidates, config, budget, &moment, &count);
    for (size_t i = 0; i < count; i++) {
        struct ps_candidate *candidate = &adaptive->candidates.items[picked[i]];

        candidate->last_ms = world->now_ms;
        ps_probe_times_set(
            adaptive->probed,
            ps_draft_key_of(candidate->number, candidate->revision, candidate->variant),
            world->now_ms);
        probe(world, candidate->number, candidate->revision, candidate->variant,
              (enum ps_tier)candidate->tier);
    }
    free(picked);
}

struct classic {
    struct ps_paper_index *index;
    struct ps_url_set *discovered;
    size_t indexed_len, discovered_len;
};

static void classic_learn(struct world *world, struct classic *classic)
{
    const struct ps_config *config = world->input->config;

    if (classic->indexed_len < world->known || classic->index == NULL) {
        ps_paper_index_destroy(classic->index);
        classic->index = ps_paper_index_create();
        for (size_t i = 0; i < world->known; i++)
            (void)ps_paper_index_add(classic->index, world->papers[i].paper->id,
                                     world->papers[i].paper);
        ps_paper_index_finish(classic->index);
        classic->indexed_len = world->known;
    }
    for (; classic->discovered_len < world->found_len; classic->discovered_len++) {
        const struct ps_sighting *found = &world->found[classic->discovered_len];
        size_t exts = config->probe_extensions.len;
        char *url =
            ps_alloc_format("%s%s%04dR%d%s", config->iso_base_url,
                            config->probe_prefixes.items[found->variant / exts], found->number,
                            found->revision, config->probe_extensions.items[found->variant % exts]);

        (void)ps_url_set_add(classic->discovered, url);
        free(url);
    }
    world->changed = false;
}

static void classic_cycle(struct world *world, struct classic *classic, int64_t cycle)
{
    const struct ps_config *config = world->input->config;
    struct ps_plan_input input = { .config = config,
                                   .watched = world->input->watched,
                                   .cycle = cycle,
                                   .today = (int32_t)(world->now_ms / PS_DAY_MS) };
    struct ps_plan plan;

    if (world->changed)
        classic_learn(world, classic);
    input.index = classic->index;
    input.discovered = classic->discovered;
    ps_plan_make(&input, &plan);
    for (size_t i = 0; i < plan.len; i++) {
        const struct ps_planned *item = &plan.items[i];
        int prefix = position_of(&config->probe_prefixes, item->prefix, strlen(item->prefix));
        int ext = position_of(&config->probe_extensions, item->ext, strlen(item->ext));

        if (prefix < 0)
            continue;
        probe(world, item->number, item->revision,
              (unsigned)prefix * (unsigned)config->probe_extensions.len + (unsigned)ext,
              item->tier);
    }
    ps_plan_clear(&plan);
}

static void run(struct world *world)
{
    const struct ps_replay_input *input = world->input;
    int64_t interval_ms = ps_config_poll_interval_ms(input->config);
    int64_t end_ms = (input->to + 1) * PS_DAY_MS;
    int64_t last_ms = end_ms + PS_REPLAY_KNOWN_AFTER_DAYS * PS_DAY_MS;
    struct adaptive adaptive = { .rates = { .day = INT32_MIN } };
    struct classic classic = { .index = NULL };
    int32_t day = INT32_MIN;
    uint64_t before;

    adaptive.indexed = ps_alloc_zero(world->paper_count + 1, sizeof(*adaptive.indexed));
    adaptive.probed = ps_probe_times_create();
    adaptive.excluded = ps_probe_times_create();
    classic.discovered = ps_url_set_create();
    world->changed = true;
    for (world->now_ms = input->from * PS_DAY_MS; world->now_ms < last_ms;
         world->now_ms += interval_ms) {
        if (day != world->now_ms / PS_DAY_MS) {
            day = (int32_t)(world->now_ms / PS_DAY_MS);
            while (world->known < world->paper_count &&
                   world->papers[world->known].known_from <= day) {
                world->known++;
                world->changed = true;
            }
            if (world->now_ms >= end_ms && world->found_len == world->replay->len)
                break;
            world->day_requests = 0;
        }
        before = world->day_requests;
        if (input->adaptive)
            adaptive_cycle(world, &adaptive);
        else
            classic_cycle(world, &classic,
                          1 + (world->now_ms - input->from * PS_DAY_MS) / interval_ms);
        if (world->now_ms >= end_ms)
            continue; /* what is still to be found costs no more of the span's budget */
        world->replay->cycles++;
        world->replay->requests += world->day_requests - before;
        if (world->day_requests > world->replay->most_in_day)
            world->replay->most_in_day = world->day_requests;
    }
    if (input->adaptive)
        world->replay->least_minutes = least_minutes(
            &adaptive, input->config, (world->now_ms - input->from * PS_DAY_MS) / interval_ms);
    free(adaptive.indexed);
    ps_arrivals_clear(&adaptive.arrivals);
    ps_candidates_clear(&adaptive.candidates);
    ps_probe_times_destroy(adaptive.probed);
    ps_probe_times_destroy(adaptive.excluded);
    ps_paper_index_destroy(classic.index);
    ps_url_set_destroy(classic.discovered);
}

void ps_replay_run(const struct ps_replay_input *input, struct ps_replay *out_replay)
{
    struct world world = { .input = input, .replay = out_replay };

    *out_replay = (struct ps_replay){ 0 };
    find_papers(&world);
    run(&world);
    for (size_t i = 0; i < out_replay->len; i++) {
        struct ps_replay_upload *upload = &out_replay->uploads[i];

        if (upload->found_ms == 0)
            out_replay->unreachable++;
    }
    free(world.papers);
    free(world.found);
    ps_probe_times_destroy(world.pending);
}

void ps_replay_clear(struct ps_replay *replay)
{
    free(replay->uploads);
    *replay = (struct ps_replay){ 0 };
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Nearest rank. */
static double percentile(const double *sorted, size_t count, double part)
{
    size_t rank = (size_t)ceil(part * (double)count);

    return sorted[rank == 0 ? 0 : rank - 1];
}

void ps_replay_delays(const struct ps_replay *replay, enum ps_tier tier, int fresh,
                      struct ps_delay_stats *out_stats)
{
    double *minutes = ps_alloc_array(NULL, replay->len + 1, sizeof(*minutes));
    double sum = 0;
    size_t count = 0;

    *out_stats = (struct ps_delay_stats){ 0 };
    for (size_t i = 0; i < replay->len; i++) {
        const struct ps_replay_upload *upload = &replay->uploads[i];

        if (upload->found_ms == 0 || (tier != PS_TIER_COUNT && upload->tier != tier) ||
            (fresh >= 0 && upload->fresh != (fresh != 0)))
            continue;
        minutes[count] = (double)(upload->found_ms - upload->at_ms) / 60000;
        sum += minutes[count++];
    }
    if (count > 0) {
        qsort(minutes, count, sizeof(*minutes), by_size);
        *out_stats = (struct ps_delay_stats){ .count = count,
                                              .mean = sum / (double)count,
                                              .median = percentile(minutes, count, 0.5),
                                              .p90 = percentile(minutes, count, 0.9),
                                              .p99 = percentile(minutes, count, 0.99),
                                              .max = minutes[count - 1] };
    }
    free(minutes);
}
