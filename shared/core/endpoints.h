/* A list of servers: host:port, with commas between. */
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

/* An empty text gives none; spaces around an entry are ignored. A missing port is default_port. err
 * names the entry. */
bool ps_endpoints_parse(const char *text, uint16_t default_port, struct ps_endpoints *out_endpoints,
                        struct ps_err *err) PS_MUST_USE;
/* Where a node of a Redis Cluster sends its client: the last word of "MOVED slot host:port". Its
 * port follows the last colon, also after an IPv6 address, which has no brackets there; without a
 * host
 * (":port") it is the host that answered, asked_host. False for any other text. */
bool ps_endpoint_parse_moved(const char *text, const char *asked_host,
                             struct ps_endpoint *out_endpoint) PS_MUST_USE;
void ps_endpoints_clear(struct ps_endpoints *endpoints);

#endif
