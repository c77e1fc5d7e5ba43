/* The scheduler's transactions as batches. Builds them, and reads their rows; leader_writer.h and
 * io/pg.h run them.
 *
 * Every transaction of a leader begins with the fence (guarantee 2). A statement is a file in
 * scheduler/sql, whose header names its parameters and columns; embedded/scheduler_sql.h has a
 * function for each. The functions here are for what takes more than one statement, or JSON made of
 * our structs. */
#ifndef PS_SCHEDULER_STORE_H
#define PS_SCHEDULER_STORE_H
#include "embedded/scheduler_sql.h"
#include "scheduler/core/adaptive_plan.h"
#include "scheduler/core/cycle.h"
#include "scheduler/core/draft_changes.h"
#include "scheduler/core/index_diff.h"
#include "scheduler/core/watch_match.h"
#include "scheduler/io/outbox_rows.h"
#include "shared/io/pg.h"

#include <stddef.h>
#include <stdint.h>

struct ps_rows_json;

enum {
    PS_STORE_CYCLES_KEPT = 10000, /* a month of polls every five minutes */
    PS_STORE_PROBES_KEPT = 48,    /* cycles: a day of the classic planner's */
    PS_STORE_PROBES_KEPT_ADAPTIVE = 288
};

/* Gives a batch whose statement 0 is the fence. Only leader_writer.h calls them. */
struct ps_pg_batch *ps_store_begin(int64_t epoch) PS_MUST_USE;
/* For a transaction that changes meta (index_seen, open_std_seen, poll_done, generation_next,
 * poll_begun). */
struct ps_pg_batch *ps_store_begin_meta(int64_t epoch) PS_MUST_USE;

/* Statements of a load after the fence: all that a new leader reads. */
enum {
    PS_STORE_LOAD_META = 1, /* meta_load.sql */
    PS_STORE_LOAD_PAPERS,   /* papers_load.sql */
    PS_STORE_LOAD_URLS,     /* drafts_load.sql */
    PS_STORE_LOAD_WATCH,    /* watch_read.sql */
    PS_STORE_LOAD_CYCLE,    /* cycle_running.sql */
    PS_STORE_LOAD_PROBES,   /* probes_running.sql */
    PS_STORE_LOAD_CONTROLS, /* controls_running.sql */
    PS_STORE_LOAD_ASKED,    /* probe_times_load.sql */
};
/* known: the version of the index that the caller holds, or PS_STORE_NO_INDEX; only entries that
 * are newer are read. */
enum { PS_STORE_NO_INDEX = -1 };
void ps_store_add_load(struct ps_pg_batch *batch, int64_t known);
/* Gives a batch with the same statements for a reader that does not lead. */
struct ps_pg_batch *ps_store_peek(void) PS_MUST_USE;
/* The same, with only the papers that are newer than version known. */
struct ps_pg_batch *ps_store_peek_since(int64_t known) PS_MUST_USE;
/* Gives a batch with META and PAPERS only, for a standby. */
struct ps_pg_batch *ps_store_warm(int64_t known) PS_MUST_USE;
/* Gives the index as it was read: before (NULL: none), which has the version known, with what is
 * newer. NULL if nothing is newer. */
struct ps_paper_index *ps_store_read_index(const struct ps_pg_rows *rows,
                                           const struct ps_paper_index *before, int64_t known,
                                           int64_t *out_version) PS_MUST_USE;
/* Gives the running cycle; NULL if none runs. */
struct ps_cycle *ps_store_read_run(const struct ps_pg_rows *rows) PS_MUST_USE;
/* Gives the drafts found, each with the moment since which the site has had it. */
struct ps_url_set *ps_store_read_discovered(const struct ps_pg_rows *rows) PS_MUST_USE;
/* Returns that moment: the discovery, or the Last-Modified if it is earlier. */
int64_t ps_store_there_since(int64_t discovered_ms, const char *last_modified);
struct ps_probe_times *ps_store_read_asked(const struct ps_pg_rows *rows,
                                           const struct ps_config *config) PS_MUST_USE;
/* Gives the watchlists that watch_read answered as this statement. */
struct ps_watchlists *ps_store_read_watch(const struct ps_pg_rows *rows,
                                          size_t statement) PS_MUST_USE;

/* Adds one watch_suspend for each pattern that lists suspended. */
void ps_store_add_suspended(struct ps_pg_batch *batch, const struct ps_watchlists *lists);
/* Adds outbox_add with rows; nothing if there are none. cycle: that the rows without a task wait
 * for; 0: none. */
void ps_store_add_rows(struct ps_pg_batch *batch, const struct ps_outbox_rows *rows, int64_t cycle);

/* Adds paper as an object to json, as papers_store takes it. */
void ps_store_row_paper(struct ps_rows_json *json, const struct ps_paper *paper);
/* Adds papers_store with the papers of diff; nothing if there are none. */
void ps_store_add_papers(struct ps_pg_batch *batch, const struct ps_index_diff *diff);
/* Adds index_seen, or index_grown if seen is false. Comes before the papers of the new version. */
void ps_store_add_index_seen(struct ps_pg_batch *batch, bool seen, const char *etag,
                             const char *modified);

/* Adds what opens the cycle of run: the cycle, its controls and its probes. */
void ps_store_add_cycle(struct ps_pg_batch *batch, int64_t epoch, const struct ps_cycle *run);
/* Adds a cycle that could not be run, and counts the poll. */
void ps_store_add_failed_cycle(struct ps_pg_batch *batch, int64_t epoch, int64_t cycle,
                               int64_t started_ms, const char *error);
/* Adds cycle_settings; comes after the cycle. */
void ps_store_add_settings(struct ps_pg_batch *batch, int64_t cycle,
                           const struct ps_config *config);

/* Add results_settle, drafts_add, and controls_settle with drafts_confirm (two statements). */
void ps_store_add_results(struct ps_pg_batch *batch, const struct ps_result *results, size_t count);
void ps_store_add_discovered(struct ps_pg_batch *batch, const struct ps_result *results,
                             size_t count);
void ps_store_add_controls(struct ps_pg_batch *batch, const struct ps_result *results,
                           size_t count);

/* A draft that was probed again. */
struct ps_looked {
    const char *url;
    enum ps_draft_change what;
    struct ps_draft_state state; /* to be stored */
};
/* Adds drafts_recheck. */
void ps_store_add_looked(struct ps_pg_batch *batch, const struct ps_looked *looked, size_t count);

struct ps_store_end {
    enum ps_cycle_status status;
    const char *summary; /* JSON */
    const char *error;   /* a word for programs; NULL unless it failed */
    const char *cause;   /* the same for people; NULL unless it failed */
    bool disbelieved;    /* its hits are neither kept nor announced */
    int64_t probes_kept; /* cycles whose probes stay in the ledger */
};
/* Adds probe_times_store, and now and then probe_times_sweep. Comes before the close. */
void ps_store_add_asked(struct ps_pg_batch *batch, int64_t cycle);
/* Adds what closes the cycle of run: its end, the take-back of its finds if it is disbelieved, the
 * count of polls, and the pruning. */
void ps_store_add_close(struct ps_pg_batch *batch, const struct ps_cycle *run,
                        const struct ps_store_end *end);

/* Gives what status and health show, read without a fence: overview.sql, overview_cycles.sql with
 * so many cycles, and wishes_read.sql. */
enum { PS_STORE_OVERVIEW, PS_STORE_OVERVIEW_CYCLES, PS_STORE_OVERVIEW_WISHES };
struct ps_pg_batch *ps_store_overview(int cycles) PS_MUST_USE;

/* Gives what the status page shows besides, read without a fence and by indexes alone. Statements:
 * page_cycle.sql, page_day.sql, page_drafts.sql, page_papers.sql, page_delay.sql. known: the newest
 * closed cycle that the caller has; latest: most drafts, and papers. */
enum {
    PS_STORE_PAGE_CYCLE,
    PS_STORE_PAGE_DAY,
    PS_STORE_PAGE_DRAFTS,
    PS_STORE_PAGE_PAPERS,
    PS_STORE_PAGE_DELAY
};
struct ps_pg_batch *ps_store_page(int64_t known, int latest) PS_MUST_USE;

#endif
