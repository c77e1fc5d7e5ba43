/* Polls of any length, good and bad, and looks for silence at any time. */
#include "scheduler/core/poll_schedule.h"
#include "tests/support/simulation.h"

#include <stdio.h>
#include <stdlib.h>

enum { INTERVAL_MS = 1000, COOLDOWN_MS = 300 };

enum { TIME, GOOD, LOOK, SLEEP, SEE, KINDS };
static const char *const kinds[] = { "time", "good", "look", "sleep", "see" };

struct world {
    struct ps_poll_schedule clock;
    int64_t now_ms, good_ms, alerted_ms; /* alerted_ms 0: no alert since the last good poll */
    bool blind;
};

static void *begin(uint32_t seed)
{
    struct world *world = calloc(1, sizeof(*world));

    world->now_ms = world->good_ms = 1 + seed % 1000;
    ps_poll_schedule_init(&world->clock, INTERVAL_MS, COOLDOWN_MS, world->now_ms);
    return world;
}

static bool step(void *state, const struct sim_step *step, char out_why[SIM_WHY])
{
    struct world *world = state;
    struct ps_config config = { .enable_bulk_wg21 = step->value[0] % 2 == 0 };

    if (step->kind == TIME) {
        world->now_ms += step->value[0] % 900;
    } else if (step->kind == GOOD) {
        bool alerted = world->alerted_ms != 0;

        SIM_REQUIRE(ps_poll_schedule_good(&world->clock, world->now_ms) == alerted,
                    "a recovery is reported %s an alert", alerted ? "not after" : "without");
        world->good_ms = world->now_ms;
        world->alerted_ms = 0;
    } else if (step->kind == LOOK) {
        bool due = world->now_ms - world->good_ms > 2 * INTERVAL_MS &&
                   (world->alerted_ms == 0 || world->now_ms - world->alerted_ms >= INTERVAL_MS);

        SIM_REQUIRE(ps_poll_schedule_stale(&world->clock, world->now_ms) == due,
                    "%lld ms after a good poll, %lld ms after an alert: an alert is %s",
                    (long long)(world->now_ms - world->good_ms),
                    (long long)(world->now_ms - world->alerted_ms), due ? "due" : "not due");
        if (due)
            world->alerted_ms = world->now_ms;
        SIM_REQUIRE(!ps_poll_schedule_stale(&world->clock, world->now_ms),
                    "two alerts at one moment");
    } else if (step->kind == SEE) {
        world->blind = config.enable_bulk_wg21 && step->value[1] % 2 == 0;
        ps_poll_schedule_see(&world->clock, &config, step->value[1] % 2 == 0 ? 0 : 5);
    } else {
        /* A poll that ran for elapsed ms, also one that the clock's setting makes negative. */
        int64_t elapsed = (int64_t)(step->value[0] % 3000) - 500;
        int64_t sleep =
            ps_poll_schedule_sleep(&world->clock, world->now_ms, world->now_ms + elapsed);
        int64_t most = INTERVAL_MS > COOLDOWN_MS ? INTERVAL_MS : COOLDOWN_MS;

        SIM_REQUIRE(sleep >= 0 && sleep <= most, "a sleep of %lld ms", (long long)sleep);
        SIM_REQUIRE(world->blind || elapsed <= INTERVAL_MS || sleep == COOLDOWN_MS,
                    "a poll that overran is followed by a sleep of %lld ms", (long long)sleep);
        SIM_REQUIRE(world->blind || elapsed < 0 || elapsed > INTERVAL_MS ||
                        elapsed + sleep == INTERVAL_MS,
                    "polls begin %lld ms apart", (long long)(elapsed + sleep));
    }
    return true;
}

const struct simulation simulation = { .name = "poll_schedule",
                                       .kinds = kinds,
                                       .kind_count = KINDS,
                                       .begin = begin,
                                       .step = step,
                                       .end = free,
                                       .steps_max = 200,
                                       .schedules = 50000 };
