#include "notifier/io/command_queries.h"

#include "notifier/io/watchlist_store.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_TEXT = 24, PATTERN_TEXT = 48, QUERY_BYTES = 8192 };
enum { STATUS_PAPERS, STATUS_INDEX, STATUS_POLL, STATUS_POLLS, STATUS_DRAFTS, STATUS_WAITING };
enum {
    CYCLE_NUMBER,
    CYCLE_STATUS,
    CYCLE_STARTED,
    CYCLE_PLANNED,
    CYCLE_INTERVAL, /* the leader's settings; NULL: it is of an older version */
    CYCLE_PROBING,
    CYCLE_ALERT
};
enum { MATCH_ID, MATCH_BY, MATCH_REASON, MATCH_UPDATED, MATCH_AT, MATCH_SENT, MATCH_DEAD };
enum {
    DRAFT_URL,
    DRAFT_ID,
    DRAFT_AT,
    DRAFT_CYCLE,
    DRAFT_TITLE,
    DRAFT_AUTHORS,
    DRAFT_SILENT,
    DRAFT_OLD,
    DRAFT_MODIFIED
};
/* Statements of a why, and columns of the last four. */
enum { WHY_MATCHES, WHY_DRAFTS, WHY_PAPERS, WHY_WATCHES, WHY_MUTES, WHY_WINDOW };
enum { KNOWN_ID, KNOWN_AUTHOR, KNOWN_SUBGROUP, KNOWN_SEEN, KNOWN_SILENT };
enum { WATCH_KIND, WATCH_VALUE, WATCH_SINCE };
enum { WATCHES_MAX = 500 };

static struct ps_pg_batch *ask_status(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD0(batch,
               "SELECT (SELECT count(*) FROM papers), ps_ms(index_fetched_at), "
               "ps_ms(last_successful_poll), poll_count, (SELECT count(*) FROM discovered), "
               "(SELECT count(DISTINCT coalesce(message_id, id::text)) FROM outbox WHERE sent_at "
               "IS NULL AND dead_at IS NULL) FROM meta");
    PS_PG_ADD0(batch, "SELECT number, status, ps_ms(started_at), planned, "
                      "settings->>'poll_interval_seconds', "
                      "settings->>'iso_probe_enabled' = 'true', "
                      "settings->>'alert_modified_hours' FROM cycles ORDER BY number DESC LIMIT 1");
    return batch;
}

static void tell_status(const struct ps_pg_rows *rows, const struct ps_command_queries_now *now,
                        struct ps_command_reply *reply)
{
    struct ps_command_reply_status status = { .papers = ps_pg_int(rows, 0, 0, STATUS_PAPERS, 0),
                                              .index_ms = ps_pg_int(rows, 0, 0, STATUS_INDEX, 0),
                                              .poll_ms = ps_pg_int(rows, 0, 0, STATUS_POLL, 0),
                                              .polls = ps_pg_int(rows, 0, 0, STATUS_POLLS, 0),
                                              .drafts = ps_pg_int(rows, 0, 0, STATUS_DRAFTS, 0),
                                              .waiting = ps_pg_int(rows, 0, 0, STATUS_WAITING, 0),
                                              .depth = now->depth,
                                              .circuit = now->circuit,
                                              .version = PS_VERSION };

    status.poll_interval_seconds = (double)ps_config_poll_interval_ms(now->config) / 1000;
    status.probing = now->config->enable_iso_probe;
    status.alert_hours = now->config->alert_modified_hours;
    if (ps_pg_row_count(rows, 1) > 0) {
        status.cycle = ps_pg_int(rows, 1, 0, CYCLE_NUMBER, 0);
        status.cycle_status = ps_pg_text(rows, 1, 0, CYCLE_STATUS);
        status.cycle_ms = ps_pg_int(rows, 1, 0, CYCLE_STARTED, 0);
        status.probes = ps_pg_int(rows, 1, 0, CYCLE_PLANNED, 0);
        if (ps_pg_text(rows, 1, 0, CYCLE_INTERVAL) != NULL) {
            status.poll_interval_seconds = strtod(ps_pg_text(rows, 1, 0, CYCLE_INTERVAL), NULL);
            status.probing = ps_pg_bool(rows, 1, 0, CYCLE_PROBING);
            status.alert_hours = strtod(ps_pg_text(rows, 1, 0, CYCLE_ALERT), NULL);
        }
    }
    ps_command_reply_status(&status, now->wall_ms, reply);
}

static size_t read_drafts(const struct ps_pg_rows *rows, size_t statement,
                          struct ps_command_reply_draft out_drafts[PS_COMMAND_REPLY_FOUND_MAX])
{
    int count = ps_pg_row_count(rows, statement);

    for (int i = 0; i < count; i++)
        out_drafts[i] = (struct ps_command_reply_draft){
            .url = ps_pg_text(rows, statement, i, DRAFT_URL),
            .id = ps_pg_text(rows, statement, i, DRAFT_ID),
            .title = ps_pg_text(rows, statement, i, DRAFT_TITLE),
            .authors = ps_pg_text(rows, statement, i, DRAFT_AUTHORS),
            .at_ms = ps_pg_int(rows, statement, i, DRAFT_AT, 0),
            .cycle = ps_pg_int(rows, statement, i, DRAFT_CYCLE, 0)
        };
    return (size_t)count;
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

static struct ps_pg_batch *ask_why(const struct ps_user_command *ask, const char *user)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char pattern[PATTERN_TEXT], drafts[PATTERN_TEXT], most[NUMBER_TEXT];

    if (ask->id[0] != '\0')
        (void)snprintf(pattern, sizeof(pattern), "^%s$", ask->id);
    else
        (void)snprintf(pattern, sizeof(pattern), "^[DP]%04dR", ask->number);
    (void)snprintf(drafts, sizeof(drafts), "^[DP]%04dR", ask->number);
    (void)snprintf(most, sizeof(most), "%d", PS_COMMAND_REPLY_FOUND_MAX);
    PS_PG_ADD(batch,
              "SELECT data->>'id', coalesce(data->>'by', CASE WHEN data->>'by_author' = 'true' "
              "THEN 'author' ELSE 'number' END), coalesce(data->>'reason', ''), "
              "data->>'updated' = 'true', ps_ms(created_at), ps_ms(sent_at), dead_reason "
              "FROM outbox WHERE channel = $1 AND kind = 'watchlist' AND data->>'id' ~ $2 "
              "ORDER BY id DESC LIMIT $3",
              user, pattern, most);
    PS_PG_ADD(batch,
              "SELECT url, paper_id, ps_ms(discovered_at), cycle, title, authors, coalesce((SELECT "
              "silent FROM cycles WHERE number = d.cycle), false), outcome = 'hit_old', "
              "last_modified FROM discovered d "
              "WHERE paper_id ~ $1 AND $2 >= 0 ORDER BY discovered_at DESC LIMIT $3",
              drafts, ask->number >= 0 ? "0" : "-1", most);
    PS_PG_ADD(batch,
              "SELECT id, author, subgroup, ps_ms(first_seen_at), EXISTS (SELECT FROM cycles c "
              "WHERE c.silent AND p.first_seen_at <= coalesce(c.finished_at, now())) "
              "FROM papers p WHERE id ~ $1 ORDER BY first_seen_at DESC, id DESC LIMIT $2",
              pattern, most);
    (void)snprintf(most, sizeof(most), "%d", WATCHES_MAX);
    PS_PG_ADD(batch,
              "SELECT CASE WHEN entry = '*' THEN 'all' WHEN entry ~ '^[0-9]+$' THEN 'number' WHEN "
              "entry ~ '^[A-Z]+[0-9]+$' THEN "
              "'paper' ELSE 'author' END, entry, ps_ms(created_at) FROM watchlist WHERE user_id = "
              "$1 UNION ALL SELECT kind, value, ps_ms(created_at) FROM watch_rule WHERE user_id = "
              "$1 AND kind = 'subgroup' LIMIT $2",
              user, most);
    PS_PG_ADD(batch,
              "SELECT kind, value, ps_ms(created_at) FROM mute WHERE user_id = $1 AND NOT snooze "
              "AND (until IS NULL OR until > now()) LIMIT $2",
              user, most);
    PS_PG_ADD0(batch, "SELECT settings->>'alert_modified_hours' FROM cycles WHERE settings IS NOT "
                      "NULL ORDER BY number DESC LIMIT 1");
    return batch;
}

static size_t read_watches(const struct ps_pg_rows *rows, size_t statement,
                           struct ps_command_reply_watch **out_watches)
{
    int count = ps_pg_row_count(rows, statement);
    struct ps_command_reply_watch *watches = ps_alloc_zero((size_t)count + 1, sizeof(*watches));

    for (int i = 0; i < count; i++)
        watches[i] =
            (struct ps_command_reply_watch){ .kind = ps_pg_text(rows, statement, i, WATCH_KIND),
                                             .value = ps_pg_text(rows, statement, i, WATCH_VALUE),
                                             .since_ms =
                                                 ps_pg_int(rows, statement, i, WATCH_SINCE, 0) };
    *out_watches = watches;
    return (size_t)count;
}

static void tell_why(const struct ps_user_command *ask, const struct ps_pg_rows *rows,
                     const struct ps_command_queries_now *now, struct ps_command_reply *reply)
{
    struct ps_command_reply_match matches[PS_COMMAND_REPLY_FOUND_MAX];
    struct ps_command_reply_draft drafts[PS_COMMAND_REPLY_FOUND_MAX];
    struct ps_command_reply_known papers[PS_COMMAND_REPLY_FOUND_MAX];
    struct ps_command_reply_watch *watches, *mutes;
    struct ps_command_reply_why why = { .matches = matches,
                                        .match_len = (size_t)ps_pg_row_count(rows, WHY_MATCHES),
                                        .drafts = drafts,
                                        .draft_len = read_drafts(rows, WHY_DRAFTS, drafts),
                                        .papers = papers,
                                        .paper_len = (size_t)ps_pg_row_count(rows, WHY_PAPERS),
                                        .alert_hours = now->config->alert_modified_hours };

    for (int i = 0; i < (int)why.match_len; i++)
        matches[i] = (struct ps_command_reply_match){
            .id = ps_pg_text(rows, WHY_MATCHES, i, MATCH_ID),
            .by = ps_pg_text(rows, WHY_MATCHES, i, MATCH_BY),
            .reason = ps_pg_text(rows, WHY_MATCHES, i, MATCH_REASON),
            .updated = ps_pg_bool(rows, WHY_MATCHES, i, MATCH_UPDATED),
            .at_ms = ps_pg_int(rows, WHY_MATCHES, i, MATCH_AT, 0),
            .sent_ms = ps_pg_int(rows, WHY_MATCHES, i, MATCH_SENT, 0),
            .dead = ps_pg_text(rows, WHY_MATCHES, i, MATCH_DEAD)
        };
    for (int i = 0; i < (int)why.draft_len; i++) {
        drafts[i].silent = ps_pg_bool(rows, WHY_DRAFTS, i, DRAFT_SILENT);
        drafts[i].old = ps_pg_bool(rows, WHY_DRAFTS, i, DRAFT_OLD);
        drafts[i].modified = ps_pg_text(rows, WHY_DRAFTS, i, DRAFT_MODIFIED);
    }
    for (int i = 0; i < (int)why.paper_len; i++)
        papers[i] = (struct ps_command_reply_known){
            .id = ps_pg_text(rows, WHY_PAPERS, i, KNOWN_ID),
            .author = ps_pg_text(rows, WHY_PAPERS, i, KNOWN_AUTHOR),
            .subgroup = ps_pg_text(rows, WHY_PAPERS, i, KNOWN_SUBGROUP),
            .seen_ms = ps_pg_int(rows, WHY_PAPERS, i, KNOWN_SEEN, 0),
            .silent = ps_pg_bool(rows, WHY_PAPERS, i, KNOWN_SILENT)
        };
    if (ps_pg_row_count(rows, WHY_WINDOW) > 0 && ps_pg_text(rows, WHY_WINDOW, 0, 0) != NULL)
        why.alert_hours = strtod(ps_pg_text(rows, WHY_WINDOW, 0, 0), NULL);
    why.watch_len = read_watches(rows, WHY_WATCHES, &watches);
    why.mute_len = read_watches(rows, WHY_MUTES, &mutes);
    why.watches = watches;
    why.mutes = mutes;
    ps_command_reply_why(ask, &why, reply);
    free(watches);
    free(mutes);
}

static void tell_list(const struct ps_pg_rows *rows, struct ps_command_reply *reply)
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
    if (ask->kind == PS_USER_COMMAND_STATUS)
        return ask_status();
    return ask->kind == PS_USER_COMMAND_WHY ? ask_why(ask, user) : ps_watch_list(user);
}

void ps_command_queries_reply(const struct ps_user_command *ask, const struct ps_pg_rows *rows,
                              const struct ps_command_queries_now *now,
                              struct ps_command_reply *reply)
{
    if (ask->kind == PS_USER_COMMAND_STATUS)
        tell_status(rows, now, reply);
    else if (ask->kind == PS_USER_COMMAND_WHY)
        tell_why(ask, rows, now, reply);
    else
        tell_list(rows, reply);
}
