/* Shared by the files of the poll only. */
#ifndef PS_SCHEDULER_POLL_PRIVATE_H
#define PS_SCHEDULER_POLL_PRIVATE_H
#include "scheduler/core/index_diff.h"
#include "scheduler/io/index_fetch.h"
#include "scheduler/io/leader_writer.h"
#include "scheduler/io/poll.h"
#include "scheduler/io/store.h"

enum ps_poll_state {
    PS_POLL_STOPPED,
    PS_POLL_WAITING, /* for the next one to be due */
    PS_POLL_PREPARING,
    PS_POLL_PROBING,
    PS_POLL_CLOSING
};

/* Of a list that was downloaded; owned, NULL for none. */
struct ps_validators {
    char *etag, *modified;
};

struct ps_poll_planning; /* poll_plan.c */

struct ps_poll {
    struct ps_poll_parts parts;
    struct ps_poll_schedule clock; /* for the pause between polls */
    struct ps_leader_writer *writer, *withdrawer;
    struct ps_index_fetch *fetch, *open_std_fetch;
    struct ps_http *http; /* for HEARTBEAT_URL */
    enum ps_poll_state state;
    bool wanted;           /* an operator asked for the next poll (ps_poll_now) */
    int64_t not_before_ms; /* monotonic: a poll that was given up is not tried again before */
    bool disbelieved;      /* a control of the cycle that is being closed failed */
    struct ps_control_probes controls; /* of the cycle to come */
    char **drafts;                     /* that may be looked at again in it */
    size_t draft_count;
    size_t shed_from; /* position from which probes are left out; 0: none are */
    const char *shed_why;
    int64_t cycle;      /* of this poll */
    int64_t started_ms; /* wall clock */
    /* What the index download brought, until it is stored: */
    struct ps_paper_index *fresh; /* NULL: unchanged */
    struct ps_index_diff diff;
    size_t watched_deferred; /* of the last plan */
    size_t matched;          /* entries of diff that are: those added first, then those updated */
    bool matching; /* a slice of them is due: everyone's patterns against a whole index take long */
    struct ps_outbox_rows index_rows; /* what they cause */
    char *etag, *modified;
    bool seen;             /* the index came, or is unchanged */
    bool failed;           /* it did not */
    struct ps_err failure; /* why */
    int open_std_year;
    struct ps_validators open_std, open_std_next; /* of the copy that is stored; that came now */
    bool listed;                                  /* one came now */
    size_t open_std_papers;                       /* most that the year's page had */
    struct ps_open_std_counts open_std_lost; /* of the incomplete page that was reported last */
    size_t told_at;                          /* statement that answers what is told; 0 for none */
    struct ps_poll_planning *planning;       /* NULL: no adaptive plan is being made */
    /* The cycle, until it is stored: */
    struct ps_cycle *run;
    /* The end of the cycle: */
    bool expired;               /* its deadline came */
    bool looked;                /* at drafts found before: the closing transaction stores it */
    struct ps_outbox_rows news; /* of drafts that have changed */
    enum ps_cycle_status status;
    const char *error; /* why it failed; NULL for none */
    char *summary;
    int64_t withdraw_cycle; /* whose unread tasks are taken back */
};

/* Forgets what an unfinished poll holds. */
void ps_poll_drop(struct ps_poll *poll);
/* The cycle is over at ended (wall clock): sleeps until the next is due. */
void ps_poll_sleep(struct ps_poll *poll, int64_t ended_ms);

void ps_validators_clear(struct ps_validators *validators);
/* poll_index.c: from the downloads to the stored snapshot, then ps_poll_plan. */
void ps_poll_index(struct ps_poll *poll);
/* poll_index.c: matches the next entries of diff for some milliseconds; after the last one stores.
 */
void ps_poll_match(struct ps_poll *poll);
/* poll_plan.c: plans, stores and opens the cycle, then ps_poll_probe. */
void ps_poll_plan(struct ps_poll *poll);
/* poll_plan.c: the next slice of the planning that ps_poll_plan began. */
void ps_poll_plan_step(struct ps_poll *poll);
void ps_poll_plan_drop(struct ps_poll *poll);
/* poll.c: the cycle is stored and its probes go out. */
void ps_poll_probe(struct ps_poll *poll);
void ps_poll_forget_drafts(struct ps_poll *poll);
/* poll_close.c: closes the cycle, then ps_poll_sleep; or stores one that could not be run. */
void ps_poll_close(struct ps_poll *poll, bool expired);
/* poll_close.c: adds what closes the cycle to batch, which begins with the fence, and runs it. */
void ps_poll_end(struct ps_poll *poll, struct ps_pg_batch *batch);
void ps_poll_fail(struct ps_poll *poll, const struct ps_err *err);
/* poll_recheck.c: compares the drafts looked at again with what is stored, then ps_poll_end. */
void ps_poll_recheck(struct ps_poll *poll);
/* They are stored, with rows of the closing transaction: tells what is new about them. */
void ps_poll_rechecked(struct ps_poll *poll, const struct ps_pg_rows *rows);

#endif
