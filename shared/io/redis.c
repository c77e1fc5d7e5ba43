#include "shared/io/redis.h"

#include "shared/core/alloc.h"
#include "shared/core/backoff.h"
#include "shared/core/endpoints.h"
#include "shared/io/address_walk.h"
#include "shared/io/clock.h"
#include "shared/io/redis_private.h"
#include "shared/io/sentinel.h"

#include <assert.h>
#include <fcntl.h>
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    CONNECT_TIMEOUT_MS = 3000,
    COMMAND_TIMEOUT_MS = 5000,
    BACKOFF_BASE_MS = 200, /* jitter makes 100 to 200 of it */
    BACKOFF_CAP_MS = 5000,
    /* A connection that was up for less than this does not reset the backoff. Otherwise a server
       that accepts the connection and then answers READONLY would be tried ten times a second. */
    STABLE_MS = 5000,
    LOOK_MS = 3000,      /* between two questions to the Sentinels while the connection is up */
    DESTROY_ROUNDS = 100 /* finds an owner that sends again whenever its command is refused */
};

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

/* Returns whether on_state(false) is due: once for each time that the connection is down, and again
 * for a wrong setting that becomes known later, because only an operator can correct that. Not
 * before an attempt has failed. */
static bool worth_telling(const struct ps_redis *redis)
{
    if (redis->why.what[0] == '\0')
        return false;
    return redis->reported != PS_REDIS_REPORTED_DOWN ||
           (redis->why.category == PS_FAILURE_CONFIGURATION &&
            strcmp(redis->why.what, redis->reported_why.what) != 0);
}

/* The link is gone, whichever side noticed first: forget it and set the time of the next attempt.
 * The callbacks of outstanding commands run from hiredis, which is freeing the context or does so
 * when drop() returns to it. */
static void link_gone(struct ps_redis *redis, const struct ps_err *err)
{
    bool next = false; /* another address of the same look-up is left */

    /* Where to try next: another address of the host; another Sentinel, or the node of the URL
     * instead of one that MOVED named and that is gone; or, after a stable connection, the same
     * host from its first address. A connection that was up too briefly leaves the walk at the
     * next address. */
    if (redis->up_since_ms == 0 && ps_address_walk_more(redis->walk)) {
        next = true;
    } else if (redis->up_since_ms == 0) {
        ps_sentinel_doubt(redis->sentinel);
        if (redis->moved)
            use_url(redis);
    } else if (ps_loop_now(redis->loop) - redis->up_since_ms >= STABLE_MS) {
        redis->attempt = 0;
        ps_address_walk_restart(redis->walk);
    }
    redis->up_since_ms = 0;
    redis->context = NULL;
    ps_redis_tls_drop(redis->session);
    redis->session = NULL;
    ps_sentinel_cancel(redis->sentinel);
    ps_timer_cancel(redis->look);
    redis->other_host[0] = '\0';
    redis->why = *err;
    redis->phase = PS_REDIS_PHASE_WAIT;
    if (redis->attempt < 30 && !next)
        redis->attempt++;
    ps_timer_cancel(redis->deadline);
    ps_timer_set(redis->retry, next ? 0
                                    : ps_backoff_ms(BACKOFF_BASE_MS, BACKOFF_CAP_MS, redis->attempt,
                                                    ps_clock_random()));
    if (!next && worth_telling(redis))
        ps_timer_set(redis->later, 0);
}

static void drop(struct ps_redis *redis, const struct ps_err *err)
{
    redisAsyncContext *context = redis->context;
    struct ps_err why = *err; /* may be redis->why itself */

    link_gone(redis, &why);
    if (context != NULL)
        redisAsyncFree(context);
}

void ps_redis_doom(struct ps_redis *redis, const struct ps_err *err)
{
    if (redis->context == NULL || redis->phase == PS_REDIS_PHASE_DOOMED)
        return;
    redis->why = *err;
    redis->phase = PS_REDIS_PHASE_DOOMED;
    ps_timer_set(redis->later, 0);
}

void ps_redis_link_lost(struct ps_redis *redis, const redisAsyncContext *context)
{
    struct ps_err err, tls;

    if (redis->context != context)
        return; /* drop() or ps_redis_destroy() closed it */
    if (redis->session != NULL && ps_redis_tls_explain(&context->c, redis->session, &tls))
        (void)ps_fail(&err, tls.category, PS_REDIS_ERR_LOST, "redis %s: %s", redis->where,
                      tls.what);
    else
        (void)ps_fail(&err, PS_FAILURE_NETWORK, PS_REDIS_ERR_LOST, "redis %s: %s", redis->where,
                      context->errstr != NULL && context->errstr[0] != '\0' ? context->errstr
                                                                            : "connection closed");
    if (redis->phase == PS_REDIS_PHASE_DOOMED)
        err = redis->why; /* report the reason why it was doomed, not the closing that followed */
    link_gone(redis, &err);
}

static void on_deadline(void *cookie)
{
    struct ps_redis *redis = cookie;
    int64_t now_ms = ps_loop_now(redis->loop);
    struct ps_err err;

    switch (redis->phase) {
    case PS_REDIS_PHASE_WAIT:
    case PS_REDIS_PHASE_READY:
    case PS_REDIS_PHASE_DOOMED:
        return;
    case PS_REDIS_PHASE_CONNECT:
        (void)ps_fail(&err, PS_FAILURE_TIMEOUT, PS_REDIS_ERR_TIMEOUT,
                      "redis %s: no connection within %lld ms", redis->where,
                      (long long)redis->connect_timeout_ms);
        break;
    case PS_REDIS_PHASE_UP:
        /* The timer is not moved with each answer: the command that it was set for may be done. */
        if (ps_redis_head_due_ms(redis) > now_ms) {
            ps_redis_fitness_head(redis);
            return;
        }
        (void)ps_fail(&err, PS_FAILURE_TIMEOUT, PS_REDIS_ERR_TIMEOUT,
                      "redis %s: no answer within %lld ms", redis->where,
                      (long long)TAILQ_FIRST(&redis->sent)->timeout_ms);
        break;
    }
    drop(redis, &err);
}

void ps_redis_follow(struct ps_redis *redis, const char *text)
{
    struct ps_endpoint node;

    if (redis->url.is_unix || !ps_endpoint_parse_moved(text, redis->host, &node))
        return;
    memcpy(redis->host, node.host, sizeof(redis->host));
    redis->port = node.port;
    redis->moved = true;
    name_server(redis);
}

/* Runs on a turn of its own, in this order: closes a doomed link, calls back the owners of refused
 * commands, reports the state. */
static void on_later(void *cookie)
{
    struct ps_redis *redis = cookie;

    if (redis->phase == PS_REDIS_PHASE_DOOMED)
        drop(redis, &redis->why);
    ps_redis_answer_refused(redis);
    if (redis->phase == PS_REDIS_PHASE_READY) {
        redis->phase = PS_REDIS_PHASE_UP;
        redis->ups++;
        redis->up_since_ms = ps_loop_now(redis->loop);
        ps_timer_cancel(redis->deadline);
        if (redis->sentinel != NULL)
            ps_timer_set(redis->look, LOOK_MS);
        redis->reported = PS_REDIS_REPORTED_UP;
        redis->on_state(redis->cookie, true, NULL); /* may destroy redis: nothing after this */
    } else if (redis->phase == PS_REDIS_PHASE_WAIT && worth_telling(redis)) {
        struct ps_err why = redis->why;

        redis->reported = PS_REDIS_REPORTED_DOWN;
        redis->reported_why = why;
        redis->on_state(redis->cookie, false, &why); /* may destroy redis too */
    }
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct ps_redis *redis = context->data;
    int on = 1;

    if (redis->context != context)
        return;
    if (status != REDIS_OK) {
        ps_redis_link_lost(redis, context);
        return;
    }
    if (!redis->url.is_unix) {
        (void)redisEnableKeepAlive(&redis->context->c);
        (void)setsockopt(context->c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    ps_redis_handshake(redis);
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    (void)status;
    ps_redis_link_lost(context->data, context);
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

static void on_step(void *cookie, const struct ps_address_step *step, const struct ps_err *err)
{
    struct ps_redis *redis = cookie;
    struct ps_err why;

    if (step == NULL) {
        link_gone(redis, err);
        return;
    }
    ps_timer_set(redis->deadline, redis->connect_timeout_ms);
    if (!open_link(redis, step->address, &why))
        link_gone(redis, &why);
}

static void look_up(struct ps_redis *redis)
{
    const char *host = redis->host;

    if (strcmp(redis->walked, redis->host) != 0) {
        memcpy(redis->walked, redis->host, sizeof(redis->walked));
        ps_address_walk_set(redis->walk, &host, 1, 0);
    } else if (!ps_address_walk_more(redis->walk)) {
        ps_address_walk_restart(redis->walk); /* all addresses had their turn: resolve again */
    }
    ps_address_walk_next(redis->walk);
}

/* Compares the answer of a Sentinel with the server of the connection, which is up. One Sentinel
 * may be outdated, so the connection ends only if two answers in a row name the same other master.
 * Without this check a program could stay with a master that was cut off and demoted unheard. */
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
    ps_redis_doom(redis, &err);
}

static void on_master(void *cookie, const char *host, uint16_t port, const struct ps_err *err)
{
    struct ps_redis *redis = cookie;
    struct ps_err why;

    if (redis->phase != PS_REDIS_PHASE_CONNECT) {
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

    ps_sentinel_doubt(redis->sentinel); /* ask another Sentinel each time */
    ps_sentinel_ask(redis->sentinel);
}

/* Parses the URL again if its secret was rotated. */
static void renew_url(struct ps_redis *redis)
{
    struct ps_redis_url url;
    struct ps_err ignored;

    if (redis->url_source == NULL || strcmp(*redis->url_source, redis->url_text) == 0)
        return;
    free(redis->url_text);
    redis->url_text = ps_alloc_text(*redis->url_source);
    if (!ps_redis_url_parse(redis->url_text, &url, &ignored))
        return; /* keep the old URL; secret_watch.h has reported the wrong one */
    ps_redis_url_clear(&redis->url);
    redis->url = url;
    use_url(redis);
}

static void on_retry(void *cookie)
{
    struct ps_redis *redis = cookie;
    struct ps_err why;

    renew_url(redis);
    redis->phase = PS_REDIS_PHASE_CONNECT;
    if (redis->sentinel != NULL) {
        ps_sentinel_ask(redis->sentinel); /* each Sentinel has its own time limit */
    } else if (!redis->url.is_unix) {
        look_up(redis);
    } else {
        ps_timer_set(redis->deadline, redis->connect_timeout_ms);
        if (!open_link(redis, NULL, &why))
            link_gone(redis, &why);
    }
}

static const struct ps_sentinel_connect sentinel_connect = { .create = ps_redis_create,
                                                             .destroy = ps_redis_destroy,
                                                             .send = ps_redis_send_texts };

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
    if (options->target == NULL && options->url_source != NULL) {
        redis->url_source = options->url_source;
        redis->url_text = ps_alloc_text(options->url);
    }
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
    redis->walk = ps_address_walk_create(loop, redis->connect_timeout_ms, on_step, redis);
    if (ps_redis_options_sentinels(options)) {
        redis->sentinel =
            ps_sentinel_create(loop, &sentinel_connect, options, url.tls, on_master, redis, err);
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
    redis->phase = PS_REDIS_PHASE_WAIT;
    (void)ps_fail(&redis->why, PS_FAILURE_NETWORK, PS_REDIS_ERR_LOST, "redis %s: closed by us",
                  redis->where);
    ps_sentinel_destroy(redis->sentinel);
    redis->sentinel = NULL;
    if (context != NULL)
        redisAsyncFree(context);
    ps_redis_tls_drop(redis->session);
    for (int round = 0; !TAILQ_EMPTY(&redis->refused); round++) {
        assert(round < DESTROY_ROUNDS); /* an owner that sends again whenever it is refused */
        ps_redis_answer_refused(redis);
    }
    ps_timer_destroy(redis->deadline);
    ps_timer_destroy(redis->retry);
    ps_timer_destroy(redis->later);
    ps_timer_destroy(redis->look);
    ps_address_walk_destroy(redis->walk);
    ps_redis_url_clear(&redis->url);
    free(redis->where);
    free(redis->url_text);
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
    return redis->phase == PS_REDIS_PHASE_UP;
}

uint64_t ps_redis_reconnects(const struct ps_redis *redis)
{
    return redis->ups > 1 ? redis->ups - 1 : 0;
}

const char *ps_redis_why(const struct ps_redis *redis)
{
    return redis->why.what;
}

void ps_redis_reset(struct ps_redis *redis)
{
    struct ps_err err;

    (void)ps_fail(&err, PS_FAILURE_NETWORK, PS_REDIS_ERR_LOST, "redis %s: reset by us",
                  redis->where);
    ps_redis_doom(redis, &err);
}
