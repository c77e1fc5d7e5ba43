/* The running cycle's probes in memory: what the ledger holds in PostgreSQL, position by position.
 */
#ifndef PS_SCHEDULER_CYCLE_H
#define PS_SCHEDULER_CYCLE_H
#include "scheduler/core/control_probes.h"
#include "scheduler/core/ledger.h"
#include "scheduler/core/plan.h"

struct ps_cycle_probe {
    const char *url, *file, *prefix, *ext; /* live in the run */
    enum ps_tier tier;
    int number, revision;
    bool settled;
    bool answered; /* settled by an answer of the site: no error, no deferral */
};

struct ps_cycle {
    struct ps_ledger ledger;
    struct ps_control_probes controls; /* none where nothing is probed */
    bool silent;                       /* the very first run announces nothing */
    struct ps_arena *arena;
    size_t hot_settled; /* of the ledger's hot positions, which come first */
    bool hot_told;      /* what they found is being told while cold ones go on */
    struct ps_cycle_probe *items;
    size_t len, size;
};

struct ps_cycle *ps_cycle_create(void) PS_MUST_USE;
void ps_cycle_destroy(struct ps_cycle *run); /* NULL is fine */
/* Adds the next position; text is copied. */
void ps_cycle_add(struct ps_cycle *run, const struct ps_planned *planned);
/* Marks position settled and counts its outcome and HTTP status (0: none); false when it was
 * settled before or is no position of this run. */
bool ps_cycle_settle(struct ps_cycle *run, size_t position, enum ps_outcome outcome, int status);
/**
 * ps_run_fault(run): Say why the answers of the cycle cannot be believed so far, for people; NULL
 * when they can. The caller frees the text. A cycle is not believed when its controls failed, when
 * all its misses are 403 (a site that blocks us), or when it found implausibly many drafts.
 */
char *ps_run_fault(const struct ps_cycle *run) PS_MUST_USE;
/* May what the hot probes found be told, while cold ones are still open? */
bool ps_cycle_hot_done(const struct ps_cycle *run);
/* First position from here on that is not settled; len when there is none. */
size_t ps_cycle_next_open(const struct ps_cycle *run, size_t from);

#endif
