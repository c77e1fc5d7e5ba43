#include "scheduler/io/redis_recovery.h"

#include "scheduler/io/script_args.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ps_redis_recovery {
    struct ps_leadership *leadership;
    struct ps_publish *publish;
    struct ps_outbox_relay *relay;
    bool busy;
    int64_t op_epoch;
    int64_t seen;                      /* in Redis; -1 for none */
    char run_id[PS_REDIS_RUN_ID_TEXT]; /* of the Redis that is being filled; "" where unknown */
};

static bool mine(struct ps_redis_recovery *rebuild, const char *what, const struct ps_err *err)
{
    rebuild->busy = false;
    if (!ps_leadership_leads(rebuild->leadership, rebuild->op_epoch))
        return false;
    if (err != NULL) /* the key is still old: the next renewal tries again */
        ps_leadership_failed(rebuild->leadership, PS_EVENT_REDIS_ERROR, what, err);
    return err == NULL;
}

static void on_set(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_redis_recovery *rebuild = cookie;

    (void)reply;
    if (!mine(rebuild, "the generation was not written", err))
        return;
    if (rebuild->leadership->run != NULL)
        ps_publish_start(rebuild->publish);
    ps_outbox_relay_kick(rebuild->relay);
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_redis_recovery *rebuild = cookie;
    const struct ps_daemon *daemon = rebuild->leadership->daemon;
    const char *keys[2] = { ps_key(daemon->keys, PS_KEY_EPOCH),
                            ps_key(daemon->keys, PS_KEY_GENERATION) };
    int64_t before = rebuild->leadership->generation;
    struct ps_script_args args;

    if (!mine(rebuild, "the generation was not stored", err))
        return;
    rebuild->leadership->generation = ps_pg_int(rows, 1, 0, 0, before);
    if (rebuild->run_id[0] != '\0') {
        free(rebuild->leadership->redis_run_id);
        rebuild->leadership->redis_run_id = ps_alloc_text(rebuild->run_id);
    }
    if (before > 0) /* the very first is no loss */
        PS_LOG(REDIS_REBUILD, F_INT("generation", rebuild->leadership->generation),
               F_INT("found", rebuild->seen), F_INT("messages", ps_pg_affected(rows, 2)));
    ps_script_args_init(&args);
    ps_script_args_int(&args, rebuild->op_epoch);
    ps_script_args_int(&args, rebuild->leadership->generation);
    rebuild->busy = true;
    ps_script_run(daemon->redis, PS_SCRIPT_GENERATION_SET, keys, 2, args.items, args.len, on_set,
                  rebuild);
    ps_script_args_clear(&args);
}

struct ps_redis_recovery *ps_redis_recovery_create(struct ps_leadership *leadership,
                                                   struct ps_publish *publish,
                                                   struct ps_outbox_relay *relay)
{
    struct ps_redis_recovery *rebuild = ps_alloc_zero(1, sizeof(*rebuild));

    rebuild->leadership = leadership;
    rebuild->publish = publish;
    rebuild->relay = relay;
    return rebuild;
}

void ps_redis_recovery_destroy(struct ps_redis_recovery *rebuild)
{
    free(rebuild);
}

/* Is it the process that was filled last, as far as it is known? */
static bool same_process(const struct ps_redis_recovery *rebuild)
{
    const char *last = rebuild->leadership->redis_run_id;

    return rebuild->run_id[0] == '\0' || (last != NULL && strcmp(last, rebuild->run_id) == 0);
}

void ps_redis_recovery_seen(struct ps_redis_recovery *rebuild, const char *generation)
{
    const struct ps_redis_info *info =
        ps_redis_fitness_info(rebuild->leadership->daemon->redis_fitness);
    struct ps_pg_batch *batch;

    if (rebuild->busy)
        return;
    snprintf(rebuild->run_id, sizeof(rebuild->run_id), "%s", info == NULL ? "" : info->run_id);

    if (!ps_str_int(ps_str_of(generation), 0, INT64_MAX, &rebuild->seen))
        rebuild->seen = -1;
    if (rebuild->seen >= rebuild->leadership->generation && rebuild->seen > 0 &&
        same_process(rebuild))
        return;
    rebuild->busy = true;
    rebuild->op_epoch = rebuild->leadership->epoch;
    batch = ps_store_begin_meta(rebuild->op_epoch);
    ps_store_add_rebuild(batch, rebuild->run_id[0] == '\0' ? NULL : rebuild->run_id);
    ps_pg_run(rebuild->leadership->daemon->pg, batch, on_stored, rebuild);
}
