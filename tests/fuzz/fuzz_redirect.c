/* Any chain of redirects ends: at an http(s) URL, or with an error; never from https to http, never
   in a loop. The first line is the URL of the request, each other line a Location. */
#include "shared/core/url.h"
#include "tests/fuzz/input.h"
#include "worker/core/redirect.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = { 301, 302, 303, 307, 308, 300, 304, 200 };
    struct input input = input_of(data, size);
    char *url = input_line(&input);
    struct ps_redirect_chain trail = { 0 };
    bool moved = true, ok = true;
    char *location;

    if (url == NULL || !ps_url_is_http(url)) {
        free(url);
        return 0;
    }
    for (size_t i = 0; ok && moved && (location = input_line(&input)) != NULL; i++) {
        bool secure = strncmp(ps_redirect_chain_url(&trail, url), "https:", 6) == 0;
        struct ps_err err = { .what = "" };

        ok = ps_redirect_chain_follow(&trail, url, statuses[i % PS_COUNT_OF(statuses)], location,
                                      &moved, &err);
        if (!ok)
            assert(err.category == PS_FAILURE_NETWORK && err.what[0] != '\0');
        else
            assert(ps_url_is_http(ps_redirect_chain_url(&trail, url)));
        assert(!ok || !secure || strncmp(ps_redirect_chain_url(&trail, url), "https:", 6) == 0);
        assert(trail.hops <= PS_REDIRECTS_MAX);
        free(location);
    }
    ps_redirect_chain_clear(&trail);
    free(url);
    return 0;
}
