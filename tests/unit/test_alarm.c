#include "shared/core/alarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REDIS  PS_INCIDENT_REDIS_DOWN
#define TICKET PS_INCIDENT_DEAD_LETTERS

enum { HOLD = 60000 };

/* One program, its view, and the record that all programs share. */
struct scene {
    struct ps_alarm alarm;
    struct ps_incident_set view;
    struct ps_alarm_record record;
    struct ps_alarm_look look;
};

static void begin(struct scene *scene, enum ps_incident incident)
{
    *scene = (struct scene){
        .look = {.incident = incident,
                 .view = &scene->view,
                 .now_ms = 1000,
                 .after_ms = 600000,
                 .interval_ms = 300000,
                 .route = PS_ALARM_OUTBOX,
                 .record = &scene->record}
    };
}

static enum ps_alarm_next step(struct scene *scene, int64_t after_ms)
{
    scene->look.now_ms += after_ms;
    scene->record.notified_ago_ms += after_ms;
    scene->record.seen_ms += after_ms;
    return ps_alarm_step(&scene->alarm, &scene->look);
}

static void see(struct scene *scene, enum ps_incident incident, bool present)
{
    scene->view.items[incident] = (struct ps_incident_view){ 0 };
    ps_incidents_note(&scene->view, incident, present, NULL);
}

static void notified(struct scene *scene, enum ps_alarm_route route)
{
    scene->record = (struct ps_alarm_record){ .known = true, .raised = true, .route = route };
}

static void people_are_notified_once_it_has_lasted(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, REDIS);
    see(&scene, REDIS, true);
    assert_int_equal(step(&scene, 0), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, HOLD - 1), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTIFY);
    /* A short interval shortens it, a program that is not the first waits longer. */
    begin(&scene, REDIS);
    scene.look.after_ms = 4000;
    scene.look.patience_ms = 3000;
    see(&scene, REDIS, true);
    assert_int_equal(step(&scene, 0), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, PS_ALARM_HOLD_MIN_MS + 2999), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTIFY);
}

static void once_an_interval_whichever_program_notified(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, REDIS);
    see(&scene, REDIS, true);
    (void)step(&scene, 0);
    notified(&scene, PS_ALARM_NOTIFIER);
    scene.record.confirmed = true;
    assert_int_equal(step(&scene, HOLD), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 300000 - HOLD - 1), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTIFY);
    begin(&scene, TICKET);
    see(&scene, TICKET, true);
    notified(&scene, PS_ALARM_OUTBOX);
    scene.record.confirmed = true;
    (void)step(&scene, 0);
    assert_int_equal(step(&scene, PS_ALARM_TICKET_MS - 1), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTIFY);
}

/* All programs were restarted: people know of the incident, so its time does not begin anew. */
static void a_raised_incident_is_repeated_without_its_hold(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, REDIS);
    notified(&scene, PS_ALARM_OUTBOX);
    scene.record.confirmed = true;
    scene.record.notified_ago_ms = 300000 - PS_ALARM_HOLD_MIN_MS;
    see(&scene, REDIS, true);
    assert_int_equal(step(&scene, 0), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, PS_ALARM_HOLD_MIN_MS - 1), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTIFY);
    /* Other programs speak first, as with the first alert. */
    scene.look.patience_ms = 3000;
    scene.record.notified_ago_ms = 300000;
    assert_int_equal(step(&scene, 2999), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTIFY);
    scene.record = (struct ps_alarm_record){ .known = true, .notified_ago_ms = 300000 }; /* over */
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTHING);
}

/* A scheduler's repeat would wait in the outbox while Redis is away. */
static void the_program_with_the_best_route_repeats_it(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, REDIS);
    scene.look.patience_ms = 20000;
    see(&scene, REDIS, true);
    (void)step(&scene, 0);
    (void)step(&scene, HOLD + 20000);
    notified(&scene, PS_ALARM_NOTIFIER);
    scene.record.confirmed = true;
    assert_int_equal(step(&scene, 300000 + 19999), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTIFY);
}

static void a_route_that_delivers_nothing_is_followed_by_the_next(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, REDIS);
    see(&scene, REDIS, true);
    (void)step(&scene, 0);
    (void)step(&scene, HOLD);
    notified(&scene, PS_ALARM_OUTBOX);
    scene.look.route = PS_ALARM_NOTIFIER;
    assert_int_equal(step(&scene, PS_ALARM_CONFIRM_MS - 1), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 1), PS_ALARM_REROUTE);
    scene.look.route = PS_ALARM_OUTBOX; /* no next one */
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTHING);
    scene.look.route = PS_ALARM_NOTIFIER;
    scene.record.confirmed = true;
    assert_int_equal(step(&scene, 1), PS_ALARM_NOTHING);
}

static void one_all_clear_when_nobody_sees_it_any_more(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, REDIS);
    notified(&scene, PS_ALARM_OUTBOX);
    see(&scene, REDIS, false);
    assert_int_equal(step(&scene, 0), PS_ALARM_NOTHING);
    scene.record.seen_ms = -5000; /* another program still sees it */
    assert_int_equal(step(&scene, PS_ALARM_CLEAR_MS), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, PS_ALARM_UNSEEN_MS + 5000), PS_ALARM_OVER);
    scene.record.raised = false;
    assert_int_equal(step(&scene, 1000), PS_ALARM_NOTHING);
}

static void absence_must_last_before_the_all_clear(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, REDIS);
    notified(&scene, PS_ALARM_OUTBOX);
    scene.record.seen_ms = PS_ALARM_UNSEEN_MS;
    see(&scene, REDIS, false);
    assert_int_equal(step(&scene, 0), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, PS_ALARM_CLEAR_MS - 1), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, 1), PS_ALARM_OVER);
}

static void not_knowing_is_no_all_clear(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, REDIS);
    notified(&scene, PS_ALARM_OUTBOX);
    scene.view = (struct ps_incident_set){ 0 };
    (void)step(&scene, 0);
    assert_int_equal(step(&scene, 3600000), PS_ALARM_NOTHING);
}

static void a_consequence_is_not_reported_and_starts_anew_afterwards(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, PS_INCIDENT_NO_LEADER);
    see(&scene, REDIS, true);
    see(&scene, PS_INCIDENT_NO_LEADER, true);
    (void)step(&scene, 0);
    assert_int_equal(step(&scene, 3600000), PS_ALARM_NOTHING);
    see(&scene, REDIS, false);
    assert_int_equal(step(&scene, 0), PS_ALARM_NOTHING);
    assert_int_equal(step(&scene, HOLD), PS_ALARM_NOTIFY);
}

static void a_note_is_never_reported(void **state)
{
    struct scene scene;

    (void)state;
    begin(&scene, PS_INCIDENT_REDIS_NO_AOF);
    see(&scene, PS_INCIDENT_REDIS_NO_AOF, true);
    (void)step(&scene, 0);
    assert_int_equal(step(&scene, 3600000), PS_ALARM_NOTHING);
}

/* Reads the record at the time 1000 and compares it. */
static void expect_record(const char *text, const struct ps_alarm_record *want)
{
    cJSON *json = cJSON_Parse(text);
    struct ps_alarm_record got;

    assert_non_null(json);
    ps_alarm_record_read(&got, json, 1000);
    assert_true(got.known && got.raised);
    assert_int_equal(got.confirmed, want->confirmed);
    assert_int_equal(got.notified_ago_ms, want->notified_ago_ms);
    assert_int_equal(got.raised_ms, want->raised_ms);
    assert_int_equal(got.route, want->route);
    assert_int_equal(got.times, want->times);
    assert_string_equal(got.slack_ts, want->slack_ts);
    assert_string_equal(got.slack_channel, want->slack_channel);
    cJSON_Delete(json);
}

static void reads_the_record_that_redis_keeps(void **state)
{
    struct ps_alarm_record want = { .notified_ago_ms = 100,
                                    .raised_ms = 400,
                                    .route = PS_ALARM_LIST,
                                    .times = 3,
                                    .slack_ts = "17.1",
                                    .slack_channel = "C1" };

    (void)state;
    expect_record("{\"raised_ms\":\"400\",\"told_ms\":\"900\",\"times\":3,\"route\":1,"
                  "\"confirmed\":false,\"slack_ts\":\"17.1\",\"slack_channel\":\"C1\"}",
                  &want);
}

static void reads_the_record_of_an_earlier_version(void **state)
{
    struct ps_alarm_record want = { .notified_ago_ms = 100,
                                    .raised_ms = 400,
                                    .confirmed = true,
                                    .route = PS_ALARM_NOTIFIER,
                                    .times = 3 };

    (void)state;
    expect_record("{\"raised_ms\":\"400\",\"told_ms\":\"900\",\"times\":3}", &want);
}

static void reads_anything_as_a_record(void **state)
{
    struct ps_alarm_record want = { .confirmed = true, .route = PS_ALARM_NOTIFIER, .times = 1 };

    (void)state;
    expect_record("{\"raised_ms\":\"-9223372036854775808\",\"told_ms\":\"9223372036854775807\","
                  "\"times\":-1,\"route\":9,\"confirmed\":\"no\",\"slack_ts\":4}",
                  &want);
    want.notified_ago_ms = 1000;
    expect_record("[]", &want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_record_that_redis_keeps),
        cmocka_unit_test(reads_the_record_of_an_earlier_version),
        cmocka_unit_test(reads_anything_as_a_record),
        cmocka_unit_test(people_are_notified_once_it_has_lasted),
        cmocka_unit_test(once_an_interval_whichever_program_notified),
        cmocka_unit_test(a_raised_incident_is_repeated_without_its_hold),
        cmocka_unit_test(the_program_with_the_best_route_repeats_it),
        cmocka_unit_test(a_route_that_delivers_nothing_is_followed_by_the_next),
        cmocka_unit_test(one_all_clear_when_nobody_sees_it_any_more),
        cmocka_unit_test(absence_must_last_before_the_all_clear),
        cmocka_unit_test(not_knowing_is_no_all_clear),
        cmocka_unit_test(a_consequence_is_not_reported_and_starts_anew_afterwards),
        cmocka_unit_test(a_note_is_never_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
