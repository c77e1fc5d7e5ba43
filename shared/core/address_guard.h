/* Distinguishes private network addresses from public ones.
 *
 * Place in the data flow: the HTTP client checks each address that a name resolves to, before it
 * connects. A redirect or a DNS answer must not lead a program inside a cluster to the cloud's
 * metadata service or to an internal server (server-side request forgery). Pure. */
#ifndef PS_CORE_ADDRESS_GUARD_H
#define PS_CORE_ADDRESS_GUARD_H
#include <stdbool.h>

struct sockaddr;

/* Returns false only for an IPv4 or IPv6 address of the public unicast internet. Private, loopback,
 * link-local, shared (100.64/10), multicast, documentation and reserved ranges count as private. So
 * do IPv6 addresses that embed such an IPv4 address, and all other address families. */
bool ps_address_is_private(const struct sockaddr *address);

#endif
