#include "shared/io/database_url.h"

#include "shared/core/str.h"

#include <libpq-fe.h>
#include <string.h>

enum { PORT_MAX = 65535, SECONDS_MAX = 2147483 /* libpq counts in milliseconds of an int */ };

/* The values that libpq allows, in the case that it wants; what it does not know (an older libpq)
 * it refuses itself, by name.
 */
static const struct {
    const char *keyword, *values;
} choices[] = {
    {"sslmode",                   "disable|allow|prefer|require|verify-ca|verify-full"     },
    { "channel_binding",          "disable|prefer|require"                                 },
    { "gssencmode",               "disable|prefer|require"                                 },
    { "sslnegotiation",           "postgres|direct"                                        },
    { "ssl_min_protocol_version", "TLSv1|TLSv1.1|TLSv1.2|TLSv1.3"                          },
    { "ssl_max_protocol_version", "TLSv1|TLSv1.1|TLSv1.2|TLSv1.3"                          },
    { "load_balance_hosts",       "disable|random"                                         },
    { "target_session_attrs",     "any|read-write|read-only|primary|standby|prefer-standby"},
};

static const char *const numbers[] = {
    "connect_timeout",     "keepalives",       "keepalives_idle",
    "keepalives_interval", "keepalives_count", "tcp_user_timeout"
};

static bool is_choice(const char *values, const char *value)
{
    struct ps_str rest = ps_str_of(values);
    struct ps_str part;

    while (ps_str_next(&rest, '|', &part))
        if (ps_str_is(part, value))
            return true;
    return false;
}

static size_t count_of(const char *list)
{
    size_t count = 1;

    for (; *list != '\0'; list++)
        count += *list == ',';
    return count;
}

/* One port for all hosts, or one for each; an empty one is the usual one. */
static bool check_ports(const char *setting, const char *ports, size_t hosts, struct ps_err *err)
{
    struct ps_str rest = ps_str_of(ports);
    struct ps_str part;
    int64_t port;

    while (ps_str_next(&rest, ',', &part)) {
        part = ps_str_trim(part);
        if (part.len > 0 && !ps_str_int(part, 1, PORT_MAX, &port))
            return ps_fail(
                err, PS_FAILURE_CONFIGURATION, 0,
                "%s: the port is not a number from 1 to %d (a '/' or '@' in a password is "
                "written %%2F or %%40)",
                setting, PORT_MAX);
    }
    if (count_of(ports) > 1 && count_of(ports) != hosts)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s: %zu ports for %zu hosts", setting,
                       count_of(ports), hosts);
    return true;
}

static bool check_option(const char *setting, const PQconninfoOption *option, struct ps_err *err)
{
    int64_t number;

    for (size_t i = 0; i < PS_COUNT_OF(choices); i++)
        if (strcmp(option->keyword, choices[i].keyword) == 0 &&
            !is_choice(choices[i].values, option->val))
            return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s: %s is not one of %s", setting,
                           option->keyword, choices[i].values);
    for (size_t i = 0; i < PS_COUNT_OF(numbers); i++)
        if (strcmp(option->keyword, numbers[i]) == 0 &&
            !ps_str_int(ps_str_trim(ps_str_of(option->val)), -1, SECONDS_MAX, &number))
            return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                           "%s: %s is not a whole number up to %d", setting, option->keyword,
                           SECONDS_MAX);
    return true;
}

static bool check_options(const char *setting, const PQconninfoOption *options, struct ps_err *err)
{
    const char *host = "", *address = "", *port = "";
    size_t hosts;

    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val == NULL || option->val[0] == '\0')
            continue;
        if (strcmp(option->keyword, "host") == 0)
            host = option->val;
        else if (strcmp(option->keyword, "hostaddr") == 0)
            address = option->val;
        else if (strcmp(option->keyword, "port") == 0)
            port = option->val;
        else if (!check_option(setting, option, err))
            return false;
    }
    hosts = count_of(host[0] != '\0' ? host : address);
    if (host[0] != '\0' && address[0] != '\0' && count_of(address) != hosts)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "%s: %zu addresses (hostaddr) for %zu hosts", setting, count_of(address),
                       hosts);
    return check_ports(setting, port, hosts, err);
}

bool ps_database_url_check(const char *setting, const char *text, struct ps_err *err)
{
    char *message = NULL; /* of libpq; it can quote the password */
    PQconninfoOption *options = PQconninfoParse(text, &message);
    bool ok;

    PQfreemem(message);
    if (options == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "%s: not readable; postgresql://user:password@host:port/name, or host=… "
                       "port=… user=… password=… dbname=…",
                       setting);
    ok = check_options(setting, options, err);
    PQconninfoFree(options);
    return ok;
}
