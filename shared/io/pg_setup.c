#include "embedded/shared_sql.h"
#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/io/log.h"
#include "shared/io/migrations.h"
#include "shared/io/pg_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APPLY_PATIENCE_MS = 10 * 60 * 1000 };
#define LOCK_WAIT  "3s"  /* then the wait is reported, and begins again */
#define TABLE_WAIT "30s" /* for a table that somebody else holds */

void ps_pg_setup_init(struct ps_pg_setup *setup, enum ps_pg_schema schema)
{
    setup->history[0] = '\0';
    setup->log_position = 0;
    setup->backend = 0;
    setup->schema = schema;
    setup->step = PS_PG_SETUP_FACTS;
    setup->applied = ps_alloc_zero(ps_migration_count + 1, sizeof(bool));
    setup->fresh = ps_alloc_zero(ps_migration_count + 1, sizeof(bool));
}

void ps_pg_setup_clear(struct ps_pg_setup *setup)
{
    free(setup->applied);
    free(setup->fresh);
    setup->applied = setup->fresh = NULL;
}

bool ps_pg_setup_send_prelude(PGconn *pg, enum ps_pg_schema schema, int64_t statement_timeout_ms)
{
    char statement_timeout[PS_PG_INT_TEXT], lock_timeout[PS_PG_INT_TEXT];
    /* A statement that waits for a lock must fail with the error of a held lock, which names the
     * cause; so the lock's time ends first. */
    const char *const params[] = { ps_pg_int_text(statement_timeout, statement_timeout_ms),
                                   ps_pg_int_text(lock_timeout, statement_timeout_ms -
                                                                    statement_timeout_ms / 4) };

    return PQsendQueryParams(pg,
                             schema == PS_PG_SCHEMA_FOREIGN ? ps_sql_text_pg_prelude_foreign
                                                            : ps_sql_text_pg_prelude,
                             PS_COUNT_OF(params), NULL, params, NULL, NULL, 0) == 1;
}

static size_t first_missing(const struct ps_pg_setup *setup)
{
    size_t i = 0;

    while (i < ps_migration_count && setup->applied[i])
        i++;
    return i;
}

char *ps_pg_setup_sql(const struct ps_pg_setup *setup)
{
    const struct ps_migration *migration;

    switch (setup->step) {
    case PS_PG_SETUP_FACTS:
        return ps_alloc_text(ps_sql_text_pg_facts);
    case PS_PG_SETUP_LIST:
    case PS_PG_SETUP_LIST_AGAIN:
        return ps_alloc_text(ps_sql_text_pg_migrations);
    case PS_PG_SETUP_LOCK:
        /* All that is missing is one transaction: it is applied and noted, or nothing is, and the
         * lock ends with it, on whatever server connection that was. */
        return ps_alloc_format("BEGIN; SET LOCAL statement_timeout = %d; "
                               "SET LOCAL lock_timeout = '" LOCK_WAIT "'; "
                               "%s; SET LOCAL lock_timeout = '" TABLE_WAIT "'",
                               APPLY_PATIENCE_MS, ps_sql_text_pg_lock);
    case PS_PG_SETUP_TABLE:
        return ps_alloc_text("CREATE TABLE IF NOT EXISTS schema_version (name text PRIMARY KEY, "
                             "applied_at timestamptz NOT NULL DEFAULT now())");
    case PS_PG_SETUP_APPLY:
        migration = &ps_migrations[first_missing(setup)];
        return ps_alloc_format("%s\n;INSERT INTO schema_version (name) VALUES ('%s')",
                               migration->sql, migration->name);
    case PS_PG_SETUP_COMMIT:
        return ps_alloc_text("COMMIT");
    case PS_PG_SETUP_ROLLBACK:
        return ps_alloc_text("ROLLBACK");
    case PS_PG_SETUP_HOLDER:
        return ps_alloc_text(ps_sql_text_pg_lock_holder);
    case PS_PG_SETUP_DONE:
        break;
    }
    return NULL;
}

int64_t ps_pg_setup_patience_ms(const struct ps_pg_setup *setup)
{
    return setup->step == PS_PG_SETUP_APPLY || setup->step == PS_PG_SETUP_COMMIT ? APPLY_PATIENCE_MS
                                                                                 : 0;
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

/* The database is looked at; is there anything to do? */
static void decide(struct ps_pg_setup *setup, bool *out_wait, struct ps_err *err)
{
    size_t missing = first_missing(setup);
    bool any_applied = false;

    for (size_t i = 0; i < ps_migration_count; i++)
        any_applied = any_applied || setup->applied[i];
    if (missing == ps_migration_count) {
        setup->step = PS_PG_SETUP_DONE;
    } else if (setup->schema == PS_PG_SCHEMA_MIGRATE ||
               (setup->schema == PS_PG_SCHEMA_FOUND && !any_applied)) {
        setup->step = PS_PG_SETUP_LOCK;
    } else {
        setup->step = PS_PG_SETUP_FACTS;
        *out_wait = true;
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, PS_PG_ERR_OFFLINE,
                      "its tables are not made yet (%s is missing); a scheduler makes them",
                      ps_migrations[missing].name);
    }
}

static bool is_on(const PGresult *result, int column)
{
    const char *value = PQgetvalue(result, 0, column);

    return strcmp(value, "t") == 0 || strcmp(value, "on") == 0;
}

static bool take_facts(struct ps_pg_setup *setup, const PGresult *result, bool *out_wait,
                       struct ps_err *err)
{
    const char *encoding = PQgetvalue(result, 0, PS_SQL_PG_FACTS_ENCODING);
    int64_t backend;

    if (ps_str_int(ps_str_of(PQgetvalue(result, 0, PS_SQL_PG_FACTS_BACKEND)), 1, INT32_MAX,
                   &backend))
        setup->backend = (int)backend;
    if (setup->schema == PS_PG_SCHEMA_FOREIGN) {
        setup->step = PS_PG_SETUP_DONE;
        return true;
    }
    (void)snprintf(setup->history, sizeof(setup->history), "%s",
                   PQgetvalue(result, 0, PS_SQL_PG_FACTS_HISTORY));
    if (!ps_str_int(ps_str_of(PQgetvalue(result, 0, PS_SQL_PG_FACTS_LOG_POSITION)), 0, INT64_MAX,
                    &setup->log_position))
        setup->history[0] = '\0'; /* nothing to compare */
    if (strcmp(encoding, "UTF8") != 0)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, PS_PG_ERR_OFFLINE,
                       "database \"%.40s\" has the encoding %.16s; titles and names need UTF8: "
                       "CREATE DATABASE paperscout ENCODING 'UTF8' TEMPLATE template0",
                       PQgetvalue(result, 0, PS_SQL_PG_FACTS_DATABASE), encoding);
    if (is_on(result, PS_SQL_PG_FACTS_RECOVERY))
        return ps_fail(err, PS_FAILURE_NETWORK, PS_PG_ERR_OFFLINE,
                       "the database takes no writes: the server is a standby (in recovery)");
    if (is_on(result, PS_SQL_PG_FACTS_READ_ONLY))
        return ps_fail(err, PS_FAILURE_NETWORK, PS_PG_ERR_OFFLINE,
                       "the database takes no writes (default_transaction_read_only is on)");
    if (setup->schema == PS_PG_SCHEMA_NONE)
        setup->step = PS_PG_SETUP_DONE;
    else if (is_on(result, PS_SQL_PG_FACTS_MIGRATED))
        setup->step = PS_PG_SETUP_LIST;
    else
        decide(setup, out_wait, err);
    return true;
}

static void take_holder(struct ps_pg_setup *setup, const PGresult *result, bool *out_wait,
                        struct ps_err *err)
{
    const char *pid =
        PQntuples(result) == 0 ? "" : PQgetvalue(result, 0, PS_SQL_PG_LOCK_HOLDER_PID);

    setup->step = PS_PG_SETUP_FACTS;
    *out_wait = true;
    if (PQntuples(result) == 0)
        (void)ps_fail(err, PS_FAILURE_TIMEOUT, PS_PG_ERR_OFFLINE,
                      "waits for the lock of another program's migration");
    else
        (void)ps_fail(err, PS_FAILURE_TIMEOUT, PS_PG_ERR_OFFLINE,
                      "waits for the migration lock, held by server process %s (%.60s); if that is "
                      "no migration: SELECT pg_terminate_backend(%s)",
                      pid, PQgetvalue(result, 0, PS_SQL_PG_LOCK_HOLDER_APPLICATION_NAME), pid);
}

static bool has_sqlstate(const PGresult *result, const char *wanted)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    return sqlstate && strcmp(sqlstate, wanted) == 0;
}

static bool refused(struct ps_pg_setup *setup, const PGresult *result, struct ps_err *err)
{
    if (setup->step == PS_PG_SETUP_LOCK && has_sqlstate(result, "55P03")) {
        setup->step = PS_PG_SETUP_ROLLBACK;
        return true;
    }
    (void)ps_pg_error_of_result(result, err);
    if ((setup->step == PS_PG_SETUP_TABLE || setup->step == PS_PG_SETUP_APPLY) &&
        (has_sqlstate(result, "42501") || has_sqlstate(result, "3F000"))) {
        struct ps_err why = *err;

        (void)ps_fail(err, why.category, why.code,
                      "%.110s; run the scheduler once as the owner (deploy/POSTGRES.md)", why.what);
    } else if (setup->step == PS_PG_SETUP_APPLY) {
        struct ps_err why = *err;

        (void)ps_fail(err, why.category, why.code, "%s; migration %s", why.what,
                      ps_migrations[first_missing(setup)].name);
    }
    return false;
}

/* Under the lock, in the transaction. */
static void apply_or_commit(struct ps_pg_setup *setup)
{
    setup->step =
        first_missing(setup) < ps_migration_count ? PS_PG_SETUP_APPLY : PS_PG_SETUP_COMMIT;
}

bool ps_pg_setup_step(struct ps_pg_setup *setup, const PGresult *result, bool *out_wait,
                      struct ps_err *err)
{
    ExecStatusType status = PQresultStatus(result);
    size_t missing;

    *out_wait = false;
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return refused(setup, result, err);
    switch (setup->step) {
    case PS_PG_SETUP_FACTS:
        return take_facts(setup, result, out_wait, err);
    case PS_PG_SETUP_LIST:
        note_applied(setup, result);
        decide(setup, out_wait, err);
        break;
    case PS_PG_SETUP_LOCK:
        setup->step = PS_PG_SETUP_TABLE;
        break;
    case PS_PG_SETUP_TABLE:
        setup->step = PS_PG_SETUP_LIST_AGAIN;
        break;
    case PS_PG_SETUP_LIST_AGAIN:
        note_applied(setup, result);
        apply_or_commit(setup);
        break;
    case PS_PG_SETUP_APPLY:
        missing = first_missing(setup);
        setup->applied[missing] = setup->fresh[missing] = true;
        apply_or_commit(setup);
        break;
    case PS_PG_SETUP_COMMIT:
        for (size_t i = 0; i < ps_migration_count; i++)
            if (setup->fresh[i])
                PS_LOG(MIGRATION, F_TEXT("name", ps_migrations[i].name));
        setup->step = PS_PG_SETUP_DONE;
        break;
    case PS_PG_SETUP_ROLLBACK:
        setup->step = PS_PG_SETUP_HOLDER;
        break;
    case PS_PG_SETUP_HOLDER:
        take_holder(setup, result, out_wait, err);
        break;
    case PS_PG_SETUP_DONE:
        break;
    }
    return true;
}
