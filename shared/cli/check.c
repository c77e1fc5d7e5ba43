#include "shared/cli/check.h"

#include "shared/cli/sibling.h"
#include "shared/core/alloc.h"
#include "shared/core/command_table.h"
#include "shared/core/json.h"
#include "shared/core/str.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_OK, EXIT_USAGE = 64 };
enum { OUTPUT_MAX = 256 * 1024 };

struct report {
    bool json;
    cJSON *checks;
    int status; /* of the first check that failed */
};

static void note(struct report *report, const char *name, const char *program, const char *result,
                 int status)
{
    cJSON *check = cJSON_CreateObject();

    if (report->status == EXIT_OK)
        report->status = status;
    ps_json_add_text(check, "name", name);
    ps_json_add_text(check, "program", program);
    ps_json_add_text(check, "result", result);
    ps_json_add_int(check, "status", status);
    cJSON_AddItemToArray(report->checks, check);
}

/* Adds the lines of text to the last check. */
static void add_lines(struct report *report, const char *name, const struct ps_buf *text)
{
    cJSON *check = cJSON_GetArrayItem(report->checks, cJSON_GetArraySize(report->checks) - 1);
    cJSON *lines = cJSON_AddArrayToObject(check, name);
    struct ps_str rest = ps_str_of(ps_buf_str(text)), line;

    while (ps_str_next(&rest, '\n', &line)) {
        char *copy = ps_alloc_copy(line.data, line.len);

        if (line.len > 0)
            cJSON_AddItemToArray(lines, cJSON_CreateString(copy));
        free(copy);
    }
}

/* Whether the printed settings have a line that begins with start and goes on. */
static bool has_setting(const struct ps_buf *settings, const char *start)
{
    const char *found = ps_buf_str(settings);

    while ((found = strstr(found, start)) != NULL) {
        if ((found == ps_buf_str(settings) || found[-1] == '\n') && found[strlen(start)] != '\n' &&
            found[strlen(start)] != '\0')
            return true;
        found++;
    }
    return false;
}

/* The further checks that the settings call for. */
struct wanted {
    bool slack, webhooks;
};

static void check_settings(struct report *report, enum ps_command_program program,
                           struct wanted *wanted)
{
    static const char *const arguments[] = { "check-config", NULL };
    const char *name = ps_command_program_name(program);
    struct ps_buf out, err;
    int status;

    if (!ps_sibling_exists(name)) {
        note(report, "settings", name, "skipped", EXIT_OK);
        if (!report->json)
            ps_print(stdout, "skipped  settings of %s: it is not installed here\n", name);
        return;
    }
    ps_buf_init(&out, OUTPUT_MAX);
    ps_buf_init(&err, OUTPUT_MAX);
    status = ps_sibling_run(name, arguments, &out, &err);
    note(report, "settings", name, status == EXIT_OK ? "ok" : "problem", status);
    add_lines(report, "messages", &err);
    if (!report->json) {
        ps_print(stdout, "%-8s settings of %s\n", status == EXIT_OK ? "ok" : "problem", name);
        (void)fflush(stdout);
        ps_print(stderr, "%s", ps_buf_str(&err));
    }
    wanted->slack = wanted->slack ||
                    (has_setting(&out, "SLACK_BOT_TOKEN=") && has_setting(&out, "NOTIFY_SINK=s"));
    wanted->webhooks =
        wanted->webhooks || (program == PS_COMMAND_OF_NOTIFIER &&
                             (has_setting(&out, "WEBHOOK_URL=") || has_setting(&out, "WEBHOOKS=")));
    ps_buf_clear(&out);
    ps_buf_clear(&err);
}

/* Runs one of the notifier's commands that ask others. Not wanted: why says what is not set. */
static void check_others(struct report *report, const char *what, const char *command, bool wanted,
                         const char *why)
{
    const char *const arguments[] = { command, NULL };
    const char *title = strcmp(what, "slack") == 0 ? "Slack" : what;
    const char *name = ps_command_program_name(PS_COMMAND_OF_NOTIFIER);
    struct ps_buf out, err;
    int status;

    if (!wanted) {
        note(report, what, name, "skipped", EXIT_OK);
        if (!report->json)
            ps_print(stdout, "skipped  %s: %s\n", title, why);
        return;
    }
    ps_buf_init(&out, OUTPUT_MAX);
    ps_buf_init(&err, OUTPUT_MAX);
    status = ps_sibling_run(name, arguments, &out, &err);
    note(report, what, name, status == EXIT_OK ? "ok" : "problem", status);
    add_lines(report, "findings", &out);
    add_lines(report, "messages", &err);
    if (!report->json) {
        ps_print(stdout, "%-8s %s\n%s", status == EXIT_OK ? "ok" : "problem", title,
                 ps_buf_str(&out));
        (void)fflush(stdout);
        ps_print(stderr, "%s", ps_buf_str(&err));
    }
    ps_buf_clear(&out);
    ps_buf_clear(&err);
}

int ps_check(int argc, char **argv)
{
    struct report report = { .json = argc == 2 && strcmp(argv[1], "--json") == 0 };
    struct wanted wanted = { .slack = false };
    bool settings_ok;

    if (argc > 2 || (argc == 2 && !report.json)) {
        ps_print(stderr, "usage: paperscout check [--json]\n");
        return EXIT_USAGE;
    }
    report.checks = cJSON_CreateArray();
    check_settings(&report, PS_COMMAND_OF_SCHEDULER, &wanted);
    check_settings(&report, PS_COMMAND_OF_WORKER, &wanted);
    check_settings(&report, PS_COMMAND_OF_NOTIFIER, &wanted);
    settings_ok = report.status == EXIT_OK;
    check_others(&report, "slack", "check-slack", settings_ok && wanted.slack,
                 settings_ok ? "NOTIFY_SINK is not slack, or SLACK_BOT_TOKEN is not set"
                             : "the settings have errors");
    check_others(&report, "webhooks", "check-webhooks", settings_ok && wanted.webhooks,
                 settings_ok ? "neither WEBHOOK_URL nor WEBHOOKS is set"
                             : "the settings have errors");
    if (report.json) {
        cJSON *json = cJSON_CreateObject();

        ps_json_add_bool(json, "ok", report.status == EXIT_OK);
        cJSON_AddItemToObject(json, "checks", report.checks);
        ps_print_json(stdout, json);
    } else {
        cJSON_Delete(report.checks);
    }
    return report.status;
}
