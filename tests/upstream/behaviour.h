/* How an answer differs from the plain one: status, headers, delays, faults, and when it does so.
   Rules, drafts, the index and Slack channels all carry one (README.md, "Behaviour"). */
#ifndef PS_UPSTREAM_BEHAVIOUR_H
#define PS_UPSTREAM_BEHAVIOUR_H
#include "shared/core/err.h"
#include "shared/core/str.h"
#include "tests/upstream/blob.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* PS_X(identifier, name, help) */
#define PS_FAULTS(PS_X)                                                                            \
    PS_X(NONE, "none")                                                                             \
    PS_X(DROP, "drop")                                                                             \
    PS_X(RESET, "reset")                                                                           \
    PS_X(CUT_HEADER, "cut_header")                                                                 \
    PS_X(CUT_BODY, "cut_body")                                                                     \
    PS_X(STALL, "stall")                                                                           \
    PS_X(STALL_BODY, "stall_body")                                                                 \
    PS_X(ENDLESS, "endless")                                                                       \
    PS_X(HEADER_FLOOD, "header_flood")                                                             \
    PS_X(GARBAGE, "garbage")

enum ps_fault {
#define PS_X(id, name) PS_FAULT_##id,
    PS_FAULTS(PS_X)
#undef PS_X
        PS_FAULT_COUNT
};

/* How the bytes travel; zero is the plain way. */
struct ps_transport {
    enum ps_fault fault;
    int64_t fault_at; /* bytes sent before the fault; -1: half */
    int64_t delay_ms;
    int64_t drip_bytes; /* at once, every drip_ms; 0: all */
    int64_t drip_ms;
    int64_t content_length; /* claimed; -1: the body's */
    bool close;             /* Connection: close */
};

struct ps_behaviour {
    /* What */
    int status; /* 0: as it would be */
    char *reason;
    char *headers; /* "Name: value\r\n"…; NULL for none */
    char *redirect;
    char *content_type;
    char *error; /* Slack's error code */
    struct ps_blob *body;
    int64_t retry_after_s; /* -1 for none */
    bool retry_after_date;
    bool accept; /* Slack: recorded as delivered although the answer says otherwise */
    struct ps_transport transport;
    /* When */
    char *method;  /* NULL: any */
    int64_t times; /* -1: always */
    int64_t skip;
    int64_t every;
    int64_t above_rate; /* fires past so many unfired requests a second; 0: off */
    /* Since the scenario was loaded or the counters reset */
    int64_t seen;
    int64_t fired;
    int64_t early; /* requests that came before its last Retry-After had ended */
    int64_t paused_until_ms;
    int64_t *window; /* times of the last above_rate requests that did not fire */
    size_t window_at;
};

/* Reads the behaviour's fields of object; other fields are the caller's. On false nothing is held.
 */
bool ps_behaviour_parse(const cJSON *object, struct ps_behaviour *out_behaviour,
                        struct ps_err *err) PS_MUST_USE;
bool ps_behaviour_knows(const char *field); /* the field is one of a behaviour's */
void ps_behaviour_clear(struct ps_behaviour *behaviour);
/* Counts a request and says whether the behaviour applies to it. now_ms: a real clock. */
bool ps_behaviour_fires(struct ps_behaviour *behaviour, struct ps_str method, int64_t now_ms);
void ps_behaviour_reset(struct ps_behaviour *behaviour);
/* The counters of an unchanged behaviour in a scenario that was loaded anew. */
void ps_behaviour_inherit(struct ps_behaviour *behaviour, struct ps_behaviour *old);

#endif
