#include "notifier/io/app_home.h"

#include "embedded/notifier_sql.h"
#include "notifier/core/block_kit.h"
#include "notifier/core/home_view.h"
#include "notifier/io/watchlist_store.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/watch_parse.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { WORKS_MAX = 64, MEANINGS_MAX = 5, PATTERN_TEXT = 64, ERROR_LOGGED_MS = 60000 };
/* Statements of a publication after those of ps_watch_list. */
enum { FINDS = 2, FLEET };

struct work {
    struct ps_app_home *home;
    char *user;
    bool publishes;              /* of views.publish; one for each person */
    bool again;                  /* it was asked for meanwhile */
    char *view_id, *view_hash;   /* of views.update */
    struct ps_watch_rules rules; /* that are looked up for it */
    struct work *prev, *next;
};

struct ps_app_home {
    struct ps_app_home_options options;
    struct work *list;
    size_t works;
    int64_t error_logged_ms;
};

static struct work *work_create(struct ps_app_home *home, const char *user)
{
    struct work *work;

    if (home->works >= WORKS_MAX)
        return NULL;
    work = ps_alloc_zero(1, sizeof(*work));
    work->home = home;
    work->user = ps_alloc_text(user);
    DL_APPEND(home->list, work);
    home->works++;
    return work;
}

static void work_destroy(struct work *work)
{
    DL_DELETE(work->home->list, work);
    work->home->works--;
    free(work->user);
    free(work->view_id);
    free(work->view_hash);
    free(work);
}

/* Logs at most one error a minute. A person who waits for a view sees anyway that none appears. */
static void note_error(struct ps_app_home *home, const char *what, const char *why)
{
    int64_t now = ps_loop_now(home->options.loop);

    if (home->error_logged_ms != 0 && now - home->error_logged_ms < ERROR_LOGGED_MS)
        return;
    home->error_logged_ms = now;
    PS_LOG(SLACK_PROBLEM, F_TEXT("what", what), F_TEXT("why", why),
           F_TEXT("remedy", "Run paperscout-notifier check-slack."));
}

/* If the view has been closed or replaced meanwhile (the person closed it, or typed on), that is no
 * error. */
static const char *error_of(const struct ps_slack_api_reply *reply)
{
    static const char *const harmless[] = { "not_found", "hash_conflict", "expired_trigger_id",
                                            "exchanged_trigger_id" };
    const char *error = ps_json_text(reply->json, "error");

    if (reply->fault != NULL)
        return reply->fault->what;
    if (reply->status / 100 != 2)
        return error != NULL ? error : "no answer of Slack";
    for (size_t i = 0; error != NULL && i < PS_COUNT_OF(harmless); i++)
        if (strcmp(error, harmless[i]) == 0)
            return NULL;
    return error;
}

static void call(struct work *work, const char *method, cJSON *arguments, ps_slack_api_fn fn)
{
    const struct ps_app_home_options *options = &work->home->options;
    char *body = ps_json_print(arguments);

    ps_slack_api_call(options->api, *options->token, method, body, fn, work);
    free(body);
    cJSON_Delete(arguments);
}

/* --- the Home ------------------------------------------------------------------------------- */

static void read_home(struct work *work);

static void on_published(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct work *work = cookie;
    const char *error = error_of(reply);

    if (error != NULL)
        note_error(work->home, "The App Home could not be published.", error);
    if (work->again)
        read_home(work);
    else
        work_destroy(work);
}

static void on_home_read(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct work *work = cookie;
    struct ps_home_find finds[PS_HOME_FINDS_MAX];
    struct ps_command_reply_entry *entries;
    struct ps_home home = { .finds = finds, .wall_ms = ps_clock_wall_ms() };
    cJSON *arguments;

    if (err != NULL) {
        note_error(work->home, "The App Home could not be read from PostgreSQL.", err->what);
        work_destroy(work);
        return;
    }
    home.entry_len = ps_watch_listed(rows);
    entries = ps_alloc_zero(home.entry_len + 1, sizeof(*entries));
    for (size_t i = 0; i < home.entry_len; i++)
        entries[i] = ps_watch_listed_at(rows, i);
    home.entries = entries;
    home.digest_minute = ps_watch_listed_minute(rows);
    home.digest_zone = ps_watch_listed_zone(rows);
    home.find_len = (size_t)ps_pg_row_count(rows, FINDS);
    for (size_t i = 0; i < home.find_len; i++)
        finds[i] = (struct ps_home_find){
            .id = ps_pg_text(rows, FINDS, (int)i, PS_SQL_HOME_FINDS_ID),
            .url = ps_pg_text(rows, FINDS, (int)i, PS_SQL_HOME_FINDS_URL),
            .title = ps_pg_text(rows, FINDS, (int)i, PS_SQL_HOME_FINDS_TITLE),
            .by = ps_pg_text(rows, FINDS, (int)i, PS_SQL_HOME_FINDS_BY),
            .reason = ps_pg_text(rows, FINDS, (int)i, PS_SQL_HOME_FINDS_REASON),
            .at_ms = ps_pg_int(rows, FINDS, (int)i, PS_SQL_HOME_FINDS_AT, 0)
        };
    home.poll_ms = ps_pg_int(rows, FLEET, 0, PS_SQL_HOME_FLEET_POLL, 0);
    home.papers = ps_pg_int(rows, FLEET, 0, PS_SQL_HOME_FLEET_PAPERS, 0);
    home.drafts = ps_pg_int(rows, FLEET, 0, PS_SQL_HOME_FLEET_DRAFTS, 0);
    home.version = PS_VERSION;
    arguments = cJSON_CreateObject();
    ps_json_add_text(arguments, "user_id", work->user);
    cJSON_AddItemToObject(arguments, "view", ps_home_view(&home));
    free(entries);
    call(work, "views.publish", arguments, on_published);
}

static void read_home(struct work *work)
{
    struct ps_pg_batch *batch = ps_watch_list(work->user);

    work->again = false;
    ps_sql_home_finds(batch, work->user, PS_HOME_FINDS_MAX);
    ps_sql_home_fleet(batch);
    ps_pg_run(work->home->options.pg, batch, on_home_read, work);
}

void ps_app_home_publish(struct ps_app_home *home, const char *user)
{
    struct work *work;

    DL_FOREACH (home->list, work) {
        if (work->publishes && strcmp(work->user, user) == 0) {
            work->again = true;
            return;
        }
    }
    work = work_create(home, user);
    if (work == NULL)
        return;
    work->publishes = true;
    read_home(work);
}

/* --- the modal ------------------------------------------------------------------------------ */

static void on_view(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct work *work = cookie;
    const char *error = error_of(reply);

    if (error != NULL)
        note_error(work->home, "A modal could not be shown.", error);
    work_destroy(work);
}

/* At once: the trigger is good for three seconds. */
static void open_modal(struct ps_app_home *home, const struct ps_view_request *request)
{
    struct work *work = work_create(home, request->user);
    cJSON *arguments;

    if (work == NULL)
        return;
    arguments = cJSON_CreateObject();
    ps_json_add_text(arguments, "trigger_id", request->trigger_id);
    cJSON_AddItemToObject(arguments, "view", ps_add_view(NULL));
    call(work, "views.open", arguments, on_view);
}

static void update_modal(struct work *work, const struct ps_entry_check *check)
{
    cJSON *arguments = cJSON_CreateObject();

    ps_json_add_text(arguments, "view_id", work->view_id);
    if (work->view_hash != NULL)
        ps_json_add_text(arguments, "hash", work->view_hash);
    cJSON_AddItemToObject(arguments, "view", ps_add_view(check));
    call(work, "views.update", arguments, on_view);
}

/* Describes a subgroup, a pattern or an author in words only. To count its papers would need a read
 * of all papers, for each character that is typed. */
static char *in_words(const struct ps_watch_rule *rule)
{
    struct ps_buf line;
    char *text;

    if (rule->kind == PS_WATCH_KIND_NUMBER || rule->kind == PS_WATCH_KIND_PAPER)
        return NULL;
    ps_buf_init(&line, PS_BLOCK_KIT_SECTION_MAX);
    (void)ps_buf_text(&line, "Every new paper and draft that matches ");
    ps_command_reply_add_rule(&line, rule->kind, rule->text);
    (void)ps_buf_char(&line, '.');
    text = ps_buf_take(&line);
    return text;
}

static void on_meaning(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct work *work = cookie;
    struct ps_entry_meaning meanings[MEANINGS_MAX];
    struct ps_entry_check check = { .meanings = meanings };
    char *other = in_words(&work->rules.items[0]);

    for (size_t i = 0; err == NULL && i < work->rules.len && i < MEANINGS_MAX && other == NULL; i++)
        meanings[check.len++] = (struct ps_entry_meaning){
            .rule = work->rules.items[i].text,
            .title = ps_pg_text(rows, i, 0, PS_SQL_HOME_MEANING_TITLE),
            .author = ps_pg_text(rows, i, 0, PS_SQL_HOME_MEANING_AUTHOR),
            .papers = ps_pg_int(rows, i, 0, PS_SQL_HOME_MEANING_PAPERS, 0),
            .drafts = ps_pg_int(rows, i, 0, PS_SQL_HOME_MEANING_DRAFTS, 0),
            .watched = ps_pg_bool(rows, i, 0, PS_SQL_HOME_MEANING_WATCHED)
        };
    check.other = other;
    update_modal(work, &check);
    free(other);
}

static void check_entry(struct ps_app_home *home, const struct ps_view_request *request)
{
    struct work *work = work_create(home, request->user);
    struct ps_entry_check check = { 0 };
    struct ps_pg_batch *batch;
    struct ps_err err = { .what = "" };

    if (work == NULL)
        return;
    work->view_id = ps_alloc_text(request->view_id);
    work->view_hash = ps_alloc_text(request->view_hash);
    if (request->typed[strspn(request->typed, " ")] == '\0') {
        update_modal(work, NULL);
        return;
    }
    if (!ps_watch_parse(request->typed, strlen(request->typed), &work->rules, &err)) {
        check.problem = err.what;
        update_modal(work, &check);
        return;
    }
    batch = ps_pg_batch_create();
    for (size_t i = 0; i < work->rules.len && i < MEANINGS_MAX; i++) {
        const struct ps_watch_rule *rule = &work->rules.items[i];
        const char *prefix = rule->kind == PS_WATCH_KIND_NUMBER ? "[A-Z]+"
                             : strcmp(rule->prefix, "P") == 0   ? "[PD]"
                                                                : rule->prefix;
        char pattern[PATTERN_TEXT];

        /* Ids of the index and of drafts that the rule matches: "^[PD]0*2300R". */
        (void)snprintf(pattern, PATTERN_TEXT, "^%s0*%d(R[0-9]+)?$", prefix, rule->number);
        ps_sql_home_meaning(batch, pattern, rule->number > 0, work->user, rule->text);
    }
    ps_pg_run(home->options.pg, batch, on_meaning, work);
}

void ps_app_home_view(struct ps_app_home *home, const struct ps_view_request *request)
{
    switch (request->act) {
    case PS_VIEW_HOME:
        ps_app_home_publish(home, request->user);
        break;
    case PS_VIEW_ADD:
        open_modal(home, request);
        break;
    case PS_VIEW_CHECK:
        check_entry(home, request);
        break;
    }
}

/* --- answers in place ----------------------------------------------------------------------- */

static void on_shown(void *cookie, const struct ps_slack_api_reply *reply)
{
    (void)reply; /* nothing depends on it */
    work_destroy(cookie);
}

void ps_app_home_show(struct ps_app_home *home, const char *response_url, const char *text)
{
    struct work *work = work_create(home, "");
    cJSON *json;
    char *body;

    if (work == NULL)
        return;
    json = cJSON_CreateObject();
    ps_json_add_text(json, "response_type", "ephemeral");
    ps_json_add_bool(json, "replace_original", false);
    ps_json_add_text(json, "text", text);
    body = ps_json_print(json);
    ps_slack_api_post(home->options.api, response_url, body, on_shown, work);
    free(body);
    cJSON_Delete(json);
}

struct ps_app_home *ps_app_home_create(const struct ps_app_home_options *options)
{
    struct ps_app_home *home = ps_alloc_zero(1, sizeof(*home));

    home->options = *options;
    return home;
}

void ps_app_home_destroy(struct ps_app_home *home)
{
    if (home == NULL)
        return;
    while (home->list != NULL)
        work_destroy(home->list);
    free(home);
}
