#include "notifier/core/outage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_long_outage_is_told_once_and_its_end_once(void **state)
{
    static const struct {
        int64_t now_ms;
        bool up;
        enum ps_outage_change want;
        int64_t gone_ms;
    } rows[] = {
        {1000,     true,  PS_OUTAGE_SAME,      1000   },
        { 5000,    false, PS_OUTAGE_SAME,      0      },
        { 604999,  false, PS_OUTAGE_SAME,      599999 },
        { 605000,  false, PS_OUTAGE_TELL,      600000 },
        { 606000,  false, PS_OUTAGE_SAME,      601000 },
        { 9000000, false, PS_OUTAGE_SAME,      8995000},
        { 9001000, true,  PS_OUTAGE_RECOVERED, 8996000},
        { 9002000, true,  PS_OUTAGE_SAME,      0      },
        { 9003000, false, PS_OUTAGE_SAME,      0      },
        { 9603000, false, PS_OUTAGE_TELL,      600000 },
    };
    struct ps_outage outage;

    (void)state;
    ps_outage_init(&outage, 600000, 0);
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        int64_t gone_ms;

        assert_int_equal(ps_outage_step(&outage, rows[i].up, rows[i].now_ms, &gone_ms),
                         rows[i].want);
        assert_int_equal(gone_ms, rows[i].gone_ms);
    }
}

static void a_short_one_is_not_told_and_neither_is_its_end(void **state)
{
    struct ps_outage outage;

    (void)state;
    ps_outage_init(&outage, 600000, 0);
    assert_int_equal(ps_outage_step(&outage, false, 599999, NULL), PS_OUTAGE_SAME);
    assert_int_equal(ps_outage_step(&outage, true, 600001, NULL), PS_OUTAGE_SAME);
    assert_int_equal(ps_outage_step(&outage, false, 600002, NULL), PS_OUTAGE_SAME);
    assert_int_equal(ps_outage_step(&outage, false, 1200001, NULL), PS_OUTAGE_SAME);
}

static void a_server_that_never_came_counts_from_the_start(void **state)
{
    struct ps_outage outage;

    (void)state;
    ps_outage_init(&outage, 600000, 500);
    assert_int_equal(ps_outage_step(&outage, false, 600499, NULL), PS_OUTAGE_SAME);
    assert_int_equal(ps_outage_step(&outage, false, 600500, NULL), PS_OUTAGE_TELL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_outage_is_told_once_and_its_end_once),
        cmocka_unit_test(a_short_one_is_not_told_and_neither_is_its_end),
        cmocka_unit_test(a_server_that_never_came_counts_from_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
