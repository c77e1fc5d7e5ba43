#include "shared/core/alloc.h"
#include "shared/io/log.h"
#include "shared/io/migrations.h"
#include "shared/io/pg_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Advisory lock of whoever changes the schema: "paperscout" in no particular code. */
#define SCHEMA_LOCK "7881170011"

void ps_pg_setup_init(struct ps_pg_setup *setup, enum ps_pg_schema schema,
                      int64_t statement_timeout_ms)
{
    static const enum ps_pg_setup_step first[] = { [PS_PG_SCHEMA_NONE] = PS_PG_SETUP_SETTINGS,
                                                   [PS_PG_SCHEMA_FOREIGN] = PS_PG_SETUP_SETTINGS,
                                                   [PS_PG_SCHEMA_AWAIT] = PS_PG_SETUP_LIST,
                                                   [PS_PG_SCHEMA_FOUND] = PS_PG_SETUP_LIST,
                                                   [PS_PG_SCHEMA_MIGRATE] = PS_PG_SETUP_LOCK };

    setup->schema = schema;
    setup->step = first[schema];
    setup->statement_timeout_ms = statement_timeout_ms;
    setup->applied = ps_alloc_zero(ps_migration_count + 1, sizeof(bool));
}

void ps_pg_setup_clear(struct ps_pg_setup *setup)
{
    free(setup->applied);
    setup->applied = NULL;
}

static size_t first_missing(const struct ps_pg_setup *setup)
{
    size_t i = 0;

    while (i < ps_migration_count && setup->applied[i])
        i++;
    return i;
}

/* Several statements in one simple query are one transaction: a migration is applied and noted, or
 * neither. */
static char *apply_sql(const struct ps_pg_setup *setup)
{
    const struct ps_migration *migration = &ps_migrations[first_missing(setup)];

    return ps_alloc_format("%s\n;INSERT INTO schema_version (name) VALUES ('%s')", migration->sql,
                           migration->name);
}

char *ps_pg_setup_sql(const struct ps_pg_setup *setup)
{
    switch (setup->step) {
    case PS_PG_SETUP_LOCK:
        return ps_alloc_text("SELECT pg_advisory_lock(" SCHEMA_LOCK ")");
    case PS_PG_SETUP_TABLE:
        return ps_alloc_text("CREATE TABLE IF NOT EXISTS schema_version (name text PRIMARY KEY, "
                             "applied_at timestamptz NOT NULL DEFAULT now())");
    case PS_PG_SETUP_LIST:
        return ps_alloc_text("SELECT name FROM schema_version");
    case PS_PG_SETUP_APPLY:
        return apply_sql(setup);
    case PS_PG_SETUP_UNLOCK:
        return ps_alloc_text("SELECT pg_advisory_unlock(" SCHEMA_LOCK ")");
    case PS_PG_SETUP_SETTINGS:
        /* A client that went away stops being worked for. */
        return ps_alloc_format("SET TIME ZONE 'UTC'; SET statement_timeout = %" PRId64 "%s",
                               setup->statement_timeout_ms,
                               setup->schema == PS_PG_SCHEMA_FOREIGN
                                   ? "; SET default_transaction_read_only = on"
                                   : "");
    case PS_PG_SETUP_DONE:
        break;
    }
    return NULL;
}

bool ps_pg_setup_patient(const struct ps_pg_setup *setup)
{
    return setup->step == PS_PG_SETUP_LOCK || setup->step == PS_PG_SETUP_APPLY;
}

/* Names that this program does not know belong to a newer one, which is fine. */
static void note_applied(struct ps_pg_setup *setup, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        for (size_t i = 0; i < ps_migration_count; i++) {
            if (strcmp(PQgetvalue(result, row, 0), ps_migrations[i].name) == 0)
                setup->applied[i] = true;
        }
    }
}

static bool undefined_table(const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return sqlstate && strcmp(sqlstate, "42P01") == 0;
}

static void listed(struct ps_pg_setup *setup, bool *out_wait, struct ps_err *err)
{
    size_t missing = first_missing(setup);

    if (setup->schema == PS_PG_SCHEMA_FOUND && missing == 0) {
        setup->schema = PS_PG_SCHEMA_MIGRATE;
        setup->step = PS_PG_SETUP_LOCK;
    } else if (setup->schema == PS_PG_SCHEMA_MIGRATE) {
        setup->step = missing < ps_migration_count ? PS_PG_SETUP_APPLY : PS_PG_SETUP_UNLOCK;
    } else if (missing == ps_migration_count) {
        setup->step = PS_PG_SETUP_SETTINGS;
    } else {
        *out_wait = true;
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, PS_PG_ERR_OFFLINE,
                      "its tables are not made yet (%s is missing); a scheduler makes them",
                      ps_migrations[missing].name);
    }
}

bool ps_pg_setup_step(struct ps_pg_setup *setup, const PGresult *result, bool *out_wait,
                      struct ps_err *err)
{
    ExecStatusType status = PQresultStatus(result);

    *out_wait = false;
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        if (setup->step == PS_PG_SETUP_LIST && undefined_table(result)) {
            listed(setup, out_wait, err);
            return true;
        }
        (void)ps_pg_error_of_result(result, err);
        return false;
    }
    switch (setup->step) {
    case PS_PG_SETUP_LOCK:
        setup->step = PS_PG_SETUP_TABLE;
        break;
    case PS_PG_SETUP_TABLE:
        setup->step = PS_PG_SETUP_LIST;
        break;
    case PS_PG_SETUP_LIST:
        note_applied(setup, result);
        listed(setup, out_wait, err);
        break;
    case PS_PG_SETUP_APPLY:
        PS_LOG(MIGRATION, F_TEXT("name", ps_migrations[first_missing(setup)].name));
        setup->applied[first_missing(setup)] = true;
        listed(setup, out_wait, err);
        break;
    case PS_PG_SETUP_UNLOCK:
        setup->step = PS_PG_SETUP_SETTINGS;
        break;
    case PS_PG_SETUP_SETTINGS:
        setup->step = PS_PG_SETUP_DONE;
        break;
    case PS_PG_SETUP_DONE:
        break;
    }
    return true;
}
