#include "worker/cli/cmd_probe.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/command_usage.h"
#include "shared/io/env.h"
#include "shared/io/print.h"
#include "worker/io/probe_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_MIN_URLS = 21 };

struct url_probe {
    struct command *command;
    struct ps_probe *probe; /* NULL once answered */
    char *line;             /* the answer, until the answers before it are printed */
};

struct command {
    struct ps_loop *loop;
    struct ps_timer *end_paused;
    struct url_probe *probes;
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

/* Prints answers in the order of the arguments, each as soon as those before it are known. Removes
 * the progress line first, because both may go to the same terminal. */
static void print_ready(struct command *command)
{
    if (command->progress && command->probes[command->printed].line != NULL)
        (void)fputs("\r\033[K", stderr);
    while (command->printed < command->count && command->probes[command->printed].line != NULL) {
        struct url_probe *url_probe = &command->probes[command->printed++];

        ps_print(stdout, "%s\n", url_probe->line);
        free(url_probe->line);
        url_probe->line = NULL;
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        command->failed = true;
}

static void on_answer(void *cookie, const struct ps_probe_report *end)
{
    struct url_probe *url_probe = cookie;
    struct command *command = url_probe->command;
    char progress[64];

    url_probe->probe = NULL;
    url_probe->line = answer_line(end);
    command->answered++;
    if (end->outcome == PS_OUTCOME_ERROR || end->outcome == PS_OUTCOME_DEFERRED)
        command->failed = true;
    if (end->outcome == PS_OUTCOME_DEFERRED)
        ps_timer_set(command->end_paused, 0);
    print_ready(command);
    if (command->progress) {
        (void)snprintf(progress, sizeof(progress), "\r%zu of %zu asked%s", command->answered,
                       command->count, command->answered == command->count ? "\n" : "");
        (void)fputs(progress, stderr); /* our own, with its carriage return */
    }
    if (command->answered == command->count)
        ps_loop_stop(command->loop, command->failed ? PS_EXIT_FAILED : PS_EXIT_OK);
}

/* A host asked for a pause. A person wants an answer now, so the URLs that would wait for its end
 * are reported as deferred. */
static void on_end_paused(void *cookie)
{
    struct command *command = cookie;
    struct ps_err err;

    ps_fail(&err, PS_FAILURE_RATE_LIMIT, 0, "not requested: the host asked for a pause");
    for (size_t i = 0; i < command->count; i++)
        if (command->probes[i].probe != NULL && ps_probe_pause_ms(command->probes[i].probe) > 0)
            ps_probe_give_up(command->probes[i].probe, PS_OUTCOME_DEFERRED, &err);
}

static int probe_all(struct command *command, const struct ps_config *config, char **urls)
{
    struct ps_probe_kit_options options = { .loop = command->loop,
                                            .config = config,
                                            .for_people = true };
    struct ps_probe_kit kit;
    int status;

    ps_probe_kit_init(&kit, &options);
    command->end_paused = ps_timer_create(command->loop, on_end_paused, command);
    for (size_t i = 0; i < command->count; i++) {
        command->probes[i].command = command;
        command->probes[i].probe =
            ps_probe_start(kit.prober, urls[i], PS_PROBE_HEAD, on_answer, &command->probes[i]);
    }
    status = ps_loop_run(command->loop);
    ps_timer_destroy(command->end_paused);
    ps_probe_kit_clear(&kit);
    return status;
}

static int run_probe(int argc, char **argv, void *env)
{
    const char *program = "paperscout-worker";
    struct ps_config config;
    struct command command = { .count = argc > 1 ? (size_t)(argc - 1) : 0 };
    int status;

    if (argc > 1 && strcmp(argv[1], "--json") == 0) { /* the output is JSON in any case */
        argv++;
        command.count--;
    }
    if (command.count == 0)
        return ps_command_usage("paperscout-worker", PS_COMMAND_PROBE);
    for (size_t i = 1; i <= command.count; i++) {
        if (argv[i][0] != '-')
            continue;
        ps_print(stderr, "paperscout-worker: probe has no option \"%s\"; it takes URLs\n", argv[i]);
        return PS_EXIT_USAGE;
    }
    if (!ps_config_load(PS_COMPONENT_WORKER, ps_env_get, env, ps_print_fault, &program, &config))
        return PS_EXIT_CONFIG;
    command.loop = ps_loop_create();
    command.probes = ps_alloc_zero(command.count, sizeof(*command.probes));
    command.progress = command.count >= PROGRESS_MIN_URLS && isatty(STDERR_FILENO) == 1;
    status = probe_all(&command, &config, argv + 1);
    free(command.probes);
    ps_loop_destroy(command.loop);
    ps_config_clear(&config);
    return status;
}

const struct ps_command ps_cmd_probe = { .text = &ps_command_texts[PS_COMMAND_PROBE],
                                         .run = run_probe };
