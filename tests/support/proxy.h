/* A TCP proxy on the test's own loop, which misbehaves on request. */
#ifndef PS_TESTS_PROXY_H
#define PS_TESTS_PROXY_H
#include "shared/io/loop.h"

#include <stdint.h>

struct ps_test_proxy;

enum ps_test_proxy_mode {
    PS_PROXY_PASS,
    PS_PROXY_STALL,   /* takes connections and bytes, gives nothing on, either way */
    PS_PROXY_SWALLOW, /* what the server says never reaches the client */
    PS_PROXY_REFUSE,  /* nobody listens; open connections are cut */
};

/* Listens on a free loopback port and passes on to target_port. */
struct ps_test_proxy *ps_test_proxy_create(struct ps_loop *loop, uint16_t target_port);
void ps_test_proxy_destroy(struct ps_test_proxy *proxy);
uint16_t ps_test_proxy_port(const struct ps_test_proxy *proxy);
void ps_test_proxy_set(struct ps_test_proxy *proxy, enum ps_test_proxy_mode mode);
void ps_test_proxy_cut(struct ps_test_proxy *proxy);            /* drops all open connections */
int ps_test_proxy_taken(const struct ps_test_proxy *proxy);     /* connections since the start */
int64_t ps_test_proxy_bytes(const struct ps_test_proxy *proxy); /* from the server, since then */

#endif
