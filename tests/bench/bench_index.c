/* bench_index FILE TODAY RUNS: parses the index and plans a cycle so many times; one JSON line. */
#include "scheduler/core/plan.h"
#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { RUNS_MAX = 1000 };

struct times {
    int64_t parse_us[RUNS_MAX];
    int64_t plan_us[RUNS_MAX];
    size_t entries, planned;
};

static char *read_file(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t len = 0, size = 0, got;

    if (file == NULL)
        return NULL;
    do {
        if (len == size)
            text = ps_alloc_array(text, size = size == 0 ? 1 << 20 : size * 2, 1);
        got = fread(text + len, 1, size - len, file);
        len += got;
    } while (got > 0);
    (void)fclose(file);
    *out_len = len;
    return text;
}

static bool no_setting(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    (void)cookie;
    (void)name;
    (void)err;
    *out_value = NULL;
    return true;
}

static void on_bad(void *cookie, const struct ps_err *err)
{
    (void)cookie;
    (void)fprintf(stderr, "bench_index: %s\n", err->what);
}

static bool measure(struct ps_str json, struct ps_plan_input *input, size_t run,
                    struct times *times)
{
    struct ps_plan plan;
    struct ps_err err;
    int64_t began = ps_clock_mono_us();
    struct ps_paper_index *index = ps_paper_index_parse(json.data, json.len, NULL, NULL, &err);

    if (index == NULL) {
        on_bad(NULL, &err);
        return false;
    }
    times->parse_us[run] = ps_clock_mono_us() - began;
    input->index = index;
    input->cycle = (int64_t)run + 1;
    began = ps_clock_mono_us();
    ps_plan_make(input, &plan);
    times->plan_us[run] = ps_clock_mono_us() - began;
    times->entries = ps_paper_index_len(index);
    times->planned = plan.len;
    ps_plan_clear(&plan);
    ps_paper_index_destroy(index);
    return true;
}

static void print_row(const char *name, const int64_t *us, size_t len)
{
    (void)printf("\"%s\": [", name);
    for (size_t i = 0; i < len; i++)
        (void)printf("%s%.3f", i == 0 ? "" : ", ", (double)us[i] / 1000.0);
    (void)printf("], ");
}

static void print(const struct times *times, size_t runs)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("{");
    print_row("parse_ms", times->parse_us, runs);
    print_row("plan_ms", times->plan_us, runs);
    (void)printf("\"entries\": %zu, \"planned\": %zu, \"peak_kb\": %ld}\n", times->entries,
                 times->planned, usage.ru_maxrss);
}

static bool run_all(struct ps_str json, struct ps_plan_input *input, size_t runs)
{
    static struct times times;

    for (size_t run = 0; run < runs; run++) {
        if (!measure(json, input, run, &times))
            return false;
    }
    print(&times, runs);
    return true;
}

int main(int argc, char **argv)
{
    struct ps_plan_input input = { 0 };
    struct ps_config config;
    struct ps_number_set watched;
    struct ps_url_set *discovered;
    struct ps_str json;
    int64_t runs;
    char *text;
    bool ok;

    if (argc != 4 || !ps_utc_time_parse_date(argv[2], &input.today) ||
        !ps_str_int(ps_str_of(argv[3]), 1, RUNS_MAX, &runs)) {
        (void)fprintf(stderr, "usage: bench_index FILE YYYY-MM-DD RUNS\n");
        return 64;
    }
    text = read_file(argv[1], &json.len);
    if (text == NULL ||
        !ps_config_load(PS_COMPONENT_SCHEDULER, no_setting, NULL, on_bad, NULL, &config)) {
        (void)fprintf(stderr, "bench_index: cannot read %s\n", argv[1]);
        return 1;
    }
    json.data = text;
    discovered = ps_url_set_create();
    ps_number_set_init(&watched);
    input.config = &config;
    input.discovered = discovered;
    input.watched = &watched;
    ok = run_all(json, &input, (size_t)runs);
    ps_number_set_clear(&watched);
    ps_url_set_destroy(discovered);
    ps_config_clear(&config);
    free(text);
    return ok ? 0 : 1;
}
