#include "scheduler/core/url_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define BASE "https://isocpp.org/files/papers/"

static void a_url_is_in_once(void **state)
{
    struct ps_url_set *set = ps_url_set_create();

    (void)state;
    assert_false(ps_url_set_has(set, BASE "D1234R0.pdf"));
    assert_true(ps_url_set_add(set, BASE "D1234R0.pdf"));
    assert_false(ps_url_set_add(set, BASE "D1234R0.pdf"));
    assert_true(ps_url_set_has(set, BASE "D1234R0.pdf"));
    assert_false(ps_url_set_has(set, BASE "D1234R0.html"));
    assert_false(ps_url_set_has(set, BASE "d1234r0.pdf"));
    assert_int_equal(ps_url_set_len(set), 1);
    ps_url_set_destroy(set);
}

static void numbers_are_those_of_p_and_d_files(void **state)
{
    static const int want[] = { 42, 1234, 2300 };
    struct ps_url_set *set = ps_url_set_create();
    const struct ps_number_set *numbers = ps_url_set_numbers(set);

    (void)state;
    assert_int_equal(numbers->len, 0);
    assert_true(ps_url_set_add(set, BASE "P2300R0.pdf"));
    assert_true(ps_url_set_add(set, BASE "D1234R0.pdf"));
    assert_true(ps_url_set_add(set, BASE "D1234R1.html"));
    assert_true(ps_url_set_add(set, BASE "D0042R3.pdf"));
    assert_true(ps_url_set_add(set, BASE "N4950.pdf"));
    assert_true(ps_url_set_add(set, BASE "readme.txt"));
    assert_int_equal(numbers->len, PS_COUNT_OF(want));
    for (size_t i = 0; i < PS_COUNT_OF(want); i++)
        assert_int_equal(numbers->items[i], want[i]);
    ps_url_set_destroy(set);
}

static void a_draft_is_found_by_its_id_with_any_extension(void **state)
{
    struct ps_url_set *set = ps_url_set_create();

    (void)state;
    assert_true(ps_url_set_add(set, BASE "D1234R0.html"));
    assert_true(ps_url_set_add(set, BASE "D1234R0.pdf"));
    assert_true(ps_url_set_add(set, BASE "D1234R1.pdf"));
    assert_string_equal(ps_url_set_draft(set, "D1234R0"), BASE "D1234R0.html");
    assert_string_equal(ps_url_set_draft(set, "D1234R1"), BASE "D1234R1.pdf");
    assert_null(ps_url_set_draft(set, "D1234R2"));
    assert_null(ps_url_set_draft(set, "P1234R0"));
    ps_url_set_destroy(set);
}

static void many_urls_are_all_found_again(void **state)
{
    struct ps_url_set *set = ps_url_set_create();
    char url[80];

    (void)state;
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(url, sizeof(url), BASE "D%04dR%d.pdf", i % 2500, i / 2500);
        assert_true(ps_url_set_add(set, url));
    }
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(url, sizeof(url), BASE "D%04dR%d.pdf", i % 2500, i / 2500);
        assert_true(ps_url_set_has(set, url));
    }
    assert_int_equal(ps_url_set_len(set), 5000);
    assert_int_equal(ps_url_set_numbers(set)->len, 2500);
    ps_url_set_destroy(set);
    ps_url_set_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_in_once),
        cmocka_unit_test(numbers_are_those_of_p_and_d_files),
        cmocka_unit_test(a_draft_is_found_by_its_id_with_any_extension),
        cmocka_unit_test(many_urls_are_all_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
