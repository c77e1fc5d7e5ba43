#include "worker/core/permit_batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void permits_are_requested_if_they_can_be_used_in_time(void **state)
{
    static const struct {
        struct ps_permit_need need; /* waiting, available, free slots, in flight, latency */
        size_t want;
    } rows[] = {
        {{ 0, 0, 20, 0, 0 },          0  }, /* no request waits */
        { { 5, 0, 20, 0, 0 },         5  }, /* all that wait can be sent */
        { { 100, 0, 20, 0, 0 },       20 }, /* as many as there are slots */
        { { 100, 0, 0, 20, 0 },       0  }, /* no slot, unknown latency */
        { { 100, 0, 0, 20, 1000000 }, 1  }, /* one slot becomes free within 50 ms */
        { { 200, 0, 0, 20, 500 },     128}, /* many become free: a whole batch */
        { { 200, 65, 0, 20, 500 },    0  }, /* more than half is at hand: not yet */
        { { 200, 64, 0, 20, 500 },    64 }, /* half is at hand: fill up */
        { { 3, 3, 20, 0, 0 },         0  }, /* enough for all that wait */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(ps_permits_wanted(&rows[i].need), rows[i].want);
}

static void the_backlog_is_what_gets_done_in_50_ms(void **state)
{
    (void)state;
    assert_int_equal(ps_backlog_room(20, 0), 10);
    assert_int_equal(ps_backlog_room(20, 100000), 10);
    assert_int_equal(ps_backlog_room(20, 500), 128);
    assert_int_equal(ps_backlog_room(1, 1000000), 4);
    assert_int_equal(ps_backlog_room(1000, 1000), 128);
}

static void the_first_latency_sample_counts_in_full(void **state)
{
    (void)state;
    assert_int_equal(ps_latency_average(0, 800), 800);
    assert_int_equal(ps_latency_average(800, 1600), 850);
    assert_int_equal(ps_latency_average(0, 0), 1);
}

static void the_local_rate_keeps_rate_and_burst(void **state)
{
    struct ps_local_rate limit = { 0 };
    int64_t wait_ms;
    size_t sent = 0;
    int64_t now_us = 5000000;

    (void)state;
    assert_int_equal(ps_local_rate_admit(&limit, 10, 5, 100, now_us, &wait_ms), 5);
    assert_in_range(wait_ms, 100, 101);
    assert_int_equal(ps_local_rate_admit(&limit, 10, 5, 1, now_us + 50000, &wait_ms), 0);
    assert_int_equal(ps_local_rate_admit(&limit, 10, 5, 1, now_us + 101000, &wait_ms), 1);
    assert_int_equal(wait_ms, 0);
    for (int i = 0; i < 1000; i++)
        sent += ps_local_rate_admit(&limit, 10, 5, 1, now_us + 101000 + i * 10000, &wait_ms);
    assert_in_range(sent, 99, 100); /* ten seconds at ten a second */
    assert_int_equal(ps_local_rate_admit(&limit, 0, 5, 1000, now_us, &wait_ms), 1000);
}

/* The burst is granted at once for each rate, whatever now is: it was lost to rounding before. */
static void the_local_rate_grants_its_burst_at_any_time(void **state)
{
    static const double rates[] = { 0.3, 3, 7, 11.3, 700, 1500, 99999 };

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        for (int64_t now_us = 1000000; now_us < INT64_C(2000000000000); now_us = now_us * 3 + 1) {
            struct ps_local_rate limit = { 0 };
            int64_t wait_ms;

            assert_int_equal(ps_local_rate_admit(&limit, rates[i], 1, 2, now_us, &wait_ms), 1);
            assert_true(wait_ms >= 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_are_requested_if_they_can_be_used_in_time),
        cmocka_unit_test(the_backlog_is_what_gets_done_in_50_ms),
        cmocka_unit_test(the_first_latency_sample_counts_in_full),
        cmocka_unit_test(the_local_rate_keeps_rate_and_burst),
        cmocka_unit_test(the_local_rate_grants_its_burst_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
