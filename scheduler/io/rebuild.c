#include "scheduler/io/rebuild.h"

#include "scheduler/io/script_args.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ps_rebuild {
    struct ps_office *office;
    struct ps_publish *publish;
    struct ps_relay *relay;
    bool busy;
    int64_t op_epoch;
    int64_t seen;                      /* in Redis; -1 for none */
    char run_id[PS_REDIS_RUN_ID_TEXT]; /* of the Redis that is being filled; "" where unknown */
};

static bool mine(struct ps_rebuild *rebuild, const char *what, const struct ps_err *err)
{
    rebuild->busy = false;
    if (!ps_office_leads(rebuild->office, rebuild->op_epoch))
        return false;
    if (err != NULL) /* the key is still old: the next renewal tries again */
        ps_office_failed(rebuild->office, PS_EVENT_REDIS_ERROR, what, err);
    return err == NULL;
}

static void on_set(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_rebuild *rebuild = cookie;

    (void)reply;
    if (!mine(rebuild, "the generation was not written", err))
        return;
    if (rebuild->office->run != NULL)
        ps_publish_start(rebuild->publish);
    ps_relay_kick(rebuild->relay);
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_rebuild *rebuild = cookie;
    const struct ps_daemon *daemon = rebuild->office->daemon;
    const char *keys[2] = { ps_key(daemon->keys, PS_KEY_EPOCH),
                            ps_key(daemon->keys, PS_KEY_GENERATION) };
    int64_t before = rebuild->office->generation;
    struct ps_script_args args;

    if (!mine(rebuild, "the generation was not stored", err))
        return;
    rebuild->office->generation = ps_pg_int(rows, 1, 0, 0, before);
    if (rebuild->run_id[0] != '\0') {
        free(rebuild->office->redis_run_id);
        rebuild->office->redis_run_id = ps_alloc_text(rebuild->run_id);
    }
    if (before > 0) /* the very first is no loss */
        PS_LOG(REDIS_REBUILD, F_INT("generation", rebuild->office->generation),
               F_INT("found", rebuild->seen), F_INT("messages", ps_pg_affected(rows, 2)));
    ps_script_args_init(&args);
    ps_script_args_int(&args, rebuild->op_epoch);
    ps_script_args_int(&args, rebuild->office->generation);
    rebuild->busy = true;
    ps_script_run(daemon->redis, PS_SCRIPT_GENERATION_SET, keys, 2, args.items, args.len, on_set,
                  rebuild);
    ps_script_args_clear(&args);
}

struct ps_rebuild *ps_rebuild_create(struct ps_office *office, struct ps_publish *publish,
                                     struct ps_relay *relay)
{
    struct ps_rebuild *rebuild = ps_alloc_zero(1, sizeof(*rebuild));

    rebuild->office = office;
    rebuild->publish = publish;
    rebuild->relay = relay;
    return rebuild;
}

void ps_rebuild_destroy(struct ps_rebuild *rebuild)
{
    free(rebuild);
}

/* Is it the process that was filled last, as far as it is known? */
static bool same_process(const struct ps_rebuild *rebuild)
{
    const char *last = rebuild->office->redis_run_id;

    return rebuild->run_id[0] == '\0' || (last != NULL && strcmp(last, rebuild->run_id) == 0);
}

void ps_rebuild_seen(struct ps_rebuild *rebuild, const char *generation)
{
    const struct ps_redis_info *info = ps_redis_watch_info(rebuild->office->daemon->redis_watch);
    struct ps_pg_batch *batch;

    if (rebuild->busy)
        return;
    snprintf(rebuild->run_id, sizeof(rebuild->run_id), "%s", info == NULL ? "" : info->run_id);

    if (!ps_str_int(ps_str_of(generation), 0, INT64_MAX, &rebuild->seen))
        rebuild->seen = -1;
    if (rebuild->seen >= rebuild->office->generation && rebuild->seen > 0 && same_process(rebuild))
        return;
    rebuild->busy = true;
    rebuild->op_epoch = rebuild->office->epoch;
    batch = ps_store_begin(rebuild->op_epoch);
    ps_store_add_rebuild(batch, rebuild->run_id[0] == '\0' ? NULL : rebuild->run_id);
    ps_pg_run(rebuild->office->daemon->pg, batch, on_stored, rebuild);
}
