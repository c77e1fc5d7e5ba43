#include "notifier/core/response_url.h"

#include "shared/core/url.h"

#include <string.h>

static const char hooks[] = "hooks.";

bool ps_response_url_ok(const char *url, const char *api_url)
{
    const char *scheme_end = strstr(api_url, "://");
    char host[PS_URL_HOST], own[PS_URL_HOST];
    struct ps_err err;

    if (strlen(url) > PS_RESPONSE_URL_MAX || scheme_end == NULL ||
        strncmp(url, api_url, (size_t)(scheme_end - api_url) + 3) != 0 ||
        ps_url_has_credentials(url) || !ps_url_host(url, host, sizeof(host), &err) ||
        !ps_url_host(api_url, own, sizeof(own), &err))
        return false;
    if (strcmp(host, own) == 0)
        return true;
    return strncmp(host, hooks, sizeof(hooks) - 1) == 0 &&
           strcmp(host + sizeof(hooks) - 1, own) == 0;
}
