/* The common main, seen from outside: a tiny program in a process of its own, with no server there.
 */
#include "shared/io/daemon.h"
#include "shared/io/program_main.h"
#include "tests/support/servers.h"

#include "shared/core/alloc.h"
#include "shared/io/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, OUTPUT_MAX = 64 * 1024 };

/* The tiny program. */

enum manner { DRAINS, NEVER_DRAINS, FAILS_TO_START, WITH_DATABASE };
static enum manner manner;

/* What every callback must be given. */
static struct tiny {
    struct ps_daemon *daemon;
} tiny;

static bool tiny_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err)
{
    if (manner == FAILS_TO_START)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "no wish to");
    tiny.daemon = daemon;
    *out_self = &tiny;
    return true;
}

static void tiny_drain(void *self, int count)
{
    (void)count;
    if (manner != NEVER_DRAINS)
        ps_daemon_drained(((struct tiny *)self)->daemon);
}

static bool tiny_field(void *self, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    *out_value = cJSON_CreateNumber(self == &tiny ? 7 : 0);
    return true;
}

static bool tiny_failing_field(void *self, cJSON **out_value, struct ps_err *err)
{
    (void)self;
    (void)out_value;
    return ps_fail(err, PS_FAILURE_TIMEOUT, 0, "not there");
}

static bool tiny_stuck(void *self)
{
    return self == &tiny;
}

static void tiny_reasons(void *self, cJSON *out_reasons)
{
    if (self == &tiny)
        cJSON_AddItemToArray(out_reasons, cJSON_CreateString("tiny has a reason"));
}

static int tiny_echo(int argc, char **argv, void *env)
{
    if (env == NULL || argc != 2)
        return PS_EXIT_USAGE;
    (void)printf("%s %s\n", argv[0], argv[1]);
    (void)fflush(stdout);
    return PS_EXIT_FAILED;
}

static const struct ps_health_field tiny_fields[] = {
    {"tiny",    tiny_field        },
    { "broken", tiny_failing_field}
};
static const struct ps_command_text tiny_text = { .name = "echo",
                                                  .usage = "WORD",
                                                  .help = "Says the word.\nThen fails." };
static const struct ps_command tiny_commands[] = {
    {&tiny_text, tiny_echo},
};

static const struct ps_program worker_like = {
    .component = PS_COMPONENT_WORKER,
    .name = "paperscout-tiny",
    .component_name = "worker",
    .summary = "does nothing, and reports it",
    .commands = tiny_commands,
    .command_count = PS_COUNT_OF(tiny_commands),
    .start = tiny_start,
    .drain = tiny_drain,
    .fields = tiny_fields,
    .field_count = PS_COUNT_OF(tiny_fields),
    .stuck = tiny_stuck,
    .reasons = tiny_reasons,
};

static int tiny_main(const char *manner_text, int argc, char **argv)
{
    struct ps_program program = worker_like;

    manner = (enum manner)(manner_text[0] - '0');
    if (manner == WITH_DATABASE) {
        program.component = PS_COMPONENT_NOTIFIER;
        program.component_name = "notifier";
        program.needs_database = true;
    }
    return ps_program_main(&program, argc, argv);
}

/* A run of it. */

struct run {
    pid_t pid;
    int output; /* standard output and error */
    struct ps_buf text;
};

static pid_t alive; /* the program that runs now */
static char folder[] = "/tmp/ps-test-daemon-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int leave_folder(void **state)
{
    (void)state;
    (void)unlink(".env");
    return chdir("/") != 0 || rmdir(folder) != 0;
}

/* In the child: this executable again, so that it ends as programs do, leak check included. */
static void become_tiny(enum manner how, const char *const *args, const char *const *env)
{
    char *argv[8] = { ps_alloc_text("paperscout-tiny") };
    char *environment[16] = { ps_alloc_format("TINY=%d", (int)how) };

    for (size_t i = 0; args != NULL && args[i] != NULL; i++)
        argv[i + 1] = ps_alloc_text(args[i]);
    for (size_t i = 0; env[i] != NULL; i++)
        environment[i + 1] = ps_alloc_text(env[i]);
    (void)execve("/proc/self/exe", argv, environment);
    _exit(127);
}

/* args may be NULL; env: NAME=value texts; both end with NULL. */
static void start(struct run *run, enum manner how, const char *const *args, const char *const *env)
{
    int ends[2];

    ps_buf_init(&run->text, OUTPUT_MAX);
    assert_int_equal(pipe(ends), 0);
    run->pid = fork();
    assert_true(run->pid >= 0);
    if (run->pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        become_tiny(how, args, env);
    }
    alive = run->pid;
    (void)close(ends[1]);
    run->output = ends[0];
}

/* Reads on until want is there or the output ends; NULL when it did not come in time. */
static const char *wait_for(struct run *run, const char *want)
{
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);
    char chunk[4096];

    for (;;) {
        const char *found = want != NULL ? strstr(ps_buf_str(&run->text), want) : NULL;
        struct pollfd output = { .fd = run->output, .events = POLLIN };
        ssize_t got;

        if (found != NULL)
            return found;
        if (poll(&output, 1, 100) == 0) {
            if (ps_clock_mono_ms() > end_ms)
                return NULL;
            continue;
        }
        got = read(run->output, chunk, sizeof(chunk));
        if (got <= 0)
            return NULL;
        assert_true(ps_buf_add(&run->text, chunk, (size_t)got));
    }
}

static void need(struct run *run, const char *want)
{
    if (wait_for(run, want) == NULL)
        fail_msg("\"%s\" is not in:\n%s", want, ps_buf_str(&run->text));
}

/* Gives the exit status once the program ended; -1 for a signal, ours when it did not end in time.
 */
static int finish(struct run *run)
{
    int64_t end_ms = ps_clock_mono_ms() + ps_test_paced(PATIENCE_MS);
    int status = 0;
    pid_t ended;

    (void)wait_for(run, NULL);
    while ((ended = waitpid(run->pid, &status, WNOHANG)) == 0) {
        if (ps_clock_mono_ms() > end_ms)
            (void)kill(run->pid, SIGKILL);
        (void)poll(NULL, 0, 10);
    }
    assert_int_equal(ended, run->pid);
    alive = 0;
    (void)close(run->output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* After a test that failed half-way. */
static int end_what_is_left(void **state)
{
    (void)state;
    if (alive > 0) {
        (void)kill(alive, SIGKILL);
        (void)waitpid(alive, NULL, 0);
        alive = 0;
    }
    return 0;
}

static int run_to_end(struct run *run, enum manner how, const char *const *args,
                      const char *const *env)
{
    start(run, how, args, env);
    return finish(run);
}

static int listen_port(struct run *run)
{
    const char *found;

    need(run, "HEALTH-LISTEN");
    need(run, "\n");
    found = strstr(strstr(ps_buf_str(&run->text), "HEALTH-LISTEN"), "port=");
    assert_non_null(found);
    return (int)strtol(found + 5, NULL, 10);
}

/* Gives the whole answer to a GET. */
static char *get(int port, const char *path)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    char *request =
        ps_alloc_format("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    struct ps_buf answer;
    char chunk[4096];
    ssize_t got;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    ps_buf_init(&answer, OUTPUT_MAX);
    while ((got = read(fd, chunk, sizeof(chunk))) > 0)
        assert_true(ps_buf_add(&answer, chunk, (size_t)got));
    (void)close(fd);
    free(request);
    return ps_buf_take(&answer);
}

static void assert_answer(int port, const char *path, const char *const *want, size_t count)
{
    char *answer = get(port, path);

    for (size_t i = 0; i < count; i++)
        if (strstr(answer, want[i]) == NULL)
            fail_msg("%s: \"%s\" is not in:\n%s", path, want[i], answer);
    free(answer);
}

#define ASSERT_ANSWER(port, path, ...)                                                             \
    assert_answer(port, path, (const char *const[]){ __VA_ARGS__ },                                \
                  PS_COUNT_OF(((const char *const[]){ __VA_ARGS__ })))

/* Port 1 answers nothing on a machine that runs tests. */
#define NO_REDIS    "REDIS_URL=redis://:hunter2@127.0.0.1:1/0"
#define NO_DATABASE "DATABASE_URL=postgresql://me:hunter2@127.0.0.1:1/x"

static void it_comes_up_and_stays_up_while_its_servers_are_down(void **state)
{
    static const char *const env[] = { NO_REDIS, NO_DATABASE, "HEALTH_PORT=0", "INSTANCE_ID=pod-1",
                                       NULL };
    struct run run;
    int port;

    (void)state;
    start(&run, WITH_DATABASE, NULL, env);
    port = listen_port(&run);
    need(&run, "REDIS-DOWN");
    need(&run, "DB-DOWN");
    ASSERT_ANSWER(port, "/livez", "HTTP/1.1 200", "ok");
    ASSERT_ANSWER(port, "/readyz", "HTTP/1.1 503", "\"ready\":false", "Redis is not connected",
                  "PostgreSQL is not reached", "tiny has a reason");
    ASSERT_ANSWER(port, "/health", "HTTP/1.1 200", "\"component\":\"notifier\"",
                  "\"instance\":\"pod-1\"", "\"status\":\"degraded\"", "\"stuck\":false",
                  "\"redis\":{\"connected\":false,\"reconnects\":0}", "\"db_pool\":{\"max\":4",
                  "\"tiny\":7");
    ASSERT_ANSWER(
        port, "/metrics", "HTTP/1.1 200", "paperscout_build_info{component=\"notifier\",version=\"",
        "paperscout_redis_connected 0", "paperscout_failures_total{component=\"",
        "\nprocess_cpu_seconds_total 0", "\nprocess_resident_memory_bytes ", "\nprocess_open_fds ",
        "\nprocess_max_fds ", "\npaperscout_ready 0\n", "\npaperscout_stuck 0\n",
        "paperscout_log_lines_total{level=\"ERROR\"} ", "paperscout_log_repeated_total 0\n",
        "paperscout_notify_sent_total 0\n", "paperscout_db_connected 0\n",
        "paperscout_db_pool_connections{state=\"in_use\"} 0");
    need(&run, "HEALTH-FIELD-ERROR");
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    assert_int_equal(finish(&run), PS_EXIT_OK);
    assert_null(strstr(ps_buf_str(&run.text), "hunter2"));
    ps_buf_clear(&run.text);
}

static void one_line_reports_that_a_server_stays_away(void **state)
{
    static const char *const env[] = { NO_REDIS, "HEALTH_PORT=0", "LOG_FORMAT=json", NULL };
    struct run run;
    const char *first;

    (void)state;
    start(&run, DRAINS, NULL, env);
    need(&run, "\"event\":\"REDIS-DOWN\"");
    (void)poll(NULL, 0, 1000);
    assert_int_equal(kill(run.pid, SIGINT), 0);
    assert_int_equal(finish(&run), PS_EXIT_OK);
    first = strstr(ps_buf_str(&run.text), "REDIS-DOWN");
    assert_null(strstr(first + 1, "REDIS-DOWN"));
    ps_buf_clear(&run.text);
}

static void a_drain_without_end_is_cut_at_the_grace_period(void **state)
{
    static const char *const env[] = { NO_REDIS, "HEALTH_PORT=0", "SHUTDOWN_GRACE_SECONDS=0.3",
                                       "HTTP_TIMEOUT_SECONDS=0.1", NULL };
    struct run run;
    int64_t began_ms;
    int port;

    (void)state;
    start(&run, NEVER_DRAINS, NULL, env);
    port = listen_port(&run);
    need(&run, "REDIS-DOWN");
    began_ms = ps_clock_mono_ms();
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    (void)poll(NULL, 0, 50);
    ASSERT_ANSWER(port, "/readyz", "HTTP/1.1 503", "shutting down");
    assert_int_equal(finish(&run), PS_EXIT_FAILED);
    assert_true(ps_clock_mono_ms() - began_ms >= 250);
    assert_non_null(strstr(ps_buf_str(&run.text), "DRAIN-TIMEOUT"));
    ps_buf_clear(&run.text);
}

static void a_port_in_use_ends_the_start(void **state)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    char *port;
    struct run run;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    port = ps_alloc_format("HEALTH_PORT=%d", ntohs(address.sin_port));
    assert_int_equal(run_to_end(&run, DRAINS, NULL, (const char *const[]){ NO_REDIS, port, NULL }),
                     PS_EXIT_CONFIG);
    assert_non_null(strstr(ps_buf_str(&run.text), "START-ERROR"));
    assert_non_null(strstr(ps_buf_str(&run.text), "HEALTH_BIND_HOST="));
    assert_non_null(strstr(ps_buf_str(&run.text), "HEALTH_PORT="));
    (void)close(fd);
    free(port);
    ps_buf_clear(&run.text);
}

static void bad_settings_are_all_reported(void **state)
{
    static const char *const env[] = { "HTTP_CONCURRENCY=abc",
                                       "MQ_MAX_SIZE=0",
                                       "LOG_LEVEL=loud",
                                       "REDIS_URL=http://hunter2@x/",
                                       "SLACK_API_URL=x",
                                       "SLACK_BOT_TOKEN_FILE=/nowhere/at/all",
                                       NULL };
    static const char *const want[] = {
        "MQ_MAX_SIZE=",           "LOG_LEVEL=",           "REDIS_URL: ", "SLACK_API_URL=",
        "DATABASE_URL: required", "SLACK_BOT_TOKEN_FILE="
    };
    static const char *const check[] = { "check-config", NULL };
    struct run run;

    (void)state;
    for (int daemon = 0; daemon < 2; daemon++) {
        assert_int_equal(run_to_end(&run, WITH_DATABASE, daemon ? NULL : check, env),
                         PS_EXIT_CONFIG);
        for (size_t i = 0; i < PS_COUNT_OF(want); i++)
            if (strstr(ps_buf_str(&run.text), want[i]) == NULL)
                fail_msg("\"%s\" is not in:\n%s", want[i], ps_buf_str(&run.text));
        assert_null(strstr(ps_buf_str(&run.text), "hunter2"));
        assert_null(strstr(ps_buf_str(&run.text), "HTTP_CONCURRENCY"));
        ps_buf_clear(&run.text);
    }
}

static void certificates_that_cannot_be_read_are_reported_at_once(void **state)
{
    static const char *const env[] = { NO_REDIS, "HEALTH_PORT=0", "HTTP_CA_FILE=/nowhere/ca.pem",
                                       NULL };
    static const char *const check[] = { "check-config", NULL };
    struct run run;

    (void)state;
    for (int daemon = 0; daemon < 2; daemon++) {
        assert_int_equal(run_to_end(&run, DRAINS, daemon ? NULL : check, env), PS_EXIT_CONFIG);
        need(&run, "HTTP_CA_FILE=");
        need(&run, "/nowhere/ca.pem");
        need(&run, "No such file");
        ps_buf_clear(&run.text);
    }
}

static void what_the_program_cannot_start_with_is_reported(void **state)
{
    static const char *const env[] = { NO_REDIS, "HEALTH_PORT=0", NULL };
    struct run run;

    (void)state;
    assert_int_equal(run_to_end(&run, FAILS_TO_START, NULL, env), PS_EXIT_FAILED);
    assert_non_null(strstr(ps_buf_str(&run.text), "START-ERROR"));
    assert_non_null(strstr(ps_buf_str(&run.text), "no wish to"));
    ps_buf_clear(&run.text);
}

#if !PS_HAVE_HIREDIS_SSL
static void tls_to_redis_is_refused_where_the_build_has_none(void **state)
{
    static const char *const env[] = { "REDIS_URL=rediss://:hunter2@127.0.0.1/", "HEALTH_PORT=0",
                                       NULL };
    struct run run;

    (void)state;
    assert_int_equal(run_to_end(&run, DRAINS, NULL, env), PS_EXIT_CONFIG);
    assert_non_null(strstr(ps_buf_str(&run.text), "hiredis_ssl"));
    assert_null(strstr(ps_buf_str(&run.text), "hunter2"));
    ps_buf_clear(&run.text);
}
#endif

static void arguments_are_distinguished(void **state)
{
    static const struct {
        const char *args[4];
        int status;
        const char *want;
    } cases[] = {
        {{ "--help", NULL },                  PS_EXIT_OK,     "    echo WORD\n        Says the word.\n\n        Then"              },
        { { "-h", NULL },                     PS_EXIT_OK,     "paperscout-tiny - does nothing, and reports it\n"                   },
        { { "--help", NULL },                 PS_EXIT_OK,     "    HTTP_CONCURRENCY (default 20)\n"                                },
        { { "--help", NULL },                 PS_EXIT_OK,     "    78  invalid settings\n"                                         },
        { { "--version", NULL },              PS_EXIT_OK,     "paperscout-tiny " PS_VERSION "\n"                                   },
        { { "check-config", NULL },           PS_EXIT_OK,     "\nHTTP_CONCURRENCY=5\n"                                             },
        { { "check-config", "x", NULL },      PS_EXIT_USAGE,  "try paperscout-tiny --help\n"                                       },
        { { "--markdown-settings", NULL },    PS_EXIT_OK,     "| `LOG_LEVEL` |"                                                    },
        { { "--env-example", NULL },          PS_EXIT_OK,     "#LOG_LEVEL=INFO\n"                                                  },
        { { "echo", "hello", NULL },          PS_EXIT_FAILED, "echo hello\n"                                                       },
        { { "echo", "--help", NULL },         PS_EXIT_OK,     "    echo WORD\n        Says the word.\n"                            },
        { { "ehco", NULL },
         PS_EXIT_USAGE,                                       "paperscout-tiny: unknown command \"ehco\"; did you mean \"echo\"?\n"},
        { { "xyzzy", NULL },
         PS_EXIT_USAGE,                                       "unknown command \"xyzzy\"; try paperscout-tiny --help\n"            },
        { { "--hlep", NULL },                 PS_EXIT_USAGE,  "unknown option \"--hlep\""                                          },
        { { "check-config", "--help", NULL },
         PS_EXIT_OK,                                          "    check-config [--json]\n        Prints the settings"             },
        { { "healthcheck", "--help", NULL },
         PS_EXIT_OK,                                          "    healthcheck [live | ready | events]\n        Requests /livez"   },
        { { "--version", "x", NULL },
         PS_EXIT_USAGE,                                       "unexpected argument \"x\"; try paperscout-tiny --help\n"            },
    };
    static const char *const env[] = { "HTTP_CONCURRENCY=5", NULL };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct run run;

        assert_int_equal(run_to_end(&run, DRAINS, cases[i].args, env), cases[i].status);
        if (strstr(ps_buf_str(&run.text), cases[i].want) == NULL)
            fail_msg("%s: \"%s\" is not in:\n%s", cases[i].args[0], cases[i].want,
                     ps_buf_str(&run.text));
        ps_buf_clear(&run.text);
    }
}

/* A run of `healthcheck` with one argument (NULL: none); what it said must hold want. */
static void assert_healthcheck(const char *argument, const char *const *env, int status,
                               const char *want)
{
    const char *args[] = { "healthcheck", argument, NULL };
    pid_t daemon = alive;
    struct run run;

    assert_int_equal(run_to_end(&run, DRAINS, args, env), status);
    alive = daemon;
    if (strstr(ps_buf_str(&run.text), want) == NULL)
        fail_msg("healthcheck: \"%s\" is not in:\n%s", want, ps_buf_str(&run.text));
    ps_buf_clear(&run.text);
}

static void a_healthcheck_asks_the_daemon_beside_it(void **state)
{
    static const char *const any[] = { NO_REDIS, "HEALTH_PORT=0", "HEALTH_BIND_HOST=0.0.0.0",
                                       NULL };
    static const char *const bad[] = { "HEALTH_PORT=no", NULL };
    char *port_text;
    const char *env[] = { NULL, "HEALTH_BIND_HOST=0.0.0.0", "http_proxy=http://127.0.0.1:1", NULL };
    struct run run;

    (void)state;
    start(&run, DRAINS, NULL, any);
    port_text = ps_alloc_format("HEALTH_PORT=%d", listen_port(&run));
    env[0] = port_text;
    assert_healthcheck(NULL, env, PS_EXIT_OK, "ok\n");
    assert_healthcheck("live", env, PS_EXIT_OK, "ok\n");
    assert_healthcheck("ready", env, PS_EXIT_FAILED, "Redis is not connected");
    assert_healthcheck("reddy", env, PS_EXIT_USAGE, "healthcheck [live | ready | events]");
    assert_healthcheck(NULL, any, PS_EXIT_CONFIG, "HEALTH_PORT");
    assert_healthcheck(NULL, bad, PS_EXIT_CONFIG, "HEALTH_PORT=\"no\"");
    assert_int_equal(kill(run.pid, SIGSTOP), 0); /* it takes the connection and says nothing */
    assert_healthcheck(NULL, env, PS_EXIT_UNAVAILABLE, "/livez");
    assert_int_equal(kill(run.pid, SIGCONT), 0);
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    assert_int_equal(finish(&run), PS_EXIT_OK);
    assert_healthcheck(NULL, env, PS_EXIT_UNAVAILABLE, "/livez");
    ps_buf_clear(&run.text);
    free(port_text);
}

static void it_may_open_as_many_files_as_the_system_allows(void **state)
{
    static const char *const env[] = { NO_REDIS, "HEALTH_PORT=0", NULL };
    struct rlimit before, small;
    struct run run;
    char *want;
    int port;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    small = before;
    small.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &small), 0);
    start(&run, DRAINS, NULL, env);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    port = listen_port(&run);
    want = ps_alloc_format("\nprocess_max_fds %d\n",
                           before.rlim_max < 65536 ? (int)before.rlim_max : 65536);
    ASSERT_ANSWER(port, "/metrics", want);
    free(want);
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    assert_int_equal(finish(&run), PS_EXIT_OK);
    ps_buf_clear(&run.text);
}

static void write_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static void settings_come_from_the_environment_then_dotenv_then_secret_files(void **state)
{
    static const char *const args[] = { "check-config", NULL };
    static const char *const env[] = { "HTTP_CONCURRENCY=5", "REDIS_URL_FILE=redis-url", NULL };
    static const char *const both[] = { "REDIS_URL=redis://x/", "REDIS_URL_FILE=redis-url", NULL };
    struct run run;

    (void)state;
    write_file(".env", "HTTP_CONCURRENCY=6\nPROBE_MAX_ATTEMPTS=7\n");
    write_file("redis-url", "redis://:hunter2@x/\n");
    assert_int_equal(run_to_end(&run, DRAINS, args, env), PS_EXIT_OK);
    assert_non_null(strstr(ps_buf_str(&run.text), "\nHTTP_CONCURRENCY=5\n"));
    assert_non_null(strstr(ps_buf_str(&run.text), "\nPROBE_MAX_ATTEMPTS=7\n"));
    assert_non_null(strstr(ps_buf_str(&run.text), "REDIS_URL=(set)\n"));
    ps_buf_clear(&run.text);

    write_file("redis-url", "hunter2\n");
    assert_int_equal(run_to_end(&run, DRAINS, args, env), PS_EXIT_CONFIG);
    assert_non_null(strstr(ps_buf_str(&run.text), "REDIS_URL: a URL of redis://"));
    assert_null(strstr(ps_buf_str(&run.text), "hunter2"));
    ps_buf_clear(&run.text);

    assert_int_equal(run_to_end(&run, DRAINS, args, both), PS_EXIT_CONFIG);
    assert_non_null(strstr(ps_buf_str(&run.text),
                           "REDIS_URL and REDIS_URL_FILE: both are set; set only one of them"));
    ps_buf_clear(&run.text);

    write_file(".env", "HTTP_CONCURRENCY=6\nhunter2\n");
    assert_int_equal(run_to_end(&run, DRAINS, args, env), PS_EXIT_CONFIG);
    assert_non_null(strstr(ps_buf_str(&run.text), ".env: "));
    assert_null(strstr(ps_buf_str(&run.text), "hunter2"));
    ps_buf_clear(&run.text);
    (void)unlink("redis-url");
    (void)unlink(".env");
}

static void a_settings_file_that_everybody_can_write_to_is_refused(void **state)
{
    static const char *const args[] = { "check-config", NULL };
    static const char *const env[] = { NULL };
    struct run run;

    (void)state;
    write_file(".env", "HTTP_CONCURRENCY=6\n");
    assert_int_equal(chmod(".env", 0666), 0);
    assert_int_equal(run_to_end(&run, DRAINS, args, env), PS_EXIT_CONFIG);
    assert_non_null(strstr(ps_buf_str(&run.text), "chmod o-w .env"));
    ps_buf_clear(&run.text);
    assert_int_equal(chmod(".env", 0664), 0);
    assert_int_equal(run_to_end(&run, DRAINS, args, env), PS_EXIT_OK);
    ps_buf_clear(&run.text);
    (void)unlink(".env");
}

/* Of a daemon, other processes of its user read neither memory nor environment, and a crash leaves
 * none. */
static void a_daemon_keeps_its_memory_to_itself(void **state)
{
    static const char *const env[] = { NO_REDIS, "HEALTH_PORT=0", NULL };
    struct stat info;
    char text[4096] = "", *path;
    struct run run;
    FILE *limits;

    (void)state;
    start(&run, DRAINS, NULL, env);
    (void)listen_port(&run);
    path = ps_alloc_format("/proc/%d/limits", (int)run.pid);
    limits = fopen(path, "re");
    free(path);
    assert_non_null(limits);
    assert_true(fread(text, 1, sizeof(text) - 1, limits) > 0);
    (void)fclose(limits);
    assert_non_null(strstr(text, "Max core file size        0                    0 "));
    /* proc(5): what belongs to a process that is not dumpable belongs to root, with any user */
    path = ps_alloc_format("/proc/%d/environ", (int)run.pid);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_uid, 0);
    free(path);
    assert_int_equal(kill(run.pid, SIGTERM), 0);
    assert_int_equal(finish(&run), PS_EXIT_OK);
    ps_buf_clear(&run.text);
}

static void names_and_values_are_read_as_the_earlier_service_read_them(void **state)
{
    static const char *const args[] = { "check-config", NULL };
    static const char *const env[] = { "http_concurrency=5", "SITE=draft", "PROBE_MAX_ATEMPTS=3",
                                       "PORTS=1", NULL };
    struct run run;

    (void)state;
    write_file(".env", "export Probe_Max_Attempts=\"7\"\nHTTP_CONCURRENCY=6\n"
                       "USER_AGENT=${SITE}-reader/${VERSION:-1}\nLOG_LEVEL=warn\n"
                       "TASK_MAX_DELIVERIES=6.0\nHTTP_TIMEOUT_SECOND=9\nDATA_DIR=/tmp\n");
    assert_int_equal(run_to_end(&run, DRAINS, args, env), PS_EXIT_OK);
    need(&run, "\nHTTP_CONCURRENCY=5\n");
    need(&run, "\nPROBE_MAX_ATTEMPTS=7\n");
    need(&run, "\nUSER_AGENT=draft-reader/1\n");
    need(&run, "\nLOG_LEVEL=WARNING\n");
    need(&run, "\nTASK_MAX_DELIVERIES=6\n");
    need(&run,
         "warning: .env: HTTP_TIMEOUT_SECOND is not a setting and has no effect; did you mean "
         "HTTP_TIMEOUT_SECONDS?\n");
    need(&run, "warning: environment: PROBE_MAX_ATEMPTS is not a setting");
    assert_null(strstr(ps_buf_str(&run.text), "DATA_DIR"));
    assert_null(strstr(ps_buf_str(&run.text), "PORTS"));
    ps_buf_clear(&run.text);

    write_file(".env", "SLACK_BOT_TOKEN=hunter2\nREDIS_URL=redis://:hunter2@${REDIS_HOST}/\n");
    assert_int_equal(run_to_end(&run, DRAINS, args, env), PS_EXIT_CONFIG);
    need(&run, ".env: line 2: ${REDIS_HOST} is not set");
    assert_null(strstr(ps_buf_str(&run.text), "hunter2"));
    ps_buf_clear(&run.text);
    (void)unlink(".env");
}

/* A machine that reads the log must not trip over the one line that says why nothing starts. */
static void a_bad_setting_is_logged_in_the_form_that_is_asked_for(void **state)
{
    static const char *const env[] = { "LOG_FORMAT=json", "HTTP_CONCURRENCY=abc",
                                       "PROBE_MAX_ATEMPTS=3", NULL };
    static const char *const none[] = { "HTTP_CONCURRENCY=abc", NULL };
    static const char *const asked[] = { "log_format= JSON ", NULL };
    struct run run;

    (void)state;
    assert_int_equal(run_to_end(&run, DRAINS, NULL, env), PS_EXIT_CONFIG);
    assert_int_equal(ps_buf_str(&run.text)[0], '{');
    need(&run, "\"event\":\"CONFIG-ERROR\"");
    need(&run, "\n{");
    need(&run, "\"nearest\":\"PROBE_MAX_ATTEMPTS\"");
    ps_buf_clear(&run.text);
    write_file(".env", "LOG_FORMAT=json\n");
    assert_int_equal(run_to_end(&run, DRAINS, NULL, none), PS_EXIT_CONFIG);
    assert_int_equal(ps_buf_str(&run.text)[0], '{');
    ps_buf_clear(&run.text);
    write_file(".env", "broken\n");
    assert_int_equal(run_to_end(&run, DRAINS, NULL, asked), PS_EXIT_CONFIG);
    assert_int_equal(ps_buf_str(&run.text)[0], '{');
    need(&run, ".env: line 1: expected NAME=value");
    ps_buf_clear(&run.text);
    (void)unlink(".env");
}

/* Such a program would wait for a server that it can never reach. */
static void a_database_url_that_can_never_work_ends_the_start(void **state)
{
    static const struct {
        const char *url, *want; /* NULL: the settings are good */
    } cases[] = {
        {"host=h port=5432 user=u password=hunter2 dbname=x",                 NULL                                                 },
        { "postgresql://u:hunter2@h/x?sslmode=require",                       NULL                                                 },
        { "postgresql://u:hunter2@h:1,i:2/x?target_session_attrs=read-write", NULL                                                 },
        { "postgresql://u:hunter2@h,i/x?port=5433",                           NULL                                                 },
        { "host=h connect_timeout=5 keepalives=0",                            NULL                                                 },
        { "postgresql://u:hunter2@h:99999/x",                                 "DATABASE_URL: the port is not a number"             },
        { "postgresql://u:hunter2@h:0/x",                                     "DATABASE_URL: the port is not a number"             },
        { "postgresql://h/hunter2@x:y/z",                                     NULL                                                 },
        { "postgresql://u:hun/ter2@h/x",                                      "DATABASE_URL: the port is not a number"             },
        { "host=h port=hunter2",                                              "DATABASE_URL: the port is not a number"             },
        { "host=a,b port=1,2,3",                                              "DATABASE_URL: 3 ports for 2 hosts"                  },
        { "host=a,b hostaddr=127.0.0.1",                                      "DATABASE_URL: 1 addresses (hostaddr) for 2 hosts"   },
        { "postgresql://h/x?sslmode=hunter2",                                 "DATABASE_URL: sslmode is not one of disable|allow"  },
        { "host=h sslmode=REQUIRE",                                           "DATABASE_URL: sslmode is not one of"                },
        { "host=h target_session_attrs=hunter2",
         "DATABASE_URL: target_session_attrs is not one of"                                                                        },
        { "host=h connect_timeout=hunter2",                                   "DATABASE_URL: connect_timeout is not a whole number"},
        { "host=h hunter2=x",                                                 "DATABASE_URL: not readable"                         },
        { "host=h password='hunter2",                                         "DATABASE_URL: not readable"                         },
    };
    static const char *const check[] = { "check-config", NULL };
    struct run run;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        char *url = ps_alloc_format("DATABASE_URL=%s", cases[i].url);
        const char *const env[] = { "SLACK_BOT_TOKEN=x", url, NULL };

        assert_int_equal(run_to_end(&run, WITH_DATABASE, check, env),
                         cases[i].want == NULL ? PS_EXIT_OK : PS_EXIT_CONFIG);
        if (cases[i].want != NULL)
            need(&run, cases[i].want);
        assert_null(strstr(ps_buf_str(&run.text), "hunter2"));
        ps_buf_clear(&run.text);
        free(url);
    }
}

int main(int argc, char **argv)
{
    const char *manner_text = getenv("TINY");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(arguments_are_distinguished, end_what_is_left),
        cmocka_unit_test_teardown(settings_come_from_the_environment_then_dotenv_then_secret_files,
                                  end_what_is_left),
        cmocka_unit_test_teardown(names_and_values_are_read_as_the_earlier_service_read_them,
                                  end_what_is_left),
        cmocka_unit_test_teardown(a_bad_setting_is_logged_in_the_form_that_is_asked_for,
                                  end_what_is_left),
        cmocka_unit_test_teardown(a_database_url_that_can_never_work_ends_the_start,
                                  end_what_is_left),
        cmocka_unit_test_teardown(bad_settings_are_all_reported, end_what_is_left),
#if !PS_HAVE_HIREDIS_SSL
        cmocka_unit_test_teardown(tls_to_redis_is_refused_where_the_build_has_none,
                                  end_what_is_left),
#endif
        cmocka_unit_test_teardown(certificates_that_cannot_be_read_are_reported_at_once,
                                  end_what_is_left),
        cmocka_unit_test_teardown(a_settings_file_that_everybody_can_write_to_is_refused,
                                  end_what_is_left),
        cmocka_unit_test_teardown(a_daemon_keeps_its_memory_to_itself, end_what_is_left),
        cmocka_unit_test_teardown(it_may_open_as_many_files_as_the_system_allows, end_what_is_left),
        cmocka_unit_test_teardown(a_port_in_use_ends_the_start, end_what_is_left),
        cmocka_unit_test_teardown(a_healthcheck_asks_the_daemon_beside_it, end_what_is_left),
        cmocka_unit_test_teardown(what_the_program_cannot_start_with_is_reported, end_what_is_left),
        cmocka_unit_test_teardown(it_comes_up_and_stays_up_while_its_servers_are_down,
                                  end_what_is_left),
        cmocka_unit_test_teardown(one_line_reports_that_a_server_stays_away, end_what_is_left),
        cmocka_unit_test_teardown(a_drain_without_end_is_cut_at_the_grace_period, end_what_is_left),
    };

    if (manner_text != NULL)
        return tiny_main(manner_text, argc, argv);
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
