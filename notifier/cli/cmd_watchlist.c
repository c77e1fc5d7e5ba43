#include "notifier/cli/commands.h"
#include "notifier/io/watchlist_store.h"
#include "shared/io/cli_session.h"

#include <stdio.h>
#include <string.h>

enum { USER_MAX = 100 };

enum what { LIST, ADD, REMOVE };

static bool user_ok(const char *user)
{
    size_t len = strlen(user);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)user[i] <= ' ' || user[i] == 127)
            return false;
    return len > 0 && len <= USER_MAX;
}

/* U0123456789: anything else is stored, because Slack may think of others, but is likely a mistake.
 */
static bool looks_like_slack_id(const char *user)
{
    size_t len = strspn(user, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    return (user[0] == 'U' || user[0] == 'W') && len > 1 && user[len] == '\0';
}

static bool what_of(int argc, char **argv, enum what *out_what)
{
    static const char *const words[] = { [LIST] = "list", [ADD] = "add", [REMOVE] = "remove" };

    for (size_t i = 0; argc >= 3 && i < PS_COUNT_OF(words); i++) {
        if (strcmp(argv[2], words[i]) == 0) {
            *out_what = (enum what)i;
            return argc == (i == LIST ? 3 : 4);
        }
    }
    return false;
}

static const char *noun(enum ps_watch_kind kind)
{
    return kind == PS_WATCH_KIND_NUMBER ? "paper" : ps_watch_kind_noun(kind);
}

static int tell_list(const char *user, const struct ps_pg_rows *rows)
{
    size_t count = ps_watch_listed(rows), watched = 0;

    for (size_t i = 0; i < count; i++)
        watched += ps_watch_listed_at(rows, i).watched;
    if (watched == 0)
        (void)printf("%s watches nothing.\n", user);
    for (size_t i = 0; i < count; i++) {
        struct ps_command_reply_entry entry = ps_watch_listed_at(rows, i);
        enum ps_watch_kind kind = PS_WATCH_KIND_ALL;

        if (!ps_watch_kind_parse(entry.kind, &kind))
            continue;
        (void)printf("%-6s %s%s\n", noun(kind), entry.value,
                     !entry.quiet   ? ""
                     : entry.snooze ? " (snoozed)"
                                    : " (muted)");
    }
    return PS_EXIT_OK;
}

static int tell_add(const char *user, const struct ps_watch_rule *rule, enum ps_watch_change change)
{
    switch (change) {
    case PS_WATCH_DONE:
        (void)printf("%s now watches %s %s.\n", user, noun(rule->kind), rule->text);
        return PS_EXIT_OK;
    case PS_WATCH_SAME:
        (void)printf("%s watches %s %s already.\n", user, noun(rule->kind), rule->text);
        return PS_EXIT_OK;
    case PS_WATCH_FULL:
    case PS_WATCH_CHANGE_COUNT:
        break;
    }
    (void)fprintf(stderr, "%s has %d entries, and no more can be stored; remove one first.\n", user,
                  PS_WATCH_ENTRIES_A_USER);
    return PS_EXIT_FAILED;
}

static int tell_remove(const char *user, const struct ps_watch_rule *rule,
                       enum ps_watch_change change)
{
    if (change == PS_WATCH_DONE) {
        (void)printf("%s no longer watches %s %s.\n", user, noun(rule->kind), rule->text);
        return PS_EXIT_OK;
    }
    (void)fprintf(stderr, "%s does not watch %s %s.\n", user, noun(rule->kind), rule->text);
    return PS_EXIT_FAILED;
}

static int run(struct ps_cli_session *sync, enum what what, const char *user,
               const struct ps_user_command *ask)
{
    struct ps_pg_batch *batch = what == LIST ? ps_watch_list(user) : ps_watch_change(user, ask);
    struct ps_err err;
    const struct ps_pg_rows *rows = ps_cli_session_pg(sync, batch, &err);

    if (rows == NULL) {
        (void)fprintf(stderr, "paperscout-notifier: %s\n", err.what);
        return err.code == PS_PG_ERR_SQL ? PS_EXIT_FAILED : PS_EXIT_UNAVAILABLE;
    }
    switch (what) {
    case LIST:
        return tell_list(user, rows);
    case ADD:
        return tell_add(user, &ask->rule, ps_watch_changed(rows));
    case REMOVE:
        break;
    }
    return tell_remove(user, &ask->rule, ps_watch_changed(rows));
}

int ps_cmd_watchlist(int argc, char **argv, void *env)
{
    struct ps_user_command ask = { .kind = PS_USER_COMMAND_LIST };
    struct ps_cli_session *sync;
    struct ps_err err;
    enum what what;
    int status = PS_EXIT_OK;

    if (!what_of(argc, argv, &what) || !user_ok(argv[1]))
        return ps_cmd_usage(PS_NOTIFIER_WATCHLIST_SYNOPSIS);
    if (what != LIST)
        ask.kind = what == ADD ? PS_USER_COMMAND_ADD : PS_USER_COMMAND_REMOVE;
    if (what != LIST && !ps_watch_rule_of_entry(argv[3], strlen(argv[3]), &ask.rule, &err)) {
        (void)fprintf(stderr, "paperscout-notifier: %s\n", err.what);
        return PS_EXIT_USAGE;
    }
    sync = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env,
                                 PS_CLI_SESSION_PG | PS_CLI_SESSION_FOUND, PS_NOTIFIER_WAIT_MS,
                                 &status);
    if (sync != NULL)
        status = run(sync, what, argv[1], &ask);
    if (what == ADD && status == PS_EXIT_OK && !looks_like_slack_id(argv[1]))
        (void)fprintf(
            stderr,
            "note: %s is no id of a Slack user, such as U0123456789, so nothing will reach"
            " them; in Slack: their profile, then \"Copy member ID\"\n",
            argv[1]);
    ps_cli_session_destroy(sync);
    return status;
}
