#include "worker/core/redirect.h"

#include "shared/core/str.h"
#include "shared/core/url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_https(const char *url)
{
    return strncasecmp(url, "https:", 6) == 0;
}

bool ps_redirect_of(const char *from, int status, const char *location, int followed,
                    char **out_url, struct ps_err *err)
{
    char *url;

    *out_url = NULL;
    if (!is_redirect(status) || location == NULL || location[0] == '\0')
        return true;
    if (followed >= PS_REDIRECTS_MAX)
        return ps_fail(err, PS_FAILURE_NETWORK, CURLE_TOO_MANY_REDIRECTS, "more than %d redirects",
                       PS_REDIRECTS_MAX);
    url = ps_url_resolve(from, location);
    if (url == NULL)
        return ps_fail(err, PS_FAILURE_NETWORK, CURLE_UNSUPPORTED_PROTOCOL,
                       "redirected to what is no http:// or https:// URL");
    if (is_https(from) && !is_https(url)) {
        free(url);
        return ps_fail(err, PS_FAILURE_NETWORK, CURLE_UNSUPPORTED_PROTOCOL,
                       "redirected from https to http");
    }
    *out_url = url;
    return true;
}

const char *ps_redirect_chain_url(const struct ps_redirect_chain *trail, const char *url)
{
    return trail->led_to != NULL ? trail->led_to : url;
}

bool ps_redirect_chain_follow(struct ps_redirect_chain *trail, const char *url, int status,
                              const char *location, bool *out_moved, struct ps_err *err)
{
    char *next;
    bool ok = ps_redirect_of(ps_redirect_chain_url(trail, url), status, location, trail->hops,
                             &next, err);

    *out_moved = next != NULL;
    if (next == NULL)
        return ok;
    free(trail->led_to);
    trail->led_to = next;
    trail->hops++;
    return true;
}

void ps_redirect_chain_clear(struct ps_redirect_chain *trail)
{
    free(trail->led_to);
    *trail = (struct ps_redirect_chain){ NULL, 0 };
}
