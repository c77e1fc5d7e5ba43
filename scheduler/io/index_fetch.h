/* Downloads a list of papers with a conditional GET (RFC 9110 section 13) and parses it: the
 * committee's index, or the page of a year at open-std.org. */
#ifndef PS_SCHEDULER_INDEX_FETCH_H
#define PS_SCHEDULER_INDEX_FETCH_H
#include "scheduler/core/open_std_page.h"
#include "shared/io/daemon.h"

struct ps_index_fetch;

enum ps_index_source { PS_INDEX_WG21, PS_INDEX_OPENSTD };

/* err is NULL when the index was read. index: given; NULL when it is unchanged (304) or err is set.
 * etag and modified: validators to send next time, borrowed; NULL for none, or where the server's
 * are not fit to be stored and sent back (core/http_validator). Runs on the loop, never before
 * start returned. */
typedef void (*ps_index_fetch_fn)(void *cookie, struct ps_paper_index *index, const char *etag,
                                  const char *modified, const struct ps_err *err);

struct ps_index_fetch *ps_index_fetch_create(struct ps_daemon *daemon,
                                             enum ps_index_source source) PS_MUST_USE;
void ps_index_fetch_destroy(struct ps_index_fetch *fetch); /* NULL is fine; fn does not run */
/* One at a time. url is borrowed for the call. etag and modified of the copy held, NULL for none;
 * after a 4xx they are not sent, until another answer came. Logs INDEX-LOAD, or INDEX-FETCH for a
 * failure, and INDEX-WARNING; what a failure means is the caller's to say. */
void ps_index_fetch_start(struct ps_index_fetch *fetch, const char *url, const char *etag,
                          const char *modified, ps_index_fetch_fn fn, void *cookie);
/* How complete the page of open-std.org was that fn was given last; borrowed. */
const struct ps_open_std_counts *ps_index_fetch_counts(const struct ps_index_fetch *fetch);
void ps_index_fetch_cancel(struct ps_index_fetch *fetch); /* fn will not run */

#endif
