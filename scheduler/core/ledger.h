/* The running cycle as numbers: how much is planned and settled, and whether it is over. Decides
 * when a cycle closes and how it is judged.
 *
 * io/poll.h asks after each result. The counts mirror the table probes; at the deadline they are
 * read from it again. Pure. */
#ifndef PS_SCHEDULER_LEDGER_H
#define PS_SCHEDULER_LEDGER_H
#include "shared/core/config.h"
#include "shared/core/result.h"

enum ps_cycle_status { PS_CYCLE_RUNNING, PS_CYCLE_SUCCESS, PS_CYCLE_EMPTY, PS_CYCLE_FAILED };

struct ps_ledger {
    int64_t cycle;                     /* its number */
    int64_t started_ms, deadline_ms;   /* wall clock */
    size_t planned;                    /* probes, without controls */
    size_t settled;                    /* probes with an outcome; the sum of outcomes */
    size_t outcomes[PS_OUTCOME_COUNT]; /* settled probes by outcome */
    size_t forbidden;                  /* misses answered with 403 */
    size_t hot, cold;                  /* parts of planned */
    size_t skipped_discovered; /* names that the plan left out because a draft is known … */
    size_t skipped_in_index;   /* … or because the index has the paper */
};

enum ps_ledger_next { PS_LEDGER_WAIT, PS_LEDGER_CLOSE, PS_LEDGER_CLOSE_AT_DEADLINE };

const char *ps_cycle_status_name(enum ps_cycle_status status); /* "running" "success" … */
/* Counts count probes that ended with outcome. */
void ps_ledger_settle(struct ps_ledger *ledger, enum ps_outcome outcome, size_t count);
size_t ps_ledger_hits(const struct ps_ledger *ledger); /* of all three kinds of hit */
/* CLOSE if every planned probe has its outcome; CLOSE_AT_DEADLINE if the deadline has passed: open
 * probes then become errors. */
enum ps_ledger_next ps_ledger_step(const struct ps_ledger *ledger, int64_t now_ms);
/* failed: the share fail_ratio or more of the attempted probes (settled, not deferred) ended in
 * errors, or all were deferred; empty: no hit; otherwise success. A cycle without probes is empty.
 */
enum ps_cycle_status ps_ledger_status(const struct ps_ledger *ledger, double fail_ratio);
/* Gives the reason of a cycle that ps_ledger_status calls failed, for people; the caller frees it.
 * NULL if it did not fail. */
char *ps_ledger_failure(const struct ps_ledger *ledger, double fail_ratio) PS_MUST_USE;
/* Returns when a cycle must be over: after CYCLE_DEADLINE_SECONDS if set, otherwise after the
 * longer of the interval and twice the time that the planned probes need at the rate limit, plus
 * the visibility time. */
int64_t ps_ledger_deadline_ms(const struct ps_config *config, int64_t started_ms, size_t planned);
/* Returns hits over attempted probes, 0 to 1; 0 if none was attempted. */
double ps_ledger_success_rate(const struct ps_ledger *ledger);
/* Gives the JSON of PROBE-CYCLE-SUMMARY: the contract's fields in their order, then deferred and
 * suspect. */
char *ps_ledger_summary(const struct ps_ledger *ledger, enum ps_cycle_status status,
                        int64_t finished_ms) PS_MUST_USE;

#endif
