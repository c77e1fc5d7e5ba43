/* Brings the stored index up to date: the first half of a poll.
 *
 * Downloads the index and the year's page of open-std.org, refuses what is implausible, compares
 * with the copy in memory, matches what is new or changed with the watchlists, and stores the
 * difference together with what it causes in one transaction (guarantee 4: a paper is announced
 * once, whatever dies in between). The copy in memory changes after the commit only. */
#ifndef PS_SCHEDULER_INDEX_UPDATE_H
#define PS_SCHEDULER_INDEX_UPDATE_H
#include "scheduler/io/leadership.h"

struct ps_index_update;

/* Exactly one of done and unavailable runs after each start, on the loop and never before start
 * returned; none of them after cancel, after the end of the term, or after write_failed. */
struct ps_index_update_options {
    struct ps_leadership *leadership; /* borrowed for life; its watchlists are those of this poll */
    void *cookie;
    int64_t interval_ms;        /* between polls: one failed download is no reason for "stale" */
    void (*done)(void *cookie); /* the copy in memory is as new as it can be now */
    /* The index was not loaded and no copy of it is stored: nothing can be planned. */
    void (*unavailable)(void *cookie, const struct ps_err *err);
    /* A transaction failed; the mirrors are about to be read again. */
    void (*write_failed)(void *cookie, const struct ps_err *err);
};

struct ps_index_update *
ps_index_update_create(const struct ps_index_update_options *options) PS_MUST_USE;
/* Call it after redis and pg are destroyed. NULL is fine. */
void ps_index_update_destroy(struct ps_index_update *update);
/* Starts for the poll of this cycle, which began at started_ms (wall clock). */
void ps_index_update_start(struct ps_index_update *update, int64_t cycle, int64_t started_ms);
/* Ends what is running, and forgets what it downloaded. */
void ps_index_update_cancel(struct ps_index_update *update);
/* Whether a transaction of an earlier term is outstanding; see ps_leader_writer_start. */
bool ps_index_update_busy(const struct ps_index_update *update);

#endif
