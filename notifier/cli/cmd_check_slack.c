/* check-slack: whether this set-up can reach Slack and post, and what to do where it cannot. */
#include "notifier/cli/commands.h"
#include "notifier/io/slack_checker.h"
#include "shared/io/cli_session.h"
#include "shared/io/env.h"
#include "shared/io/print.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    const struct ps_slack_check *check; /* NULL until it is over */
    int misspelt;                       /* names that resemble a setting */
};

static void on_done(void *cookie, const struct ps_slack_check *check)
{
    struct run *run = cookie;

    run->check = check;
}

static void print_finding(const struct ps_slack_finding *finding)
{
    static const char *const words[] = { [PS_SLACK_LEVEL_OK] = "ok",
                                         [PS_SLACK_LEVEL_NOTE] = "note",
                                         [PS_SLACK_LEVEL_PROBLEM] = "problem" };
    char *what = ps_cmd_plain(finding->what);
    char *remedy = finding->remedy != NULL ? ps_cmd_plain(finding->remedy) : NULL;

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
    ps_print(stdout, "problem  %s is no setting.\n         To do: rename it to %s.\n", name,
             nearest);
    run->misspelt++;
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

/* What is in order comes first, so that the last line says what to do. */
static int print_all(struct run *run, struct ps_env *env)
{
    const struct ps_slack_check *check = run->check;

    for (int level = PS_SLACK_LEVEL_OK; level <= PS_SLACK_LEVEL_PROBLEM; level++)
        for (size_t i = 0; i < check->len; i++)
            if (check->findings[i].level == (enum ps_slack_level)level)
                print_finding(&check->findings[i]);
    ps_env_misspelt(env, on_misspelt, run);
    if (check->fault == PS_SLACK_FAULT_NONE && run->misspelt == 0)
        ps_print(stdout, "Paperscout can send to Slack.\n");
    return fflush(stdout) == 0 ? status_of(run) : PS_EXIT_FAILED;
}

static int check(struct ps_cli_session *session, struct ps_env *env, bool send)
{
    struct run run = { .check = NULL };
    struct ps_slack_checker *checker = ps_slack_checker_start(
        &(struct ps_slack_checker_options){ .loop = ps_cli_session_loop(session),
                                            .config = ps_cli_session_config(session),
                                            .user_agent = "paperscout/" PS_VERSION,
                                            .send = send,
                                            .cookie = &run,
                                            .done = on_done });
    int status;

    while (run.check == NULL)
        if (event_base_loop(ps_loop_base(ps_cli_session_loop(session)), EVLOOP_ONCE) < 0)
            abort();
    status = print_all(&run, env);
    ps_slack_checker_destroy(checker);
    return status;
}

int ps_cmd_check_slack(int argc, char **argv, void *env)
{
    bool send = argc == 2 && strcmp(argv[1], "--send") == 0;
    struct ps_cli_session *session;
    int status = PS_EXIT_OK;

    if (argc > 1 + (send ? 1 : 0))
        return ps_cmd_usage(PS_COMMAND_CHECK_SLACK);
    session = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env, 0,
                                    PS_NOTIFIER_WAIT_MS, &status);
    if (session != NULL)
        status = check(session, env, send);
    ps_cli_session_destroy(session);
    return status;
}
