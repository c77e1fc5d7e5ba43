#include "scheduler/core/adaptive_plan.h"

#include "shared/core/alloc.h"
#include "shared/core/arena.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>
#include <string.h>

/* Names that are not probed: drafts that were found (rechecks probe those), and D papers that the
 * index lists, which need no discovery. The value 1 only marks a name as present. */
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

/* Step 1: what has arrived, from the P papers of the index and from the sightings. Other kinds (N
 * papers, issues) have numbers of their own and say nothing about drafts. */
static void find_arrivals(struct ps_adaptive *adaptive)
{
    const struct ps_adaptive_source *source = &adaptive->source;
    size_t count = ps_paper_index_len(source->index), len = 0;
    struct ps_indexed *indexed = ps_alloc_array(NULL, count + 1, sizeof(*indexed));

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
}

/* Step 2: fits the model, and derives from it the activity and the budget of this cycle. */
static void find_rates(struct ps_adaptive *adaptive)
{
    const struct ps_adaptive_source *source = &adaptive->source;

    ps_rates_fit(&adaptive->arrivals, source->config, source->now_ms, &adaptive->rates);
    ps_rates_fit_shares(source->sightings, source->sighting_count, source->config,
                        &adaptive->rates);
    adaptive->activity = ps_rates_activity(&adaptive->rates, &adaptive->arrivals, source->now_ms);
    adaptive->budget = ps_pick_plan_budget(source->config, &adaptive->rates, adaptive->activity,
                                           &adaptive->moment);
}

/* Step 3, in slices: the candidates and their weights. */
static void begin_candidates(struct ps_adaptive *adaptive)
{
    const struct ps_adaptive_source *source = &adaptive->source;
    struct ps_candidates_input input = { .config = source->config,
                                         .arrivals = &adaptive->arrivals,
                                         .rates = &adaptive->rates,
                                         .probed = source->probed,
                                         .watched = source->watched,
                                         .now_ms = source->now_ms };

    adaptive->excluded = exclude(source);
    input.excluded = adaptive->excluded;
    adaptive->builder = ps_candidates_begin(&input, &adaptive->candidates);
}

static void end_candidates(struct ps_adaptive *adaptive)
{
    ps_candidates_end(adaptive->builder);
    ps_probe_times_destroy(adaptive->excluded);
    adaptive->builder = NULL;
    adaptive->excluded = NULL;
}

void ps_adaptive_begin(const struct ps_adaptive_source *source, struct ps_adaptive *adaptive)
{
    *adaptive = (struct ps_adaptive){ .now_ms = source->now_ms, .source = *source };
    adaptive->moment = ps_pick_moment_of(source->config, source->last_ms, source->now_ms);
}

bool ps_adaptive_step(struct ps_adaptive *adaptive)
{
    switch (adaptive->step) {
    case PS_ADAPTIVE_ARRIVALS:
        find_arrivals(adaptive);
        adaptive->step = PS_ADAPTIVE_RATES;
        return true;
    case PS_ADAPTIVE_RATES:
        find_rates(adaptive);
        begin_candidates(adaptive);
        adaptive->step = PS_ADAPTIVE_CANDIDATES;
        return true;
    case PS_ADAPTIVE_CANDIDATES:
        if (ps_candidates_step(adaptive->builder))
            return true;
        end_candidates(adaptive);
        adaptive->step = PS_ADAPTIVE_DONE;
        return false;
    case PS_ADAPTIVE_DONE:
        break;
    }
    return false;
}

void ps_adaptive_open(const struct ps_adaptive_source *source, struct ps_adaptive *adaptive)
{
    ps_adaptive_begin(source, adaptive);
    while (ps_adaptive_step(adaptive))
        ;
}

void ps_adaptive_clear(struct ps_adaptive *adaptive)
{
    end_candidates(adaptive);
    ps_arrivals_clear(&adaptive->arrivals);
    ps_candidates_clear(&adaptive->candidates);
    *adaptive = (struct ps_adaptive){ .budget = 0 };
}

double ps_adaptive_rate(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate)
{
    return adaptive->activity * candidate->weight;
}

/* Step 4: turns the most urgent candidates into a plan. All texts of the plan live in its arena. A
 * variant is the index of a pair: prefix * number of extensions + extension (ps_variant_of). */
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
    size_t *picked =
        ps_pick_best(&adaptive->candidates, config, adaptive->budget, &adaptive->moment, &plan.len);
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
        double days = (double)ps_pick_waited_ms(candidate, adaptive->now_ms) / (double)PS_DAY_MS;
        double rate = ps_adaptive_rate(adaptive, candidate);

        *item = (struct ps_planned){ .tier = (enum ps_tier)candidate->tier,
                                     .prefix = names[candidate->variant / exts->len],
                                     .number = candidate->number,
                                     .revision = candidate->revision,
                                     .ext = names[prefixes->len + candidate->variant % exts->len],
                                     /* minutes of waiting that the probe is expected to end */
                                     .gain = rate * days * days / 2 * 24 * 60 };
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
    case PS_CANDIDATE_LATE:
        ps_buf_format(out_text, "R%d seems to be skipped; it may still appear",
                      candidate->revision);
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
