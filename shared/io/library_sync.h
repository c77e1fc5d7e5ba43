/* Keeps the library (core/library.h) up to date with PostgreSQL: in every scheduler, leader or not.
 *
 * Every five seconds it asks whether anything is newer than its copy. Papers come in slices by
 * version of the index, drafts all together in slices by URL whenever one was found, changed, went
 * or was taken back. A slice is small enough for one turn of the loop. While PostgreSQL is away the
 * copy stays as it is. */
#ifndef PS_SCHEDULER_LIBRARY_SYNC_H
#define PS_SCHEDULER_LIBRARY_SYNC_H
#include "shared/core/library.h"
#include "shared/io/daemon.h"

struct ps_library_sync;

/* daemon is borrowed. */
struct ps_library_sync *ps_library_sync_create(const struct ps_daemon *daemon) PS_MUST_USE;
void ps_library_sync_destroy(struct ps_library_sync *sync); /* after pg is gone; NULL is fine */
struct ps_library *ps_library_sync_library(const struct ps_library_sync *sync);
/* Papers and drafts were read completely once. */
bool ps_library_sync_loaded(const struct ps_library_sync *sync);

#endif
