#include "shared/io/redis_fitness.h"

#include "shared/core/alloc.h"
#include "shared/io/log.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_MS = 60 * 1000 };

struct ps_redis_fitness {
    struct ps_redis *redis;
    struct ps_timer *timer;
    bool known;
    bool faulty;
    struct ps_redis_info info;
    struct ps_err fault;
    char reported[sizeof(((struct ps_err *)NULL)->what)]; /* the fault that was logged last */
    bool aof_reported;
};

static void check(struct ps_redis_fitness *watch)
{
    const struct ps_redis_info *info = &watch->info;

    watch->faulty = !ps_redis_info_check(info, &watch->fault);
    if (watch->faulty && strcmp(watch->reported, watch->fault.what) != 0) {
        memcpy(watch->reported, watch->fault.what, sizeof(watch->reported));
        PS_LOG(REDIS_UNFIT, F_ERR(&watch->fault));
    }
    if (!watch->faulty)
        watch->reported[0] = '\0';
    if (!info->aof && !watch->aof_reported)
        PS_LOG(REDIS_NO_AOF, F_TEXT("version", info->version),
               F_TEXT("what", "appendonly is off: a crash of Redis costs a rebuild of the running "
                              "cycle; nothing is lost"));
    watch->aof_reported = !info->aof;
}

static void on_info(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_redis_fitness *watch = cookie;
    const char *text = err == NULL ? ps_redis_reply_text(reply, NULL) : NULL;

    if (text == NULL) /* a Redis that forbids INFO is not held against it */
        return;
    ps_redis_info_parse(ps_str_of(text), &watch->info);
    watch->known = true;
    check(watch);
}

static void on_timer(void *cookie)
{
    struct ps_redis_fitness *watch = cookie;

    ps_timer_set_about(watch->timer, EVERY_MS);
    if (ps_redis_up(watch->redis))
        PS_REDIS(watch->redis, on_info, watch, "INFO");
}

struct ps_redis_fitness *ps_redis_fitness_create(struct ps_loop *loop, struct ps_redis *redis)
{
    struct ps_redis_fitness *watch = ps_alloc_zero(1, sizeof(*watch));

    watch->redis = redis;
    watch->timer = ps_timer_create(loop, on_timer, watch);
    ps_timer_set_about(watch->timer, EVERY_MS);
    return watch;
}

void ps_redis_fitness_destroy(struct ps_redis_fitness *watch)
{
    if (watch == NULL)
        return;
    ps_timer_destroy(watch->timer);
    free(watch);
}

void ps_redis_fitness_look(struct ps_redis_fitness *watch)
{
    watch->known = false; /* it may be another server */
    on_timer(watch);
}

const struct ps_redis_info *ps_redis_fitness_info(const struct ps_redis_fitness *watch)
{
    return watch->known ? &watch->info : NULL;
}

const char *ps_redis_fitness_fault(const struct ps_redis_fitness *watch)
{
    return watch->faulty ? watch->fault.what : NULL;
}
