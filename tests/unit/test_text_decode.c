#include "shared/core/text_decode.h"

#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const char *name_of(const struct ps_text_encoding *encoding)
{
    return encoding == NULL ? "none" : ps_text_encoding_name(encoding);
}

static void labels_follow_the_encoding_standard(void **state)
{
    static const char *const rows[][2] = {
        {"utf8",              "UTF-8"       },
        { " UTF-8 \n",        "UTF-8"       },
        { "us-ascii",         "windows-1252"},
        { "ISO-8859-1",       "windows-1252"},
        { "latin1",           "windows-1252"},
        { "gb2312",           "GBK"         },
        { "GB_2312-80",       "GBK"         },
        { "shift_jis",        "Shift_JIS"   },
        { "x-sjis",           "Shift_JIS"   },
        { "euc-jp",           "EUC-JP"      },
        { "ks_c_5601-1987",   "EUC-KR"      },
        { "big5",             "Big5"        },
        { "koi8-r",           "KOI8-R"      },
        { "koi8-u",           "KOI8-U"      },
        { "iso-8859-9",       "windows-1254"},
        { "unicode",          "UTF-16LE"    },
        { "utf-16",           "UTF-16LE"    },
        { "utf-16be",         "UTF-16BE"    },
        { "windows-1252",     "windows-1252"},
        { "",                 "none"        },
        { "utf",              "none"        },
        { "utf-8 utf8",       "none"        },
        { "no-such-encoding", "none"        },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_string_equal(name_of(ps_text_encoding_find(rows[i][0], strlen(rows[i][0]))),
                            rows[i][1]);
}

static void a_declaration_is_found_as_by_a_browser(void **state)
{
    static const char *const rows[][2] = {
        {"<meta charset=koi8-r>",                                                      "KOI8-R"    },
        { "<META CharSet = \"Big5\" />",                                               "Big5"      },
        { "<html><head><title>x</title><meta charset='gb2312'>",                       "GBK"       },
        { "<meta http-equiv=Content-Type content=\"text/html; charset=shift_jis\">",   "Shift_JIS" },
        { "<meta content=\"text/html; charset = 'euc-jp' \" http-equiv=content-type>", "EUC-JP"    },
        { "<meta content=\"text/html; charset=euc-jp\">",                              "none"      },
        { "<meta name=charset content=utf-8>",                                         "none"      },
        { "<meta charset=utf-16le>",                                                   "UTF-8"     },
        { "<meta http-equiv=content-type content='text/html; charset=unicode'>",       "UTF-8"     },
        { "<meta charset=bogus><meta charset=koi8-u>",                                 "KOI8-U"    },
        { "<!-- <meta charset=koi8-r> --><meta charset=big5>",                         "Big5"      },
        { "<!--><meta charset=big5>",                                                  "Big5"      },
        { "<a title='<meta charset=koi8-r>'><meta charset=big5>",                      "Big5"      },
        { "<metadata charset=koi8-r>",                                                 "none"      },
        { "<?xml version='1.0' encoding='iso-8859-2'?><html>",                         "ISO-8859-2"},
        { "<?xml version=\"1.0\" encoding=\"UTF-16\"?><p>x</p>",                       "UTF-8"     },
        { "<meta charset=",                                                            "none"      },
        { "<meta charset='utf-8",                                                      "UTF-8"     },
        { "<meta",                                                                     "none"      },
        { "<!-- never closed <meta charset=utf-8>",                                    "none"      },
        { "",                                                                          "none"      },
    };
    char *late = ps_alloc_zero(20001, 1);

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++)
        assert_string_equal(name_of(ps_text_encoding_declared(rows[i][0], strlen(rows[i][0]))),
                            rows[i][1]);
    /* a picture before the declaration, as pandoc writes it */
    memset(late, 'A', 20000);
    memcpy(late, "<link href='data:;", 18);
    memcpy(late + 19000, "'><meta charset=big5>", 21);
    assert_string_equal(name_of(ps_text_encoding_declared(late, 20000)), "Big5");
    free(late);
}

struct decoded {
    const char *bytes;
    size_t len;
    const char *charset, *want, *encoding;
};

#define BYTES(text) (text), sizeof(text) - 1

static void bytes_become_utf8(void **state)
{
    static const struct decoded rows[] = {
        {BYTES("Gr\xFC\xDF"),                            "iso-8859-1", "Gr\xC3\xBC\xC3\x9F",                  "windows-1252"},
        { BYTES("\x93q\x94 \x96 \x80"),                  "us-ascii",
         "\xE2\x80\x9Cq\xE2\x80\x9D \xE2\x80\x93 \xE2\x82\xAC",                                               "windows-1252"},
        { BYTES("Gr\xC3\xBC"),                           NULL,         "Gr\xC3\xBC",                          "UTF-8"       },
        { BYTES("Gr\xC3\xBC\xC3"),                       NULL,         "Gr\xC3\xBC\xEF\xBF\xBD",              "UTF-8"       },
        { BYTES("caf\xE9"),                              NULL,         "caf\xC3\xA9",                         "windows-1252"},
        { BYTES("Gr\xFC"),                               NULL,         "Gr\xC3\xBC",                          "windows-1252"},
        { BYTES("Gr\xC3\xBC"),                           "bogus",      "Gr\xC3\xBC",                          "UTF-8"       },
        { BYTES("\xEF\xBB\xBFGr\xC3\xBC"),               "iso-8859-1", "Gr\xC3\xBC",                          "UTF-8"       },
        { BYTES("\xFF\xFEG\0\xFC\0\x3D\xD8\0\xDE"),      "utf-8",      "G\xC3\xBC\xF0\x9F\x98\x80",
         "UTF-16LE"                                                                                                         },
        { BYTES("\xFE\xFF\0G\0\xFC\xD8\x3D"),            NULL,         "G\xC3\xBC\xEF\xBF\xBD",               "UTF-16BE"    },
        { BYTES("<\0p\0>\0\xFC\0"),                      NULL,         "<p>\xC3\xBC",                         "UTF-16LE"    },
        { BYTES("\0<\0p\0>\0\xFC"),                      NULL,         "<p>\xC3\xBC",                         "UTF-16BE"    },
        { BYTES("G\0\xFC\0\0"),                          "unicode",    "G\xC3\xBC\xEF\xBF\xBD",               "UTF-16LE"    },
        { BYTES("\xC4\xE3\xBA\xC3<\xC4<b>\xBA\xC3"),     "gb2312",
         "\xE4\xBD\xA0\xE5\xA5\xBD<\xEF\xBF\xBD<b>\xE5\xA5\xBD",                                              "GBK"         },
        { BYTES("\x93\xFA\x96{\xFF\x8C\xEA \x81"),       "shift_jis",
         "\xE6\x97\xA5\xE6\x9C\xAC\xEF\xBF\xBD\xE8\xAA\x9E \xEF\xBF\xBD",                                     "Shift_JIS"   },
        { BYTES("\xC6\xFC\xCB\xDC"),                     "euc-jp",     "\xE6\x97\xA5\xE6\x9C\xAC",            "EUC-JP"      },
        { BYTES("\xA7\x41\xA6n"),                        "big5",       "\xE4\xBD\xA0\xE5\xA5\xBD",            "Big5"        },
        { BYTES("\xC7\xD1\xB1\xDB"),                     "euc-kr",     "\xED\x95\x9C\xEA\xB8\x80",            "EUC-KR"      },
        { BYTES("\xCD\xC9\xD2"),                         "koi8-r",     "\xD0\xBC\xD0\xB8\xD1\x80",            "KOI8-R"      },
        { BYTES("\x81\x82\xE9"),                         "iso-8859-8", "\xC2\x81\xC2\x82\xD7\x99",            "ISO-8859-8"  },
        { BYTES("a\xFF\xC3\xA4 \xE2\x82 \xF0\x9F\x98z"), "utf-8",
         "a\xEF\xBF\xBD\xC3\xA4 \xEF\xBF\xBD \xEF\xBF\xBDz",                                                  "UTF-8"       },
        { BYTES("<meta charset=us-ascii>\x92"),          NULL,         "<meta charset=us-ascii>\xE2\x80\x99",
         "windows-1252"                                                                                                     },
        { BYTES("<meta charset=koi8-r>\xC3\xBC"),        "utf-8",      "<meta charset=koi8-r>\xC3\xBC",
         "UTF-8"                                                                                                            },
        { BYTES("~{VPND~}"),                             "hz-gb-2312", "~{VPND~}",                            "replacement" },
        { BYTES(""),                                     NULL,         "",                                    "UTF-8"       },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_text_decoded decoded =
            ps_text_decode(rows[i].bytes, rows[i].len, rows[i].charset);

        if (strcmp(decoded.text, rows[i].want) != 0 || strlen(decoded.text) != decoded.len)
            fail_msg("row %zu: \"%s\", not \"%s\"", i, decoded.text, rows[i].want);
        assert_string_equal(name_of(decoded.encoding), rows[i].encoding);
        free(decoded.text);
    }
}

/* In every encoding an invalid byte in the middle costs one character and no other text. */
static void an_invalid_byte_costs_one_character(void **state)
{
    static const char *const charsets[] = { "us-ascii",   "utf-8",      "gb2312", "shift_jis",
                                            "euc-jp",     "euc-kr",     "big5",   "iso-2022-jp",
                                            "koi8-r",     "gb18030",    "latin1", "cp1257",
                                            "iso-8859-6", "windows-874" };
    enum { HALF = 1000 };
    char *page = ps_alloc_zero(2 * HALF + 3, 1);

    (void)state;
    for (size_t i = 0; i < 2 * HALF; i++)
        page[i] = "words of text\n"[i % 14];
    for (size_t i = 0; i < PS_COUNT_OF(charsets); i++) {
        for (int byte = 0x80; byte <= 0xFF; byte++) {
            struct ps_text_decoded decoded;

            page[HALF] = (char)byte;
            page[HALF + 1] = '\xFF';
            decoded = ps_text_decode(page, 2 * HALF, charsets[i]);
            assert_true(ps_utf8_valid(decoded.text, decoded.len));
            assert_in_range(decoded.len, 2 * HALF - 2, 2 * HALF + 6);
            free(decoded.text);
        }
    }
    free(page);
}

/* Decodes the longest page that is read, and prints the time for people. A sanitizer's iconv takes
   ten times as long for an invalid byte, so that a part of such a page is enough there. */
static void decoding_a_long_page_is_fast(void **state)
{
    static const char *const charsets[] = { "utf-8",     "latin1",      "utf-16le", "gb18030",
                                            "shift_jis", "iso-2022-jp", NULL };
#ifdef PS_SANITIZED
    enum { LEN = 128 * 1024 };
#else
    enum { LEN = 2 * 1024 * 1024 };
#endif
    char *page = ps_alloc_zero(LEN + 1, 1);

    (void)state;
    memset(page, 0xFF, LEN);
    for (size_t i = 0; i < PS_COUNT_OF(charsets); i++) {
        clock_t began = clock();
        struct ps_text_decoded decoded = ps_text_decode(page, LEN, charsets[i]);

        assert_in_range(decoded.len, LEN / 2, 3 * (size_t)LEN + 1);
        print_message("%d bytes of 0xFF as %s: %ld ms\n", LEN,
                      charsets[i] ? charsets[i] : "(nothing)",
                      (long)((clock() - began) * 1000 / CLOCKS_PER_SEC));
        free(decoded.text);
    }
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_follow_the_encoding_standard),
        cmocka_unit_test(a_declaration_is_found_as_by_a_browser),
        cmocka_unit_test(bytes_become_utf8),
        cmocka_unit_test(an_invalid_byte_costs_one_character),
        cmocka_unit_test(decoding_a_long_page_is_fast),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
