/* The adaptive planner over months of cycles: papers, drafts and watched numbers come, time passes,
 * cycles are missed. No cycle asks for more than its budget, for a name twice, or for one that was
 * found; and the same knowledge gives the same plan, in one piece or in steps. */
#include "scheduler/core/adaptive_plan.h"
#include "shared/core/utc_time.h"
#include "tests/support/simulation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 40, SIGHTINGS_MAX = 64 };
#define FIRST_DAY 17000
#define CYCLE_MS  (5 * 60 * INT64_C(1000))

enum { CYCLE, TIME, FIND, WATCH, UNWATCH, KINDS };
static const char *const kinds[] = { "cycle", "time", "find", "watch", "unwatch" };

struct world {
    struct ps_config config;
    struct ps_paper_index *index;
    struct ps_sighting sightings[SIGHTINGS_MAX];
    size_t sighting_count;
    struct ps_probe_times *probed;
    struct ps_number_set watched;
    int64_t now_ms, last_ms;
    char found[SIGHTINGS_MAX][64]; /* file names */
    size_t found_count;
};

static bool get(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    (void)cookie;
    (void)err;
    *out_value = strcmp(name, "PROBE_PLANNER") == 0 ? "adaptive" : NULL;
    return true;
}

static void *begin(uint32_t seed)
{
    struct world *world = calloc(1, sizeof(*world));
    struct ps_err err;

    if (!ps_config_load(PS_COMPONENT_SCHEDULER, get, NULL, NULL, &err, &world->config))
        abort();
    world->config.probe_budget_per_day = 200 + (int)(seed % 7) * 2000;
    world->index = ps_paper_index_create();
    for (int n = 1; n <= NUMBERS; n++) {
        char id[32], date[PS_UTC_TIME_TEXT];

        (void)snprintf(id, sizeof(id), "P%04dR%d", n, (int)(seed / 7 + (uint32_t)n) % 3);
        ps_utc_time_format_date(FIRST_DAY - 300 + 7 * n, date);
        if (!ps_paper_index_add(world->index, id,
                                &(struct ps_paper){ .type = "paper", .date = date }))
            abort();
    }
    ps_paper_index_finish(world->index);
    world->probed = ps_probe_times_create();
    ps_number_set_init(&world->watched);
    world->now_ms = (FIRST_DAY + 1) * PS_DAY_MS;
    return world;
}

static void end(void *state)
{
    struct world *world = state;

    ps_config_clear(&world->config);
    ps_paper_index_destroy(world->index);
    ps_probe_times_destroy(world->probed);
    ps_number_set_clear(&world->watched);
    free(world);
}

static void plan_of(struct world *world, bool in_steps, struct ps_adaptive *out_adaptive,
                    struct ps_plan *out_plan)
{
    struct ps_adaptive_source source = { .config = &world->config,
                                         .index = world->index,
                                         .sightings = world->sightings,
                                         .sighting_count = world->sighting_count,
                                         .probed = world->probed,
                                         .watched = &world->watched,
                                         .last_ms = world->last_ms,
                                         .now_ms = world->now_ms };

    ps_sightings_sort(world->sightings, world->sighting_count);
    if (in_steps) {
        ps_adaptive_begin(&source, out_adaptive);
        while (ps_adaptive_step(out_adaptive))
            ;
    } else {
        ps_adaptive_open(&source, out_adaptive);
    }
    ps_adaptive_plan_make(out_adaptive, &world->config, out_plan);
}

static bool check(struct world *world, const struct ps_adaptive *adaptive,
                  const struct ps_plan *plan, char out_why[SIM_WHY])
{
    SIM_REQUIRE(plan->len <= adaptive->budget, "%zu probes with a budget of %zu", plan->len,
                adaptive->budget);
    SIM_REQUIRE(plan->hot == plan->len && plan->cold == 0, "probes that are not hot");
    for (size_t i = 0; i < plan->len; i++) {
        const struct ps_planned *item = &plan->items[i];

        SIM_REQUIRE(item->number > 0 && item->revision >= 0, "%s is planned", item->file);
        SIM_REQUIRE(i == 0 || plan->items[i - 1].gain >= item->gain,
                    "%s stands before %s, which is more urgent", plan->items[i - 1].file,
                    item->file);
        for (size_t j = 0; j < i; j++)
            SIM_REQUIRE(strcmp(plan->items[j].file, item->file) != 0, "%s is planned twice",
                        item->file);
        for (size_t j = 0; j < world->found_count; j++)
            SIM_REQUIRE(strcmp(world->found[j], item->file) != 0, "%s was found, and is planned",
                        item->file);
    }
    return true;
}

static bool same(const struct ps_plan *a, const struct ps_plan *b)
{
    bool equal = a->len == b->len;

    for (size_t i = 0; equal && i < a->len; i++)
        equal = strcmp(a->items[i].url, b->items[i].url) == 0;
    return equal;
}

static bool cycle(struct world *world, const struct sim_step *step, char out_why[SIM_WHY])
{
    struct ps_adaptive adaptive, again;
    struct ps_plan plan, other;
    bool good, equal;

    plan_of(world, false, &adaptive, &plan);
    plan_of(world, true, &again, &other);
    good = check(world, &adaptive, &plan, out_why);
    equal = same(&plan, &other);
    for (size_t i = 0; i < plan.len; i++) {
        struct ps_sighting name;

        if (step->value[0] % 8 == 0 && i % 2 == 0) /* errors: half of them were not answered */
            continue;
        if (ps_sighting_parse(&world->config, plan.items[i].url, &name))
            ps_probe_times_set(world->probed,
                               ps_draft_key_of(name.number, name.revision, name.variant),
                               world->now_ms);
    }
    ps_plan_clear(&plan);
    ps_plan_clear(&other);
    ps_adaptive_clear(&adaptive);
    ps_adaptive_clear(&again);
    world->last_ms = world->now_ms;
    world->now_ms += CYCLE_MS;
    SIM_REQUIRE(!good || equal, "the same knowledge gave two plans");
    return good;
}

static void find(struct world *world, const struct sim_step *step)
{
    char url[96];
    struct ps_sighting *sighting = &world->sightings[world->sighting_count];

    if (world->sighting_count == SIGHTINGS_MAX)
        return;
    (void)snprintf(world->found[world->found_count], sizeof(world->found[0]), "%c%04uR%u%s",
                   step->value[2] % 2 == 0 ? 'D' : 'P', 1 + step->value[0] % (NUMBERS + 20),
                   step->value[1] % 4, step->value[2] / 2 % 2 == 0 ? ".pdf" : ".html");
    (void)snprintf(url, sizeof(url), "https://x.example/%s", world->found[world->found_count]);
    if (!ps_sighting_parse(&world->config, url, sighting))
        return;
    sighting->at_ms = world->now_ms - (int64_t)(step->value[1] % 1000000);
    world->sighting_count++;
    world->found_count++;
}

static bool step(void *state, const struct sim_step *step, char out_why[SIM_WHY])
{
    struct world *world = state;

    switch (step->kind) {
    case CYCLE:
        return cycle(world, step, out_why);
    case TIME:
        world->now_ms +=
            (int64_t)(step->value[0] % (step->value[1] % 6 == 0 ? 30 * PS_DAY_MS : 3600000));
        break;
    case FIND:
        find(world, step);
        break;
    case WATCH:
        ps_number_set_add(&world->watched, 1 + (int)(step->value[0] % 200));
        break;
    default:
        ps_number_set_clear(&world->watched);
        ps_number_set_init(&world->watched);
        break;
    }
    return true;
}

const struct simulation simulation = { .name = "planner",
                                       .kinds = kinds,
                                       .kind_count = KINDS,
                                       .begin = begin,
                                       .step = step,
                                       .end = end,
                                       .steps_max = 40,
                                       .schedules = 60 };
