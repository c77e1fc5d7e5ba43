#include "scheduler/core/draft_changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MONDAY_9  "Mon, 05 Nov 2018 09:00:00 GMT"
#define MONDAY_10 "Mon, 05 Nov 2018 10:00:00 GMT"

enum { HOUR_MS = 3600 * 1000 };

static const int64_t noon_ms = INT64_C(1541419200000); /* of that Monday */

static struct ps_draft_state state_of(const char *modified, const char *etag, int64_t length)
{
    return (struct ps_draft_state){ .last_modified = modified, .etag = etag, .length = length };
}

static enum ps_draft_change seen(struct ps_draft_state before, struct ps_draft_state now)
{
    return ps_draft_change(&before, false, &now, PS_OUTCOME_HIT_OLD);
}

static void any_part_that_differs_is_a_change(void **state)
{
    struct ps_draft_state before = state_of(MONDAY_9, "\"a\"", 7);

    (void)state;
    assert_int_equal(seen(before, before), PS_DRAFT_CHANGE_SAME);
    assert_int_equal(seen(before, state_of(MONDAY_9, "\"b\"", 7)), PS_DRAFT_CHANGE_UPDATED);
    assert_int_equal(seen(before, state_of(MONDAY_9, "\"a\"", 8)), PS_DRAFT_CHANGE_UPDATED);
    assert_int_equal(seen(before, state_of(MONDAY_10, "\"b\"", 7)), PS_DRAFT_CHANGE_UPDATED);
    assert_int_equal(seen(state_of(MONDAY_9, NULL, -1), state_of(MONDAY_10, NULL, -1)),
                     PS_DRAFT_CHANGE_UPDATED);
    assert_int_equal(seen(state_of("once", NULL, -1), state_of("twice", NULL, -1)),
                     PS_DRAFT_CHANGE_UPDATED);
}

static void what_is_missing_says_nothing(void **state)
{
    struct ps_draft_state before = state_of(MONDAY_9, "\"a\"", 7), merged;
    struct ps_draft_state none = state_of(NULL, NULL, -1), some = state_of(NULL, "\"b\"", -1);

    (void)state;
    assert_int_equal(seen(before, none), PS_DRAFT_CHANGE_SAME);
    assert_int_equal(seen(none, before), PS_DRAFT_CHANGE_SAME);
    assert_int_equal(seen(before, state_of(MONDAY_9, "W/\"a\"", 7)), PS_DRAFT_CHANGE_SAME);
    merged = ps_draft_change_merge(&before, &some);
    assert_string_equal(merged.last_modified, MONDAY_9);
    assert_string_equal(merged.etag, "\"b\"");
    assert_int_equal(merged.length, 7);
}

static void the_same_strong_tag_is_the_same_file(void **state)
{
    (void)state;
    assert_int_equal(seen(state_of(MONDAY_9, "\"a\"", 7), state_of(MONDAY_10, "\"a\"", 7)),
                     PS_DRAFT_CHANGE_SAME);
    assert_int_equal(seen(state_of(MONDAY_9, "W/\"a\"", 7), state_of(MONDAY_10, "W/\"a\"", 7)),
                     PS_DRAFT_CHANGE_UPDATED);
}

static void a_time_made_up_from_the_clock_is_no_change(void **state)
{
    struct ps_draft_state before = state_of(MONDAY_9, NULL, 7), now = state_of(MONDAY_10, NULL, 7);

    (void)state;
    before.answered_ms = noon_ms;
    now.answered_ms = noon_ms + HOUR_MS;
    assert_int_equal(seen(before, now), PS_DRAFT_CHANGE_SAME);
    now.answered_ms = noon_ms + HOUR_MS + PS_DRAFT_CHANGE_CLOCK_MS;
    assert_int_equal(seen(before, now), PS_DRAFT_CHANGE_SAME);
    now.answered_ms = noon_ms + HOUR_MS + PS_DRAFT_CHANGE_CLOCK_MS + 1;
    assert_int_equal(seen(before, now), PS_DRAFT_CHANGE_UPDATED);
    now.answered_ms = noon_ms + HOUR_MS;
    now.length = 8;
    assert_int_equal(seen(before, now), PS_DRAFT_CHANGE_UPDATED);
    now.length = 7;
    before.answered_ms = 0;
    assert_int_equal(seen(before, now), PS_DRAFT_CHANGE_UPDATED);
}

static void going_and_coming_back_is_seen_once(void **state)
{
    struct ps_draft_state before = state_of(MONDAY_9, "\"a\"", 7);
    struct ps_draft_state other = state_of(MONDAY_10, "\"b\"", 7);

    (void)state;
    assert_int_equal(ps_draft_change(&before, false, &other, PS_OUTCOME_MISS),
                     PS_DRAFT_CHANGE_GONE);
    assert_int_equal(ps_draft_change(&before, true, &other, PS_OUTCOME_MISS), PS_DRAFT_CHANGE_SAME);
    assert_int_equal(ps_draft_change(&before, true, &before, PS_OUTCOME_HIT_NO_LM),
                     PS_DRAFT_CHANGE_BACK);
    assert_int_equal(ps_draft_change(&before, true, &other, PS_OUTCOME_HIT_RECENT),
                     PS_DRAFT_CHANGE_UPDATED);
    assert_int_equal(ps_draft_change(&before, true, &other, PS_OUTCOME_ERROR),
                     PS_DRAFT_CHANGE_NOTHING);
    assert_int_equal(ps_draft_change(&before, false, &other, PS_OUTCOME_DEFERRED),
                     PS_DRAFT_CHANGE_NOTHING);
    assert_int_equal(ps_draft_change(&before, false, &other, PS_OUTCOME_SUSPECT),
                     PS_DRAFT_CHANGE_NOTHING);
}

static void prints_differ_for_each_state(void **state)
{
    const struct ps_draft_state states[] = {
        state_of(MONDAY_9, "\"a\"", 7), state_of(MONDAY_10, "\"a\"", 7),
        state_of(MONDAY_9, "\"b\"", 7), state_of(MONDAY_9, "\"a\"", 8),
        state_of(NULL, MONDAY_9, 7),    state_of(MONDAY_9, NULL, 7),
        state_of(NULL, NULL, -1),
    };
    char prints[PS_COUNT_OF(states)][PS_DRAFT_CHANGE_PRINT], again[PS_DRAFT_CHANGE_PRINT];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(states); i++) {
        ps_draft_change_print(&states[i], prints[i]);
        ps_draft_change_print(&states[i], again);
        assert_string_equal(prints[i], again);
        assert_int_equal(strspn(prints[i], "0123456789abcdef"), 16);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(prints[i], prints[j]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_part_that_differs_is_a_change),
        cmocka_unit_test(what_is_missing_says_nothing),
        cmocka_unit_test(the_same_strong_tag_is_the_same_file),
        cmocka_unit_test(a_time_made_up_from_the_clock_is_no_change),
        cmocka_unit_test(going_and_coming_back_is_seen_once),
        cmocka_unit_test(prints_differ_for_each_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
