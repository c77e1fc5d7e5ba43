/*
 * The readers' pages and feeds as text: the latest finds, the search, one page for each paper
 * number, Atom (RFC 4287).
 *
 * HTML is made here and not in the browser, so that a page shows its finds with the first response,
 * without a script, and can be kept by a cache. The same library gives the same bytes: no page
 * names the moment at which it was made, so that an ETag holds over restarts and replicas.
 * reader.js adds the search as one types and ages such as "12 min ago".
 *
 * On a public page (PUBLIC_PAGE) there is no text about the fleet but whether it works: no names of
 * hosts, instances, channels or people who watch.
 *
 * Pure. All text of strangers passes through markup.h.
 */
#ifndef PS_SCHEDULER_READER_PAGES_H
#define PS_SCHEDULER_READER_PAGES_H
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/library.h"

enum {
    PS_READER_FINDS = 50,      /* on the page of finds */
    PS_READER_FINDS_MAX = 200, /* with ?count= */
    PS_FEED_ENTRIES = 50,
    PS_SEARCH_RESULTS = 20,
    PS_READER_PAGE_BYTES_MAX = 1024 * 1024
};

/* What the strip above the finds says. Times in wall clock ms, 0: not known. */
struct ps_reader_fleet {
    const char *verdict; /* "ok" "warn" "bad"; NULL: not known yet */
    size_t incidents;
    int64_t last_poll_ms, next_poll_ms;
    int64_t upload_ms;          /* median from upload to message */
    int64_t probes_day, budget; /* -1: not known; budget 0: there is none */
    bool polling;               /* a cycle is running */
    bool paused;
    int64_t drafts_day, papers_day; /* found within a day */
};

struct ps_reader_view {
    struct ps_library *library;
    const struct ps_reader_fleet *fleet;
    bool is_public;
    bool loaded; /* the library was read completely once */
};

/* Adds the page of finds. filter is one that ps_library_finds takes; author and subgroup are shown.
 */
void ps_reader_finds(const struct ps_reader_view *view, const struct ps_find_filter *filter,
                     size_t count, struct ps_buf *out_html);
/* Adds the page of results; query may be NULL. */
void ps_reader_search(const struct ps_reader_view *view, const char *query,
                      struct ps_buf *out_html);
/* Gives {"query","total","results":[{"key","title","authors","subgroup","name","url","date",
 * "found_at"}]} with at most max results; /api/search and the command `search` print it. */
cJSON *ps_reader_search_json(struct ps_library *library, const char *query, size_t max) PS_MUST_USE;

/* What PostgreSQL and the planner know of one number; zeroed: nothing is known. */
enum { PS_READER_PROBES = 12, PS_READER_ASKS = 16 };
struct ps_reader_notified {
    const char *name; /* document: P2300R10, or a draft's id D2300R11 */
    int64_t people, channels, waiting;
    int64_t first_ms, last_ms;
};
struct ps_reader_probe {
    const char *file, *outcome, *category; /* category NULL for none */
    int64_t status, at_ms;
};
struct ps_reader_ask {
    char file[PS_PAPER_ID_TEXT + 16];
    double rate; /* drafts expected a day under this name */
    int64_t last_ms, next_ms;
};
struct ps_reader_facts {
    const char *trouble; /* why the following is not known; NULL: it is */
    const struct ps_reader_notified *notified;
    size_t notified_len;
    const struct ps_reader_probe *probes;
    size_t probes_len;
    const struct ps_reader_ask *asks;
    size_t asks_len;
    const char *why; /* it is asked for as often as it is; NULL: not known */
};
/* Adds the page of a number. */
void ps_reader_paper(const struct ps_reader_view *view, const struct ps_library_group *group,
                     const struct ps_reader_facts *facts, struct ps_buf *out_html);
/* Adds a page that says that there is nothing, for a 404. what is shown. */
void ps_reader_missing(const struct ps_reader_view *view, const char *what,
                       struct ps_buf *out_html);

/* Adds an Atom feed of the finds that filter passes. Ids are tag: URIs (RFC 4151) made of a
 * document's name, so that they are always the same on every instance. self is the path and query
 * of the feed. Returns when it changed last (wall clock ms), 0 for an empty feed. */
int64_t ps_reader_feed(struct ps_library *library, const struct ps_find_filter *filter,
                       const char *self, struct ps_buf *out_xml);

#endif
