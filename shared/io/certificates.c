#include "shared/io/certificates.h"

#include "shared/core/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static struct {
    char host[PS_CERTIFICATES_HOST];
    int64_t ends_ms;
} seen[PS_CERTIFICATES_HOSTS];
static size_t count;

/* "Nov 30 15:00:00 2027 GMT" or "2027-11-30 15:00:00 GMT"; curl_getdate knows the second without
 * hyphens. */
static int64_t parse(const char *text)
{
    char plain[64];
    size_t len = 0;
    time_t at;

    for (const char *c = text; *c != '\0' && len + 1 < sizeof(plain); c++)
        if (*c != '-')
            plain[len++] = *c;
    plain[len] = '\0';
    at = curl_getdate(plain, NULL);
    return at <= 0 ? 0 : (int64_t)at * 1000;
}

void ps_certificates_note(const char *url, const char *expires)
{
    char host[PS_URL_HOST];
    int64_t ends_ms = parse(expires);
    size_t i = 0;

    if (ends_ms == 0 || !ps_url_host(url, host, sizeof(host), NULL))
        return;
    while (i < count && strcmp(seen[i].host, host) != 0)
        i++;
    if (i == PS_CERTIFICATES_HOSTS)
        return;
    if (i == count)
        count++;
    (void)snprintf(seen[i].host, sizeof(seen[i].host), "%s", host);
    seen[i].ends_ms = ends_ms;
}

bool ps_certificates_soonest(const char **out_host, int64_t *out_ms)
{
    size_t soonest = 0;

    if (count == 0)
        return false;
    for (size_t i = 1; i < count; i++)
        if (seen[i].ends_ms < seen[soonest].ends_ms)
            soonest = i;
    *out_host = seen[soonest].host;
    *out_ms = seen[soonest].ends_ms;
    return true;
}
