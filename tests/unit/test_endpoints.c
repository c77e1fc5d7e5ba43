#include "shared/core/endpoints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_list_is_taken_apart(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        struct ps_endpoint want[3];
    } cases[] = {
        {"",                          0, { { "", 0 } }                                          },
        { "  ",                       0, { { "", 0 } }                                          },
        { "s1:26379",                 1, { { "s1", 26379 } }                                    },
        { "s1",                       1, { { "s1", 26379 } }                                    },
        { "s1:1, s2:2 ,s3:65535",     3, { { "s1", 1 }, { "s2", 2 }, { "s3", 65535 } }          },
        { "10.0.0.1:5,[::1]:6,fe::2", 3, { { "10.0.0.1", 5 }, { "::1", 6 }, { "fe::2", 26379 } }},
        { "[::1]",                    1, { { "::1", 26379 } }                                   },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_endpoints got;
        struct ps_err err = { .what = "" };

        if (!ps_endpoints_parse(cases[i].text, 26379, &got, &err))
            fail_msg("\"%s\": %s", cases[i].text, err.what);
        assert_int_equal(got.len, cases[i].len);
        for (size_t n = 0; n < got.len; n++) {
            assert_string_equal(got.items[n].host, cases[i].want[n].host);
            assert_int_equal(got.items[n].port, cases[i].want[n].port);
        }
        ps_endpoints_clear(&got);
        assert_null(got.items);
    }
}

static void a_bad_entry_is_named(void **state)
{
    static const struct {
        const char *text, *named;
    } cases[] = {
        {"s1:26379,s2:no",                             "\"s2:no\""   },
        { "s1:0",                                      "\"s1:0\""    },
        { "s1:65536",                                  "\"s1:65536\""},
        { "s1:",                                       "\"s1:\""     },
        { ":26379",                                    "\":26379\""  },
        { "s1:1,,s2:2",                                "\"\""        },
        { "user:pw@s1:1",                              "user:pw@s1:1"},
        { "redis://s1:1",                              "redis://s1:1"},
        { "[::1",                                      "\"[::1\""    },
        { "[]:1",                                      "\"[]:1\""    },
        { "[::1]26379",                                "[::1]26379"  },
        { "s1 s2:1",                                   "\"s1 s2:1\"" },
        { "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "at most 16"  },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_endpoints got = { .len = 77 };
        struct ps_err err = { .what = "" };

        if (ps_endpoints_parse(cases[i].text, 26379, &got, &err))
            fail_msg("\"%s\" was taken", cases[i].text);
        assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
        if (strstr(err.what, cases[i].named) == NULL)
            fail_msg("\"%s\": %s", cases[i].text, err.what);
        assert_int_equal(got.len, 77);
    }
}

static void a_cluster_names_the_node_with_the_slot(void **state)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } cases[] = {
        {"MOVED 3999 127.0.0.1:6381",    "127.0.0.1",  6381 },
        { "MOVED 3999 ::1:6381",         "::1",        6381 }, /* Redis puts no brackets */
        { "MOVED 3999 [fe80::2]:6381",   "fe80::2",    6381 },
        { "MOVED 3999 :6381",            "asked",      6381 }, /* the host that answered */
        { "MOVED 3999 ?:6381",           "asked",      6381 },
        { "MOVED 3999 node-1.svc:65535", "node-1.svc", 65535},
        { "MOVED 3999 :0",               NULL,         0    },
        { "MOVED 3999 127.0.0.1",        NULL,         0    },
        { "MOVED 3999 a@b:1",            NULL,         0    },
        { "MOVED 3999 h:65536",          NULL,         0    },
        { "MOVED",                       NULL,         0    },
        { "",                            NULL,         0    },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_endpoint node = { .host = "untouched", .port = 7 };

        if (ps_endpoint_parse_moved(cases[i].text, "asked", &node) != (cases[i].host != NULL))
            fail_msg("\"%s\"", cases[i].text);
        assert_string_equal(node.host, cases[i].host != NULL ? cases[i].host : "untouched");
        assert_int_equal(node.port, cases[i].host != NULL ? cases[i].port : 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_list_is_taken_apart),
                                        cmocka_unit_test(a_cluster_names_the_node_with_the_slot),
                                        cmocka_unit_test(a_bad_entry_is_named) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
