/*
 * Picking: how many names one cycle asks for, and which, most urgent first.
 *
 * A name with weight w that was asked for t hours ago scores w * t * t: in proportion to the hours
 * of waiting that a probe now is expected to end. Asking where the score is largest gives each name
 * a frequency in proportion to the square root of its arrival rate, and its only memory is the time
 * of each name's last probe. A part of each cycle goes to the names that were not asked for in a
 * long time (the floor), and a part at most to numbers that people watch.
 */
#ifndef PS_SCHEDULER_CANDIDATE_PICK_H
#define PS_SCHEDULER_CANDIDATE_PICK_H
#include "scheduler/core/candidates.h"

/* When a cycle begins, and since when the budget was not spent. */
struct ps_pick_moment {
    int64_t last_ms; /* the cycle before began; at most some intervals ago */
    int64_t now_ms;
};

/* Returns the moment of a cycle that begins at now_ms while the one before began at last_ms (0:
 * there was none). A cycle spends what the time since the one before is worth, so that the budget
 * of a day holds whatever the pace of the cycles is. After an outage it spends half an hour's worth
 * at most, or two intervals'. */
struct ps_pick_moment ps_pick_moment_of(const struct ps_config *config, int64_t last_ms,
                                        int64_t now_ms);
/* Returns how many requests the cycle may make in all, for this expected activity. */
size_t ps_pick_budget(const struct ps_config *config, const struct ps_rates *rates, double activity,
                      const struct ps_pick_moment *moment);
/* Returns how many of them are for its plan: all but the share of controls and rechecks. */
size_t ps_pick_plan_budget(const struct ps_config *config, const struct ps_rates *rates,
                           double activity, const struct ps_pick_moment *moment);
/* Gives an array to free: indexes of the candidates to ask for now, most urgent first; at most
 * budget. */
size_t *ps_pick_best(const struct ps_candidates *candidates, const struct ps_config *config,
                     size_t budget, const struct ps_pick_moment *moment,
                     size_t *out_count) PS_MUST_USE;

/* Returns how long a draft may have waited under the name at now_ms. */
int64_t ps_pick_waited_ms(const struct ps_candidate *candidate, int64_t now_ms);
/* Returns the least score that the cycle after the one at now_ms asks for. */
double ps_pick_threshold(const struct ps_candidates *candidates, const struct ps_config *config,
                         size_t budget, int64_t now_ms);
/* Returns hours between two probes of a candidate while the least score is threshold: between one
 * cycle and a day. */
double ps_pick_period_hours(const struct ps_candidate *candidate, const struct ps_config *config,
                            double threshold);

#endif
