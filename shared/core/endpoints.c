#include "shared/core/endpoints.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"

#include <stdlib.h>
#include <string.h>

/* Returns the length of the host: up to the bracket of [::1], else up to the only colon. A bare
 * IPv6 address, ::1, has no port. */
static size_t host_end(struct ps_str entry)
{
    const char *bracket = entry.data[0] == '[' ? memchr(entry.data, ']', entry.len) : NULL;
    const char *colon = memchr(entry.data, ':', entry.len);

    if (bracket != NULL)
        return (size_t)(bracket + 1 - entry.data);
    if (colon == NULL ||
        memchr(colon + 1, ':', entry.len - (size_t)(colon + 1 - entry.data)) != NULL)
        return entry.len;
    return (size_t)(colon - entry.data);
}

static bool is_host(struct ps_str host)
{
    static const char forbidden[] = " \t@/?#[]";

    if (host.len == 0 || host.len >= sizeof(((struct ps_endpoint *)NULL)->host))
        return false;
    for (size_t i = 0; i < host.len; i++) {
        if (strchr(forbidden, host.data[i]) != NULL)
            return false;
    }
    return true;
}

static bool parse_one(struct ps_str entry, uint16_t default_port, struct ps_endpoint *out_endpoint)
{
    size_t end = entry.len == 0 ? 0 : host_end(entry);
    struct ps_str host = { entry.data, end };
    struct ps_str port = { entry.data + end, entry.len - end };
    int64_t number = default_port;

    if (port.len > 0 &&
        (port.data[0] != ':' ||
         !ps_str_int((struct ps_str){ port.data + 1, port.len - 1 }, 1, UINT16_MAX, &number)))
        return false;
    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        host = (struct ps_str){ host.data + 1, host.len - 2 };
    if (!is_host(host))
        return false;
    memcpy(out_endpoint->host, host.data, host.len);
    out_endpoint->host[host.len] = '\0';
    out_endpoint->port = (uint16_t)number;
    return true;
}

bool ps_endpoints_parse(const char *text, uint16_t default_port, struct ps_endpoints *out_endpoints,
                        struct ps_err *err)
{
    struct ps_endpoints parsed = { 0 };
    struct ps_str rest = ps_str_trim(ps_str_of(text));
    struct ps_str entry;

    while (rest.len > 0 && ps_str_next(&rest, ',', &entry)) {
        entry = ps_str_trim(entry);
        if (parsed.len == PS_ENDPOINTS_MAX) {
            ps_endpoints_clear(&parsed);
            return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "too many servers; at most %d",
                           PS_ENDPOINTS_MAX);
        }
        parsed.items = ps_alloc_array(parsed.items, parsed.len + 1, sizeof(*parsed.items));
        if (!parse_one(entry, default_port, &parsed.items[parsed.len])) {
            ps_endpoints_clear(&parsed);
            return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                           "\"%.*s\": must be host:port, with commas between",
                           (int)(entry.len < 64 ? entry.len : 64), entry.data);
        }
        parsed.len++;
    }
    *out_endpoints = parsed;
    return true;
}

bool ps_endpoint_parse_moved(const char *text, const char *asked_host,
                             struct ps_endpoint *out_endpoint)
{
    struct ps_endpoint parsed = { .host = "" };
    const char *node = strrchr(text, ' ');
    const char *colon = node == NULL ? NULL : strrchr(node, ':');
    struct ps_str host;
    int64_t port;

    if (colon == NULL || !ps_str_int(ps_str_of(colon + 1), 1, UINT16_MAX, &port))
        return false;
    host = (struct ps_str){ node + 1, (size_t)(colon - node - 1) };
    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        host = (struct ps_str){ host.data + 1, host.len - 2 };
    /* "?" is a node that does not know its own name (Redis 7, cluster-announce-hostname). */
    if (host.len == 0 || (host.len == 1 && host.data[0] == '?'))
        host = ps_str_of(asked_host);
    if (!is_host(host))
        return false;
    memcpy(parsed.host, host.data, host.len);
    parsed.port = (uint16_t)port;
    *out_endpoint = parsed;
    return true;
}

void ps_endpoints_clear(struct ps_endpoints *endpoints)
{
    free(endpoints->items);
    *endpoints = (struct ps_endpoints){ 0 };
}
