/* Probes of a cycle beside its plan. Controls: is a site that says "no such draft" one that would
 * say so of every name, or one that would say yes to any? Rechecks: is a draft found before still
 * there, and as it was? Pure. */
#ifndef PS_SCHEDULER_CONTROL_PROBES_H
#define PS_SCHEDULER_CONTROL_PROBES_H
#include "scheduler/core/plan.h"
#include "shared/core/config.h"
#include "shared/core/result.h"

/* The draft confirmed last, and two more that tell a withdrawn draft from a broken site. */
enum { PS_CONTROL_PROBES_PRESENT_MAX = 3 };

enum ps_control_kind {
    PS_CONTROL_ABSENT,  /* must not be there */
    PS_CONTROL_PRESENT, /* must be there */
    PS_CONTROL_RECHECK  /* was there; proves nothing about the site */
};

struct ps_control_probe {
    char *url; /* owned; the file name is what follows the last '/' */
    enum ps_control_kind kind;
    bool settled;
    enum ps_outcome outcome; /* when settled */
};

/* Zeroed is empty: nothing is asked, everything is believed. */
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
 * Drafts of another site than ISO_BASE_URL are passed over.
 */
void ps_control_probes_make(const struct ps_config *config, const char *const *confirmed,
                            size_t count, struct ps_control_probes *out_controls);
/* Adds drafts to be looked at again: those whose number is asked for in the plan's cycle, hot or
 * cold, at most RECHECK_DRAFTS_MAX. drafts: urls, those first that were not looked at for longest;
 * controls that must be present are drafts looked at again already. */
void ps_control_probes_add_rechecks(const struct ps_config *config, const struct ps_plan *plan,
                                    const char *const *drafts, size_t count,
                                    struct ps_control_probes *controls);
void ps_control_probes_add(struct ps_control_probes *controls, const char *url,
                           enum ps_control_kind kind); /* copies url */
void ps_control_probes_clear(struct ps_control_probes *controls);
/* Keeps the first answer about url; false when there is none such, or it has its answer. */
bool ps_control_probes_settle(struct ps_control_probes *controls, const char *url,
                              enum ps_outcome outcome);
bool ps_control_probes_settled(const struct ps_control_probes *controls); /* all of them */
/* Every control that tells about the site is settled; rechecks tell nothing about it. */
bool ps_control_probes_answered(const struct ps_control_probes *controls);
/* What the controls prove against the site. */
enum ps_control_probes_fault {
    PS_CONTROL_PROBES_FINE,
    PS_CONTROL_PROBES_HAVE_ALL, /* a name that cannot exist is there */
    PS_CONTROL_PROBES_HAVE_NONE /* none of the known drafts is there */
};
/* ${*out_control} is the control that failed, borrowed; NULL without a fault. An error or a missing
 * answer proves nothing: CYCLE_FAIL_ERROR_RATIO is for those. */
enum ps_control_probes_fault ps_control_probes_fault(const struct ps_control_probes *controls,
                                                     const struct ps_control_probe **out_control);
const char *ps_control_file(const struct ps_control_probe *control); /* "D0000R0.pdf" */

#endif
