/*
 * bench_planner FILE TODAY TIMES RUNS: plans so many adaptive cycles of five minutes with every P
 * paper of the index TIMES times, as the scheduler does it, a slice in each turn of the loop.
 * Prints one JSON line; times are of the processor.
 */
#include "scheduler/core/adaptive_plan.h"
#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 1000, CYCLE_MS = 5 * 60 * 1000 };

struct figures {
    int64_t plan_us[RUNS_MAX], slice_us[RUNS_MAX]; /* the whole, and its longest slice */
    size_t entries, candidates, planned;
    size_t most_bytes; /* of heap, beyond what the index and the last-asked times take */
};

static bool adaptive(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    (void)cookie;
    (void)err;
    *out_value = strcmp(name, "PROBE_PLANNER") == 0 ? "adaptive" : NULL;
    return true;
}

static struct ps_paper_index *read_index(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct ps_paper_index *index = NULL;
    struct ps_err err;
    size_t len = 0, size = 64 << 20, got;
    char *text = ps_alloc_array(NULL, size, 1);

    while (file != NULL && len < size && (got = fread(text + len, 1, size - len, file)) > 0)
        len += got;
    if (file != NULL)
        (void)fclose(file);
    index = ps_paper_index_parse(text, len, NULL, NULL, &err);
    if (index == NULL)
        (void)fprintf(stderr, "bench_planner: %s: %s\n", path, err.what);
    free(text);
    return index;
}

/* The same papers under TIMES as many numbers. Entries that are no P papers become N papers. */
static struct ps_paper_index *grown(const struct ps_paper_index *index, int64_t times)
{
    struct ps_paper_index *big = ps_paper_index_create();

    for (size_t i = 0; i < ps_paper_index_len(index); i++) {
        const struct ps_paper *paper = ps_paper_index_at(index, i);

        for (int64_t copy = 0; copy < times; copy++) {
            char id[64];

            if (paper->parsed.kind == PS_PAPER_P)
                (void)snprintf(id, sizeof(id), "P%04dR%d",
                               (int)(paper->parsed.number * times + copy), paper->parsed.revision);
            else
                (void)snprintf(id, sizeof(id), "N%d", (int)((int64_t)i * times + copy + 1));
            (void)ps_paper_index_add(big, id, paper);
        }
    }
    ps_paper_index_finish(big);
    return big;
}

static size_t heap(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void note_slice(struct figures *figures, size_t run, int64_t *began, size_t before)
{
    int64_t now = ps_clock_cpu_us();
    size_t bytes = heap();

    figures->plan_us[run] += now - *began;
    if (now - *began > figures->slice_us[run])
        figures->slice_us[run] = now - *began;
    if (bytes - before > figures->most_bytes)
        figures->most_bytes = bytes - before;
    *began = ps_clock_cpu_us();
}

static void measure(const struct ps_adaptive_source *source, struct ps_probe_times *probed,
                    size_t run, struct figures *figures)
{
    struct ps_adaptive planner;
    struct ps_plan plan;
    size_t before = heap();
    int64_t began = ps_clock_cpu_us();

    ps_adaptive_begin(source, &planner);
    while (ps_adaptive_step(&planner))
        note_slice(figures, run, &began, before);
    note_slice(figures, run, &began, before);
    ps_adaptive_plan_make(&planner, source->config, &plan);
    note_slice(figures, run, &began, before);
    figures->candidates = planner.candidates.len;
    figures->planned = plan.len;
    for (size_t i = 0; i < plan.len; i++) {
        struct ps_sighting name;

        if (ps_sighting_parse(source->config, plan.items[i].url, &name))
            ps_probe_times_set(probed, ps_draft_key_of(name.number, name.revision, name.variant),
                               source->now_ms);
    }
    ps_plan_clear(&plan);
    ps_adaptive_clear(&planner);
}

static void print_row(const char *name, const int64_t *us, size_t len)
{
    (void)printf("\"%s\": [", name);
    for (size_t i = 0; i < len; i++)
        (void)printf("%s%.3f", i == 0 ? "" : ", ", (double)us[i] / 1000.0);
    (void)printf("], ");
}

static void run_all(const struct ps_paper_index *index, const struct ps_config *config,
                    int32_t today, size_t runs)
{
    static struct figures figures;
    struct ps_probe_times *probed = ps_probe_times_create();
    struct ps_number_set watched;
    struct ps_adaptive_source source = { .config = config,
                                         .index = index,
                                         .probed = probed,
                                         .watched = &watched,
                                         .now_ms = today * PS_DAY_MS };

    ps_number_set_init(&watched);
    for (size_t run = 0; run < runs; run++) {
        measure(&source, probed, run, &figures);
        source.last_ms = source.now_ms;
        source.now_ms += CYCLE_MS;
    }
    (void)printf("{");
    print_row("plan_ms", figures.plan_us, runs);
    print_row("slice_ms", figures.slice_us, runs);
    (void)printf("\"entries\": %zu, \"candidates\": %zu, \"planned\": %zu, \"most_kb\": %zu}\n",
                 ps_paper_index_len(index), figures.candidates, figures.planned,
                 figures.most_bytes / 1024);
    ps_probe_times_destroy(probed);
    ps_number_set_clear(&watched);
}

int main(int argc, char **argv)
{
    struct ps_paper_index *index, *big;
    struct ps_config config;
    int64_t times, runs;
    int32_t today;

    if (argc != 5 || !ps_utc_time_parse_date(argv[2], &today) ||
        !ps_str_int(ps_str_of(argv[3]), 1, 100, &times) ||
        !ps_str_int(ps_str_of(argv[4]), 1, RUNS_MAX, &runs)) {
        (void)fprintf(stderr, "usage: bench_planner FILE YYYY-MM-DD TIMES RUNS\n");
        return 64;
    }
    if (!ps_config_load(PS_COMPONENT_SCHEDULER, adaptive, NULL, NULL, NULL, &config))
        return 1;
    index = read_index(argv[1]);
    if (index == NULL)
        return 1;
    big = grown(index, times);
    ps_paper_index_destroy(index);
    run_all(big, &config, today, (size_t)runs);
    ps_paper_index_destroy(big);
    ps_config_clear(&config);
    return 0;
}
