/* Control probes: is a site that says "no such draft" one that would say so of every name, or one
 * that would say yes to any? (Issue of honest cycles.) Pure. */
#ifndef PS_SCHEDULER_CONTROLS_H
#define PS_SCHEDULER_CONTROLS_H
#include "shared/core/config.h"
#include "shared/core/result.h"

/* One name that cannot exist, the draft confirmed last, and two more that tell a withdrawn one from
 * a broken site. */
enum { PS_CONTROLS_PRESENT_MAX = 3, PS_CONTROLS_MAX = 1 + PS_CONTROLS_PRESENT_MAX };

struct ps_control {
    char *url;    /* owned; the file name is what follows the last '/' */
    bool present; /* must be there; else must not */
    bool settled;
    enum ps_outcome outcome; /* when settled */
};

/* Zeroed is empty: nothing is asked, everything is believed. */
struct ps_controls {
    struct ps_control items[PS_CONTROLS_MAX];
    size_t len;
};

/* confirmed: drafts that were seen on the site lately, the latest first; those of another site than
 * ISO_BASE_URL are passed over. CONTROL_PRESENT_URL stands in for them all. */
void ps_controls_make(const struct ps_config *config, const char *const *confirmed, size_t count,
                      struct ps_controls *out_controls);
void ps_controls_add(struct ps_controls *controls, const char *url, bool present); /* copies url */
void ps_controls_clear(struct ps_controls *controls);
/* Keeps the first answer about url; false when there is none such, or it has its answer. */
bool ps_controls_settle(struct ps_controls *controls, const char *url, enum ps_outcome outcome);
bool ps_controls_settled(const struct ps_controls *controls); /* all of them */
/* May the cycle's answers be believed? NULL when they may, else what is wrong. An error or a
 * missing answer proves nothing: CYCLE_FAIL_ERROR_RATIO is for those. */
const char *ps_controls_fault(const struct ps_controls *controls);
const char *ps_control_file(const struct ps_control *control); /* "D0000R0.pdf" */

#endif
