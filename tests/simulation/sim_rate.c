/* The rate limiter's pure parts: a local bucket, and how many permits and tasks a worker asks for.
 * In no window of time are more permits granted than the burst and the rate allow. */
#include "tests/support/simulation.h"
#include "worker/core/permit_batch.h"

#include <stdio.h>
#include <stdlib.h>

enum { HISTORY = 512 };

enum { TIME, ASK, NEED, LATENCY, KINDS };
static const char *const kinds[] = { "time", "ask", "need", "latency" };

struct world {
    struct ps_local_rate limit;
    double rate;
    int64_t burst, now_us, latency_us;
    size_t count;
    struct {
        int64_t at_us;
        size_t granted;
    } history[HISTORY];
};

static void *begin(uint32_t seed)
{
    static const double rates[] = { 0, 0.5, 1, 7, 200, 5000 };
    struct world *world = calloc(1, sizeof(*world));

    world->rate = rates[seed % 6];
    world->burst = 1 + seed / 6 % 40;
    world->now_us = 1000000;
    return world;
}

static bool ask(struct world *world, const struct sim_step *step, char out_why[SIM_WHY])
{
    size_t wanted = step->value[0] % 64, sum = 0, granted;
    int64_t wait_ms = -1;

    granted = ps_local_rate_admit(&world->limit, world->rate, world->burst, wanted, world->now_us,
                                  &wait_ms);
    SIM_REQUIRE(granted <= wanted, "%zu permits of %zu wanted", granted, wanted);
    SIM_REQUIRE((wait_ms == 0) == (granted == wanted),
                "%zu of %zu granted, and the wait is %lld ms", granted, wanted, (long long)wait_ms);
    if (world->rate == 0) {
        SIM_REQUIRE(granted == wanted, "no rate, and a permit was refused");
        return true;
    }
    if (world->count < HISTORY) {
        world->history[world->count].at_us = world->now_us;
        world->history[world->count++].granted = granted;
    }
    for (size_t i = world->count; i-- > 0;) {
        double span_s = (double)(world->now_us - world->history[i].at_us) / 1000000;

        sum += world->history[i].granted;
        SIM_REQUIRE((double)sum <= (double)world->burst + world->rate * span_s + 0.01,
                    "%zu permits in %.3f s, at %.1f a second and a burst of %lld", sum, span_s,
                    world->rate, (long long)world->burst);
    }
    if (granted < wanted) { /* asked again after the wait, one more is granted at least */
        struct ps_local_rate later = world->limit;
        int64_t again_ms;

        SIM_REQUIRE(ps_local_rate_admit(&later, world->rate, world->burst, 1,
                                        world->now_us + wait_ms * 1000, &again_ms) == 1,
                    "nothing is granted after the wait of %lld ms", (long long)wait_ms);
    }
    return true;
}

static bool step(void *state, const struct sim_step *step, char out_why[SIM_WHY])
{
    struct world *world = state;

    if (step->kind == TIME) {
        world->now_us += step->value[0] % (step->value[1] % 5 == 0 ? 4000000 : 20000);
    } else if (step->kind == ASK) {
        return ask(world, step, out_why);
    } else if (step->kind == NEED) {
        struct ps_permit_need need = { .waiting = step->value[0] % 300,
                                       .available = step->value[1] % 200,
                                       .free_slots = step->value[2] % 64,
                                       .in_flight = step->value[2] / 64 % 64,
                                       .latency_us = world->latency_us };
        size_t wanted = ps_permits_wanted(&need);

        SIM_REQUIRE(wanted == 0 || wanted + need.available <= PS_PERMIT_BATCH,
                    "%zu permits are at hand and %zu are asked for", need.available, wanted);
        SIM_REQUIRE(wanted == 0 || wanted + need.available <= need.waiting,
                    "more permits than requests that wait");
        SIM_REQUIRE(need.available > 0 || need.waiting == 0 || need.free_slots == 0 || wanted > 0,
                    "a request waits, a slot is free, no permit is at hand, and none is asked for");
    } else {
        int64_t sample = step->value[0] % 10000000, before = world->latency_us;
        size_t room;

        world->latency_us = ps_latency_average(before, sample);
        SIM_REQUIRE(world->latency_us >= 1, "an average of %lld us", (long long)world->latency_us);
        SIM_REQUIRE(before == 0 || ((world->latency_us >= before || world->latency_us >= sample) &&
                                    (world->latency_us <= before || world->latency_us <= sample)),
                    "from %lld and a sample of %lld the average became %lld", (long long)before,
                    (long long)sample, (long long)world->latency_us);
        room = ps_backlog_room(1 + step->value[1] % 200, world->latency_us);
        SIM_REQUIRE(room >= 4 && room <= PS_BACKLOG_MAX, "room for %zu tasks", room);
    }
    return true;
}

const struct simulation simulation = { .name = "rate",
                                       .kinds = kinds,
                                       .kind_count = KINDS,
                                       .begin = begin,
                                       .step = step,
                                       .end = free,
                                       .steps_max = 200,
                                       .schedules = 10000 };
