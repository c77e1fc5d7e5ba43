#include "scheduler/cli/cmd_simulate.h"

#include "scheduler/cli/input.h"
#include "scheduler/core/delay_plot.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/utc_time.h"
#include "shared/io/print.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SVG_BYTES_MAX = 1024 * 1024 };

struct arguments {
    const char *index, *from, *to, *planner, *budget, *watch, *json, *svg, *uploads;
};

/* One planner's run. */
struct run {
    bool adaptive;
    bool done;
    struct ps_config config; /* intervals differ */
    struct ps_replay replay;
};

static const char *planner_name(const struct run *run)
{
    return run->adaptive ? "adaptive" : "classic";
}

static double requests_per_day(const struct run *run, int32_t from, int32_t to)
{
    return (double)run->replay.requests / (to - from + 1);
}

/* People read these: two digits after the point are enough. */
static void add_rounded(cJSON *object, const char *name, double value)
{
    ps_json_add_real(object, name, round(value * 100) / 100);
}

static cJSON *delays_json(const struct ps_delay_stats *stats)
{
    cJSON *object = cJSON_CreateObject();

    add_rounded(object, "mean", stats->mean);
    add_rounded(object, "median", stats->median);
    add_rounded(object, "p90", stats->p90);
    add_rounded(object, "p99", stats->p99);
    add_rounded(object, "max", stats->max);
    return object;
}

static void add_group(cJSON *groups, const struct ps_replay *replay, const char *name,
                      enum ps_tier tier, int fresh)
{
    struct ps_delay_stats stats;
    cJSON *group;

    ps_replay_delays(replay, tier, fresh, &stats);
    if (stats.count == 0)
        return;
    group = cJSON_CreateObject();
    ps_json_add_int(group, "uploads", (int64_t)stats.count);
    cJSON_AddItemToObject(group, "delay_minutes", delays_json(&stats));
    cJSON_AddItemToObject(groups, name, group);
}

static cJSON *run_json(const struct run *run, int32_t from, int32_t to)
{
    cJSON *object = cJSON_CreateObject(), *tiers = cJSON_CreateObject();
    cJSON *kinds = cJSON_CreateObject();
    struct ps_delay_stats stats;

    ps_replay_delays(&run->replay, PS_TIER_COUNT, -1, &stats);
    ps_json_add_text(object, "planner", planner_name(run));
    ps_json_add_int(object, "uploads", (int64_t)run->replay.len);
    ps_json_add_int(object, "unreachable", (int64_t)run->replay.unreachable);
    ps_json_add_int(object, "cycles", run->replay.cycles);
    add_rounded(object, "requests_per_day", requests_per_day(run, from, to));
    ps_json_add_int(object, "requests_in_busiest_day", (int64_t)run->replay.most_in_day);
    cJSON_AddItemToObject(object, "delay_minutes", delays_json(&stats));
    if (run->adaptive)
        add_rounded(object, "least_mean_minutes", run->replay.least_minutes);
    for (int tier = 0; ps_tier_is_planned((enum ps_tier)tier); tier++)
        add_group(tiers, &run->replay, ps_tier_name((enum ps_tier)tier), (enum ps_tier)tier, -1);
    cJSON_AddItemToObject(object, "tiers", tiers);
    add_group(kinds, &run->replay, "new_number", PS_TIER_COUNT, 1);
    add_group(kinds, &run->replay, "next_revision", PS_TIER_COUNT, 0);
    cJSON_AddItemToObject(object, "kinds", kinds);
    return object;
}

static void print_group(const struct ps_replay *replay, const char *name, enum ps_tier tier,
                        int fresh)
{
    struct ps_delay_stats stats;

    ps_replay_delays(replay, tier, fresh, &stats);
    if (stats.count > 0)
        ps_print(stdout, "  %-14s %7zu %9.1f %9.1f %9.1f %9.1f %9.1f\n", name, stats.count,
                 stats.mean, stats.median, stats.p90, stats.p99, stats.max);
}

static void print_run(const struct run *run, int32_t from, int32_t to)
{
    const struct ps_replay *replay = &run->replay;

    ps_print(stdout, "%s: %zu uploads, %zu unreachable, %.0f requests a day (busiest day %.0f)\n",
             planner_name(run), replay->len, replay->unreachable, requests_per_day(run, from, to),
             (double)replay->most_in_day);
    ps_print(stdout, "  %-14s %7s %9s %9s %9s %9s %9s\n", "delay, minutes", "uploads", "mean",
             "median", "p90", "p99", "worst");
    print_group(replay, "all", PS_TIER_COUNT, -1);
    for (int tier = 0; ps_tier_is_planned((enum ps_tier)tier); tier++)
        print_group(replay, ps_tier_name((enum ps_tier)tier), (enum ps_tier)tier, -1);
    print_group(replay, "new number", PS_TIER_COUNT, 1);
    print_group(replay, "next revision", PS_TIER_COUNT, 0);
    if (run->adaptive)
        ps_print(stdout, "  least mean for the fitted rates at this budget: %.1f minutes\n",
                 replay->least_minutes);
}

static bool write_svg(const char *path, const struct run *runs, size_t count, int32_t from,
                      int32_t to)
{
    struct ps_delay_curve curves[2];
    char first[PS_UTC_TIME_TEXT], last[PS_UTC_TIME_TEXT], title[128];
    struct ps_buf svg;
    FILE *file;
    bool ok;

    for (size_t i = 0; i < count; i++)
        curves[i] = (struct ps_delay_curve){ planner_name(&runs[i]), &runs[i].replay };
    ps_utc_time_format_date(from, first);
    ps_utc_time_format_date(to, last);
    (void)snprintf(title, sizeof(title), "Uploads found within a time, %s to %s", first, last);
    ps_buf_init(&svg, SVG_BYTES_MAX);
    ok = ps_delay_plot(curves, count, title, &svg);
    file = ok ? fopen(path, "wb") : NULL;
    ok = file != NULL && fwrite(svg.data, 1, svg.len, file) == svg.len;
    if (file != NULL)
        ok = fclose(file) == 0 && ok;
    if (!ok)
        ps_print(stderr, "%s: %s\n", path, strerror(errno));
    ps_buf_clear(&svg);
    return ok;
}

/* "-" for one that no probe found. */
static void print_found(FILE *file, const struct ps_replay_upload *upload)
{
    char found[PS_UTC_TIME_TEXT];

    if (upload->found_ms == 0) {
        ps_print(file, "\t-\t-\t-\n");
        return;
    }
    ps_utc_time_format_time(upload->found_ms, found);
    ps_print(file, "\t%s\t%.1f\t%s\n", found, (double)(upload->found_ms - upload->at_ms) / 60000,
             ps_tier_name((enum ps_tier)upload->tier));
}

static bool write_uploads(const char *path, const struct run *run)
{
    const struct ps_list *exts = &run->config.probe_extensions;
    FILE *file = fopen(path, "wb");
    bool ok = file != NULL;

    for (size_t i = 0; ok && i < run->replay.len; i++) {
        const struct ps_replay_upload *upload = &run->replay.uploads[i];
        char at[PS_UTC_TIME_TEXT];

        ps_utc_time_format_time(upload->at_ms, at);
        ps_print(file, "%s%04dR%d%s\t%s",
                 run->config.probe_prefixes.items[upload->variant / exts->len], upload->number,
                 upload->revision, exts->items[upload->variant % exts->len], at);
        print_found(file, upload);
    }
    if (file != NULL)
        ok = ferror(file) == 0 && fclose(file) == 0;
    if (!ok)
        ps_print(stderr, "%s: %s\n", path, strerror(errno));
    return ok;
}

static bool print_json(const struct run *runs, size_t count, int32_t from, int32_t to)
{
    cJSON *object = run_json(&runs[0], from, to);

    if (count > 1)
        cJSON_AddItemToObject(object, planner_name(&runs[1]), run_json(&runs[1], from, to));
    ps_print_json(stdout, object);
    return fflush(stdout) == 0;
}

static bool read_dates(const char *name, const struct arguments *arguments, int32_t *out_from,
                       int32_t *out_to)
{
    if (!ps_utc_time_parse_date(arguments->from, out_from) ||
        !ps_utc_time_parse_date(arguments->to, out_to)) {
        ps_print(stderr, "%s: --from and --to take dates YYYY-MM-DD\n", name);
        return false;
    }
    if (*out_from > *out_to) {
        ps_print(stderr, "%s: --from must not be later than --to\n", name);
        return false;
    }
    return true;
}

static bool load(struct run *run, const struct arguments *arguments, char *name, void *env)
{
    struct ps_input_settings settings = { .env = env };

    ps_input_set(&settings, "PROBE_PLANNER", planner_name(run));
    ps_input_set(&settings, "PROBE_BUDGET_PER_DAY", arguments->budget);
    run->done = ps_config_load(PS_COMPONENT_SCHEDULER, ps_input_get, &settings, ps_print_fault,
                               &name, &run->config);
    return run->done;
}

static int simulate(const struct arguments *arguments, struct run *runs, size_t count, int32_t from,
                    int32_t to)
{
    struct ps_paper_index *index = ps_input_index(arguments->index);
    struct ps_number_set watched;
    bool ok = index != NULL;

    ps_number_set_init(&watched);
    if (ok && arguments->watch != NULL)
        ok = ps_input_numbers(arguments->watch, &watched);
    for (size_t i = 0; ok && i < count; i++) {
        struct ps_replay_input input = { .config = &runs[i].config,
                                         .index = index,
                                         .watched = &watched,
                                         .from = from,
                                         .to = to,
                                         .adaptive = runs[i].adaptive };

        ps_replay_run(&input, &runs[i].replay);
        if (arguments->json == NULL)
            print_run(&runs[i], from, to);
    }
    if (ok && arguments->json != NULL)
        ok = print_json(runs, count, from, to);
    if (ok && arguments->svg != NULL)
        ok = write_svg(arguments->svg, runs, count, from, to);
    if (ok && arguments->uploads != NULL)
        ok = write_uploads(arguments->uploads, &runs[0]);
    ps_number_set_clear(&watched);
    ps_paper_index_destroy(index);
    return ok ? PS_EXIT_OK : PS_EXIT_FAILED;
}

/* The planner that is named; both for --svg and where none is, the adaptive one first. */
static bool choose(const char *name, const struct arguments *arguments, struct run runs[2],
                   size_t *out_count)
{
    bool classic = arguments->planner != NULL && strcmp(arguments->planner, "classic") == 0;

    if (arguments->planner != NULL && !classic && strcmp(arguments->planner, "adaptive") != 0) {
        ps_print(stderr, "%s: --planner takes adaptive or classic, not '%s'\n", name,
                 arguments->planner);
        return false;
    }
    runs[0].adaptive = !classic;
    *out_count = arguments->planner == NULL ? 2 : 1;
    return true;
}

static int run(int argc, char **argv, void *env)
{
    struct arguments arguments = { .index = NULL };
    const struct ps_input_option options[] = {
        {"index",    &arguments.index,   PS_INPUT_REQUIRED},
        { "from",    &arguments.from,    PS_INPUT_REQUIRED},
        { "to",      &arguments.to,      PS_INPUT_REQUIRED},
        { "planner", &arguments.planner, PS_INPUT_OPTIONAL},
        { "budget",  &arguments.budget,  PS_INPUT_OPTIONAL},
        { "watch",   &arguments.watch,   PS_INPUT_OPTIONAL},
        { "json",    &arguments.json,    PS_INPUT_FLAG    },
        { "svg",     &arguments.svg,     PS_INPUT_OPTIONAL},
        { "uploads", &arguments.uploads, PS_INPUT_OPTIONAL}
    };
    struct run runs[2] = { { .adaptive = true }, { .adaptive = false } };
    int status = PS_EXIT_CONFIG;
    int32_t from, to;
    size_t count;

    if (!ps_input_options(argc, argv, options, PS_COUNT_OF(options)) ||
        !read_dates(argv[0], &arguments, &from, &to) || !choose(argv[0], &arguments, runs, &count))
        return PS_EXIT_USAGE;
    if (load(&runs[0], &arguments, argv[0], env) &&
        (count == 1 || load(&runs[1], &arguments, argv[0], env)))
        status = simulate(&arguments, runs, count, from, to);
    for (size_t i = 0; i < count; i++) {
        ps_replay_clear(&runs[i].replay);
        if (runs[i].done)
            ps_config_clear(&runs[i].config);
    }
    return status;
}

const struct ps_command ps_cmd_simulate = { .text = &ps_command_texts[PS_COMMAND_SIMULATE],
                                            .run = run };
