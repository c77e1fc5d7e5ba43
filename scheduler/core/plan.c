#include "scheduler/core/plan.h"

#include "shared/core/alloc.h"
#include "shared/core/arena.h"
#include "shared/core/buf.h"
#include "shared/core/number_set.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct planner {
    const struct ps_plan_input *input;
    struct ps_plan *plan;
    size_t size; /* capacity of items */
    struct ps_number_set frontier;
    const char **prefixes; /* of the config; text in the plan */
    const char **exts;
    struct ps_buf url;
    size_t base_len;
};

/* The probes of one known or unknown number. */
struct span {
    enum ps_tier tier;
    const char *prefix;
    int number;
    int first_revision, last_revision;
};

static const char **keep_list(struct ps_arena *arena, const struct ps_list *list)
{
    const char **kept = ps_alloc_array(NULL, list->len + 1, sizeof(const char *));

    for (size_t i = 0; i < list->len; i++)
        kept[i] = ps_arena_text(arena, list->items[i], strlen(list->items[i]));
    return kept;
}

/* All users together can watch far more numbers than a cycle can probe. So the numbers that are
 * hot only because they are watched take turns: each cycle probes the next WATCHED_NUMBERS_MAX of
 * them. */
static void add_watched(struct planner *planner)
{
    const struct ps_number_set *watched = planner->input->watched;
    struct ps_plan *plan = planner->plan;
    size_t most = (size_t)planner->input->config->watched_numbers_max, len = 0, from = 0;
    int *only = ps_alloc_array(NULL, watched->len + 1, sizeof(*only));

    for (size_t i = 0; i < watched->len; i++) {
        int number = watched->items[i];

        if (number >= 0 && number <= PS_PAPER_NUMBER_MAX &&
            !ps_number_set_has(&plan->hot_numbers, number))
            only[len++] = number;
    }
    if (len > most) {
        plan->watched_deferred = len - most;
        from = (size_t)((uint64_t)(planner->input->cycle - 1) % len * most % len);
    }
    for (size_t i = 0; i < len && i < most; i++)
        ps_number_set_add(&plan->hot_numbers, only[(from + i) % len]);
    free(only);
}

static void find_hot(struct planner *planner)
{
    const struct ps_plan_input *input = planner->input;
    const struct ps_config *config = input->config;
    /* 30.44 days a month; 0 means none: otherwise papers of today and of the future would stay hot
     */
    int64_t lookback_days = config->hot_lookback_months * 3044 / 100;

    ps_frontier_numbers(config, planner->plan->frontier, &planner->frontier);
    for (size_t i = 0; i < planner->frontier.len; i++)
        ps_number_set_add(&planner->plan->hot_numbers, planner->frontier.items[i]);
    for (size_t i = 0; i < ps_paper_index_len(input->index); i++) {
        const struct ps_paper *paper = ps_paper_index_at(input->index, i);

        /* PS_NO_DATE lies before every date. */
        if (lookback_days > 0 && paper->parsed.kind == PS_PAPER_P &&
            paper->days >= input->today - lookback_days)
            ps_number_set_add(&planner->plan->hot_numbers, paper->parsed.number);
    }
    add_watched(planner);
}

static void add_item(struct planner *planner, const struct span *span, int revision,
                     const char *ext)
{
    struct ps_plan *plan = planner->plan;
    struct ps_planned *item;

    if (plan->len == planner->size) {
        planner->size = planner->size ? planner->size * 2 : 1024;
        plan->items = ps_alloc_array(plan->items, planner->size, sizeof(*plan->items));
    }
    item = &plan->items[plan->len++];
    *item = (struct ps_planned){
        .url = ps_arena_text(plan->arena, planner->url.data, planner->url.len),
        .tier = span->tier,
        .prefix = span->prefix,
        .number = span->number,
        .revision = revision,
        .ext = ext,
    };
    item->file = item->url + planner->base_len;
    if (span->tier == PS_TIER_COLD)
        plan->cold++;
    else
        plan->hot++;
}

static void plan_span(struct planner *planner, const struct span *span)
{
    char id[64];

    for (int revision = span->first_revision; revision <= span->last_revision; revision++) {
        bool in_index;

        (void)snprintf(id, sizeof(id), "%s%04dR%d", span->prefix, span->number, revision);
        in_index = ps_paper_index_find(planner->input->index, id) != NULL;
        for (size_t i = 0; i < planner->input->config->probe_extensions.len; i++) {
            ps_buf_reset(&planner->url);
            ps_buf_format(&planner->url, "%s%s%s", planner->input->config->iso_base_url, id,
                          planner->exts[i]);
            assert(!planner->url.full);
            if (ps_url_set_has(planner->input->discovered, planner->url.data))
                planner->plan->skipped_discovered++;
            else if (in_index)
                planner->plan->skipped_in_index++;
            else
                add_item(planner, span, revision, planner->exts[i]);
        }
    }
}

static int last_revision(int64_t revision)
{
    return revision > PS_PAPER_REVISION_MAX ? PS_PAPER_REVISION_MAX : (int)revision;
}

static void plan_known(struct planner *planner, const struct ps_paper *latest, enum ps_tier tier)
{
    const struct ps_config *config = planner->input->config;
    int64_t depth = tier == PS_TIER_COLD ? config->cold_revision_depth : config->hot_revision_depth;

    plan_span(planner,
              &(struct span){ .tier = tier,
                              .prefix = "D",
                              .number = latest->parsed.number,
                              .first_revision = latest->parsed.revision + 1,
                              .last_revision = last_revision(latest->parsed.revision + depth) });
}

static void plan_unknown(struct planner *planner, int number, enum ps_tier tier)
{
    for (size_t i = 0; i < planner->input->config->probe_prefixes.len; i++)
        plan_span(planner, &(struct span){ .tier = tier,
                                           .prefix = planner->prefixes[i],
                                           .number = number,
                                           .first_revision = 0,
                                           .last_revision = last_revision(
                                               planner->input->config->gap_max_rev) });
}

static void plan_hot(struct planner *planner)
{
    const struct ps_paper_index *index = planner->input->index;

    for (size_t i = 0; i < planner->plan->hot_numbers.len; i++) {
        int number = planner->plan->hot_numbers.items[i];
        const struct ps_paper *latest = ps_paper_index_latest(index, number);
        bool watched = ps_number_set_has(planner->input->watched, number);
        bool frontier = ps_number_set_has(&planner->frontier, number);

        if (latest)
            plan_known(planner, latest,
                       watched    ? PS_TIER_WATCHLIST
                       : frontier ? PS_TIER_FRONTIER
                                  : PS_TIER_RECENT);
    }
    for (size_t i = 0; i < planner->plan->hot_numbers.len; i++)
        if (!ps_paper_index_latest(index, planner->plan->hot_numbers.items[i]))
            plan_unknown(planner, planner->plan->hot_numbers.items[i], PS_TIER_FRONTIER);
}

bool ps_plan_asks(const struct ps_plan *plan, int number)
{
    return (plan->slices > 0 && number % plan->slices == plan->slice) ||
           ps_number_set_has(&plan->hot_numbers, number);
}

static bool in_slice(const struct planner *planner, int number)
{
    return ps_plan_asks(planner->plan, number) &&
           !ps_number_set_has(&planner->plan->hot_numbers, number);
}

static void plan_cold(struct planner *planner)
{
    const struct ps_paper_index *index = planner->input->index;

    for (size_t i = 0; i < ps_paper_index_latest_len(index); i++) {
        const struct ps_paper *latest = ps_paper_index_latest_at(index, i);

        if (in_slice(planner, latest->parsed.number))
            plan_known(planner, latest, PS_TIER_COLD);
    }
    for (int number = 1; number <= planner->plan->frontier; number++)
        if (in_slice(planner, number) && !ps_paper_index_latest(index, number))
            plan_unknown(planner, number, PS_TIER_COLD);
}

void ps_plan_make(const struct ps_plan_input *input, struct ps_plan *out_plan)
{
    struct ps_plan plan = { .arena = ps_arena_create() };
    struct planner planner = { .input = input, .plan = &plan };

    assert(input->cycle >= 1);
    plan.frontier =
        ps_frontier(input->index, input->discovered, (int)input->config->frontier_gap_threshold);
    ps_number_set_init(&planner.frontier);
    ps_number_set_init(&plan.hot_numbers);
    plan.slices = input->config->cold_cycle_divisor;
    plan.slice = (input->cycle - 1) % plan.slices;
    ps_buf_init(&planner.url, PS_TASK_URL_MAX);
    planner.base_len = strlen(input->config->iso_base_url);
    planner.prefixes = keep_list(plan.arena, &input->config->probe_prefixes);
    planner.exts = keep_list(plan.arena, &input->config->probe_extensions);
    find_hot(&planner);
    plan_hot(&planner);
    plan_cold(&planner);

    free(planner.prefixes);
    free(planner.exts);
    ps_buf_clear(&planner.url);
    ps_number_set_clear(&planner.frontier);
    *out_plan = plan;
}

void ps_plan_clear(struct ps_plan *plan)
{
    ps_arena_destroy(plan->arena);
    ps_number_set_clear(&plan->hot_numbers);
    free(plan->items);
    *plan = (struct ps_plan){ 0 };
}
