/* Keeps the library (core/library.h) up to date with PostgreSQL: always in a scheduler, and while
 * somebody searches in a notifier.
 *
 * It asks every five seconds whether anything is newer than its copy. While PostgreSQL is away the
 * copy stays as it is. */
#ifndef PS_IO_LIBRARY_SYNC_H
#define PS_IO_LIBRARY_SYNC_H
#include "shared/core/err.h"
#include "shared/core/library.h"
#include "shared/io/loop.h"
#include "shared/io/pg.h"
#include "shared/io/signals.h"

struct ps_library_sync;

struct ps_library_sync_options {
    struct ps_loop *loop; /* borrowed, as pg */
    struct ps_pg *pg;
    struct ps_signals *signals; /* borrowed; NULL: none arrive */
    int64_t idle_ms; /* 0: the library is always in memory. Else it is read when it is wanted, and
                        forgotten when nobody wanted it for so long */
};

/* library is up to date as of this call, and borrowed for its length; NULL with err: PostgreSQL
 * could not be read. */
typedef void (*ps_library_sync_fn)(void *cookie, struct ps_library *library,
                                   const struct ps_err *err);

struct ps_library_sync *
ps_library_sync_create(const struct ps_library_sync_options *options) PS_MUST_USE;
/* After pg is gone. Calls no waiting fn. NULL is fine. */
void ps_library_sync_destroy(struct ps_library_sync *sync);
struct ps_library *ps_library_sync_library(const struct ps_library_sync *sync);
/* Papers and drafts were read completely once. */
bool ps_library_sync_loaded(const struct ps_library_sync *sync);
/* Calls fn once when the library has what PostgreSQL has now: never before this function returns,
 * and after about a second if it is not in memory. The caller limits how many wait. */
void ps_library_sync_want(struct ps_library_sync *sync, ps_library_sync_fn fn, void *cookie);

#endif
