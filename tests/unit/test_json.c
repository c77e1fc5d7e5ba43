#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void exactly_one_value_is_read(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } cases[] = {
        {"{}",              true },
        { "{\"a\":1} \n\t", true },
        { "[1,2]",          true },
        { "null",           true },
        { "",               false},
        { " ",              false},
        { "{} {}",          false},
        { "{}x",            false},
        { "{\"a\":}",       false},
        { "{\"a\":1",       false},
        { "nul",            false},
    };
    struct ps_err err;
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        cJSON *value = ps_json_parse(cases[i].text, strlen(cases[i].text), &err);

        assert_int_equal(value != NULL, cases[i].ok);
        cJSON_Delete(value);
    }
    assert_null(ps_json_parse(NULL, 0, &err));
    assert_null(ps_json_parse("{\"a\":1} }", 9, &err));
    assert_string_equal(err.what, "not JSON at byte 8");
    assert_int_equal(err.category, PS_FAILURE_UNKNOWN);
}

static void an_escape_that_is_no_character_is_replaced(void **state)
{
    static const struct {
        const char *text, *want; /* of a; NULL: refused */
    } cases[] = {
        {"{\"a\":\"\\uD800\"}",          "\xEF\xBF\xBD"            },
        { "{\"a\":\"\\uD800\\uDC00\"}",  "\xF0\x90\x80\x80"        },
        { "{\"a\":\"\\uDC00\\uD800\"}",  "\xEF\xBF\xBD\xEF\xBF\xBD"},
        { "{\"a\":\"x\\u0000y\"}",       "x\xEF\xBF\xBDy"          },
        { "{\"\\ud800\":1,\"a\":\"k\"}", "k"                       },
        { "{\"a\":\"\\\\uD800\"}",       "\\uD800"                 },
        { "{\"a\":\"\\uD80\"}",          NULL                      },
        { "{\"a\":\"\\uD800",            NULL                      },
        { "{\"a\":\"\\uD800\\u",         NULL                      },
        { "\\",                          NULL                      },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        char *exact = ps_alloc_copy(cases[i].text, strlen(cases[i].text));
        struct ps_err err;
        cJSON *value = ps_json_parse(exact, strlen(exact), &err);

        if (cases[i].want == NULL)
            assert_null(value);
        else
            assert_string_equal(ps_json_text(value, "a"), cases[i].want);
        cJSON_Delete(value);
        free(exact);
    }
}

static void the_length_bounds_what_is_read(void **state)
{
    struct ps_err err;
    cJSON *value = ps_json_parse("{}}}}", 2, &err);

    (void)state;
    assert_non_null(value);
    cJSON_Delete(value);
    assert_null(ps_json_parse("{}\0", 3, &err));
}

static void a_field_of_the_wrong_type_is_absent(void **state)
{
    cJSON *object = ps_json_parse("{\"t\":\"x\",\"n\":3,\"b\":true,\"z\":null}", 33, NULL);
    int64_t number = 9;
    bool flag = false;

    (void)state;
    assert_string_equal(ps_json_text(object, "t"), "x");
    assert_null(ps_json_text(object, "n"));
    assert_null(ps_json_text(object, "T"));
    assert_null(ps_json_text(NULL, "t"));
    assert_false(ps_json_int(object, "t", 0, 9, &number));
    assert_false(ps_json_int(object, "z", 0, 9, &number));
    assert_int_equal(number, 9);
    assert_true(ps_json_bool(object, "b", &flag));
    assert_true(flag);
    assert_false(ps_json_bool(object, "n", &flag));
    assert_true(flag);
    cJSON_Delete(object);
}

static void whole_numbers_stay_in_range(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } cases[] = {
        {"{\"n\":0}",                    true,  0                        },
        { "{\"n\":-5}",                  true,  -5                       },
        { "{\"n\":1e3}",                 true,  1000                     },
        { "{\"n\":9007199254740992}",    true,  INT64_C(9007199254740992)},
        { "{\"n\":1.5}",                 false, 0                        },
        { "{\"n\":1e300}",               false, 0                        },
        { "{\"n\":-1e300}",              false, 0                        },
        { "{\"n\":1e999}",               false, 0                        },
        { "{\"n\":9223372036854775807}", false, 0                        },
    };
    int64_t value = 0;
    cJSON *object;
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        object = ps_json_parse(cases[i].text, strlen(cases[i].text), NULL);
        assert_non_null(object);
        assert_int_equal(ps_json_int(object, "n", INT64_MIN, INT64_MAX, &value), cases[i].ok);
        if (cases[i].ok)
            assert_true(value == cases[i].value);
        cJSON_Delete(object);
    }
    object = ps_json_parse("{\"n\":5}", 7, NULL);
    assert_false(ps_json_int(object, "n", 6, 9, &value));
    assert_false(ps_json_int(object, "n", 0, 4, &value));
    assert_true(ps_json_int(object, "n", 5, 5, &value));
    cJSON_Delete(object);
}

static void adders_write_what_readers_and_people_expect(void **state)
{
    cJSON *object = cJSON_CreateObject();
    char *text;

    (void)state;
    ps_json_add_text(object, "t", "a\"b");
    ps_json_add_text(object, "none", NULL);
    ps_json_add_text(object, "bad", "x\xFFy");
    ps_json_add_int(object, "i", INT64_C(1795424707042));
    ps_json_add_int(object, "big", INT64_C(9007199254740992));
    ps_json_add_int(object, "round", INT64_C(-1000000000000000));
    ps_json_add_real(object, "r", 0.5);
    ps_json_add_bool(object, "b", false);
    ps_json_add_time(object, "at", INT64_C(1795424707042));
    ps_json_add_time(object, "never", 0);
    text = ps_json_print(object);
    assert_string_equal(text, "{\"t\":\"a\\\"b\",\"none\":null,\"bad\":\"x\xEF\xBF\xBDy\","
                              "\"i\":1795424707042,\"big\":9007199254740992,"
                              "\"round\":-1000000000000000,\"r\":0.5,\"b\":false,"
                              "\"at\":\"2026-11-23T09:05:07Z\",\"never\":null}");
    free(text);
    cJSON_Delete(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_one_value_is_read),
        cmocka_unit_test(an_escape_that_is_no_character_is_replaced),
        cmocka_unit_test(the_length_bounds_what_is_read),
        cmocka_unit_test(a_field_of_the_wrong_type_is_absent),
        cmocka_unit_test(whole_numbers_stay_in_range),
        cmocka_unit_test(adders_write_what_readers_and_people_expect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
