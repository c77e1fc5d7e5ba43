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

/* What the plan is made from. Everything is borrowed until the last step and must not change. */
struct ps_adaptive_source {
    const struct ps_config *config;
    const struct ps_paper_index *index;
    const struct ps_sighting *sightings; /* drafts that were found, ascending by time */
    size_t sighting_count;
    const struct ps_probe_times *probed; /* when each name was probed last */
    const struct ps_number_set *watched; /* numbers that people watch */
    int64_t last_ms; /* wall clock: start of the previous cycle; 0: there was none */
    int64_t now_ms;  /* wall clock */
};

enum ps_adaptive_step {
    PS_ADAPTIVE_ARRIVALS,
    PS_ADAPTIVE_RATES,
    PS_ADAPTIVE_CANDIDATES,
    PS_ADAPTIVE_DONE
};

/* Caller's memory. The members are results, readable after the last step. */
struct ps_adaptive {
    struct ps_arrivals arrivals;
    struct ps_rates rates;
    struct ps_candidates candidates;
    double activity; /* expected arrivals per day */
    size_t budget;   /* probes of this cycle */
    int64_t now_ms;
    struct ps_pick_moment moment;
    /* While steps are left: */
    enum ps_adaptive_step step;
    struct ps_adaptive_source source;
    struct ps_probe_times *excluded;
    struct ps_candidates_builder *builder;
};

/* Prepares adaptive; does no long work. Call ps_adaptive_step until it returns false. */
void ps_adaptive_begin(const struct ps_adaptive_source *source, struct ps_adaptive *adaptive);
/* Does the next few milliseconds of work. Returns whether steps are left. */
bool ps_adaptive_step(struct ps_adaptive *adaptive) PS_MUST_USE;
/* All steps in one call: for commands and tests, which have no loop to keep turning. */
void ps_adaptive_open(const struct ps_adaptive_source *source, struct ps_adaptive *adaptive);
void ps_adaptive_clear(struct ps_adaptive *adaptive); /* at any step */

/* Makes the plan of the cycle, after the last step; the caller clears out_plan. All its items are
 * hot: they are few, and ordered by urgency. Unlike in the classic plan, rechecks of known drafts
 * do not wait for a cold slice of numbers. */
void ps_adaptive_plan_make(const struct ps_adaptive *adaptive, const struct ps_config *config,
                           struct ps_plan *out_plan);

/* Returns the arrivals per day that are expected under a candidate's name. */
double ps_adaptive_rate(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate);
/* Appends to out_text, in a few words for people, why a candidate is probed as often as it is. */
void ps_adaptive_why(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate,
                     struct ps_buf *out_text);

#endif
