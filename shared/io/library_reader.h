/* Reads the library (core/library.h) from PostgreSQL, in slices that are small enough for one turn
 * of the loop: papers by version of the index, drafts all together by URL whenever one was found,
 * changed, went or was taken back.
 *
 * The caller sends the batches: library_sync.h on the loop of a daemon, a command in a
 * cli_session.h. */
#ifndef PS_IO_LIBRARY_READER_H
#define PS_IO_LIBRARY_READER_H
#include "shared/core/library.h"
#include "shared/io/pg.h"

struct ps_library_reader;

struct ps_library_reader *ps_library_reader_create(void) PS_MUST_USE; /* an empty library */
void ps_library_reader_destroy(struct ps_library_reader *reader);     /* NULL is fine */
/* Borrowed until destroy. */
struct ps_library *ps_library_reader_library(const struct ps_library_reader *reader);
/* Papers and drafts were read completely once since the last reset. */
bool ps_library_reader_loaded(const struct ps_library_reader *reader);
/* Gives the batch of the next slice: what is newer than the library. */
struct ps_pg_batch *ps_library_reader_batch(const struct ps_library_reader *reader) PS_MUST_USE;
/* Takes over what that batch answered. Returns whether there is more to read now. */
bool ps_library_reader_take(struct ps_library_reader *reader, const struct ps_pg_rows *rows);
/* Forgets everything; the next slices read all anew. */
void ps_library_reader_reset(struct ps_library_reader *reader);

#endif
