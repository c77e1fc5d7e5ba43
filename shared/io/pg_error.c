#include "shared/io/pg_private.h"

#include <string.h>

enum { SQLSTATE_LEN = 5 };

struct rule {
    const char *prefix; /* of the SQLSTATE; the first that fits counts */
    int code;
    enum ps_failure category;
    bool drop;
};

/* PostgreSQL, appendix A. A connection that reached the wrong server (25006: a standby) is dropped
 * so that the next one looks the address up again. 57P0x can come while the commit is under way, so
 * that nobody knows whether it happened. */
static const struct rule rules[] = {
    {"PS001",  PS_PG_ERR_FENCED, PS_FAILURE_UNKNOWN,       false},
    { "PS003", PS_PG_ERR_EARLY,  PS_FAILURE_UNKNOWN,       false},
    { "25006", PS_PG_ERR_SQL,    PS_FAILURE_NETWORK,       true },
    { "57P",   PS_PG_ERR_LOST,   PS_FAILURE_NETWORK,       true },
    { "08",    PS_PG_ERR_LOST,   PS_FAILURE_NETWORK,       true },
    { "57014", PS_PG_ERR_SQL,    PS_FAILURE_TIMEOUT,       false},
    { "55P03", PS_PG_ERR_SQL,    PS_FAILURE_TIMEOUT,       false},
    { "53",    PS_PG_ERR_SQL,    PS_FAILURE_NETWORK,       false},
    { "58",    PS_PG_ERR_SQL,    PS_FAILURE_NETWORK,       false},
    { "28",    PS_PG_ERR_SQL,    PS_FAILURE_CONFIGURATION, false},
    { "3D000", PS_PG_ERR_SQL,    PS_FAILURE_CONFIGURATION, false},
    { "3F000", PS_PG_ERR_SQL,    PS_FAILURE_CONFIGURATION, false},
    { "22P05", PS_PG_ERR_SQL,    PS_FAILURE_CONFIGURATION, false},
    { "42501", PS_PG_ERR_SQL,    PS_FAILURE_CONFIGURATION, false},
    { "",      PS_PG_ERR_SQL,    PS_FAILURE_UNKNOWN,       false},
};

static const struct rule *rule_of(const char *sqlstate)
{
    size_t i = 0;

    while (strncmp(sqlstate, rules[i].prefix, strlen(rules[i].prefix)) != 0)
        i++;
    return &rules[i];
}

bool ps_pg_error_of_result(const PGresult *result, struct ps_err *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const struct rule *rule = rule_of(sqlstate ? sqlstate : "08"); /* libpq's own have none */

    (void)ps_fail(err, rule->category, rule->code, "SQLSTATE %s: %s", sqlstate ? sqlstate : "08000",
                  message ? message : "connection lost");
    return rule->drop;
}

bool ps_pg_error_stands(const struct ps_err *err)
{
    static const char mark[] = "SQLSTATE ";
    static const char *const standing[] = { "53", "58", "55P03", "42501", "3F000", "22P05" };

    if (strncmp(err->what, mark, sizeof(mark) - 1) != 0)
        return false;
    for (size_t i = 0; i < PS_COUNT_OF(standing); i++) {
        if (strncmp(err->what + sizeof(mark) - 1, standing[i], strlen(standing[i])) == 0)
            return true;
    }
    return false;
}

/* A pooler has one SQLSTATE (08P01) for whatever it refuses; its text distinguishes a wrong
 * password from a server that is away. */
static bool pooler_refuses(const char *message)
{
    static const char *const words[] = { "authentication failed", "no such user",
                                         "no such database", "not allowed" };

    for (size_t i = 0; i < PS_COUNT_OF(words); i++) {
        if (strstr(message, words[i]))
            return true;
    }
    return false;
}

/* "…FATAL:  28P01: password …": libpq gives a failed connection's SQLSTATE in its text alone. */
static const char *sqlstate_in(const char *text, char out_sqlstate[SQLSTATE_LEN + 1])
{
    const char *at;

    for (at = strstr(text, ":  "); at; at = strstr(at + 1, ":  ")) {
        const char *code = at + 3;

        if (strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == SQLSTATE_LEN &&
            strncmp(code + SQLSTATE_LEN, ": ", 2) == 0) {
            memcpy(out_sqlstate, code, SQLSTATE_LEN);
            out_sqlstate[SQLSTATE_LEN] = '\0';
            return code + SQLSTATE_LEN + 2;
        }
    }
    return NULL;
}

void ps_pg_error_of_connect(const PGconn *pg, struct ps_err *err)
{
    const char *text = PQerrorMessage(pg), *message;
    char sqlstate[SQLSTATE_LEN + 1];
    enum ps_failure category = PS_FAILURE_NETWORK;

    message = sqlstate_in(text, sqlstate);
    if (message) {
        category = rule_of(sqlstate)->category;
        if (category == PS_FAILURE_UNKNOWN)
            category = PS_FAILURE_NETWORK;
        if (strncmp(sqlstate, "08", 2) == 0 && pooler_refuses(message))
            category = PS_FAILURE_CONFIGURATION;
        (void)ps_fail(err, category, PS_PG_ERR_OFFLINE, "SQLSTATE %s: %.*s", sqlstate,
                      (int)strcspn(message, "\n"), message);
    } else {
        (void)ps_fail(err, category, PS_PG_ERR_OFFLINE, "%.*s", (int)strcspn(text, "\n"),
                      *text ? text : "connection closed");
    }
}
