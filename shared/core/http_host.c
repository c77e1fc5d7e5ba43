#include "shared/core/http_host.h"

#include "shared/core/str.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { ADDRESS_TEXT = 64 };

static const char localhost[] = "localhost";

/* "host:8080", "[::1]:8080" without port and brackets; a dot at the end is the root's. False for
 * what is no host. */
static bool host_of(struct ps_str header, struct ps_str *out_host, bool *out_v6)
{
    const char *end;
    size_t len = header.len;

    *out_v6 = len > 0 && header.data[0] == '[';
    if (*out_v6) {
        end = memchr(header.data, ']', len);
        if (end == NULL)
            return false;
        *out_host = (struct ps_str){ header.data + 1, (size_t)(end - header.data) - 1 };
        len -= (size_t)(end - header.data) + 1;
        header.data = end + 1;
    } else {
        end = memchr(header.data, ':', len);
        *out_host = (struct ps_str){ header.data, end ? (size_t)(end - header.data) : len };
        len -= out_host->len;
        header.data += out_host->len;
    }
    if (out_host->len > 1 && out_host->data[out_host->len - 1] == '.')
        out_host->len--;
    return out_host->len > 0 &&
           (len == 0 || (header.data[0] == ':' &&
                         (len == 1 || ps_str_digits((struct ps_str){ header.data + 1, len - 1 }))));
}

static bool is_address(struct ps_str host, bool v6)
{
    unsigned char address[sizeof(struct in6_addr)];
    char text[ADDRESS_TEXT];

    if (host.len >= sizeof(text))
        return false;
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return inet_pton(v6 ? AF_INET6 : AF_INET, text, address) == 1;
}

static bool is_local_name(struct ps_str host)
{
    const size_t len = sizeof(localhost) - 1;

    if (host.len < len || strncasecmp(host.data + host.len - len, localhost, len) != 0)
        return false;
    return host.len == len || host.data[host.len - len - 1] == '.';
}

/* Letters, digits, '-' and '_', with a letter among them: "2130706433" is an address to some. */
static bool is_plain_name(struct ps_str host)
{
    bool letter = false;

    for (size_t i = 0; i < host.len; i++) {
        char c = host.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
        letter = letter || is_letter;
    }
    return letter;
}

bool ps_http_host_allowed(const char *header, const char *names)
{
    struct ps_str host, rest = ps_str_of(names != NULL ? names : ""), name;
    bool v6;

    if (header == NULL) /* HTTP/1.0; browsers always send one */
        return true;
    if (!host_of(ps_str_trim(ps_str_of(header)), &host, &v6))
        return false;
    if (is_address(host, v6) || (!v6 && (is_plain_name(host) || is_local_name(host))))
        return true;
    while (ps_str_next(&rest, ',', &name)) {
        name = ps_str_trim(name);
        if (name.len == host.len && strncasecmp(name.data, host.data, name.len) == 0)
            return true;
    }
    return false;
}

bool ps_http_host_is_loopback(const char *bind_host)
{
    struct ps_str host = ps_str_of(bind_host);

    return is_local_name(host) || strcmp(bind_host, "::1") == 0 ||
           (strncmp(bind_host, "127.", 4) == 0 && is_address(host, false));
}
