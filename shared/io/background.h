/* Long computations beside the event loop.
 *
 * A callback of the loop may not compute for more than 50 ms, and some work of a poll takes longer:
 * to parse an index of 50,000 entries, to compare it with the stored copy, to build the watchlists
 * of thousands of people. Such work is a job. It runs on a thread of its own, and its end is
 * reported on the loop. Jobs keep the loop turning; they are no means to do more work at once. A
 * library that cannot do without waiting is a job too (notifier/io/smtp_client.h).
 *
 * The rule that keeps this safe without locks: until done runs, the thread alone uses the job's
 * data, and the thread uses nothing else that anybody changes. So a job takes copies, things that
 * are given to it, or things that nobody changes while they are shared (ps_paper_index_share).
 * cJSON, libxml2 and utf8proc allow it, as long as nobody calls cJSON_GetErrorPtr, which is one for
 * all. */
#ifndef PS_IO_BACKGROUND_H
#define PS_IO_BACKGROUND_H
#include "shared/io/loop.h"

struct ps_background;

/* Borrows loop. */
struct ps_background *ps_background_create(struct ps_loop *loop) PS_MUST_USE;
/* Waits for the jobs that are running and calls done for each. NULL is fine. */
void ps_background_destroy(struct ps_background *background);

struct ps_background_job {
    /* Runs on the thread: no logging, no metrics, no random numbers, nothing of the loop. */
    void (*work)(void *data);
    /* Runs on the loop after work has returned, exactly once, never before ps_background_run
     * returned. There is no way to cancel a job: its owner, if gone by then, must have left a mark
     * in data that work does not read. */
    void (*done)(void *cookie, void *data);
    void *cookie; /* borrowed until done */
    bool waits;   /* work waits for a server */
};
/* Copies job, borrows data until done runs. If the system has no thread left, work runs at once, on
 * the loop: late is better than never. A job that waits would block the loop; its work does not run
 * then, and done finds data as they were. */
void ps_background_run(struct ps_background *background, const struct ps_background_job *job,
                       void *data);

#endif
