#include "tests/support/simulation.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed_now; /* for the message when the code under test aborts */

static uint32_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15)); /* splitmix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

double sim_fraction(uint32_t value)
{
    return (double)value / 4294967296.0;
}

static size_t make(uint64_t seed, struct sim_step *out_steps)
{
    uint64_t state = seed;
    size_t count = 1 + next_random(&state) % simulation.steps_max;

    for (size_t i = 0; i < count; i++) {
        out_steps[i].kind = next_random(&state) % simulation.kind_count;
        for (int j = 0; j < SIM_VALUES; j++)
            out_steps[i].value[j] = next_random(&state);
    }
    return count;
}

/* The number of steps until an invariant broke; 0 when none did. */
static size_t play(uint64_t seed, const struct sim_step *steps, size_t count, char out_why[SIM_WHY])
{
    void *state = simulation.begin((uint32_t)seed);
    size_t broken = 0;

    for (size_t i = 0; i < count && broken == 0; i++)
        if (!simulation.step(state, &steps[i], out_why))
            broken = i + 1;
    simulation.end(state);
    return broken;
}

/* Removes steps, half of them at first, then single ones, as long as an invariant still breaks;
 * then makes values 0. */
static size_t shrink(uint64_t seed, struct sim_step *steps, size_t count, char out_why[SIM_WHY])
{
    struct sim_step shorter[SIM_STEPS_MAX];
    bool again = true;

    while (again) {
        again = false;
        for (size_t chunk = count / 2 > 0 ? count / 2 : 1; chunk > 0; chunk /= 2) {
            for (size_t at = 0; at + chunk <= count && count > chunk;) {
                size_t left = count - chunk, broken;

                memcpy(shorter, steps, at * sizeof(*steps));
                memcpy(shorter + at, steps + at + chunk, (left - at) * sizeof(*steps));
                broken = play(seed, shorter, left, out_why);
                if (broken > 0) {
                    memcpy(steps, shorter, broken * sizeof(*steps));
                    count = broken;
                    again = true;
                } else {
                    at += chunk;
                }
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (int j = 0; j < SIM_VALUES; j++) {
            uint32_t before = steps[i].value[j];

            steps[i].value[j] = 0;
            if (play(seed, steps, count, out_why) != count)
                steps[i].value[j] = before;
        }
    }
    (void)play(seed, steps, count, out_why);
    return count;
}

static void print_steps(const struct sim_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("  %3zu %-14s %u %u %u\n", i + 1, simulation.kinds[steps[i].kind], steps[i].value[0],
               steps[i].value[1], steps[i].value[2]);
}

static void report(uint64_t seed, struct sim_step *steps, size_t count)
{
    char why[SIM_WHY] = "";
    size_t first = play(seed, steps, count, why);

    printf("%s: seed %llu breaks an invariant at step %zu: %s\n", simulation.name,
           (unsigned long long)seed, first, why);
    count = shrink(seed, steps, first, why);
    printf("the shortest schedule found has %zu steps (name, values): %s\n", count, why);
    print_steps(steps, count);
    printf("replay: PAPERSCOUT_SIMULATION_SEED=%llu\n", (unsigned long long)seed);
}

/* An assert of the code under test ends the program; nothing can be shrunk then, but the seed is
 * known. */
static void on_abort(int signal)
{
    char text[96];
    int len = snprintf(text, sizeof(text), "aborted; replay: PAPERSCOUT_SIMULATION_SEED=%llu\n",
                       (unsigned long long)seed_now);

    (void)signal;
    if (len > 0)
        (void)!write(STDOUT_FILENO, text, (size_t)len);
}

int main(void)
{
    static struct sim_step steps[SIM_STEPS_MAX];
    const char *one = getenv("PAPERSCOUT_SIMULATION_SEED");
    const char *seconds = getenv("PAPERSCOUT_SIMULATION_SECONDS");
    time_t until = seconds == NULL ? 0 : time(NULL) + strtol(seconds, NULL, 10);
    uint64_t seed = one != NULL       ? strtoull(one, NULL, 10)
                    : seconds != NULL ? (uint64_t)time(NULL) << 20
                                      : 1;
    uint64_t begun = seed, played = 0;
    char why[SIM_WHY] = "";

    (void)signal(SIGABRT, on_abort);
    for (;; seed++) {
        size_t count = make(seed, steps);

        seed_now = seed;
        if (play(seed, steps, count, why) > 0) {
            report(seed, steps, count);
            return 1;
        }
        played += count;
        if (one != NULL) {
            print_steps(steps, count);
            break;
        }
        if (seconds == NULL ? seed - begun + 1 >= simulation.schedules
                            : (seed & 255) == 0 && time(NULL) >= until)
            break;
    }
    printf("%s: %llu schedules, %llu steps, seeds %llu to %llu: every invariant held\n",
           simulation.name, (unsigned long long)(seed - begun + 1), (unsigned long long)played,
           (unsigned long long)begun, (unsigned long long)seed);
    return 0;
}
