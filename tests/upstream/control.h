/* The upstream as a whole, and the control API under /_control/ (README.md). */
#ifndef PS_UPSTREAM_CONTROL_H
#define PS_UPSTREAM_CONTROL_H
#include "tests/upstream/record.h"
#include "tests/upstream/slack.h"

struct ps_upstream {
    struct ps_scenario *scenario; /* owned */
    struct ps_record *record;
    struct ps_slack *slack;
    char *folder; /* of the scenario file */
};

/* false: err says why; the scenario in force stays. patch: merge text into it. */
bool ps_control_load(struct ps_upstream *upstream, struct ps_str json, bool patch, int64_t real_ms,
                     struct ps_err *err) PS_MUST_USE;
bool ps_control_is(struct ps_str path);
/* out_answer is initialised. */
void ps_control_answer(struct ps_upstream *upstream, const struct ps_user_command *ask,
                       struct ps_answer *out_answer);

#endif
