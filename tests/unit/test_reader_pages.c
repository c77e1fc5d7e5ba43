#include "scheduler/core/markup.h"
#include "scheduler/core/reader_pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOSTILE                                                                                    \
    "</title><script>alert(1)</script>\" onmouseover='x' \xE2\x80\xAE"                             \
    "txet \x01\x1B[2J \xFF & <b>"

static void text_becomes_no_markup(void **state)
{
    static const struct {
        const char *text, *markup;
    } cases[] = {
        {"a < b && c > \"d\" 'e'",         "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;"},
        { "one\ntwo\tthree\x7f",           "one two three "                                      },
        { "a\xE2\x80\xAE"
          "b\xE2\x81\xA6"
          "c\xEF\xBB\xBF"
          "d\xEF\xBF\xBE"
          "e",                    "abcde"                                               },
        { "\xFF\xC3(",                     "\xEF\xBF\xBD\xEF\xBF\xBD("                           },
        { "K\xC3\xB6ppe \xF0\x9F\x92\xA5", "K\xC3\xB6ppe \xF0\x9F\x92\xA5"                       },
        { NULL,                            ""                                                    },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ps_buf out;

        ps_buf_init(&out, 1000);
        ps_markup_text(&out, cases[i].text);
        assert_string_equal(ps_buf_str(&out), cases[i].markup);
        ps_buf_clear(&out);
    }
}

static void only_plain_http_urls_are_links(void **state)
{
    static const char *const bad[] = {
        "javascript:alert(1)", "data:text/html,x", "//x",        "",
        "https://user:pw@x/",  "ftp://x/",         "https:///x", NULL
    };

    (void)state;
    assert_true(ps_markup_is_link("https://wg21.link/P2300"));
    for (size_t i = 0; bad[i] != NULL; i++)
        assert_false(ps_markup_is_link(bad[i]));
    assert_false(ps_markup_is_link(NULL));
}

static struct ps_library *make(void)
{
    struct ps_library *library = ps_library_create();

    ps_library_put(library, &(struct ps_document){ .kind = PS_DOCUMENT_PAPER,
                                                   .name = "P2300R10",
                                                   .title = HOSTILE,
                                                   .authors = "Eric Niebler, " HOSTILE,
                                                   .subgroup = "LEWG, " HOSTILE,
                                                   .date = HOSTILE,
                                                   .url = "javascript:alert(1)",
                                                   .found_ms = 1780000000000 });
    ps_library_put(library,
                   &(struct ps_document){ .kind = PS_DOCUMENT_DRAFT,
                                          .name = "D2300R11.pdf",
                                          .type = "hit_recent",
                                          .last_modified = HOSTILE,
                                          .url = "https://isocpp.org/files/papers/D2300R11.pdf",
                                          .found_ms = 1780000900000,
                                          .changed_ms = 1780001000000 });
    return library;
}

static void check_harmless(const struct ps_buf *out)
{
    const char *text = ps_buf_str(out);

    assert_false(out->full);
    assert_null(strstr(text, "<script>"));
    assert_null(strstr(text, "<b>alert"));
    assert_null(strstr(text, "javascript:"));
    assert_null(strstr(text, "onmouseover='"));
    assert_null(strstr(text, "\xE2\x80\xAE"));
    assert_null(strchr(text, '\x1B'));
    assert_null(strchr(text, '\xFF'));
}

static const struct ps_reader_facts some_facts = {
    .notified =
        &(const struct ps_reader_notified){
                                           .name = HOSTILE, .people = 2, .channels = 1,         .first_ms = 1780000000000 },
    .notified_len = 1,
    .probes = &(const struct ps_reader_probe){ .file = HOSTILE,              .outcome = "miss",          .status = 404},
    .probes_len = 1,
    .why = HOSTILE
};

static void pages_show_text_of_strangers_as_text(void **state)
{
    struct ps_library *library = make();
    struct ps_reader_fleet fleet = { .verdict = "ok" };
    struct ps_reader_view view = { .library = library, .fleet = &fleet, .loaded = true };
    struct ps_find_filter filter = { .author = HOSTILE };
    struct ps_buf out;

    (void)state;
    ps_buf_init(&out, PS_READER_PAGE_BYTES_MAX);
    for (int is_public = 0; is_public < 2; is_public++) {
        view.is_public = is_public == 1;
        ps_buf_reset(&out);
        ps_reader_finds(&view, &(struct ps_find_filter){ .since_ms = 0 }, 50, &out);
        check_harmless(&out);
        assert_non_null(strstr(ps_buf_str(&out), "/papers/P2300"));
        assert_true((strstr(ps_buf_str(&out), "/operations") == NULL) == view.is_public);
        assert_true((strstr(ps_buf_str(&out), "/health") == NULL) == view.is_public);
        ps_buf_reset(&out);
        ps_reader_finds(&view, &filter, 50, &out);
        check_harmless(&out);
        ps_buf_reset(&out);
        ps_reader_search(&view, HOSTILE, &out);
        check_harmless(&out);
        ps_buf_reset(&out);
        ps_reader_missing(&view, HOSTILE, &out);
        check_harmless(&out);
        ps_buf_reset(&out);
        ps_reader_paper(&view, ps_library_find(library, "P2300"), &some_facts, &out);
        check_harmless(&out);
        assert_non_null(strstr(ps_buf_str(&out), "2 people and 1 channel"));
        ps_buf_reset(&out);
        ps_reader_paper(&view, ps_library_find(library, "P2300"),
                        &(struct ps_reader_facts){ .trouble = "db.example: away" }, &out);
        assert_true((strstr(ps_buf_str(&out), "db.example") == NULL) == view.is_public);
    }
    ps_buf_clear(&out);
    ps_library_destroy(library);
}

static void the_same_library_gives_the_same_feed(void **state)
{
    struct ps_library *first = make(), *second = make();
    struct ps_find_filter filter = { .since_ms = 0 };
    struct ps_buf a, b;

    (void)state;
    ps_buf_init(&a, PS_READER_PAGE_BYTES_MAX);
    ps_buf_init(&b, PS_READER_PAGE_BYTES_MAX);
    assert_int_equal(ps_reader_feed(first, &filter, "/feed.atom?a=1&b=\"", &a), 1780001000000);
    assert_int_equal(ps_reader_feed(second, &filter, "/feed.atom?a=1&b=\"", &b), 1780001000000);
    assert_string_equal(ps_buf_str(&a), ps_buf_str(&b));
    check_harmless(&a);
    assert_non_null(
        strstr(ps_buf_str(&a), "<id>tag:paperscout.example,2026:draft/D2300R11.pdf</id>"));
    assert_non_null(strstr(ps_buf_str(&a), "draft/D2300R11.pdf%401780001000</id>"));
    assert_non_null(strstr(ps_buf_str(&a), "href=\"/feed.atom?a=1&amp;b=&quot;\""));
    ps_buf_clear(&a);
    ps_buf_clear(&b);
    ps_library_destroy(first);
    ps_library_destroy(second);
}

/* A draft has no date of its own: its age is shown. A list that is cut says so. */
static void results_say_how_old_and_how_many(void **state)
{
    struct ps_library *library = ps_library_create();
    struct ps_reader_fleet fleet = { .verdict = "ok" };
    struct ps_reader_view view = { .library = library, .fleet = &fleet, .loaded = true };
    struct ps_buf out;

    (void)state;
    ps_buf_init(&out, PS_READER_PAGE_BYTES_MAX);
    for (int i = 0; i < PS_SEARCH_RESULTS; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "D%04dR0.pdf", 1000 + i);
        ps_library_put(library, &(struct ps_document){ .kind = PS_DOCUMENT_DRAFT,
                                                       .name = name,
                                                       .url = "https://isocpp.org/x.pdf",
                                                       .found_ms = 1780000000000 });
    }
    ps_reader_search(&view, "d1", &out);
    assert_non_null(strstr(ps_buf_str(&out), "<h1>20 papers</h1>"));
    assert_non_null(strstr(ps_buf_str(&out), "<span class=\"age\"><time"));
    assert_null(strstr(ps_buf_str(&out), " · </p>"));
    ps_library_put(library, &(struct ps_document){ .kind = PS_DOCUMENT_PAPER,
                                                   .name = "P1999R0",
                                                   .title = "d1",
                                                   .found_ms = 1780000000000 });
    ps_buf_reset(&out);
    ps_reader_search(&view, "d1", &out);
    assert_non_null(strstr(ps_buf_str(&out), "<h1>The first 20 of 21 papers</h1>"));
    ps_buf_clear(&out);
    ps_library_destroy(library);
}

static void an_empty_library_has_pages_too(void **state)
{
    struct ps_library *library = ps_library_create();
    struct ps_reader_fleet fleet = { .verdict = NULL };
    struct ps_reader_view view = { .library = library, .fleet = &fleet };
    struct ps_find_filter filter = { .since_ms = 0 };
    cJSON *answer = ps_reader_search_json(library, NULL, 20);
    struct ps_buf out;

    (void)state;
    ps_buf_init(&out, PS_READER_PAGE_BYTES_MAX);
    ps_reader_finds(&view, &filter, 50, &out);
    assert_non_null(strstr(ps_buf_str(&out), "are being read"));
    ps_reader_search(&view, NULL, &out);
    assert_int_equal(ps_reader_feed(library, &filter, "/feed.atom", &out), 0);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(answer, "results")), 0);
    cJSON_Delete(answer);
    ps_buf_clear(&out);
    ps_library_destroy(library);
}

static void the_strip_says_when_the_next_poll_is(void **state)
{
    struct ps_library *library = ps_library_create();
    struct ps_reader_fleet fleet = { .next_poll_ms = 1780001000000 };
    struct ps_reader_view view = { .library = library, .fleet = &fleet };
    struct ps_find_filter filter = { .since_ms = 0 };
    struct ps_buf out;

    (void)state;
    ps_buf_init(&out, PS_READER_PAGE_BYTES_MAX);
    ps_reader_finds(&view, &filter, 50, &out);
    /* reader.js shows "due now" for this class once the time is past */
    assert_non_null(strstr(ps_buf_str(&out), "Next <b><time class=\"due\" datetime="));
    fleet.polling = true;
    ps_buf_reset(&out);
    ps_reader_finds(&view, &filter, 50, &out);
    assert_non_null(strstr(ps_buf_str(&out), "Next <b>running now</b>"));
    assert_null(strstr(ps_buf_str(&out), "class=\"due\""));
    ps_buf_clear(&out);
    ps_library_destroy(library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_no_markup),
        cmocka_unit_test(only_plain_http_urls_are_links),
        cmocka_unit_test(pages_show_text_of_strangers_as_text),
        cmocka_unit_test(the_same_library_gives_the_same_feed),
        cmocka_unit_test(results_say_how_old_and_how_many),
        cmocka_unit_test(an_empty_library_has_pages_too),
        cmocka_unit_test(the_strip_says_when_the_next_poll_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
