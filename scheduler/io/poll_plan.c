/*
 * From the stored index to the cycle's first task: plans, stores the cycle with its probes, starts
 * to publish. The adaptive planner works in slices, a step in each turn of the loop, so that the
 * lease is renewed meanwhile however large the index is.
 */
#include "scheduler/core/adaptive_plan.h"
#include "scheduler/io/planner_clock.h"
#include "scheduler/io/poll_private.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/log.h"

#include <stdlib.h>

/* An adaptive plan that is being made. It works on copies of everything that an answer may replace
 * between two steps; the index and the probe times change through the poll itself only. */
struct ps_poll_planning {
    struct ps_adaptive adaptive;
    struct ps_sighting *sightings;
    struct ps_number_set watched;
};

static void on_cycle(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_ledger *ledger;

    (void)rows;
    leadership->run = poll->run;
    poll->run = NULL;
    ledger = &leadership->run->ledger;
    leadership->last_cycle = ledger->cycle;
    leadership->last_started_ms = ledger->started_ms;
    leadership->last_finished_ms = 0;
    ps_stats_changed(poll->parts.stats); /* the index is new, or was seen again */
    PS_LOG(PROBE_START, F_INT("cycle", ledger->cycle), F_INT("planned", ledger->planned),
           F_INT("hot_probes", ledger->hot), F_INT("cold_probes", ledger->cold),
           F_INT("watched_deferred", poll->watched_deferred),
           F_BOOL("silent", leadership->run->silent));
    ps_poll_probe(poll);
}

static void open_cycle(struct ps_poll *poll, const struct ps_plan *plan)
{
    struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_config *config = leadership->daemon->config;
    struct ps_pg_batch *batch = ps_leader_writer_begin(poll->writer);

    poll->watched_deferred = plan->watched_deferred;
    poll->run = ps_cycle_create();
    poll->run->silent = leadership->last_good_ms == 0;
    for (size_t i = 0; i < plan->len; i++)
        ps_cycle_add(poll->run, &plan->items[i]);
    poll->run->ledger = (struct ps_ledger){ .cycle = poll->cycle,
                                            .started_ms = poll->started_ms,
                                            .deadline_ms = ps_ledger_deadline_ms(
                                                config, poll->started_ms, plan->len),
                                            .planned = plan->len,
                                            .hot = plan->hot,
                                            .cold = plan->cold,
                                            .skipped_discovered = plan->skipped_discovered,
                                            .skipped_in_index = plan->skipped_in_index };
    if (plan->len > 0) {
        ps_control_probes_add_rechecks(config, plan, (const char *const *)poll->drafts,
                                       poll->draft_count, &poll->controls);
        poll->run->controls = poll->controls;
        poll->controls = (struct ps_control_probes){ .len = 0 };
    }
    ps_poll_forget_drafts(poll);
    ps_store_add_cycle(batch, ps_leader_writer_epoch(poll->writer), poll->run);
    ps_store_add_settings(batch, poll->cycle, config);
    ps_leader_writer_run(poll->writer, batch, "the cycle was not stored", on_cycle);
}

static void plan_classic(struct ps_poll *poll)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    struct ps_plan plan;

    ps_plan_make(&(struct ps_plan_input){ .config = leadership->daemon->config,
                                          .index = leadership->index,
                                          .discovered = leadership->discovered,
                                          .watched = ps_watchlists_numbers(leadership->watch),
                                          .cycle = poll->cycle,
                                          .today = (int32_t)(poll->started_ms / PS_DAY_MS) },
                 &plan);
    open_cycle(poll, &plan);
    ps_plan_clear(&plan);
}

static void begin_adaptive(struct ps_poll *poll)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_number_set *watched = ps_watchlists_numbers(leadership->watch);
    struct ps_poll_planning *planning = ps_alloc_zero(1, sizeof(*planning));
    struct ps_adaptive_source source = { .config = leadership->daemon->config,
                                         .index = leadership->index,
                                         .probed = leadership->probed,
                                         .watched = &planning->watched,
                                         .now_ms = ps_planner_clock_at(poll->started_ms) };

    if (leadership->last_started_ms != 0)
        source.last_ms = ps_planner_clock_at(leadership->last_started_ms);
    planning->sightings =
        ps_sightings_of(leadership->discovered, source.config, &source.sighting_count);
    for (size_t i = 0; i < source.sighting_count; i++)
        if (planning->sightings[i].at_ms != 0)
            planning->sightings[i].at_ms = ps_planner_clock_at(planning->sightings[i].at_ms);
    source.sightings = planning->sightings;
    ps_number_set_init(&planning->watched);
    for (size_t i = 0; i < watched->len; i++)
        ps_number_set_add(&planning->watched, watched->items[i]);
    ps_adaptive_begin(&source, &planning->adaptive);
    ps_poll_plan_drop(poll);
    poll->planning = planning;
    ps_leader_writer_wait(poll->writer, 0);
}

void ps_poll_plan_step(struct ps_poll *poll)
{
    struct ps_plan plan;

    if (ps_adaptive_step(&poll->planning->adaptive)) {
        ps_leader_writer_wait(poll->writer, 0);
        return;
    }
    ps_adaptive_plan_make(&poll->planning->adaptive, poll->parts.leadership->daemon->config, &plan);
    ps_poll_plan_drop(poll);
    open_cycle(poll, &plan);
    ps_plan_clear(&plan);
}

void ps_poll_plan_drop(struct ps_poll *poll)
{
    if (poll->planning == NULL)
        return;
    ps_adaptive_clear(&poll->planning->adaptive);
    ps_number_set_clear(&poll->planning->watched);
    free(poll->planning->sightings);
    free(poll->planning);
    poll->planning = NULL;
}

void ps_poll_plan(struct ps_poll *poll)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_config *config = leadership->daemon->config;
    const struct ps_plan nothing = { .len = 0 };

    if (!config->enable_iso_probe || leadership->probing_paused)
        open_cycle(poll, &nothing);
    else if (ps_config_adaptive(config))
        begin_adaptive(poll);
    else
        plan_classic(poll);
}
