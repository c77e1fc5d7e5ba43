#include "scheduler/core/poll_schedule.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/trace.h"

static void on_event(void *self, const char *event, char *out, size_t size)
{
    struct ps_poll_schedule *clock = self;
    const char *answer = "ok";
    char name[32] = "";
    int64_t now = 0, first = 0, second = 0;

    (void)sscanf(event, "%" SCNd64 " %31s %" SCNd64 " %" SCNd64, &now, name, &first, &second);
    if (strcmp(name, "start") == 0)
        ps_poll_schedule_init(clock, first, second, now);
    else if (strcmp(name, "blind") == 0)
        clock->blind = first != 0;
    else if (strcmp(name, "good") == 0)
        answer = ps_poll_schedule_good(clock, now) ? "recovered" : "ok";
    else if (strcmp(name, "stale") == 0)
        answer = ps_poll_schedule_stale(clock, now) ? "alert" : "quiet";
    else if (strcmp(name, "sleep") != 0)
        answer = "unknown event";
    if (strcmp(name, "sleep") == 0)
        (void)snprintf(out, size, "%" PRId64, ps_poll_schedule_sleep(clock, first, second));
    else
        (void)snprintf(out, size, "%s", answer);
}

static void polls_sleep_and_silence_alerts_as_traced(void **state)
{
    struct ps_poll_schedule clock;

    (void)state;
    trace_replay("trace/poll_schedule.trace", on_event, &clock);
}

static void without_any_index_the_next_poll_is_a_minute_away(void **state)
{
    static const struct {
        bool reads;
        int64_t fetched_ms, sleep_ms;
    } rows[] = {
        {true,   0, 60000  },
        { true,  1, 1800000},
        { true,  5, 1800000},
        { false, 0, 1800000},
        { false, 5, 1800000},
    };
    struct ps_poll_schedule clock;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ps_config config = { .enable_bulk_wg21 = rows[i].reads };

        ps_poll_schedule_init(&clock, 1800000, 300000, 0);
        ps_poll_schedule_see(&clock, &config, rows[i].fetched_ms);
        assert_int_equal(ps_poll_schedule_sleep(&clock, 7, 7), rows[i].sleep_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polls_sleep_and_silence_alerts_as_traced),
        cmocka_unit_test(without_any_index_the_next_poll_is_a_minute_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
