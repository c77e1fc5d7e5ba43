/* Probes that a cycle has beside its plan.
 *
 * A control is a probe whose right answer is known. It shows whether the site can be believed: a
 * site that answers "not found" to everything would otherwise look like a quiet day, and one that
 * answers "found" to everything would announce hundreds of drafts. A recheck probes a draft that
 * was found before, to see whether it changed or was removed; it says nothing about the site.
 *
 * io/poll.h makes both when a cycle is planned, io/ingest.h settles them, ps_run_fault judges
 * them. Pure. */
#ifndef PS_SCHEDULER_CONTROL_PROBES_H
#define PS_SCHEDULER_CONTROL_PROBES_H
#include "scheduler/core/plan.h"
#include "shared/core/config.h"
#include "shared/core/result.h"
#include "shared/core/trace_context.h"

/* the draft that was confirmed last, and two more: they distinguish a draft that was removed from a
 * site that is broken */
enum { PS_CONTROL_PROBES_PRESENT_MAX = 3 };

enum ps_control_kind {
    PS_CONTROL_ABSENT,  /* must not be there */
    PS_CONTROL_PRESENT, /* must be there */
    PS_CONTROL_RECHECK  /* was there; proves nothing about the site */
};

struct ps_control_probe {
    char *url; /* owned; the file name begins after the last '/' */
    enum ps_control_kind kind;
    bool settled;
    enum ps_outcome outcome;       /* when settled */
    struct ps_trace_context trace; /* the span of its result; none without a collector, and after a
                                      failover */
};

/* Zeroed is empty: no control is probed, and every cycle is believed. */
struct ps_control_probes {
    struct ps_control_probe *items;
    size_t len, size;
};

const char *ps_control_kind_name(enum ps_control_kind kind); /* absent present recheck */
bool ps_control_kind_parse(const char *name, enum ps_control_kind *out_kind) PS_MUST_USE;

/**
 * ps_control_probes_make(config, confirmed, count, out_controls): Choose the controls of the next
 * cycle: one name that cannot exist for each prefix and extension in use, and the newest drafts in
 * ${confirmed} (latest confirmation first, however old), or CONTROL_PRESENT_URL instead of them.
 * Drafts of another site than ISO_BASE_URL are skipped.
 */
void ps_control_probes_make(const struct ps_config *config, const char *const *confirmed,
                            size_t count, struct ps_control_probes *out_controls);
/* Adds rechecks: drafts whose number is probed in the cycle of plan, hot or cold, at most
 * RECHECK_DRAFTS_MAX, and with the adaptive planner at most their share of the cycle's budget.
 * drafts: their URLs, those first that were not probed again for longest. Drafts that are controls
 * already are skipped. */
void ps_control_probes_add_rechecks(const struct ps_config *config, const struct ps_plan *plan,
                                    const char *const *drafts, size_t count,
                                    struct ps_control_probes *controls);
/**
 * ps_control_probes_share(config, budget): Return how many of a cycle's ${budget} requests the
 * adaptive planner keeps for controls and rechecks, so that PROBE_BUDGET_PER_DAY counts all that
 * the site is asked: at most half of them. Depends on settings only, so that `simulate`, `plan` and
 * the leader plan alike whatever drafts are known.
 */
size_t ps_control_probes_share(const struct ps_config *config, size_t budget);
void ps_control_probes_add(struct ps_control_probes *controls, const char *url,
                           enum ps_control_kind kind); /* copies url */
void ps_control_probes_clear(struct ps_control_probes *controls);
/* Returns the control or recheck of url, borrowed; NULL if there is none. */
struct ps_control_probe *ps_control_probes_find(const struct ps_control_probes *controls,
                                                const char *url);
/* Keeps the first answer about url. Returns false if url is not among them or is answered
 * already. */
bool ps_control_probes_settle(struct ps_control_probes *controls, const char *url,
                              enum ps_outcome outcome);
bool ps_control_probes_settled(const struct ps_control_probes *controls); /* all of them */
/* Whether every control is answered. Rechecks do not count: they say nothing about the site. */
bool ps_control_probes_answered(const struct ps_control_probes *controls);
/* The faults of the site that the controls prove. */
enum ps_control_probes_fault {
    PS_CONTROL_PROBES_FINE,
    PS_CONTROL_PROBES_HAVE_ALL, /* the site has a name that cannot exist */
    PS_CONTROL_PROBES_HAVE_NONE /* the site has none of the drafts that it had */
};
/* Returns the fault so far. *out_control is the control that failed, borrowed; NULL without a
 * fault. An error or a missing answer proves nothing: CYCLE_FAIL_ERROR_RATIO is for those. */
enum ps_control_probes_fault ps_control_probes_fault(const struct ps_control_probes *controls,
                                                     const struct ps_control_probe **out_control);
const char *ps_control_file(const struct ps_control_probe *control); /* "D0000R0.pdf" */

#endif
