/* A cycle whose results arrive in any order, twice, late, or not at all, beside a plain count of
 * the same. */
#include "scheduler/core/cycle.h"
#include "tests/support/simulation.h"

#include <stdio.h>
#include <stdlib.h>

enum { PLANNED_MAX = 24, DEADLINE_MS = 5000 };

enum { SETTLE, TIME, KINDS };
static const char *const kinds[] = { "settle", "time" };

struct world {
    struct ps_cycle *run;
    size_t planned, hot, settled, counts[PS_OUTCOME_COUNT], forbidden;
    bool done[PLANNED_MAX];
    int64_t now_ms;
};

static void *begin(uint32_t seed)
{
    struct world *world = calloc(1, sizeof(*world));
    static const struct ps_planned probe = {
        .url = "http://h/D1R0.pdf", .file = "D1R0.pdf", .prefix = "D", .ext = ".pdf", .number = 1
    };

    world->planned = seed % (PLANNED_MAX + 1);
    world->hot = world->planned == 0 ? 0 : seed / 64 % (world->planned + 1);
    world->run = ps_cycle_create();
    for (size_t i = 0; i < world->planned; i++)
        ps_cycle_add(world->run, &probe);
    world->run->ledger = (struct ps_ledger){ .cycle = 1,
                                             .planned = world->planned,
                                             .hot = world->hot,
                                             .cold = world->planned - world->hot,
                                             .deadline_ms = DEADLINE_MS };
    return world;
}

static void end(void *state)
{
    struct world *world = state;

    ps_cycle_destroy(world->run);
    free(world);
}

static enum ps_cycle_status expected_status(const struct world *world)
{
    size_t hits = world->counts[PS_OUTCOME_HIT_RECENT] + world->counts[PS_OUTCOME_HIT_OLD] +
                  world->counts[PS_OUTCOME_HIT_NO_LM];
    size_t attempted = world->settled - world->counts[PS_OUTCOME_DEFERRED];
    size_t errors = world->counts[PS_OUTCOME_ERROR];

    if (world->planned == 0)
        return PS_CYCLE_EMPTY;
    if (attempted == 0 || (errors > 0 && 2 * errors >= attempted))
        return PS_CYCLE_FAILED;
    return hits > 0 ? PS_CYCLE_SUCCESS : PS_CYCLE_EMPTY;
}

static bool step(void *state, const struct sim_step *step, char out_why[SIM_WHY])
{
    struct world *world = state;
    const struct ps_ledger *ledger = &world->run->ledger;
    size_t position = step->value[0] % (PLANNED_MAX + 2), open = world->planned, hot_settled = 0;
    enum ps_outcome outcome = (enum ps_outcome)(step->value[1] % PS_OUTCOME_COUNT);
    int status = step->value[2] % 3 == 0 ? 403 : 404;
    enum ps_ledger_next next;
    double rate;

    if (step->kind == TIME) {
        world->now_ms += step->value[1] % 400;
    } else {
        bool fresh = position < world->planned && !world->done[position];

        SIM_REQUIRE(ps_cycle_settle(world->run, position, outcome, status) == fresh,
                    "position %zu of %zu: a result counts once", position, world->planned);
        if (fresh) {
            world->done[position] = true;
            world->settled++;
            world->counts[outcome]++;
            world->forbidden += outcome == PS_OUTCOME_MISS && status == 403;
        }
    }
    for (size_t i = world->planned; i-- > 0;) {
        open = world->done[i] ? open : i;
        hot_settled += world->done[i] && i < world->hot;
    }
    SIM_REQUIRE(ps_cycle_next_open(world->run, 0) == open, "the first open position is %zu", open);
    SIM_REQUIRE(ledger->settled == world->settled && world->run->hot_settled == hot_settled &&
                    ledger->forbidden == world->forbidden,
                "%zu settled, %zu of them hot, %zu forbidden; counted %zu, %zu, %zu",
                world->settled, hot_settled, world->forbidden, ledger->settled,
                world->run->hot_settled, ledger->forbidden);
    for (int i = 0; i < PS_OUTCOME_COUNT; i++)
        SIM_REQUIRE(ledger->outcomes[i] == world->counts[i],
                    "outcome %d was counted %zu times, not %zu", i, ledger->outcomes[i],
                    world->counts[i]);
    next = ps_ledger_step(ledger, world->now_ms);
    SIM_REQUIRE((next == PS_LEDGER_CLOSE) == (world->settled == world->planned),
                "%zu of %zu settled, and the cycle %s", world->settled, world->planned,
                next == PS_LEDGER_CLOSE ? "closes" : "stays open");
    SIM_REQUIRE(next == PS_LEDGER_CLOSE ||
                    (next == PS_LEDGER_CLOSE_AT_DEADLINE) == (world->now_ms >= DEADLINE_MS),
                "at %lld ms the deadline of %d ms is %s", (long long)world->now_ms, DEADLINE_MS,
                next == PS_LEDGER_WAIT ? "to come" : "over");
    SIM_REQUIRE(ps_ledger_status(ledger, 0.5) == expected_status(world), "the cycle is judged %s",
                ps_cycle_status_name(ps_ledger_status(ledger, 0.5)));
    rate = ps_ledger_success_rate(ledger);
    SIM_REQUIRE(rate >= 0 && rate <= 1, "the success rate is %f", rate);
    SIM_REQUIRE(!ps_cycle_hot_done(world->run) ||
                    (hot_settled == world->hot && world->settled < world->planned),
                "hot probes are announced while one of them is open");
    return true;
}

const struct simulation simulation = { .name = "ledger",
                                       .kinds = kinds,
                                       .kind_count = KINDS,
                                       .begin = begin,
                                       .step = step,
                                       .end = end,
                                       .steps_max = 80,
                                       .schedules = 20000 };
