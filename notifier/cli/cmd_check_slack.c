/* check-slack: whether this set-up can reach Slack and post, and what to do where it cannot. */
#include "notifier/cli/commands.h"
#include "notifier/io/slack_checker.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/cli_session.h"
#include "shared/io/env.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    cJSON *findings;                    /* with --json; NULL: lines are printed */
    const struct ps_slack_check *check; /* NULL until it is over */
    int misspelt;                       /* names that resemble a setting */
};

static void on_done(void *cookie, const struct ps_slack_check *check)
{
    struct run *run = cookie;

    run->check = check;
}

static void add_finding(cJSON *findings, const char *level, const char *what, const char *remedy)
{
    cJSON *finding = cJSON_CreateObject();

    ps_json_add_text(finding, "level", level);
    ps_json_add_text(finding, "what", what);
    ps_json_add_text(finding, "remedy", remedy);
    cJSON_AddItemToArray(findings, finding);
}

static void print_finding(const struct run *run, const struct ps_slack_finding *finding)
{
    static const char *const words[] = { [PS_SLACK_LEVEL_OK] = "ok",
                                         [PS_SLACK_LEVEL_NOTE] = "note",
                                         [PS_SLACK_LEVEL_PROBLEM] = "problem" };
    char *remedy;
    char *what;

    if (run->findings != NULL) {
        add_finding(run->findings, words[finding->level], finding->what, finding->remedy);
        return;
    }
    what = ps_cmd_plain(finding->what);
    remedy = finding->remedy != NULL ? ps_cmd_plain(finding->remedy) : NULL;
    ps_print(stdout, "%-8s %s\n", words[finding->level], what);
    if (remedy != NULL)
        ps_print(stdout, "         %s%s\n",
                 finding->level == PS_SLACK_LEVEL_PROBLEM ? "To do: " : "", remedy);
    free(what);
    free(remedy);
}

static void on_misspelt(void *cookie, const char *name, const char *nearest, const char *text)
{
    struct run *run = cookie;

    (void)text;
    run->misspelt++;
    if (run->findings != NULL) {
        char *what = ps_alloc_format("%s is no setting.", name);
        char *remedy = ps_alloc_format("rename it to %s.", nearest);

        add_finding(run->findings, "problem", what, remedy);
        free(what);
        free(remedy);
        return;
    }
    ps_print(stdout, "problem  %s is no setting.\n         To do: rename it to %s.\n", name,
             nearest);
}

static int status_of(const struct run *run)
{
    switch (run->check->fault) {
    case PS_SLACK_FAULT_REFUSED:
        return PS_EXIT_FAILED;
    case PS_SLACK_FAULT_UNREACHED:
        return PS_EXIT_UNAVAILABLE;
    case PS_SLACK_FAULT_SETTINGS:
        return PS_EXIT_CONFIG;
    case PS_SLACK_FAULT_NONE:
        break;
    }
    return run->misspelt > 0 ? PS_EXIT_CONFIG : PS_EXIT_OK;
}

/* Takes the findings. */
static void print_json(struct run *run)
{
    cJSON *json = cJSON_CreateObject();

    ps_json_add_bool(json, "ok", status_of(run) == PS_EXIT_OK);
    cJSON_AddItemToObject(json, "findings", run->findings);
    ps_print_json(stdout, json);
}

/* Prints what is in order first, so that the last line says what to do. */
static int print_all(struct run *run, struct ps_env *env)
{
    const struct ps_slack_check *check = run->check;

    for (int level = PS_SLACK_LEVEL_OK; level <= PS_SLACK_LEVEL_PROBLEM; level++)
        for (size_t i = 0; i < check->len; i++)
            if (check->findings[i].level == (enum ps_slack_level)level)
                print_finding(run, &check->findings[i]);
    ps_env_misspelt(env, on_misspelt, run);
    if (run->findings != NULL)
        print_json(run);
    else if (check->fault == PS_SLACK_FAULT_NONE && run->misspelt == 0)
        ps_print(stdout, "Paperscout can send to Slack.\n");
    return fflush(stdout) == 0 ? status_of(run) : PS_EXIT_FAILED;
}

static int check(struct ps_cli_session *session, struct ps_env *env, bool send, bool json)
{
    struct run run = { .findings = json ? cJSON_CreateArray() : NULL };
    struct ps_slack_checker *checker = ps_slack_checker_start(
        &(struct ps_slack_checker_options){ .loop = ps_cli_session_loop(session),
                                            .config = ps_cli_session_config(session),
                                            .user_agent = "paperscout/" PS_VERSION,
                                            .send = send,
                                            .cookie = &run,
                                            .done = on_done });
    int status;

    while (run.check == NULL)
        ps_cli_session_run_once(session);
    status = print_all(&run, env);
    ps_slack_checker_destroy(checker);
    return status;
}

int ps_cmd_check_slack(int argc, char **argv, void *env)
{
    bool send = false, json = false;
    struct ps_cli_session *session;
    int status = PS_EXIT_OK;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--send") == 0)
            send = true;
        else if (strcmp(argv[i], "--json") == 0)
            json = true;
        else
            return ps_cmd_usage(PS_COMMAND_CHECK_SLACK);
    }
    session = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env, 0,
                                    PS_NOTIFIER_WAIT_MS, &status);
    if (session != NULL)
        status = check(session, env, send, json);
    ps_cli_session_destroy(session);
    return status;
}
