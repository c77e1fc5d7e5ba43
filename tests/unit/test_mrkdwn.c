#include "shared/core/mrkdwn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void text_shows_and_does_nothing(void **state)
{
    static const struct {
        const char *text;
        size_t max;
        const char *want;
    } rows[] = {
        {"plain",                                             100, "plain"                           },
        { "",                                                 100, ""                                },
        { "a < b && c > d",                                   100, "a &lt; b &amp;&amp; c &gt; d"    },
        { "<!channel> <@U123>",                               100, "&lt;!channel&gt; &lt;@U123&gt;"  },
        { "```open",                                          100, "'''open"                         },
        { "two\nlines\tand  more ",                           100, "two lines and more"              },
        { "bell\x07 and esc\x1b[31m",                         100, "bell and esc [31m"               },
        { "\xe2\x80\xaeright to left\xe2\x80\xac",            100, "right to left"                   },
        { "zero\xe2\x80\x8bwidth\xef\xbb\xbf",                100, "zerowidth"                       },
        { "\xe2\x80\xa8paragraph\xe2\x80\xa9s",               100, "paragraph s"                     },
        { "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",                 100, "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"},
        { "\xf0\x9f\x98\x80",                                 1,   "\xf0\x9f\x98\x80"                },
        { "bad \xff byte",                                    100, "bad \xef\xbf\xbd byte"           },
        { "abcdef",                                           6,   "abcdef"                          },
        { "abcdefg",                                          6,   "abcde\xe2\x80\xa6"               },
        { "abcde  ",                                          5,   "abcde"                           },
        { "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 2,   "\xf0\x9f\x98\x80\xe2\x80\xa6"    },
        { "abc&d",                                            7,   "abc\xe2\x80\xa6"                 }, /* never half an escape */
        { "&&&",                                              5,   "\xe2\x80\xa6"                    },
        { "abc",                                              1,   "\xe2\x80\xa6"                    },
        { "abc",                                              0,   ""                                },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_buf out;

        ps_buf_init(&out, 1000);
        ps_mrkdwn_text(&out, rows[i].text, rows[i].max);
        if (strcmp(ps_buf_str(&out), rows[i].want) != 0)
            fail_msg("row %zu \"%s\": \"%s\"", i, rows[i].text, ps_buf_str(&out));
        assert_true(ps_mrkdwn_chars(ps_buf_str(&out)) <= rows[i].max);
        ps_buf_clear(&out);
    }
}

static void a_link_goes_where_it_says_or_is_none(void **state)
{
    static const struct {
        const char *url, *label, *want;
    } rows[] = {
        {"https://x.org/a.pdf",                                     "D1R0", "<https://x.org/a.pdf|D1R0>"            },
        { "http://x.org/?a=1&b=2",                                  "l",    "<http://x.org/?a=1&amp;b=2|l>"         },
        { "https://x.org/a|b>c<d\"e`",                              "l",    "<https://x.org/a%7Cb%3Ec%3Cd%22e%60|l>"},
        { "https://x.org/\xc3\xb6",                                 "l",    "<https://x.org/%C3%B6|l>"              },
        { "https://x.org/a b",                                      "l",    "l"                                     },
        { "javascript:alert(1)",                                    "l",    "l"                                     },
        { "",                                                       "l",    "l"                                     },
        { "https://x.org/",                                         "a<b",  "<https://x.org/|a&lt;b>"               },
        { "https://x.org/0123456789012345678901234567890123456789", "l",    "l"                                     },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_buf out;

        ps_buf_init(&out, 1000);
        ps_mrkdwn_link(&out, rows[i].url, rows[i].label, 50);
        assert_string_equal(ps_buf_str(&out), rows[i].want);
        ps_buf_clear(&out);
    }
}

static void characters_are_those_of_unicode(void **state)
{
    (void)state;
    assert_int_equal(ps_mrkdwn_chars(""), 0);
    assert_int_equal(ps_mrkdwn_chars("a\xc3\xb6\xe2\x82\xac\xf0\x9f\x98\x80"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_shows_and_does_nothing),
        cmocka_unit_test(a_link_goes_where_it_says_or_is_none),
        cmocka_unit_test(characters_are_those_of_unicode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
