#include "tests/support/html_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <utf8proc.h>

enum { WORDS = 1000, BYTES = 65536, MIB = 1024 * 1024 };

static bool is_valid(const char *text)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    utf8proc_int32_t point;

    while (*at != '\0') {
        utf8proc_ssize_t len = utf8proc_iterate(at, -1, &point);

        if (len <= 0)
            return false;
        at += len;
    }
    return true;
}

static void check(const char *html, const char *want)
{
    char *text = html_words(html, strlen(html), NULL, WORDS, BYTES);

    if (want == NULL) {
        assert_null(text);
    } else {
        assert_non_null(text);
        assert_string_equal(text, want);
    }
    free(text);
}

static void visible_text_is_one_line_of_words(void **state)
{
    (void)state;
    check("<html><head><title>T</title><style>b{}</style></head><body><h1>Senders</h1>"
          "<p>by  Eric\n Niebler</p></body></html>",
          "Senders by Eric Niebler");
    check("<p>Bjarne<br>Stroustrup<td>AT&amp;T", "Bjarne Stroustrup AT&T");
    check("no markup at all", "no markup at all");
}

static void inline_elements_do_not_end_a_word(void **state)
{
    (void)state;
    check("<p>Strou<b>str</b><i>up</i> C<sup>++</sup></p><p>x</p>", "Stroustrup C++ x");
    check("<td>Herb</td><td>Sutter</td>", "Herb Sutter");
}

static void hidden_text_is_left_out(void **state)
{
    (void)state;
    check("<p>a<script>var x = '<p>evil</p>';</script>b<style>p{}</style>c"
          "<template>d</template><!-- e --><noscript>f</noscript></p>g",
          "abc g");
    check("<script>if (a</b) { never closed", NULL);
    check("<body></script></style>text", "text");
}

static void entities_become_characters(void **state)
{
    (void)state;
    check("<p>Ga&scaron;per A&#382;man &#x1F600; &unknown; a&nbsp;b</p>",
          "Ga\xC5\xA1per A\xC5\xBEman \xF0\x9F\x98\x80 &unknown; a b");
    check("<p>&#0;&#xD800;&#99999999999;x</p>", "x");
}

static void external_and_nested_entities_are_not_expanded(void **state)
{
    static const char html[] = "<!DOCTYPE html [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;\">"
                               "<!ENTITY f SYSTEM \"file:///proc/version\">]><p>&b;&f;</p>";
    char *text = html_words(html, sizeof(html) - 1, NULL, WORDS, BYTES);

    (void)state;
    assert_non_null(strstr(text, "&b;&f;"));
    assert_null(strstr(text, "lollol"));
    assert_null(strstr(text, "Linux"));
    free(text);
}

static void a_page_without_text_gives_null(void **state)
{
    (void)state;
    check("", NULL);
    check(" \n\t ", NULL);
    check("<p> &nbsp; </p>", NULL);
}

static void the_sender_s_charset_is_believed_and_utf8_comes_out(void **state)
{
    static const struct {
        const char *html, *charset, *want;
    } rows[] = {
        {"<p>Gr\xFC\xDF"
          "e</p>",                             "iso-8859-1",
         "Gr\xC3\xBC\xC3\x9F"
          "e"                                                                                },
        { "<p>Gr\xC3\xBC\xC3\x9F"
          "e</p>",                             "UTF-8",
         "Gr\xC3\xBC\xC3\x9F"
          "e"                                                                                },
        { "<p>Gr\xC3\xBC\xC3\x9F"
          "e</p>",                             "no-such-thing",
         "Gr\xC3\xBC\xC3\x9F"
          "e"                                                                                },
        { "<p>Gr\xC3\xBC\xC3\x9F"
          "e</p>",                             NULL,
         "Gr\xC3\xBC\xC3\x9F"
          "e"                                                                                },
        { "<p>Gr\xFC\xDF"
          "e</p>",                             NULL,
         "Gr\xC3\xBC\xC3\x9F"
          "e"                                                                                },
        { "<meta charset=iso-8859-1><p>Gr\xC3\xBC</p>", NULL,            "Gr\xC3\x83\xC2\xBC"},
        { "\xEF\xBB\xBF<p>Gr\xC3\xBC\xC3\x9F"
          "e</p>",                             "iso-8859-1",
         "Gr\xC3\xBC\xC3\x9F"
          "e"                                                                                },
        { "<meta charset=utf-8><p>Gr\xC3\xBC\xC3\x9F"
          "e</p>",                             NULL,
         "Gr\xC3\xBC\xC3\x9F"
          "e"                                                                                },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = html_words(rows[i].html, strlen(rows[i].html), rows[i].charset, WORDS, BYTES);

        assert_non_null(text);
        assert_string_equal(text, rows[i].want);
        free(text);
    }
}

static void a_mark_at_the_beginning_marks_utf16(void **state)
{
    static const char little[] = "\xFF\xFE<\0p\0>\0G\0r\0\xFC\0\xDF\0"
                                 "e\0";
    static const char big[] = "\xFE\xFF\0<\0p\0>\0G\0r\0\xFC\0\xDF\0e";
    char *texts[] = {
        html_words(little, sizeof(little) - 1, NULL, WORDS, BYTES),
        html_words(big, sizeof(big) - 1, "utf-8", WORDS, BYTES),
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(texts); i++) {
        assert_non_null(texts[i]);
        assert_string_equal(texts[i], "Gr\xC3\xBC\xC3\x9F"
                                      "e");
        free(texts[i]);
    }
}

static void utf8_that_was_cut_in_a_character_is_known(void **state)
{
    static const char html[] = "<p>Gr\xC3\xBC\xC3\x9F"
                               "e</p><p>\xC3";
    char *text = html_words(html, sizeof(html) - 1, NULL, WORDS, BYTES);

    (void)state;
    assert_non_null(text);
    assert_memory_equal(text, "Gr\xC3\xBC\xC3\x9F", 6);
    assert_true(is_valid(text));
    free(text);
}

static void whatever_bytes_come_valid_utf8_goes(void **state)
{
    static const char *const hostile[] = {
        "<p>\xFF\xFE\x80\x81 \xC3 \xE2\x82 \xF0\x9F</p>",
        "<p>\xC0\xAF\xED\xA0\x80\xF5\x80\x80\x80</p>",
        "\xEF\xBB\xBF<p>bom</p>",
        "\xFF\xFE<\0p\0>\0x\0",
        "<p \xFF=\xFE>x</p\xFF>",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><p>x</p>",
        "<p>a\x01\x02\x1B[31mred\x7F</p>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        char *text = html_words(hostile[i], strlen(hostile[i]), "utf-8", WORDS, BYTES);

        if (text != NULL)
            assert_true(is_valid(text));
        free(text);
    }
}

static void words_and_bytes_are_limited(void **state)
{
    enum { MANY = 200000 };
    char *html = malloc(MANY * 3 + 1);
    char *text;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        memcpy(html + i * 3, "ab ", 4);
    text = html_words(html, MANY * 3, NULL, WORDS, BYTES);
    assert_int_equal(strlen(text), WORDS * 3 - 1);
    free(text);
    text = html_words(html, MANY * 3, NULL, MANY, 100);
    assert_int_equal(strlen(text), 100); /* 33 words and a cut one */
    free(text);
    memset(html, 'x', MANY * 3);
    text = html_words(html, MANY * 3, NULL, WORDS, 100);
    assert_int_equal(strlen(text), 100);
    free(text);
    free(html);
}

/* Builds a page: first once, then repeat, with a number for each %, up to the length. */
static char *page_of(const char *first, const char *more, size_t len)
{
    char *html = malloc(len + 64);
    size_t at = (size_t)snprintf(html, 64, "%s", first);

    for (unsigned i = 0; at < len; i++) {
        const char *number = strchr(more, '%');
        int head = number == NULL ? (int)strlen(more) : (int)(number - more);

        at += (size_t)snprintf(html + at, 32, "%.*s", head, more);
        if (number != NULL)
            at += (size_t)snprintf(html + at, 32, "%x%s", i, number + 1);
    }
    return html;
}

static void depth_and_attributes_cost_bounded_time(void **state)
{
    static const char *const pages[][2] = {
        {"",         "<div>"          },
        { "",        "<b></i></i></i>"},
        { "<p ",     "a% "            },
        { "<p ",     "a%=\"\""        },
        { "<p ",     "a%/"            },
        { "<p ",     "a%=b'"          },
        { "<p a=\"", "\" a%=\""       },
        { "",        "<p a%"          },
        { "<img a=", "x%"             },
        { "</p ",    "a% "            },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        char *html = page_of(pages[i][0], pages[i][1], MIB);
        clock_t began = clock();

        /* the words before that point count; only a hang is an error */
        free(html_words(html, strlen(html), NULL, WORDS, BYTES));
        if (clock() - began > 5 * CLOCKS_PER_SEC)
            fail_msg("%s%s: %ld ms", pages[i][0], pages[i][1],
                     (long)((clock() - began) * 1000 / CLOCKS_PER_SEC));
        free(html);
    }
}

static void real_pages_stay_within_the_limits(void **state)
{
    static const char *const pages[][2] = {
        {"<svg><path d=\"",                        "M % 10 "},
        { "<img src='data:image/png;base64,",      "a%/b+"  },
        { "<p style = \"",                         "x%: y; "},
        { "<!-- ",                                 "a% = b "},
        { "<html><head><script>if (i<n) { a = 1;", " v%=w;" },
    };
    static const char *const ends[] = { "\"/></svg>", "'>", "\">", "-->", "</script></head>" };
    char deep[100 * 10 + 16];
    size_t at = 0;
    char *text;

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        char *html = page_of(pages[i][0], pages[i][1], MIB / 4);
        char *page = malloc(strlen(html) + 64);

        (void)snprintf(page, strlen(html) + 64, "%s%s<p>words after", html, ends[i]);
        text = html_words(page, strlen(page), NULL, WORDS, BYTES);
        if (text == NULL)
            fail_msg("%s: no words", pages[i][0]);
        assert_string_equal(text, "words after");
        free(text);
        free(page);
        free(html);
    }
    for (int i = 0; i < 100; i++)
        at += (size_t)snprintf(deep + at, sizeof(deep) - at, "<div>");
    (void)snprintf(deep + at, sizeof(deep) - at, "deep");
    text = html_words(deep, strlen(deep), NULL, WORDS, BYTES);
    assert_string_equal(text, "deep");
    free(text);
}

static void a_word_that_was_cut_into_pieces_is_joined(void **state)
{
    struct ps_text_words *words = ps_text_words_create(3, 100);
    char *text;

    (void)state;
    assert_true(ps_text_words_add(words, "one tw", 6));
    assert_true(ps_text_words_add(words, "o thr", 5));
    assert_true(ps_text_words_add(words, "ee", 2));
    assert_false(ps_text_words_add(words, " four", 5));
    text = ps_text_words_take(words);
    assert_string_equal(text, "one two three");
    free(text);
    assert_null(ps_text_words_take(words));
    ps_text_words_destroy(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(visible_text_is_one_line_of_words),
        cmocka_unit_test(inline_elements_do_not_end_a_word),
        cmocka_unit_test(hidden_text_is_left_out),
        cmocka_unit_test(entities_become_characters),
        cmocka_unit_test(external_and_nested_entities_are_not_expanded),
        cmocka_unit_test(a_page_without_text_gives_null),
        cmocka_unit_test(the_sender_s_charset_is_believed_and_utf8_comes_out),
        cmocka_unit_test(a_mark_at_the_beginning_marks_utf16),
        cmocka_unit_test(utf8_that_was_cut_in_a_character_is_known),
        cmocka_unit_test(whatever_bytes_come_valid_utf8_goes),
        cmocka_unit_test(words_and_bytes_are_limited),
        cmocka_unit_test(depth_and_attributes_cost_bounded_time),
        cmocka_unit_test(real_pages_stay_within_the_limits),
        cmocka_unit_test(a_word_that_was_cut_into_pieces_is_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
