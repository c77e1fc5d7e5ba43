/* Keeps the library (core/library.h) up to date with PostgreSQL: always in a scheduler, and while
 * somebody searches in a notifier.
 *
 * It asks PostgreSQL for what is newer than its copy when the signal PS_SIGNAL_LIBRARY arrives, at
 * most every two seconds, and in any case once a minute; every five seconds if no signals arrive.
 * While PostgreSQL is away, the copy stays as it is. */
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
    struct ps_signals *signals; /* borrowed */
    int64_t idle_ms;            /* 0: the library is always in memory. Otherwise it is read when
                                   ps_library_sync_want is called, and cleared when that did not happen for so
                                   long */
};

/* Runs on the loop. library is up to date and borrowed for the call. It is NULL if PostgreSQL could
 * not be read; err says why then. */
typedef void (*ps_library_sync_fn)(void *cookie, struct ps_library *library,
                                   const struct ps_err *err);

struct ps_library_sync *
ps_library_sync_create(const struct ps_library_sync_options *options) PS_MUST_USE;
/* Call it after pg is destroyed, so that no answer arrives any more. Waiting callbacks do not run.
 * NULL is fine. */
void ps_library_sync_destroy(struct ps_library_sync *sync);
/* Returns the library as it is now, possibly empty or incomplete; borrowed until destroy. */
struct ps_library *ps_library_sync_library(const struct ps_library_sync *sync);
/* Returns whether papers and drafts were read completely once. */
bool ps_library_sync_loaded(const struct ps_library_sync *sync);
/* Calls fn once, when the library holds what PostgreSQL holds at the time of this call; never
 * before this function returns. Takes about a second if the library is not in memory. Borrows
 * cookie until then. The caller must limit how many calls wait at once. */
void ps_library_sync_want(struct ps_library_sync *sync, ps_library_sync_fn fn, void *cookie);

#endif
