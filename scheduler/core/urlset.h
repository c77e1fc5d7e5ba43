/* A set of URLs in memory: what was discovered on isocpp.org, with what the planner needs of each.
 * Over uthash. */
#ifndef PS_SCHEDULER_URLSET_H
#define PS_SCHEDULER_URLSET_H
#include "shared/core/numset.h"

struct ps_urlset;

struct ps_urlset *ps_urlset_create(void) PS_MUST_USE;
void ps_urlset_destroy(struct ps_urlset *set);
bool ps_urlset_add(struct ps_urlset *set, const char *url); /* copies; false when it was there */
bool ps_urlset_has(const struct ps_urlset *set, const char *url);
size_t ps_urlset_len(const struct ps_urlset *set);
/* Numbers of the drafts in the set (from the URLs' file names; a URL that names no paper adds
 * none). Borrowed, kept up to date. */
const struct ps_numset *ps_urlset_numbers(const struct ps_urlset *set);
/* Borrowed URL of the draft with this canonical id (D1234R0) and any extension; NULL when none was
 * discovered. First added wins. */
const char *ps_urlset_draft(const struct ps_urlset *set, const char *paper_id);

#endif
