/* Which network addresses are nobody's business to probe from inside a cluster. */
#ifndef PS_CORE_ADDRESS_GUARD_H
#define PS_CORE_ADDRESS_GUARD_H
#include <stdbool.h>

struct sockaddr;

/* True unless address is an IPv4 or IPv6 address of the public unicast internet: private, loopback,
 * link-local, shared (100.64/10), multicast, documentation and reserved ranges are private, and so
 * is an IPv6 address that carries such an IPv4 address, and any other family. */
bool ps_address_is_private(const struct sockaddr *address);

#endif
