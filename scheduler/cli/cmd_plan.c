#include "scheduler/cli/cmd_plan.h"

#include "scheduler/cli/input.h"
#include "scheduler/core/plan.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/paper_id.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/env.h"

#include <stdio.h>
#include <stdlib.h>

struct arguments {
    const char *index, *cycle, *today, *discovered, *watch;
};

/* What is read from the files. */
struct material {
    struct ps_config config;
    struct ps_paper_index *index;
    struct ps_url_set *discovered;
    struct ps_number_set watched;
};

static bool on_url(void *cookie, struct ps_str line)
{
    char *url = ps_alloc_copy(line.data, line.len);
    bool ok = ps_url_is_http(url);

    if (ok)
        (void)ps_url_set_add(cookie, url);
    free(url);
    return ok;
}

static bool on_number(void *cookie, struct ps_str line)
{
    int64_t number;

    if (!ps_str_int(line, 1, PS_PAPER_NUMBER_MAX, &number))
        return false;
    ps_number_set_add(cookie, (int)number);
    return true;
}

static void on_bad(void *cookie, const struct ps_err *err)
{
    (void)fprintf(stderr, "%s: %s\n", (const char *)cookie, err->what);
}

static bool parse_moment(const char *name, const struct arguments *arguments,
                         struct ps_plan_input *input)
{
    input->cycle = 1;
    input->today = (int32_t)(ps_clock_wall_ms() / PS_DAY_MS);
    if (arguments->cycle && !ps_str_int(ps_str_of(arguments->cycle), 1, INT64_MAX, &input->cycle)) {
        (void)fprintf(stderr, "%s: --cycle takes a number from 1, not '%s'\n", name,
                      arguments->cycle);
        return false;
    }
    if (arguments->today && !ps_utc_time_parse_date(arguments->today, &input->today)) {
        (void)fprintf(stderr, "%s: --today takes YYYY-MM-DD, not '%s'\n", name, arguments->today);
        return false;
    }
    return true;
}

static bool read_files(const struct arguments *arguments, struct material *material)
{
    material->index = ps_input_index(arguments->index);
    if (!material->index)
        return false;
    if (arguments->discovered &&
        !ps_input_lines(arguments->discovered, "no http(s) URL", on_url, material->discovered))
        return false;
    return !arguments->watch ||
           ps_input_lines(arguments->watch, "no paper number", on_number, &material->watched);
}

static bool print_plan(const struct ps_plan *plan)
{
    cJSON *summary;
    char *text;

    for (size_t i = 0; i < plan->len; i++)
        (void)printf("%s %s\n", ps_tier_name(plan->items[i].tier), plan->items[i].url);
    if (fflush(stdout) != 0)
        return false;
    summary = cJSON_CreateObject();
    ps_json_add_int(summary, "frontier", plan->frontier);
    ps_json_add_int(summary, "total", (int64_t)plan->len);
    ps_json_add_int(summary, "skipped_discovered", (int64_t)plan->skipped_discovered);
    ps_json_add_int(summary, "skipped_in_index", (int64_t)plan->skipped_in_index);
    text = ps_json_print(summary);
    (void)fprintf(stderr, "%s\n", text);
    free(text);
    cJSON_Delete(summary);
    return true;
}

static int plan_with(const struct arguments *arguments, struct ps_plan_input *input,
                     struct material *material)
{
    struct ps_plan plan;
    bool printed;

    if (!read_files(arguments, material))
        return PS_EXIT_FAILED;
    input->config = &material->config;
    input->index = material->index;
    input->discovered = material->discovered;
    input->watched = &material->watched;
    ps_plan_make(input, &plan);
    printed = print_plan(&plan);
    ps_plan_clear(&plan);
    return printed ? PS_EXIT_OK : PS_EXIT_FAILED;
}

static int run(int argc, char **argv, void *env)
{
    struct arguments arguments = { NULL, NULL, NULL, NULL, NULL };
    const struct ps_input_option options[] = {
        {"index",       &arguments.index,      true },
        { "cycle",      &arguments.cycle,      false},
        { "today",      &arguments.today,      false},
        { "discovered", &arguments.discovered, false},
        { "watch",      &arguments.watch,      false}
    };
    struct ps_plan_input input = { 0 };
    struct material material = { 0 };
    int status;

    if (!ps_input_options(argc, argv, options, PS_COUNT_OF(options)) ||
        !parse_moment(argv[0], &arguments, &input))
        return PS_EXIT_USAGE;
    if (!ps_config_load(PS_COMPONENT_SCHEDULER, ps_env_get, env, on_bad, argv[0], &material.config))
        return PS_EXIT_CONFIG;
    material.discovered = ps_url_set_create();
    ps_number_set_init(&material.watched);
    status = plan_with(&arguments, &input, &material);
    ps_paper_index_destroy(material.index);
    ps_url_set_destroy(material.discovered);
    ps_number_set_clear(&material.watched);
    ps_config_clear(&material.config);
    return status;
}

const struct ps_command ps_cmd_plan = {
    .name = "plan",
    .synopsis = "plan --index FILE [--cycle N] [--today YYYY-MM-DD] [--discovered FILE]\n"
                "         [--watch FILE]",
    .help = "Prints the probe plan, with no Redis and no database: a line \"tier URL\"\n"
            "for each task that would be published, in order. One JSON line on standard\n"
            "error tells frontier, total, skipped_discovered and skipped_in_index.\n"
            "--discovered holds a URL a line, --watch a paper number a line. Default:\n"
            "cycle 1, today in UTC.",
    .run = run,
};
