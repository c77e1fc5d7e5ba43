#define _DEFAULT_SOURCE     /* initgroups */
#define _XOPEN_SOURCE   700 /* nftw */
#include "tests/support/pg_server.h"

#include "shared/io/pg.h"
#include "tests/support/servers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH = 512, START_TRIES = 600, TRY_MS = 50, ARGS = 32, POOL_MS = 20000 };

struct ps_test_pg {
    char folder[PATH], data[PATH], url[PATH], admin_url[PATH], bin[PATH], log[PATH];
    pid_t pid;
};

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    abort();
}

static void put(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(char *out, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(out, PATH, format, args);
    va_end(args);
    if (len < 0 || len >= PATH)
        die("a path is too long");
}

/* The server refuses to run as root. */
static void become_postgres(void)
{
    const struct passwd *user;

    if (geteuid() != 0)
        return;
    user = getpwnam("postgres");
    if (!user || initgroups("postgres", user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0)
        _exit(126);
}

static pid_t spawn(const char *log, const char *const *argv)
{
    pid_t pid = fork();

    if (pid < 0)
        die("fork: %s", strerror(errno));
    if (pid == 0) {
        char *copy[ARGS] = { NULL };
        int fd;

        for (size_t i = 0; argv[i] && i < ARGS - 1; i++)
            copy[i] = strdup(argv[i]);
        become_postgres();
        fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        if (fd >= 0) {
            (void)dup2(fd, STDOUT_FILENO);
            (void)dup2(fd, STDERR_FILENO);
        }
        if (chdir("/") == 0)
            (void)execv(copy[0], copy);
        _exit(127);
    }
    return pid;
}

static void run(const char *log, const char *const *argv)
{
    int status;
    pid_t pid = spawn(log, argv);

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die("%s failed; see %s", argv[0], log);
}

static void find_bin(char *out)
{
    DIR *versions = opendir("/usr/lib/postgresql");
    const struct dirent *entry;
    long best = 0;

    while (versions && (entry = readdir(versions)) != NULL) {
        long version = strtol(entry->d_name, NULL, 10);

        if (version > best)
            best = version;
    }
    if (versions)
        (void)closedir(versions);
    if (best == 0)
        die("no PostgreSQL in /usr/lib/postgresql");
    put(out, "/usr/lib/postgresql/%ld/bin", best);
}

static void give_to_postgres(const char *path)
{
    const struct passwd *user = getpwnam("postgres");

    if (geteuid() == 0 && (!user || chown(path, user->pw_uid, user->pw_gid) != 0))
        die("cannot give %s to postgres", path);
}

static PGconn *connect_to(const char *url)
{
    PGconn *conn = PQconnectdb(url);

    if (PQstatus(conn) == CONNECTION_OK)
        return conn;
    PQfinish(conn);
    return NULL;
}

static char *query(const char *url, const char *sql)
{
    PGconn *conn = connect_to(url);
    PGresult *result;
    char *value = NULL;

    if (!conn)
        die("cannot connect to the test database");
    PQclear(PQexec(conn, "SET client_min_messages = warning"));
    result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
        die("%s: %s", sql, PQerrorMessage(conn));
    if (PQntuples(result) > 0 && PQnfields(result) > 0 && !PQgetisnull(result, 0, 0))
        value = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(conn);
    return value;
}

void ps_test_pg_up(struct ps_test_pg *pg)
{
    const struct timespec pause = { 0, TRY_MS * 1000000L };
    char program[PATH + 16];
    PGconn *conn = NULL;

    (void)snprintf(program, sizeof(program), "%s/postgres", pg->bin);
    pg->pid = spawn(pg->log, (const char *const[]){ program, "-D", pg->data, NULL });
    for (int i = 0; i < START_TRIES && !conn; i++) {
        (void)nanosleep(&pause, NULL);
        if (waitpid(pg->pid, NULL, WNOHANG) == pg->pid)
            die("PostgreSQL ended at once; see %s", pg->log);
        conn = connect_to(pg->admin_url);
    }
    if (!conn)
        die("PostgreSQL does not answer; see %s", pg->log);
    PQfinish(conn);
}

static void write_settings(const struct ps_test_pg *pg)
{
    char path[PATH + 32];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/postgresql.conf", pg->data);
    file = fopen(path, "a");
    if (!file)
        die("%s: %s", path, strerror(errno));
    (void)fprintf(file,
                  "listen_addresses = ''\nunix_socket_directories = '%s'\nport = 5432\n"
                  "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
                  "shared_buffers = 16MB\nmax_connections = 40\nautovacuum = off\n",
                  pg->folder);
    (void)fclose(file);
}

/* Copies a data folder that initdb made once for all test programs: it takes longer than most of
 * them. */
static void make_data(const struct ps_test_pg *pg)
{
    static const char script[] =
        "exec 9>>\"$0.lock\" && flock 9 && { [ -e \"$0/ready\" ] || { rm -rf \"$0\" && \"$1\" -D "
        "\"$0\" -U postgres "
        "-A trust -N -E UTF8 --locale=C && touch \"$0/ready\"; }; } && cp -a \"$0\" \"$2\"";
    char template[PATH], initdb[PATH];
    const char *version = strstr(pg->bin, "postgresql/") + strlen("postgresql/");

    put(template, "/tmp/paperscout-pg-component-%ld-%.*s", (long)geteuid(),
        (int)strcspn(version, "/"), version);
    put(initdb, "%.400s/initdb", pg->bin);
    run(pg->log,
        (const char *const[]){ "/bin/sh", "-c", script, template, initdb, pg->data, NULL });
}

struct ps_test_pg *ps_test_pg_start(void)
{
    struct ps_test_pg *pg = calloc(1, sizeof(*pg));

    if (!pg)
        abort();
    put(pg->folder, "/tmp/ps-pg-XXXXXX");
    if (!mkdtemp(pg->folder) || chmod(pg->folder, 0755) != 0)
        die("mkdtemp: %s", strerror(errno));
    give_to_postgres(pg->folder);
    put(pg->data, "%.400s/data", pg->folder);
    put(pg->log, "%.400s/log", pg->folder);
    put(pg->url, "postgresql:///paperscout?host=%.300s&user=postgres", pg->folder);
    put(pg->admin_url, "postgresql:///postgres?host=%.300s&user=postgres", pg->folder);
    find_bin(pg->bin);
    make_data(pg);
    write_settings(pg);
    ps_test_pg_up(pg);
    free(query(pg->admin_url, "CREATE DATABASE paperscout"));
    return pg;
}

static void stop_by(struct ps_test_pg *pg, int number)
{
    if (pg->pid <= 0)
        return;
    (void)kill(pg->pid, number);
    while (waitpid(pg->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    pg->pid = 0;
}

void ps_test_pg_stop(struct ps_test_pg *pg)
{
    stop_by(pg, SIGINT);
}

void ps_test_pg_stop_immediate(struct ps_test_pg *pg)
{
    stop_by(pg, SIGQUIT);
}

void ps_test_pg_wipe(struct ps_test_pg *pg)
{
    free(query(pg->admin_url, "DROP DATABASE IF EXISTS paperscout WITH (FORCE)"));
    free(query(pg->admin_url, "CREATE DATABASE paperscout"));
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

void ps_test_pg_destroy(struct ps_test_pg *pg)
{
    if (!pg)
        return;
    ps_test_pg_stop_immediate(pg);
    (void)nftw(pg->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(pg);
}

const char *ps_test_pg_url(const struct ps_test_pg *pg)
{
    return pg->url;
}

const char *ps_test_pg_folder(const struct ps_test_pg *pg)
{
    return pg->folder;
}

char *ps_test_psql(struct ps_test_pg *pg, const char *sql)
{
    return query(pg->url, sql);
}

long ps_test_psql_int(struct ps_test_pg *pg, const char *sql)
{
    char *text = query(pg->url, sql);
    long value = text ? strtol(text, NULL, 10) : -1;

    free(text);
    return value;
}

static void on_pool_state(void *cookie, bool up, const struct ps_err *err)
{
    (void)cookie;
    (void)up;
    (void)err;
}

static bool is_pool_up(void *cookie)
{
    return ps_pg_up(cookie);
}

struct ps_pg *ps_test_pg_pool(const struct ps_test_pg *pg, struct ps_loop *loop, int max)
{
    struct ps_pg_options options = { .url = pg->url, .application_name = "test", .max = max };
    struct ps_err err = { .what = "" };
    struct ps_pg *pool = ps_pg_create(loop, &options, true, on_pool_state, NULL, &err);

    if (pool == NULL || !ps_test_run_until(loop, is_pool_up, pool, POOL_MS))
        die("no connection to the server: %s", pool == NULL ? err.what : ps_pg_why(pool));
    return pool;
}
