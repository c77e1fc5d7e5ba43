/* Downloads a list of papers with a conditional GET (RFC 9110 section 13) and parses it: the
 * committee's index, or the page of a year at open-std.org.
 *
 * io/index_update.h decides what a result means. The download is capped in size and time, and
 * parsed beside the loop: both lists are as large as a server makes them. */
#ifndef PS_SCHEDULER_INDEX_FETCH_H
#define PS_SCHEDULER_INDEX_FETCH_H
#include "scheduler/core/open_std_page.h"
#include "shared/io/daemon.h"

struct ps_index_fetch;

enum ps_index_source { PS_INDEX_WG21, PS_INDEX_OPENSTD };

/* err is NULL if the list was read. index: given; NULL if it is unchanged (304) or err is set.
 * etag and modified: the validators to send next time, borrowed; NULL for none, or if the server's
 * are not fit to be stored and sent back (core/http_validator). Runs on the loop, never before
 * start returned. */
typedef void (*ps_index_fetch_fn)(void *cookie, struct ps_paper_index *index, const char *etag,
                                  const char *modified, const struct ps_err *err);

/* Borrows daemon. One object for each source, because each remembers the answers of its server. */
struct ps_index_fetch *ps_index_fetch_create(struct ps_daemon *daemon,
                                             enum ps_index_source source) PS_MUST_USE;
void ps_index_fetch_destroy(struct ps_index_fetch *fetch); /* NULL is fine; fn does not run */
/* Starts a download; one at a time. Borrows url for the call. etag and modified: those of the copy
 * that the caller holds; NULL for none. They are not sent after a 4xx, because they may be the
 * reason, until another answer has come. Logs INDEX-LOAD, or INDEX-FETCH for a failure, and INDEX-
 * WARNING. */
void ps_index_fetch_start(struct ps_index_fetch *fetch, const char *url, const char *etag,
                          const char *modified, ps_index_fetch_fn fn, void *cookie);
/* Returns how complete the last page of open-std.org was; borrowed. */
const struct ps_open_std_counts *ps_index_fetch_counts(const struct ps_index_fetch *fetch);
void ps_index_fetch_cancel(struct ps_index_fetch *fetch); /* fn is not called afterwards */

#endif
