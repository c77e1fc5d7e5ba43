#include "worker/core/redirect.h"

#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HTTP  "http://a.example/f/D1R0.pdf"
#define HTTPS "https://a.example/f/D1R0.pdf"

static void location_is_followed_within_the_rules(void **state)
{
    static const struct {
        const char *from;
        int status;
        const char *location;
        int followed;
        const char *to; /* NULL: no redirect */
        int code;       /* 0: allowed */
    } rows[] = {
        {HTTP,   301, "/g/D1R0.pdf",                  0, "http://a.example/g/D1R0.pdf", 0                         },
        { HTTP,  302, "D2R0.pdf",                     4, "http://a.example/f/D2R0.pdf", 0                         },
        { HTTP,  303, "//b.example/x",                0, "http://b.example/x",          0                         },
        { HTTP,  307, "https://a.example/f/D1R0.pdf", 0, HTTPS,                         0                         },
        { HTTPS, 308, "https://b.example/",           0, "https://b.example/",          0                         },
        { HTTP,  302, NULL,                           0, NULL,                          0                         },
        { HTTP,  302, "",                             0, NULL,                          0                         },
        { HTTP,  200, "/g",                           0, NULL,                          0                         },
        { HTTP,  304, "/g",                           0, NULL,                          0                         },
        { HTTP,  302, "/g",                           5, NULL,                          CURLE_TOO_MANY_REDIRECTS  },
        { HTTPS, 302, "http://a.example/",            0, NULL,                          CURLE_UNSUPPORTED_PROTOCOL},
        { HTTP,  302, "ftp://a.example/x",            0, NULL,                          CURLE_UNSUPPORTED_PROTOCOL},
        { HTTP,  302, "file:///etc/passwd",           0, NULL,                          CURLE_UNSUPPORTED_PROTOCOL},
        { HTTP,  302, "http://",                      0, NULL,                          CURLE_UNSUPPORTED_PROTOCOL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ps_err err = { .code = 0 };
        char *to = NULL;
        bool ok = ps_redirect_of(rows[i].from, rows[i].status, rows[i].location, rows[i].followed,
                                 &to, &err);

        if (ok != (rows[i].code == 0) || (!ok && err.code != rows[i].code) ||
            (!ok && err.category != PS_FAILURE_NETWORK) || (to == NULL) != (rows[i].to == NULL) ||
            (to != NULL && strcmp(to, rows[i].to) != 0))
            fail_msg("row %zu: %s, code %d", i, to == NULL ? "nowhere" : to, ok ? 0 : err.code);
        free(to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(location_is_followed_within_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
