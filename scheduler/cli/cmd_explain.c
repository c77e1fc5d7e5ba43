#include "scheduler/cli/cmd_explain.h"

#include "scheduler/core/adaptive_plan.h"
#include "scheduler/core/candidate_pick.h"
#include "scheduler/core/webhook_rows.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/paper_id.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"
#include "shared/io/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 5000, NUMBER_TEXT = 24, WHY_BYTES_MAX = 512 };
/* Statements of ask(), and columns of what they answer. */
enum { FOUND, PROBED };
enum {
    FOUND_URL,
    FOUND_OUTCOME,
    FOUND_CYCLE,
    FOUND_AT,
    FOUND_MODIFIED,
    FOUND_UPDATED,
    FOUND_GONE,
    FOUND_TITLE,
    FOUND_AUTHORS
};
enum { PROBED_CYCLE, PROBED_URL, PROBED_OUTCOME, PROBED_STATUS, PROBED_AT, PROBED_CATEGORY };

/* All that a plan is made of, as it is stored now. */
struct stored {
    struct ps_paper_index *index;
    struct ps_url_set *discovered;
    struct ps_probe_times *probed;
    struct ps_watchlists *watch;
    int64_t last_cycle, last_started_ms;
};

static void print_row(const char *name, const char *text)
{
    ps_print(stdout, "%-14s %s\n", name, text);
}

static void read_stored(const struct ps_pg_rows *rows, const struct ps_config *config,
                        struct stored *stored)
{
    int64_t version;

    stored->last_cycle = ps_pg_int(rows, PS_STORE_LOAD_META, 0, PS_SQL_META_LOAD_CYCLE, 0);
    stored->last_started_ms =
        ps_pg_int(rows, PS_STORE_LOAD_META, 0, PS_SQL_META_LOAD_STARTED_AT, 0);
    stored->index = ps_store_read_index(rows, NULL, PS_STORE_NO_INDEX, &version);
    stored->discovered = ps_store_read_discovered(rows);
    stored->probed = ps_store_read_asked(rows, config);
    stored->watch = ps_store_read_watch(rows, PS_STORE_LOAD_WATCH);
}

static void print_paper(const struct stored *stored, int number)
{
    const struct ps_paper *latest = ps_paper_index_latest(stored->index, number);

    if (latest == NULL) {
        print_row("index", "no such number");
        return;
    }
    ps_print(stdout, "%-14s %s of %s: %s\n", "index", latest->id,
             latest->date[0] == '\0' ? "no date" : latest->date, latest->title);
    if (latest->author[0] != '\0')
        print_row("author", latest->author);
}

static void print_never(const struct stored *stored, int number, int frontier)
{
    print_row("tier", "none");
    if (number > frontier && ps_paper_index_latest(stored->index, number) == NULL)
        ps_print(stdout, "%-14s not while the frontier is %d: it lies too far above\n", "next due",
                 frontier);
    else
        print_row("next due", "never: no revision of it is left to ask for");
}

static void print_moment(const char *before, int64_t at_ms)
{
    char when[PS_UTC_TIME_TEXT];

    ps_utc_time_format_time(at_ms, when);
    ps_print(stdout, "%s%s", before, when);
}

/* One candidate of the adaptive planner: lambda, frequency, last and next probe. */
static void print_candidate(const struct ps_config *config, const struct ps_adaptive *adaptive,
                            const struct ps_candidate *candidate, double threshold, bool first)
{
    size_t exts = config->probe_extensions.len;
    double hours = ps_pick_period_hours(candidate, config, threshold);
    int64_t next_ms = candidate->last_ms + (int64_t)(hours * 3600 * 1000);

    ps_print(stdout, "%-14s %s%04dR%d%s lambda %.2g a day, %.3g probes a day, last ",
             first ? "asked for" : "", config->probe_prefixes.items[candidate->variant / exts],
             candidate->number, candidate->revision,
             config->probe_extensions.items[candidate->variant % exts],
             ps_adaptive_rate(adaptive, candidate), 24 / hours);
    if (candidate->last_ms == 0)
        ps_print(stdout, "never");
    else
        print_moment("", candidate->last_ms);
    print_moment(", next about ", next_ms > adaptive->now_ms ? next_ms : adaptive->now_ms);
    ps_print(stdout, "\n");
}

static void print_candidates(const struct ps_config *config, const struct ps_adaptive *adaptive,
                             const struct stored *stored, int number)
{
    double threshold =
        ps_pick_threshold(&adaptive->candidates, config, adaptive->budget, adaptive->now_ms);
    const struct ps_candidate *best = NULL;
    struct ps_buf why;
    bool first = true;

    for (size_t i = 0; i < adaptive->candidates.len; i++) {
        const struct ps_candidate *candidate = &adaptive->candidates.items[i];

        if (candidate->number == number && (best == NULL || candidate->weight > best->weight))
            best = candidate;
    }
    if (best == NULL) {
        print_never(stored, number, adaptive->arrivals.frontier);
        return;
    }
    print_row("tier", ps_tier_name((enum ps_tier)best->tier));
    for (size_t i = 0; i < adaptive->candidates.len; i++) {
        if (adaptive->candidates.items[i].number != number)
            continue;
        print_candidate(config, adaptive, &adaptive->candidates.items[i], threshold, first);
        first = false;
    }
    ps_buf_init(&why, WHY_BYTES_MAX);
    ps_adaptive_why(adaptive, best, &why);
    ps_print(stdout, "%-14s %s; %.2g drafts a day are expected in all\n", "why", ps_buf_str(&why),
             adaptive->activity);
    ps_buf_clear(&why);
}

/* The result of the adaptive planner for the stored state, as of now. */
struct adaptive_now {
    struct ps_adaptive adaptive;
    struct ps_sighting *sightings;
};

static void open_adaptive(const struct ps_config *config, const struct stored *stored,
                          struct adaptive_now *out_now)
{
    struct ps_adaptive_source source = { .config = config,
                                         .index = stored->index,
                                         .probed = stored->probed,
                                         .watched = ps_watchlists_numbers(stored->watch),
                                         .now_ms = ps_clock_wall_ms() };

    out_now->sightings = ps_sightings_of(stored->discovered, config, &source.sighting_count);
    source.sightings = out_now->sightings;
    ps_adaptive_open(&source, &out_now->adaptive);
}

static void close_adaptive(struct adaptive_now *now)
{
    ps_adaptive_clear(&now->adaptive);
    free(now->sightings);
}

/* The first cycle to come whose plan holds the number. */
struct next_due {
    int number;
    int64_t cycle, at_ms;
    const char *tier;    /* NULL: no cycle holds it */
    struct ps_plan plan; /* of that cycle, or of the last one looked at; owned */
};

/* The plan itself says so. */
static void find_due(const struct ps_config *config, const struct stored *stored, int number,
                     struct next_due *out_due)
{
    struct ps_plan_input input = { .config = config,
                                   .index = stored->index,
                                   .discovered = stored->discovered,
                                   .watched = ps_watchlists_numbers(stored->watch) };
    int64_t interval_ms = ps_config_poll_interval_ms(config);

    *out_due = (struct next_due){ .number = number };
    for (int64_t ahead = 1; ahead <= config->cold_cycle_divisor; ahead++) {
        int64_t due_ms = stored->last_started_ms + ahead * interval_ms;
        int64_t now_ms = ps_clock_wall_ms();

        out_due->at_ms = due_ms > now_ms ? due_ms : now_ms;
        out_due->cycle = input.cycle = stored->last_cycle + ahead;
        input.today = (int32_t)(out_due->at_ms / PS_DAY_MS);
        ps_plan_make(&input, &out_due->plan);
        for (size_t i = 0; i < out_due->plan.len; i++) {
            if (out_due->plan.items[i].number != number)
                continue;
            out_due->tier = ps_tier_name(out_due->plan.items[i].tier);
            return;
        }
        if (ahead < config->cold_cycle_divisor)
            ps_plan_clear(&out_due->plan);
    }
}

static void print_due(const struct next_due *due)
{
    char when[PS_UTC_TIME_TEXT];

    ps_utc_time_format_time(due->at_ms, when);
    print_row("tier", due->tier);
    ps_print(stdout, "%-14s cycle %" PRId64 ", about %s:", "next due", due->cycle, when);
    for (size_t i = 0; i < due->plan.len; i++)
        if (due->plan.items[i].number == due->number)
            ps_print(stdout, " %s", due->plan.items[i].file);
    ps_print(stdout, "\n");
}

static void print_next(const struct ps_config *config, const struct stored *stored, int number)
{
    struct adaptive_now now;
    struct next_due due;

    if (!config->enable_iso_probe) {
        print_row("next due", "never: ENABLE_ISO_PROBE is false");
        return;
    }
    if (ps_config_adaptive(config)) {
        open_adaptive(config, stored, &now);
        print_candidates(config, &now.adaptive, stored, number);
        close_adaptive(&now);
        return;
    }
    find_due(config, stored, number, &due);
    if (due.tier != NULL)
        print_due(&due);
    else
        print_never(stored, number, due.plan.frontier);
    ps_plan_clear(&due.plan);
}

static void print_since(const char *what, int64_t at_ms)
{
    char when[PS_UTC_TIME_TEXT];

    if (at_ms == 0)
        return;
    ps_utc_time_format_time(at_ms, when);
    ps_print(stdout, "%s %s", what, when);
}

static void print_found(const struct ps_pg_rows *rows)
{
    int count = ps_pg_row_count(rows, FOUND);

    for (int i = 0; i < count; i++) {
        char when[PS_UTC_TIME_TEXT];

        ps_utc_time_format_time(ps_pg_int(rows, FOUND, i, FOUND_AT, 0), when);
        ps_print(stdout, "%-14s %s %s in cycle %s at %s, last modified %s",
                 i == 0 ? "drafts found" : "", ps_url_tail(ps_pg_text(rows, FOUND, i, FOUND_URL)),
                 ps_pg_text(rows, FOUND, i, FOUND_OUTCOME), ps_pg_text(rows, FOUND, i, FOUND_CYCLE),
                 when,
                 ps_pg_text(rows, FOUND, i, FOUND_MODIFIED) == NULL
                     ? "unknown"
                     : ps_pg_text(rows, FOUND, i, FOUND_MODIFIED));
        print_since(", changed at", ps_pg_int(rows, FOUND, i, FOUND_UPDATED, 0));
        print_since(", gone since", ps_pg_int(rows, FOUND, i, FOUND_GONE, 0));
        ps_print(stdout, "\n");
        if (ps_pg_text(rows, FOUND, i, FOUND_TITLE) != NULL)
            ps_print(stdout, "%-14s   %s\n", "", ps_pg_text(rows, FOUND, i, FOUND_TITLE));
        if (ps_pg_text(rows, FOUND, i, FOUND_AUTHORS) != NULL)
            ps_print(stdout, "%-14s   by %s\n", "", ps_pg_text(rows, FOUND, i, FOUND_AUTHORS));
    }
    if (count == 0)
        print_row("drafts found", "none");
}

static void print_probed(const struct ps_pg_rows *rows)
{
    int count = ps_pg_row_count(rows, PROBED);

    for (int i = 0; i < count; i++) {
        const char *category = ps_pg_text(rows, PROBED, i, PROBED_CATEGORY);
        const char *status = ps_pg_text(rows, PROBED, i, PROBED_STATUS);
        char when[PS_UTC_TIME_TEXT];

        ps_utc_time_format_time(ps_pg_int(rows, PROBED, i, PROBED_AT, 0), when);
        ps_print(stdout, "%-14s cycle %s at %s: %s %s (%s%s%s)\n", i == 0 ? "last outcomes" : "",
                 ps_pg_text(rows, PROBED, i, PROBED_CYCLE), when,
                 ps_url_tail(ps_pg_text(rows, PROBED, i, PROBED_URL)),
                 ps_pg_text(rows, PROBED, i, PROBED_OUTCOME), status == NULL ? "not asked" : status,
                 category == NULL ? "" : " ", category == NULL ? "" : category);
    }
    if (count == 0)
        print_row("last outcomes", "none kept");
}

static void on_match(void *cookie, const char *user, const char *reason, enum ps_watch_kind by)
{
    int *count = cookie;

    ps_print(stdout, "%-14s %s, who watches the %s \"%s\"\n", (*count)++ == 0 ? "notified" : "",
             user, by == PS_WATCH_KIND_NUMBER ? "number" : ps_watch_noun(by, reason), reason);
}

/* Returns a column of the newest draft whose document was read; NULL if there is none. */
static const char *last_found(const struct ps_pg_rows *rows, int column)
{
    for (int i = 0; i < ps_pg_row_count(rows, FOUND); i++)
        if (ps_pg_text(rows, FOUND, i, column) != NULL)
            return ps_pg_text(rows, FOUND, i, column);
    return NULL;
}

/* Calls fn for each person who would be notified of the next draft, assuming that it has the title
 * and authors of the last one. */
static void match_watchers(const struct stored *stored, const struct ps_pg_rows *rows, int number,
                           ps_watch_match_fn fn, void *cookie)
{
    const struct ps_paper *latest = ps_paper_index_latest(stored->index, number);
    const char *title = last_found(rows, FOUND_TITLE);

    ps_watchlists_match(
        stored->watch,
        &(struct ps_watch_candidate){ .number = number,
                                      .author = latest == NULL ? NULL : latest->author,
                                      .authors = last_found(rows, FOUND_AUTHORS),
                                      .title = title != NULL    ? title
                                               : latest != NULL ? latest->title
                                                                : NULL,
                                      .subgroup = latest == NULL ? NULL : latest->subgroup },
        fn, cookie);
}

/* The webhooks that would get a new draft, whatever its tier. */
static void match_webhooks(const struct ps_config *config, const struct stored *stored,
                           const struct ps_pg_rows *rows, int number, ps_webhook_rows_fn fn,
                           void *cookie)
{
    const struct ps_paper *latest = ps_paper_index_latest(stored->index, number);
    const char *authors = last_found(rows, FOUND_AUTHORS);

    ps_webhook_rows(
        config,
        &(struct ps_webhook_facts){ .kind = PS_MESSAGE_DRAFT,
                                    .authors = authors != NULL  ? authors
                                               : latest != NULL ? latest->author
                                                                : NULL,
                                    .subgroup = latest == NULL ? NULL : latest->subgroup },
        PS_MESSAGE_FRONTIER, fn, cookie);
}

static void on_webhook(void *cookie, const char *channel, enum ps_message_kind kind)
{
    int *count = cookie;

    ps_print(stdout, "%-14s %s%s\n", (*count)++ == 0 ? "notified" : "", channel,
             kind == PS_MESSAGE_FRONTIER ? ", of a draft near the frontier" : "");
}

static void print_notified(const struct ps_config *config, const struct stored *stored,
                           const struct ps_pg_rows *rows, int number)
{
    int count = 0;

    if (config->notification_channel[0] != '\0')
        ps_print(stdout, "%-14s %s\n", count++ == 0 ? "notified" : "",
                 config->notification_channel);
    match_webhooks(config, stored, rows, number, on_webhook, &count);
    match_watchers(stored, rows, number, on_match, &count);
    if (count == 0)
        print_row("notified", "nobody");
}

/* --- as JSON --------------------------------------------------------------------------------- */

static void json_paper(const struct stored *stored, int number, cJSON *json)
{
    const struct ps_paper *latest = ps_paper_index_latest(stored->index, number);
    cJSON *paper;

    if (latest == NULL) {
        (void)cJSON_AddNullToObject(json, "index");
        return;
    }
    paper = cJSON_AddObjectToObject(json, "index");
    ps_json_add_text(paper, "id", latest->id);
    ps_json_add_text(paper, "date", latest->date[0] == '\0' ? NULL : latest->date);
    ps_json_add_text(paper, "title", latest->title);
    ps_json_add_text(paper, "authors", latest->author[0] == '\0' ? NULL : latest->author);
}

/* One name of the adaptive planner. */
static cJSON *json_candidate(const struct ps_config *config, const struct ps_adaptive *adaptive,
                             const struct ps_candidate *candidate, double threshold)
{
    size_t exts = config->probe_extensions.len;
    double hours = ps_pick_period_hours(candidate, config, threshold);
    int64_t next_ms = candidate->last_ms + (int64_t)(hours * 3600 * 1000);
    char *file = ps_alloc_format(
        "%s%04dR%d%s", config->probe_prefixes.items[candidate->variant / exts], candidate->number,
        candidate->revision, config->probe_extensions.items[candidate->variant % exts]);
    cJSON *name = cJSON_CreateObject();

    ps_json_add_text(name, "file", file);
    ps_json_add_real(name, "drafts_per_day", ps_adaptive_rate(adaptive, candidate));
    ps_json_add_real(name, "probes_per_day", 24 / hours);
    ps_json_add_time(name, "last_probe", candidate->last_ms);
    ps_json_add_time(name, "next_probe", next_ms > adaptive->now_ms ? next_ms : adaptive->now_ms);
    free(file);
    return name;
}

static void json_adaptive(const struct ps_config *config, const struct ps_adaptive *adaptive,
                          int number, cJSON *json)
{
    double threshold =
        ps_pick_threshold(&adaptive->candidates, config, adaptive->budget, adaptive->now_ms);
    const struct ps_candidate *best = NULL;
    cJSON *names = cJSON_AddArrayToObject(json, "names");
    struct ps_buf why;

    for (size_t i = 0; i < adaptive->candidates.len; i++) {
        const struct ps_candidate *candidate = &adaptive->candidates.items[i];

        if (candidate->number != number)
            continue;
        if (best == NULL || candidate->weight > best->weight)
            best = candidate;
        cJSON_AddItemToArray(names, json_candidate(config, adaptive, candidate, threshold));
    }
    ps_json_add_text(json, "tier", best == NULL ? NULL : ps_tier_name((enum ps_tier)best->tier));
    if (best == NULL) {
        (void)cJSON_AddNullToObject(json, "why");
        return;
    }
    ps_buf_init(&why, WHY_BYTES_MAX);
    ps_adaptive_why(adaptive, best, &why);
    ps_json_add_text(json, "why", ps_buf_str(&why));
    ps_buf_clear(&why);
}

static void json_classic(const struct next_due *due, cJSON *json)
{
    cJSON *names = cJSON_AddArrayToObject(json, "names");

    ps_json_add_text(json, "tier", due->tier);
    for (size_t i = 0; i < due->plan.len; i++) {
        cJSON *name;

        if (due->plan.items[i].number != due->number)
            continue;
        name = cJSON_CreateObject();
        ps_json_add_text(name, "file", due->plan.items[i].file);
        ps_json_add_int(name, "cycle", due->cycle);
        ps_json_add_time(name, "next_probe", due->at_ms);
        cJSON_AddItemToArray(names, name);
    }
}

static void json_next(const struct ps_config *config, const struct stored *stored, int number,
                      cJSON *json)
{
    struct adaptive_now now;
    struct next_due due;

    ps_json_add_bool(json, "probing", config->enable_iso_probe);
    if (!config->enable_iso_probe)
        return;
    if (ps_config_adaptive(config)) {
        open_adaptive(config, stored, &now);
        json_adaptive(config, &now.adaptive, number, json);
        close_adaptive(&now);
        return;
    }
    find_due(config, stored, number, &due);
    json_classic(&due, json);
    ps_plan_clear(&due.plan);
}

static void json_rows(const struct ps_pg_rows *rows, cJSON *json)
{
    cJSON *drafts = cJSON_AddArrayToObject(json, "drafts");
    cJSON *outcomes = cJSON_AddArrayToObject(json, "outcomes");

    for (int i = 0; i < ps_pg_row_count(rows, FOUND); i++) {
        cJSON *draft = cJSON_CreateObject();

        ps_json_add_text(draft, "url", ps_pg_text(rows, FOUND, i, FOUND_URL));
        ps_json_add_text(draft, "outcome", ps_pg_text(rows, FOUND, i, FOUND_OUTCOME));
        ps_json_add_int(draft, "cycle", ps_pg_int(rows, FOUND, i, FOUND_CYCLE, 0));
        ps_json_add_time(draft, "found_at", ps_pg_int(rows, FOUND, i, FOUND_AT, 0));
        ps_json_add_text(draft, "last_modified", ps_pg_text(rows, FOUND, i, FOUND_MODIFIED));
        ps_json_add_time(draft, "changed_at", ps_pg_int(rows, FOUND, i, FOUND_UPDATED, 0));
        ps_json_add_time(draft, "gone_since", ps_pg_int(rows, FOUND, i, FOUND_GONE, 0));
        ps_json_add_text(draft, "title", ps_pg_text(rows, FOUND, i, FOUND_TITLE));
        ps_json_add_text(draft, "authors", ps_pg_text(rows, FOUND, i, FOUND_AUTHORS));
        cJSON_AddItemToArray(drafts, draft);
    }
    for (int i = 0; i < ps_pg_row_count(rows, PROBED); i++) {
        cJSON *outcome = cJSON_CreateObject();

        ps_json_add_int(outcome, "cycle", ps_pg_int(rows, PROBED, i, PROBED_CYCLE, 0));
        ps_json_add_time(outcome, "at", ps_pg_int(rows, PROBED, i, PROBED_AT, 0));
        ps_json_add_text(outcome, "url", ps_pg_text(rows, PROBED, i, PROBED_URL));
        ps_json_add_text(outcome, "outcome", ps_pg_text(rows, PROBED, i, PROBED_OUTCOME));
        ps_json_add_text(outcome, "status", ps_pg_text(rows, PROBED, i, PROBED_STATUS));
        ps_json_add_text(outcome, "failure_category", ps_pg_text(rows, PROBED, i, PROBED_CATEGORY));
        cJSON_AddItemToArray(outcomes, outcome);
    }
}

static void on_match_json(void *cookie, const char *user, const char *reason, enum ps_watch_kind by)
{
    cJSON *recipient = cJSON_CreateObject();

    ps_json_add_text(recipient, "user", user);
    ps_json_add_text(recipient, "by", ps_watch_kind_name(by));
    ps_json_add_text(recipient, "reason", reason);
    cJSON_AddItemToArray(cookie, recipient);
}

static void on_webhook_json(void *cookie, const char *channel, enum ps_message_kind kind)
{
    (void)kind;
    cJSON_AddItemToArray(cookie, cJSON_CreateString(channel + sizeof(PS_WEBHOOK_CHANNEL) - 1));
}

static void print_json(const struct ps_config *config, const struct stored *stored,
                       const struct ps_pg_rows *rows, int number)
{
    cJSON *json = cJSON_CreateObject(), *recipients;

    ps_json_add_int(json, "number", number);
    json_paper(stored, number, json);
    json_next(config, stored, number, json);
    json_rows(rows, json);
    ps_json_add_text(json, "channel",
                     config->notification_channel[0] == '\0' ? NULL : config->notification_channel);
    match_webhooks(config, stored, rows, number, on_webhook_json,
                   cJSON_AddArrayToObject(json, "webhooks"));
    recipients = cJSON_AddArrayToObject(json, "recipients");
    match_watchers(stored, rows, number, on_match_json, recipients);
    ps_print_json(stdout, json);
}

static const struct ps_pg_rows *ask(struct ps_cli_session *sync, int number, struct ps_err *err)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char pattern[NUMBER_TEXT];

    (void)snprintf(pattern, sizeof(pattern), "^[DP]%04dR", number);
    ps_sql_explain_drafts(batch, pattern);
    ps_sql_explain_probes(batch, number);
    return ps_cli_session_pg(sync, batch, err);
}

static bool explain(struct ps_cli_session *sync, int number, bool json, struct ps_err *err)
{
    const struct ps_pg_rows *rows = ps_cli_session_pg(sync, ps_store_peek(), err);
    struct stored stored;

    if (rows == NULL)
        return false;
    read_stored(rows, ps_cli_session_config(sync), &stored);
    rows = ask(sync, number, err);
    if (rows != NULL && json) {
        print_json(ps_cli_session_config(sync), &stored, rows, number);
    } else if (rows != NULL) {
        ps_print(stdout, "%-14s P%04d\n", "paper", number);
        print_paper(&stored, number);
        print_next(ps_cli_session_config(sync), &stored, number);
        print_found(rows);
        print_probed(rows);
        print_notified(ps_cli_session_config(sync), &stored, rows, number);
    }
    ps_paper_index_destroy(stored.index);
    ps_url_set_destroy(stored.discovered);
    ps_probe_times_destroy(stored.probed);
    ps_watchlists_destroy(stored.watch);
    return rows != NULL;
}

/* P2300, D2300, 2300, and an id with a revision. */
static bool read_number(const char *text, int *out_number)
{
    struct ps_str digits = ps_str_of(text);
    struct ps_paper_id id;
    int64_t number;

    if (ps_paper_id_parse(text, strlen(text), &id) &&
        (id.kind == PS_PAPER_P || id.kind == PS_PAPER_D)) {
        *out_number = id.number;
        return true;
    }
    if (digits.len > 0 && strchr("PpDd", digits.data[0]) != NULL)
        digits = (struct ps_str){ .data = digits.data + 1, .len = digits.len - 1 };
    if (!ps_str_digits(digits) || !ps_str_int(digits, 0, PS_PAPER_NUMBER_MAX, &number))
        return false;
    *out_number = (int)number;
    return true;
}

static int run(int argc, char **argv, void *env)
{
    struct ps_cli_session *sync;
    struct ps_err err;
    int number = 0, status;
    bool json = argc > 1 && strcmp(argv[argc - 1], "--json") == 0;

    if (argc != (json ? 3 : 2) || !read_number(argv[1], &number)) {
        ps_print(stderr, "explain: one paper number is wanted, such as P2300\n");
        return PS_EXIT_USAGE;
    }
    sync = ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                 PS_CLI_SESSION_PG, WAIT_MS, &status);
    if (sync == NULL)
        return status;
    if (explain(sync, number, json, &err)) {
        status = fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
    } else {
        ps_print(stderr, "explain: %s\n", err.what);
        status = PS_EXIT_UNAVAILABLE;
    }
    ps_cli_session_destroy(sync);
    return status;
}

const struct ps_command ps_cmd_explain = { .text = &ps_command_texts[PS_COMMAND_EXPLAIN],
                                           .run = run };
