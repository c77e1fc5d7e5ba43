/* The scheduler's transactions as batches: every write begins with the fence (promise 2). Builds
 * them; io/pg.h runs them. */
#ifndef PS_SCHEDULER_STORE_H
#define PS_SCHEDULER_STORE_H
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

/* A batch that begins with the fence: statement 0. */
struct ps_pg_batch *ps_store_begin(int64_t epoch) PS_MUST_USE;
/* The same for a transaction that changes meta (index_seen, close, failed_cycle, rebuild): it takes
 * the row's lock for writing at once. Two transactions that share the lock first and want to write
 * then would wait for each other until PostgreSQL ends one (40P01). */
struct ps_pg_batch *ps_store_begin_meta(int64_t epoch) PS_MUST_USE;

/* All that a new leader reads. Statements: */
enum {
    PS_STORE_LOAD_META = 1, /* generation, last cycle number, its started, finished (ms), last good
                               poll (ms), etag, modified, fetched (ms), poll count, Redis' run id,
                               index version */
    PS_STORE_LOAD_PAPERS,   /* id type title author date subgroup link long_link status */
    PS_STORE_LOAD_URLS,     /* url, discovered (ms), last_modified */
    PS_STORE_LOAD_WATCH,    /* user, kind, value, watched, quiet, snooze: the view watched */
    PS_STORE_LOAD_CYCLE,    /* number silent planned hot cold skipped_discovered skipped_in_index
                               started (ms) deadline (ms) hot_done; no row: none runs */
    PS_STORE_LOAD_PROBES,   /* url tier prefix number revision ext outcome (NULL: open), by position
                             */
    PS_STORE_LOAD_CONTROLS, /* url kind outcome (NULL: open) */
    PS_STORE_LOAD_ASKED,    /* prefix number revision ext asked (ms), of the adaptive planner */
};
/* known: version of the index that the caller holds; only papers that are newer are read. */
enum { PS_STORE_NO_INDEX = -1 };
void ps_store_add_load(struct ps_pg_batch *batch, int64_t known);
/* The same for who does not lead: statement 0 is no fence. */
struct ps_pg_batch *ps_store_peek(void) PS_MUST_USE;
/* The same, with only the papers that are newer than version known. */
struct ps_pg_batch *ps_store_peek_since(int64_t known) PS_MUST_USE;
/* For who may lead one day: of the statements above META and PAPERS only. */
struct ps_pg_batch *ps_store_warm(int64_t known) PS_MUST_USE;
/* Brings *index, NULL for none, from version *known to the one that was read. */
void ps_store_read_index(const struct ps_pg_rows *rows, struct ps_paper_index **index,
                         int64_t *known);
struct ps_cycle *
ps_store_read_run(const struct ps_pg_rows *rows) PS_MUST_USE; /* NULL when no cycle runs */

/* The drafts found, with the moment from which each was there: its discovery, or its Last-Modified
 * where that is earlier. */
struct ps_url_set *ps_store_read_discovered(const struct ps_pg_rows *rows) PS_MUST_USE;
int64_t ps_store_there_since(int64_t discovered_ms, const char *last_modified);
struct ps_probe_times *ps_store_read_asked(const struct ps_pg_rows *rows,
                                           const struct ps_config *config) PS_MUST_USE;

/* Adds rows to the outbox where their dedupe key is new; nothing when there are none. A row with a
   task is added when that task is a probe in the ledger of a cycle that is not silent, and is
   bundled when that cycle has closed. A row without is bundled when cycle has closed, or at once
   when that is 0. The statement answers what was added: kind, paper id, and the user of a watchlist
   row; of a transition also its draft's URL, when that was found (ISO 8601), its Last-Modified and
   the paper's date, which the statement adds to the row's data from table discovered. */
/* The patterns that lists suspended, and a message to the owner of each; what is stored already
 * changes nothing. The statements have no result. */
void ps_store_add_suspended(struct ps_pg_batch *batch, const struct ps_watchlists *lists);
void ps_store_add_rows(struct ps_pg_batch *batch, const struct ps_outbox_rows *rows, int64_t cycle);
/* Reads the watchlists as PS_STORE_LOAD_WATCH does. */
void ps_store_add_watch(struct ps_pg_batch *batch);
struct ps_watchlists *ps_store_read_watch(const struct ps_pg_rows *rows,
                                          size_t statement) PS_MUST_USE;
/* Upserts the papers of a diff. */
void ps_store_row_paper(struct ps_rows_json *json, const struct ps_paper *paper);
void ps_store_add_papers(struct ps_pg_batch *batch, const struct ps_index_diff *diff);
/* A new version of the index; comes before its papers. seen: it was downloaded, or is unchanged,
 * and etag and modified are what it came with; else papers come from elsewhere. Answers the
 * version. */
void ps_store_add_index_seen(struct ps_pg_batch *batch, bool seen, const char *etag,
                             const char *modified);
/* The newest download is refused, for this reason, unless an operator wants the next one whatever
 * its size: answers whether it is accepted. */
void ps_store_add_index_refused(struct ps_pg_batch *batch, const char *why);
/* The page of open-std.org of this year was read: what it lacks (NULL: it is whole), and the most
 * papers that it had. */
void ps_store_add_open_std(struct ps_pg_batch *batch, const char *lost, int year, size_t papers);
/* The next download is accepted whatever its size (without a fence). */
struct ps_pg_batch *ps_store_accept_index(void) PS_MUST_USE;
/* Reads the drafts that may be controls, those seen on the site last first, however long ago: a
 * site that has had no draft for days must not lose the evidence against it. */
void ps_store_add_confirmed(struct ps_pg_batch *batch);
/* Reads every draft, those not looked at for longest first: url. */
void ps_store_add_unchecked(struct ps_pg_batch *batch);
/* Opens run's cycle with all its probes and controls. */
void ps_store_add_cycle(struct ps_pg_batch *batch, int64_t epoch, const struct ps_cycle *run);
/* A cycle that could not be run. */
void ps_store_add_failed_cycle(struct ps_pg_batch *batch, int64_t epoch, int64_t cycle,
                               int64_t started_ms, const char *error);
/* Keeps with cycle, which is added before, the settings it is run with that people are shown
 * (0032_draft_facts.sql). */
void ps_store_add_settings(struct ps_pg_batch *batch, int64_t cycle,
                           const struct ps_config *config);
/* Settles results: statement answers rows (cycle, position, outcome) that were open until now. */
void ps_store_add_results(struct ps_pg_batch *batch, const struct ps_result *results, size_t count);
/* Stores hits whose task is in the ledger: statement answers (url, last_modified) of those that
 * were new. */
void ps_store_add_discovered(struct ps_pg_batch *batch, const struct ps_result *results,
                             size_t count);
/* Settles the controls among results: answers rows (cycle, url, outcome) that were open until now;
 * then the drafts that were seen are confirmed. Two statements. */
void ps_store_add_controls(struct ps_pg_batch *batch, const struct ps_result *results,
                           size_t count);
/* Reads the drafts that the cycle looked at again and got an answer for, by paper: */
enum {
    PS_STORE_LOOKED_URL,
    PS_STORE_LOOKED_PAPER,
    PS_STORE_LOOKED_TIER,
    PS_STORE_LOOKED_FRONT,
    PS_STORE_LOOKED_TITLE,
    PS_STORE_LOOKED_AUTHORS,
    PS_STORE_LOOKED_GONE,
    PS_STORE_LOOKED_BEFORE, /* last_modified, etag, content_length, answered (ms) */
    PS_STORE_LOOKED_OUTCOME = PS_STORE_LOOKED_BEFORE + 4,
    PS_STORE_LOOKED_NOW /* the same four */
};
void ps_store_read_looked(struct ps_pg_batch *batch, int64_t cycle);
struct ps_looked {
    const char *url;
    enum ps_draft_change what;
    struct ps_draft_state state; /* to be stored */
};
/* Stores what was seen: answers (url, what). */
void ps_store_add_looked(struct ps_pg_batch *batch, const struct ps_looked *looked, size_t count);
/* What the cycle found so far may be told. */
void ps_store_add_hot_done(struct ps_pg_batch *batch, int64_t cycle);
/* Open probes of the cycle at this position and above are not asked in it: they count as deferred.
 * Answers their positions. */
void ps_store_add_shed(struct ps_pg_batch *batch, int64_t cycle, size_t from);
/* Before closing: open probes become errors; answers (position) of those, then (outcome, count,
 * misses with 403) of all. Two statements. */
void ps_store_add_expire(struct ps_pg_batch *batch, int64_t cycle);
struct ps_store_end {
    enum ps_cycle_status status;
    const char *summary; /* JSON */
    const char *error;   /* a word for programs; NULL unless it failed */
    const char *cause;   /* the same for people; NULL unless it failed */
    bool disbelieved;    /* its hits are neither kept nor announced */
    int64_t probes_kept; /* cycles whose probes stay in the ledger */
};
/* Before the close of an adaptive cycle that is believed: what the site answered for counts as
 * asked when the cycle started. One write. */
void ps_store_add_asked(struct ps_pg_batch *batch, int64_t cycle);
void ps_store_add_close(struct ps_pg_batch *batch, const struct ps_cycle *run,
                        const struct ps_store_end *end);

/* Writes down until when somebody's snooze or digest holds rows back, of at most most rows whose
 * time has come, so that the next looks leave them out. Before ps_store_add_unbundled. */
void ps_store_add_hold(struct ps_pg_batch *batch, int most);
/* Rows that can be bundled, and that nobody's snooze or digest holds back: id, dedupe_key, kind,
 * channel, data; by channel, kind, announcement and id. At most most rows, whole or in part;
 * urgent: only those that overtake. Of a transition whose draft was announced, as style
 * (DP_TRANSITION_STYLE) wants it: the announcement's slack_ts, slack_channel, text and id. */
void ps_store_add_unbundled(struct ps_pg_batch *batch, int most, bool urgent, const char *style);
/* json: [{"id":1,"message_id":"o1","text":"…" or null}, …], on the first row of a message also
 * thread_ts, and for one that updates another: update_ts, update_channel, update_text and updates,
 * the id of its first row. Answers (message_id, trace, kind). */
void ps_store_add_bundle(struct ps_pg_batch *batch, const char *json);
/* Messages to push: message_id kind channel text thread_ts created (ms) trace update_ts
 * update_channel update_text; urgent ones first, then those to a person, by id. */
/* list_max: MQ_MAX_SIZE. The last column says whether the channel has more than its tenth of it. */
void ps_store_add_unqueued(struct ps_pg_batch *batch, int most, int64_t list_max);
/* ids: JSON array of message ids. */
void ps_store_add_queued(struct ps_pg_batch *batch, const char *ids);
/* Redis lost what it held: a new generation (answers it), and what was queued and not sent is
 * queued again. Two statements. */
void ps_store_add_rebuild(struct ps_pg_batch *batch, const char *redis_run_id); /* NULL: unknown */

/* Deletes what is older than days, at most most rows of one table; answers how many, 0 when nothing
 * is left. Outbox rows about papers and drafts lose their text only
 * (shared/sql/0050_retention.sql).
 */
void ps_store_add_retention(struct ps_pg_batch *batch, int days, int most);

/* What status and health show, read without a fence: statement 0 answers papers, discovered, outbox
   pending, last good poll (ms), poll count, index fetched (ms); statement 1 the last cycles:
   number, epoch, status, started (ms), finished (ms), planned, error, summary, cause, failures.
   After index fetched: why the newest index was refused, dead messages, age of the oldest unsent
   one (ms), median from upload to message of the last day (ms).
   Statement PS_STORE_OVERVIEW_WISHES: what an operator asked for (operator_store.h). */
enum { PS_STORE_OVERVIEW_WISHES = 2 };
struct ps_pg_batch *ps_store_overview(int cycles) PS_MUST_USE;

/* Changes nothing that matters: does PostgreSQL take writes? */
struct ps_pg_batch *ps_store_write_check(void) PS_MUST_USE;

/* What the status page shows besides, read without a fence and by indexes alone. Statements: */
enum {
    PS_STORE_PAGE_CYCLE, /* the newest: number epoch status started (ms) finished (ms) deadline (ms)
                            planned error */
    PS_STORE_PAGE_DAY,   /* closed cycles of the last day that are newer than known: number status
                            started (ms) finished (ms) summary failures */
    PS_STORE_PAGE_DRAFTS, /* the latest: url paper tier outcome last_modified title authors found
                             (ms) updated (ms) gone (ms) */
    PS_STORE_PAGE_PAPERS, /* the latest: id type title author date subgroup link seen first (ms) */
    PS_STORE_PAGE_DELAY,  /* from upload to message, drafts of the last 30 days: count median (ms)
                             p90 (ms); the times NULL for none */
};
struct ps_pg_batch *ps_store_page(int64_t known, int latest) PS_MUST_USE;

#endif
