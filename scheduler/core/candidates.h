/*
 * Candidates: every name that the adaptive planner may ask for, with the probability that the next
 * draft appears under it. Next revisions of known numbers, unknown numbers up to the frontier's
 * window, numbers that people watch, and one name of each number far above the frontier, because
 * numbers may jump.
 */
#ifndef PS_SCHEDULER_CANDIDATES_H
#define PS_SCHEDULER_CANDIDATES_H
#include "scheduler/core/arrival_rates.h"
#include "scheduler/core/probe_times.h"
#include "shared/core/number_set.h"
#include "shared/core/task.h"

/* Why a name is a candidate. */
enum ps_candidate_kind {
    PS_CANDIDATE_NEXT,    /* the revision after the latest */
    PS_CANDIDATE_SKIP,    /* one further */
    PS_CANDIDATE_LATE,    /* the revision below the latest, which authors seem to have skipped */
    PS_CANDIDATE_VARIANT, /* another name of a draft that was found */
    PS_CANDIDATE_NEW,     /* an unknown number up to the frontier's window */
    PS_CANDIDATE_SCOUT,   /* an unknown number beyond it: numbers may jump */
    PS_CANDIDATE_KINDS
};

struct ps_candidate {
    int64_t last_ms;  /* asked for last; 0: never */
    int64_t since_ms; /* it may have been there since; 0: not known */
    double weight;    /* probability that the next arrival is this name */
    int32_t number;
    int16_t revision;
    uint8_t variant;
    uint8_t tier; /* enum ps_tier, as the classic plan names it */
    uint8_t kind; /* enum ps_candidate_kind */
    bool watched;
    bool watched_only; /* a candidate because people watch its number, and for no other reason */
};

struct ps_candidates {
    struct ps_candidate *items; /* by number; of one name each */
    size_t len, size;
    size_t skipped_discovered;
};

/* Borrowed until the candidates are complete. */
struct ps_candidates_input {
    const struct ps_config *config;
    const struct ps_arrivals *arrivals;
    const struct ps_rates *rates;
    const struct ps_probe_times *probed;
    const struct ps_probe_times *excluded; /* names that are not asked for: discovered, or ids of
                                              the index other than P papers */
    const struct ps_number_set *watched;
    int64_t now_ms;
};

struct ps_candidates_builder;

/* Begins to fill candidates, whose memory is used again. */
struct ps_candidates_builder *ps_candidates_begin(const struct ps_candidates_input *input,
                                                  struct ps_candidates *candidates) PS_MUST_USE;
/* Adds some ten thousand names, some milliseconds of work. Returns whether there are more. */
bool ps_candidates_step(struct ps_candidates_builder *builder) PS_MUST_USE;
void ps_candidates_end(struct ps_candidates_builder *builder); /* at any step; NULL is fine */
/* The same in one call. */
void ps_candidates_build(const struct ps_candidates_input *input, struct ps_candidates *candidates);
void ps_candidates_clear(struct ps_candidates *candidates); /* frees the memory */

#endif
