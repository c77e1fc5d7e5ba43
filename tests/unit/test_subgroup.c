#include "shared/core/subgroup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES_MAX = 4 };

static const char *const all_names[] = { "wg21", "ewg", "ewgi", "lewg", "lewgi",
                                         "cwg",  "lwg", "sg1",  "sg14", "sg7" };

/* A field of an index or of a listing, and the subgroups that it names: these and no others. */
static void a_field_names_its_groups_and_no_others(void **state)
{
    static const struct {
        const char *field;
        const char *names[NAMES_MAX];
    } rows[] = {
        {"EWGI SG17: EWG Incubator",                                { "ewgi" }       },
        { "LEWGI SG18: LEWG Incubator",                             { "lewgi" }      },
        { "LEWG Library Evolution",                                 { "lewg" }       },
        { "SG1 Concurrency and Parallelism,LEWG Library Evolution", { "sg1", "lewg" }},
        { "EWGI SG17: EWG Incubator,EWG Evolution",                 { "ewgi", "ewg" }},
        { "CWG Core,LWG Library",                                   { "cwg", "lwg" } },
        { "EWG",                                                    { "ewg" }        },
        { "All of WG21",                                            { "wg21" }       },
        { "EWG, LEWG Library Evolution",                            { "ewg", "lewg" }},
        { "LEWGI",                                                  { "lewgi" }      },
        { "SG14/SG1",                                               { "sg14", "sg1" }},
        { "Ewg",                                                    { "ewg" }        },
        { "SG1; LWG",                                               { "sg1", "lwg" } },
        { "SG7 & CWG",                                              { "sg7", "cwg" } },
        { "EWG and LEWG",                                           { "ewg", "lewg" }},
        { "EWG LEWG",                                               { "ewg", "lewg" }},
        { "Audience: LEWG, LWG",                                    { "lewg", "lwg" }},
        { "SG17",                                                   { "ewgi" }       },
        { "SG17: EWG Incubator",                                    { "ewgi" }       },
        { "Library Evolution",                                      { "lewg" }       },
        { "Evolution Incubator",                                    { "ewgi" }       },
        { "Core, Library",                                          { "cwg", "lwg" } },
        { "SG1 Concurrency",                                        { "sg1" }        },
        { "",                                                       { NULL }         },
        { ",, ;",                                                   { NULL }         },
        { "and",                                                    { NULL }         },
        { "SG",                                                     { NULL }         },
        { "SG100",                                                  { NULL }         },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        for (size_t k = 0; k < PS_COUNT_OF(all_names); k++) {
            bool wanted = false;

            for (size_t n = 0; n < NAMES_MAX && rows[i].names[n] != NULL; n++)
                wanted = wanted || strcmp(rows[i].names[n], all_names[k]) == 0;
            if (ps_subgroup_named(rows[i].field, all_names[k]) != wanted)
                fail_msg("\"%s\" and %s", rows[i].field, all_names[k]);
        }
    }
}

static void a_group_that_we_do_not_know_is_found_by_its_words(void **state)
{
    (void)state;
    assert_true(ps_subgroup_named("ARG ABI Review Group", "arg"));
    assert_true(ps_subgroup_named("LEWG, Direction Group", "direction"));
    assert_false(ps_subgroup_named("LEWG Direction Group", "direction"));
    assert_false(ps_subgroup_named("ARGUMENT", "arg"));
}

static void one_group_has_one_stored_name(void **state)
{
    static const char *const rows[][2] = {
        {"LEWG",                  "lewg"                },
        { " ewgi ",               "ewgi"                },
        { "SG17",                 "ewgi"                },
        { "sg18",                 "lewgi"               },
        { "Library Evolution",    "lewg"                },
        { "core",                 "cwg"                 },
        { "SG14",                 "sg14"                },
        { "ARG",                  "arg"                 },
        { "abcdefghijklmnopqrst", "abcdefghijklmnopqrst"},
    };
    static const char *const refused[] = { "", "x", "a b", "L/E", "abcdefghijklmnopqrstu" };
    char name[PS_SUBGROUP_MAX + 1] = "kept";

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(refused); i++) {
        assert_false(ps_subgroup_parse(ps_str_of(refused[i]), name));
        assert_string_equal(name, "kept");
    }
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        assert_true(ps_subgroup_parse(ps_str_of(rows[i][0]), name));
        assert_string_equal(name, rows[i][1]);
    }
    assert_true(ps_subgroup_known(ps_str_of("sg1")));
    assert_false(ps_subgroup_known(ps_str_of("sg")));
    assert_false(ps_subgroup_known(ps_str_of("sgx")));
    assert_false(ps_subgroup_known(ps_str_of("core")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_names_its_groups_and_no_others),
        cmocka_unit_test(a_group_that_we_do_not_know_is_found_by_its_words),
        cmocka_unit_test(one_group_has_one_stored_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
