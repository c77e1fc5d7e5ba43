#include "shared/core/alloc.h"
#include "shared/io/redis_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Dooms the link because the server refused a command of the handshake. Only the first word of the
 * reply is kept: the text of an AUTH error may quote the password (guarantee 10). "max number of
 * clients" ends by itself; every other refusal is a wrong setting. */
static void greeting_refused(struct ps_redis *redis, const char *what, const struct ps_err *err)
{
    struct ps_err why;
    bool full = strstr(err->what, "max number of clients") != NULL;

    if (full || err->category == PS_FAILURE_NETWORK)
        (void)ps_fail(&why, PS_FAILURE_NETWORK, err->code, "redis %s: %s", redis->where, err->what);
    else
        (void)ps_fail(&why, PS_FAILURE_CONFIGURATION, err->code, "redis %s: %s refused (%.*s)",
                      redis->where, what, (int)strcspn(err->what, " "), err->what);
    ps_redis_doom(redis, &why);
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
    (void)reply; /* the name only helps people who read CLIENT LIST: a refusal is no failure */
    if (err != NULL && strstr(err->what, "max number of clients") != NULL)
        greeting_refused(cookie, "CLIENT SETNAME", err);
}

/* With Sentinels, refuses a server that is not the master: it was demoted, or the Sentinel is
 * outdated. Writes to it would be refused or lost. */
static void on_role(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_redis *redis = cookie;
    const char *role = err == NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0
                           ? ps_redis_reply_text(reply->element[0], NULL)
                           : NULL;
    struct ps_err why;

    if (role == NULL || strcmp(role, "master") == 0)
        return; /* a user without the right to ROLE learns it from READONLY at the first write */
    (void)ps_fail(&why, PS_FAILURE_NETWORK, PS_REDIS_ERR_REPLY, "redis %s: its role is %s",
                  redis->where, role);
    ps_redis_doom(redis, &why);
}

/* PING finds a server that still loads, or whose master is down, before the owner learns of the
 * connection. */
static void on_ping(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_redis *redis = cookie;

    (void)reply;
    if (err != NULL && link_failed(err))
        return;
    if (err != NULL && strncmp(err->what, "NOPERM", 6) != 0) {
        greeting_refused(redis, "PING", err);
    } else if (redis->phase == PS_REDIS_PHASE_CONNECT) {
        redis->phase = PS_REDIS_PHASE_READY;
        ps_timer_set(redis->later, 0);
    }
}

static void greet(struct ps_redis *redis, ps_redis_fn fn, const char *const *texts, size_t count)
{
    struct ps_redis_command *command =
        ps_redis_command_create(redis, redis->connect_timeout_ms, fn, redis);
    struct ps_str args[3];

    assert(count <= PS_COUNT_OF(args));
    for (size_t i = 0; i < count; i++)
        args[i] = ps_str_of(texts[i]);
    if (!ps_redis_transmit(redis, command, args, count))
        free(command); /* the link is ending; hiredis reports it next */
}

#define GREET(redis, fn, ...)                                                                      \
    greet(redis, fn, (const char *const[]){ __VA_ARGS__ },                                         \
          sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

void ps_redis_handshake(struct ps_redis *redis)
{
    char *database;

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
