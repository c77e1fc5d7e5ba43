/*
 * The readers' half of the page on the health port:
 *
 *   /                  the latest finds; ?kind=drafts|papers ?author= ?subgroup= ?count=
 *   /search?q=         results as HTML; /api/search?q= as JSON, for the search as one types
 *   /papers/P2300      one page for each number; other spellings are redirected to this one
 *   /feed.atom         Atom; ?kind= ?author= ?subgroup= ?paper=
 *   /page/…            style, script and icon (page_files.h)
 *
 * All is made from memory (core/library.h) but what a paper's page says of messages and probes: a
 * batch of two statements by index, at most DETAILS_MAX at once, and kept for some seconds for the
 * crowd that follows one link. Every response has an ETag of its bytes, and Cache-Control that any
 * cache may follow; a reader who has the bytes gets 304.
 */
#ifndef PS_SCHEDULER_READER_SITE_H
#define PS_SCHEDULER_READER_SITE_H
#include "scheduler/core/reader_pages.h"
#include "shared/io/http_server.h"

struct ps_reader_site;
struct ps_scheduler_state;
struct ps_fleet;

/* Both are borrowed. */
struct ps_reader_site *ps_reader_site_create(const struct ps_scheduler_state *state,
                                             struct ps_fleet *fleet) PS_MUST_USE;
/* Adds the routes to a server, which the site must outlive. */
void ps_reader_site_serve(struct ps_reader_site *site, struct ps_http_server *server);
void ps_reader_site_destroy(struct ps_reader_site *site); /* after pg is gone; NULL is fine */

#endif
