#include "shared/io/program_main.h"

#include "embedded/scripts.h"
#include "shared/core/alloc.h"
#include "shared/core/command_help.h"
#include "shared/core/json.h"
#include "shared/core/str.h"
#include "shared/io/daemon.h"
#include "shared/io/daemon_config.h"
#include "shared/io/healthcheck.h"
#include "shared/io/print.h"
#include "shared/io/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 256 * 1024, HELP_INDENT = 8 };

/* The commands that every program has in addition to its own. They have no run function:
 * ps_program_main calls them with the program, which a command of the table does not get. */
enum { CHECK_CONFIG, HEALTHCHECK };
static const struct ps_command common_commands[] = {
    { .text = &ps_command_texts[PS_COMMAND_CHECK_CONFIG] },
    { .text = &ps_command_texts[PS_COMMAND_HEALTHCHECK] },
};

static void add_command(const struct ps_command *command, struct ps_buf *out_text)
{
    ps_help_usage("", command->text->name, command->text->usage, HELP_INDENT / 2, out_text);
    ps_help_wrap(command->text->help, HELP_INDENT, out_text);
    (void)ps_buf_char(out_text, '\n');
}

static void add_help(const struct ps_program *program, struct ps_buf *out_text)
{
    (void)ps_buf_format(
        out_text,
        "NAME\n"
        "    %s - %s\n\n"
        "SYNOPSIS\n"
        "    %s\n"
        "    %s COMMAND [ARGUMENT...]\n"
        "    %s check-config | healthcheck | --help | --version\n\n"
        "DESCRIPTION\n"
        "    Without a command, runs as a daemon in the foreground: logs to standard\n"
        "    error, serves /health, /livez, /readyz and /metrics on HEALTH_PORT (a\n"
        "    scheduler also serves the status page, at /), and stops cleanly on\n"
        "    SIGTERM or SIGINT.\n\n"
        "COMMANDS\n",
        program->name, program->summary, program->name, program->name, program->name);
    for (size_t i = 0; i < program->command_count; i++)
        add_command(&program->commands[i], out_text);
    for (size_t i = 0; i < PS_COUNT_OF(common_commands); i++)
        add_command(&common_commands[i], out_text);
    (void)ps_buf_text(
        out_text, "    --help, --version\n"
                  "        Prints this text or the version. COMMAND --help prints the help of\n"
                  "        that command.\n\n"
                  "    --markdown-settings, --env-example\n"
                  "        Prints the settings as the table of deploy/SETTINGS.md, or as a .env\n"
                  "        file to start from.\n\n"
                  "SETTINGS\n"
                  "    Settings are environment variables or NAME=value lines of a .env file in\n"
                  "    the working directory. The environment wins over .env. An empty value\n"
                  "    counts as not set. Names are not case-sensitive. In .env, ${NAME} and\n"
                  "    ${NAME:-text} are expanded, except between single quotes. A secret can\n"
                  "    be read from a file: NAME_FILE holds its path.\n\n");
    ps_config_help(program->component, out_text);
    (void)ps_buf_text(out_text, "\nEXIT STATUS\n"
                                "    0   success, or a clean stop\n"
                                "    1   failure\n"
                                "    64  wrong usage\n"
                                "    69  a server cannot be reached\n"
                                "    78  invalid settings\n");
}

/* Prints text and clears it. A text that was cut at TEXT_MAX or that standard output did not take
 * is a failure. */
static int print(struct ps_buf *text)
{
    bool ok;

    ps_print(stdout, "%s", ps_buf_str(text));
    ok = fflush(stdout) == 0 && ferror(stdout) == 0 && !text->full;
    ps_buf_clear(text);
    return ok ? PS_EXIT_OK : PS_EXIT_FAILED;
}

static void print_misspelt_setting(void *cookie, const char *name, const char *nearest,
                                   const char *text)
{
    const char *const *program_name = cookie;

    (void)name;
    (void)nearest;
    ps_print(stderr, "%s: warning: %s\n", *program_name, text);
}

/* check-config --json: {"ok", "settings": {NAME: text}, "errors": […], "warnings": […]}. */
struct config_report {
    cJSON *settings, *errors, *warnings;
};

static void add_config_error(void *cookie, const struct ps_err *err)
{
    const struct config_report *report = cookie;

    cJSON_AddItemToArray(report->errors, cJSON_CreateString(err->what));
}

static void add_misspelt_setting(void *cookie, const char *name, const char *nearest,
                                 const char *text)
{
    const struct config_report *report = cookie;

    (void)name;
    (void)nearest;
    cJSON_AddItemToArray(report->warnings, cJSON_CreateString(text));
}

/* The lines are those that people read, so that both say the same. */
static void add_settings(const struct ps_buf *lines, cJSON *settings)
{
    struct ps_str rest = ps_str_of(ps_buf_str(lines)), line, name;

    while (ps_str_next(&rest, '\n', &line)) {
        char *key, *value;

        if (line.len == 0 || !ps_str_next(&line, '=', &name))
            continue;
        key = ps_alloc_copy(name.data, name.len);
        value = ps_alloc_copy(line.data == NULL ? "" : line.data, line.len);
        ps_json_add_text(settings, key, value);
        free(value);
        free(key);
    }
}

static int check_config_json(const struct ps_program *program, struct ps_env *env)
{
    cJSON *json = cJSON_CreateObject();
    struct ps_config config;
    struct ps_buf text;
    struct config_report report;
    char *printed;
    bool ok;

    (void)cJSON_AddFalseToObject(json, "ok");
    report.settings = cJSON_AddObjectToObject(json, "settings");
    report.errors = cJSON_AddArrayToObject(json, "errors");
    report.warnings = cJSON_AddArrayToObject(json, "warnings");
    ps_env_misspelt(env, add_misspelt_setting, &report);
    ok = ps_daemon_config_load(program->component, program->needs_database, env, add_config_error,
                               &report, &config);
    if (ok) {
        ps_buf_init(&text, TEXT_MAX);
        ps_config_print(program->component, &config, &text);
        ps_config_clear(&config);
        add_settings(&text, report.settings);
        ps_buf_clear(&text);
        cJSON_ReplaceItemInObjectCaseSensitive(json, "ok", cJSON_CreateTrue());
    }
    printed = ps_json_print(json);
    ps_print(stdout, "%s\n", printed);
    free(printed);
    cJSON_Delete(json);
    if (fflush(stdout) != 0)
        return PS_EXIT_FAILED;
    return ok ? PS_EXIT_OK : PS_EXIT_CONFIG;
}

static int check_config(const struct ps_program *program, struct ps_env *env)
{
    const char *program_name = program->name;
    struct ps_config config;
    struct ps_buf text;

    ps_env_misspelt(env, print_misspelt_setting, &program_name);
    if (!ps_daemon_config_load(program->component, program->needs_database, env, ps_print_fault,
                               &program_name, &config))
        return PS_EXIT_CONFIG;
    ps_buf_init(&text, TEXT_MAX);
    ps_config_print(program->component, &config, &text);
    ps_config_clear(&config);
    return print(&text);
}

/* The command that a mistyped name was meant to be, NULL for none. */
static const char *nearest_command(const struct ps_program *program, const char *name)
{
    const char *names[PS_COMMAND_COUNT];
    size_t count = 0;

    for (size_t i = 0; i < program->command_count && count < PS_COUNT_OF(names); i++)
        names[count++] = program->commands[i].text->name;
    for (size_t i = 0; i < PS_COUNT_OF(common_commands) && count < PS_COUNT_OF(names); i++)
        names[count++] = common_commands[i].text->name;
    return ps_command_nearest(name, names, count);
}

static int unknown_command(const struct ps_program *program, const char *name)
{
    const char *nearest = nearest_command(program, name);

    ps_print(stderr, "%s: unknown command \"%s\"; ", program->name, name);
    if (nearest != NULL)
        ps_print(stderr, "did you mean \"%s\"?\n", nearest);
    else
        ps_print(stderr, "try %s --help\n", program->name);
    return PS_EXIT_USAGE;
}

static int wrong_usage(const struct ps_program *program, const char *what, const char *argument)
{
    ps_print(stderr, "%s: %s \"%s\"; try %s --help\n", program->name, what, argument,
             program->name);
    return PS_EXIT_USAGE;
}

/* Runs an option that only prints and needs no settings. Returns false if argv[1] is not such an
 * option. */
static bool run_print_option(const struct ps_program *program, int argc, char **argv,
                             int *out_status)
{
    const char *argument = argv[1];
    struct ps_buf text;

    ps_buf_init(&text, TEXT_MAX);
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        add_help(program, &text);
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
        *out_status = wrong_usage(program, "unexpected argument", argv[2]);
    } else {
        *out_status = print(&text);
    }
    return true;
}

static const struct ps_command *find_command(const struct ps_program *program, const char *name)
{
    for (size_t i = 0; i < program->command_count; i++)
        if (strcmp(program->commands[i].text->name, name) == 0)
            return &program->commands[i];
    for (size_t i = 0; i < PS_COUNT_OF(common_commands); i++)
        if (strcmp(common_commands[i].text->name, name) == 0)
            return &common_commands[i];
    return NULL;
}

int ps_program_main(const struct ps_program *program, int argc, char **argv)
{
    const struct ps_command *command = argc > 1 ? find_command(program, argv[1]) : NULL;
    bool check = command == &common_commands[CHECK_CONFIG], as_json;
    struct ps_env *env;
    struct ps_buf text;
    struct ps_err err;
    int status = PS_EXIT_OK;

    ps_process_reset_signals();
    if (argc > 1 && command == NULL) {
        if (run_print_option(program, argc, argv, &status))
            return status;
        return argv[1][0] == '-' ? wrong_usage(program, "unknown option", argv[1])
                                 : unknown_command(program, argv[1]);
    }
    if (argc > 2 && strcmp(argv[2], "--help") == 0) {
        ps_buf_init(&text, TEXT_MAX);
        add_command(command, &text);
        return print(&text);
    }
    as_json = check && argc == 3 && strcmp(argv[2], "--json") == 0;
    if (check && argc > 2 && !as_json)
        return wrong_usage(program, "check-config takes no argument but --json; got",
                           strcmp(argv[2], "--json") == 0 ? argv[3] : argv[2]);
    ps_process_allow_files();
    env = ps_env_create(&err);
    if (env == NULL) {
        if (command == NULL)
            ps_daemon_log_unreadable_settings(program, &err);
        else
            ps_print(stderr, "%s: %s\n", program->name, err.what);
        return PS_EXIT_CONFIG;
    }
    if (command != NULL)
        free(ps_pg_ignore_environment());
    if (command == NULL) {
        ps_process_keep_secrets();
        status = ps_daemon_run(program, env);
    } else if (check)
        status = as_json ? check_config_json(program, env) : check_config(program, env);
    else if (command == &common_commands[HEALTHCHECK])
        status = ps_healthcheck(program->name, program->component, argc - 1, argv + 1, env);
    else
        status = command->run(argc - 1, argv + 1, env);
    ps_env_destroy(env);
    return status;
}
