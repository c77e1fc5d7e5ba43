/* Imports the five tables of the Python service: reads them as they are and adds what is missing to
 * the tables of this project. The command import-legacy (deploy/MIGRATE.md) runs the batches; it
 * may run again, because existing rows stay as they are. */
#ifndef PS_SCHEDULER_LEGACY_IMPORT_H
#define PS_SCHEDULER_LEGACY_IMPORT_H
#include "scheduler/core/paper_index.h"
#include "shared/core/watch_rule.h"
#include "shared/io/pg.h"

#include <stddef.h>

enum ps_legacy_table {
    PS_LEGACY_PAPERS,     /* paper_cache: the index as downloaded last */
    PS_LEGACY_DISCOVERED, /* discovered_urls */
    PS_LEGACY_MISSES,     /* probe_miss_counts: nothing ever read it, and we have no use for it */
    PS_LEGACY_POLL,       /* poll_state: when it polled last */
    PS_LEGACY_WATCH,      /* user_watchlist */
    PS_LEGACY_TABLES
};
extern const char *const ps_legacy_names[PS_LEGACY_TABLES];

/* Statement 0: one row, whether each table is there. */
struct ps_pg_batch *ps_legacy_look(void) PS_MUST_USE;
/* One statement a table, in the order above; a table that is not there (present) answers no rows.
   papers: data as text, written_at. discovered: url, last_modified as an HTTP date or NULL,
   discovered_at. misses: count. poll: last_poll. watch: user, entry, created_at. Times in ms. */
struct ps_pg_batch *ps_legacy_read(const bool present[PS_LEGACY_TABLES]) PS_MUST_USE;

struct ps_legacy_draft {
    char *url; /* owned, as ours */
    char id[PS_PAPER_ID_TEXT];
    const char *last_modified; /* borrowed; NULL for none */
    int64_t discovered_ms;
};

struct ps_legacy_watch {
    const char *user; /* borrowed */
    struct ps_watch_rule rule;
    int64_t created_ms;
};

struct ps_legacy_state {
    const struct ps_paper_index *index; /* NULL for none */
    int64_t index_ms;                   /* when it was downloaded */
    int64_t last_poll_ms;               /* 0: unknown */
    const struct ps_legacy_draft *drafts;
    size_t draft_count;
    const struct ps_legacy_watch *watches;
    size_t watch_count;
};

/* Statements of the transaction that adds what we do not have yet; the affected rows of each. What
   we have stays as it is. When papers or drafts came, a leader at work is fenced, so that the next
   one reads them. */
enum {
    PS_LEGACY_ADD_VERSION,
    PS_LEGACY_ADD_PAPERS,
    PS_LEGACY_ADD_DRAFTS,
    PS_LEGACY_ADD_WATCH,       /* numbers, papers, authors */
    PS_LEGACY_ADD_WATCH_RULES, /* subgroups, patterns */
    PS_LEGACY_ADD_META,
    PS_LEGACY_ADD_FENCE
};
/* Gives that transaction as a batch; it copies the texts of state. */
struct ps_pg_batch *ps_legacy_add(const struct ps_legacy_state *state) PS_MUST_USE;

#endif
