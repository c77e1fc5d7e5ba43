#include "notifier/cli/commands.h"
#include "notifier/io/watchlist_store.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/mailbox.h"
#include "shared/core/utc_time.h"
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USER_MAX = 100, WORDS_MAX = 4096 };

static bool user_ok(const char *user)
{
    size_t len = strlen(user);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)user[i] <= ' ' || user[i] == 127)
            return false;
    return len > 0 && len <= USER_MAX;
}

/* " until 2026-12-01 09:00 UTC"; "" for good */
static char *until(int64_t until_ms)
{
    char text[PS_UTC_TIME_TEXT];

    if (until_ms <= 0)
        return ps_alloc_text("");
    ps_utc_time_format_time(until_ms, text);
    return ps_alloc_format(" until %.10s %.5s UTC", text, text + 11);
}

/* --- list ----------------------------------------------------------------------------------- */

static void print_entry(const struct ps_command_reply_entry *entry, enum ps_watch_kind kind)
{
    char *end = entry->quiet ? until(entry->until_ms) : ps_alloc_text("");
    const char *noun = kind == PS_WATCH_KIND_NUMBER ? "paper" : ps_watch_noun(kind, entry->value);

    ps_print(stdout, "%-6s%s%s%s%s%s\n", noun, entry->value[0] == '\0' ? "" : " ", entry->value,
             !entry->quiet   ? ""
             : entry->snooze ? " (snoozed"
                             : " (muted",
             end, entry->quiet ? ")" : "");
    free(end);
}

static void print_list(const char *user, const struct ps_pg_rows *rows)
{
    size_t count = ps_watch_listed(rows), watched = 0;
    int minute = ps_watch_listed_minute(rows);

    for (size_t i = 0; i < count; i++)
        watched += ps_watch_listed_at(rows, i).watched;
    if (watched == 0)
        ps_print(stdout, "%s watches nothing.\n", user);
    for (size_t i = 0; i < count; i++) {
        struct ps_command_reply_entry entry = ps_watch_listed_at(rows, i);
        enum ps_watch_kind kind;

        if (ps_watch_kind_parse(entry.kind, &kind))
            print_entry(&entry, kind);
    }
    if (minute >= 0)
        ps_print(stdout, "digest at %02d:%02d UTC each day\n", minute / 60, minute % 60);
}

static cJSON *entry_json(const struct ps_command_reply_entry *entry)
{
    cJSON *object = cJSON_CreateObject();

    ps_json_add_text(object, "kind", entry->kind);
    ps_json_add_text(object, "value", entry->value);
    ps_json_add_bool(object, "watched", entry->watched);
    ps_json_add_bool(object, "muted", entry->quiet && !entry->snooze);
    ps_json_add_bool(object, "snoozed", entry->quiet && entry->snooze);
    ps_json_add_time(object, "until", entry->quiet ? entry->until_ms : 0);
    return object;
}

static void print_json(const char *user, const struct ps_pg_rows *rows)
{
    cJSON *root = cJSON_CreateObject(), *entries = cJSON_CreateArray();
    int minute = ps_watch_listed_minute(rows);
    char digest[8];

    ps_json_add_text(root, "user", user);
    for (size_t i = 0; i < ps_watch_listed(rows); i++) {
        struct ps_command_reply_entry entry = ps_watch_listed_at(rows, i);

        (void)cJSON_AddItemToArray(entries, entry_json(&entry));
    }
    (void)cJSON_AddItemToObject(root, "entries", entries);
    (void)snprintf(digest, sizeof(digest), "%02d:%02d", (minute / 60) % 24, minute % 60);
    if (minute < 0)
        (void)cJSON_AddNullToObject(root, "digest");
    else
        ps_json_add_text(root, "digest", digest);
    ps_print_json(stdout, root);
}

/* --- changes -------------------------------------------------------------------------------- */

static int print_full(const char *user, const struct ps_user_command *ask,
                      const struct ps_watch_rule *rule)
{
    bool rules = rule->kind == PS_WATCH_KIND_SUBGROUP || rule->kind == PS_WATCH_KIND_PATTERN;

    if (ask->kind == PS_USER_COMMAND_MUTE)
        ps_print(stderr,
                 "%s has %d mutes and snoozes, and no more can be stored; end one "
                 "with unmute first.\n",
                 user, PS_WATCH_MUTES_A_USER);
    else
        ps_print(stderr, "%s has %d %s, and no more can be stored; remove one first.\n", user,
                 rules ? PS_WATCH_RULES_A_USER : PS_WATCH_ENTRIES_A_USER,
                 rules ? "subgroups and patterns" : "entries");
    return PS_EXIT_FAILED;
}

/* Prints the result for one rule of ADD, REMOVE, MUTE or UNMUTE, and returns the exit status. */
static int print_rule(const char *user, const struct ps_user_command *ask,
                      const struct ps_watch_rule *rule, enum ps_watch_change change)
{
    /* "author niebler", "everything" */
    const char *noun =
        rule->kind == PS_WATCH_KIND_NUMBER ? "paper" : ps_watch_noun(rule->kind, rule->text);
    char *name = rule->kind == PS_WATCH_KIND_ALL ? ps_alloc_text("everything")
                                                 : ps_alloc_format("%s %s", noun, rule->text);
    char *end = until(ask->until_ms);
    bool done = change == PS_WATCH_DONE;
    int status = PS_EXIT_OK;

    if (change == PS_WATCH_FULL) {
        status = print_full(user, ask, rule);
    } else if (change == PS_WATCH_FAR) {
        ps_print(stderr, "%s is far above every known paper's number; it was not added.\n", name);
        status = PS_EXIT_FAILED;
    } else if (ask->kind == PS_USER_COMMAND_ADD) {
        ps_print(stdout, done ? "%s now watches %s.\n" : "%s watches %s already.\n", user, name);
    } else if (ask->kind == PS_USER_COMMAND_MUTE) {
        ps_print(stdout, "%s has %s %s%s.\n", user, ask->snooze ? "snoozed" : "muted", name, end);
    } else if (done) {
        ps_print(stdout,
                 ask->kind == PS_USER_COMMAND_REMOVE ? "%s no longer watches %s.\n"
                                                     : "%s is notified about %s again.\n",
                 user, name);
    } else {
        ps_print(stderr,
                 ask->kind == PS_USER_COMMAND_REMOVE ? "%s does not watch %s.\n"
                                                     : "%s has not muted or snoozed %s.\n",
                 user, name);
        status = PS_EXIT_FAILED;
    }
    free(name);
    free(end);
    return status;
}

static int print_digest(const char *user, const struct ps_user_command *ask,
                        enum ps_watch_change change)
{
    bool done = change == PS_WATCH_DONE;

    if (ask->kind == PS_USER_COMMAND_DIGEST_DAILY)
        ps_print(stdout, "%s gets matches in one message a day, at %02d:%02d UTC%s.\n", user,
                 ask->minute / 60, ask->minute % 60, done ? "" : ", as before");
    else if (ask->kind == PS_USER_COMMAND_DIGEST_OFF)
        ps_print(stdout, "%s gets matches as they are found%s.\n", user, done ? "" : ", as before");
    else
        ps_print(stdout,
                 done ? "The digest of %s is on its way.\n" : "Nothing waits for a digest of %s.\n",
                 user);
    return PS_EXIT_OK;
}

static bool is_digest(const struct ps_user_command *ask)
{
    return ask->kind == PS_USER_COMMAND_DIGEST_DAILY || ask->kind == PS_USER_COMMAND_DIGEST_OFF ||
           ask->kind == PS_USER_COMMAND_DIGEST_NOW;
}

static int print_changes(const char *user, const struct ps_user_command *ask,
                         const struct ps_pg_rows *rows)
{
    int status = PS_EXIT_OK;

    if (is_digest(ask))
        return print_digest(user, ask, ps_watch_changed(rows, 0));
    for (size_t i = 0; i < ask->rules.len; i++) {
        int one = print_rule(user, ask, &ask->rules.items[i], ps_watch_changed(rows, i));

        if (one != PS_EXIT_OK)
            status = one;
    }
    return status;
}

/* --- changes as JSON ------------------------------------------------------------------------ */

/* done: it is now as asked; unchanged: it was so before; absent: there was nothing to end;
 * full, far: it was refused. */
static const char *result_name(const struct ps_user_command *ask, enum ps_watch_change change)
{
    bool ends = ask->kind == PS_USER_COMMAND_REMOVE || ask->kind == PS_USER_COMMAND_UNMUTE;

    switch (change) {
    case PS_WATCH_DONE:
        return "done";
    case PS_WATCH_FULL:
        return "full";
    case PS_WATCH_FAR:
        return "far";
    default:
        return ends ? "absent" : "unchanged";
    }
}

static int print_changes_json(const char *user, const struct ps_user_command *ask,
                              const struct ps_pg_rows *rows)
{
    cJSON *json = cJSON_CreateObject(), *changes;
    size_t count = is_digest(ask) ? 1 : ask->rules.len;
    bool ok = true;

    for (size_t i = 0; i < count; i++) {
        const char *result = result_name(ask, ps_watch_changed(rows, i));

        ok = ok && (strcmp(result, "done") == 0 || strcmp(result, "unchanged") == 0);
    }
    ps_json_add_text(json, "user", user);
    ps_json_add_bool(json, "ok", ok);
    ps_json_add_text(json, "command", ps_user_command_name(ask->kind));
    changes = cJSON_AddArrayToObject(json, "changes");
    for (size_t i = 0; i < count; i++) {
        cJSON *change = cJSON_CreateObject();

        if (!is_digest(ask)) {
            ps_json_add_text(change, "kind", ps_watch_kind_name(ask->rules.items[i].kind));
            ps_json_add_text(change, "value", ask->rules.items[i].text);
        }
        ps_json_add_text(change, "result", result_name(ask, ps_watch_changed(rows, i)));
        cJSON_AddItemToArray(changes, change);
    }
    ps_json_add_time(json, "until", ask->until_ms);
    ps_print_json(stdout, json);
    return fflush(stdout) == 0 && ok ? PS_EXIT_OK : PS_EXIT_FAILED;
}

/* --- the command ---------------------------------------------------------------------------- */

static int run(struct ps_cli_session *sync, const char *user, const struct ps_user_command *ask,
               bool json)
{
    bool list = ask->kind == PS_USER_COMMAND_LIST;
    struct ps_pg_batch *batch = list ? ps_watch_list(user) : ps_pg_batch_create();
    const struct ps_pg_rows *rows;
    struct ps_err err;

    if (!list)
        ps_watch_change(batch, NULL, user, ask);
    rows = ps_cli_session_pg(sync, batch, &err);
    if (rows == NULL) {
        ps_print(stderr, "paperscout-notifier: %s\n", err.what);
        return err.code == PS_PG_ERR_SQL ? PS_EXIT_FAILED : PS_EXIT_UNAVAILABLE;
    }
    if (!list)
        return json ? print_changes_json(user, ask, rows) : print_changes(user, ask, rows);
    if (json)
        print_json(user, rows);
    else
        print_list(user, rows);
    return fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
}

/* An address gets one mail a day unless somebody has chosen otherwise: a person who has no list
 * yet, and no digest, starts with one. */
static bool starts_with_digest(struct ps_cli_session *sync, const char *user,
                               const struct ps_user_command *ask)
{
    const struct ps_pg_rows *rows;
    struct ps_err err;

    if (ask->kind != PS_USER_COMMAND_ADD || !ps_mailbox_is_address(user))
        return false;
    rows = ps_cli_session_pg(sync, ps_watch_list(user), &err);
    return rows != NULL && ps_watch_listed(rows) == 0 && ps_watch_listed_minute(rows) < 0;
}

static int run_digest(struct ps_cli_session *sync, const char *user, bool json)
{
    const struct ps_user_command digest = { .kind = PS_USER_COMMAND_DIGEST_DAILY,
                                            .minute = PS_DIGEST_MINUTE };
    struct ps_pg_batch *batch = ps_pg_batch_create();
    const struct ps_pg_rows *rows;
    struct ps_err err;

    ps_watch_change(batch, NULL, user, &digest);
    rows = ps_cli_session_pg(sync, batch, &err);
    if (rows == NULL) {
        ps_print(stderr, "paperscout-notifier: %s\n", err.what);
        return PS_EXIT_UNAVAILABLE;
    }
    return json ? PS_EXIT_OK : print_digest(user, &digest, PS_WATCH_DONE);
}

/* U0123456789. Anything else is stored, because Slack may invent other ids, but is likely a
 * mistake. */
static bool looks_like_slack_id(const char *user)
{
    size_t len = strspn(user, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    return (user[0] == 'U' || user[0] == 'W') && len > 1 && user[len] == '\0';
}

/* Says what keeps notifications from this person. */
static void print_note(const struct ps_config *config, const char *user)
{
    if (ps_mailbox_is_address(user) && config->smtp_url[0] == '\0')
        ps_print(stderr,
                 "note: SMTP_URL is not set here; a notifier without it sends no mail to %s\n",
                 user);
    else if (!ps_mailbox_is_address(user) && !looks_like_slack_id(user))
        ps_print(stderr,
                 "note: %s is no id of a Slack user, such as U0123456789, and no e-mail "
                 "address, so nothing will reach them; in Slack: their profile, then \"Copy member "
                 "ID\"\n",
                 user);
}

/* The words of the command line as one command of Slack, so that both mean the same. Gives NULL
 * where they are no command. */
static char *slack_words(int argc, char **argv)
{
    static const struct {
        const char *word, *slack;
        bool alone; /* may stand without more words */
    } verbs[] = {
        {"add",       "watchlist add",    false},
        { "remove",   "watchlist remove", false},
        { "mute",     "mute",             false},
        { "unmute",   "unmute",           true },
        { "snooze",   "snooze",           false},
        { "unsnooze", "unsnooze",         true },
        { "digest",   "digest",           false},
    };
    struct ps_buf words;

    for (size_t i = 0; i < PS_COUNT_OF(verbs); i++) {
        if (strcmp(argv[2], verbs[i].word) != 0)
            continue;
        if (argc == 3 && !verbs[i].alone)
            return NULL;
        ps_buf_init(&words, WORDS_MAX);
        (void)ps_buf_text(&words, verbs[i].slack);
        for (int k = 3; k < argc; k++)
            (void)ps_buf_format(&words, " %s", argv[k]);
        if (!words.full)
            return ps_buf_take(&words);
        ps_buf_clear(&words);
        return NULL;
    }
    return NULL;
}

/* Removes --json in front of USER or at the end; what stands between belongs to an entry. */
static bool take_json(int *argc, char **argv)
{
    if (*argc > 1 && strcmp(argv[1], "--json") == 0) {
        memmove(&argv[1], &argv[2], (size_t)(*argc - 2) * sizeof(*argv));
        (*argc)--;
        return true;
    }
    if (*argc < 4 || strcmp(argv[*argc - 1], "--json") != 0)
        return false;
    (*argc)--;
    return true;
}

/* An exit status; PS_EXIT_OK when *out_ask can be run. */
static int read_ask(int argc, char **argv, struct ps_user_command *out_ask)
{
    char *words;

    if (argc < 3 || !user_ok(argv[1]))
        return ps_cmd_usage(PS_COMMAND_WATCHLIST);
    *out_ask = (struct ps_user_command){ .kind = PS_USER_COMMAND_LIST };
    if (argc == 3 && strcmp(argv[2], "list") == 0)
        return PS_EXIT_OK;
    words = slack_words(argc, argv);
    if (words == NULL)
        return ps_cmd_usage(PS_COMMAND_WATCHLIST);
    ps_user_command_parse(words, ps_clock_wall_ms(), out_ask);
    free(words);
    if (out_ask->kind != PS_USER_COMMAND_WRONG)
        return PS_EXIT_OK;
    ps_print(stderr, "paperscout-notifier: %s\n", out_ask->problem);
    return PS_EXIT_USAGE;
}

int ps_cmd_watchlist(int argc, char **argv, void *env)
{
    struct ps_cli_session *sync;
    struct ps_user_command ask;
    bool json = take_json(&argc, argv), digest;
    int status = read_ask(argc, argv, &ask);
    char *user;

    if (status != PS_EXIT_OK)
        return status;
    sync = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env,
                                 PS_CLI_SESSION_PG | PS_CLI_SESSION_FOUND, PS_NOTIFIER_WAIT_MS,
                                 &status);
    if (sync == NULL)
        return status;
    user = ps_mailbox_is_address(argv[1]) ? ps_mailbox_normalize(argv[1]) : ps_alloc_text(argv[1]);
    digest = starts_with_digest(sync, user, &ask);
    status = run(sync, user, &ask, json);
    if (digest && status == PS_EXIT_OK)
        status = run_digest(sync, user, json);
    if (ask.kind == PS_USER_COMMAND_ADD && status == PS_EXIT_OK && !json)
        print_note(ps_cli_session_config(sync), user);
    free(user);
    ps_cli_session_destroy(sync);
    return status;
}
