#include "notifier/io/command_queries.h"

#include "embedded/notifier_sql.h"
#include "notifier/io/watchlist_store.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATTERN_TEXT = 48, QUERY_BYTES = 8192, WATCHES_MAX = 500 };
/* The statements of each batch, in their order. */
enum { STATUS_FLEET, STATUS_CYCLE };
enum { WHY_MATCHES, WHY_DRAFTS, WHY_PAPERS, WHY_WATCHES, WHY_MUTES, WHY_WINDOW };

/* Answers `status` from two statements and from what this notifier knows itself. */
static void reply_status(const struct ps_pg_rows *rows, const struct ps_command_queries_now *now,
                         struct ps_command_reply *reply)
{
    struct ps_command_reply_status status = {
        .papers = ps_pg_int(rows, STATUS_FLEET, 0, PS_SQL_STATUS_FLEET_PAPERS, 0),
        .index_ms = ps_pg_int(rows, STATUS_FLEET, 0, PS_SQL_STATUS_FLEET_INDEX_AT, 0),
        .poll_ms = ps_pg_int(rows, STATUS_FLEET, 0, PS_SQL_STATUS_FLEET_POLL_AT, 0),
        .polls = ps_pg_int(rows, STATUS_FLEET, 0, PS_SQL_STATUS_FLEET_POLLS, 0),
        .drafts = ps_pg_int(rows, STATUS_FLEET, 0, PS_SQL_STATUS_FLEET_DRAFTS, 0),
        .waiting = ps_pg_int(rows, STATUS_FLEET, 0, PS_SQL_STATUS_FLEET_WAITING, 0),
        .poll_interval_seconds = (double)ps_config_poll_interval_ms(now->config) / 1000,
        .probing = now->config->enable_iso_probe,
        .alert_hours = now->config->alert_modified_hours,
        .depth = now->depth,
        .circuit = now->circuit,
        .version = PS_VERSION
    };

    if (ps_pg_row_count(rows, STATUS_CYCLE) > 0) {
        const char *interval =
            ps_pg_text(rows, STATUS_CYCLE, 0, PS_SQL_STATUS_CYCLE_INTERVAL_SECONDS);

        status.cycle = ps_pg_int(rows, STATUS_CYCLE, 0, PS_SQL_STATUS_CYCLE_NUMBER, 0);
        status.cycle_status = ps_pg_text(rows, STATUS_CYCLE, 0, PS_SQL_STATUS_CYCLE_STATUS);
        status.cycle_ms = ps_pg_int(rows, STATUS_CYCLE, 0, PS_SQL_STATUS_CYCLE_STARTED_AT, 0);
        status.probes = ps_pg_int(rows, STATUS_CYCLE, 0, PS_SQL_STATUS_CYCLE_PLANNED, 0);
        /* A notifier may have other settings than the leader; the leader's are in effect. */
        if (interval != NULL) {
            status.poll_interval_seconds = strtod(interval, NULL);
            status.probing = ps_pg_bool(rows, STATUS_CYCLE, 0, PS_SQL_STATUS_CYCLE_PROBING);
            status.alert_hours =
                strtod(ps_pg_text(rows, STATUS_CYCLE, 0, PS_SQL_STATUS_CYCLE_ALERT_HOURS), NULL);
        }
    }
    ps_command_reply_status(&status, now->wall_ms, reply);
}

void ps_command_queries_search(const struct ps_user_command *ask, struct ps_library *library,
                               struct ps_command_reply *reply)
{
    struct ps_library_group *groups[PS_COMMAND_REPLY_FOUND_MAX];
    struct ps_buf words;
    size_t total;

    ps_buf_init(&words, QUERY_BYTES);
    for (size_t i = 0; i < ask->word_count; i++)
        ps_buf_format(&words, "%s%s", i == 0 ? "" : " ", ask->words[i]);
    total = ps_library_search(library, ps_buf_str(&words), groups, PS_COMMAND_REPLY_FOUND_MAX);
    ps_command_reply_search(groups,
                            total < PS_COMMAND_REPLY_FOUND_MAX ? total : PS_COMMAND_REPLY_FOUND_MAX,
                            total, reply);
    ps_buf_clear(&words);
}

/* Matches are searched by the id that the person named; drafts by its number, because a message
   about P2300R10 may have been caused by a draft of another revision. */
static void add_why(struct ps_pg_batch *batch, const struct ps_user_command *ask, const char *user)
{
    char pattern[PATTERN_TEXT], drafts[PATTERN_TEXT];

    if (ask->id[0] != '\0')
        (void)snprintf(pattern, sizeof(pattern), "^%s$", ask->id);
    else
        (void)snprintf(pattern, sizeof(pattern), "^[DP]%04dR", ask->number);
    (void)snprintf(drafts, sizeof(drafts), "^[DP]%04dR", ask->number);
    ps_sql_why_matches(batch, user, pattern, PS_COMMAND_REPLY_FOUND_MAX);
    ps_sql_why_drafts(batch, drafts, PS_COMMAND_REPLY_FOUND_MAX);
    ps_sql_why_papers(batch, pattern, PS_COMMAND_REPLY_FOUND_MAX);
    ps_sql_why_watches(batch, user, WATCHES_MAX);
    ps_sql_why_mutes(batch, user, WATCHES_MAX);
    ps_sql_why_window(batch);
}

/* Watches and mutes have the same columns. The caller frees *out_watches. */
static size_t read_watches(const struct ps_pg_rows *rows, size_t statement,
                           struct ps_command_reply_watch **out_watches)
{
    int count = ps_pg_row_count(rows, statement);
    struct ps_command_reply_watch *watches = ps_alloc_zero((size_t)count + 1, sizeof(*watches));

    for (int i = 0; i < count; i++)
        watches[i] = (struct ps_command_reply_watch){
            .kind = ps_pg_text(rows, statement, i, PS_SQL_WHY_WATCHES_KIND),
            .value = ps_pg_text(rows, statement, i, PS_SQL_WHY_WATCHES_VALUE),
            .since_ms = ps_pg_int(rows, statement, i, PS_SQL_WHY_WATCHES_SINCE, 0)
        };
    *out_watches = watches;
    return (size_t)count;
}

/* Answers `why`. The rows hold all reasons for and against a message; command_reply_found.c
 * chooses the words. */
static void reply_why(const struct ps_user_command *ask, const struct ps_pg_rows *rows,
                      const struct ps_command_queries_now *now, struct ps_command_reply *reply)
{
    struct ps_command_reply_match matches[PS_COMMAND_REPLY_FOUND_MAX];
    struct ps_command_reply_draft drafts[PS_COMMAND_REPLY_FOUND_MAX];
    struct ps_command_reply_known papers[PS_COMMAND_REPLY_FOUND_MAX];
    struct ps_command_reply_watch *watches, *mutes;
    struct ps_command_reply_why why = { .matches = matches,
                                        .match_len = (size_t)ps_pg_row_count(rows, WHY_MATCHES),
                                        .drafts = drafts,
                                        .draft_len = (size_t)ps_pg_row_count(rows, WHY_DRAFTS),
                                        .papers = papers,
                                        .paper_len = (size_t)ps_pg_row_count(rows, WHY_PAPERS),
                                        .alert_hours = now->config->alert_modified_hours };

    for (int i = 0; i < (int)why.match_len; i++)
        matches[i] = (struct ps_command_reply_match){
            .id = ps_pg_text(rows, WHY_MATCHES, i, PS_SQL_WHY_MATCHES_ID),
            .by = ps_pg_text(rows, WHY_MATCHES, i, PS_SQL_WHY_MATCHES_BY),
            .reason = ps_pg_text(rows, WHY_MATCHES, i, PS_SQL_WHY_MATCHES_REASON),
            .updated = ps_pg_bool(rows, WHY_MATCHES, i, PS_SQL_WHY_MATCHES_UPDATED),
            .at_ms = ps_pg_int(rows, WHY_MATCHES, i, PS_SQL_WHY_MATCHES_AT, 0),
            .sent_ms = ps_pg_int(rows, WHY_MATCHES, i, PS_SQL_WHY_MATCHES_SENT_AT, 0),
            .dead = ps_pg_text(rows, WHY_MATCHES, i, PS_SQL_WHY_MATCHES_DEAD_REASON)
        };
    for (int i = 0; i < (int)why.draft_len; i++)
        drafts[i] = (struct ps_command_reply_draft){
            .url = ps_pg_text(rows, WHY_DRAFTS, i, PS_SQL_WHY_DRAFTS_URL),
            .id = ps_pg_text(rows, WHY_DRAFTS, i, PS_SQL_WHY_DRAFTS_ID),
            .title = ps_pg_text(rows, WHY_DRAFTS, i, PS_SQL_WHY_DRAFTS_TITLE),
            .authors = ps_pg_text(rows, WHY_DRAFTS, i, PS_SQL_WHY_DRAFTS_AUTHORS),
            .at_ms = ps_pg_int(rows, WHY_DRAFTS, i, PS_SQL_WHY_DRAFTS_AT, 0),
            .cycle = ps_pg_int(rows, WHY_DRAFTS, i, PS_SQL_WHY_DRAFTS_CYCLE, 0),
            .silent = ps_pg_bool(rows, WHY_DRAFTS, i, PS_SQL_WHY_DRAFTS_SILENT),
            .old = ps_pg_bool(rows, WHY_DRAFTS, i, PS_SQL_WHY_DRAFTS_OLD),
            .modified = ps_pg_text(rows, WHY_DRAFTS, i, PS_SQL_WHY_DRAFTS_MODIFIED)
        };
    for (int i = 0; i < (int)why.paper_len; i++)
        papers[i] = (struct ps_command_reply_known){
            .id = ps_pg_text(rows, WHY_PAPERS, i, PS_SQL_WHY_PAPERS_ID),
            .author = ps_pg_text(rows, WHY_PAPERS, i, PS_SQL_WHY_PAPERS_AUTHOR),
            .subgroup = ps_pg_text(rows, WHY_PAPERS, i, PS_SQL_WHY_PAPERS_SUBGROUP),
            .seen_ms = ps_pg_int(rows, WHY_PAPERS, i, PS_SQL_WHY_PAPERS_SEEN_AT, 0),
            .silent = ps_pg_bool(rows, WHY_PAPERS, i, PS_SQL_WHY_PAPERS_SILENT)
        };
    if (ps_pg_row_count(rows, WHY_WINDOW) > 0 &&
        ps_pg_text(rows, WHY_WINDOW, 0, PS_SQL_WHY_WINDOW_ALERT_HOURS) != NULL)
        why.alert_hours =
            strtod(ps_pg_text(rows, WHY_WINDOW, 0, PS_SQL_WHY_WINDOW_ALERT_HOURS), NULL);
    why.watch_len = read_watches(rows, WHY_WATCHES, &watches);
    why.mute_len = read_watches(rows, WHY_MUTES, &mutes);
    why.watches = watches;
    why.mutes = mutes;
    ps_command_reply_why(ask, &why, reply);
    free(watches);
    free(mutes);
}

static void reply_list(const struct ps_pg_rows *rows, struct ps_command_reply *reply)
{
    size_t count = ps_watch_listed(rows);
    struct ps_command_reply_entry *entries = ps_alloc_zero(count + 1, sizeof(*entries));

    for (size_t i = 0; i < count; i++)
        entries[i] = ps_watch_listed_at(rows, i);
    ps_command_reply_list(entries, count,
                          &(struct ps_command_reply_digest){ ps_watch_listed_minute(rows),
                                                             ps_watch_listed_zone(rows) },
                          reply);
    free(entries);
}

struct ps_pg_batch *ps_command_queries_batch(const struct ps_user_command *ask, const char *user)
{
    struct ps_pg_batch *batch;

    if (ask->kind == PS_USER_COMMAND_LIST)
        return ps_watch_list(user);
    batch = ps_pg_batch_create();
    if (ask->kind == PS_USER_COMMAND_STATUS) {
        ps_sql_status_fleet(batch);
        ps_sql_status_cycle(batch);
    } else {
        add_why(batch, ask, user);
    }
    return batch;
}

void ps_command_queries_reply(const struct ps_user_command *ask, const struct ps_pg_rows *rows,
                              const struct ps_command_queries_now *now,
                              struct ps_command_reply *reply)
{
    if (ask->kind == PS_USER_COMMAND_STATUS)
        reply_status(rows, now, reply);
    else if (ask->kind == PS_USER_COMMAND_WHY)
        reply_why(ask, rows, now, reply);
    else
        reply_list(rows, reply);
}
