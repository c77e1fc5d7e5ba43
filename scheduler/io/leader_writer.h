/* Sends the writes of a leader: batches to PostgreSQL, scripts and commands to Redis.
 *
 * Each part of the scheduler that writes (load, poll, publish, ingest, relay, recovery, retention)
 * owns one writer. The writer puts the epoch into each write, so that the servers refuse the writes
 * of a former leader, and it decides what an answer is still worth. No other file compares epochs
 * (tests/lint/epochs.sh).
 *
 * The rules, which keep guarantee 2 (writes of a former leader change nothing):
 * - An answer counts only while the writer is started, this scheduler leads, and the answer belongs
 *   to the epoch that the writer was started for. Any other answer is dropped: its callback never
 *   runs.
 * - A failure is reported once, where it happens. FENCED also ends the leadership.
 * - After a failure the part's step runs again, at first after retry_ms; the pause doubles while
 * the server goes on to refuse, up to PS_LEADER_PAUSE_MAX_MS. A write is never sent again by
 * itself: the step builds it anew from what is true by then.
 * - If a transaction that changes mirrors fails, nobody knows whether it was committed. The mirrors
 *   are then read again (ps_leadership_overtaken), and no retry follows.
 *
 * All callbacks run on the loop, never before the call that caused them returned. */
#ifndef PS_SCHEDULER_LEADER_WRITER_H
#define PS_SCHEDULER_LEADER_WRITER_H
#include "scheduler/io/leadership.h"
#include "scheduler/io/script_args.h"

struct redisReply;

enum { PS_LEADER_PAUSE_MAX_MS = 4000 };

struct ps_leader_writer;

struct ps_leader_writer_options {
    struct ps_leadership *leadership; /* borrowed for life */
    void *cookie;                     /* of all callbacks */
    enum ps_event event;              /* logs failures */
    int64_t retry_ms;                 /* pause after a failure */
    /* Runs the part's next write, or none. Called after a pause (ps_leader_writer_wait), after a
     * failure and after a dropped answer; only while the writer leads and no answer is outstanding.
     * NULL: the part does not go on by itself. */
    void (*step)(void *cookie);
    /* Runs before the failure is reported. May be NULL. */
    void (*on_failed)(void *cookie, const struct ps_err *err);
    /* The transactions change mirrors of PostgreSQL (leadership.h): see the rules above. An answer
     * from before the mirrors were read last makes them be read once more, because its transaction
     * may have been committed after that. */
    bool mirrors;
    bool report_once; /* reports the first failure in a row only, apart from FENCED */
};

/* Borrowed for the call. */
typedef void (*ps_leader_rows_fn)(void *cookie, const struct ps_pg_rows *rows);
typedef void (*ps_leader_reply_fn)(void *cookie, const struct redisReply *reply);

/* A script or command, and what becomes of its answer. */
struct ps_leader_script {
    enum ps_script script;
    enum ps_key keys[2];   /* after the key epoch, as many as the script takes */
    const char *what;      /* what did not happen, for the report of a failure */
    ps_leader_reply_fn fn; /* never NULL */
    /* The part goes on without it: fn runs with NULL after any failure but FENCED, which is the
     * only one that is reported. */
    bool optional;
};

struct ps_leader_writer *
ps_leader_writer_create(const struct ps_leader_writer_options *options) PS_MUST_USE;
/* Call it after redis and pg are destroyed, when no answer is outstanding. NULL is fine. */
void ps_leader_writer_destroy(struct ps_leader_writer *writer);

/* Writes for the present epoch from now on. Returns false, and does not start, if the part changes
 * mirrors and an answer of an earlier term is outstanding: that answer makes the mirrors be read
 * again, after which the part is started again. */
bool ps_leader_writer_start(struct ps_leader_writer *writer);
/* Drops all outstanding answers, and runs no step. */
void ps_leader_writer_stop(struct ps_leader_writer *writer);
/* Whether it is started and this scheduler leads with its epoch now. */
bool ps_leader_writer_leads(const struct ps_leader_writer *writer);
/* Whether an answer is outstanding, of whatever term. */
bool ps_leader_writer_busy(const struct ps_leader_writer *writer);
int64_t ps_leader_writer_epoch(const struct ps_leader_writer *writer); /* 0: stopped */
/* Runs the step after ms; replaces an earlier wait. If an answer is outstanding by then, the step
 * runs after that answer's callback. */
void ps_leader_writer_wait(struct ps_leader_writer *writer, int64_t ms);

/* Gives a batch that begins with the fence; with "meta", for a transaction that changes that row
 * (store.h). */
struct ps_pg_batch *ps_leader_writer_begin(const struct ps_leader_writer *writer) PS_MUST_USE;
struct ps_pg_batch *ps_leader_writer_begin_meta(const struct ps_leader_writer *writer) PS_MUST_USE;
/* Takes batch and runs it as one transaction; fn runs with its rows after the commit. what: as in
 * struct ps_leader_script, with static lifetime. */
void ps_leader_writer_run(struct ps_leader_writer *writer, struct ps_pg_batch *batch,
                          const char *what, ps_leader_rows_fn fn);

/* A computation beside the loop (background.h), under the rules of an answer: it is outstanding
 * until it ends, and done runs only if its end still counts. */
struct ps_leader_work {
    void (*work)(void *job);               /* on a thread of its own */
    void (*done)(void *cookie, void *job); /* on the loop */
    void (*destroy)(void *job);            /* on the loop, after done or in place of it */
};
/* Copies work, takes job. */
void ps_leader_writer_work(struct ps_leader_writer *writer, const struct ps_leader_work *work,
                           void *job);

/* Initialises args for a script of a leader: the first one is the epoch. */
void ps_leader_writer_args(const struct ps_leader_writer *writer, struct ps_script_args *args);
/* Runs the script; its first key is the key epoch. Copies script, clears args. */
void ps_leader_writer_script(struct ps_leader_writer *writer, const struct ps_leader_script *script,
                             struct ps_script_args *args);
/* Sends a command that only reads, as an optional one (see struct ps_leader_script). It carries no
 * epoch, because a read changes nothing. Copies texts; fn runs only if the answer still counts. */
#define PS_LEADER_COMMAND(writer, fn, ...)                                                         \
    ps_leader_writer_command(writer, fn, (const char *const[]){ __VA_ARGS__ },                     \
                             sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
void ps_leader_writer_command(struct ps_leader_writer *writer, ps_leader_reply_fn fn,
                              const char *const *texts, size_t count);

#endif
