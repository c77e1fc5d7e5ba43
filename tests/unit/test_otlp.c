#include "shared/core/otlp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void where_traces_go(void **state)
{
    static const struct {
        const char *endpoint, *traces_endpoint, *want;
    } cases[] = {
        {"",                 "",                     NULL                      },
        { "http://c:4318",   "",                     "http://c:4318/v1/traces" },
        { "http://c:4318/",  "",                     "http://c:4318/v1/traces" },
        { "https://c/otlp",  "",                     "https://c/otlp/v1/traces"},
        { "https://c/otlp/", "",                     "https://c/otlp/v1/traces"},
        { "",                "https://c/just/here",  "https://c/just/here"     },
        { "http://c:4318",   "https://c/just/here/", "https://c/just/here/"    },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        char *url = ps_otlp_traces_url(cases[i].endpoint, cases[i].traces_endpoint);

        if (cases[i].want == NULL)
            assert_null(url);
        else
            assert_string_equal(url, cases[i].want);
        free(url);
    }
}

static void pairs_are_decoded(void **state)
{
    struct ps_otlp_pairs pairs;
    struct ps_err err;

    (void)state;
    assert_true(ps_otlp_pairs_parse("S", " a=1, b.c = x%2Cy%3d%25 ,,d==,e=", &pairs, &err));
    assert_int_equal(pairs.len, 4);
    assert_string_equal(pairs.keys[0], "a");
    assert_string_equal(pairs.values[0], "1");
    assert_string_equal(pairs.keys[1], "b.c");
    assert_string_equal(pairs.values[1], "x,y=%");
    assert_string_equal(pairs.keys[2], "d");
    assert_string_equal(pairs.values[2], "=");
    assert_string_equal(pairs.keys[3], "e");
    assert_string_equal(pairs.values[3], "");
    ps_otlp_pairs_clear(&pairs);
    assert_true(ps_otlp_pairs_parse("S", "", &pairs, &err));
    assert_int_equal(pairs.len, 0);
}

static void faults_name_the_setting_and_never_the_value(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"s3cret",               "S: entry 1 has no \"=\""  },
        { "a=1,=s3cret",         "S: entry 2 has no key"    },
        { "a=s3cret%4",          "S: entry 1 is not percent"},
        { "a=s3cret%zz",         "S: entry 1 is not percent"},
        { "a=s3cret%00",         "S: entry 1 is not percent"},
        { "a=s3cret%ff",         "S: entry 1 is not percent"},
        { "s3cret\xff=a",        "S: entry 1 is not percent"},
        { "a b=s3cret",          "S: entry 1 cannot be sent"},
        { "a=1,b=s3cret%0d%0a",  "S: entry 2 cannot be sent"},
        { "host=s3cret",         "S: entry 1 cannot be sent"},
        { "CONTENT-type=s3cret", "S: entry 1 cannot be sent"},
    };
    struct ps_otlp_pairs pairs;
    struct ps_err err;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        assert_false(ps_otlp_headers_parse("S", cases[i].text, &pairs, &err));
        assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
        if (strncmp(err.what, cases[i].want, strlen(cases[i].want)) != 0)
            fail_msg("%s", err.what);
        assert_null(strstr(err.what, "s3cret"));
        assert_int_equal(pairs.len, 0);
    }
    assert_true(
        ps_otlp_headers_parse("S", "Authorization=Basic%20YQ==,x-scope=%E2%82%AC", &pairs, &err));
    assert_string_equal(pairs.values[0], "Basic YQ==");
    ps_otlp_pairs_clear(&pairs);
}

static void more_pairs_than_anybody_needs_are_a_fault(void **state)
{
    struct ps_otlp_pairs pairs;
    struct ps_buf text;
    struct ps_err err;

    (void)state;
    ps_buf_init(&text, 1024);
    for (int i = 0; i < PS_OTLP_PAIRS_MAX; i++)
        assert_true(ps_buf_text(&text, "a=1,"));
    assert_true(ps_otlp_pairs_parse("S", ps_buf_str(&text), &pairs, &err));
    ps_otlp_pairs_clear(&pairs);
    assert_true(ps_buf_text(&text, "b=1"));
    assert_false(ps_otlp_pairs_parse("S", ps_buf_str(&text), &pairs, &err));
    assert_string_equal(err.what, "S: more than 64 entries");
    ps_buf_clear(&text);
}

static void check_request(const char *service_name, const char *attributes, const char *want)
{
    const struct ps_otlp_source source = { .program = "paperscout-worker",
                                           .version = "1.2",
                                           .instance = "w\"1",
                                           .service_name = service_name,
                                           .attributes = attributes };
    struct ps_buf json;

    ps_buf_init(&json, 1U << 16);
    ps_otlp_open(&source, &json);
    assert_true(ps_buf_text(&json, "{}"));
    ps_otlp_close(&json);
    assert_string_equal(ps_buf_str(&json), want);
    ps_buf_clear(&json);
}

#define ATTRIBUTE(k, v) "{\"key\":\"" k "\",\"value\":{\"stringValue\":\"" v "\"}}"
#define REQUEST(attributes)                                                                        \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" attributes "]},\"scopeSpans\":"          \
    "[{\"scope\":{\"name\":\"paperscout\",\"version\":\"1.2\"},\"spans\":[{}]}]}]}"

static void a_request_says_who_sends_it(void **state)
{
    (void)state;
    check_request("", "",
                  REQUEST(ATTRIBUTE("service.name", "paperscout-worker") "," ATTRIBUTE(
                      "service.version", "1.2") "," ATTRIBUTE("service.instance.id", "w\\\"1")));
    check_request("mine", "service.name=other,a=b%22,a=c,service.instance.id=7",
                  REQUEST(ATTRIBUTE("service.name", "mine") "," ATTRIBUTE(
                      "service.version", "1.2") "," ATTRIBUTE("a", "c") "," ATTRIBUTE("service."
                                                                                      "instance.id",
                                                                                      "7")));
    check_request("", "service.name=other",
                  REQUEST(ATTRIBUTE("service.version", "1.2") "," ATTRIBUTE(
                      "service.instance.id", "w\\\"1") "," ATTRIBUTE("service.name", "other")));
}

static void what_an_answer_means(void **state)
{
    static const int taken[] = { 200, 202, 204 }, later[] = { 429, 502, 503, 504 };
    static const int refused[] = {
        100, 301, 307, 400, 401, 403, 404, 408, 413, 415, 500, 501, 505
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(taken); i++)
        assert_int_equal(ps_otlp_answer_of(taken[i]), PS_OTLP_TAKEN);
    for (size_t i = 0; i < PS_COUNT_OF(later); i++)
        assert_int_equal(ps_otlp_answer_of(later[i]), PS_OTLP_LATER);
    for (size_t i = 0; i < PS_COUNT_OF(refused); i++)
        assert_int_equal(ps_otlp_answer_of(refused[i]), PS_OTLP_REFUSED);
}

static void how_long_to_wait(void **state)
{
    static const int64_t now_ms = INT64_C(784111777000); /* 1994-11-06 08:49:37 */
    static const struct {
        const char *text;
        int64_t want_ms;
    } cases[] = {
        {NULL,                             0                  },
        { "",                              0                  },
        { "0",                             0                  },
        { " 7 ",                           7000               },
        { "600",                           600 * 1000         },
        { "601",                           PS_OTLP_WAIT_MAX_MS},
        { "99999999999999999999",          PS_OTLP_WAIT_MAX_MS},
        { "-1",                            0                  },
        { "soon",                          0                  },
        { "Sun, 06 Nov 1994 08:49:57 GMT", 20000              },
        { "Sun, 06 Nov 1994 08:49:07 GMT", 0                  },
        { "Sun, 06 Nov 2094 08:49:07 GMT", PS_OTLP_WAIT_MAX_MS},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++)
        assert_int_equal(ps_otlp_wait_ms(cases[i].text, now_ms), cases[i].want_ms);
}

static void what_a_collector_did_not_keep(void **state)
{
    static const struct {
        const char *body;
        int64_t want;
    } cases[] = {
        {"",                                                                      0},
        { "{}",                                                                   0},
        { "{\"partialSuccess\":{}}",                                              0},
        { "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"\"}}", 3},
        { "{\"partialSuccess\":{\"rejectedSpans\":4}}",                           4},
        { "{\"partialSuccess\":{\"rejectedSpans\":\"-3\"}}",                      0},
        { "{\"partialSuccess\":{\"rejectedSpans\":\"x\"}}",                       0},
        { "{\"partialSuccess\":7}",                                               0},
        { "[1]",                                                                  0},
        { "null",                                                                 0},
        { "<html>",                                                               0},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++)
        assert_int_equal(ps_otlp_rejected(cases[i].body, strlen(cases[i].body)), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_traces_go),
        cmocka_unit_test(pairs_are_decoded),
        cmocka_unit_test(faults_name_the_setting_and_never_the_value),
        cmocka_unit_test(more_pairs_than_anybody_needs_are_a_fault),
        cmocka_unit_test(a_request_says_who_sends_it),
        cmocka_unit_test(what_an_answer_means),
        cmocka_unit_test(how_long_to_wait),
        cmocka_unit_test(what_a_collector_did_not_keep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
