/* The Host header of a request to a port that only this machine reaches. A web page of a stranger
 * can have its own name point to 127.0.0.1 (DNS rebinding); the browser then lets the page read the
 * answers. Such a request names the stranger's host. */
#ifndef PS_CORE_HTTP_HOST_H
#define PS_CORE_HTTP_HOST_H
#include "shared/core/base.h"

#include <stdbool.h>

/* Headers that reverse proxies and load balancers add to what they pass on. */
#define PS_HTTP_PROXY_HEADERS                                                                      \
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-IP", \
        "Forwarded", "Via", "X-Original-URI", "X-Envoy-External-Address", "CF-Connecting-IP",      \
        "True-Client-IP", "X-Client-IP", "X-Amzn-Trace-Id", "X-Cloud-Trace-Context"

/* May a request with this Host header (NULL: none) be answered? An address, a name without
 * a dot (no stranger owns one: localhost, a container's name) and a name below localhost may, with
 * or without a port, and the names in names (commas between; NULL or "": none). Letters' case does
 * not matter. */
bool ps_http_host_allowed(const char *header, const char *names) PS_MUST_USE;
/* Is bind_host an address or a name of the loopback interface? */
bool ps_http_host_is_loopback(const char *bind_host) PS_MUST_USE;

#endif
