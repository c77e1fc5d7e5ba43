/* Whatever is given as a list of servers, or comes as the place that a Redis Cluster names. */
#include "shared/core/endpoints.h"
#include "tests/fuzz/input.h"

#include <assert.h>

enum { DEFAULT_PORT = 26379 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ps_endpoint *endpoint)
{
    assert(memchr(endpoint->host, '\0', sizeof(endpoint->host)) != NULL);
    assert(endpoint->host[0] != '\0');
    assert(endpoint->port > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = ps_alloc_copy(size > 0 ? (const char *)data : "", size);
    struct ps_endpoints endpoints;
    struct ps_endpoint moved;
    struct ps_err err = { .what = "" };

    if (ps_endpoints_parse(text, DEFAULT_PORT, &endpoints, &err)) {
        assert(endpoints.len <= PS_ENDPOINTS_MAX);
        for (size_t i = 0; i < endpoints.len; i++)
            check(&endpoints.items[i]);
        ps_endpoints_clear(&endpoints);
    } else {
        assert(err.what[0] != '\0');
    }
    if (ps_endpoint_parse_moved(text, "10.0.0.7", &moved))
        check(&moved);
    free(text);
    return 0;
}
