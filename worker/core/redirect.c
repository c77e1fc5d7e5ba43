#include "worker/core/redirect.h"

#include "shared/core/str.h"
#include "shared/core/url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

bool ps_redirect_of(const char *from, int status, const char *location, int followed,
                    char **out_url, struct ps_err *err)
{
    bool redirect =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    char *url;

    *out_url = NULL;
    if (!redirect || location == NULL || location[0] == '\0')
        return true;
    if (followed >= PS_REDIRECTS_MAX)
        return ps_fail(err, PS_FAILURE_NETWORK, CURLE_TOO_MANY_REDIRECTS, "more than %d redirects",
                       PS_REDIRECTS_MAX);
    url = ps_url_resolve(from, location);
    if (url == NULL)
        return ps_fail(err, PS_FAILURE_NETWORK, CURLE_UNSUPPORTED_PROTOCOL,
                       "redirected to a URL that is not http:// or https://");
    /* A redirect must not strip the protection that the first URL had. */
    if (strncasecmp(from, "https:", 6) == 0 && strncasecmp(url, "https:", 6) != 0) {
        free(url);
        return ps_fail(err, PS_FAILURE_NETWORK, CURLE_UNSUPPORTED_PROTOCOL,
                       "redirected from https to http");
    }
    *out_url = url;
    return true;
}

const char *ps_redirect_chain_url(const struct ps_redirect_chain *chain, const char *url)
{
    return chain->current_url != NULL ? chain->current_url : url;
}

bool ps_redirect_chain_follow(struct ps_redirect_chain *chain, const char *url, int status,
                              const char *location, bool *out_moved, struct ps_err *err)
{
    char *next;
    bool ok = ps_redirect_of(ps_redirect_chain_url(chain, url), status, location, chain->hops,
                             &next, err);

    *out_moved = next != NULL;
    if (next == NULL)
        return ok;
    free(chain->current_url);
    chain->current_url = next;
    chain->hops++;
    return true;
}

void ps_redirect_chain_clear(struct ps_redirect_chain *chain)
{
    free(chain->current_url);
    *chain = (struct ps_redirect_chain){ NULL, 0 };
}
