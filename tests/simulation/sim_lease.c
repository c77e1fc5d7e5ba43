/* Three schedulers on one lease. Requests and answers travel for any time or are lost; the store's
 * clock is the same, the schedulers look at theirs whenever they get a turn. */
#include "scheduler/core/lease.h"
#include "tests/support/simulation.h"

#include <stdio.h>
#include <stdlib.h>

enum { N = 3, TTL_MS = 1000 };

enum { TIME, TURN, ARRIVE, ANSWER, LOSE, LOST, RELEASE, KINDS };
static const char *const kinds[] = {
    "time", "turn", "arrive", "answer", "lose", "lost", "release"
};

struct request {
    enum { NONE, ON_ITS_WAY, ANSWERED } state;
    enum ps_lease_action what;
    int64_t sent_ms, epoch;
    bool granted;
};

struct world {
    struct ps_lease lease[N];
    struct request request[N];
    int64_t now_ms, next_epoch;
    int holder; /* -1: nobody */
    int64_t holder_epoch, until_ms;
    int64_t newest; /* granted */
};

static void *begin(uint32_t seed)
{
    struct world *world = calloc(1, sizeof(*world));

    (void)seed;
    world->holder = -1;
    world->now_ms = 1000;
    for (int i = 0; i < N; i++)
        ps_lease_init(&world->lease[i], TTL_MS, world->now_ms);
    return world;
}

static void arrive(struct world *world, int i)
{
    struct request *request = &world->request[i];

    request->state = ANSWERED;
    if (request->what == PS_LEASE_RENEW) {
        request->granted = world->holder == i && world->holder_epoch == request->epoch;
    } else {
        request->granted = world->holder < 0 && request->epoch > world->newest;
        if (request->granted) {
            world->holder = i;
            world->holder_epoch = world->newest = request->epoch;
        }
    }
    if (request->granted)
        world->until_ms = world->now_ms + TTL_MS;
}

static void answer(struct world *world, int i, uint32_t value)
{
    struct request request = world->request[i];
    struct ps_lease *lease = &world->lease[i];

    world->request[i].state = NONE;
    if (request.what == PS_LEASE_RENEW) {
        if (request.granted)
            ps_lease_renewed(lease, request.sent_ms, world->now_ms);
        else
            (void)ps_lease_lost(lease, world->now_ms);
    } else if (request.granted) {
        ps_lease_taken(lease, request.epoch, request.sent_ms, world->now_ms);
    } else {
        ps_lease_not_taken(lease, world->now_ms, sim_fraction(value));
    }
}

static void lose(struct world *world, int i, uint32_t value)
{
    enum ps_lease_action what = world->request[i].what;

    world->request[i].state = NONE;
    if (what == PS_LEASE_RENEW)
        ps_lease_renew_failed(&world->lease[i], world->now_ms);
    else
        ps_lease_not_taken(&world->lease[i], world->now_ms, sim_fraction(value));
}

static void turn(struct world *world, int i)
{
    enum ps_lease_action action = ps_lease_step(&world->lease[i], world->now_ms);

    if (action != PS_LEASE_ASK_EPOCH_AND_TAKE && action != PS_LEASE_RENEW)
        return;
    world->request[i] = (struct request){ .state = ON_ITS_WAY,
                                          .what = action,
                                          .sent_ms = world->now_ms,
                                          .epoch = action == PS_LEASE_RENEW ? world->lease[i].epoch
                                                                            : ++world->next_epoch };
}

static bool step(void *state, const struct sim_step *step, char out_why[SIM_WHY])
{
    struct world *world = state;
    int i = (int)(step->value[0] % N), leaders = 0;
    struct request *request = &world->request[i];

    if (step->kind == TIME)
        world->now_ms += 1 + step->value[1] % (step->value[2] % 4 == 0 ? 1500 : 120);
    if (world->holder >= 0 && world->now_ms >= world->until_ms)
        world->holder = -1;
    if (step->kind == TURN) {
        SIM_REQUIRE(world->lease[i].asked_ms == 0 || request->state != NONE ||
                        world->lease[i].state == PS_LEASE_RELEASED,
                    "scheduler %d waits for an answer that nobody owes it", i);
        if (request->state == NONE || ps_lease_leads(&world->lease[i], world->now_ms) ||
            world->lease[i].state == PS_LEASE_LEADER)
            turn(world, i);
    } else if (step->kind == ARRIVE && request->state == ON_ITS_WAY) {
        arrive(world, i);
    } else if (step->kind == ANSWER && request->state == ANSWERED) {
        answer(world, i, step->value[1]);
    } else if (step->kind == LOSE && request->state != NONE) {
        lose(world, i, step->value[1]);
    } else if (step->kind == LOST && step->value[1] % 8 == 0) {
        (void)ps_lease_lost(&world->lease[i], world->now_ms);
    } else if (step->kind == RELEASE && step->value[1] % 32 == 0) {
        bool led = ps_lease_leads(&world->lease[i], world->now_ms);

        SIM_REQUIRE(ps_lease_release(&world->lease[i]) || !led,
                    "the store did not see a leader's release");
        if (world->holder == i && world->holder_epoch == world->lease[i].epoch)
            world->holder = -1;
        ps_lease_init(&world->lease[i], TTL_MS, world->now_ms);
        world->request[i].state = NONE;
    }
    for (int j = 0; j < N; j++) {
        if (!ps_lease_leads(&world->lease[j], world->now_ms))
            continue;
        leaders++;
        SIM_REQUIRE(world->holder == j && world->lease[j].epoch == world->holder_epoch,
                    "scheduler %d leads with epoch %lld, and the store gave the lease to %d", j,
                    (long long)world->lease[j].epoch, world->holder);
        SIM_REQUIRE(world->now_ms < world->until_ms, "scheduler %d leads after the lease has ended",
                    j);
    }
    SIM_REQUIRE(leaders <= 1, "%d schedulers lead", leaders);
    return true;
}

const struct simulation simulation = { .name = "lease",
                                       .kinds = kinds,
                                       .kind_count = KINDS,
                                       .begin = begin,
                                       .step = step,
                                       .end = free,
                                       .steps_max = 300,
                                       .schedules = 20000 };
