/*
 * Replay: what a planner would have found, and when, had it run over a span of the index's history.
 *
 * Each P-paper dated within the span is an upload at its date (at a fixed pseudo-random moment of
 * that day), as a draft D<number>R<revision> with the extension of the paper's own link. The index
 * knows a paper KNOWN_AFTER days later; at the start of the span it is complete. The planner learns
 * from the index as it was and from its own finds, and from nothing else. Pure.
 */
#ifndef PS_SCHEDULER_REPLAY_H
#define PS_SCHEDULER_REPLAY_H
#include "scheduler/core/candidates.h"

enum { PS_REPLAY_KNOWN_AFTER_DAYS = 14 };

struct ps_replay_input {
    const struct ps_config *config; /* interval, budget, prefixes, … */
    const struct ps_paper_index *index;
    const struct ps_number_set *watched;
    int32_t from, to; /* days since 1970, both included */
    bool adaptive;
};

struct ps_replay_upload {
    int64_t at_ms, found_ms; /* found_ms 0: never, before the index had it */
    int32_t number;
    int16_t revision;
    uint8_t variant;
    uint8_t tier; /* enum ps_tier of the probe that found it */
    bool fresh;   /* first revision that was known of its number */
};

struct ps_replay {
    struct ps_replay_upload *uploads; /* by time */
    size_t len;
    size_t unreachable; /* not found before the index had it */
    uint64_t requests, most_in_day;
    int64_t cycles;
    double least_minutes; /* mean delay that no plan can beat at the fitted rates and this budget;
                             0 for classic */
};

/* Delays of uploads that were found, in minutes. */
struct ps_delay_stats {
    size_t count;
    double mean, median, p90, p99, max;
};

/* Plays every cycle of the span. It takes too long for the loop: only commands and tests call it.
 * The caller clears out_replay. */
void ps_replay_run(const struct ps_replay_input *input, struct ps_replay *out_replay);
void ps_replay_clear(struct ps_replay *replay);
/* Sets out_stats from the uploads of one tier (PS_TIER_COUNT: all tiers) and of one kind (fresh: 1
 * first revisions, 0 next revisions, -1 both). */
void ps_replay_delays(const struct ps_replay *replay, enum ps_tier tier, int fresh,
                      struct ps_delay_stats *out_stats);

#endif
