#include "scheduler/core/failover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_first_leader_follows_nobody(void **state)
{
    struct ps_failover failover = { 0 };
    int64_t ms = -1;

    (void)state;
    ps_failover_look(&failover, 1000, -2);
    assert_int_equal(ps_failover_taken(&failover, 1100, 6000, &ms), PS_FAILOVER_NONE);
    assert_int_equal(ms, 0);
}

static void a_lease_that_runs_out_is_a_crash_counted_from_its_last_renewal(void **state)
{
    struct ps_failover failover = { 0 };
    int64_t ms = 0;

    (void)state;
    ps_failover_look(&failover, 1000, 5000); /* renewed at 0, ends at 6000 */
    ps_failover_look(&failover, 5900, 100);
    ps_failover_look(&failover, 6200, -2);
    ps_failover_look(&failover, 6500, -2);
    assert_int_equal(ps_failover_taken(&failover, 6600, 6000, &ms), PS_FAILOVER_CRASH);
    assert_int_equal(ms, 6600);
    assert_string_equal(ps_failover_cause_name(PS_FAILOVER_CRASH), "crash");
}

static void a_lease_given_back_is_a_clean_stop_counted_from_the_last_look(void **state)
{
    struct ps_failover failover = { 0 };
    int64_t ms = 0;

    (void)state;
    ps_failover_look(&failover, 1000, 5000);
    ps_failover_look(&failover, 1400, -2);
    ps_failover_look(&failover, 7000, -2); /* PostgreSQL was away meanwhile */
    assert_int_equal(ps_failover_taken(&failover, 7100, 6000, &ms), PS_FAILOVER_CLEAN);
    assert_int_equal(ms, 6100);
}

/* With signals a standby may have looked seconds before the leader stopped. */
static void a_clean_stop_counts_from_the_signal_where_one_came(void **state)
{
    struct ps_failover failover = { 0 };
    int64_t ms = 0;

    (void)state;
    ps_failover_look(&failover, 1000, 5000);
    ps_failover_signalled(&failover, 1100); /* the leader of before took the lease */
    ps_failover_look(&failover, 1110, 6000);
    ps_failover_signalled(&failover, 4000);
    ps_failover_look(&failover, 4010, -2);
    ps_failover_signalled(&failover, 4200);
    assert_int_equal(ps_failover_taken(&failover, 4300, 6000, &ms), PS_FAILOVER_CLEAN);
    assert_int_equal(ms, 300);
    ps_failover_look(&failover, 5000, 6000);
    ps_failover_signalled(&failover, 5100); /* whatever it was about, the lease then ran out */
    ps_failover_look(&failover, 11200, -2);
    assert_int_equal(ps_failover_taken(&failover, 11300, 6000, &ms), PS_FAILOVER_CRASH);
    assert_int_equal(ms, 6300);
}

static void a_new_leader_begins_anew(void **state)
{
    struct ps_failover failover = { 0 };
    int64_t ms = 0;

    (void)state;
    ps_failover_look(&failover, 1000, 5000);
    ps_failover_look(&failover, 1400, -2);
    ps_failover_look(&failover, 1500, 6000);
    ps_failover_look(&failover, 7600, -2);
    assert_int_equal(ps_failover_taken(&failover, 7700, 6000, &ms), PS_FAILOVER_CRASH);
    assert_int_equal(ps_failover_taken(&failover, 7800, 6000, &ms), PS_FAILOVER_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_leader_follows_nobody),
        cmocka_unit_test(a_lease_that_runs_out_is_a_crash_counted_from_its_last_renewal),
        cmocka_unit_test(a_lease_given_back_is_a_clean_stop_counted_from_the_last_look),
        cmocka_unit_test(a_clean_stop_counts_from_the_signal_where_one_came),
        cmocka_unit_test(a_new_leader_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
