/* Every statement of a .sql file against the schema: PostgreSQL takes it, and its parameters and
 * columns are those that the header names. The C functions and constants are made of the headers.
 */
#include "embedded/notifier_sql.h"
#include "embedded/scheduler_sql.h"
#include "embedded/shared_sql.h"
#include "tests/support/pg_server.h"
#include "tests/support/servers.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAME_TEXT = 64 };

static struct ps_test_pg *server;
static PGconn *connection;

static const struct {
    Oid oid;
    const char *name;
} types[] = {
    {16,    "boolean"},
    { 20,   "bigint" },
    { 23,   "integer"},
    { 25,   "text"   },
    { 3802, "jsonb"  }
};

static const char *type_name(Oid oid)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].oid == oid)
            return types[i].name;
    return "a type that has no C type";
}

/* The tables of the Python service, which `paperscout import-legacy` reads. */
static void create_legacy_tables(void)
{
    PGresult *result = PQexec(
        connection,
        "CREATE TABLE paper_cache (key text PRIMARY KEY, data jsonb NOT NULL, "
        "written_at double precision NOT NULL);"
        "CREATE TABLE discovered_urls (url text PRIMARY KEY, last_modified double precision, "
        "discovered_at double precision NOT NULL);"
        "CREATE TABLE probe_miss_counts (paper_num text PRIMARY KEY, count integer NOT NULL);"
        "CREATE TABLE poll_state (id integer PRIMARY KEY, last_poll double precision NOT NULL);"
        "CREATE TABLE user_watchlist (slack_user_id text NOT NULL, entry text NOT NULL, "
        "entry_type text NOT NULL, created_at timestamptz NOT NULL);");

    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
}

static int set_up_all(void **state)
{
    struct ps_loop *loop = ps_loop_create();

    (void)state;
    server = ps_test_pg_start();
    ps_pg_destroy(ps_test_pg_pool(server, loop, 1)); /* creates the schema */
    ps_loop_destroy(loop);
    connection = PQconnectdb(ps_test_pg_url(server));
    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    create_legacy_tables();
    return 0;
}

static int tear_down_all(void **state)
{
    (void)state;
    PQfinish(connection);
    ps_test_pg_destroy(server);
    return 0;
}

/* Takes the next "$1 name type" or "name type" off a header line; false at its end. */
static bool next_entry(const char **at, char name[NAME_TEXT], char type[NAME_TEXT])
{
    int used = 0;

    if (strcmp(*at, "none") == 0 || **at == '\0')
        return false;
    if (**at == '$')
        *at += strcspn(*at, " ");
    if (sscanf(*at, "%63s %63[a-z]%n", name, type, &used) != 2)
        fail_msg("a header reads \"%s\"", *at);
    *at += used;
    *at += strspn(*at, ", ");
    return true;
}

static int check_params(const struct ps_sql_statement *statement, const PGresult *described)
{
    char name[NAME_TEXT], type[NAME_TEXT];
    const char *at = statement->params;
    int count = 0, wrong = 0;

    while (next_entry(&at, name, type)) {
        const char *real = count < PQnparams(described) ? type_name(PQparamtype(described, count))
                                                        : "no parameter";

        if (strcmp(real, type) != 0) {
            print_error("%s.sql: parameter %s is %s, not %s\n", statement->name, name, real, type);
            wrong++;
        }
        count++;
    }
    if (count != PQnparams(described)) {
        print_error("%s.sql: has %d parameters, not %d\n", statement->name, PQnparams(described),
                    count);
        wrong++;
    }
    return wrong;
}

static int check_columns(const struct ps_sql_statement *statement, const PGresult *described)
{
    char name[NAME_TEXT], type[NAME_TEXT];
    const char *at = statement->columns;
    int count = 0, wrong = 0;

    while (next_entry(&at, name, type)) {
        bool exists = count < PQnfields(described);

        if (!exists || strcmp(PQfname(described, count), name) != 0 ||
            strcmp(type_name(PQftype(described, count)), type) != 0) {
            print_error("%s.sql: column %d is %s %s, not %s %s\n", statement->name, count + 1,
                        exists ? PQfname(described, count) : "missing",
                        exists ? type_name(PQftype(described, count)) : "", name, type);
            wrong++;
        }
        count++;
    }
    /* "none" is right where nobody reads what a function answers. */
    if (count > 0 && count != PQnfields(described)) {
        print_error("%s.sql: has %d columns, not %d\n", statement->name, PQnfields(described),
                    count);
        wrong++;
    }
    return wrong;
}

static int check(const struct ps_sql_statement *statement)
{
    PGresult *prepared = PQprepare(connection, statement->name, statement->text, 0, NULL);
    PGresult *described = PQdescribePrepared(connection, statement->name);
    int wrong = 1;

    if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
        print_error("%s.sql: %s", statement->name, PQerrorMessage(connection));
    else
        wrong = check_params(statement, described) + check_columns(statement, described);
    PQclear(described);
    PQclear(prepared);
    return wrong;
}

static void every_statement_is_as_its_header_says(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < ps_scheduler_sql_count; i++)
        wrong += check(&ps_scheduler_sql[i]);
    for (size_t i = 0; i < ps_notifier_sql_count; i++)
        wrong += check(&ps_notifier_sql[i]);
    for (size_t i = 0; i < ps_shared_sql_count; i++)
        wrong += check(&ps_shared_sql[i]);
    (void)printf("%zu statements of the scheduler, %zu of the notifier, %zu shared\n",
                 ps_scheduler_sql_count, ps_notifier_sql_count, ps_shared_sql_count);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_statement_is_as_its_header_says) };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
