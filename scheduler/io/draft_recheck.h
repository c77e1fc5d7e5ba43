/* Compares the drafts that a cycle probed again with what is stored: the last step of a poll before
 * its cycle is closed.
 *
 * A draft that has changed is announced, one that is gone or back is noted. The result is stored in
 * the transaction that closes the cycle (guarantee 4: a change is announced once, whatever dies in
 * between). That transaction belongs to the poll. So the poll lets this module add statements to it
 * (ps_draft_recheck_store) and hands it the rows afterwards (ps_draft_recheck_log_stored). */
#ifndef PS_SCHEDULER_DRAFT_RECHECK_H
#define PS_SCHEDULER_DRAFT_RECHECK_H
#include "scheduler/io/leadership.h"

struct ps_draft_recheck;

struct ps_draft_recheck_options {
    struct ps_leadership *leadership; /* borrowed for life */
    void *cookie;
    /* All drafts are compared. Runs on the loop, once after each start and after start returned. It
     * is never called after cancel, the end of the term, or write_failed. */
    void (*done)(void *cookie);
    /* The drafts were not read, and done does not run. The mirrors are about to be read again, and
     * the poll starts anew when they are loaded. */
    void (*write_failed)(void *cookie, const struct ps_err *err);
};

struct ps_draft_recheck *
ps_draft_recheck_create(const struct ps_draft_recheck_options *options) PS_MUST_USE;
/* Call it after redis and pg are destroyed. NULL is fine. */
void ps_draft_recheck_destroy(struct ps_draft_recheck *recheck);
/* Reads and compares the drafts of leadership->run, the cycle of the poll that began at started_ms
 * (wall clock). Do not call it while a comparison runs or its result is kept: cancel first. */
void ps_draft_recheck_start(struct ps_draft_recheck *recheck, int64_t cycle, int64_t started_ms);
/* Adds the outcome to the transaction that closes the cycle; nothing if no comparison ended since
 * the last cancel. The batch must have only its fence, because ps_draft_recheck_log_stored finds
 * its rows by position. */
void ps_draft_recheck_store(struct ps_draft_recheck *recheck, struct ps_pg_batch *batch);
/* Logs and counts what that transaction stored; rows are its rows, borrowed. */
void ps_draft_recheck_log_stored(const struct ps_draft_recheck *recheck,
                                 const struct ps_pg_rows *rows);
/* Ends what is running, and forgets what was compared. */
void ps_draft_recheck_cancel(struct ps_draft_recheck *recheck);
/* Whether an answer of an earlier term is outstanding; see ps_leader_writer_start. */
bool ps_draft_recheck_busy(const struct ps_draft_recheck *recheck);

#endif
