/* A private PostgreSQL on a unix socket in a temporary folder, for one test program. */
#ifndef PS_TESTS_PG_SERVER_H
#define PS_TESTS_PG_SERVER_H

struct ps_loop;
struct ps_pg;
struct ps_test_pg; /* the server */

/* Makes the folder and starts the server; aborts the test program with a message when that fails.
   Durability is off. */
struct ps_test_pg *ps_test_pg_start(void);
/* Ends the server, if it runs, and removes the folder. */
void ps_test_pg_destroy(struct ps_test_pg *pg);

const char *ps_test_pg_url(const struct ps_test_pg *pg);    /* of the database "paperscout" */
const char *ps_test_pg_folder(const struct ps_test_pg *pg); /* holds the socket .s.PGSQL.5432 */
void ps_test_pg_stop(struct ps_test_pg *pg);           /* fast: clients are thrown out politely */
void ps_test_pg_stop_immediate(struct ps_test_pg *pg); /* like a crash */
void ps_test_pg_up(struct ps_test_pg *pg);             /* start again what was stopped */
/* Drops the database and makes it again, empty. */
void ps_test_pg_wipe(struct ps_test_pg *pg);

/* Gives a pool of max connections to the server, which is up and whose schema is made. Aborts the
 * test program if it does not come up. The caller destroys it, before the server. */
struct ps_pg *ps_test_pg_pool(const struct ps_test_pg *pg, struct ps_loop *loop, int max);

/* Runs sql (one or more statements) on a connection of its own, blocking. Gives the first value of
   the last statement's first row as text, NULL when there is none; aborts on an error. */
char *ps_test_psql(struct ps_test_pg *pg, const char *sql);
/* The same as a whole number; -1 where there is none. */
long ps_test_psql_int(struct ps_test_pg *pg, const char *sql);

#endif
