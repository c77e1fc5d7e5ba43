#include "shared/core/utc_time.h"
#include "worker/core/probe_outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>

#define PDF     "https://isocpp.org/files/papers/D3000R0.pdf"
#define HTML    "https://isocpp.org/files/papers/D3000R0.html"
#define OLD     "Mon, 23 Nov 2026 00:00:00 GMT"
#define RECENT  "Mon, 23 Nov 2026 00:00:01 GMT"
#define FUTURE  "Wed, 25 Nov 2026 00:00:00 GMT"
#define IN_30_S "Tue, 24 Nov 2026 00:00:31 GMT"
#define IN_90_S "Tue, 24 Nov 2026 00:01:31 GMT"

/* 2026-11-24 00:00:01, so that RECENT is exactly a day old */
#define NOW INT64_C(1795478401000)

static const struct ps_probe_outcome_rules rules = { PS_DAY_MS, 3, 500, 30000 };

struct row {
    const char *shows;
    int status;
    const char *url, *effective_url, *type, *modified, *retry_after;
    enum ps_probe_outcome_next next;
    enum ps_outcome outcome;
    int category; /* -1: not failed */
    int64_t delay_ms;
};

#define NONE       (-1)
#define RATE       PS_FAILURE_RATE_LIMIT
#define NET        PS_FAILURE_NETWORK
#define ODD        PS_FAILURE_UNKNOWN
#define SETTLED(o) PS_PROBE_OUTCOME_FINAL, PS_OUTCOME_##o
#define RETRY      PS_PROBE_OUTCOME_RETRY, PS_OUTCOME_ERROR
#define DEFER      PS_PROBE_OUTCOME_DEFER, PS_OUTCOME_DEFERRED

/* clang-format off */
static const struct row rows[] = {
    { "a 200 within the window is recent", 200, PDF, PDF, "application/pdf", RECENT, NULL, SETTLED(HIT_RECENT), NONE, 0 },
    { "a second beyond the window is old", 200, PDF, PDF, "application/pdf", OLD, NULL, SETTLED(HIT_OLD), NONE, 0 },
    { "a date to come is recent", 200, PDF, PDF, "application/pdf", FUTURE, NULL, SETTLED(HIT_RECENT), NONE, 0 },
    { "no Last-Modified", 200, PDF, PDF, "application/pdf", NULL, NULL, SETTLED(HIT_NO_LM), NONE, 0 },
    { "an unreadable Last-Modified", 200, PDF, PDF, "application/pdf", "yesterday-ish", NULL, SETTLED(HIT_NO_LM), NONE, 0 },
    { "an empty Last-Modified", 200, PDF, PDF, "application/pdf", "", NULL, SETTLED(HIT_NO_LM), NONE, 0 },
    { "no effective URL given: the requested one", 200, PDF, NULL, "application/pdf", NULL, NULL, SETTLED(HIT_NO_LM), NONE, 0 },
    { "a redirect to the same name elsewhere", 200, PDF, "https://cdn.isocpp.org/x/D3000R0.pdf?v=2", "application/pdf", NULL, NULL, SETTLED(HIT_NO_LM), NONE, 0 },
    { "a redirect to another name", 200, PDF, "https://isocpp.org/std/papers", "application/pdf", RECENT, NULL, SETTLED(SUSPECT), ODD, 0 },
    { "a redirect to a folder", 200, PDF, "https://isocpp.org/files/papers/", "application/pdf", RECENT, NULL, SETTLED(SUSPECT), ODD, 0 },
    { "a redirect to a longer name", 200, PDF, PDF "x", "application/pdf", RECENT, NULL, SETTLED(SUSPECT), ODD, 0 },
    { "HTML for a PDF", 200, PDF, PDF, "text/html; charset=utf-8", RECENT, NULL, SETTLED(SUSPECT), ODD, 0 },
    { "text for a PDF", 200, PDF, PDF, "text/plain", RECENT, NULL, SETTLED(SUSPECT), ODD, 0 },
    { "a PDF with parameters, in capitals", 200, PDF, PDF, "Application/PDF ; x=y", RECENT, NULL, SETTLED(HIT_RECENT), NONE, 0 },
    { "octets may be a PDF", 200, PDF, PDF, "application/octet-stream", RECENT, NULL, SETTLED(HIT_RECENT), NONE, 0 },
    { "no type says nothing against a PDF", 200, PDF, PDF, NULL, RECENT, NULL, SETTLED(HIT_RECENT), NONE, 0 },
    { "an empty type likewise", 200, PDF, PDF, "", RECENT, NULL, SETTLED(HIT_RECENT), NONE, 0 },
    { "HTML", 200, HTML, HTML, "text/html; charset=utf-8", RECENT, NULL, SETTLED(HIT_RECENT), NONE, 0 },
    { "XHTML", 200, HTML, HTML, "application/xhtml+xml", RECENT, NULL, SETTLED(HIT_RECENT), NONE, 0 },
    { "a PDF for HTML", 200, HTML, HTML, "application/pdf", RECENT, NULL, SETTLED(SUSPECT), ODD, 0 },
    { "octets are no HTML", 200, HTML, HTML, "application/octet-stream", RECENT, NULL, SETTLED(SUSPECT), ODD, 0 },
    { "404 is a miss", 404, PDF, PDF, "text/html", NULL, NULL, SETTLED(MISS), NONE, 0 },
    { "403 is a miss", 403, PDF, PDF, "text/html", NULL, NULL, SETTLED(MISS), NONE, 0 },
    { "410 is a miss", 410, PDF, PDF, "text/html", NULL, NULL, SETTLED(MISS), NONE, 0 },
    { "a miss with Retry-After is a miss", 404, PDF, PDF, NULL, NULL, "5", SETTLED(MISS), NONE, 0 },
    { "429 in seconds", 429, PDF, PDF, NULL, NULL, "5", DEFER, RATE, 5000 },
    { "429 with a date", 429, PDF, PDF, NULL, NULL, IN_90_S, DEFER, RATE, 90000 },
    { "429 with a date gone by", 429, PDF, PDF, NULL, NULL, OLD, DEFER, RATE, 1000 },
    { "429 with 0 seconds", 429, PDF, PDF, NULL, NULL, "0", DEFER, RATE, 1000 },
    { "429 without a header", 429, PDF, PDF, NULL, NULL, NULL, DEFER, RATE, 30000 },
    { "429 with nonsense", 429, PDF, PDF, NULL, NULL, "soon", DEFER, RATE, 30000 },
    { "429 with a negative number", 429, PDF, PDF, NULL, NULL, "-5", DEFER, RATE, 30000 },
    { "429 for two hours", 429, PDF, PDF, NULL, NULL, "7200", DEFER, RATE, 3600000 },
    { "429 without end", 429, PDF, PDF, NULL, NULL, "99999999999999999999999", DEFER, RATE, 3600000 },
    { "429 until a far date", 429, PDF, PDF, NULL, NULL, "Wed, 25 Nov 2026 00:00:00 GMT", DEFER, RATE, 3600000 },
    { "503 with Retry-After", 503, PDF, PDF, NULL, NULL, " 7 ", DEFER, RATE, 7000 },
    { "503 with nonsense in it", 503, PDF, PDF, NULL, NULL, "x", DEFER, RATE, 30000 },
    { "503 alone", 503, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
    { "500 with Retry-After is no 503", 500, PDF, PDF, NULL, NULL, "5", RETRY, NET, 250 },
    { "502", 502, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
    { "504 is an answer", 504, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
    { "408 is an answer", 408, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
    { "400", 400, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
    { "401", 401, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
    { "405", 405, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
    { "451", 451, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
    { "201 is no hit", 201, PDF, PDF, "application/pdf", RECENT, NULL, RETRY, NET, 250 },
    { "204 is no hit", 204, PDF, PDF, NULL, RECENT, NULL, RETRY, NET, 250 },
    { "206 is no hit", 206, PDF, PDF, "application/pdf", RECENT, NULL, RETRY, NET, 250 },
    { "304 is no hit", 304, PDF, PDF, NULL, RECENT, NULL, RETRY, NET, 250 },
    { "301 that leads nowhere", 301, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
    { "status 999", 999, PDF, PDF, NULL, NULL, NULL, RETRY, NET, 250 },
};
/* clang-format on */

static struct ps_probe_outcome judge(const struct row *row, int attempt)
{
    struct ps_answer answer = { .status = row->status,
                                .url = row->url,
                                .effective_url = row->effective_url,
                                .content_type = row->type,
                                .last_modified = row->modified,
                                .retry_after = row->retry_after };

    return ps_probe_outcome_of(&answer, &rules, attempt, NOW, 0.0);
}

static void every_status_and_header_has_its_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_probe_outcome outcome = judge(&rows[i], 1);
        int category = outcome.failed ? (int)outcome.err.category : NONE;

        if (outcome.next != rows[i].next || outcome.outcome != rows[i].outcome ||
            category != rows[i].category || outcome.delay_ms != rows[i].delay_ms)
            fail_msg("%s: next %d, outcome %s, category %d, delay %lld", rows[i].shows,
                     (int)outcome.next, ps_outcome_name(outcome.outcome), category,
                     (long long)outcome.delay_ms);
    }
}

static void the_last_attempt_ends_an_error_but_not_a_pause(void **state)
{
    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_probe_outcome before = judge(&rows[i], 2);
        struct ps_probe_outcome outcome = judge(&rows[i], 3);

        if (rows[i].next == PS_PROBE_OUTCOME_RETRY) {
            assert_int_equal(before.next, PS_PROBE_OUTCOME_RETRY);
            assert_int_equal(before.delay_ms, 500); /* doubled, lower half at rnd 0 */
            assert_int_equal(outcome.next, PS_PROBE_OUTCOME_FINAL);
            assert_int_equal(outcome.outcome, PS_OUTCOME_ERROR);
        } else {
            assert_int_equal(outcome.next, rows[i].next);
        }
    }
}

static void a_pause_until_a_date_uses_the_clock_of_the_site(void **state)
{
    struct ps_answer answer = {
        .status = 429, .url = PDF, .retry_after = IN_90_S, .date = IN_30_S
    };

    (void)state;
    assert_int_equal(ps_site_now_ms(IN_30_S, NOW), NOW + 30000);
    assert_int_equal(ps_site_now_ms("soon", NOW), NOW);
    assert_int_equal(ps_site_now_ms(NULL, NOW), NOW);
    assert_int_equal(ps_probe_outcome_of(&answer, &rules, 1, NOW - 90000, 0.0).delay_ms, 60000);
    assert_int_equal(ps_probe_outcome_of(&answer, &rules, 1, NOW + 90000, 0.0).delay_ms, 60000);
}

static void a_transport_fault_is_retried_unless_permanent(void **state)
{
    /* the status of a redirect before the fault only serves to distinguish a redirect
       to another protocol from an answer that is no HTTP */
    static const struct {
        enum ps_failure category;
        int code, status;
        enum ps_probe_outcome_next next;
    } faults[] = {
        {PS_FAILURE_TIMEOUT,        CURLE_OPERATION_TIMEDOUT,   200, PS_PROBE_OUTCOME_RETRY},
        { PS_FAILURE_NETWORK,       CURLE_COULDNT_CONNECT,      200, PS_PROBE_OUTCOME_RETRY},
        { PS_FAILURE_NETWORK,       CURLE_GOT_NOTHING,          200, PS_PROBE_OUTCOME_RETRY},
        { PS_FAILURE_NETWORK,       CURLE_TOO_MANY_REDIRECTS,   302, PS_PROBE_OUTCOME_FINAL},
        { PS_FAILURE_NETWORK,       CURLE_UNSUPPORTED_PROTOCOL, 302, PS_PROBE_OUTCOME_FINAL},
        { PS_FAILURE_NETWORK,       CURLE_UNSUPPORTED_PROTOCOL, 0,   PS_PROBE_OUTCOME_RETRY},
        { PS_FAILURE_CONFIGURATION, CURLE_URL_MALFORMAT,        200, PS_PROBE_OUTCOME_FINAL},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(faults); i++) {
        struct ps_err err = { faults[i].category, faults[i].code, "x" };
        struct ps_answer answer = { .err = &err, .status = faults[i].status, .url = PDF };
        struct ps_probe_outcome outcome = ps_probe_outcome_of(&answer, &rules, 1, NOW, 0.0);

        assert_int_equal(outcome.next, faults[i].next);
        assert_int_equal(outcome.outcome, PS_OUTCOME_ERROR);
        assert_true(outcome.failed);
        assert_int_equal(outcome.err.category, faults[i].category);
    }
}

static void a_hostile_header_is_cut_in_the_error(void **state)
{
    char type[5000];
    struct row row = { "", 200, PDF, PDF, type, NULL, NULL, SETTLED(SUSPECT), ODD, 0 };

    (void)state;
    memset(type, '%', sizeof(type) - 1);
    type[sizeof(type) - 1] = '\0';
    assert_int_equal(judge(&row, 1).outcome, PS_OUTCOME_SUSPECT);
    assert_true(strlen(judge(&row, 1).err.what) < 100);
}

static void other_extensions_accept_all_but_html(void **state)
{
    (void)state;
    assert_true(ps_type_fits("text/markdown", ps_str_of(".md")));
    assert_true(ps_type_fits("application/postscript", ps_str_of(".ps")));
    assert_false(ps_type_fits("text/html", ps_str_of(".md")));
    assert_true(ps_type_fits("text/html", ps_str_of(".htm")));
}

static void the_extension_is_the_last_part_of_the_file_name(void **state)
{
    (void)state;
    assert_true(ps_str_is(ps_url_ext(PDF "?x=.html#.md"), ".pdf"));
    assert_true(ps_str_is(ps_url_ext("http://h/a.b/c"), ""));
    assert_true(ps_str_is(ps_url_ext("http://h/x.tar.gz"), ".gz"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_and_header_has_its_outcome),
        cmocka_unit_test(the_last_attempt_ends_an_error_but_not_a_pause),
        cmocka_unit_test(a_pause_until_a_date_uses_the_clock_of_the_site),
        cmocka_unit_test(a_transport_fault_is_retried_unless_permanent),
        cmocka_unit_test(a_hostile_header_is_cut_in_the_error),
        cmocka_unit_test(other_extensions_accept_all_but_html),
        cmocka_unit_test(the_extension_is_the_last_part_of_the_file_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
