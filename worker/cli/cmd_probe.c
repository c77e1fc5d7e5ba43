#include "worker/cli/cmd_probe.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/env.h"
#include "worker/io/probe_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_FROM = 21 };

struct question {
    struct command *command;
    struct ps_probe *probe; /* NULL once answered */
    char *line;             /* the answer, until it is printed in its turn */
};

struct command {
    struct ps_loop *loop;
    struct ps_timer *sweep; /* after a pause began */
    struct question *questions;
    size_t count;
    size_t answered;
    size_t printed;
    bool failed;
    bool progress;
};

static char *answer_line(const struct ps_probe_report *end)
{
    cJSON *object = cJSON_CreateObject();
    char *line;

    ps_json_add_text(object, "url", end->url);
    ps_json_add_text(object, "outcome", ps_outcome_name(end->outcome));
    ps_json_add_int(object, "status", end->status);
    ps_json_add_text(object, "last_modified", end->last_modified);
    ps_json_add_text(object, "failure_category",
                     end->err == NULL || end->outcome == PS_OUTCOME_SUSPECT
                         ? NULL
                         : ps_failure_name(end->err->category));
    ps_json_add_int(object, "attempts", end->attempts);
    ps_json_add_int(object, "latency_ms", end->latency_ms);
    if (end->err != NULL)
        ps_json_add_text(object, "detail", end->err->what);
    line = ps_json_print(object);
    cJSON_Delete(object);
    return line;
}

/* In the order asked, each as soon as those before it are there; where both go to one terminal, the
 * progress makes room for it. */
static void print_ready(struct command *command)
{
    if (command->progress && command->questions[command->printed].line != NULL)
        (void)fputs("\r\033[K", stderr);
    while (command->printed < command->count && command->questions[command->printed].line != NULL) {
        struct question *question = &command->questions[command->printed++];

        (void)puts(question->line);
        free(question->line);
        question->line = NULL;
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        command->failed = true;
}

static void on_answer(void *cookie, const struct ps_probe_report *end)
{
    struct question *question = cookie;
    struct command *command = question->command;

    question->probe = NULL;
    question->line = answer_line(end);
    command->answered++;
    if (end->outcome == PS_OUTCOME_ERROR || end->outcome == PS_OUTCOME_DEFERRED)
        command->failed = true;
    if (end->outcome == PS_OUTCOME_DEFERRED)
        ps_timer_set(command->sweep, 0);
    print_ready(command);
    if (command->progress)
        (void)fprintf(stderr, "\r%zu of %zu asked%s", command->answered, command->count,
                      command->answered == command->count ? "\n" : "");
    if (command->answered == command->count)
        ps_loop_stop(command->loop, command->failed ? PS_EXIT_FAILED : PS_EXIT_OK);
}

/* A host asked for a pause: what waits for it is not kept waiting, a person wants an answer. */
static void on_sweep(void *cookie)
{
    struct command *command = cookie;
    struct ps_err err;

    ps_fail(&err, PS_FAILURE_RATE_LIMIT, 0, "not asked: the host wants a pause");
    for (size_t i = 0; i < command->count; i++)
        if (command->questions[i].probe != NULL &&
            ps_probe_pause_ms(command->questions[i].probe) > 0)
            ps_probe_give_up(command->questions[i].probe, PS_OUTCOME_DEFERRED, &err);
}

static void on_bad_setting(void *cookie, const struct ps_err *err)
{
    (void)cookie;
    (void)fprintf(stderr, "paperscout-worker: %s\n", err->what);
}

static int ask_all(struct command *command, const struct ps_config *config, char **urls)
{
    struct ps_probe_kit_options options = { .loop = command->loop,
                                            .config = config,
                                            .user_agent = config->user_agent[0] == '\0'
                                                              ? "paperscout/" PS_VERSION
                                                              : config->user_agent,
                                            .for_people = true };
    struct ps_probe_kit kit;
    int status;

    ps_probe_kit_init(&kit, &options);
    command->sweep = ps_timer_create(command->loop, on_sweep, command);
    for (size_t i = 0; i < command->count; i++) {
        command->questions[i].command = command;
        command->questions[i].probe =
            ps_probe_start(kit.prober, urls[i], PS_PROBE_HEAD, on_answer, &command->questions[i]);
    }
    status = ps_loop_run(command->loop);
    ps_timer_destroy(command->sweep);
    ps_probe_kit_clear(&kit);
    return status;
}

static int run_probe(int argc, char **argv, void *env)
{
    struct ps_config config;
    struct command command = { .count = argc > 1 ? (size_t)(argc - 1) : 0 };
    int status;

    if (command.count == 0) {
        (void)fprintf(stderr, "usage: paperscout-worker probe URL...\n");
        return PS_EXIT_USAGE;
    }
    for (size_t i = 1; i <= command.count; i++) {
        if (argv[i][0] != '-')
            continue;
        (void)fprintf(stderr, "paperscout-worker: probe has no option \"%s\"; it takes URLs\n",
                      argv[i]);
        return PS_EXIT_USAGE;
    }
    if (!ps_config_load(PS_COMPONENT_WORKER, ps_env_get, env, on_bad_setting, NULL, &config))
        return PS_EXIT_CONFIG;
    command.loop = ps_loop_create();
    command.questions = ps_alloc_zero(command.count, sizeof(*command.questions));
    command.progress = command.count >= PROGRESS_FROM && isatty(STDERR_FILENO) == 1;
    status = ask_all(&command, &config, argv + 1);
    free(command.questions);
    ps_loop_destroy(command.loop);
    ps_config_clear(&config);
    return status;
}

const struct ps_command ps_cmd_probe = {
    .name = "probe",
    .synopsis = "probe URL...",
    .help = "Asks each URL with a HEAD request and prints a JSON line for each, in the\n"
            "order given: url, outcome, status, last_modified, failure_category,\n"
            "attempts, latency_ms. Needs no Redis; rate and concurrency settings hold\n"
            "for this command alone. Exit status 0 when all were answered, 1 when some\n"
            "ended in an error or were deferred. Of more than 20 it tells on standard\n"
            "error how many have been asked, where that is a terminal.\n",
    .run = run_probe,
};
