#include "shared/core/address_guard.h"

#include "shared/core/base.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct range4 {
    uint32_t network;
    int bits;
};

/* IANA's registries of special-purpose addresses (RFC 6890 and its successors). A range that is
 * added there must be added here; a range that is missing here can be reached from outside. */
static const struct range4 ranges4[] = {
    {0x00000000,  8 }, /* 0.0.0.0: this network */
    { 0x0A000000, 8 }, /* 10.0.0.0 */
    { 0x64400000, 10}, /* 100.64.0.0: carrier-grade NAT */
    { 0x7F000000, 8 }, /* 127.0.0.0 */
    { 0xA9FE0000, 16}, /* 169.254.0.0: link-local, clouds' metadata */
    { 0xAC100000, 12}, /* 172.16.0.0 */
    { 0xC0000000, 24}, /* 192.0.0.0 */
    { 0xC0000200, 24}, /* 192.0.2.0: documentation */
    { 0xC0586300, 24}, /* 192.88.99.0: 6to4 relays */
    { 0xC0A80000, 16}, /* 192.168.0.0 */
    { 0xC6120000, 15}, /* 198.18.0.0: benchmarks */
    { 0xC6336400, 24}, /* 198.51.100.0: documentation */
    { 0xCB007100, 24}, /* 203.0.113.0: documentation */
    { 0xE0000000, 3 }, /* 224.0.0.0: multicast, reserved, broadcast */
};

struct range6 {
    uint8_t network[16];
    int bits;
    int ipv4_at; /* offset of an embedded IPv4 address, which decides; -1: all are private */
};

static const struct range6 ranges6[] = {
    {{ [10] = 0xFF, [11] = 0xFF },            96, 12}, /* ::ffff:0:0: mapped IPv4 */
    { { 0x00, 0x64, 0xFF, 0x9B },             96, 12}, /* 64:ff9b::: NAT64 */
    { { 0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01 }, 48, -1}, /* 64:ff9b:1::: local NAT64 */
    { { 0x20, 0x02 },                         16, 2 }, /* 2002::: 6to4 */
    { { 0 },                                  96, -1}, /* ::, ::1, IPv4-compatible */
    { { 0x01, 0x00 },                         64, -1}, /* 100::: discard */
    { { 0x20, 0x01 },                         23, -1}, /* 2001::: Teredo, protocols */
    { { 0x20, 0x01, 0x0D, 0xB8 },             32, -1}, /* 2001:db8::: documentation */
    { { 0x3F, 0xFF },                         20, -1}, /* 3fff::: documentation */
    { { 0x5F, 0x00 },                         16, -1}, /* 5f00::: segment routing */
    { { 0xFC },                               7,  -1}, /* fc00::: unique local */
    { { 0xFE, 0x80 },                         9,  -1}, /* fe80::, fec0::: link, site */
    { { 0xFF },                               8,  -1}, /* multicast */
};

static bool private4(uint32_t address)
{
    for (size_t i = 0; i < PS_COUNT_OF(ranges4); i++) {
        if ((address ^ ranges4[i].network) >> (32 - ranges4[i].bits) == 0)
            return true;
    }
    return false;
}

static bool in_range6(const uint8_t *address, const struct range6 *range)
{
    size_t whole = (size_t)range->bits / 8;
    int rest = range->bits % 8;

    if (memcmp(address, range->network, whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ range->network[whole]) >> (8 - rest) == 0;
}

bool ps_address_is_private(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    uint32_t embedded;

    /* Copied, because the caller's storage may not be aligned for the wider types. */
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return private4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return true;
    memcpy(&v6, address, sizeof(v6));
    for (size_t i = 0; i < PS_COUNT_OF(ranges6); i++) {
        const struct range6 *range = &ranges6[i];

        if (!in_range6(v6.sin6_addr.s6_addr, range))
            continue;
        if (range->ipv4_at < 0)
            return true;
        memcpy(&embedded, v6.sin6_addr.s6_addr + range->ipv4_at, sizeof(embedded));
        return private4(ntohl(embedded));
    }
    return false;
}
