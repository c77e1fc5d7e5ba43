/*
 * Arrival rates: how soon a draft is expected under each name, estimated from what is known at one
 * moment. Pure: the same knowledge gives the same rates, in the scheduler, in `plan` and in
 * `simulate`.
 *
 * The model has three factors. Each is counted from known arrivals with Bayesian smoothing, so that
 * a fresh installation works from the shipped prior.
 *
 *   rate of a name (per day) = activity(now) * weight of its paper number * share of its variant
 *
 * - activity: arrivals per day that are expected now. A self-exciting process (Hawkes): each
 * arrival raises the rate, and the raise decays over hours and days. MAILING_DEADLINES raise it
 * too.
 * - weight: probability that the next arrival is this revision of this number. A known number
 *   depends on the age and the revision of its latest paper; an unknown number on the time since
 * the frontier passed it, or on its distance above the frontier.
 * - share: part of the drafts that appear under one prefix and extension (D….pdf, P….html).
 *
 * Weights and shares are fitted once per UTC day from what happened before that day; the activity
 * follows every arrival at once.
 */
#ifndef PS_SCHEDULER_ARRIVAL_RATES_H
#define PS_SCHEDULER_ARRIVAL_RATES_H
#include "scheduler/core/paper_index.h"
#include "scheduler/core/sighting.h"
#include "shared/core/config.h"

enum {
    PS_RATES_AGES = 12,     /* bins of the age of a number's latest paper */
    PS_RATES_REVISIONS = 3, /* R0, R1, R2 and later */
    PS_RATES_GAP_AGES = 10, /* bins of the time since the frontier passed an unknown number */
    PS_RATES_AHEAD = 7,     /* bins of an unknown number's distance above the frontier */
    PS_RATES_DEADLINES = 64 /* of MAILING_DEADLINES, the first so many */
};

#define PS_RATES_FAR_WEIGHT 1e-6 /* of a number far above the frontier */

/* A paper of the index. */
struct ps_indexed {
    int32_t number;
    int32_t revision;
    int32_t days; /* since 1970; PS_NO_DATE for none */
};

struct ps_arrival {
    int64_t at_ms; /* 0: not known, long ago */
    int32_t number;
    int16_t revision;
    bool in_index;
};

struct ps_number_state {
    int32_t number;
    int16_t revision; /* the latest known, in the index or found */
    int16_t indexed;  /* the latest in the index; -1 for none */
    int64_t at_ms;    /* of the latest known */
    int32_t days;     /* newest date of its papers in the index; PS_NO_DATE for none */
};

/* The frontier rose to this number then. */
struct ps_frontier_step {
    int64_t at_ms;
    int32_t number;
};

/* What has arrived. Caller's memory. */
struct ps_arrivals {
    struct ps_arrival *items; /* by time; each revision once */
    size_t len;
    struct ps_arrival *by_number;    /* the same, by number and revision */
    struct ps_number_state *numbers; /* ascending */
    size_t numbers_len;
    struct ps_frontier_step *steps; /* ascending in both */
    size_t steps_len;
    int frontier; /* effective, of index and sightings */
};

/* Builds from both sources. A revision in both counts at its sighting, or at its date when that is
 * days earlier (an old file that was found late). Frees what out_arrivals held before. */
void ps_arrivals_build(const struct ps_indexed *papers, size_t paper_count,
                       const struct ps_sighting *sightings, size_t sighting_count,
                       int gap_threshold, int64_t now_ms, struct ps_arrivals *arrivals);
void ps_arrivals_clear(struct ps_arrivals *arrivals);
/* Returns what is known of a number, borrowed; NULL if no paper and no draft has it. */
const struct ps_number_state *ps_arrivals_number(const struct ps_arrivals *arrivals, int number);
/* Returns whether the index or a find has this revision. */
bool ps_arrivals_has(const struct ps_arrivals *arrivals, int number, int revision);
/* Returns when (wall clock) the frontier passed number; 0 if it has not, or if that is unknown. */
int64_t ps_arrivals_passed_ms(const struct ps_arrivals *arrivals, int number);
/* Returns the ms after 00:00 UTC at which a paper with only a date counts as uploaded. It depends
 * on number and revision, so that the papers of a day do not all arrive at one moment, which the
 * model would take for a burst. */
int64_t ps_arrival_spread_ms(int number, int revision);

struct ps_rates {
    int32_t day; /* fitted for */
    double next[PS_RATES_REVISIONS][PS_RATES_AGES];
    double gap[PS_RATES_GAP_AGES];
    double ahead[PS_RATES_AHEAD];
    double skip;  /* weight of latest+2 as a part of latest+1's */
    double late;  /* part of the skipped revisions that appear after all */
    double later; /* weight of a first paper with a revision above 0, as a part of R0's */
    double share[PS_VARIANTS_MAX];
    size_t variants;
    int32_t deadlines[PS_RATES_DEADLINES]; /* days since 1970 */
    size_t deadlines_len;
    double base;   /* arrivals per day over the last year */
    double budget; /* budget factor = budget * sqrt(activity), within its limits */
};

/* Fits weights and budget for the UTC day of now_ms, from what arrived before that day. */
void ps_rates_fit(const struct ps_arrivals *arrivals, const struct ps_config *config,
                  int64_t now_ms, struct ps_rates *out_rates);
/* Fits the shares, from all sightings: ascending by time. Half of the estimate follows the last few
 * finds, so that a new habit of the site is learnt from a handful of them. */
void ps_rates_fit_shares(const struct ps_sighting *sightings, size_t count,
                         const struct ps_config *config, struct ps_rates *rates);
/* Weight of the revision after the latest of a known number. */
double ps_rates_next(const struct ps_rates *rates, const struct ps_number_state *state,
                     int64_t now_ms);
/* Weight of R0 of an unknown number. */
double ps_rates_fresh(const struct ps_rates *rates, const struct ps_arrivals *arrivals, int number,
                      int64_t now_ms);
/* Expected arrivals per day at now_ms. */
double ps_rates_activity(const struct ps_rates *rates, const struct ps_arrivals *arrivals,
                         int64_t now_ms);
/* Part of the mean budget that activity deserves: about 1 in the mean of a year. */
double ps_rates_budget_factor(const struct ps_rates *rates, double activity);

#endif
