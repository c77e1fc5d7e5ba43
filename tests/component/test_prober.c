/* Runs probes without a fleet against a scripted site: permits, requests, outcomes, retries,
 * pauses, redirects and documents. */
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "tests/support/fake_site.h"
#include "worker/io/document_child.h"
#include "worker/io/probe_kit.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ANSWERS = 64 };

struct answer {
    enum ps_outcome outcome;
    int status, attempts;
    int category; /* -1: none */
    int64_t answered_ms;
    char text[256];
};

struct rig {
    struct ps_loop *loop;
    struct fake_site *site;
    struct ps_config config;
    struct ps_probe_kit kit;
    struct answer answers[ANSWERS];
    int count;
};

static struct rig rig;

static bool get_setting(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    static const char *const usual[] = {
        "ALLOW_PRIVATE_UPSTREAMS", "true", "PROBE_RATE_LIMIT", "0", "PROBE_BACKOFF_MS", "10", NULL
    };
    const char *const *own = cookie;

    (void)err;
    *out_value = NULL;
    for (const char *const *at = usual; *at != NULL; at += 2)
        if (strcmp(*at, name) == 0)
            *out_value = at[1];
    for (const char *const *at = own; at != NULL && *at != NULL; at += 2)
        if (strcmp(*at, name) == 0)
            *out_value = at[1];
    return true;
}

static void on_bad(void *cookie, const struct ps_err *err)
{
    (void)cookie;
    fail_msg("%s", err->what);
}

static void open_kit(const char *const *settings, bool for_people)
{
    struct ps_probe_kit_options options = { .loop = rig.loop,
                                            .config = &rig.config,
                                            .user_agent = "paperscout-test",
                                            .for_people = for_people };
    const void *own = settings;
    void *cookie;

    memcpy(&cookie, &own, sizeof(cookie));
    assert_true(
        ps_config_load(PS_COMPONENT_WORKER, get_setting, cookie, on_bad, NULL, &rig.config));
    ps_probe_kit_init(&rig.kit, &options);
}

static int set_up(void **state)
{
    (void)state;
    memset(&rig, 0, sizeof(rig));
    rig.loop = ps_loop_create();
    rig.site = fake_site_create(rig.loop);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ps_probe_kit_clear(&rig.kit);
    ps_config_clear(&rig.config);
    fake_site_destroy(rig.site);
    ps_loop_destroy(rig.loop);
    return 0;
}

static void on_end(void *cookie, const struct ps_probe_report *end)
{
    struct answer *answer = cookie;

    answer->outcome = end->outcome;
    answer->status = end->status;
    answer->attempts = end->attempts;
    answer->category = end->err == NULL ? -1 : (int)end->err->category;
    answer->answered_ms = end->answered_ms;
    (void)snprintf(answer->text, sizeof(answer->text), "%s",
                   end->document == NULL || end->document->words == NULL ? ""
                                                                         : end->document->words);
    rig.count++;
}

static struct ps_probe *start_kind(const char *path, enum ps_probe_kind kind, int slot)
{
    char *url = ps_alloc_format("%s%s", fake_site_base(rig.site), path);
    struct ps_probe *probe = ps_probe_start(rig.kit.prober, url, kind, on_end, &rig.answers[slot]);

    free(url);
    return probe;
}

static struct ps_probe *start(const char *path, int slot)
{
    return start_kind(path, PS_PROBE_HEAD, slot);
}

static void confirm(const char *path, int slot)
{
    (void)start_kind(path, PS_PROBE_CONFIRM, slot);
}

static void turn_until(int count, int64_t ms)
{
    int64_t end = ps_clock_mono_ms() + ms;

    while (rig.count < count && ps_clock_mono_ms() < end)
        (void)event_base_loop(ps_loop_base(rig.loop), EVLOOP_ONCE);
}

static void add(const char *path, int status, const char *headers, const char *body, int times)
{
    fake_site_add(
        rig.site,
        &(struct fake_answer){
            .path = path, .status = status, .headers = headers, .body = body, .times = times });
}

static int seen(const char *method, const char *path)
{
    return fake_site_count(rig.site, method, path);
}

static void no_report_comes_before_start_returned(void **state)
{
    (void)state;
    open_kit(NULL, false);
    assert_non_null(
        ps_probe_start(rig.kit.prober, "no URL at all", PS_PROBE_HEAD, on_end, &rig.answers[0]));
    assert_non_null(ps_probe_start(rig.kit.prober, "ftp://127.0.0.1/x.pdf", PS_PROBE_HEAD, on_end,
                                   &rig.answers[1]));
    assert_int_equal(rig.count, 0);
    turn_until(2, 2000);
    assert_int_equal(rig.count, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig.answers[i].outcome, PS_OUTCOME_ERROR);
        assert_int_equal(rig.answers[i].category, PS_FAILURE_CONFIGURATION);
        assert_int_equal(rig.answers[i].attempts, 0);
    }
}

static void a_fault_is_retried_with_growing_delay(void **state)
{
    static const char *const settings[] = { "PROBE_BACKOFF_MS", "200", NULL };

    (void)state;
    open_kit(settings, false);
    add("/x.pdf", 500, NULL, NULL, 1);
    add("/x.pdf", 502, NULL, NULL, 1);
    add("/x.pdf", 404, NULL, NULL, 0);
    (void)start("/x.pdf", 0);
    turn_until(1, 5000);
    assert_int_equal(rig.answers[0].outcome, PS_OUTCOME_MISS);
    assert_int_equal(rig.answers[0].attempts, 3);
    assert_in_range(fake_site_time(rig.site, 1) - fake_site_time(rig.site, 0), 100, 300);
    assert_in_range(fake_site_time(rig.site, 2) - fake_site_time(rig.site, 1), 200, 500);
}

static void requests_in_flight_are_limited(void **state)
{
    static const char *const settings[] = { "HTTP_CONCURRENCY", "3", NULL };

    (void)state;
    open_kit(settings, false);
    fake_site_add(rig.site,
                  &(struct fake_answer){ .path = "/x.pdf", .status = 404, .delay_ms = 100 });
    for (int i = 0; i < 9; i++)
        (void)start("/x.pdf", i);
    turn_until(9, 5000);
    assert_int_equal(rig.count, 9);
    assert_true(fake_site_time(rig.site, 2) - fake_site_time(rig.site, 0) < 90);
    for (int i = 0; i + 3 < 9; i++)
        assert_true(fake_site_time(rig.site, i + 3) - fake_site_time(rig.site, i) >= 95);
}

static void a_pause_holds_for_all_requests_of_the_host(void **state)
{
    (void)state;
    open_kit(NULL, false);
    add("/x.pdf", 429, "Retry-After: 1", NULL, 1);
    add("/x.pdf", 404, NULL, NULL, 0);
    (void)start("/x.pdf", 0);
    while (seen(NULL, NULL) == 0)
        (void)event_base_loop(ps_loop_base(rig.loop), EVLOOP_ONCE);
    while (ps_rate_limiter_paused_hosts(rig.kit.limiter) == 0)
        (void)event_base_loop(ps_loop_base(rig.loop), EVLOOP_ONCE);
    (void)start("/y.pdf", 1);
    turn_until(2, 5000);
    assert_int_equal(rig.answers[0].outcome, PS_OUTCOME_MISS);
    assert_int_equal(rig.answers[0].attempts, 1);
    assert_int_equal(rig.answers[1].outcome, PS_OUTCOME_MISS);
    assert_true(fake_site_time(rig.site, 1) - fake_site_time(rig.site, 0) >= 990);
    assert_int_equal(ps_rate_limiter_paused_hosts(rig.kit.limiter), 0);
}

static void the_answer_time_is_that_of_its_date_header(void **state)
{
    static const struct {
        const char *header;
        int64_t wall_ms; /* 0: by our clock, or by the Date that the site adds itself */
    } cases[] = {
        {"Date:",                                            0                     },
        { "Date: Mon, 05 Nov 2018 09:00:00 GMT",             INT64_C(1541408400000)},
        { "Date: Mon, 05 Nov 2018 09:00:00 GMT",             INT64_C(1541408400000)},
        { "Date: Mon, 05 Nov 2018 09:00:01 GMT",             INT64_C(1541408401000)},
        { "Date: today",                                     0                     },
        { "Date: today",                                     0                     },
        { "Date: Mon, 05 Nov 2018 09:00:00 GMT, a long one", INT64_C(1541408400000)},
        { NULL,                                              0                     },
        { "Date: Mon, 05 Nov 2018 09:00:00 GMT",             INT64_C(1541408400000)},
    };
    int64_t before_ms = ps_clock_wall_ms();

    (void)state;
    open_kit(NULL, false);
    for (int i = 0; i < (int)PS_COUNT_OF(cases); i++) {
        add("/a.pdf", 404, cases[i].header, NULL, 1);
        (void)start("/a.pdf", i);
        turn_until(i + 1, 5000);
        if (cases[i].wall_ms != 0)
            assert_int_equal(rig.answers[i].answered_ms, cases[i].wall_ms);
        else
            assert_in_range(rig.answers[i].answered_ms, before_ms - 1000, before_ms + 5000);
    }
}

static void for_people_a_pause_ends_the_probe(void **state)
{
    (void)state;
    open_kit(NULL, true);
    add("/x.pdf", 503, "Retry-After: 3600", NULL, 0);
    (void)start("/x.pdf", 0);
    turn_until(1, 5000);
    assert_int_equal(rig.answers[0].outcome, PS_OUTCOME_DEFERRED);
    assert_int_equal(rig.answers[0].category, PS_FAILURE_RATE_LIMIT);
    assert_int_equal(rig.answers[0].attempts, 0);
}

static void a_pause_while_reading_costs_only_the_text(void **state)
{
    (void)state;
    open_kit(NULL, false);
    add("/a.html", 200, "Content-Type: text/html", "<p>at first", 1);
    add("/a.html", 429, "Retry-After: 1", NULL, 1);
    add("/a.html", 200, "Content-Type: text/html", "<p>after the pause</p>", 0);
    confirm("/a.html", 0);
    turn_until(1, 5000);
    assert_int_equal(rig.answers[0].outcome, PS_OUTCOME_HIT_NO_LM);
    assert_string_equal(rig.answers[0].text, "after the pause");
}

static void the_html_is_read_before_the_pdf_with_its_charset(void **state)
{
    (void)state;
    open_kit(NULL, false);
    add("/a.pdf", 200, "Content-Type: application/pdf", "%PDF-", 0);
    add("/a.html", 200, "Content-Type: text/html; charset=\"iso-8859-1\"", "<p>J\xFCrgen</p>", 0);
    confirm("/a.pdf", 0);
    turn_until(1, 5000);
    assert_string_equal(rig.answers[0].text, "J\xC3\xBCrgen");
    assert_int_equal(seen("GET", "/a.pdf"), 1);
    assert_int_equal(seen("HEAD", NULL), 0);
}

static void a_broken_pdf_does_not_change_the_hit(void **state)
{
    (void)state;
    open_kit(NULL, false);
    add("/a.pdf", 200, "Content-Type: application/pdf", "%PDF-1.7 no more", 0);
    add("/c.pdf", 200, "Content-Type: application/pdf", "%PDF-1.7", 1);
    add("/c.pdf", 0, NULL, NULL, 0);
    confirm("/a.pdf", 0);
    confirm("/c.pdf", 1);
    turn_until(2, 10000);
    assert_int_equal(rig.count, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig.answers[i].outcome, PS_OUTCOME_HIT_NO_LM);
        assert_string_equal(rig.answers[i].text, "");
    }
}

static void a_site_that_rejects_get_is_confirmed_by_head(void **state)
{
    (void)state;
    open_kit(NULL, false);
    add("/a.pdf", 405, NULL, NULL, 1);
    add("/a.pdf", 200, "Content-Type: application/pdf", NULL, 0);
    add("/b.pdf", 501, NULL, NULL, 0);
    confirm("/a.pdf", 0);
    turn_until(1, 5000);
    assert_int_equal(rig.answers[0].outcome, PS_OUTCOME_HIT_NO_LM);
    assert_int_equal(rig.answers[0].attempts, 1);
    assert_int_equal(seen("GET", "/a.pdf"), 1);
    assert_int_equal(seen("HEAD", "/a.pdf"), 1);
    confirm("/b.pdf", 1);
    turn_until(2, 10000);
    assert_int_equal(rig.answers[1].outcome, PS_OUTCOME_ERROR);
    assert_int_equal(seen("GET", "/b.pdf"), 1);
}

static void a_body_of_another_kind_is_suspect(void **state)
{
    static const struct {
        const char *path, *type, *body;
        int status;
        enum ps_outcome outcome;
    } rows[] = {
        {"/a.pdf",   "Content-Type: application/pdf", "%PDF-1.7",          206, PS_OUTCOME_HIT_NO_LM},
        { "/b.pdf",  "Content-Type: application/pdf", "junk\n%PDF-1.4",    200, PS_OUTCOME_HIT_NO_LM},
        { "/c.pdf",  "Content-Type: application/pdf", "<html>gone",        200, PS_OUTCOME_SUSPECT  },
        { "/d.pdf",  "Content-Type: application/pdf", "",                  200, PS_OUTCOME_SUSPECT  },
        { "/e.html", "Content-Type: text/html",       "  <!doctype html>", 206, PS_OUTCOME_HIT_NO_LM},
        { "/f.html", "Content-Type: text/html",       "not found",         200, PS_OUTCOME_SUSPECT  },
        { "/g.pdf",  NULL,                            NULL,                404, PS_OUTCOME_SUSPECT  },
        { "/h.pdf",  NULL,                            NULL,                416, PS_OUTCOME_SUSPECT  },
        { "/i.pdf",  NULL,                            NULL,                500, PS_OUTCOME_ERROR    },
    };
    static const char *const settings[] = { "PROBE_BACKOFF_MS", "1", NULL };
    int count = (int)PS_COUNT_OF(rows);

    (void)state;
    open_kit(settings, false);
    for (int i = 0; i < count; i++) {
        add(rows[i].path, rows[i].status, rows[i].type, rows[i].body, 0);
        confirm(rows[i].path, i);
    }
    turn_until(count, 10000);
    assert_int_equal(rig.count, count);
    for (int i = 0; i < count; i++)
        if (rig.answers[i].outcome != rows[i].outcome)
            fail_msg("%s: outcome %d", rows[i].path, (int)rig.answers[i].outcome);
}

static void the_confirmation_requests_no_compression(void **state)
{
    (void)state;
    open_kit(NULL, false);
    fake_site_add(rig.site, &(struct fake_answer){ .path = "/a.html",
                                                   .status = 200,
                                                   .headers = "Content-Type: text/html",
                                                   .body = "<p>plain",
                                                   .wants = "Accept-Encoding",
                                                   .wants_value = "identity",
                                                   .times = 1 });
    add("/a.html", 200, "Content-Type: text/html\nContent-Encoding: gzip", "\x1f\x8b\x08", 0);
    confirm("/a.html", 0);
    turn_until(1, 5000);
    assert_int_equal(rig.answers[0].outcome, PS_OUTCOME_HIT_NO_LM);
}

static void a_pdf_with_bytes_before_its_signature_is_read(void **state)
{
    static const char pdf[] =
        "junk\n%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        "4 0 obj<</Length 39>>stream\nBT /F1 12 Tf 10 50 Td (Jane Doe) Tj ET\nendstream endobj\n"
        "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
        "trailer<</Root 1 0 R>>\n";

    (void)state;
    open_kit(NULL, false);
    add("/a.pdf", 200, "Content-Type: application/pdf", pdf, 0);
    confirm("/a.pdf", 0);
    turn_until(1, 20000);
    assert_int_equal(rig.answers[0].outcome, PS_OUTCOME_HIT_NO_LM);
    assert_string_equal(rig.answers[0].text, "Jane Doe");
}

static void a_huge_page_is_cut_and_read(void **state)
{
    enum { HUGE_BODY = 6 * 1024 * 1024 };
    char *body = malloc(HUGE_BODY + 1);

    (void)state;
    memset(body, ' ', HUGE_BODY);
    memcpy(body, "<p>front", 8);
    body[HUGE_BODY] = '\0';
    open_kit(NULL, false);
    add("/a.html", 200, "Content-Type: text/html", body, 0);
    confirm("/a.html", 0);
    turn_until(1, 10000);
    assert_string_equal(rig.answers[0].text, "front");
    free(body);
}

static void a_cancelled_probe_never_reports(void **state)
{
    static const char *const settings[] = { "HTTP_CONCURRENCY", "2", "PROBE_BACKOFF_MS", "60000",
                                            NULL };
    struct ps_probe *probes[4];

    (void)state;
    open_kit(settings, false);
    fake_site_add(rig.site,
                  &(struct fake_answer){ .path = "/wire.pdf", .status = 404, .delay_ms = 500 });
    add("/again.pdf", 500, NULL, NULL, 0);
    probes[0] = start("/again.pdf", 0);
    while (seen(NULL, NULL) == 0)
        (void)event_base_loop(ps_loop_base(rig.loop), EVLOOP_ONCE);
    for (int i = 1; i < 4; i++)
        probes[i] = start("/wire.pdf", i);
    while (seen(NULL, "/wire.pdf") < 2)
        (void)event_base_loop(ps_loop_base(rig.loop), EVLOOP_ONCE);
    assert_true(ps_probe_busy(probes[1]));
    assert_false(ps_probe_busy(probes[3]));
    for (int i = 0; i < 4; i++)
        ps_probe_cancel(probes[i]);
    assert_int_equal(
        ps_rate_limiter_in_flight(rig.kit.limiter) + ps_rate_limiter_waiting(rig.kit.limiter), 0);
    turn_until(1, 800);
    assert_int_equal(rig.count, 0);
}

static void the_rate_holds_without_a_fleet(void **state)
{
    static const char *const settings[] = { "PROBE_RATE_LIMIT", "50", "PROBE_RATE_BURST", "5",
                                            NULL };

    (void)state;
    open_kit(settings, false);
    for (int i = 0; i < 30; i++)
        (void)start("/x.pdf", i);
    turn_until(30, 5000);
    assert_int_equal(rig.count, 30);
    assert_in_range(fake_site_time(rig.site, 29) - fake_site_time(rig.site, 0), 450, 900);
}

static void a_redirect_needs_a_permit_like_any_request(void **state)
{
    static const char *const settings[] = { "PROBE_RATE_LIMIT", "50", "PROBE_RATE_BURST", "5",
                                            NULL };

    (void)state;
    open_kit(settings, false);
    add("/a/x.pdf", 302, "Location: /b/x.pdf", NULL, 0);
    add("/b/x.pdf", 301, "Location: ../c/x.pdf", NULL, 0);
    add("/c/x.pdf", 200, "Content-Type: application/pdf", NULL, 0);
    for (int i = 0; i < 10; i++)
        (void)start("/a/x.pdf", i);
    turn_until(10, 5000);
    assert_int_equal(rig.count, 10);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(rig.answers[i].outcome, PS_OUTCOME_HIT_NO_LM);
        assert_int_equal(rig.answers[i].attempts, 1);
    }
    assert_in_range(fake_site_time(rig.site, 29) - fake_site_time(rig.site, 0), 450, 1500);
}

static void a_document_is_read_from_its_redirect_target(void **state)
{
    (void)state;
    open_kit(NULL, false);
    add("/a/x.html", 302, "Location: /b/x.html", NULL, 0);
    add("/b/x.html", 200, "Content-Type: text/html", "<p>led here</p>", 0);
    add("/c/y.html", 302, "Location: /c/y.html", NULL, 0);
    confirm("/a/x.html", 0);
    confirm("/c/y.html", 1);
    turn_until(2, 5000);
    assert_int_equal(rig.answers[0].outcome, PS_OUTCOME_HIT_NO_LM);
    assert_string_equal(rig.answers[0].text, "led here");
    assert_int_equal(rig.answers[1].outcome, PS_OUTCOME_ERROR);
    assert_int_equal(rig.answers[1].category, PS_FAILURE_NETWORK);
    assert_int_equal(seen("GET", "/c/y.html"), 6);
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(no_report_comes_before_start_returned),
        TEST(a_fault_is_retried_with_growing_delay),
        TEST(requests_in_flight_are_limited),
        TEST(a_pause_holds_for_all_requests_of_the_host),
        TEST(the_answer_time_is_that_of_its_date_header),
        TEST(for_people_a_pause_ends_the_probe),
        TEST(a_pause_while_reading_costs_only_the_text),
        TEST(the_html_is_read_before_the_pdf_with_its_charset),
        TEST(a_broken_pdf_does_not_change_the_hit),
        TEST(a_site_that_rejects_get_is_confirmed_by_head),
        TEST(a_body_of_another_kind_is_suspect),
        TEST(the_confirmation_requests_no_compression),
        TEST(a_pdf_with_bytes_before_its_signature_is_read),
        TEST(a_huge_page_is_cut_and_read),
        TEST(a_cancelled_probe_never_reports),
        TEST(the_rate_holds_without_a_fleet),
        TEST(a_redirect_needs_a_permit_like_any_request),
        TEST(a_document_is_read_from_its_redirect_target),
    };

    /* the document child is this program */
    if (argc > 1 && strcmp(argv[1], PS_DOCUMENT_CHILD_COMMAND) == 0)
        ps_document_child_main(argc - 1, argv + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
