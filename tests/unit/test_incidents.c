#include "scheduler/core/fleet_incidents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t start = INT64_C(1800000000000);

/* A fleet of which nothing is to be said. */
static struct ps_fleet_facts healthy(void)
{
    return (struct ps_fleet_facts){ .now_ms = start + 200000,
                                    .interval_ms = 60000,
                                    .after_ms = 120000,
                                    .settled_ms = start,
                                    .stored_read = true,
                                    .last_good_ms = start + 150000,
                                    .last_status = "success",
                                    .attempted = 100,
                                    .reads_index = true,
                                    .index_fetched_ms = start + 150000,
                                    .index_ttl_ms = 100000,
                                    .queues_read = true,
                                    .schedulers = 2,
                                    .queue_length = 3,
                                    .queue_warn = 100,
                                    .queue_max = 1000 };
}

/* The only trouble, as level and part of the text. */
static void is_named(const struct ps_fleet_facts *facts, const char *level, const char *name,
                     const char *part)
{
    struct ps_incident_set set = { 0 };
    cJSON *troubles;
    const cJSON *first;

    ps_fleet_incidents_find(facts, &set);
    troubles = ps_fleet_incidents_troubles(&set, facts);
    first = cJSON_GetArrayItem(troubles, 0);
    assert_int_equal(cJSON_GetArraySize(troubles), part == NULL ? 0 : 1);
    assert_string_equal(ps_fleet_incidents_worst(troubles), level);
    assert_true(ps_incidents_degraded(&set) == (name != NULL));
    if (part != NULL) {
        assert_string_equal(ps_json_text(first, "level"), level);
        if (name != NULL)
            assert_string_equal(ps_json_text(first, "name"), name);
        if (strstr(ps_json_text(first, "what"), part) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", part, ps_json_text(first, "what"));
    }
    cJSON_Delete(troubles);
}

#define NAMED(change, level, name, part)                                                           \
    do {                                                                                           \
        struct ps_fleet_facts facts = healthy();                                                   \
                                                                                                   \
        change;                                                                                    \
        is_named(&facts, level, name, part);                                                       \
    } while (0)

static void each_incident_is_found_and_has_its_cause(void **state)
{
    (void)state;
    NAMED((void)facts, "ok", NULL, NULL);
    NAMED((facts.last_status = "failed", facts.last_error = "controls",
           facts.last_cause = "HTTP 403 from isocpp.org to all 696 probes that found nothing"),
          "bad", "site_disbelieved",
          "The draft site cannot be believed: HTTP 403 from isocpp.org to all 696 probes");
    NAMED((facts.errors = 21, facts.failures = "{\"TIMEOUT\": 21}"), "warn", "error_share",
          "21 of 100 in the last cycle {\"TIMEOUT\": 21}");
    NAMED((facts.index_fetched_ms = start, facts.index_ttl_ms = 130000, facts.index_missed = 1),
          "ok", NULL, NULL);
    NAMED((facts.index_fetched_ms = start, facts.index_ttl_ms = 130000, facts.index_missed = 2),
          "warn", "index_stale", "the index was not downloaded for 3m 20s");
    NAMED(facts.index_refused = "it shrank", "warn", "index_implausible", "it shrank");
    NAMED(facts.dead_messages = 2, "warn", "dead_letters", "Messages were given up: 2");
    NAMED(facts.news_late_ms = 10801000, "warn", "late_news", "took more than 3h 0m 1s");
    NAMED(facts.oldest_message_ms = 121000, "warn", "message_waits", "the oldest one for 2m 1s");
    NAMED(facts.queue_length = 100, "warn", "backpressure", "100 messages wait");
    NAMED(facts.tasks_oldest_ms = 901000, "warn", "tasks_wait", "for 15m 1s");
    NAMED((facts.probing_paused_ms = facts.now_ms - 43200000,
           facts.probing_paused_why = "the site moves"),
          "warn", "probing_paused", "Z, reason: the site moves");
}

static void advice_is_no_incident(void **state)
{
    (void)state;
    NAMED(facts.schedulers = 1, "warn", NULL, "One scheduler only");
    NAMED(facts.dead_tasks = 4, "warn", NULL, "within the last hour: 4");
    NAMED(facts.probing_paused_ms = facts.now_ms - 43199999, "warn", NULL,
          "Probing was paused 11h 59m 59s ago; paperscout-scheduler resume ends it");
    NAMED((facts.last_status = "failed", facts.last_error = "too many errors"), "warn", NULL,
          "The last cycle failed: too many errors");
    NAMED((facts.paused_host = "h", facts.paused_why = "429", facts.paused_ms = 1500), "warn", NULL,
          "h asked for a pause (429); it ends in 2s");
}

static void what_was_not_read_is_not_complained_about(void **state)
{
    (void)state;
    NAMED((facts.stored_read = facts.queues_read = false, facts.last_good_ms = 1,
           facts.dead_messages = 7, facts.queue_length = 5000),
          "ok", NULL, NULL);
    NAMED((facts.reads_index = false, facts.index_fetched_ms = 1), "ok", NULL, NULL);
}

static void silence_counts_from_the_last_good_poll_or_from_the_start(void **state)
{
    (void)state;
    NAMED(facts.now_ms = facts.last_good_ms + 120000, "ok", NULL, NULL);
    NAMED(facts.now_ms = facts.last_good_ms + 121000, "bad", "no_good_poll",
          "no poll has succeeded for 2m 1s (one is due every 1m 0s)");
    NAMED((facts.last_good_ms = 0, facts.now_ms = start + 121000), "bad", "no_good_poll", "2m 1s");
    NAMED((facts.last_good_ms = 0, facts.now_ms = start + 119000), "ok", NULL, NULL);
    /* A new leader has the time for one poll. */
    NAMED((facts.last_good_ms = 1, facts.now_ms = start + 59000), "ok", NULL, NULL);
}

static void one_fault_is_named_once(void **state)
{
    struct ps_incident_set set = { 0 };

    (void)state;
    ps_incidents_note(&set, PS_INCIDENT_NO_LEADER, true, NULL);
    assert_false(ps_incidents_explained(&set, PS_INCIDENT_NO_LEADER));
    ps_incidents_note(&set, PS_INCIDENT_REDIS_DOWN, true, NULL);
    assert_true(ps_incidents_explained(&set, PS_INCIDENT_NO_LEADER));
    assert_false(ps_incidents_explained(&set, PS_INCIDENT_REDIS_DOWN));
}

/* Otherwise two incidents hide each other, and neither is reported. */
static void no_two_incidents_explain_each_other(void **state)
{
    (void)state;
    for (int a = 0; a < PS_INCIDENT_COUNT; a++) {
        for (int b = 0; b < PS_INCIDENT_COUNT; b++) {
            struct ps_incident_set set = { 0 };

            ps_incidents_note(&set, (enum ps_incident)a, true, NULL);
            ps_incidents_note(&set, (enum ps_incident)b, true, NULL);
            assert_false(ps_incidents_explained(&set, (enum ps_incident)a) &&
                         ps_incidents_explained(&set, (enum ps_incident)b));
        }
    }
}

static void what_is_known_is_merged(void **state)
{
    struct ps_incident_set set = { 0 }, other = { 0 };

    (void)state;
    ps_incidents_note(&set, PS_INCIDENT_STUCK, false, NULL);
    ps_incidents_note(&other, PS_INCIDENT_STUCK, true, "worker w1");
    ps_incidents_note(&other, PS_INCIDENT_NO_LEADER, false, NULL);
    ps_incidents_merge(&set, &other);
    assert_true(ps_incidents_present(&set, PS_INCIDENT_STUCK));
    assert_string_equal(set.items[PS_INCIDENT_STUCK].cause, "worker w1");
    assert_int_equal(set.items[PS_INCIDENT_NO_LEADER].state, PS_INCIDENT_ABSENT);
    assert_int_equal(set.items[PS_INCIDENT_NO_WORKERS].state, PS_INCIDENT_UNKNOWN);
}

static void names_and_rules_are_unique_and_texts_are_there(void **state)
{
    (void)state;
    for (int i = 0; i < PS_INCIDENT_COUNT; i++) {
        const struct ps_incident_row *row = ps_incident_row((enum ps_incident)i);
        enum ps_incident found;

        assert_true(ps_incident_parse(row->name, &found));
        assert_int_equal(found, i);
        assert_true(strlen(row->title) > 10 && strlen(row->over) > 10 && strlen(row->advice) > 20);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(row->rule, ps_incident_row((enum ps_incident)k)->rule);
    }
}

/* A cause of any length is kept as far as it fits, and never cut inside a character. */
static void a_long_cause_is_cut_at_a_character(void **state)
{
    (void)state;
    for (size_t ascii = 0; ascii < 4; ascii++) {
        for (size_t len = PS_INCIDENT_CAUSE - 6; len < PS_INCIDENT_CAUSE + 6; len++) {
            struct ps_incident_set set = { 0 };
            const char *kept = set.items[PS_INCIDENT_STUCK].cause;
            char cause[2 * PS_INCIDENT_CAUSE] = "";
            size_t fits, at = 0;

            while (at < ascii)
                cause[at++] = 'x';
            while (at + 3 <= len) { /* characters of three bytes */
                memcpy(cause + at, "\xE2\x82\xAC", 3);
                at += 3;
            }
            ps_incidents_note(&set, PS_INCIDENT_STUCK, true, cause);
            fits = at < PS_INCIDENT_CAUSE ? at : ascii + (PS_INCIDENT_CAUSE - 1 - ascii) / 3 * 3;
            assert_int_equal(strlen(kept), fits);
            assert_memory_equal(kept, cause, fits);
        }
    }
}

static void an_incident_keeps_the_time_since_which_it_is_there(void **state)
{
    struct ps_incident_set before = { 0 }, now = { 0 };

    (void)state;
    ps_incidents_note(&now, PS_INCIDENT_STUCK, true, NULL);
    ps_incidents_note(&now, PS_INCIDENT_NO_LEADER, true, NULL);
    ps_incidents_note(&now, PS_INCIDENT_NO_WORKERS, false, NULL);
    ps_incidents_note(&now, PS_INCIDENT_REDIS_DOWN, true, NULL);
    now.items[PS_INCIDENT_REDIS_DOWN].since_ms = 40; /* another program said so */
    ps_incidents_note(&before, PS_INCIDENT_STUCK, true, NULL);
    before.items[PS_INCIDENT_STUCK].since_ms = 50;
    before.items[PS_INCIDENT_NO_LEADER].since_ms = 60; /* it was over meanwhile */
    ps_incidents_since(&now, &before, 100);
    assert_int_equal(now.items[PS_INCIDENT_STUCK].since_ms, 50);
    assert_int_equal(now.items[PS_INCIDENT_NO_LEADER].since_ms, 100);
    assert_int_equal(now.items[PS_INCIDENT_NO_WORKERS].since_ms, 0);
    assert_int_equal(now.items[PS_INCIDENT_REDIS_DOWN].since_ms, 40);
}

static void each_incident_but_notes_makes_a_program_degraded_and_is_listed(void **state)
{
    (void)state;
    for (int i = 0; i < PS_INCIDENT_COUNT; i++) {
        const struct ps_incident_row *row = ps_incident_row((enum ps_incident)i);
        bool note = row->severity == PS_SEVERITY_NOTE;
        struct ps_incident_set set = { 0 };
        cJSON *json;

        ps_incidents_note(&set, (enum ps_incident)i, true, "why");
        set.items[i].since_ms = 1000;
        assert_true(ps_incidents_degraded(&set) == !note);
        json = ps_incidents_json(&set, note ? PS_SEVERITY_NOTE : PS_SEVERITY_TICKET);
        assert_int_equal(cJSON_GetArraySize(json), 1);
        assert_string_equal(ps_json_text(cJSON_GetArrayItem(json, 0), "name"), row->name);
        assert_string_equal(ps_json_text(cJSON_GetArrayItem(json, 0), "what"), row->title);
        assert_string_equal(ps_json_text(cJSON_GetArrayItem(json, 0), "cause"), "why");
        assert_string_equal(ps_json_text(cJSON_GetArrayItem(json, 0), "runbook"), row->rule);
        assert_string_equal(ps_json_text(cJSON_GetArrayItem(json, 0), "severity"),
                            ps_severity_name(row->severity));
        cJSON_Delete(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_incident_is_found_and_has_its_cause),
        cmocka_unit_test(advice_is_no_incident),
        cmocka_unit_test(what_was_not_read_is_not_complained_about),
        cmocka_unit_test(silence_counts_from_the_last_good_poll_or_from_the_start),
        cmocka_unit_test(one_fault_is_named_once),
        cmocka_unit_test(no_two_incidents_explain_each_other),
        cmocka_unit_test(a_long_cause_is_cut_at_a_character),
        cmocka_unit_test(an_incident_keeps_the_time_since_which_it_is_there),
        cmocka_unit_test(each_incident_but_notes_makes_a_program_degraded_and_is_listed),
        cmocka_unit_test(what_is_known_is_merged),
        cmocka_unit_test(names_and_rules_are_unique_and_texts_are_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
