#include "shared/core/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *name, *value;
};

static const struct row good[] = {
    {"task",      "7:D1234R0.pdf"                              },
    { "cycle",    "7"                                          },
    { "epoch",    "3"                                          },
    { "url",      "https://isocpp.org/files/papers/D1234R0.pdf"},
    { "tier",     "frontier"                                   },
    { "prefix",   "D"                                          },
    { "number",   "1234"                                       },
    { "revision", "0"                                          },
    { "ext",      ".pdf"                                       },
};

/* Parses the valid fields with one of them replaced, or left out if value is NULL. */
static bool parse_with(const char *name, const char *value, size_t len, struct ps_task *out_task,
                       struct ps_err *err)
{
    struct ps_str fields[2 * PS_COUNT_OF(good)];
    size_t i, count = 0;

    for (i = 0; i < PS_COUNT_OF(good); i++) {
        bool changed = name != NULL && strcmp(good[i].name, name) == 0;

        if (changed && value == NULL)
            continue;
        fields[count++] = ps_str_of(good[i].name);
        fields[count++] = changed ? (struct ps_str){ value, len } : ps_str_of(good[i].value);
    }
    return ps_task_parse(fields, count, out_task, err);
}

static void all_fields_of_a_valid_entry_are_parsed(void **state)
{
    struct ps_task task;
    struct ps_err err;

    (void)state;
    assert_true(parse_with(NULL, NULL, 0, &task, &err));
    assert_string_equal(task.task, "7:D1234R0.pdf");
    assert_int_equal(task.cycle, 7);
    assert_int_equal(task.epoch, 3);
    assert_string_equal(task.url, "https://isocpp.org/files/papers/D1234R0.pdf");
    assert_int_equal(task.tier, PS_TIER_FRONTIER);
    assert_string_equal(task.prefix, "D");
    assert_int_equal(task.number, 1234);
    assert_int_equal(task.revision, 0);
    assert_string_equal(task.ext, ".pdf");
    ps_task_clear(&task);
    assert_null(task.url);
}

static void unknown_fields_are_skipped_and_the_first_of_a_name_counts(void **state)
{
    struct ps_str fields[2 * (PS_COUNT_OF(good) + 2)];
    struct ps_task task;
    size_t i, count = 0;

    (void)state;
    fields[count++] = ps_str_of("traceparent");
    fields[count++] = ps_str_of("\xFF");
    for (i = 0; i < PS_COUNT_OF(good); i++) {
        fields[count++] = ps_str_of(good[i].name);
        fields[count++] = ps_str_of(good[i].value);
    }
    fields[count++] = ps_str_of("cycle");
    fields[count++] = ps_str_of("9");
    assert_true(ps_task_parse(fields, count, &task, NULL));
    assert_int_equal(task.cycle, 7);
    ps_task_clear(&task);
}

static void a_confirmation_names_the_worker_that_saw_the_draft(void **state)
{
    struct ps_str fields[2 * (PS_COUNT_OF(good) + 3)];
    struct ps_task task;
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(good); i++) {
        fields[count++] = ps_str_of(good[i].name);
        fields[count++] = ps_str_of(good[i].value);
    }
    assert_true(ps_task_parse(fields, count, &task, NULL));
    assert_null(task.seen_by);
    assert_int_equal(task.passes, 0);
    ps_task_clear(&task);
    fields[count++] = ps_str_of("seen_by");
    fields[count++] = ps_str_of("worker-1");
    fields[count++] = ps_str_of("passes");
    fields[count++] = ps_str_of("2");
    fields[count++] = ps_str_of("traceparent");
    fields[count++] = ps_str_of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_true(ps_task_parse(fields, count, &task, NULL));
    assert_string_equal(task.seen_by, "worker-1");
    assert_int_equal(task.passes, 2);
    assert_true(task.trace.trace_high == UINT64_C(0x0af7651916cd43dd));
    ps_task_clear(&task);
    assert_null(task.seen_by);
}

static void the_least_and_the_greatest_of_each_field_are_taken(void **state)
{
    static const struct row cases[] = {
        {"cycle",     "1"               },
        { "cycle",    "9007199254740992"},
        { "epoch",    "0"               },
        { "epoch",    "9007199254740992"},
        { "prefix",   "A"               },
        { "prefix",   "Z"               },
        { "number",   "0"               },
        { "number",   "999999"          },
        { "revision", "999"             },
        { "ext",      ".a"              },
        { "ext",      ".azAZ09.z"       },
        { "tier",     "a_z"             },
        { "task",     "!~"              },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_task task;
        struct ps_err err;

        if (!parse_with(cases[i].name, cases[i].value, strlen(cases[i].value), &task, &err))
            fail_msg("%s=%s: %s", cases[i].name, cases[i].value, err.what);
        ps_task_clear(&task);
    }
}

static void a_tier_of_a_newer_program_is_handed_on(void **state)
{
    struct ps_task task;
    struct ps_err err;

    (void)state;
    assert_true(parse_with("tier", "deep_space", 10, &task, &err));
    assert_false(ps_tier_is_planned(task.tier));
    assert_string_equal(task.tier_name, "deep_space");
    ps_task_clear(&task);
    assert_null(task.tier_name);
    assert_true(parse_with("tier", "cold", 4, &task, &err));
    assert_null(task.tier_name);
    ps_task_clear(&task);
}

static void every_missing_field_is_named(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(good); i++) {
        struct ps_task task;
        struct ps_err err;
        char want[64];

        (void)snprintf(want, sizeof(want), "task: %s is missing", good[i].name);
        assert_false(parse_with(good[i].name, NULL, 0, &task, &err));
        assert_string_equal(err.what, want);
        assert_false(parse_with(good[i].name, "", 0, &task, &err));
        assert_string_equal(err.what, want);
        assert_int_equal(err.category, PS_FAILURE_UNKNOWN);
        assert_null(task.task);
        assert_null(task.url);
    }
    assert_false(ps_task_parse(NULL, 0, &(struct ps_task){ 0 }, NULL));
}

static void invalid_fields_are_named(void **state)
{
    static const struct row cases[] = {
        {"task",      "7:D12\n34R0.pdf"             },
        { "task",     "7:D12 34R0.pdf"              },
        { "task",     "7:D1234R0\xFF.pdf"           },
        { "cycle",    "0"                           },
        { "cycle",    "-1"                          },
        { "cycle",    "seven"                       },
        { "cycle",    "7.5"                         },
        { "cycle",    "99999999999999999999"        },
        { "cycle",    "9007199254740993"            },
        { "epoch",    "-1"                          },
        { "epoch",    "3x"                          },
        { "url",      "isocpp.org/D1234R0.pdf"      },
        { "url",      "ftp://isocpp.org/D1234R0.pdf"},
        { "url",      "file:///etc/passwd"          },
        { "url",      "http:///D1234R0.pdf"         },
        { "url",      "http://h/\r\nX: y"           },
        { "url",      "http://h/\xFF"               },
        { "tier",     "hot tier"                    },
        { "tier",     "FRONTIER"                    },
        { "prefix",   "d"                           },
        { "prefix",   "LEWGXX"                      },
        { "prefix",   "../"                         },
        { "prefix",   "D@"                          },
        { "prefix",   "[D"                          },
        { "tier",     "{"                           },
        { "tier",     "`"                           },
        { "task",     "a\x7f"                       },
        { "ext",      ".a/"                         },
        { "ext",      ".a:"                         },
        { "ext",      ".a@"                         },
        { "ext",      ".a["                         },
        { "ext",      ".a`"                         },
        { "ext",      ".a{"                         },
        { "number",   "-1"                          },
        { "number",   "1000000"                     },
        { "number",   "12a"                         },
        { "revision", "-1"                          },
        { "revision", "1000"                        },
        { "ext",      "pdf"                         },
        { "ext",      "."                           },
        { "ext",      "./../x"                      },
        { "ext",      ".pdf?x"                      },
        { "ext",      ".abcdefghijklmnop"           },
        { "ext",      ".\xC3\xA9"                   },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_task task;
        struct ps_err err;
        char want[32];

        if (parse_with(cases[i].name, cases[i].value, strlen(cases[i].value), &task, &err))
            fail_msg("%s=%s was accepted", cases[i].name, cases[i].value);
        (void)snprintf(want, sizeof(want), "task: %s ", cases[i].name);
        assert_memory_equal(err.what, want, strlen(want));
        assert_null(task.url);
    }
}

static void lengths_are_limited_and_nul_bytes_rejected(void **state)
{
    char text[PS_TASK_URL_MAX + 2];
    struct ps_task task;
    struct ps_err err;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "http://h/", 9);
    assert_true(parse_with("url", text, PS_TASK_URL_MAX, &task, &err));
    ps_task_clear(&task);
    assert_false(parse_with("url", text, PS_TASK_URL_MAX + 1, &task, &err));
    assert_string_equal(err.what, "task: url is longer than 2048 bytes");
    assert_true(parse_with("task", text, PS_TASK_ID_MAX, &task, &err));
    ps_task_clear(&task);
    assert_false(parse_with("task", text, PS_TASK_ID_MAX + 1, &task, &err));
    assert_false(parse_with("url", "http://h/\0x", 11, &task, &err));
    assert_false(parse_with("number", "12\0", 3, &task, &err));
}

static void an_entry_of_odd_length_loses_its_last_name(void **state)
{
    struct ps_str fields[] = {
        {"task", 4}
    };
    struct ps_err err;

    (void)state;
    assert_false(ps_task_parse(fields, 1, &(struct ps_task){ 0 }, &err));
    assert_string_equal(err.what, "task: task is missing");
}

static void tier_names_are_formatted_and_parsed(void **state)
{
    static const char *const names[] = { "watchlist", "frontier", "recent", "cold" };
    enum ps_tier tier = PS_TIER_COLD;
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(names); i++) {
        assert_true(ps_tier_parse(ps_str_of(names[i]), &tier));
        assert_int_equal(tier, i);
        assert_string_equal(ps_tier_name(tier), names[i]);
    }
    assert_false(ps_tier_parse(ps_str_of(""), &tier));
    assert_true(ps_tier_is_planned(PS_TIER_COLD));
    assert_false(ps_tier_is_planned(PS_TIER_CONTROL));
    assert_true(ps_tier_parse(ps_str_of("recheck"), &tier));
    assert_int_equal(tier, PS_TIER_RECHECK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_fields_of_a_valid_entry_are_parsed),
        cmocka_unit_test(unknown_fields_are_skipped_and_the_first_of_a_name_counts),
        cmocka_unit_test(every_missing_field_is_named),
        cmocka_unit_test(invalid_fields_are_named),
        cmocka_unit_test(lengths_are_limited_and_nul_bytes_rejected),
        cmocka_unit_test(an_entry_of_odd_length_loses_its_last_name),
        cmocka_unit_test(a_confirmation_names_the_worker_that_saw_the_draft),
        cmocka_unit_test(the_least_and_the_greatest_of_each_field_are_taken),
        cmocka_unit_test(a_tier_of_a_newer_program_is_handed_on),
        cmocka_unit_test(tier_names_are_formatted_and_parsed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
