#include "scheduler/core/paper_index.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct warned {
    size_t count;
    char last[256];
    char ids[32][64];
    char texts[32][256];
};

static void on_warning(void *cookie, const char *id, const char *what)
{
    struct warned *warned = cookie;

    (void)snprintf(warned->last, sizeof(warned->last), "%s", what);
    if (warned->count < PS_COUNT_OF(warned->ids))
        (void)snprintf(warned->ids[warned->count], sizeof(warned->ids[0]), "%s", id ? id : "");
    if (warned->count < PS_COUNT_OF(warned->texts))
        (void)snprintf(warned->texts[warned->count], sizeof(warned->texts[0]), "%s", what);
    warned->count++;
}

static struct ps_paper_index *parse(const char *json)
{
    struct ps_err err;
    struct ps_paper_index *index = ps_paper_index_parse(json, strlen(json), NULL, NULL, &err);

    if (!index)
        fail_msg("%s: %s", json, err.what);
    return index;
}

static void ids_are_read_without_regard_to_case(void **state)
{
    static const struct {
        const char *key, *id; /* NULL: no id, skipped */
    } rows[] = {
        {"P2300R10",  "P2300R10"},
        { "p2300r10", "P2300R10"},
        { "d1234R0",  "D1234R0" },
        { "P42R1",    "P0042R1" },
        { "n4950",    "N4950"   },
        { "N3",       "N0003"   },
        { "cwg1",     "CWG1"    },
        { "EwG12",    "EWG12"   },
        { "LWG3000",  "LWG3000" },
        { "lewg7",    "LEWG7"   },
        { "fs2",      "FS2"     },
        { "P12345R0", "P12345R0"},
        { "EDIT100",  NULL      },
        { "SD6",      NULL      },
        { "P1234",    NULL      },
        { "P1234R",   NULL      },
        { " P1234R0", NULL      },
        { "P1234R0 ", NULL      },
        { "",         NULL      },
        { "PR0",      NULL      },
        { "CWG",      NULL      },
        { "CWG1R2",   NULL      },
        { "P-1R0",    NULL      },
        { "X1234R0",  NULL      },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *json = ps_alloc_format("{\"%s\":{\"type\":\"paper\"}}", rows[i].key);
        struct ps_paper_index *index = parse(json);

        if (ps_paper_index_len(index) != (rows[i].id ? 1 : 0))
            fail_msg("%s: %zu papers", rows[i].key, ps_paper_index_len(index));
        if (rows[i].id) {
            assert_string_equal(ps_paper_index_at(index, 0)->id, rows[i].id);
            assert_non_null(ps_paper_index_find(index, rows[i].id));
        }
        ps_paper_index_destroy(index);
        free(json);
    }
}

static void fields_of_the_wrong_type_count_as_empty(void **state)
{
    struct ps_paper_index *index =
        parse("{\"P0001R0\":{\"type\":\"paper\",\"title\":7,\"author\":[\"a\"],\"date\":null,"
              "\"subgroup\":{},\"link\":true,\"long_link\":1.5,\"status\":false}}");
    const struct ps_paper *paper = ps_paper_index_find(index, "P0001R0");

    (void)state;
    assert_string_equal(paper->title, "");
    assert_string_equal(paper->author, "");
    assert_string_equal(paper->date, "");
    assert_string_equal(paper->subgroup, "");
    assert_string_equal(paper->link, "");
    assert_string_equal(paper->long_link, "");
    assert_string_equal(paper->status, "");
    assert_int_equal(paper->days, PS_NO_DATE);
    assert_int_equal(ps_paper_index_warnings(index), 0);
    ps_paper_index_destroy(index);
}

static void author_falls_back_to_submitter(void **state)
{
    static const struct {
        const char *fields, *author;
    } rows[] = {
        {"\"author\":\"A\",\"submitter\":\"S\"", "A"},
        { "\"submitter\":\"S\"",                 "S"},
        { "\"author\":\"\",\"submitter\":\"S\"", "S"},
        { "\"author\":3,\"submitter\":\"S\"",    "S"},
        { "\"author\":null,\"submitter\":null",  "" },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *json = ps_alloc_format("{\"CWG1\":{\"type\":\"issue\",%s}}", rows[i].fields);
        struct ps_paper_index *index = parse(json);

        assert_string_equal(ps_paper_index_find(index, "CWG1")->author, rows[i].author);
        ps_paper_index_destroy(index);
        free(json);
    }
}

static void an_unknown_type_counts_as_paper_with_a_warning(void **state)
{
    static const struct {
        const char *type, *want;
        size_t warnings;
    } rows[] = {
        {"\"paper\"",              "paper",             0},
        { "\"issue\"",             "issue",             0},
        { "\"editorial\"",         "editorial",         0},
        { "\"standing-document\"", "standing-document", 0},
        { "\"poem\"",              "paper",             1},
        { "\"Paper\"",             "paper",             1},
        { "\"\"",                  "paper",             1},
        { "3",                     "paper",             1},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *json = ps_alloc_format("{\"P0001R0\":{\"type\":%s}}", rows[i].type);
        struct warned warned = { 0 };
        struct ps_paper_index *index =
            ps_paper_index_parse(json, strlen(json), on_warning, &warned, NULL);

        assert_non_null(index);
        assert_string_equal(ps_paper_index_at(index, 0)->type, rows[i].want);
        assert_int_equal(warned.count, rows[i].warnings);
        if (warned.count > 0)
            assert_string_equal(warned.ids[0], "P0001R0");
        ps_paper_index_destroy(index);
        free(json);
    }
}

static void dates_are_read_where_they_are_dates(void **state)
{
    static const struct {
        const char *date;
        int32_t days;
    } rows[] = {
        {"1970-01-01",              0         },
        { "2018-06-27",             17709     },
        { "November 1999",          PS_NO_DATE},
        { "20141620",               PS_NO_DATE},
        { "2018-02-30",             PS_NO_DATE},
        { "2018-6-27",              PS_NO_DATE},
        { "2018-06-27 ",            17709     },
        { "2018-06-27T10:00:00Z",   17709     },
        { "2018-06-27 10:00:00+02", 17709     },
        { " 2018-06-27",            PS_NO_DATE},
        { "2018-06-2",              PS_NO_DATE},
        { "",                       PS_NO_DATE},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *json =
            ps_alloc_format("{\"P0001R0\":{\"type\":\"paper\",\"date\":\"%s\"}}", rows[i].date);
        struct ps_paper_index *index = parse(json);

        assert_int_equal(ps_paper_index_at(index, 0)->days, rows[i].days);
        assert_string_equal(ps_paper_index_at(index, 0)->date, rows[i].date);
        ps_paper_index_destroy(index);
        free(json);
    }
}

/* One broken title must not cost the committee's whole index. */
static void a_character_that_cannot_be_is_replaced(void **state)
{
    static const struct {
        const char *title, *want;
    } rows[] = {
        {"a\\ud800b",              "a\357\277\275b"                      },
        { "\\uDFFF",               "\xEF\xBF\xBD"                        },
        { "\\ud800\\ud83d\\ude00", "\xEF\xBF\xBD\xF0\x9F\x98\x80"        },
        { "\\udc00\\ud800",        "\xEF\xBF\xBD\xEF\xBF\xBD"            },
        { "\\ud800\\u0041",        "\357\277\275A"                       },
        { "\\\\ud800",             "\\ud800"                             },
        { "a\\u0000b",             "a\357\277\275b"                      },
        { "a\377b",                "a\357\277\275b"                      },
        { "\xED\xA0\x80",          "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *json = ps_alloc_format("{\"P0001R0\":{\"type\":\"paper\",\"title\":\"%s\"},"
                                     "\"P0002R0\":{\"type\":\"paper\",\"title\":\"good\"}}",
                                     rows[i].title);
        struct ps_paper_index *index = parse(json);

        assert_string_equal(ps_paper_index_find(index, "P0001R0")->title, rows[i].want);
        assert_string_equal(ps_paper_index_find(index, "P0002R0")->title, "good");
        ps_paper_index_destroy(index);
        free(json);
    }
}

static void what_is_no_index_is_refused_whole(void **state)
{
    static const char *const rows[] = {
        "",
        "{",
        "{\"P0001R0\":{\"type\":\"paper\"}",
        "[]",
        "null",
        "\"x\"",
        "42",
        "<html><body>502</body></html>",
        "{} trailing",
        "{}{}",
        "{\"P0001R0\"}",
        "\xff\xfe",
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_err err = { .code = 77, .what = "" };
        struct ps_paper_index *index =
            ps_paper_index_parse(rows[i], strlen(rows[i]), NULL, NULL, &err);

        if (index || err.what[0] == '\0')
            fail_msg("%s was taken, or refused without a reason", rows[i]);
    }
}

static void entries_that_are_no_objects_are_skipped(void **state)
{
    static const char json[] = "{\"P0001R0\":null,\"P0002R0\":[1],\"P0003R0\":\"x\",\"P0004R0\":4,"
                               "\"P0005R0\":{\"type\":\"paper\"}}";
    struct warned warned = { 0 };
    struct ps_paper_index *index =
        ps_paper_index_parse(json, sizeof(json) - 1, on_warning, &warned, NULL);

    (void)state;
    assert_int_equal(ps_paper_index_len(index), 1);
    assert_non_null(ps_paper_index_find(index, "P0005R0"));
    assert_int_equal(warned.count, 4);
    assert_int_equal(ps_paper_index_warnings(index), 4);
    ps_paper_index_destroy(index);
}

static void the_later_of_two_entries_wins(void **state)
{
    struct ps_paper_index *index = parse("{\"p1r0\":{\"type\":\"paper\",\"title\":\"first\"},"
                                         "\"P0002R0\":{\"type\":\"paper\",\"title\":\"other\"},"
                                         "\"P0001R0\":{\"type\":\"paper\",\"title\":\"second\"},"
                                         "\"P001R0\":{\"type\":\"paper\",\"title\":\"third\"}}");

    (void)state;
    assert_int_equal(ps_paper_index_len(index), 2);
    assert_string_equal(ps_paper_index_find(index, "P0001R0")->title, "third");
    assert_int_equal(ps_paper_index_warnings(index), 2);
    ps_paper_index_destroy(index);
}

static void warnings_are_reported_twenty_times_then_once_more(void **state)
{
    struct ps_buf json;
    struct warned warned = { 0 };
    struct ps_paper_index *index;

    (void)state;
    ps_buf_init(&json, 100000);
    for (int i = 0; i < 50; i++)
        assert_true(ps_buf_format(&json, "%s\"P%04dR0\":0", i ? "," : "{", i));
    assert_true(ps_buf_text(&json, "}"));
    index = ps_paper_index_parse(ps_buf_str(&json), json.len, on_warning, &warned, NULL);
    assert_int_equal(warned.count, 21);
    assert_string_equal(warned.last, "30 more warnings were left out");
    assert_int_equal(ps_paper_index_warnings(index), 50);
    ps_paper_index_destroy(index);
    ps_buf_clear(&json);
}

static void keys_that_are_no_ids_are_reported_together(void **state)
{
    static const char json[] = "{\"EDIT1\":{\"type\":\"editorial\"},\"SD6\":{},\"P0001R0\":0,"
                               "\"EDIT2\":{\"type\":\"editorial\"}}";
    struct warned warned = { 0 };
    struct ps_paper_index *index =
        ps_paper_index_parse(json, sizeof(json) - 1, on_warning, &warned, NULL);

    (void)state;
    assert_int_equal(warned.count, 2);
    assert_string_equal(warned.ids[1], "EDIT1");
    assert_string_equal(warned.last,
                        "3 keys are no paper ids and were skipped (EDIT 2, SD 1), this the first");
    assert_int_equal(ps_paper_index_warnings(index), 4);
    ps_paper_index_destroy(index);
}

/* Standing documents, editorial issues and keys nobody knows, in an index with many other faults:
   they are counted in one warning, and N papers are stored. */
static void no_key_is_dropped_silently(void **state)
{
    struct warned warned = { 0 };
    struct ps_paper_index *index;
    struct ps_buf json;

    (void)state;
    ps_buf_init(&json, 100000);
    assert_true(ps_buf_text(&json, "{\"N4750\":{\"type\":\"paper\"},\"n5007\":{\"type\":\"paper\"},"
                                   "\"\":{},\"12\":{},\"SD-6\":{}"));
    for (int i = 0; i < 300; i++)
        assert_true(ps_buf_format(&json, ",\"EDIT%d\":{},\"P%04dR0\":0", i, i));
    assert_true(ps_buf_text(&json, ",\"AA\":{},\"BB\":{},\"CC\":{},\"VERYLONGLETTERS\":{}}"));
    index = ps_paper_index_parse(ps_buf_str(&json), json.len, on_warning, &warned, NULL);
    assert_non_null(ps_paper_index_find(index, "N4750"));
    assert_non_null(ps_paper_index_find(index, "N5007"));
    assert_int_equal(warned.count, 22);
    assert_string_equal(warned.texts[20], "307 keys are no paper ids and were skipped (SD 1, EDIT "
                                          "300, AA 1, BB 1), this the first");
    assert_string_equal(warned.last, "280 more warnings were left out");
    assert_int_equal(ps_paper_index_warnings(index), 607);
    ps_paper_index_destroy(index);
    ps_buf_clear(&json);
}

/* PostgreSQL would refuse the whole transaction for one of these. */
static void text_is_put_right_on_the_way_in(void **state)
{
    static const struct {
        const char *json, *title;
        size_t warnings;
    } rows[] = {
        {"K\xc3\xb6ppe",        "K\xc3\xb6ppe",     0},
        { "a\377b",             "a\357\277\275b",   1},
        { "cut \xc3",           "cut \xef\xbf\xbd", 1},
        { "bell \\u0007!",      "bell  !",          1},
        { "line\\nbreak\\ttab", "line\nbreak\ttab", 0},
        { "\\ud83d\\ude00",     "\xf0\x9f\x98\x80", 0},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        char *json =
            ps_alloc_format("{\"P0001R0\":{\"type\":\"paper\",\"title\":\"%s\"}}", rows[i].json);
        struct ps_paper_index *index = parse(json);

        assert_string_equal(ps_paper_index_at(index, 0)->title, rows[i].title);
        assert_int_equal(ps_paper_index_warnings(index), rows[i].warnings);
        ps_paper_index_destroy(index);
        free(json);
    }
}

static void a_text_that_is_too_long_is_cut_at_a_whole_character(void **state)
{
    struct ps_buf json;
    struct ps_paper_index *index;
    const char *title;

    (void)state;
    ps_buf_init(&json, 100000);
    assert_true(ps_buf_text(&json, "{\"P0001R0\":{\"type\":\"paper\",\"title\":\"x"));
    for (int i = 0; i < 5000; i++)
        assert_true(ps_buf_text(&json, "\xc3\xb6"));
    assert_true(ps_buf_text(&json, "\"}}"));
    index = parse(ps_buf_str(&json));
    title = ps_paper_index_at(index, 0)->title;
    assert_int_equal(strlen(title), PS_INDEX_FIELD_MAX - 1); /* x and 2,047 whole ones */
    assert_string_equal(title + strlen(title) - 2, "\xc3\xb6");
    assert_int_equal(ps_paper_index_warnings(index), 1);
    ps_paper_index_destroy(index);
    ps_buf_clear(&json);
}

static void too_much_is_refused_before_it_is_read(void **state)
{
    const size_t len = (size_t)PS_INDEX_VALUES_MAX * 2 + 10;
    char *json = ps_alloc(len);
    struct ps_err err;

    (void)state;
    for (size_t i = 0; i < len; i++)
        json[i] = i % 2 ? ',' : '0';
    json[0] = '[';
    assert_null(ps_paper_index_parse(json, len, NULL, NULL, &err));
    assert_non_null(strstr(err.what, "values"));
    assert_null(ps_paper_index_parse(json, (size_t)PS_INDEX_BYTES_MAX + 1, NULL, NULL, &err));
    assert_non_null(strstr(err.what, "bytes"));
    memset(json, ',', len); /* commas inside a text are no values, nor does \" end it */
    memcpy(json, "{\"EDIT1\":\"\\\"", 12);
    memcpy(json + len - 2, "\"}", 2);
    {
        struct ps_paper_index *index = ps_paper_index_parse(json, len, NULL, NULL, &err);

        assert_non_null(index);
        ps_paper_index_destroy(index);
    }
    free(json);
}

static void the_latest_is_the_p_paper_with_the_highest_revision(void **state)
{
    struct ps_paper_index *index =
        parse("{\"P0009R9\":{\"type\":\"paper\"},\"P0009R10\":{\"type\":\"paper\"},"
              "\"P0009R2\":{\"type\":\"paper\"},\"D0009R11\":{\"type\":\"paper\"},"
              "\"N0009\":{\"type\":\"paper\"},\"P12345R0\":{\"type\":\"paper\"},"
              "\"P1234R3\":{\"type\":\"paper\"},\"CWG9\":{\"type\":\"issue\"}}");

    (void)state;
    assert_string_equal(ps_paper_index_latest(index, 9)->id, "P0009R10");
    assert_string_equal(ps_paper_index_latest(index, 12345)->id, "P12345R0");
    assert_null(ps_paper_index_latest(index, 10));
    assert_int_equal(ps_paper_index_latest_len(index), 3);
    assert_string_equal(ps_paper_index_latest_at(index, 0)->id, "P0009R10");
    assert_string_equal(ps_paper_index_latest_at(index, 1)->id, "P1234R3");
    assert_string_equal(ps_paper_index_latest_at(index, 2)->id, "P12345R0");
    for (size_t i = 1; i < ps_paper_index_len(index); i++)
        assert_true(strcmp(ps_paper_index_at(index, i - 1)->id, ps_paper_index_at(index, i)->id) <
                    0);
    ps_paper_index_destroy(index);
}

static void a_snapshot_built_by_hand_equals_the_one_parsed(void **state)
{
    struct ps_paper_index *parsed =
        parse("{\"P0001R0\":{\"type\":\"paper\",\"title\":\"T\","
              "\"author\":\"A\",\"date\":\"2018-01-02\",\"subgroup\":\"EWG\","
              "\"link\":\"l\",\"long_link\":\"L\",\"status\":\"s\"}}");
    struct ps_paper_index *built = ps_paper_index_create();
    const struct ps_paper *first = ps_paper_index_at(parsed, 0);

    (void)state;
    assert_true(ps_paper_index_add(built, first->id, first));
    assert_false(ps_paper_index_add(built, "no id", first));
    assert_true(ps_paper_index_add(built, "CWG7", &(struct ps_paper){ 0 })); /* NULL counts as "" */
    ps_paper_index_finish(built);
    assert_int_equal(ps_paper_index_len(built), 2);
    assert_true(ps_paper_same(ps_paper_index_find(built, "P0001R0"), first));
    assert_int_equal(ps_paper_index_find(built, "P0001R0")->days, first->days);
    assert_string_equal(ps_paper_index_find(built, "CWG7")->title, "");
    ps_paper_index_destroy(built);
    ps_paper_index_destroy(parsed);
}

static void an_empty_index_answers_everything_with_nothing(void **state)
{
    struct ps_paper_index *index = parse("{}");

    (void)state;
    assert_int_equal(ps_paper_index_len(index), 0);
    assert_int_equal(ps_paper_index_latest_len(index), 0);
    assert_null(ps_paper_index_find(index, "P0001R0"));
    assert_null(ps_paper_index_latest(index, 1));
    ps_paper_index_destroy(index);
    ps_paper_index_destroy(NULL);
}

/* Takes both. */
static struct ps_paper_index *merge(struct ps_paper_index *before, struct ps_paper_index *fresh)
{
    struct ps_paper_index *joined = ps_paper_index_join(before, fresh);

    ps_paper_index_destroy(before);
    if (joined == NULL)
        return fresh;
    ps_paper_index_destroy(fresh);
    return joined;
}

static void a_merge_has_the_papers_of_both(void **state)
{
    struct ps_paper_index *merged =
        merge(parse("{\"P1R0\":{\"title\":\"old\"},\"P2R1\":{\"title\":\"kept\"}}"),
              parse("{\"P1R0\":{\"title\":\"new\"},\"P3R0\":{}}"));

    (void)state;
    assert_int_equal(ps_paper_index_len(merged), 3);
    assert_string_equal(ps_paper_index_find(merged, "P0001R0")->title, "new");
    assert_string_equal(ps_paper_index_find(merged, "P0002R1")->title, "kept");
    assert_string_equal(ps_paper_index_latest(merged, 3)->id, "P0003R0");
    merged = merge(merged, parse("{}"));
    assert_int_equal(ps_paper_index_len(merged), 3);
    merged = merge(parse("{}"), merged);
    assert_int_equal(ps_paper_index_len(merged), 3);
    assert_int_equal(ps_paper_index_latest_len(merged), 3);
    ps_paper_index_destroy(merged);
}

static void a_shared_index_lives_until_its_last_holder_lets_go(void **state)
{
    struct ps_paper_index *before = parse("{\"P1R0\":{\"title\":\"old\"}}");
    struct ps_paper_index *held = ps_paper_index_share(before);
    struct ps_paper_index *fresh = parse("{\"P2R0\":{}}");
    struct ps_paper_index *both = ps_paper_index_join(before, fresh);

    (void)state;
    assert_null(ps_paper_index_join(fresh, both)); /* nothing is missing */
    ps_paper_index_destroy(before);
    assert_string_equal(ps_paper_index_at(held, 0)->title, "old");
    ps_paper_index_destroy(held);
    ps_paper_index_destroy(fresh);
    assert_int_equal(ps_paper_index_len(both), 2);
    assert_string_equal(ps_paper_index_find(both, "P0001R0")->title, "old");
    ps_paper_index_destroy(both);
}

static struct ps_paper_index *index_of(int count)
{
    struct ps_paper_index *index = ps_paper_index_create();

    for (int i = 1; i <= count; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "P%dR0", i);
        (void)ps_paper_index_add(index, id, &(struct ps_paper){ .type = "paper" });
    }
    ps_paper_index_finish(index);
    return index;
}

static void a_download_that_shrinks_or_doubles_is_implausible(void **state)
{
    static const struct {
        int before, fresh;
        bool implausible;
    } cases[] = {
        {0,     5000, false},
        { 99,   1,    false},
        { 100,  49,   true },
        { 100,  50,   false},
        { 2000, 5000, false},
        { 2000, 5001, true },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_paper_index *before = index_of(cases[i].before);
        struct ps_paper_index *fresh = index_of(cases[i].fresh);
        char *why = ps_paper_index_implausible(before, fresh);

        assert_true((why != NULL) == cases[i].implausible);
        free(why);
        ps_paper_index_destroy(before);
        ps_paper_index_destroy(fresh);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_index_lives_until_its_last_holder_lets_go),
        cmocka_unit_test(a_download_that_shrinks_or_doubles_is_implausible),
        cmocka_unit_test(a_merge_has_the_papers_of_both),
        cmocka_unit_test(ids_are_read_without_regard_to_case),
        cmocka_unit_test(fields_of_the_wrong_type_count_as_empty),
        cmocka_unit_test(author_falls_back_to_submitter),
        cmocka_unit_test(an_unknown_type_counts_as_paper_with_a_warning),
        cmocka_unit_test(dates_are_read_where_they_are_dates),
        cmocka_unit_test(a_character_that_cannot_be_is_replaced),
        cmocka_unit_test(what_is_no_index_is_refused_whole),
        cmocka_unit_test(entries_that_are_no_objects_are_skipped),
        cmocka_unit_test(the_later_of_two_entries_wins),
        cmocka_unit_test(warnings_are_reported_twenty_times_then_once_more),
        cmocka_unit_test(keys_that_are_no_ids_are_reported_together),
        cmocka_unit_test(no_key_is_dropped_silently),
        cmocka_unit_test(text_is_put_right_on_the_way_in),
        cmocka_unit_test(a_text_that_is_too_long_is_cut_at_a_whole_character),
        cmocka_unit_test(too_much_is_refused_before_it_is_read),
        cmocka_unit_test(the_latest_is_the_p_paper_with_the_highest_revision),
        cmocka_unit_test(a_snapshot_built_by_hand_equals_the_one_parsed),
        cmocka_unit_test(an_empty_index_answers_everything_with_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
