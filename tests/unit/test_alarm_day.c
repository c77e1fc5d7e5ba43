/* A day of a healthy fleet in simulated time, a second a step: jitter, slow polls, failed
 * downloads, leader changes, restarts and short gaps of the servers. Nobody is alerted. The same
 * day with one lasting fault alerts people, so that the silence means something. */
#include "scheduler/core/fleet_incidents.h"
#include "shared/core/alarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    DAY_S = 24 * 3600,
    INTERVAL_S = 1800,
    SCHEDULERS = 3,
    PROGRAMS = SCHEDULERS + 2, /* and two notifiers */
    NEVER = -1
};

/* A small generator of our own: the same day on every machine. */
struct dice {
    uint64_t state;
};

static int64_t roll(struct dice *dice, int64_t below)
{
    dice->state = dice->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((dice->state >> 33) % (uint64_t)below);
}

static bool chance(struct dice *dice, int64_t in)
{
    return roll(dice, in) == 0;
}

struct program {
    struct ps_alarm alarms[PS_INCIDENT_COUNT];
    int64_t started_s;
    int64_t redis_gone_s, pg_gone_s; /* until then this program does not reach the server */
};

struct fleet {
    struct dice dice;
    int64_t now_s;
    struct program programs[PROGRAMS];
    struct ps_alarm_record records[PS_INCIDENT_COUNT];
    int64_t notified_s[PS_INCIDENT_COUNT], seen_s[PS_INCIDENT_COUNT];
    int64_t leader_s; /* leads since then, or will */
    int64_t poll_due_s, poll_ends_s, last_good_s, fetched_s;
    bool download_failed;
    int64_t missed; /* downloads */
    int64_t errors, attempted, queue, oldest_s, task_s, pause_until_s;
    int64_t fault_from_s, fault_until_s; /* PostgreSQL is away for all; NEVER */
    int alerts[PS_INCIDENT_COUNT], all_clears[PS_INCIDENT_COUNT];
};

/* What happens in a healthy fleet within this second. */
static void live(struct fleet *fleet)
{
    struct dice *dice = &fleet->dice;
    bool led = fleet->now_s >= fleet->leader_s;

    if (fleet->poll_ends_s == 0 && led && fleet->now_s >= fleet->poll_due_s) {
        /* One poll in 20 is slow: a site under load, a pause. */
        int64_t takes_s = chance(dice, 20) ? 1200 + roll(dice, 480) : 60 + roll(dice, 120);

        fleet->poll_ends_s = fleet->now_s + takes_s;
        fleet->download_failed = !fleet->download_failed && chance(dice, 10);
        fleet->missed = fleet->download_failed ? fleet->missed + 1 : 0;
        if (!fleet->download_failed) /* else the stored copy is used, once */
            fleet->fetched_s = fleet->now_s;
    }
    if (fleet->poll_ends_s > 0 && led && fleet->now_s >= fleet->poll_ends_s) {
        fleet->poll_due_s = fleet->poll_due_s + INTERVAL_S;
        if (fleet->poll_due_s < fleet->now_s + 300)
            fleet->poll_due_s = fleet->now_s + 300;
        fleet->poll_ends_s = 0;
        fleet->attempted = 500 + roll(dice, 1500);
        fleet->errors = roll(dice, fleet->attempted / 10);
        fleet->last_good_s = fleet->now_s;
    }
    if (chance(dice, 2 * 3600)) /* a leader dies; a lease of 6 s ends */
        fleet->leader_s = fleet->now_s + 2 + roll(dice, 6);
    if (chance(dice, 600))
        fleet->queue = roll(dice, 90);
    fleet->queue -= fleet->queue > 0;
    fleet->oldest_s = fleet->queue > 0 ? roll(dice, 50) : 0;
    fleet->task_s = fleet->poll_ends_s > 0 ? roll(dice, 300) : 0;
    if (chance(dice, 1200)) /* the site asks for a short pause */
        fleet->pause_until_s = fleet->now_s + 1 + roll(dice, 60);
    for (int i = 0; i < PROGRAMS; i++) {
        struct program *program = &fleet->programs[i];

        if (chance(dice, 6 * 3600)) { /* a restart */
            *program = (struct program){ .started_s = fleet->now_s };
        }
        if (chance(dice, 3600))
            program->redis_gone_s = fleet->now_s + 1 + roll(dice, 20);
        if (chance(dice, 3600))
            program->pg_gone_s = fleet->now_s + 1 + roll(dice, 20);
    }
}

static void observe(const struct fleet *fleet, const struct program *program, bool is_scheduler,
                    struct ps_incident_set *set)
{
    bool fault = fleet->now_s >= fleet->fault_from_s && fleet->now_s < fleet->fault_until_s;
    bool pg = fleet->now_s >= program->pg_gone_s && !fault;
    bool redis = fleet->now_s >= program->redis_gone_s;
    const struct ps_fleet_facts facts = {
        .now_ms = fleet->now_s * 1000,
        .interval_ms = INTERVAL_S * 1000,
        .after_ms = INT64_C(2) * INTERVAL_S * 1000,
        .settled_ms =
            (fleet->leader_s > program->started_s ? fleet->leader_s : program->started_s) * 1000,
        .stored_read = pg,
        .last_good_ms = fleet->last_good_s * 1000,
        .last_status = "success",
        .errors = fleet->errors,
        .attempted = fleet->attempted,
        .reads_index = true,
        .index_fetched_ms = fleet->fetched_s * 1000,
        .index_ttl_ms = 3600 * 1000,
        .index_missed = fleet->missed,
        .oldest_message_ms = fleet->oldest_s * 1000,
        .queues_read = redis,
        .schedulers = SCHEDULERS,
        .queue_length = fleet->queue,
        .queue_warn = 100,
        .queue_max = 1000,
        .tasks_oldest_ms = fleet->task_s * 1000
    };

    ps_incidents_note(set, PS_INCIDENT_REDIS_DOWN, !redis, "no connection");
    ps_incidents_note(set, PS_INCIDENT_POSTGRES_DOWN, !pg, "no connection");
    if (redis) /* as io/incident_monitor: a failover takes less than eight seconds */
        ps_incidents_note(set, PS_INCIDENT_NO_LEADER, fleet->now_s + 8 < fleet->leader_s, NULL);
    if (is_scheduler) {
        ps_fleet_incidents_find(&facts, set);
        ps_incidents_note(set, PS_INCIDENT_HOST_PAUSED, fleet->now_s < fleet->pause_until_s, NULL);
    }
}

static void act(struct fleet *fleet, struct program *program, enum ps_incident incident,
                const struct ps_incident_set *view, bool is_scheduler)
{
    struct ps_alarm_record *record = &fleet->records[incident];
    struct ps_alarm_look look = { .incident = incident,
                                  .view = view,
                                  .now_ms = fleet->now_s * 1000,
                                  .after_ms = INT64_C(2) * INTERVAL_S * 1000,
                                  .interval_ms = INTERVAL_S * 1000,
                                  .patience_ms = is_scheduler ? 0 : 12000,
                                  .route = PS_ALARM_OUTBOX,
                                  .record = record };

    record->notified_ago_ms = (fleet->now_s - fleet->notified_s[incident]) * 1000;
    record->seen_ms = (fleet->now_s - fleet->seen_s[incident]) * 1000;
    switch (ps_alarm_step(&program->alarms[incident], &look)) {
    case PS_ALARM_NOTHING:
    case PS_ALARM_REROUTE:
        break;
    case PS_ALARM_NOTIFY:
        *record = (struct ps_alarm_record){ .known = true, .raised = true, .confirmed = true };
        fleet->notified_s[incident] = fleet->now_s;
        fleet->alerts[incident]++;
        break;
    case PS_ALARM_OVER:
        record->raised = false;
        fleet->all_clears[incident]++;
        break;
    }
}

static void play(struct fleet *fleet, uint64_t seed, int64_t fault_from_s, int64_t fault_until_s)
{
    memset(fleet, 0, sizeof(*fleet));
    fleet->dice.state = seed;
    fleet->now_s = 1000000;
    fleet->fault_from_s = fault_from_s == NEVER ? INT64_MAX : fleet->now_s + fault_from_s;
    fleet->fault_until_s = fault_until_s == NEVER ? INT64_MAX : fleet->now_s + fault_until_s;
    fleet->leader_s = fleet->last_good_s = fleet->fetched_s = fleet->poll_due_s = fleet->now_s;
    for (int64_t end_s = fleet->now_s + DAY_S; fleet->now_s < end_s; fleet->now_s++) {
        struct ps_incident_set own[PROGRAMS] = { 0 }, shared = { 0 };

        live(fleet);
        for (int i = 0; i < PROGRAMS; i++) {
            observe(fleet, &fleet->programs[i], i < SCHEDULERS, &own[i]);
            ps_incidents_merge(&shared, &own[i]);
        }
        for (int j = 0; j < PS_INCIDENT_COUNT; j++)
            if (ps_incidents_present(&shared, (enum ps_incident)j))
                fleet->seen_s[j] = fleet->now_s;
        for (int i = 0; i < PROGRAMS; i++) {
            struct ps_incident_set view = own[i];

            for (int j = 0; j < PS_INCIDENT_COUNT;
                 j++) /* what others see is shared while present */
                if (ps_incidents_present(&shared, (enum ps_incident)j))
                    view.items[j] = shared.items[j];
            for (int j = 0; j < PS_INCIDENT_COUNT; j++)
                act(fleet, &fleet->programs[i], (enum ps_incident)j, &view, i < SCHEDULERS);
        }
    }
}

static void a_healthy_day_alerts_nobody(void **state)
{
    struct fleet fleet;

    const char *days = getenv("PAPERSCOUT_DAYS");
    uint64_t last = days == NULL ? 2 : strtoull(days, NULL, 10);

    (void)state;
    for (uint64_t seed = 1; seed <= last; seed++) {
        play(&fleet, seed, NEVER, NEVER);
        for (int i = 0; i < PS_INCIDENT_COUNT; i++)
            if (fleet.alerts[i] > 0 || fleet.all_clears[i] > 0)
                fail_msg("day %d: %d alerts of %s", (int)seed, fleet.alerts[i],
                         ps_incident_row((enum ps_incident)i)->name);
    }
}

static void the_same_day_with_a_lasting_fault_alerts_once_an_interval(void **state)
{
    struct fleet fleet;

    (void)state;
    play(&fleet, 1, 6 * 3600, 6 * 3600 + 2 * INTERVAL_S + 600);
    for (int i = 0; i < PS_INCIDENT_COUNT; i++) {
        assert_int_equal(fleet.alerts[i], i == PS_INCIDENT_POSTGRES_DOWN ? 3 : 0);
        assert_int_equal(fleet.all_clears[i], i == PS_INCIDENT_POSTGRES_DOWN ? 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_day_alerts_nobody),
        cmocka_unit_test(the_same_day_with_a_lasting_fault_alerts_once_an_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
