/* Two programs and one durable record. The incident, and what explains it, come and go; each
 * program looks when it gets a turn and claims the record as io/alarm.c does. People read one alert
 * in an interval, and one all-clear. */
#include "shared/core/alarm.h"
#include "tests/support/simulation.h"

#include <stdio.h>
#include <stdlib.h>

enum { N = 2, INTERVAL_MS = 60000, AFTER_MS = 20000 };

enum { TIME, INCIDENT, EXPLAIN, SEE, LOOK, DELIVER, DIE, KINDS };
static const char *const kinds[] = {
    "time", "incident", "explain", "see", "look", "deliver", "die"
};

struct world {
    int64_t now_ms;
    bool present, explained;
    struct ps_alarm alarm[N];
    struct ps_incident_set view[N];
    struct ps_alarm_record record; /* notified_ago_ms and seen_ago_ms are set when it is read */
    int64_t notified_at_ms, seen_at_ms, present_since_ms, absent_since_ms;
    bool open; /* people read an alert and no all-clear */
    int64_t alert_at_ms;
};

static const enum ps_incident incident = PS_INCIDENT_NO_LEADER; /* explained by REDIS_DOWN */

static void *begin(uint32_t seed)
{
    struct world *world = calloc(1, sizeof(*world));

    world->now_ms = 1 + seed % 100000;
    world->absent_since_ms = world->now_ms;
    return world;
}

static void see(struct world *world, int i)
{
    world->view[i].items[incident].state =
        world->present ? PS_INCIDENT_PRESENT : PS_INCIDENT_ABSENT;
    world->view[i].items[PS_INCIDENT_REDIS_DOWN].state =
        world->explained ? PS_INCIDENT_PRESENT : PS_INCIDENT_ABSENT;
    if (world->present && world->record.raised)
        world->seen_at_ms = world->now_ms;
}

static bool look(struct world *world, int i, enum ps_alarm_route route, char out_why[SIM_WHY])
{
    struct ps_alarm_look look = { .incident = incident,
                                  .view = &world->view[i],
                                  .now_ms = world->now_ms,
                                  .after_ms = AFTER_MS,
                                  .interval_ms = INTERVAL_MS,
                                  .patience_ms = i == 0 ? 0 : 5000,
                                  .route = route,
                                  .record = &world->record };
    int64_t hold_ms = ps_alarm_hold_ms(incident, AFTER_MS);

    /* People know of it: a repeat waits for its interval, and not for the hold as well. */
    if (world->record.raised && hold_ms > PS_ALARM_HOLD_MIN_MS)
        hold_ms = PS_ALARM_HOLD_MIN_MS;
    world->record.notified_ago_ms = world->now_ms - world->notified_at_ms;
    world->record.seen_ms = world->now_ms - world->seen_at_ms;
    switch (ps_alarm_step(&world->alarm[i], &look)) {
    case PS_ALARM_NOTHING:
        break;
    case PS_ALARM_NOTIFY:
        SIM_REQUIRE(ps_incidents_present(&world->view[i], incident),
                    "an alert of an incident that is not seen");
        SIM_REQUIRE(!ps_incidents_explained(&world->view[i], incident),
                    "an alert of an incident that is explained");
        SIM_REQUIRE(world->now_ms - world->alarm[i].present_ms >= hold_ms,
                    "an alert before its time");
        SIM_REQUIRE(!world->record.known || world->now_ms - world->alert_at_ms >= INTERVAL_MS,
                    "two alerts within %lld ms", (long long)(world->now_ms - world->alert_at_ms));
        world->record.known = world->record.raised = true;
        world->record.confirmed = false;
        world->record.route = route;
        world->notified_at_ms = world->seen_at_ms = world->alert_at_ms = world->now_ms;
        world->open = true;
        break;
    case PS_ALARM_REROUTE:
        SIM_REQUIRE(world->record.raised && !world->record.confirmed && route > world->record.route,
                    "a route that delivered, or a better one, was given up");
        SIM_REQUIRE(world->record.notified_ago_ms >= PS_ALARM_CONFIRM_MS,
                    "a route had no time to deliver");
        world->record.route = route;
        world->notified_at_ms = world->now_ms;
        break;
    case PS_ALARM_OVER:
        SIM_REQUIRE(world->open && world->record.raised, "an all-clear of nothing");
        SIM_REQUIRE(!ps_incidents_present(&world->view[i], incident),
                    "an all-clear while it is seen");
        SIM_REQUIRE(world->record.seen_ms >= PS_ALARM_UNSEEN_MS,
                    "an all-clear while another program sees it");
        world->record.raised = world->open = false;
        break;
    }
    return true;
}

static bool step(void *state, const struct sim_step *step, char out_why[SIM_WHY])
{
    struct world *world = state;
    int i = (int)(step->value[0] % N);

    switch (step->kind) {
    case TIME:
        world->now_ms += step->value[1] % (step->value[2] % 8 == 0 ? 90000 : 3000);
        break;
    case INCIDENT:
        if (step->value[1] % 4 == 0)
            world->present = !world->present;
        break;
    case EXPLAIN:
        if (step->value[1] % 8 == 0)
            world->explained = !world->explained;
        break;
    case SEE:
        see(world, i);
        break;
    case LOOK:
        return look(world, i, (enum ps_alarm_route)(step->value[1] % 4), out_why);
    case DELIVER:
        if (world->record.raised && step->value[1] % 2 == 0)
            world->record.confirmed = true;
        break;
    default:
        if (step->value[1] % 8 == 0) {
            world->alarm[i] = (struct ps_alarm){ 0 };
            world->view[i] = (struct ps_incident_set){ 0 };
        }
        break;
    }
    /* Nothing is forgotten: when all is quiet for long enough, two looks of any program give the
     * all-clear. */
    if (world->open && step->kind == LOOK) {
        struct world quiet = *world;
        char why[SIM_WHY];

        quiet.present = quiet.explained = false;
        see(&quiet, i);
        for (int turn = 0; turn < 3; turn++) {
            quiet.now_ms += PS_ALARM_UNSEEN_MS + PS_ALARM_CLEAR_MS;
            if (!look(&quiet, i, PS_ALARM_OUTBOX, why))
                SIM_REQUIRE(false, "when all is quiet: %.300s", why);
        }
        SIM_REQUIRE(!quiet.open, "the all-clear is lost");
    }
    return true;
}

const struct simulation simulation = { .name = "alarm",
                                       .kinds = kinds,
                                       .kind_count = KINDS,
                                       .begin = begin,
                                       .step = step,
                                       .end = free,
                                       .steps_max = 200,
                                       .schedules = 4000 };
