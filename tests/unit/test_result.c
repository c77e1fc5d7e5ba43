#include "shared/core/result.h"

#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ps_result sample(void)
{
    return (struct ps_result){
        .task = {.task = ps_alloc_text("7:D1234R0.pdf"),
                 .cycle = 7,
                 .epoch = 3,
                 .url = ps_alloc_text("https://isocpp.org/files/papers/D1234R0.pdf"),
                 .tier = PS_TIER_COLD,
                 .prefix = "D",
                 .number = 1234,
                 .revision = 2,
                 .ext = ps_alloc_text(".pdf")},
        .outcome = PS_OUTCOME_HIT_RECENT,
        .status = 200,
        .last_modified = ps_alloc_text("Sun, 06 Nov 1994 08:49:37 GMT"),
        .attempts = 2,
        .latency_ms = 84,
        .etag = ps_alloc_text("\"5f1\""),
        .content_length = 71234,
        .answered_ms = INT64_C(1530090245123),
        .worker = ps_alloc_text("w-1"),
        .front_text = ps_alloc_text("Stra\xC3\x9F"
                                    "e\n"),
        .title = ps_alloc_text("Queues that forget"),
        .authors = ps_alloc_text("[\"Ann \\\"Bo\\\" K\xC3\xB6hl\",\"Cy O'Dea\"]"),
    };
}

static void views_of(const struct ps_fields *fields, struct ps_str *views)
{
    size_t i;

    for (i = 0; i < fields->len; i++)
        views[i] = ps_str_of(fields->items[i]);
}

/* Formats the sample, replaces the value of one field, and parses that. */
static bool parse_with(const char *name, const char *value, struct ps_result *out_result,
                       struct ps_err *err)
{
    struct ps_result result = sample();
    struct ps_fields fields;
    struct ps_str views[2 * PS_RESULT_FIELDS];
    size_t i;
    bool ok;

    ps_fields_init(&fields);
    ps_result_format(&result, &fields);
    views_of(&fields, views);
    for (i = 0; i < fields.len; i += 2) {
        if (ps_str_is(views[i], name))
            views[i + 1] = ps_str_of(value);
    }
    ok = ps_result_parse(views, fields.len, out_result, err);
    ps_fields_clear(&fields);
    ps_result_clear(&result);
    return ok;
}

static void a_formatted_result_parses_to_the_same(void **state)
{
    struct ps_result result;
    struct ps_err err;

    (void)state;
    assert_true(parse_with("", "", &result, &err));
    assert_string_equal(result.task.task, "7:D1234R0.pdf");
    assert_int_equal(result.task.tier, PS_TIER_COLD);
    assert_int_equal(result.task.revision, 2);
    assert_int_equal(result.outcome, PS_OUTCOME_HIT_RECENT);
    assert_int_equal(result.status, 200);
    assert_string_equal(result.last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(result.etag, "\"5f1\"");
    assert_int_equal(result.content_length, 71234);
    assert_int_equal(result.answered_ms, INT64_C(1530090245123));
    assert_false(result.failed);
    assert_int_equal(result.attempts, 2);
    assert_int_equal(result.latency_ms, 84);
    assert_string_equal(result.worker, "w-1");
    assert_string_equal(result.front_text, "Stra\xC3\x9F"
                                           "e\n");
    assert_string_equal(result.title, "Queues that forget");
    assert_string_equal(result.authors, "[\"Ann \\\"Bo\\\" K\xC3\xB6hl\",\"Cy O'Dea\"]");
    ps_result_clear(&result);
    assert_null(result.worker);
}

static void the_fields_have_the_contracts_names_and_order(void **state)
{
    static const char *const names[] = { "task",
                                         "cycle",
                                         "epoch",
                                         "url",
                                         "tier",
                                         "prefix",
                                         "number",
                                         "revision",
                                         "ext",
                                         "outcome",
                                         "status",
                                         "last_modified",
                                         "failure_category",
                                         "attempts",
                                         "latency_ms",
                                         "worker",
                                         "front_text",
                                         "etag",
                                         "content_length",
                                         "answered_at",
                                         "title",
                                         "authors" };
    struct ps_result result = sample();
    struct ps_fields fields;
    size_t i;

    (void)state;
    ps_fields_init(&fields);
    ps_task_format(&result.task, &fields);
    assert_int_equal(fields.len, 2 * PS_TASK_FIELDS);
    ps_fields_clear(&fields);
    ps_result_format(&result, &fields);
    assert_int_equal(PS_COUNT_OF(names), PS_RESULT_FIELDS);
    assert_int_equal(fields.len, 2 * PS_RESULT_FIELDS);
    for (i = 0; i < PS_COUNT_OF(names); i++)
        assert_string_equal(fields.items[2 * i], names[i]);
    ps_fields_clear(&fields);
    ps_result_clear(&result);
}

static void all_fields_but_the_outcome_may_be_empty(void **state)
{
    static const char *const names[] = { "status",      "last_modified", "failure_category",
                                         "attempts",    "latency_ms",    "worker",
                                         "front_text",  "etag",          "content_length",
                                         "answered_at", "title",         "authors" };
    struct ps_result result;
    struct ps_err err;
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(names); i++) {
        assert_true(parse_with(names[i], "", &result, &err));
        assert_non_null(result.worker);
        ps_result_clear(&result);
    }
    assert_true(parse_with("front_text", "", &result, &err));
    assert_null(result.front_text);
    ps_result_clear(&result);
    assert_false(parse_with("outcome", "", &result, &err));
    assert_string_equal(err.what, "result: outcome is missing");
}

static void failures_have_their_category(void **state)
{
    struct ps_result result;
    struct ps_err err;

    (void)state;
    assert_true(parse_with("failure_category", "RATE_LIMIT", &result, &err));
    assert_true(result.failed);
    assert_int_equal(result.category, PS_FAILURE_RATE_LIMIT);
    ps_result_clear(&result);
}

static void invalid_fields_are_named(void **state)
{
    static const char *const cases[][3] = {
        {"outcome",           "hit",                                 "result: outcome "         },
        { "outcome",          "a_name_much_longer_than_any_outcome", "result: outcome "         },
        { "status",           "1000",                                "result: status "          },
        { "status",           "-1",                                  "result: status "          },
        { "status",           "ok",                                  "result: status "          },
        { "failure_category", "timeout",                             "result: failure_category "},
        { "failure_category", "\xFF",                                "result: failure_category "},
        { "attempts",         "-1",                                  "result: attempts "        },
        { "latency_ms",       "1e3",                                 "result: latency_ms "      },
        { "latency_ms",       "-1",                                  "result: latency_ms "      },
        { "last_modified",    "\xFF",                                "result: last_modified "   },
        { "etag",             "\xFF",                                "result: etag "            },
        { "content_length",   "-1",                                  "result: content_length "  },
        { "content_length",   "many",                                "result: content_length "  },
        { "answered_at",      "today",                               "result: answered_at "     },
        { "worker",           "\x80",                                "result: worker "          },
        { "front_text",       "a\xC3",                               "result: front_text "      },
        { "title",            "a\xC3",                               "result: title "           },
        { "authors",          "Ann",                                 "result: authors "         },
        { "authors",          "{\"0\":\"Ann\"}",                     "result: authors "         },
        { "authors",          "[\"Ann\",1]",                         "result: authors "         },
        { "authors",          "[\"Ann\"] x",                         "result: authors "         },
        { "authors",          "[\"\xFF\"]",                          "result: authors "         },
        { "cycle",            "0",                                   "task: cycle "             },
        { "url",              "x",                                   "task: url "               },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_result result;
        struct ps_err err;

        if (parse_with(cases[i][0], cases[i][1], &result, &err))
            fail_msg("%s=%s was taken", cases[i][0], cases[i][1]);
        assert_memory_equal(err.what, cases[i][2], strlen(cases[i][2]));
        assert_null(result.task.url);
        assert_null(result.worker);
    }
}

static void the_front_text_has_a_limit(void **state)
{
    char *text = ps_alloc_zero(PS_RESULT_FRONT_MAX + 2, 1);
    struct ps_result result;
    struct ps_err err;

    (void)state;
    memset(text, 'x', PS_RESULT_FRONT_MAX);
    assert_true(parse_with("front_text", text, &result, &err));
    ps_result_clear(&result);
    text[PS_RESULT_FRONT_MAX] = 'x';
    assert_false(parse_with("front_text", text, &result, &err));
    free(text);
}

/* A worker of the previous version sends neither. */
static void a_result_without_title_and_authors_is_accepted(void **state)
{
    struct ps_result whole = sample(), result;
    struct ps_str views[2 * PS_RESULT_FIELDS];
    struct ps_fields fields;
    struct ps_err err;

    (void)state;
    ps_fields_init(&fields);
    ps_result_format(&whole, &fields);
    views_of(&fields, views);
    assert_true(ps_result_parse(views, fields.len - 4, &result, &err));
    assert_null(result.title);
    assert_null(result.authors);
    assert_string_equal(result.worker, "w-1");
    ps_result_clear(&result);
    ps_fields_clear(&fields);
    ps_result_clear(&whole);
}

static void authors_are_a_json_array_of_names(void **state)
{
    static const char *const names[] = { "Ann \"Bo\" K\xC3\xB6hl", "Cy O'Dea" };
    static const char *const same[][2] = {
        {"[]",                      NULL               },
        { " [ \"Ann\" , \"Bo\" ] ", "[\"Ann\",\"Bo\"]" },
        { "[\"K\\u00f6hl\"]",       "[\"K\xC3\xB6hl\"]"},
    };
    char *text = ps_result_authors_format(names, 2);
    struct ps_result result;
    struct ps_err err;

    (void)state;
    assert_string_equal(text, "[\"Ann \\\"Bo\\\" K\xC3\xB6hl\",\"Cy O'Dea\"]");
    free(text);
    assert_null(ps_result_authors_format(NULL, 0));
    for (size_t i = 0; i < PS_COUNT_OF(same); i++) {
        assert_true(parse_with("authors", same[i][0], &result, &err));
        if (same[i][1] == NULL)
            assert_null(result.authors);
        else
            assert_string_equal(result.authors, same[i][1]);
        ps_result_clear(&result);
    }
}

static void too_many_authors_are_cut_to_the_limit_of_the_parser(void **state)
{
    enum { MANY = 2000 };
    const char *names[MANY];
    struct ps_result result;
    struct ps_err err;
    char *text;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        names[i] = "Bartholomew Featherstonehaugh";
    text = ps_result_authors_format(names, MANY);
    assert_in_range(strlen(text), PS_RESULT_AUTHORS_MAX - 64, PS_RESULT_AUTHORS_MAX);
    assert_true(parse_with("authors", text, &result, &err));
    assert_string_equal(result.authors, text);
    ps_result_clear(&result);
    free(text);
}

static void outcome_names_are_formatted_and_parsed(void **state)
{
    static const struct {
        const char *name;
        bool hit;
    } cases[] = {
        {"hit_recent", true },
        { "hit_old",   true },
        { "hit_no_lm", true },
        { "miss",      false},
        { "suspect",   false},
        { "deferred",  false},
        { "error",     false},
    };
    enum ps_outcome outcome = PS_OUTCOME_ERROR;
    size_t i;

    (void)state;
    assert_int_equal(PS_COUNT_OF(cases), PS_OUTCOME_COUNT);
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        assert_true(ps_outcome_parse(ps_str_of(cases[i].name), &outcome));
        assert_string_equal(ps_outcome_name(outcome), cases[i].name);
        assert_int_equal(ps_outcome_is_hit(outcome), cases[i].hit);
    }
    assert_false(ps_outcome_parse(ps_str_of("HIT_OLD"), &outcome));
}

static void fields_grow_and_a_null_value_is_empty(void **state)
{
    struct ps_fields fields;
    int i;

    (void)state;
    ps_fields_init(&fields);
    for (i = 0; i < 100; i++)
        ps_fields_add_int(&fields, "n", INT64_MIN);
    ps_fields_add(&fields, "none", NULL);
    assert_int_equal(fields.len, 202);
    assert_string_equal(fields.items[1], "-9223372036854775808");
    assert_string_equal(fields.items[201], "");
    ps_fields_clear(&fields);
    assert_int_equal(fields.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_formatted_result_parses_to_the_same),
        cmocka_unit_test(the_fields_have_the_contracts_names_and_order),
        cmocka_unit_test(all_fields_but_the_outcome_may_be_empty),
        cmocka_unit_test(failures_have_their_category),
        cmocka_unit_test(invalid_fields_are_named),
        cmocka_unit_test(the_front_text_has_a_limit),
        cmocka_unit_test(a_result_without_title_and_authors_is_accepted),
        cmocka_unit_test(authors_are_a_json_array_of_names),
        cmocka_unit_test(too_many_authors_are_cut_to_the_limit_of_the_parser),
        cmocka_unit_test(outcome_names_are_formatted_and_parsed),
        cmocka_unit_test(fields_grow_and_a_null_value_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
