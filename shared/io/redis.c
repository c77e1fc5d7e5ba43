#include "shared/io/redis.h"

#include "shared/core/alloc.h"
#include "shared/core/backoff.h"
#include "shared/core/endpoints.h"
#include "shared/core/url.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/redis_tls.h"
#include "shared/io/resolve.h"
#include "shared/io/sentinel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum {
    CONNECT_TIMEOUT_MS = 3000,
    COMMAND_TIMEOUT_MS = 5000,
    BACKOFF_BASE_MS = 200, /* jitter makes 100 to 200 of it */
    BACKOFF_CAP_MS = 5000,
    /* Up for less than this was no recovery: a server that takes us and then answers READONLY must
       not be asked ten times a second. */
    STABLE_MS = 5000,
    LOOK_MS = 3000, /* between two questions to Sentinels while we are up */
    DESTROY_ROUNDS = 100
};

enum phase {
    PHASE_WAIT,    /* between two tries */
    PHASE_CONNECT, /* looking up, connecting, greeting */
    PHASE_READY,   /* greeted; to be told on the loop's next turn */
    PHASE_UP,
    PHASE_DOOMED /* to be torn down on the loop's next turn */
};

enum told { TOLD_NOTHING, TOLD_UP, TOLD_DOWN };

struct command {
    TAILQ_ENTRY(command) link;
    struct ps_redis *redis;
    ps_redis_fn fn;
    void *cookie;
    int64_t sent_ms;
    int64_t timeout_ms;
    int code; /* of a command that was refused: never sent */
};
TAILQ_HEAD(commands, command);

struct ps_redis {
    struct ps_loop *loop;
    struct ps_redis_url url;
    char *where;                  /* for errors: host and port, or path */
    struct ps_sentinel *sentinel; /* NULL: the URL says where */
    char host[PS_URL_HOST];       /* where to connect to; of the URL, or what Sentinel said */
    uint16_t port;
    bool moved;                   /* host and port are what a node of a Redis Cluster named */
    char other_host[PS_URL_HOST]; /* another master that the last look found, once; "" for none */
    uint16_t other_port;
    struct ps_timer *look;
    char *client_name;
    struct ps_redis_tls tls;
    char *ca_file, *cert_file, *key_file; /* what tls borrows */
    int64_t connect_timeout_ms;
    int64_t command_timeout_ms;
    ps_redis_state_fn on_state;
    void *cookie;

    enum phase phase;
    enum told told;
    struct ps_err told_why;     /* of TOLD_DOWN */
    struct ps_err why;          /* of the last loss */
    redisAsyncContext *context; /* NULL once we have let go of it */
    struct ssl_st *session;     /* of the context, where it is TLS */
    struct ps_resolve *resolve;
    unsigned turn; /* which of the host's addresses */
    int attempt;
    uint64_t ups;
    int64_t up_since_ms;

    struct commands sent; /* oldest first, as Redis answers */
    int outstanding;
    int64_t answer_ms; /* when the last answer came */
    struct commands refused;
    int in_callback;
    const char **argv; /* scratch */
    size_t *lengths;
    size_t argv_size;

    struct ps_timer *deadline;
    int64_t deadline_at_ms;
    struct ps_timer *retry;
    struct ps_timer *later; /* what must not happen inside the owner's call */
};

static void call(struct command *command, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_redis *redis = command->redis;

    redis->in_callback++;
    command->fn(command->cookie, reply, err);
    redis->in_callback--;
    free(command);
}

static void name_server(struct ps_redis *redis)
{
    free(redis->where);
    redis->where = redis->url.is_unix ? ps_alloc_text(redis->url.path)
                                      : ps_alloc_format("%s:%u", redis->host, redis->port);
}

static void use_url(struct ps_redis *redis)
{
    memcpy(redis->host, redis->url.host, sizeof(redis->host));
    redis->port = redis->url.port;
    redis->moved = false;
    name_server(redis);
}

/* That it is down, once; and what will not pass by itself, whenever that becomes known. */
static bool worth_telling(const struct ps_redis *redis)
{
    return redis->told != TOLD_DOWN || (redis->why.category == PS_FAILURE_CONFIGURATION &&
                                        strcmp(redis->why.what, redis->told_why.what) != 0);
}

/* The link is gone, whoever noticed first; hiredis or drop() runs what was outstanding. */
static void link_gone(struct ps_redis *redis, const struct ps_err *err)
{
    if (redis->up_since_ms == 0) {
        redis->turn++; /* this address did not do */
        ps_sentinel_doubt(redis->sentinel);
        if (redis->moved)
            use_url(redis); /* the node that was named is gone: the one of the URL knows better */
    } else if (ps_loop_now(redis->loop) - redis->up_since_ms >= STABLE_MS) {
        redis->attempt = 0;
    }
    redis->up_since_ms = 0;
    redis->context = NULL;
    ps_redis_tls_drop(redis->session);
    redis->session = NULL;
    ps_sentinel_cancel(redis->sentinel);
    ps_timer_cancel(redis->look);
    redis->other_host[0] = '\0';
    redis->why = *err;
    redis->phase = PHASE_WAIT;
    if (redis->attempt < 30)
        redis->attempt++;
    ps_timer_cancel(redis->deadline);
    ps_timer_set(redis->retry,
                 ps_backoff_ms(BACKOFF_BASE_MS, BACKOFF_CAP_MS, redis->attempt, ps_clock_random()));
    if (worth_telling(redis))
        ps_timer_set(redis->later, 0);
}

static void drop(struct ps_redis *redis, const struct ps_err *err)
{
    redisAsyncContext *context = redis->context;
    struct ps_err why = *err; /* may be redis->why itself */

    ps_resolve_cancel(redis->resolve);
    redis->resolve = NULL;
    link_gone(redis, &why);
    if (context != NULL)
        redisAsyncFree(context);
}

/* Tears down on the loop's next turn: we may be inside a callback of this very link. */
static void doom(struct ps_redis *redis, const struct ps_err *err)
{
    if (redis->context == NULL || redis->phase == PHASE_DOOMED)
        return;
    redis->why = *err;
    redis->phase = PHASE_DOOMED;
    ps_timer_set(redis->later, 0);
}

static void link_lost(struct ps_redis *redis, const redisAsyncContext *context)
{
    struct ps_err err, tls;

    if (redis->context != context)
        return; /* we let go of it ourselves */
    if (redis->session != NULL && ps_redis_tls_explain(&context->c, redis->session, &tls))
        (void)ps_fail(&err, tls.category, PS_REDIS_ERR_LOST, "redis %s: %s", redis->where,
                      tls.what);
    else
        (void)ps_fail(&err, PS_FAILURE_NETWORK, PS_REDIS_ERR_LOST, "redis %s: %s", redis->where,
                      context->errstr != NULL && context->errstr[0] != '\0' ? context->errstr
                                                                            : "connection closed");
    if (redis->phase == PHASE_DOOMED)
        err = redis->why; /* the reason came before its consequence */
    link_gone(redis, &err);
}

static int64_t head_due_ms(const struct ps_redis *redis)
{
    const struct command *head = TAILQ_FIRST(&redis->sent);
    int64_t from_ms;

    if (head == NULL)
        return INT64_MAX;
    /* Redis answers in order: a full pipeline that moves is not late. */
    from_ms = head->sent_ms > redis->answer_ms ? head->sent_ms : redis->answer_ms;
    return from_ms + head->timeout_ms;
}

/* The timer is moved forward only; when it fires early it looks again. */
static void watch_head(struct ps_redis *redis)
{
    int64_t due_ms = head_due_ms(redis);

    if (due_ms == INT64_MAX ||
        (ps_timer_pending(redis->deadline) && redis->deadline_at_ms <= due_ms))
        return;
    redis->deadline_at_ms = due_ms;
    ps_timer_set(redis->deadline, due_ms - ps_loop_now(redis->loop));
}

static void on_deadline(void *cookie)
{
    struct ps_redis *redis = cookie;
    int64_t now_ms = ps_loop_now(redis->loop);
    struct ps_err err;

    switch (redis->phase) {
    case PHASE_WAIT:
    case PHASE_READY:
    case PHASE_DOOMED:
        return;
    case PHASE_CONNECT:
        (void)ps_fail(&err, PS_FAILURE_TIMEOUT, PS_REDIS_ERR_TIMEOUT,
                      "redis %s: no connection within %lld ms", redis->where,
                      (long long)redis->connect_timeout_ms);
        break;
    case PHASE_UP:
        if (head_due_ms(redis) > now_ms) {
            watch_head(redis);
            return;
        }
        (void)ps_fail(&err, PS_FAILURE_TIMEOUT, PS_REDIS_ERR_TIMEOUT,
                      "redis %s: no answer within %lld ms", redis->where,
                      (long long)TAILQ_FIRST(&redis->sent)->timeout_ms);
        break;
    }
    drop(redis, &err);
}

static void command_lost(struct ps_redis *redis, struct command *command)
{
    int64_t from_ms = command->sent_ms > redis->answer_ms ? command->sent_ms : redis->answer_ms;
    bool late = redis->why.code == PS_REDIS_ERR_TIMEOUT &&
                ps_loop_now(redis->loop) - from_ms >= command->timeout_ms;
    struct ps_err err;

    (void)ps_fail(&err, late ? PS_FAILURE_TIMEOUT : PS_FAILURE_NETWORK,
                  late ? PS_REDIS_ERR_TIMEOUT : PS_REDIS_ERR_LOST, "%s", redis->why.what);
    call(command, NULL, &err);
}

/* "MOVED slot host:port": all our keys are in one slot, so the next connection goes there. */
static void follow(struct ps_redis *redis, const char *text)
{
    const char *node = strrchr(text, ' ');
    struct ps_endpoints named;
    struct ps_err ignored;

    if (node == NULL || !ps_endpoints_parse(node + 1, redis->port, &named, &ignored))
        return;
    if (named.len == 1) {
        memcpy(redis->host, named.items[0].host, sizeof(redis->host));
        redis->port = named.items[0].port;
        redis->moved = true;
        name_server(redis);
    }
    ps_endpoints_clear(&named);
}

static void on_reply(redisAsyncContext *context, void *data, void *cookie)
{
    struct command *command = cookie;
    struct ps_redis *redis = command->redis;
    const struct redisReply *reply = data;
    struct ps_err err;
    bool reroute;

    TAILQ_REMOVE(&redis->sent, command, link);
    redis->outstanding--;
    if (reply == NULL) {
        link_lost(redis, context);
        command_lost(redis, command);
        return;
    }
    redis->answer_ms = ps_loop_now(redis->loop);
    if (reply->type != REDIS_REPLY_ERROR) {
        call(command, reply, NULL);
        return;
    }
    reroute = ps_reply_error(reply, &err);
    if (err.code == PS_REDIS_ERR_MOVED && redis->sentinel == NULL)
        follow(redis, reply->str);
    call(command, NULL, &err);
    if (reroute)
        doom(redis, &err);
}

static bool transmit(struct ps_redis *redis, struct command *command, const struct ps_str *args,
                     size_t count)
{
    if (count > redis->argv_size) {
        redis->argv_size = count * 2;
        redis->argv = ps_alloc_array(redis->argv, redis->argv_size, sizeof(*redis->argv));
        redis->lengths = ps_alloc_array(redis->lengths, redis->argv_size, sizeof(*redis->lengths));
    }
    for (size_t i = 0; i < count; i++) {
        redis->argv[i] = args[i].len == 0 ? "" : args[i].data;
        redis->lengths[i] = args[i].len;
    }
    command->sent_ms = ps_loop_now(redis->loop);
    if (redisAsyncCommandArgv(redis->context, on_reply, command, (int)count, redis->argv,
                              redis->lengths) != REDIS_OK)
        return false;
    TAILQ_INSERT_TAIL(&redis->sent, command, link);
    redis->outstanding++;
    return true;
}

static struct command *command_create(struct ps_redis *redis, int64_t timeout_ms, ps_redis_fn fn,
                                      void *cookie)
{
    struct command *command = ps_alloc_zero(1, sizeof(*command));

    command->redis = redis;
    command->timeout_ms = timeout_ms;
    command->fn = fn != NULL ? fn : ps_redis_ignore;
    command->cookie = cookie;
    return command;
}

static void refuse(struct ps_redis *redis, struct command *command, int code)
{
    command->code = code;
    TAILQ_INSERT_TAIL(&redis->refused, command, link);
    ps_timer_set(redis->later, 0);
}

static void answer_refused(struct ps_redis *redis)
{
    struct commands refused = TAILQ_HEAD_INITIALIZER(refused);
    struct command *command;
    struct ps_err err;

    TAILQ_CONCAT(&refused, &redis->refused, link); /* a callback may send, and be refused, again */
    while ((command = TAILQ_FIRST(&refused)) != NULL) {
        TAILQ_REMOVE(&refused, command, link);
        if (command->code == ENOBUFS)
            (void)ps_fail(&err, PS_FAILURE_UNKNOWN, ENOBUFS, "redis %s: %d commands outstanding",
                          redis->where, PS_REDIS_OUTSTANDING_MAX);
        else
            (void)ps_fail(&err, PS_FAILURE_NETWORK, PS_REDIS_ERR_OFFLINE, "redis %s: not connected",
                          redis->where);
        call(command, NULL, &err);
    }
}

static void on_later(void *cookie)
{
    struct ps_redis *redis = cookie;

    if (redis->phase == PHASE_DOOMED)
        drop(redis, &redis->why);
    answer_refused(redis);
    if (redis->phase == PHASE_READY) {
        redis->phase = PHASE_UP;
        redis->ups++;
        redis->up_since_ms = ps_loop_now(redis->loop);
        ps_timer_cancel(redis->deadline);
        if (redis->sentinel != NULL)
            ps_timer_set(redis->look, LOOK_MS);
        redis->told = TOLD_UP;
        redis->on_state(redis->cookie, true, NULL); /* may destroy redis: nothing after this */
    } else if (redis->phase == PHASE_WAIT && worth_telling(redis)) {
        struct ps_err why = redis->why;

        redis->told = TOLD_DOWN;
        redis->told_why = why;
        redis->on_state(redis->cookie, false, &why); /* the same */
    }
}

/* Greeting. What a server says to AUTH may quote the password: only its first word is kept. */

static void greeting_refused(struct ps_redis *redis, const char *what, const struct ps_err *err)
{
    struct ps_err why;
    bool full = strstr(err->what, "max number of clients") != NULL;

    if (full || err->category == PS_FAILURE_NETWORK)
        (void)ps_fail(&why, PS_FAILURE_NETWORK, err->code, "redis %s: %s", redis->where, err->what);
    else
        (void)ps_fail(&why, PS_FAILURE_CONFIGURATION, err->code, "redis %s: %s refused (%.*s)",
                      redis->where, what, (int)strcspn(err->what, " "), err->what);
    doom(redis, &why);
}

static bool link_failed(const struct ps_err *err)
{
    return err->code == PS_REDIS_ERR_LOST || err->code == PS_REDIS_ERR_TIMEOUT;
}

static void on_auth(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    (void)reply;
    if (err != NULL && !link_failed(err))
        greeting_refused(cookie, "AUTH", err);
}

static void on_select(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    (void)reply;
    if (err != NULL && !link_failed(err))
        greeting_refused(cookie, "SELECT", err);
}

static void on_name(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    (void)reply; /* a name is for people: a server that does not take it will do */
    if (err != NULL && strstr(err->what, "max number of clients") != NULL)
        greeting_refused(cookie, "CLIENT SETNAME", err);
}

/* With Sentinels: one that was demoted, or that never was the master, will not do. */
static void on_role(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_redis *redis = cookie;
    const char *role = err == NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0
                           ? ps_reply_text(reply->element[0], NULL)
                           : NULL;
    struct ps_err why;

    if (role == NULL || strcmp(role, "master") == 0)
        return; /* a user who may not ask it learns from READONLY */
    (void)ps_fail(&why, PS_FAILURE_NETWORK, PS_REDIS_ERR_REPLY, "redis %s: its role is %s",
                  redis->where, role);
    doom(redis, &why);
}

/* PING finds a server that still loads, or whose master is down, before anybody is told. */
static void on_ping(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_redis *redis = cookie;

    (void)reply;
    if (err != NULL && link_failed(err))
        return;
    if (err != NULL && strncmp(err->what, "NOPERM", 6) != 0) {
        greeting_refused(redis, "PING", err);
    } else if (redis->phase == PHASE_CONNECT) {
        redis->phase = PHASE_READY;
        ps_timer_set(redis->later, 0);
    }
}

static void greet(struct ps_redis *redis, ps_redis_fn fn, const char *const *texts, size_t count)
{
    struct command *command = command_create(redis, redis->connect_timeout_ms, fn, redis);
    struct ps_str args[3];

    assert(count <= PS_COUNT_OF(args));
    for (size_t i = 0; i < count; i++)
        args[i] = ps_str_of(texts[i]);
    if (!transmit(redis, command, args, count))
        free(command); /* the link is going: hiredis says so next */
}

#define GREET(redis, fn, ...)                                                                      \
    greet(redis, fn, (const char *const[]){ __VA_ARGS__ },                                         \
          sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static void on_connect(const redisAsyncContext *context, int status)
{
    struct ps_redis *redis = context->data;
    int on = 1;
    char *database;

    if (redis->context != context)
        return;
    if (status != REDIS_OK) {
        link_lost(redis, context);
        return;
    }
    if (!redis->url.is_unix) {
        (void)redisEnableKeepAlive(&redis->context->c);
        (void)setsockopt(context->c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    if (redis->url.password != NULL && redis->url.user != NULL)
        GREET(redis, on_auth, "AUTH", redis->url.user, redis->url.password);
    else if (redis->url.password != NULL)
        GREET(redis, on_auth, "AUTH", redis->url.password);
    if (redis->client_name != NULL)
        GREET(redis, on_name, "CLIENT", "SETNAME", redis->client_name);
    if (redis->url.database != 0) {
        database = ps_alloc_format("%d", redis->url.database);
        GREET(redis, on_select, "SELECT", database);
        free(database);
    }
    if (redis->sentinel != NULL)
        GREET(redis, on_role, "ROLE");
    GREET(redis, on_ping, "PING");
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    (void)status;
    link_lost(context->data, context);
}

static bool open_link(struct ps_redis *redis, const char *address, struct ps_err *err)
{
    redisAsyncContext *context = redis->url.is_unix ? redisAsyncConnectUnix(redis->url.path)
                                                    : redisAsyncConnect(address, redis->port);

    if (context == NULL)
        abort(); /* out of memory */
    if (context->err != 0) {
        (void)ps_fail(err, PS_FAILURE_NETWORK, PS_REDIS_ERR_LOST, "redis %s: %s", redis->where,
                      context->errstr);
        redisAsyncFree(context);
        return false;
    }
    (void)fcntl(context->c.fd, F_SETFD, FD_CLOEXEC);
    if (redis->url.tls) {
        struct ps_err why;

        redis->session = ps_redis_tls_start(&context->c, redis->url.host, &redis->tls, &why);
        if (redis->session == NULL) {
            (void)ps_fail(err, why.category, PS_REDIS_ERR_LOST, "redis %s: %s", redis->where,
                          why.what);
            redisAsyncFree(context);
            return false;
        }
    }
    context->data = redis;
    redis->context = context;
    if (redisLibeventAttach(context, ps_loop_base(redis->loop)) != REDIS_OK ||
        redisAsyncSetConnectCallback(context, on_connect) != REDIS_OK ||
        redisAsyncSetDisconnectCallback(context, on_disconnect) != REDIS_OK)
        abort();
    return true;
}

static void on_address(void *cookie, const char *address, const struct ps_err *err)
{
    struct ps_redis *redis = cookie;
    struct ps_err why;

    redis->resolve = NULL;
    if (err != NULL)
        link_gone(redis, err);
    else if (!open_link(redis, address, &why))
        link_gone(redis, &why);
}

static void look_up(struct ps_redis *redis)
{
    ps_timer_set(redis->deadline, redis->connect_timeout_ms);
    redis->resolve =
        ps_resolve_start_turn(redis->loop, redis->host, redis->turn, on_address, redis);
}

/* While we are up. One Sentinel may be behind; what two say is so. */
static void compare_master(struct ps_redis *redis, const char *host, uint16_t port)
{
    bool again;
    struct ps_err err;

    ps_timer_set(redis->look, LOOK_MS);
    if (host == NULL)
        return;
    again = strcmp(host, redis->other_host) == 0 && port == redis->other_port;
    redis->other_host[0] = '\0';
    if (strcmp(host, redis->host) == 0 && port == redis->port)
        return;
    (void)snprintf(redis->other_host, sizeof(redis->other_host), "%s", host);
    redis->other_port = port;
    if (!again)
        return;
    (void)ps_fail(&err, PS_FAILURE_NETWORK, PS_REDIS_ERR_LOST, "redis %s: %s:%u is the master now",
                  redis->where, host, port);
    doom(redis, &err);
}

static void on_master(void *cookie, const char *host, uint16_t port, const struct ps_err *err)
{
    struct ps_redis *redis = cookie;
    struct ps_err why;

    if (redis->phase != PHASE_CONNECT) {
        compare_master(redis, host, port);
    } else if (host == NULL) {
        (void)ps_fail(&why, err->category, err->code, "redis %s: %s",
                      ps_sentinel_master(redis->sentinel), err->what);
        link_gone(redis, &why);
    } else {
        (void)snprintf(redis->host, sizeof(redis->host), "%s", host);
        redis->port = port;
        name_server(redis);
        look_up(redis);
    }
}

static void on_look(void *cookie)
{
    struct ps_redis *redis = cookie;

    ps_sentinel_doubt(redis->sentinel); /* each is asked in turn */
    ps_sentinel_ask(redis->sentinel);
}

static void on_retry(void *cookie)
{
    struct ps_redis *redis = cookie;
    struct ps_err why;

    redis->phase = PHASE_CONNECT;
    if (redis->sentinel != NULL) {
        ps_sentinel_ask(redis->sentinel); /* which has its own patience */
    } else if (!redis->url.is_unix) {
        look_up(redis);
    } else {
        ps_timer_set(redis->deadline, redis->connect_timeout_ms);
        if (!open_link(redis, NULL, &why))
            link_gone(redis, &why);
    }
}

struct ps_redis *ps_redis_create(struct ps_loop *loop, const struct ps_redis_options *options,
                                 ps_redis_state_fn on_state, void *cookie, struct ps_err *err)
{
    struct ps_redis_url url;
    struct ps_redis *redis;

    if (!ps_redis_options_check(options, err) || !ps_redis_options_url(options, &url, err))
        return NULL;
    redis = ps_alloc_zero(1, sizeof(*redis));
    redis->loop = loop;
    redis->url = url;
    use_url(redis);
    redis->client_name = ps_alloc_text(options->client_name);
    redis->ca_file = ps_alloc_text(options->ca_file);
    redis->cert_file = ps_alloc_text(options->cert_file);
    redis->key_file = ps_alloc_text(options->key_file);
    redis->tls = (struct ps_redis_tls){ .ca_file = redis->ca_file,
                                        .cert_file = redis->cert_file,
                                        .key_file = redis->key_file };
    redis->connect_timeout_ms =
        options->connect_timeout_ms > 0 ? options->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    redis->command_timeout_ms =
        options->command_timeout_ms > 0 ? options->command_timeout_ms : COMMAND_TIMEOUT_MS;
    redis->on_state = on_state;
    redis->cookie = cookie;
    TAILQ_INIT(&redis->sent);
    TAILQ_INIT(&redis->refused);
    redis->deadline = ps_timer_create(loop, on_deadline, redis);
    redis->retry = ps_timer_create(loop, on_retry, redis);
    redis->later = ps_timer_create(loop, on_later, redis);
    redis->look = ps_timer_create(loop, on_look, redis);
    if (ps_redis_options_sentinels(options)) {
        redis->sentinel = ps_sentinel_create(loop, options, url.tls, on_master, redis, err);
        assert(redis->sentinel != NULL); /* it was checked above */
    }
    ps_timer_set(redis->retry, 0);
    return redis;
}

void ps_redis_destroy(struct ps_redis *redis)
{
    redisAsyncContext *context;

    if (redis == NULL)
        return;
    assert(redis->in_callback == 0);
    context = redis->context;
    redis->context = NULL;
    redis->phase = PHASE_WAIT;
    (void)ps_fail(&redis->why, PS_FAILURE_NETWORK, PS_REDIS_ERR_LOST, "redis %s: closed by us",
                  redis->where);
    ps_resolve_cancel(redis->resolve);
    ps_sentinel_destroy(redis->sentinel);
    redis->sentinel = NULL;
    if (context != NULL)
        redisAsyncFree(context);
    ps_redis_tls_drop(redis->session);
    for (int round = 0; !TAILQ_EMPTY(&redis->refused); round++) {
        assert(round < DESTROY_ROUNDS); /* an owner that sends again whenever it is refused */
        answer_refused(redis);
    }
    ps_timer_destroy(redis->deadline);
    ps_timer_destroy(redis->retry);
    ps_timer_destroy(redis->later);
    ps_timer_destroy(redis->look);
    ps_redis_url_clear(&redis->url);
    free(redis->where);
    free(redis->client_name);
    free(redis->ca_file);
    free(redis->cert_file);
    free(redis->key_file);
    free(redis->argv);
    free(redis->lengths);
    free(redis);
}

bool ps_redis_up(const struct ps_redis *redis)
{
    return redis->phase == PHASE_UP;
}

uint64_t ps_redis_reconnects(const struct ps_redis *redis)
{
    return redis->ups > 1 ? redis->ups - 1 : 0;
}

const char *ps_redis_why(const struct ps_redis *redis)
{
    return redis->why.what;
}

int ps_redis_outstanding(const struct ps_redis *redis)
{
    return redis->outstanding;
}

void ps_redis_send(struct ps_redis *redis, const struct ps_str *args, size_t count, ps_redis_fn fn,
                   void *cookie)
{
    ps_redis_send_within(redis, redis->command_timeout_ms, args, count, fn, cookie);
}

void ps_redis_send_within(struct ps_redis *redis, int64_t timeout_ms, const struct ps_str *args,
                          size_t count, ps_redis_fn fn, void *cookie)
{
    struct command *command = command_create(redis, timeout_ms, fn, cookie);

    assert(count > 0);
    if (redis->outstanding >= PS_REDIS_OUTSTANDING_MAX)
        refuse(redis, command, ENOBUFS);
    else if (redis->phase != PHASE_UP || !transmit(redis, command, args, count))
        refuse(redis, command, PS_REDIS_ERR_OFFLINE);
    else
        watch_head(redis);
}

void ps_redis_send_texts(struct ps_redis *redis, const char *const *args, size_t count,
                         ps_redis_fn fn, void *cookie)
{
    struct ps_str *texts = ps_alloc_array(NULL, count, sizeof(*texts));

    for (size_t i = 0; i < count; i++)
        texts[i] = ps_str_of(args[i]);
    ps_redis_send(redis, texts, count, fn, cookie);
    free(texts);
}

void ps_redis_ignore(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    (void)cookie;
    (void)reply;
    if (err != NULL && (err->code < PS_REDIS_ERR_LOST || err->code > PS_REDIS_ERR_OFFLINE))
        PS_LOG(REDIS_ERROR, F_ERR(err));
}

void ps_redis_reset(struct ps_redis *redis)
{
    struct ps_err err;

    (void)ps_fail(&err, PS_FAILURE_NETWORK, PS_REDIS_ERR_LOST, "redis %s: reset by us",
                  redis->where);
    doom(redis, &err);
}
