#include "shared/core/paper_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void ids_are_read_without_regard_to_case(void **state)
{
    static const struct {
        const char *text, *canonical;
        enum ps_paper_kind kind;
        int number, revision;
    } cases[] = {
        {"P2300R10",     "P2300R10",    PS_PAPER_P,     2300,   10 },
        { "p2300r10",    "P2300R10",    PS_PAPER_P,     2300,   10 },
        { "d42R0",       "D0042R0",     PS_PAPER_D,     42,     0  },
        { "P0042R1",     "P0042R1",     PS_PAPER_P,     42,     1  },
        { "P999999R999", "P999999R999", PS_PAPER_P,     999999, 999},
        { "n4750",       "N4750",       PS_PAPER_N,     4750,   -1 },
        { "N42",         "N0042",       PS_PAPER_N,     42,     -1 },
        { "cwg1",        "CWG1",        PS_PAPER_ISSUE, 1,      -1 },
        { "EWG42",       "EWG42",       PS_PAPER_ISSUE, 42,     -1 },
        { "Lwg3000",     "LWG3000",     PS_PAPER_ISSUE, 3000,   -1 },
        { "lewg5",       "LEWG5",       PS_PAPER_ISSUE, 5,      -1 },
        { "FS10",        "FS10",        PS_PAPER_ISSUE, 10,     -1 },
        { "P0R0",        "P0000R0",     PS_PAPER_P,     0,      0  },
    };
    char text[PS_PAPER_ID_TEXT];
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_paper_id id;

        assert_true(ps_paper_id_parse(cases[i].text, strlen(cases[i].text), &id));
        assert_int_equal(id.kind, cases[i].kind);
        assert_int_equal(id.number, cases[i].number);
        assert_int_equal(id.revision, cases[i].revision);
        ps_paper_id_format(&id, text);
        assert_string_equal(text, cases[i].canonical);
    }
}

static void nothing_may_stand_around_an_id(void **state)
{
    static const char *const cases[] = {
        "",
        "P",
        "P1234",
        "P1234R",
        "PR1",
        "P1234R1 ",
        " P1234R1",
        "P1234R1x",
        "P12 34R1",
        "P-1R1",
        "P1R-1",
        "P1R1R1",
        "N",
        "N4750R1",
        "CWG",
        "CWG1R1",
        "SD6",
        "1234R0",
        "P1000000R0",
        "P1R1000",
        "XP1R1",
        "EWGI5",
        "N99999999999999999999",
        "P1234R1.pdf",
        "\xEF\xBC\xB0_1R1",
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_paper_id id = { .number = 77 };

        assert_false(ps_paper_id_parse(cases[i], strlen(cases[i]), &id));
        assert_int_equal(id.number, 77);
    }
}

static void the_length_bounds_the_id(void **state)
{
    struct ps_paper_id id;

    (void)state;
    assert_true(ps_paper_id_parse("P2300R10", 7, &id));
    assert_int_equal(id.revision, 1);
    assert_false(ps_paper_id_parse("P2300R1\0", 8, &id));
}

static void file_names_are_an_id_and_an_extension(void **state)
{
    static const struct {
        const char *text, *ext;
        int number, revision;
    } cases[] = {
        {"D1234R0.pdf",                                   ".pdf",    1234, 0 },
        { "https://isocpp.org/files/papers/D0042R3.html", ".html",   42,   3 },
        { "p2300r10.PDF",                                 ".PDF",    2300, 10},
        { "P1R1.tar.gz",                                  ".tar.gz", 1,    1 },
        { "D1234R0",                                      NULL,      0,    0 },
        { "D1234R0.",                                     NULL,      0,    0 },
        { "readme.pdf",                                   NULL,      0,    0 },
        { "D1234R0.pdf/",                                 NULL,      0,    0 },
        { "https://h/D1234R0.pdf?x=1",                    NULL,      0,    0 },
        { "https://D1234R0.pdf",                          NULL,      0,    0 },
        { "",                                             NULL,      0,    0 },
        { ".pdf",                                         NULL,      0,    0 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_paper_id id;
        const char *ext = NULL;

        assert_int_equal(ps_paper_id_parse_file(cases[i].text, &id, &ext), cases[i].ext != NULL);
        if (cases[i].ext == NULL)
            continue;
        assert_string_equal(ext, cases[i].ext);
        assert_int_equal(id.number, cases[i].number);
        assert_int_equal(id.revision, cases[i].revision);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_read_without_regard_to_case),
        cmocka_unit_test(nothing_may_stand_around_an_id),
        cmocka_unit_test(the_length_bounds_the_id),
        cmocka_unit_test(file_names_are_an_id_and_an_extension),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
