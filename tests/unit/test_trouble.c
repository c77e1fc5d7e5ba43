#include "scheduler/core/trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t start = INT64_C(1800000000000);

/* A fleet of which nothing is to be said. */
static struct ps_trouble_facts healthy(void)
{
    return (struct ps_trouble_facts){ .now_ms = start + 100000,
                                      .interval_ms = 60000,
                                      .launched_ms = start,
                                      .redis_up = true,
                                      .database_up = true,
                                      .led = true,
                                      .schedulers = 2,
                                      .workers = 3,
                                      .notifiers = 1,
                                      .last_good_ms = start + 90000,
                                      .last_status = "success",
                                      .queue_length = 3,
                                      .queue_warn = 100,
                                      .queue_max = 1000 };
}

/* The only trouble, as "level: what". */
static void is_told(const struct ps_trouble_facts *facts, const char *level, const char *part)
{
    cJSON *troubles = ps_trouble_find(facts);
    const cJSON *first = cJSON_GetArrayItem(troubles, 0);

    assert_int_equal(cJSON_GetArraySize(troubles), part == NULL ? 0 : 1);
    assert_string_equal(ps_trouble_worst(troubles), level);
    if (part != NULL) {
        assert_string_equal(ps_json_text(first, "level"), level);
        if (strstr(ps_json_text(first, "what"), part) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", part, ps_json_text(first, "what"));
    }
    cJSON_Delete(troubles);
}

#define TOLD(change, level, part)                                                                  \
    do {                                                                                           \
        struct ps_trouble_facts facts = healthy();                                                 \
                                                                                                   \
        change;                                                                                    \
        is_told(&facts, level, part);                                                              \
    } while (0)

static void each_trouble_has_its_words(void **state)
{
    (void)state;
    TOLD((void)facts, "ok", NULL);
    TOLD(facts.redis_up = false, "bad", "Redis is not reached");
    TOLD(facts.redis_fault = "Redis is a replica", "bad", "Redis is a replica");
    TOLD(facts.database_up = false, "bad", "PostgreSQL is not reached");
    TOLD(facts.led = false, "bad", "No scheduler leads");
    TOLD(facts.workers = 0, "bad", "No worker");
    TOLD(facts.notifiers = 0, "bad", "No notifier");
    TOLD(facts.stuck = true, "bad", "nothing has moved");
    TOLD(facts.circuits_open = 1, "bad", "several failed in a row");
    TOLD(facts.queue_length = 1000, "bad", "The queue is full");
    TOLD(facts.queue_length = 100, "warn", "wait for the notifier: 100");
    TOLD(facts.schedulers = 1, "warn", "One scheduler only");
    TOLD(facts.dead_messages = 2, "warn", "Messages given up: 2");
    TOLD(facts.dead_tasks = 4, "warn", "within the last hour: 4");
    TOLD((facts.last_status = "failed", facts.last_error = "too many errors"), "warn",
         "The last cycle failed: too many errors");
    TOLD((facts.paused_host = "h", facts.paused_why = "429", facts.paused_ms = 1500), "warn",
         "h asked for a pause (429); it ends in 2s");
}

static void what_was_not_read_is_no_trouble(void **state)
{
    (void)state;
    TOLD((facts.workers = facts.notifiers = facts.schedulers = facts.queue_length = -1,
          facts.dead_messages = -1, facts.last_status = NULL),
         "ok", NULL);
    /* One sentence for Redis being away, not five. */
    TOLD((facts.redis_up = false, facts.led = false, facts.workers = 0, facts.notifiers = 0,
          facts.stuck = true),
         "bad", "Redis is not reached");
    TOLD((facts.database_up = false, facts.last_good_ms = 1), "bad", "PostgreSQL");
}

static void silence_counts_from_the_last_good_poll_or_the_start(void **state)
{
    (void)state;
    TOLD(facts.now_ms = facts.last_good_ms + 2 * facts.interval_ms, "ok", NULL);
    TOLD(facts.now_ms = facts.last_good_ms + 2 * facts.interval_ms + 1000, "bad",
         "No successful poll for 2m 1s");
    TOLD(facts.last_good_ms = 0, "ok", NULL);
    TOLD((facts.last_good_ms = 0, facts.now_ms = start + 121000), "bad",
         "There never was a successful poll, 2m 1s after the start");
}

static void bad_ones_come_first(void **state)
{
    struct ps_trouble_facts facts = healthy();
    cJSON *troubles;

    (void)state;
    facts.last_status = "failed";
    facts.queue_length = 5000;
    facts.workers = 0;
    facts.dead_messages = 1;
    troubles = ps_trouble_find(&facts);
    assert_int_equal(cJSON_GetArraySize(troubles), 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(ps_json_text(cJSON_GetArrayItem(troubles, i), "level"),
                            i < 2 ? "bad" : "warn");
    assert_string_equal(ps_trouble_worst(troubles), "bad");
    cJSON_Delete(troubles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trouble_has_its_words),
        cmocka_unit_test(what_was_not_read_is_no_trouble),
        cmocka_unit_test(silence_counts_from_the_last_good_poll_or_the_start),
        cmocka_unit_test(bad_ones_come_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
