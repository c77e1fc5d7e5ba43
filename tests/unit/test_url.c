#include "shared/core/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void redis_urls_are_parsed(void **state)
{
    static const struct {
        const char *text;
        struct ps_redis_url want;
        const char *user, *password;
    } cases[] = {
        {"redis://127.0.0.1",            { .host = "127.0.0.1", .port = 6379 },           NULL, NULL },
        { "redis://127.0.0.1:6380/",     { .host = "127.0.0.1", .port = 6380 },           NULL, NULL },
        { "REDIS://h:1/15",              { .host = "h", .port = 1, .database = 15 },      NULL, NULL },
        { "redis://u:p%40%2f@h/1023",    { .host = "h", .port = 6379, .database = 1023 }, "u",  "p@/"},
        { "redis://:pw@h",               { .host = "h", .port = 6379 },                   NULL, "pw" },
        { "redis://u@h",                 { .host = "h", .port = 6379 },                   "u",  NULL },
        { "rediss://[::1]:7/0",          { .tls = true, .host = "::1", .port = 7 },       NULL, NULL },
        { "unix:///run/r.sock",
         { .is_unix = true, .port = 6379, .path = "/run/r.sock" },
         NULL,                                                                                  NULL },
        { "unix://u:p@/run/r.sock?db=3",
         { .is_unix = true, .port = 6379, .path = "/run/r.sock", .database = 3 },
         "u",                                                                                   "p"  },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_redis_url url;
        struct ps_err err;

        assert_true(ps_redis_url_parse(cases[i].text, &url, &err));
        assert_int_equal(url.tls, cases[i].want.tls);
        assert_int_equal(url.is_unix, cases[i].want.is_unix);
        assert_string_equal(url.host, cases[i].want.host);
        assert_int_equal(url.port, cases[i].want.port);
        assert_string_equal(url.path, cases[i].want.path);
        assert_int_equal(url.database, cases[i].want.database);
        assert_string_equal(url.user != NULL ? url.user : "(none)",
                            cases[i].user != NULL ? cases[i].user : "(none)");
        assert_string_equal(url.password != NULL ? url.password : "(none)",
                            cases[i].password != NULL ? cases[i].password : "(none)");
        ps_redis_url_clear(&url);
        assert_null(url.password);
    }
}

static void an_invalid_redis_url_is_rejected_and_never_quoted(void **state)
{
    static const char *const cases[] = {
        "",
        "hunter2",
        "http://u:hunter2@h/0",
        "redis:/u:hunter2@h",
        "redis://",
        "redis:///hunter2",
        "redis://u:hunter2@/0",
        "redis://u:hunter2@h:0/0",
        "redis://u:hunter2@h:65536/0",
        "redis://u:hunter2@h:x/0",
        "redis://u:hunter2@h/1024",
        "redis://u:hunter2@h/-1",
        "redis://u:hunter2@h/0/",
        "redis://u:hunter2@h/zero",
        "redis://u:hunter2@h/0?db=hunter2",
        "redis://u:hunter2@h/0#hunter2",
        "redis://u:hunter2 @h/0",
        "redis://u:hunter2#x@h/0",
        "redis://u:hunter2/x@h/0",
        "redis://u:hunter2%00@h/0",
        "redis://u:hunter2@h%00/0",
        "unix://hunter2/run/r.sock",
        "unix://",
        "unix:///",
        "unix:///run/r.sock?db=hunter2",
        "unix:///run/r.sock?name=hunter2",
        "unix:///run/r.sock?db=1024",
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_redis_url url = { .database = 77 };
        struct ps_err err;

        if (ps_redis_url_parse(cases[i], &url, &err))
            fail_msg("%s was taken", cases[i]);
        assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
        assert_null(strstr(err.what, "hunter2"));
        assert_int_equal(url.database, 77);
    }
}

static void a_path_longer_than_a_socket_address_is_rejected(void **state)
{
    char text[200] = "unix:///";
    struct ps_redis_url url;
    struct ps_err err;

    (void)state;
    memset(text + 8, 'x', 106);
    assert_true(ps_redis_url_parse(text, &url, &err));
    ps_redis_url_clear(&url);
    text[8 + 106] = 'x';
    assert_false(ps_redis_url_parse(text, &url, &err));
}

static void redaction_keeps_scheme_host_and_path(void **state)
{
    static const char *const cases[][2] = {
        {"redis://127.0.0.1:6379/0",                     "redis://127.0.0.1:6379/0"           },
        { "redis://u:hunter2@h:1/2",                     "redis://***@h:1/2"                  },
        { "redis://:hunter2@h/2",                        "redis://***@h/2"                    },
        { "postgresql://u:hunter2@db:5432/paperscout",   "postgresql://***@db:5432/paperscout"},
        { "postgres://h/db?password=hunter2",            "postgres://h/db"                    },
        { "postgresql:///db?host=/run&password=hunter2", "postgresql:///db"                   },
        { "unix://u:hunter2@/run/r.sock?db=1",           "unix://***@/run/r.sock"             },
        { "https://u:hunter2@h/x#hunter2",               "https://***@h/x"                    },
        { "postgresql://u:hunter2@h1:1,h2:2/db",         "***"                                },
        { "postgresql://u:hunter2#1@h/db",               "***"                                },
        { "host=h password=hunter2",                     "***"                                },
        { "hunter2",                                     "***"                                },
        { "u:hunter2@h://x",                             "***"                                },
        { "",                                            "***"                                },
        { "://hunter2",                                  "***"                                },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        char *shown = ps_url_redacted(cases[i][0]);

        assert_string_equal(shown, cases[i][1]);
        free(shown);
    }
}

static void spellings_of_one_host_give_one_key(void **state)
{
    static const char *const cases[][2] = {
        {"https://isocpp.org/files/x.pdf", "isocpp.org"     },
        { "HTTPS://ISOcpp.ORG:443/x",      "isocpp.org"     },
        { "https://isocpp.org./x",         "isocpp.org"     },
        { "http://isocpp.org:80",          "isocpp.org"     },
        { "http://isocpp.org:443/",        "isocpp.org:443" },
        { "https://isocpp.org:8443/",      "isocpp.org:8443"},
        { "http://u:p@h/",                 "h"              },
        { "http://[::1]:8080/",            "[::1]:8080"     },
        { "ftp://h/",                      NULL             },
        { "http:///x",                     NULL             },
        { "http:/h/x",                     NULL             },
        { "h/x",                           NULL             },
        { "",                              NULL             },
    };
    struct ps_err err;
    char host[PS_URL_HOST];
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        assert_int_equal(ps_url_host(cases[i][0], host, sizeof(host), &err), cases[i][1] != NULL);
        if (cases[i][1] != NULL)
            assert_string_equal(host, cases[i][1]);
    }
    assert_false(ps_url_host("http://abcd/", host, 4, &err));
    assert_true(ps_url_host("http://abcd/", host, 5, &err));
}

/* Plain URLs are parsed without curl. These look plain but are not, and must give curl's result. */
static void nearly_plain_urls_give_the_result_of_curl(void **state)
{
    static const char *const cases[][2] = {
        {"http://127.0.0.1:8080/a.pdf", "127.0.0.1:8080"},
        { "http://127.1/",              "127.0.0.1"     },
        { "http://0x7f.1/",             "127.0.0.1"     },
        { "http://0177.0.0.1/",         "127.0.0.1"     },
        { "http://isocpp.org./a",       "isocpp.org"    },
        { "https://isocpp.org:443/a",   "isocpp.org"    },
        { "https://isocpp.org:0443/a",  "isocpp.org"    },
        { "http://isocpp.org:443/a",    "isocpp.org:443"},
        { "http://ISOcpp.org/a",        "isocpp.org"    },
        { "http://isocpp.org",          "isocpp.org"    },
        { "http://user@isocpp.org/",    "isocpp.org"    },
        { "http://isocpp.org:99999/",   NULL            },
        { "http://isocpp.org:0/",       NULL            },
        { "http://:80/",                NULL            },
        { "http://a b/",                NULL            },
    };
    struct ps_err err;
    char host[PS_URL_HOST];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        bool ok = ps_url_host(cases[i][0], host, sizeof(host), &err);

        if (ok != (cases[i][1] != NULL) || (ok && strcmp(host, cases[i][1]) != 0))
            fail_msg("%s: %s", cases[i][0], ok ? host : "refused");
        assert_int_equal(ps_url_is_http(cases[i][0]), ok);
    }
}

static void a_host_of_any_length_is_handled(void **state)
{
    char url[700] = "http://", host[1000];
    struct ps_err err;
    size_t len;

    (void)state;
    for (len = 250; len < 270; len++) {
        memset(url + 7, 'a', len);
        memcpy(url + 7 + len, ":65535", 7);
        if (ps_url_host(url, host, sizeof(host), &err))
            assert_int_equal(strlen(host), len + 6);
        else
            assert_true(len >= PS_URL_HOST);
    }
}

static void the_file_name_is_the_last_path_segment(void **state)
{
    static const char *const cases[][2] = {
        {"https://h/a/D1R0.pdf",          "D1R0.pdf"},
        { "https://h/a/D1R0.pdf?x=/y#/z", "D1R0.pdf"},
        { "https://h/a/",                 ""        },
        { "https://h",                    ""        },
        { "https://h?x=/y",               ""        },
        { "D1R0.pdf",                     "D1R0.pdf"},
        { "/a/b",                         "b"       },
        { "",                             ""        },
        { "https://h/a#b/c",              "a"       },
    };
    size_t i;

    (void)state;
    for (i = 0; i < PS_COUNT_OF(cases); i++) {
        size_t len = 99;
        const char *name = ps_url_file_name(cases[i][0], &len);

        assert_int_equal(len, strlen(cases[i][1]));
        assert_memory_equal(name, cases[i][1], len);
    }
}

static void http_urls_have_a_scheme_and_a_host(void **state)
{
    (void)state;
    assert_true(ps_url_is_http("http://h"));
    assert_true(ps_url_is_http("https://isocpp.org/files/papers/D1234R0.pdf"));
    assert_false(ps_url_is_http("ftp://h/"));
    assert_false(ps_url_is_http("file:///etc/passwd"));
    assert_false(ps_url_is_http("http://"));
    assert_false(ps_url_is_http("http:///etc"));
    assert_false(ps_url_is_http("http://u@/x"));
    assert_false(ps_url_is_http("http://h:0/"));
    assert_false(ps_url_is_http("http://h\r\nX: y/"));
    assert_false(ps_url_is_http("http://a b/"));
    assert_false(ps_url_is_http(" http://h/"));
    assert_false(ps_url_is_http(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_urls_are_parsed),
        cmocka_unit_test(an_invalid_redis_url_is_rejected_and_never_quoted),
        cmocka_unit_test(a_path_longer_than_a_socket_address_is_rejected),
        cmocka_unit_test(redaction_keeps_scheme_host_and_path),
        cmocka_unit_test(spellings_of_one_host_give_one_key),
        cmocka_unit_test(nearly_plain_urls_give_the_result_of_curl),
        cmocka_unit_test(a_host_of_any_length_is_handled),
        cmocka_unit_test(the_file_name_is_the_last_path_segment),
        cmocka_unit_test(http_urls_have_a_scheme_and_a_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
