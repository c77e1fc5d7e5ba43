#include "scheduler/cli/cmd_plan.h"

#include "scheduler/cli/input.h"
#include "scheduler/core/adaptive_plan.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/paper_id.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/env.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
    const char *index, *cycle, *today, *discovered, *watch; /* of both planners, and of classic */
    const char *planner, *now, *probed, *verbose, *json;    /* of adaptive */
};

/* The data that is read from the files. */
struct material {
    struct ps_config config;
    struct ps_paper_index *index;
    struct ps_url_set *discovered;
    struct ps_number_set watched;
    struct ps_sighting *sightings; /* adaptive: the discovered ones, with their times */
    size_t sighting_count, sighting_size;
    struct ps_probe_times *probed;
    int64_t last_ms; /* newest time of probed: that is when the cycle before began */
};

static bool on_url(void *cookie, struct ps_str line)
{
    struct material *material = cookie;
    char *url = ps_alloc_copy(line.data, line.len);
    bool ok = ps_url_is_http(url);

    if (ok)
        (void)ps_url_set_add(material->discovered, url);
    free(url);
    return ok;
}

/* "URL" or "URL<tab>ISO time". Gives the URL to free, NULL for a line that is neither. */
static char *timed_url(struct ps_str line, int64_t *out_at_ms)
{
    struct ps_str rest = line, part;
    char *url;

    *out_at_ms = 0;
    if (!ps_str_next(&rest, '\t', &part))
        return NULL;
    if (part.len < line.len && !ps_input_time(rest, out_at_ms))
        return NULL;
    part = ps_str_trim(part);
    url = ps_alloc_copy(part.data, part.len);
    if (!ps_url_is_http(url)) {
        free(url);
        return NULL;
    }
    return url;
}

static bool on_sighting(void *cookie, struct ps_str line)
{
    struct material *material = cookie;
    struct ps_sighting sighting;
    int64_t at_ms;
    char *url = timed_url(line, &at_ms);

    if (url == NULL)
        return false;
    if (ps_sighting_parse(&material->config, url, &sighting)) {
        if (material->sighting_count == material->sighting_size) {
            material->sighting_size =
                material->sighting_size == 0 ? 256 : material->sighting_size * 2;
            material->sightings = ps_alloc_array(material->sightings, material->sighting_size,
                                                 sizeof(*material->sightings));
        }
        sighting.at_ms = at_ms;
        material->sightings[material->sighting_count++] = sighting;
    }
    free(url);
    return true;
}

static bool on_probed(void *cookie, struct ps_str line)
{
    struct material *material = cookie;
    struct ps_sighting sighting;
    int64_t at_ms;
    char *url = timed_url(line, &at_ms);

    if (url == NULL || at_ms == 0) {
        free(url);
        return false;
    }
    if (ps_sighting_parse(&material->config, url, &sighting))
        ps_probe_times_set(material->probed,
                           ps_draft_key_of(sighting.number, sighting.revision, sighting.variant),
                           at_ms);
    if (at_ms > material->last_ms)
        material->last_ms = at_ms;
    free(url);
    return true;
}

static bool parse_moment(const char *name, const struct arguments *arguments,
                         struct ps_plan_input *input)
{
    input->cycle = 1;
    input->today = (int32_t)(ps_clock_wall_ms() / PS_DAY_MS);
    if (arguments->cycle && !ps_str_int(ps_str_of(arguments->cycle), 1, INT64_MAX, &input->cycle)) {
        ps_print(stderr, "%s: --cycle takes a number from 1, not '%s'\n", name, arguments->cycle);
        return false;
    }
    if (arguments->today && !ps_utc_time_parse_date(arguments->today, &input->today)) {
        ps_print(stderr, "%s: --today takes YYYY-MM-DD, not '%s'\n", name, arguments->today);
        return false;
    }
    return true;
}

static bool read_files(const struct arguments *arguments, bool adaptive, struct material *material)
{
    material->index = ps_input_index(arguments->index);
    if (!material->index)
        return false;
    if (arguments->discovered &&
        !ps_input_lines(arguments->discovered,
                        adaptive ? "neither \"URL\" nor \"URL<tab>ISO time\"" : "no http(s) URL",
                        adaptive ? on_sighting : on_url, material))
        return false;
    if (arguments->probed &&
        !ps_input_lines(arguments->probed, "no \"URL<tab>ISO time\"", on_probed, material))
        return false;
    return !arguments->watch || ps_input_numbers(arguments->watch, &material->watched);
}

/* adaptive: NULL for the classic plan. */
static void print_probe_json(const struct ps_planned *probe, bool verbose)
{
    cJSON *json = cJSON_CreateObject();

    ps_json_add_text(json, "tier", ps_tier_name(probe->tier));
    ps_json_add_text(json, "url", probe->url);
    if (verbose)
        ps_json_add_real(json, "gain", probe->gain);
    ps_print_json(stdout, json);
}

static bool print_plan(const struct ps_plan *plan, const struct ps_adaptive *adaptive,
                       const struct arguments *arguments)
{
    bool verbose = arguments->verbose != NULL;
    cJSON *summary;

    for (size_t i = 0; i < plan->len; i++) {
        if (arguments->json != NULL) {
            print_probe_json(&plan->items[i], verbose);
            continue;
        }
        ps_print(stdout, "%s %s", ps_tier_name(plan->items[i].tier), plan->items[i].url);
        if (verbose)
            ps_print(stdout, " %.6g", plan->items[i].gain);
        ps_print(stdout, "\n");
    }
    if (fflush(stdout) != 0)
        return false;
    summary = cJSON_CreateObject();
    ps_json_add_int(summary, "frontier", plan->frontier);
    ps_json_add_int(summary, "total", (int64_t)plan->len);
    ps_json_add_int(summary, "skipped_discovered", (int64_t)plan->skipped_discovered);
    ps_json_add_int(summary, "skipped_in_index", (int64_t)plan->skipped_in_index);
    if (adaptive != NULL) {
        ps_json_add_int(summary, "candidates", (int64_t)adaptive->candidates.len);
        ps_json_add_int(summary, "budget", (int64_t)adaptive->budget);
        ps_json_add_real(summary, "expected_per_day", adaptive->activity);
    }
    ps_print_json(stderr, summary);
    return true;
}

static bool plan_classic(const struct arguments *arguments, const struct ps_plan_input *moment,
                         const struct material *material)
{
    struct ps_plan_input input = *moment;
    struct ps_plan plan;
    bool printed;

    input.config = &material->config;
    input.index = material->index;
    input.discovered = material->discovered;
    input.watched = &material->watched;
    ps_plan_make(&input, &plan);
    printed = print_plan(&plan, NULL, arguments);
    ps_plan_clear(&plan);
    return printed;
}

static bool plan_adaptive(const struct arguments *arguments, int64_t now_ms,
                          const struct material *material)
{
    struct ps_adaptive_source source = { .config = &material->config,
                                         .index = material->index,
                                         .sightings = material->sightings,
                                         .sighting_count = material->sighting_count,
                                         .probed = material->probed,
                                         .watched = &material->watched,
                                         .last_ms = material->last_ms,
                                         .now_ms = now_ms };
    struct ps_adaptive adaptive;
    struct ps_plan plan;
    bool printed;

    ps_sightings_sort(material->sightings, material->sighting_count);
    ps_adaptive_open(&source, &adaptive);
    ps_adaptive_plan_make(&adaptive, &material->config, &plan);
    printed = print_plan(&plan, &adaptive, arguments);
    ps_plan_clear(&plan);
    ps_adaptive_clear(&adaptive);
    return printed;
}

/* Which planner is meant: the one that is named, else the one whose options are given. */
static bool choose_planner(const char *name, struct arguments *arguments, bool *out_adaptive)
{
    bool of_adaptive = arguments->now != NULL || arguments->probed != NULL;
    bool of_classic = arguments->cycle != NULL || arguments->today != NULL;

    if (arguments->planner == NULL)
        arguments->planner = of_adaptive ? "adaptive" : "classic";
    *out_adaptive = strcmp(arguments->planner, "adaptive") == 0;
    if (!*out_adaptive && strcmp(arguments->planner, "classic") != 0) {
        ps_print(stderr, "%s: --planner takes adaptive or classic, not '%s'\n", name,
                 arguments->planner);
        return false;
    }
    if (*out_adaptive ? of_classic : of_adaptive) {
        ps_print(stderr, "%s: %s\n", name,
                 *out_adaptive ? "--cycle and --today belong to the classic planner"
                               : "--now and --probed belong to the adaptive planner");
        return false;
    }
    return true;
}

static bool parse_now(const char *name, const char *text, int64_t *out_now_ms)
{
    *out_now_ms = ps_clock_wall_ms();
    if (text == NULL || ps_input_time(ps_str_of(text), out_now_ms))
        return true;
    ps_print(stderr, "%s: --now takes a time such as 2018-02-12T10:05:00Z, not '%s'\n", name, text);
    return false;
}

static int run(int argc, char **argv, void *env)
{
    struct arguments arguments = { .index = NULL };
    const struct ps_input_option options[] = {
        {"index",       &arguments.index,      PS_INPUT_REQUIRED},
        { "cycle",      &arguments.cycle,      PS_INPUT_OPTIONAL},
        { "today",      &arguments.today,      PS_INPUT_OPTIONAL},
        { "discovered", &arguments.discovered, PS_INPUT_OPTIONAL},
        { "watch",      &arguments.watch,      PS_INPUT_OPTIONAL},
        { "planner",    &arguments.planner,    PS_INPUT_OPTIONAL},
        { "now",        &arguments.now,        PS_INPUT_OPTIONAL},
        { "probed",     &arguments.probed,     PS_INPUT_OPTIONAL},
        { "verbose",    &arguments.verbose,    PS_INPUT_FLAG    },
        { "json",       &arguments.json,       PS_INPUT_FLAG    }
    };
    struct ps_input_settings settings = { .env = env };
    struct ps_plan_input input = { 0 };
    struct material material = { 0 };
    int status = PS_EXIT_FAILED;
    int64_t now_ms;
    bool adaptive;

    if (!ps_input_options(argc, argv, options, PS_COUNT_OF(options)) ||
        !choose_planner(argv[0], &arguments, &adaptive) ||
        !parse_moment(argv[0], &arguments, &input) || !parse_now(argv[0], arguments.now, &now_ms))
        return PS_EXIT_USAGE;
    ps_input_set(&settings, "PROBE_PLANNER", arguments.planner);
    if (!ps_config_load(PS_COMPONENT_SCHEDULER, ps_input_get, &settings, ps_print_fault, &argv[0],
                        &material.config))
        return PS_EXIT_CONFIG;
    material.discovered = ps_url_set_create();
    material.probed = ps_probe_times_create();
    ps_number_set_init(&material.watched);
    if (read_files(&arguments, adaptive, &material) &&
        (adaptive ? plan_adaptive(&arguments, now_ms, &material)
                  : plan_classic(&arguments, &input, &material)))
        status = PS_EXIT_OK;
    ps_paper_index_destroy(material.index);
    ps_url_set_destroy(material.discovered);
    ps_probe_times_destroy(material.probed);
    free(material.sightings);
    ps_number_set_clear(&material.watched);
    ps_config_clear(&material.config);
    return status;
}

const struct ps_command ps_cmd_plan = { .text = &ps_command_texts[PS_COMMAND_PLAN], .run = run };
