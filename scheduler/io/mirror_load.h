/* Builds the mirrors of PostgreSQL (leadership.h) beside the loop: tens of thousands of papers,
 * drafts, probe times and watchlist entries take longer than the loop may stand still.
 *
 * Each type is the data of a job (shared/io/background.h): created and destroyed on the loop, its
 * work function runs on a thread. */
#ifndef PS_SCHEDULER_MIRROR_LOAD_H
#define PS_SCHEDULER_MIRROR_LOAD_H
#include "scheduler/io/leadership.h"

struct ps_pg_rows;

/* The index alone, for a standby, or all mirrors, for a new leader. */
struct ps_mirror_load;
/* Takes the rows of ps_store_add_load or ps_store_warm; use it inside their callback. known: the
 * version from which they were asked for. Borrows config until it is destroyed. */
struct ps_mirror_load *ps_mirror_load_create(const struct ps_leadership *leadership,
                                             const struct ps_pg_rows *rows, int64_t known,
                                             bool all) PS_MUST_USE;
/* The work function of the job (struct ps_background_job): parses the rows. Runs on a thread. */
void ps_mirror_load_work(void *load);
void ps_mirror_load_destroy(void *load); /* also frees what was not installed */
/* Moves the result to leadership. Returns false and changes nothing if leadership has another
 * version of the index by now than the one that the rows add to. */
bool ps_mirror_load_install(struct ps_mirror_load *load, struct ps_leadership *leadership);

/* The watchlists alone. */
struct ps_watch_load;
/* Takes rows, whose statement is watch_read. The callback's rows stay readable while the job
 * exists. */
struct ps_watch_load *ps_watch_load_create(struct ps_leadership *leadership,
                                           const struct ps_pg_rows *rows,
                                           size_t statement) PS_MUST_USE;
/* The work function of the job: compiles the watchlists. Runs on a thread. */
void ps_watch_load_work(void *load);
void ps_watch_load_destroy(void *load); /* also frees what was not installed or taken */
/* Moves the watchlists to leadership. Watchlists that were read before those that leadership has
 * are dropped: two parts may read them at the same time. */
void ps_watch_load_install(struct ps_watch_load *load, struct ps_leadership *leadership);
/* Gives the rows that it was created with; to be called after ps_watch_load_install. */
struct ps_pg_rows *ps_watch_load_take_rows(struct ps_watch_load *load) PS_MUST_USE;

#endif
