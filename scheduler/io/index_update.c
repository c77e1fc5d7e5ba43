#include "scheduler/io/index_update.h"

#include "scheduler/core/index_diff.h"
#include "scheduler/core/index_match.h"
#include "scheduler/core/webhook_rows.h"
#include "scheduler/io/cycle_trace.h"
#include "scheduler/io/index_fetch.h"
#include "scheduler/io/leader_writer.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOGGED_MAX = 100 /* of each event */, TRACE_TEXT = 32, MATCH_SLICE_MS = 5 };
enum { VERSION = 1, REFUSED = 1 }; /* statement of the transaction after the fence */

/* The validators of a downloaded list, for the next conditional GET; owned; NULL: none. */
struct validators {
    char *etag, *modified;
};

/* The download of the index. */
struct download {
    struct ps_paper_index
        *fresh; /* the downloaded index, with open-std.org's papers; NULL: nothing new */
    struct ps_paper_index *next; /* the copy in memory after the commit; NULL: as before */
    struct validators validators;
    bool seen;             /* the index was read, or is unchanged */
    bool failed;           /* it was not read, or was refused */
    struct ps_err failure; /* why */
};

/* The year's page of open-std.org, across polls. */
struct open_std {
    struct ps_index_fetch *fetch;
    int year;
    struct validators stored, next; /* of the page whose papers are stored; of the page read now */
    bool read;                      /* in this poll */
    struct ps_paper_index *listed;  /* its papers, until they are compared; NULL: none */
    size_t papers;                  /* most that the year's page had */
    struct ps_open_std_counts lost; /* of the incomplete page that was reported last */
};

/* The difference, while it is being matched and stored. */
struct difference {
    struct ps_index_diff papers;
    size_t matched; /* the entries as they are now: first the added ones, then the updated ones */
    bool matching;
    struct ps_outbox_rows rows; /* outbox rows that they cause */
    size_t added_at; /* index of the statement that returns the rows added to the outbox; 0: none */
};

struct ps_index_update {
    struct ps_index_update_options options;
    struct ps_leadership *leadership;
    struct ps_leader_writer *writer;
    struct ps_index_fetch *fetch;
    int64_t cycle, started_ms; /* of the poll; cycle 0: no poll */
    struct download download;
    struct open_std open_std;
    struct difference difference;
};

/* The steps, in this order. */
static void on_fetched(void *cookie, struct ps_paper_index *index, const char *etag,
                       const char *modified, const struct ps_err *err);
static void refuse(struct ps_index_update *update, char *why);
static void fetch_open_std(struct ps_index_update *update);
static void compare(struct ps_index_update *update);
static void match(struct ps_index_update *update);
static void prepare(struct ps_index_update *update);

static void validators_clear(struct validators *validators)
{
    free(validators->etag);
    free(validators->modified);
    *validators = (struct validators){ 0 };
}

static void forget_download(struct download *download)
{
    ps_paper_index_destroy(download->fresh);
    ps_paper_index_destroy(download->next);
    download->fresh = download->next = NULL;
    validators_clear(&download->validators);
}

/* Whether a finished download still belongs to this poll: the lease may have ended meanwhile. */
static bool is_running(const struct ps_index_update *update)
{
    return update->cycle != 0 && ps_leader_writer_leads(update->writer);
}

static void finish(struct ps_index_update *update)
{
    ps_index_update_cancel(update);
    update->options.done(update->options.cookie);
}

void ps_index_update_start(struct ps_index_update *update, int64_t cycle, int64_t started_ms)
{
    const struct ps_leadership *leadership = update->leadership;

    (void)ps_leader_writer_start(update->writer);
    update->cycle = cycle;
    update->started_ms = started_ms;
    update->download.failed = update->download.seen = update->open_std.read = false;
    validators_clear(&update->open_std.next);
    if (leadership->daemon->config->enable_bulk_wg21)
        ps_index_fetch_start(update->fetch, leadership->daemon->config->wg21_index_url,
                             leadership->etag, leadership->modified, on_fetched, update);
    else
        fetch_open_std(update);
}

/* Step 1: download the index, and judge it. */

static void on_fetched(void *cookie, struct ps_paper_index *index, const char *etag,
                       const char *modified, const struct ps_err *err)
{
    struct ps_index_update *update = cookie;
    const struct ps_leadership *leadership = update->leadership;
    struct download *download = &update->download;
    char *why = NULL;

    if (!is_running(update)) {
        ps_paper_index_destroy(index);
        return;
    }
    if (err != NULL && leadership->index_fetched_ms == 0) {
        ps_index_update_cancel(update);
        update->options.unavailable(update->options.cookie, err);
        return;
    }
    download->failed = err != NULL;
    download->seen = err == NULL;
    if (err != NULL) {
        download->failure = *err;
        if (err->code == PS_INDEX_TOO_BIG)
            why = ps_alloc_text(err->what);
    } else {
        download->fresh = index;
        /* A 304 need not repeat the validators of the request. */
        download->validators.etag =
            ps_alloc_text(index == NULL && etag == NULL ? leadership->etag : etag);
        download->validators.modified =
            ps_alloc_text(index == NULL && modified == NULL ? leadership->modified : modified);
        if (index != NULL)
            why = ps_paper_index_implausible(leadership->index, index);
    }
    if (why != NULL)
        refuse(update, why);
    else
        fetch_open_std(update);
}

/* The stored copy stays, and the poll goes on with it, unless an operator wants this index
 * (accept-index). */
static void on_refused(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_index_update *update = cookie;
    struct download *download = &update->download;

    if (!download->failed && !ps_pg_bool(rows, REFUSED, 0, PS_SQL_INDEX_REFUSE_ACCEPTED)) {
        forget_download(download);
        download->seen = false;
        download->failed = true;
    }
    fetch_open_std(update);
}

/* Takes why. */
static void refuse(struct ps_index_update *update, char *why)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin(update->writer);

    PS_LOG(INDEX_REFUSED, F_TEXT("why", why));
    (void)ps_fail(&update->download.failure, PS_FAILURE_UNKNOWN, 0, "the index was refused: %s",
                  why);
    ps_sql_index_refuse(batch, why);
    ps_leader_writer_run(update->writer, batch, "that the index was refused was not stored",
                         on_refused);
    free(why);
}

/* Step 2: download the page of open-std.org, which often has a paper days before the index. */

/* Whether the page is incomplete; then *out_lost names what it lacks. */
static bool is_incomplete(const struct open_std *page, const struct ps_open_std_counts *counts,
                          struct ps_err *out_lost)
{
    const char *why;

    if (!ps_open_std_page_lost(counts, page->papers, &why))
        return false;
    (void)ps_fail(out_lost, PS_FAILURE_UNKNOWN, 0,
                  "%s: %zu of %zu rows read, %zu papers (%zu before), %zu tables without an end",
                  why, counts->rows_read, counts->rows_written, counts->papers, page->papers,
                  counts->tables_open);
    return true;
}

/* Reports an incomplete page, once for each state of it. Papers that the page had before are kept;
 * papers that it lost are missing until the index has them. lost: NULL if the page is whole. */
static bool is_newly_incomplete(struct ps_index_update *update,
                                const struct ps_open_std_counts *counts, const struct ps_err *lost)
{
    struct open_std *page = &update->open_std;

    if (lost == NULL) {
        page->lost = (struct ps_open_std_counts){ 0 };
        return false;
    }
    if (memcmp(&page->lost, counts, sizeof(*counts)) == 0)
        return false;
    page->lost = *counts;
    PS_LOG(OPENSTD_ROWS_LOST, F_INT("rows_written", counts->rows_written),
           F_INT("rows_read", counts->rows_read), F_INT("papers", counts->papers),
           F_INT("papers_before", page->papers), F_INT("tables_open", counts->tables_open),
           F_ERR(lost));
    ps_failure_log_add(update->leadership->daemon->failures,
                       ps_event_name(PS_EVENT_OPENSTD_ROWS_LOST), lost, NULL, 0);
    return true;
}

static void on_page_stored(void *cookie, const struct ps_pg_rows *rows)
{
    (void)rows;
    compare(cookie);
}

static void on_open_std(void *cookie, struct ps_paper_index *papers, const char *etag,
                        const char *modified, const struct ps_err *err)
{
    struct ps_index_update *update = cookie;
    struct open_std *page = &update->open_std;

    if (is_running(update)) {
        if (err != NULL) {
            if (!ps_open_std_page_is_early(err->code, (int32_t)(update->started_ms / PS_DAY_MS)))
                ps_leadership_failed(update->leadership, PS_EVENT_LISTING_ERROR,
                                     "the page of open-std.org was not read", err);
        } else if (papers != NULL) {
            const struct ps_open_std_counts *counts = ps_index_fetch_counts(page->fetch);
            struct ps_pg_batch *batch;
            struct ps_err lost;
            bool incomplete = is_incomplete(page, counts, &lost);

            /* A truncated page is downloaded in full again, even if the server says that it has not
             * changed. */
            if (!is_newly_incomplete(update, counts, incomplete ? &lost : NULL)) {
                page->next.etag = ps_alloc_text(etag);
                page->next.modified = ps_alloc_text(modified);
            }
            if (counts->papers > page->papers)
                page->papers = counts->papers;
            page->read = true;
            ps_paper_index_destroy(page->listed);
            page->listed = papers;
            /* The incident openstd_rows_lost is derived from stored state, so a new leader neither
             * ends it nor reports it again. */
            batch = ps_leader_writer_begin_meta(update->writer);
            ps_sql_open_std_seen(batch, incomplete ? lost.what : NULL, page->year,
                                 (int64_t)page->papers);
            ps_leader_writer_run(update->writer, batch,
                                 "what the page of open-std.org lacks was not stored",
                                 on_page_stored);
            return;
        }
        compare(update);
    }
    ps_paper_index_destroy(papers);
}

static void fetch_open_std(struct ps_index_update *update)
{
    const struct ps_leadership *leadership = update->leadership;
    const struct ps_config *config = leadership->daemon->config;
    struct open_std *page = &update->open_std;
    char today[PS_UTC_TIME_TEXT];
    char *url;
    int year;

    if (!config->enable_bulk_openstd) {
        compare(update);
        return;
    }
    ps_utc_time_format_date((int32_t)(update->started_ms / PS_DAY_MS), today);
    url = ps_alloc_format("%s%.4s/", config->openstd_url, today);
    year = (int)strtol(today, NULL, 10);
    if (year != page->year) {
        validators_clear(&page->stored);
        page->papers = 0;
    }
    page->year = year;
    if (leadership->open_std_year == year && leadership->open_std_papers > page->papers)
        page->papers = leadership->open_std_papers;
    ps_index_fetch_start(page->fetch, url, page->stored.etag, page->stored.modified, on_open_std,
                         update);
    free(url);
}

/* Every paper of the page is stored, so the next request may carry the validators of this page. */
static void keep_page(struct open_std *page)
{
    if (!page->read)
        return;
    validators_clear(&page->stored);
    page->stored = page->next;
    page->next = (struct validators){ 0 };
    page->read = false;
}

/* Step 3: compare with the copy in memory. */

/* The poll goes on with the stored copy. One download that failed does not make it stale. */
static void report_failure(const struct ps_index_update *update)
{
    const struct ps_leadership *leadership = update->leadership;
    int64_t age_ms = ps_clock_wall_ms() - leadership->index_fetched_ms;
    bool stale = (double)age_ms >= leadership->daemon->config->cache_ttl_hours * 3600000 &&
                 age_ms > 2 * update->options.interval_ms;

    PS_LOG(INDEX_STALE_FALLBACK, F_INT("age_seconds", age_ms / 1000), F_BOOL("stale", stale),
           F_INT("papers", ps_paper_index_len(leadership->index)),
           F_ERR(&update->download.failure));
    ps_failure_log_add(leadership->daemon->failures, ps_event_name(PS_EVENT_INDEX_STALE_FALLBACK),
                       &update->download.failure, NULL, 0);
}

/* The comparison reads 100,000 entries and sorts those that differ, so it is a job beside the loop.
 * The job owns everything that it reads. */
struct comparison {
    struct ps_paper_index *before, *fresh, *listed; /* fresh, listed: NULL for none */
    struct ps_paper_index *next;                    /* the result, with fresh and diff */
    struct ps_index_diff diff;
};

/* The index decides what a paper's entry is; the page only adds papers that the index lacks. */
static void add_page(struct comparison *comparison)
{
    struct ps_paper_index *more = ps_paper_index_create();
    struct ps_paper_index *joined;

    for (size_t i = 0; i < ps_paper_index_len(comparison->listed); i++) {
        const struct ps_paper *paper = ps_paper_index_at(comparison->listed, i);

        if (ps_paper_index_find(comparison->before, paper->id) == NULL &&
            (comparison->fresh == NULL ||
             ps_paper_index_find(comparison->fresh, paper->id) == NULL))
            (void)ps_paper_index_add(more, paper->id, paper);
    }
    ps_paper_index_finish(more);
    if (ps_paper_index_len(more) == 0) {
        ps_paper_index_destroy(more);
        return;
    }
    if (comparison->fresh == NULL) {
        comparison->fresh = more;
        return;
    }
    joined = ps_paper_index_join(more, comparison->fresh);
    ps_paper_index_destroy(more);
    ps_paper_index_destroy(comparison->fresh);
    comparison->fresh = joined;
}

static void work_compare(void *job)
{
    struct comparison *comparison = job;

    if (comparison->listed != NULL)
        add_page(comparison);
    if (comparison->fresh == NULL)
        return;
    ps_index_diff_make(comparison->before, comparison->fresh, &comparison->diff);
    comparison->next = ps_paper_index_join(comparison->before, comparison->fresh);
}

static void comparison_destroy(void *job)
{
    struct comparison *comparison = job;

    ps_paper_index_destroy(comparison->before);
    ps_paper_index_destroy(comparison->fresh);
    ps_paper_index_destroy(comparison->listed);
    ps_paper_index_destroy(comparison->next);
    ps_index_diff_clear(&comparison->diff);
    free(comparison);
}

static void on_compared(void *cookie, void *job)
{
    struct ps_index_update *update = cookie;
    struct comparison *comparison = job;
    struct download *download = &update->download;

    download->fresh = comparison->fresh;
    comparison->fresh = NULL;
    if (download->fresh != NULL)
        download->next =
            comparison->next == NULL ? ps_paper_index_share(download->fresh) : comparison->next;
    comparison->next = NULL;
    update->difference.papers = comparison->diff;
    comparison->diff = (struct ps_index_diff){ 0 };
    if (!download->seen && download->fresh == NULL) {
        keep_page(&update->open_std);
        finish(update);
        return;
    }
    update->difference.matched = 0;
    match(update);
}

static void compare(struct ps_index_update *update)
{
    static const struct ps_leader_work work = { work_compare, on_compared, comparison_destroy };
    struct comparison *comparison = ps_alloc_zero(1, sizeof(*comparison));

    if (update->download.failed)
        report_failure(update);
    *comparison = (struct comparison){ .before = ps_paper_index_share(update->leadership->index),
                                       .fresh = update->download.fresh,
                                       .listed = update->open_std.listed };
    update->download.fresh = update->open_std.listed = NULL;
    ps_leader_writer_work(update->writer, &work, comparison);
}

/* Step 4: match the difference with the watchlists, some milliseconds in each turn of the loop. To
 * match all patterns of all people with a whole index takes long. */

struct paper_match {
    const struct ps_paper *paper;
    const char *changes; /* fields of the entry that differ; NULL: it is new */
    struct ps_outbox_rows *rows;
};

static void on_match(void *cookie, const char *user, const char *reason, enum ps_watch_kind by)
{
    const struct paper_match *match = cookie;
    struct ps_outbox_row *row = ps_outbox_rows_next(match->rows, NULL);

    if (match->changes == NULL)
        ps_notification_watch_paper(match->paper, user, reason, by, row);
    else
        ps_notification_watch_changed(
            &(struct ps_paper_change){ .paper = match->paper, .fields = match->changes }, user,
            reason, by, row);
}

/* A new paper, and the draft that it was before; NULL if no such draft was found. */
struct transition {
    const struct ps_paper *paper;
    const char *draft_url;
    struct ps_outbox_rows *rows;
};

static void on_webhook(void *cookie, const char *channel, enum ps_message_kind kind)
{
    const struct transition *transition = cookie;
    struct ps_outbox_row *row = ps_outbox_rows_next(transition->rows, NULL);

    if (kind == PS_MESSAGE_DP_TRANSITION)
        ps_notification_transition(transition->paper, transition->draft_url, channel, row);
    else
        ps_notification_new_paper(transition->paper, channel, row);
    ps_webhook_row_key(row);
}

/* The URL of the draft that became this paper; NULL if none was found. */
static const char *draft_of(const struct ps_leadership *leadership, const struct ps_paper *paper)
{
    struct ps_paper_id draft = paper->parsed;
    char draft_id[PS_PAPER_ID_TEXT];

    if (paper->parsed.kind != PS_PAPER_P)
        return NULL;
    draft.kind = PS_PAPER_D;
    draft.prefix[0] = 'D';
    ps_paper_id_format(&draft, draft_id);
    return ps_url_set_draft(leadership->discovered, draft_id);
}

/* Each channel and webhook gets one message about a new paper: "draft became paper" if it wants
 * those, otherwise "new paper". */
static void announce_paper(const struct ps_leadership *leadership, const struct ps_paper *paper,
                           struct ps_outbox_rows *rows)
{
    const struct ps_config *config = leadership->daemon->config;
    const char *channel = config->notification_channel, *url = draft_of(leadership, paper);

    if (channel[0] != '\0' && url != NULL && config->notify_on_dp_transition)
        ps_notification_transition(paper, url, channel, ps_outbox_rows_next(rows, NULL));
    else if (channel[0] != '\0' && config->notify_on_new_paper)
        ps_notification_new_paper(paper, channel, ps_outbox_rows_next(rows, NULL));
    ps_webhook_rows(config,
                    &(struct ps_webhook_facts){ .kind = url != NULL ? PS_MESSAGE_DP_TRANSITION
                                                                    : PS_MESSAGE_NEW_PAPER,
                                                .authors = paper->author,
                                                .subgroup = paper->subgroup },
                    PS_MESSAGE_NEW_PAPER, on_webhook,
                    &(struct transition){ .paper = paper, .draft_url = url, .rows = rows });
}

static void match_changed(struct ps_index_update *update, const struct ps_paper *paper)
{
    const struct ps_leadership *leadership = update->leadership;
    const struct ps_paper *before = ps_paper_index_find(leadership->index, paper->id);
    char changes[PS_INDEX_CHANGES_TEXT];
    struct paper_match match = { .paper = paper,
                                 .changes = changes,
                                 .rows = &update->difference.rows };

    ps_index_changes(before, paper, changes);
    ps_index_match_changed(leadership->watch, before, paper, on_match, &match);
}

static void match(struct ps_index_update *update)
{
    struct difference *difference = &update->difference;
    const struct ps_index_diff *papers = &difference->papers;
    bool first = ps_paper_index_len(update->leadership->index) == 0; /* news to nobody */
    size_t count = first ? 0 : papers->added_len + papers->updated_len;
    int64_t began_ms = ps_clock_mono_ms();

    difference->rows.trace = ps_cycle_trace(update->leadership, update->cycle, update->started_ms);
    for (; difference->matched < count; difference->matched++) {
        const struct ps_paper *paper;

        if (ps_clock_mono_ms() - began_ms >= MATCH_SLICE_MS) {
            difference->matching = true;
            ps_leader_writer_wait(update->writer, 0);
            return;
        }
        if (difference->matched >= papers->added_len) {
            match_changed(update, papers->updated[difference->matched - papers->added_len]);
            continue;
        }
        paper = papers->added[difference->matched];
        announce_paper(update->leadership, paper, &difference->rows);
        ps_index_match_added(update->leadership->watch, paper, on_match,
                             &(struct paper_match){ .paper = paper, .rows = &difference->rows });
    }
    difference->matching = false;
    prepare(update);
}

static void on_turn(void *cookie)
{
    struct ps_index_update *update = cookie;

    if (update->difference.matching)
        match(update);
}

/* Step 5: store the difference and what it causes, then change the copy in memory. */

static void log_papers(const struct ps_index_update *update, enum ps_event event)
{
    const struct ps_index_diff *diff = &update->difference.papers;
    size_t count = event == PS_EVENT_INDEX_NEW ? diff->added_len : diff->updated_len;
    char trace[TRACE_TEXT], changes[PS_INDEX_CHANGES_TEXT];

    /* The same trace as in the outbox. */
    (void)snprintf(trace, sizeof(trace), "poll:%lld", (long long)update->cycle);
    for (size_t i = 0; i < count && i < LOGGED_MAX; i++) {
        const struct ps_paper *paper =
            event == PS_EVENT_INDEX_NEW ? diff->added[i] : diff->updated[i];
        const struct ps_paper *before = ps_paper_index_find(update->leadership->index, paper->id);

        if (before == NULL) {
            PS_LOG(INDEX_NEW, F_TEXT("trace", trace), F_TEXT("paper", paper->id),
                   F_TEXT("title", paper->title));
            continue;
        }
        ps_index_changes(before, paper, changes);
        PS_LOG(INDEX_UPD, F_TEXT("trace", trace), F_TEXT("paper", paper->id),
               F_TEXT("title", paper->title), F_TEXT("changed", changes));
    }
    if (count > LOGGED_MAX)
        ps_log_write(event, (const struct ps_log_field[]){ F_INT("more", count - LOGGED_MAX) }, 1);
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_index_update *update = cookie;
    struct ps_leadership *leadership = update->leadership;
    struct download *download = &update->download;
    size_t added_at = update->difference.added_at;

    if (ps_paper_index_len(leadership->index) > 0) { /* before the copy changes */
        log_papers(update, PS_EVENT_INDEX_NEW);
        log_papers(update, PS_EVENT_INDEX_UPD);
        ps_metrics_add(leadership->daemon->metrics, PS_METRIC_PAPERS_NEW, NULL,
                       (double)update->difference.papers.added_len);
    }
    for (int i = 0; added_at > 0 && i < ps_pg_row_count(rows, added_at); i++)
        ps_leadership_log_added(rows, added_at, i);
    if (download->next != NULL) {
        ps_paper_index_destroy(leadership->index);
        leadership->index = download->next;
        download->next = NULL;
    }
    leadership->index_version = ps_pg_int(rows, VERSION, 0, PS_SQL_INDEX_SEEN_INDEX_VERSION, 0);
    keep_page(&update->open_std);
    if (download->seen) {
        free(leadership->etag);
        free(leadership->modified);
        leadership->etag = download->validators.etag;
        leadership->modified = download->validators.modified;
        download->validators = (struct validators){ 0 };
        leadership->index_fetched_ms = ps_clock_wall_ms();
    }
    ps_signals_send(leadership->daemon->signals, PS_SIGNAL_LIBRARY);
    finish(update);
}

/* Fifty thousand papers are 13 MB of JSON, and so are the messages of thousands of people: the
 * transaction is composed beside the loop. */
struct composition {
    struct ps_pg_batch *batch;
    int64_t cycle;
    struct ps_paper_index *fresh; /* holds the papers of diff; NULL for none */
    struct ps_index_diff diff;
    struct ps_outbox_rows rows;
};

static void work_compose(void *job)
{
    struct composition *composition = job;

    ps_store_add_rows(composition->batch, &composition->rows, composition->cycle);
    ps_store_add_papers(composition->batch, &composition->diff);
    ps_outbox_rows_clear(&composition->rows);
}

static void composition_destroy(void *job)
{
    struct composition *composition = job;

    ps_pg_batch_destroy(composition->batch);
    ps_outbox_rows_clear(&composition->rows);
    ps_index_diff_clear(&composition->diff);
    ps_paper_index_destroy(composition->fresh);
    free(composition);
}

static void on_composed(void *cookie, void *job)
{
    struct ps_index_update *update = cookie;
    struct composition *composition = job;
    struct ps_pg_batch *batch = composition->batch;

    update->difference.papers = composition->diff;
    composition->diff = (struct ps_index_diff){ 0 };
    composition->batch = NULL;
    ps_store_add_suspended(batch, update->leadership->watch);
    ps_leader_writer_run(update->writer, batch, "the index was not stored", on_stored);
}

static void prepare(struct ps_index_update *update)
{
    static const struct ps_leader_work work = { work_compose, on_composed, composition_destroy };
    struct composition *composition = ps_alloc_zero(1, sizeof(*composition));
    const struct download *download = &update->download;
    struct difference *difference = &update->difference;

    *composition = (struct composition){ .batch = ps_leader_writer_begin_meta(update->writer),
                                         .cycle = update->cycle,
                                         .fresh = ps_paper_index_share(download->fresh),
                                         .diff = difference->papers,
                                         .rows = difference->rows };
    ps_store_add_index_seen(composition->batch, download->seen, download->validators.etag,
                            download->validators.modified);
    difference->added_at = difference->rows.len > 0 ? VERSION + 1 : 0;
    difference->papers = (struct ps_index_diff){ 0 };
    difference->rows = (struct ps_outbox_rows){ 0 };
    ps_leader_writer_work(update->writer, &work, composition);
}

static void on_write_failed(void *cookie, const struct ps_err *err)
{
    const struct ps_index_update *update = cookie;

    update->options.write_failed(update->options.cookie, err);
}

struct ps_index_update *ps_index_update_create(const struct ps_index_update_options *options)
{
    struct ps_index_update *update = ps_alloc_zero(1, sizeof(*update));
    struct ps_daemon *daemon = options->leadership->daemon;

    update->options = *options;
    update->leadership = options->leadership;
    update->fetch = ps_index_fetch_create(daemon, PS_INDEX_WG21);
    update->open_std.fetch = ps_index_fetch_create(daemon, PS_INDEX_OPENSTD);
    update->writer = ps_leader_writer_create(
        &(struct ps_leader_writer_options){ .leadership = options->leadership,
                                            .cookie = update,
                                            .event = PS_EVENT_POLL_ERROR,
                                            .step = on_turn,
                                            .on_failed = on_write_failed,
                                            .mirrors = true });
    return update;
}

void ps_index_update_destroy(struct ps_index_update *update)
{
    if (update == NULL)
        return;
    ps_index_update_cancel(update);
    ps_index_fetch_destroy(update->fetch);
    ps_index_fetch_destroy(update->open_std.fetch);
    validators_clear(&update->open_std.stored);
    ps_leader_writer_destroy(update->writer);
    free(update);
}

void ps_index_update_cancel(struct ps_index_update *update)
{
    struct difference *difference = &update->difference;

    ps_leader_writer_stop(update->writer);
    update->cycle = 0;
    ps_index_fetch_cancel(update->fetch);
    ps_index_fetch_cancel(update->open_std.fetch);
    forget_download(&update->download);
    validators_clear(&update->open_std.next);
    ps_paper_index_destroy(update->open_std.listed);
    update->open_std.listed = NULL;
    ps_index_diff_clear(&difference->papers);
    ps_outbox_rows_clear(&difference->rows);
    *difference = (struct difference){ .matched = 0 };
}

bool ps_index_update_busy(const struct ps_index_update *update)
{
    return ps_leader_writer_busy(update->writer);
}
