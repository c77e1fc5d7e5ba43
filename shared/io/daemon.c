#include "shared/io/daemon.h"

#include "embedded/scripts.h"
#include "shared/io/daemon_run.h"
#include "shared/io/healthcheck.h"
#include "shared/io/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 256 * 1024, HELP_INDENT = 8 };

/* Every line of text, indented. */
static void add_indented(const char *text, int indent, struct ps_buf *out_text)
{
    struct ps_str rest = ps_str_of(text);
    struct ps_str line;

    while (ps_str_next(&rest, '\n', &line)) {
        if (line.len > 0)
            (void)ps_buf_format(out_text, "%*s%.*s\n", indent, "", (int)line.len, line.data);
        else if (rest.len > 0)
            (void)ps_buf_char(out_text, '\n');
    }
}

static void add_command(const struct ps_command *command, struct ps_buf *out_text)
{
    (void)ps_buf_format(out_text, "    %s\n", command->synopsis);
    add_indented(command->help, HELP_INDENT, out_text);
    (void)ps_buf_char(out_text, '\n');
}

/* What every program has besides its own, in this order. */
enum { CHECK_CONFIG, HEALTHCHECK };
static const struct ps_command of_all[] = {
    {.name = "check-config",
     .synopsis = "check-config",
     .help = "Prints the settings as the daemon would use them, secrets as \"(set)\",\n"
              "or every fault it would stop for. Warns of names that are no setting\n"
              "but resemble one."                                  },
    { .name = "healthcheck",
     .synopsis = PS_HEALTHCHECK_SYNOPSIS,
     .help = "Asks the daemon that runs with the same settings on this machine for\n"
              "/livez, /readyz or /readyz/events and prints the answer, for containers without a "
              "shell:\n"
              "0 it is well, 1 it is not, 69 no answer within 2 s."},
};

static void format_help(const struct ps_program *program, struct ps_buf *out_text)
{
    (void)ps_buf_format(out_text,
                        "NAME\n"
                        "    %s - %s\n\n"
                        "SYNOPSIS\n"
                        "    %s\n"
                        "    %s COMMAND [ARGUMENT...]\n"
                        "    %s check-config | healthcheck | --help | --version\n\n"
                        "DESCRIPTION\n"
                        "    Without a command it runs as a daemon in the foreground, logs to\n"
                        "    standard error, answers /health, /livez, /readyz and /metrics on\n"
                        "    HEALTH_PORT (a scheduler also the status page, at /), and stops\n"
                        "    cleanly on SIGTERM or SIGINT.\n\n"
                        "COMMANDS\n",
                        program->name, program->summary, program->name, program->name,
                        program->name);
    for (size_t i = 0; i < program->command_count; i++)
        add_command(&program->commands[i], out_text);
    for (size_t i = 0; i < PS_COUNT_OF(of_all); i++)
        add_command(&of_all[i], out_text);
    (void)ps_buf_text(
        out_text,
        "    --help, --version\n"
        "        This text; the version. COMMAND --help: that command's help.\n\n"
        "    --markdown-settings, --env-example\n"
        "        The settings as a table for deploy/SETTINGS.md; as a .env file to begin with.\n\n"
        "SETTINGS\n"
        "    Environment variables, or NAME=value lines of a .env file in the working\n"
        "    directory; the environment wins, an empty value is the same as none. The\n"
        "    case of a name's letters does not count. In .env ${NAME} and ${NAME:-text}\n"
        "    are expanded, but not between single quotes. A secret can come from the\n"
        "    file that NAME_FILE names.\n\n");
    ps_config_help(program->component, out_text);
    (void)ps_buf_text(out_text, "\nEXIT STATUS\n"
                                "    0   done, or a clean stop\n"
                                "    1   failed\n"
                                "    64  wrong usage\n"
                                "    69  a server is not reached\n"
                                "    78  bad settings\n");
}

static int print(struct ps_buf *text)
{
    bool ok = fwrite(ps_buf_str(text), 1, text->len, stdout) == text->len && fflush(stdout) == 0 &&
              !text->full;

    ps_buf_clear(text);
    return ok ? PS_EXIT_OK : PS_EXIT_FAILED;
}

static void on_bad(void *cookie, const struct ps_err *err)
{
    const struct ps_program *const *program = cookie;

    (void)fprintf(stderr, "%s: %s\n", (*program)->name, err->what);
}

static void on_slip(void *cookie, const char *name, const char *nearest, const char *text)
{
    const struct ps_program *const *program = cookie;

    (void)name;
    (void)nearest;
    (void)fprintf(stderr, "%s: warning: %s\n", (*program)->name, text);
}

static int check_config(const struct ps_program *program, struct ps_env *env)
{
    struct ps_config config;
    struct ps_buf text;

    ps_env_slips(env, on_slip, &program);
    if (!ps_daemon_config(program, env, on_bad, &program, &config))
        return PS_EXIT_CONFIG;
    ps_buf_init(&text, TEXT_MAX);
    ps_config_print(program->component, &config, &text);
    ps_config_clear(&config);
    return print(&text);
}

static int wrong_usage(const struct ps_program *program, const char *what, const char *argument)
{
    (void)fprintf(stderr, "%s: %s \"%s\"; try %s --help\n", program->name, what, argument,
                  program->name);
    return PS_EXIT_USAGE;
}

/* Options that only print and need no settings. False when argv[1] is none of them. */
static bool run_option(const struct ps_program *program, int argc, char **argv, int *out_status)
{
    const char *argument = argv[1];
    struct ps_buf text;

    ps_buf_init(&text, TEXT_MAX);
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        format_help(program, &text);
    else if (strcmp(argument, "--version") == 0)
        (void)ps_buf_format(&text, "%s %s\n", program->name, PS_VERSION);
    else if (strcmp(argument, "--markdown-settings") == 0)
        ps_config_markdown(&text);
    else if (strcmp(argument, "--env-example") == 0)
        ps_config_env_example(&text);
    else
        return false;
    if (argc > 2) {
        ps_buf_clear(&text);
        *out_status = wrong_usage(program, "nothing follows an option that prints, not", argv[2]);
    } else {
        *out_status = print(&text);
    }
    return true;
}

static const struct ps_command *find_command(const struct ps_program *program, const char *name)
{
    for (size_t i = 0; i < program->command_count; i++)
        if (strcmp(program->commands[i].name, name) == 0)
            return &program->commands[i];
    for (size_t i = 0; i < PS_COUNT_OF(of_all); i++)
        if (strcmp(of_all[i].name, name) == 0)
            return &of_all[i];
    return NULL;
}

/* COMMAND --help, with whatever settings. */
static int print_command(const struct ps_command *command)
{
    struct ps_buf text;

    ps_buf_init(&text, TEXT_MAX);
    add_command(command, &text);
    return print(&text);
}

int ps_daemon_main(const struct ps_program *program, int argc, char **argv)
{
    const struct ps_command *command = argc > 1 ? find_command(program, argv[1]) : NULL;
    bool check = command == &of_all[CHECK_CONFIG];
    struct ps_env *env;
    struct ps_err err;
    int status = PS_EXIT_OK;

    ps_process_reset_signals();
    if (argc > 1 && command == NULL) {
        if (run_option(program, argc, argv, &status))
            return status;
        return wrong_usage(program, argv[1][0] == '-' ? "unknown option" : "unknown command",
                           argv[1]);
    }
    if (argc > 2 && strcmp(argv[2], "--help") == 0)
        return print_command(command);
    if (check && argc > 2)
        return wrong_usage(program, "check-config takes no argument, not", argv[2]);
    ps_process_allow_files();
    env = ps_env_create(&err);
    if (env == NULL) {
        if (command == NULL)
            ps_daemon_refuse(program, &err);
        else
            (void)fprintf(stderr, "%s: %s\n", program->name, err.what);
        return PS_EXIT_CONFIG;
    }
    if (command != NULL)
        free(ps_pg_ignore_environment());
    if (command == NULL)
        status = ps_daemon_run(program, env);
    else if (check)
        status = check_config(program, env);
    else if (command == &of_all[HEALTHCHECK])
        status = ps_healthcheck(program, argc - 1, argv + 1, env);
    else
        status = command->run(argc - 1, argv + 1, env);
    ps_env_destroy(env);
    return status;
}
