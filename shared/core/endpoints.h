/* Lists of servers, "host:port,host:port": Sentinels in REDIS_SENTINELS and nodes of a Redis
 * Cluster. */
#ifndef PS_CORE_ENDPOINTS_H
#define PS_CORE_ENDPOINTS_H
#include "shared/core/url.h"

struct ps_endpoint {
    char host[PS_URL_HOST]; /* without the brackets of an IPv6 address */
    uint16_t port;
};

struct ps_endpoints {
    struct ps_endpoint *items; /* owned */
    size_t len;
};

enum { PS_ENDPOINTS_MAX = 16 };

/* Parses text; an entry without a port gets default_port, spaces around an entry are ignored, and
 * an empty text gives an empty list. Fails with err (CONFIGURATION) that names the entry. On true
 * the caller owns out_endpoints. */
bool ps_endpoints_parse(const char *text, uint16_t default_port, struct ps_endpoints *out_endpoints,
                        struct ps_err *err) PS_MUST_USE;
/* Parses the address in a Redis Cluster's redirection "MOVED slot host:port". The port follows the
 * last colon, also after an IPv6 address, which has no brackets there. Without a host (":port") it
 * is asked_host, the server that replied. */
bool ps_endpoint_parse_moved(const char *text, const char *asked_host,
                             struct ps_endpoint *out_endpoint) PS_MUST_USE;
void ps_endpoints_clear(struct ps_endpoints *endpoints); /* empty afterwards */

#endif
