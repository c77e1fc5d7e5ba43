/*
 * The adaptive planner: which names to ask for in one cycle, most urgent first.
 *
 *   index, finds --> arrivals --> rates --> candidates --> picked names --> plan
 *                    arrival_rates.c        candidates.c   candidate_pick.c
 *
 * This file runs these steps at one moment, in slices: with an index of many times today's size one
 * step still takes a few milliseconds, so the scheduler's loop can turn between them. Pure:
 * scheduler, `plan` and `explain` call it with the same arguments and get the same answer.
 * deploy/PLANNER.md explains the model.
 */
#ifndef PS_SCHEDULER_ADAPTIVE_PLAN_H
#define PS_SCHEDULER_ADAPTIVE_PLAN_H
#include "scheduler/core/candidate_pick.h"
#include "scheduler/core/plan.h"
#include "shared/core/buf.h"

/* Borrowed until the last step. */
struct ps_adaptive_source {
    const struct ps_config *config;
    const struct ps_paper_index *index;
    const struct ps_sighting *sightings; /* sorted */
    size_t sighting_count;
    const struct ps_probe_times *probed;
    const struct ps_number_set *watched;
    int64_t last_ms; /* the cycle before began; 0: there was none */
    int64_t now_ms;
};

enum ps_adaptive_step {
    PS_ADAPTIVE_ARRIVALS,
    PS_ADAPTIVE_RATES,
    PS_ADAPTIVE_CANDIDATES,
    PS_ADAPTIVE_DONE
};

/* Caller's memory. */
struct ps_adaptive {
    struct ps_arrivals arrivals;
    struct ps_rates rates;
    struct ps_candidates candidates;
    double activity; /* expected arrivals per day */
    size_t budget;   /* of this cycle */
    int64_t now_ms;
    struct ps_pick_moment moment;
    /* While steps are left: */
    enum ps_adaptive_step step;
    struct ps_adaptive_source source;
    struct ps_probe_times *excluded;
    struct ps_candidates_builder *builder;
};

void ps_adaptive_begin(const struct ps_adaptive_source *source, struct ps_adaptive *adaptive);
/* Some milliseconds of work. Returns whether steps are left. */
bool ps_adaptive_step(struct ps_adaptive *adaptive) PS_MUST_USE;
/* All steps in one call. */
void ps_adaptive_open(const struct ps_adaptive_source *source, struct ps_adaptive *adaptive);
void ps_adaptive_clear(struct ps_adaptive *adaptive); /* at any step */

/* The cycle's plan, after the last step. All its items are hot: they are few, and in order of
 * urgency. Rechecks of drafts found before are not bound to slices of numbers. */
void ps_adaptive_plan_make(const struct ps_adaptive *adaptive, const struct ps_config *config,
                           struct ps_plan *out_plan);

/* Arrivals per day that are expected under a candidate's name. */
double ps_adaptive_rate(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate);
/* Adds in a few words, for people, why a candidate is asked for as often as it is. */
void ps_adaptive_why(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate,
                     struct ps_buf *out_text);

#endif
