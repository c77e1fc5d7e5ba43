/* One notifier's channel queues: messages arrive, moves are answered in any
 * order and in any way. One request of a channel is under way; each channel's
 * order and pace are kept; nothing is sent without a claim, nothing twice
 * without doubt, and what was added is given back, or closed once.
 */
#include "notifier/core/channel_queues.h"
#include "shared/core/alloc.h"
#include "tests/support/simulation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3, PENDING_MAX = 64, IDS_MAX = 512, INTERVAL_MS = 100 };

enum { TIME, ADD, NEXT, ANSWER, SHARE, DRAIN, KINDS };
static const char *const kinds[] = { "time", "add", "next", "answer", "share", "drain" };

struct pending {
    struct ps_outgoing_message *message;
    enum ps_channel_queues_move move;
};

struct world {
    struct ps_channel_queues *queues;
    int64_t now_ms;
    uint32_t next_id;
    struct pending pending[PENDING_MAX];
    size_t pending_count, held;
    int64_t left_ms[CHANNELS]; /* last request of the channel */
    bool closed[IDS_MAX], claimed[IDS_MAX], sent[IDS_MAX], maybe[IDS_MAX];
    size_t duplicates[IDS_MAX];
    size_t heads[CHANNELS]; /* messages that are held, without their duplicates */
    bool can_look, shared, drained;
};

static void *begin(uint32_t seed)
{
    struct world *world = calloc(1, sizeof(*world));

    world->can_look = seed % 2 == 0;
    world->now_ms = 1000;
    world->queues = ps_channel_queues_create(
        &(struct ps_channel_queues_options){ .interval_ms = INTERVAL_MS,
                                             .max_retries = 3,
                                             .retry_base_ms = 50,
                                             .breaker_threshold = 3,
                                             .breaker_cooldown_ms = 500,
                                             .access_cooldown_ms = 500,
                                             .can_look = world->can_look });
    for (int i = 0; i < CHANNELS; i++)
        world->left_ms[i] = -INTERVAL_MS;
    return world;
}

static void end(void *state)
{
    struct world *world = state;

    ps_channel_queues_destroy(world->queues);
    free(world);
}

static uint32_t id_of(const struct ps_outgoing_message *message)
{
    return (uint32_t)strtoul(message->content.id + 1, NULL, 10);
}

static int channel_of(const struct ps_outgoing_message *message)
{
    return message->content.channel[1] - '0';
}

static void add(struct world *world, const struct sim_step *step)
{
    bool again = world->next_id > 0 && step->value[0] % 6 == 0;
    uint32_t id = again ? step->value[1] % world->next_id : world->next_id;
    char raw[160];
    struct ps_err err;
    struct ps_outgoing_message *message;

    if (world->held >= 40 || id >= IDS_MAX - 1 || (again && world->closed[id]))
        return;
    world->next_id += !again;
    /* Every third is of the outbox; a channel and a kind go with the id, so that
     * a copy is the same message. */
    (void)snprintf(raw, sizeof(raw),
                   "{\"id\":\"%c%u\",\"kind\":\"%s\",\"channel\":\"C%u\",\"text\":\"x\"}",
                   id % 3 == 0 ? 'o' : 'm', id, id % 7 == 0 ? "ops_alert" : "draft", id % CHANNELS);
    message = ps_outgoing_message_parse(raw, strlen(raw), &err);
    if (message == NULL)
        return;
    ps_channel_queues_add(world->queues, message);
    world->held++;
    world->heads[id % CHANNELS] += world->duplicates[id] == 0;
    world->duplicates[id]++;
}

static bool next(struct world *world, char out_why[SIM_WHY])
{
    struct ps_outgoing_message *message = NULL;
    enum ps_channel_queues_move move;
    uint32_t id;
    int channel;

    if (world->pending_count == PENDING_MAX)
        return true;
    move = ps_channel_queues_next(world->queues, world->now_ms, true, &message);
    if (move == PS_CHANNEL_QUEUES_NOTHING) {
        int64_t wake_ms = ps_channel_queues_wake_ms(world->queues, world->now_ms, true);

        SIM_REQUIRE(wake_ms > world->now_ms || wake_ms == INT64_MAX,
                    "nothing may go, and it wants to wake at once");
        SIM_REQUIRE(wake_ms != INT64_MAX || world->held == 0 || world->pending_count > 0,
                    "%zu messages are held, nothing is under way, and nothing will wake it",
                    world->held);
        return true;
    }
    id = id_of(message);
    channel = channel_of(message);
    for (size_t i = 0; i < world->pending_count; i++)
        SIM_REQUIRE(channel_of(world->pending[i].message) != channel,
                    "two requests of channel %d are under way", channel);
    SIM_REQUIRE(!world->closed[id], "message %u was closed before", id);
    if (move == PS_CHANNEL_QUEUES_SEND) {
        SIM_REQUIRE(!message->outbox || world->claimed[id], "message %u is sent without a claim",
                    id);
        SIM_REQUIRE(world->now_ms - world->left_ms[channel] >= INTERVAL_MS,
                    "channel %d: %lld ms after the last", channel,
                    (long long)(world->now_ms - world->left_ms[channel]));
        SIM_REQUIRE(!world->sent[id], "message %u is sent after Slack had it", id);
        SIM_REQUIRE(!world->maybe[id] || message->repeated,
                    "message %u may be there, and is sent without a look", id);
        world->left_ms[channel] = world->now_ms;
    }
    world->pending[world->pending_count++] = (struct pending){ message, move };
    return true;
}

static bool close_one(struct world *world, struct ps_outgoing_message *message,
                      char out_why[SIM_WHY])
{
    uint32_t id = id_of(message);

    SIM_REQUIRE(!world->closed[id], "message %u is closed twice", id);
    world->closed[id] = true;
    world->held -= world->duplicates[id];
    world->heads[id % CHANNELS]--;
    ps_channel_queues_forget(world->queues, message);
    return true;
}

static bool answer_send(struct world *world, struct ps_outgoing_message *message,
                        const struct sim_step *step, struct ps_channel_queues_outcome *out_outcome,
                        char out_why[SIM_WHY])
{
    struct ps_slack_response reply = { .next = (enum ps_slack_next)(step->value[1] % 5),
                                       .doubtful = step->value[2] % 2 == 0,
                                       .of_channel = step->value[2] % 3 == 0,
                                       .after_ms = step->value[2] % 300 };
    uint32_t id = id_of(message);

    if (reply.next != PS_SLACK_SENT)
        (void)ps_fail(&reply.err, PS_FAILURE_NETWORK, 500, "of the simulation");
    ps_channel_queues_answered(
        world->queues, message, &reply,
        (struct ps_channel_queues_time){ world->now_ms, sim_fraction(step->value[2]) },
        out_outcome);
    if (reply.next == PS_SLACK_SENT) {
        world->sent[id] = true;
        SIM_REQUIRE(out_outcome->close == PS_CLOSE_SENT,
                    "Slack has message %u, and it is not closed", id);
    }
    world->maybe[id] = world->maybe[id] || (reply.next == PS_SLACK_RETRY && reply.doubtful);
    return true;
}

static bool answer(struct world *world, const struct sim_step *step, char out_why[SIM_WHY])
{
    struct ps_channel_queues_outcome outcome = { .close = PS_CLOSE_NOT };
    size_t at;
    struct pending pending;
    uint32_t id;

    if (world->pending_count == 0)
        return true;
    at = step->value[0] % world->pending_count;
    pending = world->pending[at];
    world->pending[at] = world->pending[--world->pending_count];
    id = id_of(pending.message);
    if (pending.move == PS_CHANNEL_QUEUES_CLAIM) {
        static const enum ps_claim claims[] = { PS_CLAIM_MINE,  PS_CLAIM_KEPT, PS_CLAIM_INHERITED,
                                                PS_CLAIM_TAKEN, PS_CLAIM_SENT, PS_CLAIM_FAILED };
        enum ps_claim claim = claims[step->value[1] % 6];

        /* A claim of one's own that is renewed is KEPT; a fresh one is MINE. */
        if (claim == PS_CLAIM_MINE && world->claimed[id])
            claim = PS_CLAIM_KEPT;
        if (claim == PS_CLAIM_INHERITED || (claim == PS_CLAIM_KEPT && !world->claimed[id]))
            world->maybe[id] = true;
        world->claimed[id] =
            claim == PS_CLAIM_FAILED ? world->claimed[id] : claim != PS_CLAIM_TAKEN;
        ps_channel_queues_claimed(world->queues, pending.message, claim, world->now_ms, &outcome);
    } else if (pending.move == PS_CHANNEL_QUEUES_ADMIT) {
        struct ps_admission admission = { .unknown = step->value[1] % 7 == 0,
                                          .wait_ms =
                                              step->value[1] % 3 == 0 ? step->value[2] % 200 : 0,
                                          .held = step->value[2] % 5 == 0,
                                          .elsewhere =
                                              step->value[1] % 3 == 0 && step->value[2] % 4 == 0 };

        if (admission.elsewhere)
            admission.wait_ms = 1000;
        if (ps_channel_queues_admitted(world->queues, pending.message, &admission, world->now_ms))
            world->claimed[id] = false;
    } else if (pending.move == PS_CHANNEL_QUEUES_LOOK) {
        struct ps_slack_look look = { .seen = (enum ps_slack_seen)(step->value[1] % 4) };

        if (look.seen == PS_SLACK_FAILED)
            look.seen = PS_SLACK_UNKNOWN;
        ps_channel_queues_looked(
            world->queues, pending.message, &look,
            (struct ps_channel_queues_time){ world->now_ms, sim_fraction(step->value[2]) },
            &outcome);
        world->sent[id] = look.seen == PS_SLACK_FOUND;
        world->maybe[id] = world->maybe[id] && look.seen != PS_SLACK_ABSENT;
    } else if (!answer_send(world, pending.message, step, &outcome, out_why)) {
        return false;
    }
    return outcome.close == PS_CLOSE_NOT || close_one(world, pending.message, out_why);
}

static void count_full(void *cookie, const char *channel)
{
    bool *full = cookie;

    full[channel[1] - '0'] = true;
}

/* A clean stop gives back what is not under way, the newest first, each message
 * and duplicate once. */
static bool drain(struct world *world, char out_why[SIM_WHY])
{
    struct ps_outgoing_message *message;
    size_t back = 0, under_way = 0;

    for (size_t i = 0; i < world->pending_count; i++)
        under_way += world->duplicates[id_of(world->pending[i].message)];
    ps_channel_queues_stop(world->queues);
    while ((message = ps_channel_queues_take_back(world->queues)) != NULL) {
        uint32_t id = id_of(message);

        ps_outgoing_message_destroy(message);
        back++;
        SIM_REQUIRE(world->duplicates[id] > 0 && !world->closed[id],
                    "message %u is given back too often", id);
        world->duplicates[id]--;
        world->heads[id % CHANNELS] -= world->duplicates[id] == 0;
    }
    SIM_REQUIRE(back == world->held - under_way,
                "%zu of %zu messages are given back, %zu are under way", back, world->held,
                under_way);
    world->held = under_way;
    world->drained = true;
    return true;
}

static bool step(void *state, const struct sim_step *step, char out_why[SIM_WHY])
{
    struct world *world = state;
    bool full[CHANNELS] = { false };

    if (world->drained)
        return true;

    switch (step->kind) {
    case TIME:
        world->now_ms += step->value[0] % (step->value[1] % 8 == 0 ? 12000 : 150);
        break;
    case ADD:
        add(world, step);
        break;
    case NEXT:
        if (!next(world, out_why))
            return false;
        break;
    case ANSWER:
        if (!answer(world, step, out_why))
            return false;
        break;
    case DRAIN:
        if (step->value[0] % 64 == 0 && !drain(world, out_why))
            return false;
        break;
    default:
        if (step->value[0] % 8 == 0)
            ps_channel_queues_share(world->queues, world->shared = !world->shared);
        break;
    }
    SIM_REQUIRE(ps_channel_queues_held(world->queues) == world->held,
                "%zu messages are held, not %zu", world->held,
                ps_channel_queues_held(world->queues));
    ps_channel_queues_full(world->queues, count_full, full);
    for (int i = 0; i < CHANNELS; i++)
        SIM_REQUIRE(full[i] == (world->heads[i] >= PS_CHANNEL_QUEUE_MAX),
                    "channel %d holds %zu messages and is %s", i, world->heads[i],
                    full[i] ? "full" : "not full");
    return true;
}

const struct simulation simulation = { .name = "channel_queues",
                                       .kinds = kinds,
                                       .kind_count = KINDS,
                                       .begin = begin,
                                       .step = step,
                                       .end = end,
                                       .steps_max = 250,
                                       .schedules = 5000 };
