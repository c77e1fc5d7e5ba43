/* Any text as a URL: all parts stay within their limits, and the redacted URL has no secret. */
#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "shared/core/url.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_redis(const char *text)
{
    struct ps_redis_url url;
    struct ps_err err = { .what = "" };

    if (!ps_redis_url_parse(text, &url, &err)) {
        assert(err.category == PS_FAILURE_CONFIGURATION && err.what[0] != '\0');
        return;
    }
    assert(url.is_unix ? url.path[0] == '/' : url.host[0] != '\0' && url.port > 0);
    assert(url.database >= 0 && url.database <= 1023);
    assert(url.user == NULL || url.user[0] != '\0');
    assert(url.password == NULL || url.password[0] != '\0');
    ps_redis_url_clear(&url);
}

/* The redacted URL has the scheme, *** for user and password, and neither query nor fragment. */
static void check_redacted(const char *text)
{
    char *shown = ps_url_redacted(text);
    const char *authority = strstr(shown, "://"), *at;

    assert(ps_utf8_valid(shown, strlen(shown)));
    if (authority == NULL) {
        assert(strcmp(shown, "***") == 0);
    } else {
        authority += 3;
        at = memchr(authority, '@', strcspn(authority, "/"));
        assert(at == NULL || (at - authority == 3 && strncmp(authority, "***", 3) == 0));
        assert(strpbrk(shown, "?#") == NULL);
    }
    free(shown);
}

static void check_http(const char *text)
{
    char host[PS_URL_HOST + 8];
    struct ps_err err;
    size_t len, i;
    const char *name = ps_url_file_name(text, &len);

    assert(name >= text && name + len <= text + strlen(text));
    assert(len == 0 || memchr(name, '/', len) == NULL);
    if (!ps_url_host(text, host, sizeof(host), &err))
        return;
    assert(ps_url_is_http(text) && host[0] != '\0');
    for (i = 0; host[i] != '\0'; i++)
        assert(host[i] < 'A' || host[i] > 'Z');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = ps_alloc_copy((const char *)data, size);

    check_redis(text);
    check_redacted(text);
    check_http(text);
    free(text);
    return 0;
}
