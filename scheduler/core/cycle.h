/* The probes of the running cycle in memory: a mirror of the ledger in PostgreSQL, position by
 * position.
 *
 * The leader changes it only after a commit (leadership.h), publishes from it, and closes the
 * cycle by its counts. Pure. */
#ifndef PS_SCHEDULER_CYCLE_H
#define PS_SCHEDULER_CYCLE_H
#include "scheduler/core/control_probes.h"
#include "scheduler/core/ledger.h"
#include "scheduler/core/plan.h"

struct ps_cycle_probe {
    const char *url, *file, *prefix, *ext; /* owned by the arena of the cycle */
    enum ps_tier tier;
    int number, revision;
    bool settled;  /* it has its outcome */
    bool answered; /* the site answered it: the outcome is neither an error nor a deferral */
};

struct ps_cycle {
    struct ps_ledger ledger;
    struct ps_control_probes controls; /* empty if nothing is probed */
    bool silent;                       /* the very first cycle announces nothing */
    struct ps_arena *arena;
    size_t hot_settled; /* settled hot probes; hot positions come before cold ones */
    bool hot_released;  /* finds of hot probes may be announced while cold ones are open */
    struct ps_cycle_probe *items; /* by position */
    size_t len, size;
};

/* An empty cycle; the caller fills ledger, silent and controls, and adds the probes. */
struct ps_cycle *ps_cycle_create(void) PS_MUST_USE;
void ps_cycle_destroy(struct ps_cycle *run); /* NULL is fine */
/* Adds a probe at the next position; copies its text. */
void ps_cycle_add(struct ps_cycle *run, const struct ps_planned *planned);
/* Settles position and counts its outcome and HTTP status (0: none). Returns false if it was
 * settled before or does not exist. */
bool ps_cycle_settle(struct ps_cycle *run, size_t position, enum ps_outcome outcome, int status);
/**
 * ps_run_fault(run): Say why the answers of the cycle cannot be believed so far, for people; NULL
 * when they can. The caller frees the text. A cycle is not believed when its controls failed, when
 * all its misses are 403 (a site that blocks us), or when it found implausibly many drafts.
 */
char *ps_run_fault(const struct ps_cycle *run) PS_MUST_USE;
/* Whether the finds of hot probes may be announced while cold probes are still open. */
bool ps_cycle_hot_done(const struct ps_cycle *run);
/* Returns the first position from here on that is open; len if there is none. */
size_t ps_cycle_next_open(const struct ps_cycle *run, size_t from);

#endif
