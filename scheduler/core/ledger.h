/* The running cycle as numbers: what was published, what has settled, when it is over. A step
 * machine without I/O. */
#ifndef PS_SCHEDULER_LEDGER_H
#define PS_SCHEDULER_LEDGER_H
#include "shared/core/config.h"
#include "shared/core/result.h"

enum ps_cycle_status { PS_CYCLE_RUNNING, PS_CYCLE_SUCCESS, PS_CYCLE_EMPTY, PS_CYCLE_FAILED };

struct ps_ledger {
    int64_t cycle;
    int64_t started_ms, deadline_ms; /* wall clock */
    size_t planned;
    size_t settled;
    size_t outcomes[PS_OUTCOME_COUNT];
    size_t forbidden; /* misses answered with 403 */
    size_t hot, cold, skipped_discovered, skipped_in_index;
};

enum ps_ledger_next { PS_LEDGER_WAIT, PS_LEDGER_CLOSE, PS_LEDGER_CLOSE_AT_DEADLINE };

const char *ps_cycle_status_name(enum ps_cycle_status status);
void ps_ledger_settle(struct ps_ledger *ledger, enum ps_outcome outcome, size_t count);
size_t ps_ledger_hits(const struct ps_ledger *ledger);
/* CLOSE when every planned probe has its outcome; at the deadline the rest become errors. */
enum ps_ledger_next ps_ledger_step(const struct ps_ledger *ledger, int64_t now_ms);
/* failed: half or more (ratio) of the attempted probes (settled, not deferred) ended in errors, or
 * all were deferred; empty: no hit; else success. A cycle without probes is empty. */
enum ps_cycle_status ps_ledger_status(const struct ps_ledger *ledger, double fail_ratio);
/* When a cycle must be over: CYCLE_DEADLINE_SECONDS when set, else the longest of the interval and
   what planned probes need at the rate limit, twice, plus the visibility time. */
int64_t ps_ledger_deadline_ms(const struct ps_config *config, int64_t started_ms, size_t planned);
/* Hits over attempted probes, 0 to 1; 0 for none attempted. */
double ps_ledger_success_rate(const struct ps_ledger *ledger);
/* Gives PROBE-CYCLE-SUMMARY's JSON (fields of the design, in that order, then deferred and
 * suspect). */
char *ps_ledger_summary(const struct ps_ledger *ledger, enum ps_cycle_status status,
                        int64_t finished_ms) PS_MUST_USE;

#endif
