#include "shared/core/address_guard.h"
#include "shared/core/base.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static const struct {
    const char *address;
    bool is_private;
} cases[] = {
    {"0.0.0.0",                 true },
    { "0.255.255.255",          true },
    { "1.0.0.1",                false},
    { "8.8.8.8",                false},
    { "9.255.255.255",          false},
    { "10.0.0.1",               true },
    { "10.255.255.255",         true },
    { "11.0.0.1",               false},
    { "100.63.255.255",         false},
    { "100.64.0.0",             true },
    { "100.127.255.255",        true },
    { "100.128.0.0",            false},
    { "127.0.0.1",              true },
    { "127.8.9.10",             true },
    { "128.0.0.1",              false},
    { "169.253.255.255",        false},
    { "169.254.169.254",        true },
    { "172.15.255.255",         false},
    { "172.16.0.1",             true },
    { "172.31.255.255",         true },
    { "172.32.0.0",             false},
    { "192.0.0.8",              true },
    { "192.0.1.1",              false},
    { "192.0.2.1",              true },
    { "192.88.99.1",            true },
    { "192.167.255.255",        false},
    { "192.168.0.1",            true },
    { "198.17.255.255",         false},
    { "198.18.0.1",             true },
    { "198.19.255.255",         true },
    { "198.20.0.0",             false},
    { "198.51.100.7",           true },
    { "203.0.113.7",            true },
    { "203.0.114.7",            false},
    { "223.255.255.255",        false},
    { "224.0.0.1",              true },
    { "240.0.0.1",              true },
    { "255.255.255.255",        true },
    { "::",                     true },
    { "::1",                    true },
    { "::7f00:1",               true },
    { "::ffff:127.0.0.1",       true },
    { "::ffff:10.1.2.3",        true },
    { "::ffff:169.254.169.254", true },
    { "::ffff:8.8.8.8",         false},
    { "64:ff9b::10.0.0.1",      true },
    { "64:ff9b::8.8.8.8",       false},
    { "64:ff9b:1::8.8.8.8",     true },
    { "100::1",                 true },
    { "2001::1",                true },
    { "2001:1ff::1",            true },
    { "2001:200::1",            false},
    { "2001:db9::1",            false},
    { "3ffe::1",                false},
    { "3fff:1000::1",           false},
    { "2001:db8::1",            true },
    { "2001:4860:4860::8888",   false},
    { "2002:7f00:1::",          true },
    { "2002:808:808::",         false},
    { "2606:4700::1",           false},
    { "3fff:fff::1",            true },
    { "5f00::1",                true },
    { "5f01::1",                false},
    { "fbff::1",                false},
    { "fc00::1",                true },
    { "fdff:ffff::1",           true },
    { "fe80::1",                true },
    { "febf::1",                true },
    { "fec0::1",                true },
    { "ff02::1",                true },
};

static void only_public_unicast_addresses_are_public(void **state)
{
    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        union {
            struct sockaddr any;
            struct sockaddr_in v4;
            struct sockaddr_in6 v6;
        } address;

        memset(&address, 0, sizeof(address));
        if (strchr(cases[i].address, ':')) {
            address.v6.sin6_family = AF_INET6;
            assert_int_equal(inet_pton(AF_INET6, cases[i].address, &address.v6.sin6_addr), 1);
        } else {
            address.v4.sin_family = AF_INET;
            assert_int_equal(inet_pton(AF_INET, cases[i].address, &address.v4.sin_addr), 1);
        }
        if (ps_address_is_private(&address.any) != cases[i].is_private)
            fail_msg("%s", cases[i].address);
    }
}

static void other_address_families_are_private(void **state)
{
    struct sockaddr address = { .sa_family = AF_UNIX };

    (void)state;
    assert_true(ps_address_is_private(&address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_public_unicast_addresses_are_public),
        cmocka_unit_test(other_address_families_are_private),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
