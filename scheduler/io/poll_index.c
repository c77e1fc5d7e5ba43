#include "scheduler/core/index_match.h"
#include "scheduler/core/webhook_rows.h"
#include "scheduler/io/poll_private.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOGGED_MAX = 100 /* of each event */, TRACE_TEXT = 32, MATCH_SLICE_MS = 10 };
enum { SEEN = 1, REFUSED = 1 }; /* statement of the storing transaction after the fence */

void ps_validators_clear(struct ps_validators *validators)
{
    free(validators->etag);
    free(validators->modified);
    *validators = (struct ps_validators){ 0 };
}

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

struct transition {
    const struct ps_paper *paper;
    const char *draft_url;
    struct ps_outbox_rows *rows;
};

static void on_webhook(void *cookie, const char *channel)
{
    const struct transition *transition = cookie;
    struct ps_outbox_row *row = ps_outbox_rows_next(transition->rows, NULL);

    ps_notification_transition(transition->paper, transition->draft_url, channel, row);
    ps_webhook_row_key(row);
}

/* Whether the paper is announced in the channel as one that was a draft before. */
static bool add_transition(const struct ps_leadership *leadership, const struct ps_paper *paper,
                           struct ps_outbox_rows *rows)
{
    const struct ps_config *config = leadership->daemon->config;
    bool announced = config->notify_on_dp_transition && config->notification_channel[0] != '\0';
    struct ps_paper_id draft = paper->parsed;
    char draft_id[PS_PAPER_ID_TEXT];
    const char *url;

    if (paper->parsed.kind != PS_PAPER_P)
        return false;
    draft.kind = PS_PAPER_D;
    draft.prefix[0] = 'D';
    ps_paper_id_format(&draft, draft_id);
    url = ps_url_set_draft(leadership->discovered, draft_id);
    if (url == NULL)
        return false;
    if (announced)
        ps_notification_transition(paper, url, config->notification_channel,
                                   ps_outbox_rows_next(rows, NULL));
    ps_webhook_rows(config,
                    &(struct ps_webhook_facts){ .kind = PS_MESSAGE_DP_TRANSITION,
                                                .authors = paper->author,
                                                .subgroup = paper->subgroup },
                    on_webhook,
                    &(struct transition){ .paper = paper, .draft_url = url, .rows = rows });
    return announced;
}

static void match_added(struct ps_poll *poll, const struct ps_paper *paper)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_config *config = leadership->daemon->config;
    struct paper_match match = { .paper = paper, .rows = &poll->index_rows };

    if (!add_transition(leadership, paper, &poll->index_rows) && config->notify_on_new_paper &&
        config->notification_channel[0] != '\0')
        ps_notification_new_paper(paper, config->notification_channel,
                                  ps_outbox_rows_next(&poll->index_rows, NULL));
    ps_index_match_added(leadership->watch, paper, on_match, &match);
}

static void match_changed(struct ps_poll *poll, const struct ps_paper *paper)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_paper *before = ps_paper_index_find(leadership->index, paper->id);
    char changes[PS_INDEX_CHANGES_TEXT];
    struct paper_match match = { .paper = paper, .changes = changes, .rows = &poll->index_rows };

    ps_index_changes(before, paper, changes);
    ps_index_match_changed(leadership->watch, before, paper, on_match, &match);
}

static void log_index(const struct ps_poll *poll, enum ps_event event)
{
    const struct ps_index_diff *diff = &poll->diff;
    size_t count = event == PS_EVENT_INDEX_NEW ? diff->added_len : diff->updated_len;
    char trace[TRACE_TEXT], changes[PS_INDEX_CHANGES_TEXT];

    (void)snprintf(trace, sizeof(trace), "poll:%lld",
                   (long long)poll->cycle); /* as in the outbox */
    for (size_t i = 0; i < count && i < LOGGED_MAX; i++) {
        const struct ps_paper *paper =
            event == PS_EVENT_INDEX_NEW ? diff->added[i] : diff->updated[i];
        const struct ps_paper *before =
            ps_paper_index_find(poll->parts.leadership->index, paper->id);

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

/* Before the snapshot is merged. */
static void log_diff(const struct ps_poll *poll)
{
    if (ps_paper_index_len(poll->parts.leadership->index) == 0)
        return;
    log_index(poll, PS_EVENT_INDEX_NEW);
    log_index(poll, PS_EVENT_INDEX_UPD);
}

/* All that the page of open-std.org had is stored. */
static void take_open_std(struct ps_poll *poll)
{
    if (!poll->listed)
        return;
    ps_validators_clear(&poll->open_std);
    poll->open_std = poll->open_std_next;
    poll->open_std_next = (struct ps_validators){ 0 };
    poll->listed = false;
}

static void note_fresh(struct ps_poll *poll)
{
    struct ps_leadership *leadership = poll->parts.leadership;

    free(leadership->etag);
    free(leadership->modified);
    leadership->etag = poll->etag;
    leadership->modified = poll->modified;
    poll->etag = poll->modified = NULL;
    leadership->index_fetched_ms = ps_clock_wall_ms();
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;

    log_diff(poll);
    for (int i = 0; poll->told_at > 0 && i < ps_pg_row_count(rows, poll->told_at); i++)
        ps_leadership_told(rows, poll->told_at, i);
    if (poll->fresh != NULL) {
        leadership->index = ps_paper_index_merge(leadership->index, poll->fresh);
        poll->fresh = NULL;
    }
    leadership->index_version = ps_pg_int(rows, SEEN, 0, 0, 0);
    take_open_std(poll);
    if (poll->seen)
        note_fresh(poll);
    ps_poll_plan(poll);
}

static void store(struct ps_poll *poll)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin_meta(poll->writer);

    ps_store_add_index_seen(batch, poll->seen, poll->etag, poll->modified);
    poll->told_at = poll->index_rows.len > 0 ? SEEN + 1 : 0;
    ps_store_add_rows(batch, &poll->index_rows, poll->cycle);
    ps_store_add_papers(batch, &poll->diff);
    ps_store_add_suspended(batch, poll->parts.leadership->watch);
    ps_outbox_rows_clear(&poll->index_rows);
    ps_leader_writer_run(poll->writer, batch, "the index was not stored", on_stored);
}

/* A first snapshot is news to nobody. */
void ps_poll_match(struct ps_poll *poll)
{
    const struct ps_index_diff *diff = &poll->diff;
    bool first = ps_paper_index_len(poll->parts.leadership->index) == 0;
    size_t count = first ? 0 : diff->added_len + diff->updated_len;
    int64_t began_ms = ps_clock_mono_ms();

    for (; poll->matched < count; poll->matched++) {
        if (ps_clock_mono_ms() - began_ms >= MATCH_SLICE_MS) {
            poll->matching = true;
            ps_leader_writer_wait(poll->writer, 0);
            return;
        }
        if (poll->matched < diff->added_len)
            match_added(poll, diff->added[poll->matched]);
        else
            match_changed(poll, diff->updated[poll->matched - diff->added_len]);
    }
    poll->matching = false;
    store(poll);
}

/* One download that failed is no news yet. */
static bool is_stale(const struct ps_poll *poll, int64_t age_ms)
{
    return (double)age_ms >= poll->parts.leadership->daemon->config->cache_ttl_hours * 3600000 &&
           age_ms > 2 * poll->clock.interval_ms;
}

/* The stored copy is what there is. */
static void note_failure(struct ps_poll *poll)
{
    struct ps_leadership *leadership = poll->parts.leadership;
    int64_t age_ms = ps_clock_wall_ms() - leadership->index_fetched_ms;
    bool stale = is_stale(poll, age_ms);

    PS_LOG(INDEX_STALE_FALLBACK, F_INT("age_seconds", age_ms / 1000), F_BOOL("stale", stale),
           F_INT("papers", ps_paper_index_len(leadership->index)), F_ERR(&poll->failure));
    ps_failure_log_add(leadership->daemon->failures, ps_event_name(PS_EVENT_INDEX_STALE_FALLBACK),
                       &poll->failure, NULL, 0);
}

static void use(struct ps_poll *poll)
{
    if (poll->failed)
        note_failure(poll);
    if (poll->fresh != NULL)
        ps_index_diff_make(poll->parts.leadership->index, poll->fresh, &poll->diff);
    if (poll->seen || poll->fresh != NULL) {
        poll->matched = 0;
        ps_poll_match(poll);
        return;
    }
    take_open_std(poll);
    ps_poll_plan(poll);
}

/* What the index has is as it has it; open-std.org's page only adds what it has not yet. */
static void add_listed(struct ps_poll *poll, const struct ps_paper_index *listed)
{
    struct ps_paper_index *more = ps_paper_index_create();

    for (size_t i = 0; i < ps_paper_index_len(listed); i++) {
        const struct ps_paper *paper = ps_paper_index_at(listed, i);

        if (ps_paper_index_find(poll->parts.leadership->index, paper->id) == NULL &&
            (poll->fresh == NULL || ps_paper_index_find(poll->fresh, paper->id) == NULL))
            (void)ps_paper_index_add(more, paper->id, paper);
    }
    ps_paper_index_finish(more);
    if (ps_paper_index_len(more) == 0)
        ps_paper_index_destroy(more);
    else
        poll->fresh = poll->fresh == NULL ? more : ps_paper_index_merge(more, poll->fresh);
}

static bool is_mine(const struct ps_poll *poll)
{
    return poll->state == PS_POLL_PREPARING && ps_leader_writer_leads(poll->writer);
}

/* What the page lacks, in err; false when it is whole. */
static bool find_lost(const struct ps_poll *poll, const struct ps_open_std_counts *counts,
                      struct ps_err *err)
{
    const char *why;

    if (!ps_open_std_page_lost(counts, poll->open_std_papers, &why))
        return false;
    (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                  "%s: %zu of %zu rows read, %zu papers (%zu before), %zu tables without an end",
                  why, counts->rows_read, counts->rows_written, counts->papers,
                  poll->open_std_papers, counts->tables_open);
    return true;
}

/* Says once of each incomplete page that it is: papers that it had before are kept, those that it
 * lost are missing until the index has them. lost is NULL when the page is whole. True when this
 * state of the page is new. */
static bool report_lost(struct ps_poll *poll, const struct ps_open_std_counts *counts,
                        const struct ps_err *lost)
{
    const struct ps_leadership *leadership = poll->parts.leadership;

    if (lost == NULL) {
        poll->open_std_lost = (struct ps_open_std_counts){ 0 };
        return false;
    }
    if (memcmp(&poll->open_std_lost, counts, sizeof(*counts)) == 0)
        return false;
    poll->open_std_lost = *counts;
    PS_LOG(OPENSTD_ROWS_LOST, F_INT("rows_written", counts->rows_written),
           F_INT("rows_read", counts->rows_read), F_INT("papers", counts->papers),
           F_INT("papers_before", poll->open_std_papers), F_INT("tables_open", counts->tables_open),
           F_ERR(lost));
    ps_failure_log_add(leadership->daemon->failures, ps_event_name(PS_EVENT_OPENSTD_ROWS_LOST),
                       lost, NULL, 0);
    return true;
}

static void on_listing_stored(void *cookie, const struct ps_pg_rows *rows)
{
    (void)rows;
    use(cookie);
}

/* The incident openstd_rows_lost is what is stored, so that the next leader neither ends nor
 * repeats it. */
static void store_listing(struct ps_poll *poll, const struct ps_err *lost)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin(poll->writer);

    ps_store_add_open_std(batch, lost == NULL ? NULL : lost->what, poll->open_std_year,
                          poll->open_std_papers);
    ps_leader_writer_run(poll->writer, batch, "what the page of open-std.org lacks was not stored",
                         on_listing_stored);
}

static void on_listed(void *cookie, struct ps_paper_index *listed, const char *etag,
                      const char *modified, const struct ps_err *err)
{
    struct ps_poll *poll = cookie;

    if (is_mine(poll)) {
        if (err != NULL) {
            if (!ps_open_std_page_is_early(err->code, (int32_t)(poll->started_ms / PS_DAY_MS)))
                ps_leadership_failed(poll->parts.leadership, PS_EVENT_LISTING_ERROR,
                                     "the page of open-std.org was not read", err);
        } else if (listed != NULL) {
            const struct ps_open_std_counts *counts = ps_index_fetch_counts(poll->open_std_fetch);
            struct ps_err lost;
            bool incomplete = find_lost(poll, counts, &lost);

            add_listed(poll, listed);
            /* a page that was cut on the way is asked for again, whatever its validators say */
            if (!report_lost(poll, counts, incomplete ? &lost : NULL)) {
                poll->open_std_next.etag = ps_alloc_text(etag);
                poll->open_std_next.modified = ps_alloc_text(modified);
            }
            if (counts->papers > poll->open_std_papers)
                poll->open_std_papers = counts->papers;
            poll->listed = true;
            ps_paper_index_destroy(listed);
            store_listing(poll, incomplete ? &lost : NULL);
            return;
        }
        use(poll);
    }
    ps_paper_index_destroy(listed);
}

static void ask_open_std(struct ps_poll *poll)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_config *config = leadership->daemon->config;
    char today[PS_UTC_TIME_TEXT];
    char *url;
    int year;

    if (!config->enable_bulk_openstd) {
        use(poll);
        return;
    }
    ps_utc_time_format_date((int32_t)(poll->started_ms / PS_DAY_MS), today);
    url = ps_alloc_format("%s%.4s/", config->openstd_url, today);
    year = (int)strtol(today, NULL, 10);
    if (year != poll->open_std_year) {
        ps_validators_clear(&poll->open_std);
        poll->open_std_papers = 0;
    }
    poll->open_std_year = year;
    if (leadership->open_std_year == year && leadership->open_std_papers > poll->open_std_papers)
        poll->open_std_papers = leadership->open_std_papers;
    ps_index_fetch_start(poll->open_std_fetch, url, poll->open_std.etag, poll->open_std.modified,
                         on_listed, poll);
    free(url);
}

/* The stored copy stays, and the poll goes on with it, unless an operator wants this index. */
static void on_refused(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;

    if (!poll->failed && !ps_pg_bool(rows, REFUSED, 0, 0)) {
        ps_paper_index_destroy(poll->fresh);
        poll->fresh = NULL;
        free(poll->etag);
        free(poll->modified);
        poll->etag = poll->modified = NULL;
        poll->seen = false;
        poll->failed = true;
    }
    ask_open_std(poll);
}

/* Takes why. */
static void refuse(struct ps_poll *poll, char *why)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin(poll->writer);

    PS_LOG(INDEX_REFUSED, F_TEXT("why", why));
    (void)ps_fail(&poll->failure, PS_FAILURE_UNKNOWN, 0, "the index was refused: %s", why);
    ps_store_add_index_refused(batch, why);
    ps_leader_writer_run(poll->writer, batch, "that the index was refused was not stored",
                         on_refused);
    free(why);
}

static void on_fetched(void *cookie, struct ps_paper_index *index, const char *etag,
                       const char *modified, const struct ps_err *err)
{
    struct ps_poll *poll = cookie;
    const struct ps_leadership *leadership = poll->parts.leadership;
    char *why;

    if (!is_mine(poll)) {
        ps_paper_index_destroy(index);
        return;
    }
    if (err != NULL && leadership->index_fetched_ms == 0) {
        ps_poll_fail(poll, err);
        return;
    }
    poll->failed = err != NULL;
    poll->seen = err == NULL;
    if (err != NULL) {
        poll->failure = *err;
        if (err->code == PS_INDEX_TOO_BIG) {
            refuse(poll, ps_alloc_text(err->what));
            return;
        }
    } else {
        poll->fresh = index;
        /* A 304 need not repeat what it was asked with. */
        poll->etag = ps_alloc_text(index == NULL && etag == NULL ? leadership->etag : etag);
        poll->modified =
            ps_alloc_text(index == NULL && modified == NULL ? leadership->modified : modified);
        why = index == NULL ? NULL : ps_paper_index_implausible(leadership->index, index);
        if (why != NULL) {
            refuse(poll, why);
            return;
        }
    }
    ask_open_std(poll);
}

void ps_poll_index(struct ps_poll *poll)
{
    const struct ps_leadership *leadership = poll->parts.leadership;

    poll->failed = poll->seen = poll->listed = false;
    ps_validators_clear(&poll->open_std_next);
    if (leadership->daemon->config->enable_bulk_wg21)
        ps_index_fetch_start(poll->fetch, leadership->daemon->config->wg21_index_url,
                             leadership->etag, leadership->modified, on_fetched, poll);
    else
        ask_open_std(poll);
}
