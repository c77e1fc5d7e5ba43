#include "tests/support/servers.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/io/clock.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 15000, TURN_MS = 5, ANSWER_MAX = 1 << 24, PORT_TRIES = 5 };

struct ps_test_redis {
    char folder[64];
    char *config;
    char *url;
    char *unix_url;
    char *socket;
    uint16_t port;
    pid_t pid; /* 0 while it does not run */
    redisContext *context;
    struct ps_buf answer;
};

static void give_up(const char *what, const char *detail)
{
    (void)fprintf(stderr, "test support: %s: %s\n", what, detail);
    abort();
}

void ps_test_sleep_ms(int64_t ms)
{
    struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        give_up("free port", strerror(errno));
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void write_config(const struct ps_test_redis *server)
{
    char *path = ps_alloc_format("%s/redis.conf", server->folder);
    FILE *file = fopen(path, "w");

    if (file == NULL)
        give_up(path, strerror(errno));
    (void)fprintf(file,
                  "bind 127.0.0.1\nport %u\nunixsocket %s\ndir %s\nlogfile %s/log\nsave \"\"\n"
                  "appendonly no\ndaemonize no\n%s\n",
                  server->port, server->socket, server->folder, server->folder,
                  server->config == NULL ? "" : server->config);
    if (fclose(file) != 0)
        give_up(path, strerror(errno));
    free(path);
}

static void forget_context(struct ps_test_redis *server)
{
    if (server->context != NULL)
        redisFree(server->context);
    server->context = NULL;
}

static bool takes_connections(const struct ps_test_redis *server)
{
    redisContext *context = redisConnectUnix(server->socket);
    bool ok = context != NULL && context->err == 0;

    if (context != NULL)
        redisFree(context);
    return ok;
}

static bool spawn(struct ps_test_redis *server)
{
    char *path = ps_alloc_format("%s/redis.conf", server->folder);
    int64_t start_ms = ps_clock_mono_ms();
    pid_t parent = getpid();

    write_config(server);
    (void)unlink(server->socket);
    server->pid = fork();
    if (server->pid < 0)
        give_up("fork", strerror(errno));
    if (server->pid == 0) {
        /* a test that aborts must not leave its server behind */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
            _exit(127);
        execlp("redis-server", "redis-server", path, (char *)NULL);
        _exit(127);
    }
    free(path);
    while (!takes_connections(server)) {
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            return false; /* the port was taken meanwhile, or the settings are bad */
        }
        if (ps_clock_mono_ms() - start_ms > START_MS)
            give_up("redis-server", "does not answer");
        ps_test_sleep_ms(TURN_MS);
    }
    return true;
}

static void set_port(struct ps_test_redis *server)
{
    server->port = free_port();
    free(server->url);
    server->url = ps_alloc_format("redis://127.0.0.1:%u", server->port);
}

struct ps_test_redis *ps_test_redis_start(const char *config)
{
    struct ps_test_redis *server = ps_alloc_zero(1, sizeof(*server));

    (void)snprintf(server->folder, sizeof(server->folder), "/tmp/ps_redis_XXXXXX");
    if (mkdtemp(server->folder) == NULL)
        give_up("mkdtemp", strerror(errno));
    server->config = ps_alloc_text(config);
    server->socket = ps_alloc_format("%s/socket", server->folder);
    server->unix_url = ps_alloc_format("unix://%s", server->socket);
    ps_buf_init(&server->answer, ANSWER_MAX);
    for (int i = 0; server->pid == 0; i++) {
        if (i == PORT_TRIES)
            give_up("redis-server", "does not start");
        set_port(server);
        (void)spawn(server);
    }
    return server;
}

void ps_test_redis_kill(struct ps_test_redis *server)
{
    forget_context(server);
    if (server->pid == 0)
        return;
    (void)kill(server->pid, SIGKILL);
    (void)waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void ps_test_redis_up(struct ps_test_redis *server, const char *config)
{
    assert(server->pid == 0);
    if (config != NULL) {
        free(server->config);
        server->config = ps_alloc_text(config);
    }
    if (!spawn(server))
        give_up("redis-server", "does not start again");
}

void ps_test_redis_destroy(struct ps_test_redis *server)
{
    DIR *folder;
    struct dirent *file;

    if (server == NULL)
        return;
    ps_test_redis_kill(server);
    folder = opendir(server->folder);
    while (folder != NULL && (file = readdir(folder)) != NULL)
        (void)unlinkat(dirfd(folder), file->d_name, 0);
    if (folder != NULL)
        (void)closedir(folder);
    (void)rmdir(server->folder);
    ps_buf_clear(&server->answer);
    free(server->config);
    free(server->socket);
    free(server->url);
    free(server->unix_url);
    free(server);
}

void ps_test_redis_pause(struct ps_test_redis *server)
{
    (void)kill(server->pid, SIGSTOP);
}

void ps_test_redis_resume(struct ps_test_redis *server)
{
    (void)kill(server->pid, SIGCONT);
}

const char *ps_test_redis_url(const struct ps_test_redis *server)
{
    return server->url;
}

const char *ps_test_redis_unix_url(const struct ps_test_redis *server)
{
    return server->unix_url;
}

uint16_t ps_test_redis_port(const struct ps_test_redis *server)
{
    return server->port;
}

static void render(struct ps_buf *out, const redisReply *reply)
{
    switch (reply->type) {
    case REDIS_REPLY_INTEGER:
        (void)ps_buf_format(out, "%lld", reply->integer);
        break;
    case REDIS_REPLY_NIL:
        (void)ps_buf_text(out, "nil");
        break;
    case REDIS_REPLY_ERROR:
        (void)ps_buf_format(out, "!%.*s", (int)strcspn(reply->str, " "), reply->str);
        break;
    case REDIS_REPLY_ARRAY:
        (void)ps_buf_char(out, '[');
        for (size_t i = 0; i < reply->elements; i++) {
            if (i > 0)
                (void)ps_buf_char(out, ' ');
            render(out, reply->element[i]);
        }
        (void)ps_buf_char(out, ']');
        break;
    default:
        (void)ps_buf_add(out, reply->str, (size_t)reply->len);
    }
}

static redisContext *context_of(struct ps_test_redis *server)
{
    if (server->context != NULL && server->context->err != 0)
        forget_context(server);
    if (server->context == NULL)
        server->context = redisConnectUnix(server->socket);
    if (server->context == NULL || server->context->err != 0)
        give_up("connect", server->context == NULL ? "no memory" : server->context->errstr);
    return server->context;
}

static const char *take(struct ps_test_redis *server, redisReply *reply)
{
    if (reply == NULL)
        give_up("redis", server->context->errstr);
    ps_buf_reset(&server->answer);
    render(&server->answer, reply);
    freeReplyObject(reply);
    return ps_buf_str(&server->answer);
}

const char *ps_test_redis_do(struct ps_test_redis *server, const char *format, ...)
{
    va_list args;
    redisReply *reply;

    va_start(args, format);
    reply = redisvCommand(context_of(server), format, args);
    va_end(args);
    return take(server, reply);
}

long long ps_test_redis_int(struct ps_test_redis *server, const char *format, ...)
{
    va_list args;
    redisReply *reply;

    va_start(args, format);
    reply = redisvCommand(context_of(server), format, args);
    va_end(args);
    return strtoll(take(server, reply), NULL, 10);
}

const char *ps_test_redis_script(struct ps_test_redis *server, enum ps_script script,
                                 const char *const *keys, const char *const *args)
{
    const struct ps_script_text *text = &ps_scripts[script];
    size_t arg_count = 0;
    size_t count;
    const char **argv;
    char key_count[24];
    redisReply *reply;

    while (args[arg_count] != NULL)
        arg_count++;
    for (count = 0; keys[count] != NULL; count++)
        continue;
    assert(count == text->key_count);
    (void)snprintf(key_count, sizeof(key_count), "%zu", count);
    argv = ps_alloc_array(NULL, 3 + count + arg_count, sizeof(*argv));
    argv[0] = "EVAL";
    argv[1] = text->text;
    argv[2] = key_count;
    for (size_t i = 0; i < count; i++)
        argv[3 + i] = keys[i];
    for (size_t i = 0; i < arg_count; i++)
        argv[3 + count + i] = args[i];
    reply = redisCommandArgv(context_of(server), (int)(3 + count + arg_count), argv, NULL);
    free(argv);
    return take(server, reply);
}

long long ps_test_redis_info(struct ps_test_redis *server, const char *section, const char *name)
{
    char *wanted = ps_alloc_format("\n%s:", name);
    const char *found = strstr(ps_test_redis_do(server, "INFO %s", section), wanted);
    long long number = found == NULL ? -1 : strtoll(found + strlen(wanted), NULL, 10);

    free(wanted);
    return number;
}

static void on_turn(void *cookie)
{
    (void)cookie; /* only makes the loop turn */
}

int64_t ps_test_paced(int64_t ms)
{
    const char *factor = getenv("PAPERSCOUT_TEST_PACE");
    double pace = factor == NULL ? 1 : strtod(factor, NULL);

    return pace > 1 ? (int64_t)((double)ms * pace) : ms;
}

static int64_t now_us(clockid_t which)
{
    struct timespec now;

    (void)clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t ps_test_paced_now(int64_t ms)
{
    enum { SPIN_US = 100 * 1000, MOST = 60 };
    int64_t wall_us = now_us(CLOCK_MONOTONIC), used_us = now_us(CLOCK_PROCESS_CPUTIME_ID);
    int64_t slower;

    while (now_us(CLOCK_PROCESS_CPUTIME_ID) - used_us < SPIN_US) {
    }
    slower = (now_us(CLOCK_MONOTONIC) - wall_us) / SPIN_US;
    return slower > MOST                     ? ms * MOST
           : slower * ms > ps_test_paced(ms) ? slower * ms
                                             : ps_test_paced(ms);
}

static bool run_until(struct ps_loop *loop, bool (*condition)(void *cookie), void *cookie,
                      int64_t timeout_ms)
{
    int64_t end_ms = ps_loop_now(loop) + timeout_ms;
    struct ps_timer *turn = ps_timer_create(loop, on_turn, NULL);
    bool holds;

    while (!(holds = condition(cookie)) && ps_loop_now(loop) < end_ms) {
        ps_timer_set(turn, TURN_MS);
        (void)event_base_loop(ps_loop_base(loop), EVLOOP_ONCE);
    }
    ps_timer_destroy(turn);
    return holds;
}

bool ps_test_run_until(struct ps_loop *loop, bool (*condition)(void *cookie), void *cookie,
                       int64_t timeout_ms)
{
    int64_t given_ms = ps_test_paced(timeout_ms), more_ms;

    if (run_until(loop, condition, cookie, given_ms))
        return true;
    /* Only on the way to a failure: what else runs may have begun after the pace was measured. */
    more_ms = ps_test_paced_now(timeout_ms) - given_ms;
    return more_ms > 0 && run_until(loop, condition, cookie, more_ms);
}

static bool never(void *cookie)
{
    (void)cookie;
    return false;
}

void ps_test_run_for(struct ps_loop *loop, int64_t ms)
{
    (void)run_until(loop, never, NULL, ms);
}
