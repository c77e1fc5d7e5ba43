/* A recovery is one transaction and one script: generation_next and outbox_requeue in PostgreSQL,
 * then generation_set in Redis. After that, publishing and the relay start again and find what is
 * missing.
 *
 * If the leader dies in between, PostgreSQL's generation is newer than the key in Redis, so the
 * next renewal of any leader starts a recovery again. It may be done twice: publishing adds
 * nothing that is there, and the notifier claims a message once. */
#include "scheduler/io/redis_recovery.h"

#include "scheduler/io/leader_writer.h"
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
    /* Has no step: after a failure the key is still old, so the next renewal of the lease reports
     * it again. */
    struct ps_leader_writer *writer;
    int64_t seen;                      /* generation in Redis; -1 for none */
    char run_id[PS_REDIS_RUN_ID_TEXT]; /* of the Redis that is being filled; "" where unknown */
};

static void on_set(void *cookie, const struct redisReply *reply)
{
    struct ps_redis_recovery *rebuild = cookie;

    (void)reply;
    if (rebuild->leadership->run != NULL)
        ps_publish_start(rebuild->publish);
    ps_outbox_relay_kick(rebuild->relay);
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_redis_recovery *rebuild = cookie;
    struct ps_leadership *leadership = rebuild->leadership;
    int64_t before = leadership->generation;
    struct ps_script_args args;

    leadership->generation = ps_pg_int(rows, 1, 0, PS_SQL_GENERATION_NEXT_GENERATION, before);
    if (rebuild->run_id[0] != '\0') {
        free(leadership->redis_run_id);
        leadership->redis_run_id = ps_alloc_text(rebuild->run_id);
    }
    if (before > 0) /* the very first is no loss */
        PS_LOG(REDIS_REBUILD, F_INT("generation", leadership->generation),
               F_INT("found", rebuild->seen), F_INT("messages", ps_pg_affected(rows, 2)));
    ps_leader_writer_args(rebuild->writer, &args);
    ps_script_args_int(&args, leadership->generation);
    ps_leader_writer_script(rebuild->writer,
                            &(struct ps_leader_script){ .script = PS_SCRIPT_GENERATION_SET,
                                                        .keys = { PS_KEY_GENERATION },
                                                        .what = "the generation was not written",
                                                        .fn = on_set },
                            &args);
}

struct ps_redis_recovery *ps_redis_recovery_create(struct ps_leadership *leadership,
                                                   struct ps_publish *publish,
                                                   struct ps_outbox_relay *relay)
{
    struct ps_redis_recovery *rebuild = ps_alloc_zero(1, sizeof(*rebuild));

    rebuild->leadership = leadership;
    rebuild->publish = publish;
    rebuild->relay = relay;
    rebuild->writer = ps_leader_writer_create(&(struct ps_leader_writer_options){
        .leadership = leadership, .cookie = rebuild, .event = PS_EVENT_REDIS_ERROR });
    return rebuild;
}

void ps_redis_recovery_destroy(struct ps_redis_recovery *rebuild)
{
    if (rebuild == NULL)
        return;
    ps_leader_writer_destroy(rebuild->writer);
    free(rebuild);
}

void ps_redis_recovery_seen(struct ps_redis_recovery *rebuild, const char *generation)
{
    const struct ps_redis_info *info =
        ps_redis_fitness_info(rebuild->leadership->daemon->redis_fitness);
    const char *filled = rebuild->leadership->redis_run_id;
    struct ps_pg_batch *batch;
    bool same_process;

    if (ps_leader_writer_busy(rebuild->writer))
        return;
    snprintf(rebuild->run_id, sizeof(rebuild->run_id), "%s", info == NULL ? "" : info->run_id);
    /* Whether this Redis is the process that was filled last, as far as that is known. */
    same_process =
        rebuild->run_id[0] == '\0' || (filled != NULL && strcmp(filled, rebuild->run_id) == 0);
    if (!ps_str_int(ps_str_of(generation), 0, INT64_MAX, &rebuild->seen))
        rebuild->seen = -1;
    if (rebuild->seen >= rebuild->leadership->generation && rebuild->seen > 0 && same_process)
        return;
    (void)ps_leader_writer_start(rebuild->writer); /* always starts: it reads no mirror again */
    batch = ps_leader_writer_begin_meta(rebuild->writer);
    ps_sql_generation_next(batch, rebuild->run_id[0] == '\0' ? NULL : rebuild->run_id);
    ps_sql_outbox_requeue(batch);
    ps_leader_writer_run(rebuild->writer, batch, "the generation was not stored", on_stored);
}
