#include "scheduler/cli/cmd_operator.h"

#include "scheduler/io/operator_store.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/cli_session.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 5000, WHY_BYTES_MAX = 4096 };

/* Runs batch (taken) and keeps its rows until the session ends. Returns NULL after an error, which
 * it prints. */
static const struct ps_pg_rows *ask(struct ps_cli_session *session, const char *command,
                                    struct ps_pg_batch *batch)
{
    struct ps_err err;
    const struct ps_pg_rows *rows = ps_cli_session_pg(session, batch, &err);

    if (rows == NULL)
        ps_print(stderr, "%s: %s\n", command, err.what);
    return rows;
}

static struct ps_cli_session *open_session(void *env, int *out_status)
{
    return ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                 PS_CLI_SESSION_PG, WAIT_MS, out_status);
}

/* Takes --json out of the arguments; the words that are left are joined with spaces. Returns false
 * after an error, which it prints: an option that does not exist. */
static bool read_arguments(int argc, char **argv, bool *out_json, struct ps_buf *words)
{
    *out_json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            *out_json = true;
        } else if (argv[i][0] == '-') {
            ps_print(stderr, "%s: \"%s\" is no option; there is --json\n", argv[0], argv[i]);
            return false;
        } else {
            ps_buf_format(words, "%s%s", words->len == 0 ? "" : " ", argv[i]);
        }
    }
    return true;
}

static bool read_no_words(int argc, char **argv, bool *out_json)
{
    struct ps_buf words;
    bool valid;

    ps_buf_init(&words, WHY_BYTES_MAX);
    valid = read_arguments(argc, argv, out_json, &words);
    if (valid && words.len > 0) {
        ps_print(stderr, "%s: takes no argument, not \"%s\"\n", argv[0], ps_buf_str(&words));
        valid = false;
    }
    ps_buf_clear(&words);
    return valid;
}

static int pause_probing(struct ps_cli_session *session, const char *why, bool json)
{
    const struct ps_pg_rows *rows = ask(session, "pause", ps_operator_pause(why));
    struct ps_operator_wishes wishes;
    cJSON *object;

    if (rows == NULL)
        return PS_EXIT_UNAVAILABLE;
    ps_cli_session_signal(session, PS_SIGNAL_STATS);
    wishes = ps_operator_wishes_read(rows, 0);
    if (!json) {
        ps_print(stdout,
                 "Probing is paused%s%s. The index is still polled. "
                 "paperscout-scheduler resume ends the pause.\n",
                 wishes.why[0] == '\0' ? "" : ": ", wishes.why);
        return PS_EXIT_OK;
    }
    object = cJSON_CreateObject();
    ps_json_add_bool(object, "paused", true);
    ps_json_add_time(object, "since", wishes.paused_ms);
    ps_json_add_text(object, "reason", wishes.why);
    ps_print_json(stdout, object);
    return PS_EXIT_OK;
}

static int run_pause(int argc, char **argv, void *env)
{
    struct ps_cli_session *session;
    int status = PS_EXIT_USAGE;
    struct ps_buf why;
    bool json;

    ps_buf_init(&why, WHY_BYTES_MAX);
    if (read_arguments(argc, argv, &json, &why)) {
        session = open_session(env, &status);
        if (session != NULL)
            status = pause_probing(session, ps_buf_str(&why), json);
        ps_cli_session_destroy(session);
    }
    ps_buf_clear(&why);
    return status;
}

static void report_resume(const struct ps_pg_rows *rows, cJSON *object)
{
    bool was_paused = ps_pg_row_count(rows, 0) > 0;

    if (object == NULL) {
        ps_print(stdout, was_paused ? "Probing goes on with the next poll.\n"
                                    : "Probing was not paused. Nothing to change.\n");
        return;
    }
    ps_json_add_bool(object, "paused", false);
    ps_json_add_bool(object, "was_paused", was_paused);
}

static void report_poll_now(const struct ps_pg_rows *rows, cJSON *object)
{
    if (object == NULL)
        ps_print(stdout, "The leader polls as soon as the running poll has ended, at the earliest "
                         "five seconds after it started.\n");
    else
        ps_json_add_time(object, "poll_wanted_at", ps_pg_int(rows, 0, 0, 0, 0));
}

/* Runs a command without arguments but --json: stores the wish that make gives, and reports it, in
 * words where object is NULL. */
static int run_wish(int argc, char **argv, void *env, struct ps_pg_batch *(*make)(void),
                    void (*report)(const struct ps_pg_rows *rows, cJSON *object))
{
    struct ps_cli_session *session;
    const struct ps_pg_rows *rows;
    int status = PS_EXIT_OK;
    cJSON *object;
    bool json;

    if (!read_no_words(argc, argv, &json))
        return PS_EXIT_USAGE;
    session = open_session(env, &status);
    if (session == NULL)
        return status;
    rows = ask(session, argv[0], make());
    if (rows == NULL) {
        status = PS_EXIT_UNAVAILABLE;
    } else {
        ps_cli_session_signal(session, PS_SIGNAL_STATS);
        object = json ? cJSON_CreateObject() : NULL;
        report(rows, object);
        if (object != NULL)
            ps_print_json(stdout, object);
    }
    ps_cli_session_destroy(session);
    return status;
}

static int run_resume(int argc, char **argv, void *env)
{
    return run_wish(argc, argv, env, ps_operator_resume, report_resume);
}

static int run_poll_now(int argc, char **argv, void *env)
{
    return run_wish(argc, argv, env, ps_operator_poll_now, report_poll_now);
}

const struct ps_command ps_cmd_pause = { .text = &ps_command_texts[PS_COMMAND_PAUSE],
                                         .run = run_pause };
const struct ps_command ps_cmd_resume = { .text = &ps_command_texts[PS_COMMAND_RESUME],
                                          .run = run_resume };
const struct ps_command ps_cmd_poll_now = { .text = &ps_command_texts[PS_COMMAND_POLL_NOW],
                                            .run = run_poll_now };
