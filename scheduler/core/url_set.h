/* The drafts that were found, as a set of URLs in memory, with what the planners need of each.
 *
 * A mirror of the table discovered (leadership.h). Over uthash. */
#ifndef PS_SCHEDULER_URL_SET_H
#define PS_SCHEDULER_URL_SET_H
#include "shared/core/number_set.h"

#include <stdint.h>

struct ps_url_set;

struct ps_url_set *ps_url_set_create(void) PS_MUST_USE; /* empty */
void ps_url_set_destroy(struct ps_url_set *set);
bool ps_url_set_add(struct ps_url_set *set, const char *url); /* copies url; returns false if it is
                                                               * in the set already */
/* The same, with the moment from which the URL was there, wall clock; 0: not known. */
bool ps_url_set_add_at(struct ps_url_set *set, const char *url, int64_t at_ms);
/* Calls fn for each URL, in the order in which they were added. */
typedef void (*ps_url_set_fn)(void *cookie, const char *url, int64_t at_ms);
void ps_url_set_each(const struct ps_url_set *set, ps_url_set_fn fn, void *cookie);
bool ps_url_set_has(const struct ps_url_set *set, const char *url); /* compared byte by byte */
size_t ps_url_set_len(const struct ps_url_set *set);
/* Returns the paper numbers of the drafts in the set, from the file names of the URLs; a URL that
 * names no paper adds none. Borrowed; later additions appear in it. */
const struct ps_number_set *ps_url_set_numbers(const struct ps_url_set *set);
/* Returns the URL of the draft with this canonical id (D1234R0), borrowed; NULL if none was found.
 * If the draft was found with several extensions, the first one that was added. */
const char *ps_url_set_draft(const struct ps_url_set *set, const char *paper_id);

#endif
