#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/io/pg_private.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECT_TIMEOUT_MAX_S = 3600 };

/* Where the URL says nothing. A silent peer is noticed within about a minute (idle) or half of one
 * (with data on the way). */
static const struct {
    const char *keyword, *value;
} defaults[] = {
    {"client_encoding",      "UTF8" },
    { "keepalives",          "1"    },
    { "keepalives_idle",     "30"   },
    { "keepalives_interval", "10"   },
    { "keepalives_count",    "3"    },
    { "tcp_user_timeout",    "30000"},
};

static void add(struct ps_pg_target *target, const char *keyword, const char *value)
{
    target->keywords = ps_alloc_array(target->keywords, target->count + 2, sizeof(char *));
    target->values = ps_alloc_array(target->values, target->count + 2, sizeof(char *));
    target->keywords[target->count] = ps_alloc_text(keyword);
    target->values[target->count++] = ps_alloc_text(value);
    target->keywords[target->count] = target->values[target->count] = NULL;
}

static bool has(const struct ps_pg_target *target, const char *keyword)
{
    for (size_t i = 0; i < target->count; i++) {
        if (strcmp(target->keywords[i], keyword) == 0)
            return true;
    }
    return false;
}

/* The part of a comma-separated list at place; "" past its end, and what there is when it has one
 * part only (libpq uses one port for all hosts). */
static char *part(const char *list, size_t place, bool one_for_all)
{
    struct ps_str rest = ps_str_of(list), item = { "", 0 };

    if (one_for_all && list && !strchr(list, ','))
        return ps_alloc_text(list);
    for (size_t i = 0; i <= place; i++) {
        if (!ps_str_next(&rest, ',', &item))
            return ps_alloc_text("");
    }
    return item.len ? ps_alloc_copy(item.data, item.len) : ps_alloc_text("");
}

static void split_hosts(struct ps_pg_target *target, const char *host, const char *hostaddr,
                        const char *port)
{
    size_t count = 1;

    for (const char *list = host && *host ? host : hostaddr; list && *list; list++)
        count += *list == ',';

    target->hosts = ps_alloc_zero(count, sizeof(char *));
    target->ports = ps_alloc_zero(count, sizeof(char *));
    target->addresses = ps_alloc_zero(count, sizeof(char *));
    target->host_count = count;
    for (size_t i = 0; i < count; i++) {
        char *address = part(hostaddr, i, false);

        target->hosts[i] = part(host, i, false);
        target->ports[i] = part(port, i, true);
        if (*address)
            target->addresses[i] = address;
        else
            free(address);
    }
}

/* A pool that writes and asks for a server that cannot would wait without end. */
static bool check_session_attrs(const char *value, bool foreign, struct ps_err *err)
{
    static const char *const fit[] = { "any", "read-write", "primary" };

    for (size_t i = 0; i < PS_COUNT_OF(fit); i++) {
        if (strcmp(value, fit[i]) == 0)
            return true;
    }
    return foreign ||
           ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                   "target_session_attrs=%.32s in the database URL: paperscout writes; use "
                   "read-write, primary or any",
                   value);
}

bool ps_pg_target_parse(struct ps_pg_target *target, const char *url, const char *application_name,
                        bool foreign, struct ps_err *err)
{
    const char *host = NULL, *hostaddr = NULL, *port = NULL;
    int64_t seconds;
    char *message = NULL; /* quotes the URL */
    PQconninfoOption *options = PQconninfoParse(url, &message);

    PQfreemem(message);
    if (!options)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "the database URL cannot be read");
    for (const PQconninfoOption *option = options; option->keyword; option++) {
        if (option->val && strcmp(option->keyword, "target_session_attrs") == 0 &&
            !check_session_attrs(option->val, foreign, err)) {
            PQconninfoFree(options);
            return false;
        }
    }
    memset(target, 0, sizeof(*target));
    for (const PQconninfoOption *option = options; option->keyword; option++) {
        if (!option->val)
            continue;
        if (strcmp(option->keyword, "host") == 0)
            host = option->val;
        else if (strcmp(option->keyword, "hostaddr") == 0)
            hostaddr = option->val;
        else if (strcmp(option->keyword, "port") == 0)
            port = option->val;
        else
            add(target, option->keyword, option->val);
        if (strcmp(option->keyword, "connect_timeout") == 0 &&
            ps_str_int(ps_str_of(option->val), 1, CONNECT_TIMEOUT_MAX_S, &seconds))
            target->connect_timeout_ms = seconds * 1000;
    }
    split_hosts(target, host, hostaddr, port);
    PQconninfoFree(options);
    if (application_name && !has(target, "application_name"))
        add(target, "application_name", application_name);
    for (size_t i = 0; i < PS_COUNT_OF(defaults); i++) {
        if (!has(target, defaults[i].keyword))
            add(target, defaults[i].keyword, defaults[i].value);
    }
    return true;
}

extern char **environ;

char *ps_pg_ignore_environment(void)
{
    char *names = NULL;

    for (char **pair = environ; *pair != NULL;) {
        const char *end = strchr(*pair, '=');
        char *name, *longer;

        if (end == NULL || strncmp(*pair, "PG", 2) != 0 ||
            strspn(*pair, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != (size_t)(end - *pair)) {
            pair++;
            continue;
        }
        name = ps_alloc_copy(*pair, (size_t)(end - *pair));
        longer =
            ps_alloc_format("%s%s%s", names == NULL ? "" : names, names == NULL ? "" : ",", name);
        free(names);
        names = longer;
        (void)unsetenv(name); /* which moves the rest up */
        free(name);
        pair = environ;
    }
    return names;
}

static void texts_free(char **texts, size_t count)
{
    for (size_t i = 0; texts && i < count; i++)
        free(texts[i]);
    free(texts);
}

void ps_pg_target_clear(struct ps_pg_target *target)
{
    texts_free(target->keywords, target->count);
    texts_free(target->values, target->count);
    texts_free(target->hosts, target->host_count);
    texts_free(target->ports, target->host_count);
    texts_free(target->addresses, target->host_count);
    memset(target, 0, sizeof(*target));
}

const char *ps_pg_target_lookup(const struct ps_pg_target *target, size_t host)
{
    const char *name = target->hosts[host];

    if (target->addresses[host])
        return target->addresses[host];
    return *name == '\0' || *name == '/' || *name == '@' ? NULL : name;
}

char *ps_pg_target_name(const struct ps_pg_target *target, size_t host, const char *address)
{
    const char *name = *target->hosts[host] ? target->hosts[host] : "the default host";
    const char *port = *target->ports[host] ? target->ports[host] : "5432";

    return address && strcmp(address, name) != 0
               ? ps_alloc_format("%s (%s) port %s", name, address, port)
               : ps_alloc_format("%s port %s", name, port);
}

PGconn *ps_pg_target_connect(const struct ps_pg_target *target, size_t host, const char *address)
{
    struct ps_pg_target whole = { 0 };
    PGconn *pg;

    for (size_t i = 0; i < target->count; i++)
        add(&whole, target->keywords[i], target->values[i]);
    add(&whole, "host", target->hosts[host]);
    add(&whole, "hostaddr", address ? address : "");
    add(&whole, "port", target->ports[host]);
    pg = PQconnectStartParams((const char *const *)whole.keywords,
                              (const char *const *)whole.values, 0);
    ps_pg_target_clear(&whole);
    if (!pg)
        abort();
    return pg;
}
