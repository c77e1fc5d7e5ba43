#include "shared/core/alloc.h"
#include "shared/io/log.h"
#include "shared/io/redis_private.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

static void call(struct ps_redis_command *command, const struct redisReply *reply,
                 const struct ps_err *err)
{
    struct ps_redis *redis = command->redis;

    redis->in_callback++;
    command->fn(command->cookie, reply, err);
    redis->in_callback--;
    free(command);
}

/* When command times out. Redis answers in order, so a command may wait for all before it: the time
 * counts from the last answer. Otherwise a full pipeline that moves would end the connection. */
static int64_t due_ms(const struct ps_redis *redis, const struct ps_redis_command *command)
{
    int64_t from_ms = command->sent_ms > redis->answer_ms ? command->sent_ms : redis->answer_ms;

    return from_ms + command->timeout_ms;
}

int64_t ps_redis_head_due_ms(const struct ps_redis *redis)
{
    const struct ps_redis_command *head = TAILQ_FIRST(&redis->sent);

    return head == NULL ? INT64_MAX : due_ms(redis, head);
}

void ps_redis_fitness_head(struct ps_redis *redis)
{
    int64_t at_ms = ps_redis_head_due_ms(redis);

    if (at_ms == INT64_MAX || (ps_timer_pending(redis->deadline) && redis->deadline_at_ms <= at_ms))
        return;
    redis->deadline_at_ms = at_ms;
    ps_timer_set(redis->deadline, at_ms - ps_loop_now(redis->loop));
}

static void command_lost(struct ps_redis *redis, struct ps_redis_command *command)
{
    bool late = redis->why.code == PS_REDIS_ERR_TIMEOUT &&
                ps_loop_now(redis->loop) >= due_ms(redis, command);
    struct ps_err err;

    (void)ps_fail(&err, late ? PS_FAILURE_TIMEOUT : PS_FAILURE_NETWORK,
                  late ? PS_REDIS_ERR_TIMEOUT : PS_REDIS_ERR_LOST, "%s", redis->why.what);
    call(command, NULL, &err);
}

static void on_reply(redisAsyncContext *context, void *data, void *cookie)
{
    struct ps_redis_command *command = cookie;
    struct ps_redis *redis = command->redis;
    const struct redisReply *reply = data;
    struct ps_err err;
    bool reroute;

    TAILQ_REMOVE(&redis->sent, command, link);
    redis->outstanding--;
    /* An idle program is not woken by a deadline of nothing. Before UP it is the connection's. */
    if (redis->phase == PS_REDIS_PHASE_UP && TAILQ_EMPTY(&redis->sent))
        ps_timer_cancel(redis->deadline);
    if (reply == NULL) {
        ps_redis_link_lost(redis, context);
        command_lost(redis, command);
        return;
    }
    redis->answer_ms = ps_loop_now(redis->loop);
    if (reply->type != REDIS_REPLY_ERROR) {
        call(command, reply, NULL);
        return;
    }
    reroute = ps_redis_reply_error(reply, &err);
    if (err.code == PS_REDIS_ERR_MOVED && redis->sentinel == NULL)
        ps_redis_follow(redis, reply->str);
    call(command, NULL, &err);
    if (reroute)
        ps_redis_doom(redis, &err);
}

bool ps_redis_transmit(struct ps_redis *redis, struct ps_redis_command *command,
                       const struct ps_str *args, size_t count)
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

struct ps_redis_command *ps_redis_command_create(struct ps_redis *redis, int64_t timeout_ms,
                                                 ps_redis_fn fn, void *cookie)
{
    struct ps_redis_command *command = ps_alloc_zero(1, sizeof(*command));

    command->redis = redis;
    command->timeout_ms = timeout_ms;
    command->fn = fn != NULL ? fn : ps_redis_ignore;
    command->cookie = cookie;
    return command;
}

static void refuse(struct ps_redis *redis, struct ps_redis_command *command, int code)
{
    command->code = code;
    TAILQ_INSERT_TAIL(&redis->refused, command, link);
    ps_timer_set(redis->later, 0);
}

void ps_redis_answer_refused(struct ps_redis *redis)
{
    struct ps_redis_commands refused = TAILQ_HEAD_INITIALIZER(refused);
    struct ps_redis_command *command;
    struct ps_err err;

    /* A callback may send again and be refused again. Take the list first, so that this loop ends.
     */
    TAILQ_CONCAT(&refused, &redis->refused, link);
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
    struct ps_redis_command *command = ps_redis_command_create(redis, timeout_ms, fn, cookie);

    assert(count > 0);
    if (redis->outstanding >= PS_REDIS_OUTSTANDING_MAX)
        refuse(redis, command, ENOBUFS);
    else if (redis->phase != PS_REDIS_PHASE_UP || !ps_redis_transmit(redis, command, args, count))
        refuse(redis, command, PS_REDIS_ERR_OFFLINE);
    else
        ps_redis_fitness_head(redis);
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
