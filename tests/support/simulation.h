/* Randomised simulation of a step machine: random schedules, an invariant after each step, and the
 * shortest schedule that breaks it. A simulation is deterministic: the same steps give the same
 * end, so a schedule shrinks by removing steps, and a seed replays it. */
#ifndef PS_TESTS_SUPPORT_SIMULATION_H
#define PS_TESTS_SUPPORT_SIMULATION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_STEPS_MAX = 400, SIM_WHY = 400, SIM_VALUES = 3 };

/* One random choice. What it means is the simulation's affair; any values are allowed. */
struct sim_step {
    uint32_t kind; /* below the simulation's kinds */
    uint32_t value[SIM_VALUES];
};

struct simulation {
    const char *name;
    const char *const *kinds; /* names of the steps, for people */
    uint32_t kind_count;
    void *(*begin)(uint32_t seed); /* the state before the first step; owned by the caller */
    /* Does the step. False when an invariant does not hold after it, with the reason in out_why. */
    bool (*step)(void *state, const struct sim_step *step, char out_why[SIM_WHY]);
    void (*end)(void *state);
    uint32_t steps_max; /* of one schedule; at most SIM_STEPS_MAX */
    uint32_t schedules; /* in CI; a second or two */
};

/* What is played: each simulation defines it, and simulation.c has the main() for all. Environment:
 * PAPERSCOUT_SIMULATION_SEED plays that seed alone and prints its steps;
 * PAPERSCOUT_SIMULATION_SECONDS continues for so long, with seeds of its own. */
extern const struct simulation simulation;

/* A double from 0 to below 1. */
double sim_fraction(uint32_t value);

#define SIM_REQUIRE(condition, ...)                                                                \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)snprintf(out_why, SIM_WHY, __VA_ARGS__);                                         \
            return false;                                                                          \
        }                                                                                          \
    } while (0)

#endif
