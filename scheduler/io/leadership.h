/* What a scheduler knows while it leads, as a mirror of PostgreSQL in memory, and how a failure of
 * the leader is reported.
 *
 * A mirror changes only after a commit. If a transaction's end is unknown, all mirrors are read
 * again, because a decision from a wrong mirror (a diff, a plan) would be stored as a fact.
 * Reading them again begins a new term. leader_writer.h, which sends all writes, drops the answers
 * of an earlier term. */
#ifndef PS_SCHEDULER_LEADERSHIP_H
#define PS_SCHEDULER_LEADERSHIP_H
#include "scheduler/core/adaptive_plan.h"
#include "scheduler/core/cycle.h"
#include "scheduler/core/paper_index.h"
#include "scheduler/core/url_set.h"
#include "scheduler/core/watch_match.h"
#include "shared/core/log_line.h"
#include "shared/io/daemon.h"

struct ps_election;

struct ps_leadership {
    struct ps_daemon *daemon;     /* borrowed */
    struct ps_election *election; /* borrowed */
    int64_t epoch;                /* that this scheduler leads with; 0: it does not lead */
    int64_t term;                 /* rises by one whenever the mirrors are forgotten */
    uint64_t results;             /* results stored since the program started */
    bool probing_paused;          /* by an operator (operator_store.h): polls probe nothing */
    void (*reload)(
        void *cookie); /* reads the mirrors again, soon; may be called from any callback */
    void *reload_cookie;

    /* Mirror of the index: kept by a standby too, so that a new leader reads only what is newer. */
    struct ps_paper_index *index; /* NULL: not read yet */
    int64_t index_version;        /* PS_STORE_NO_INDEX: not read yet */

    /* Mirrors of PostgreSQL, loaded when the lease was taken and changed after a commit only. */
    struct ps_url_set *discovered;
    struct ps_probe_times *probed; /* when each candidate of the adaptive planner was probed last */
    struct ps_watchlists *watch;
    uint64_t watch_reads, watch_number; /* readings begun; the one that watch is from */
    struct ps_cycle *run;               /* the running cycle; NULL between cycles */
    int64_t generation;
    char *redis_run_id; /* of the Redis that was filled last; NULL: unknown */
    int64_t last_cycle, last_started_ms, last_finished_ms; /* wall clock; 0 for none */
    int64_t last_good_ms;
    int64_t index_fetched_ms;
    char *etag, *modified;  /* of the index; NULL for none */
    int open_std_year;      /* of the page of open-std.org that was read last; 0 for none */
    size_t open_std_papers; /* most that the page of that year had */
};

/* The lease was taken: this scheduler leads with epoch. */
void ps_leadership_take(struct ps_leadership *leadership, int64_t epoch);
void ps_leadership_end(struct ps_leadership *leadership); /* it does not lead any more */
/* Whether it leads, as far as the election has said. Only leader_writer.h may write. */
bool ps_leadership_held(const struct ps_leadership *leadership);
/* Forgets the mirrors of PostgreSQL, but not the index. Begins a new term. */
void ps_leadership_clear(struct ps_leadership *leadership);
/* Reports a failure of the leader: logs and counts it. FENCED also ends the leadership, because a
 * newer leader exists. Call it once for each failure. */
void ps_leadership_failed(struct ps_leadership *leadership, enum ps_event event, const char *what,
                          const struct ps_err *err);
/* A transaction that changes mirrors failed, and nobody knows whether it was committed; or one of
 * an earlier term was answered, and may have been committed after the mirrors were read. The
 * mirrors are read again. */
void ps_leadership_overtaken(struct ps_leadership *leadership);
/* Logs row i of a statement outbox_add: a match or a transition that was stored. */
void ps_leadership_log_added(const struct ps_pg_rows *rows, size_t statement, int i);

#endif
