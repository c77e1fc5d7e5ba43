#include "scheduler/io/stats.h"

#include "scheduler/io/store.h"
#include "shared/core/alloc.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_MS = 2000, CYCLES = 2 /* the running one, and the one before */, WORKERS_MAX = 1000 };

struct ps_stats {
    struct ps_daemon *daemon; /* borrowed */
    struct ps_timer *timer;
    struct ps_stats_now now;
    int redis_out; /* answers that are still to come */
    bool pg_out;
};

static void answered(struct ps_stats *stats)
{
    stats->redis_out--;
    stats->now.redis_read_ms = ps_loop_now(stats->daemon->loop);
}

/* A missing stream or group holds nothing; without an answer the old number stands. */
static void keep(int64_t *number, const struct redisReply *reply, const struct ps_err *err)
{
    if (err == NULL && reply->type == REDIS_REPLY_ARRAY)
        *number = reply->elements > 0 ? ps_reply_int(reply->element[0], 0) : 0;
    else if (err == NULL)
        *number = ps_reply_int(reply, 0);
    else if (err->code == PS_REDIS_ERR_NOGROUP)
        *number = 0;
}

#define ON_NUMBER(field)                                                                           \
    static void on_##field(void *cookie, const struct redisReply *reply, const struct ps_err *err) \
    {                                                                                              \
        struct ps_stats *stats = cookie;                                                           \
                                                                                                   \
        answered(stats);                                                                           \
        keep(&stats->now.field, reply, err);                                                       \
    }

ON_NUMBER(tasks_length)
ON_NUMBER(tasks_pending)
ON_NUMBER(results_length)
ON_NUMBER(results_pending)
ON_NUMBER(notify_length)

static void on_alive(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_stats *stats = cookie;

    answered(stats);
    if (err == NULL)
        stats->now.workers = ps_reply_int(reply, 0);
}

/* EXISTS counts how many of the consumers' heartbeat keys are there. */
static void on_consumers(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_stats *stats = cookie;
    const struct ps_daemon *daemon = stats->daemon;
    char *args[1 + WORKERS_MAX];
    size_t count = 1;

    answered(stats);
    if (err != NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
        if (err == NULL || err->code == PS_REDIS_ERR_NOGROUP || err->code == PS_REDIS_ERR_REPLY)
            stats->now.workers = 0;
        return;
    }
    args[0] = ps_alloc_text("EXISTS");
    for (size_t i = 0; i < reply->elements && count <= WORKERS_MAX; i++) {
        const char *name = reply->element[i]->elements > 1
                               ? ps_reply_text(reply->element[i]->element[1], NULL)
                               : NULL;

        if (name != NULL)
            args[count++] = ps_key_instance(daemon->keys, "worker", name);
    }
    stats->redis_out++;
    ps_redis_send_texts(daemon->redis, (const char *const *)args, count, on_alive, stats);
    for (size_t i = 0; i < count; i++)
        free(args[i]);
}

static void ask_redis(struct ps_stats *stats)
{
    const struct ps_daemon *daemon = stats->daemon;
    const char *tasks = ps_key(daemon->keys, PS_KEY_TASKS);
    const char *results = ps_key(daemon->keys, PS_KEY_RESULTS);

    stats->redis_out = 6;
    PS_REDIS(daemon->redis, on_tasks_length, stats, "XLEN", tasks);
    PS_REDIS(daemon->redis, on_tasks_pending, stats, "XPENDING", tasks, PS_GROUP_WORKERS);
    PS_REDIS(daemon->redis, on_results_length, stats, "XLEN", results);
    PS_REDIS(daemon->redis, on_results_pending, stats, "XPENDING", results, PS_GROUP_SCHEDULER);
    PS_REDIS(daemon->redis, on_notify_length, stats, "LLEN", ps_key(daemon->keys, PS_KEY_NOTIFY));
    PS_REDIS(daemon->redis, on_consumers, stats, "XINFO", "CONSUMERS", tasks, PS_GROUP_WORKERS);
}

/* Columns: number epoch status started finished planned error summary. */
static void keep_cycle(struct ps_stats_now *now, const struct ps_pg_rows *rows, int row)
{
    snprintf(now->last_status, sizeof(now->last_status), "%s", ps_pg_text(rows, 1, row, 2));
    now->last_started_ms = ps_pg_int(rows, 1, row, 3, 0);
    now->last_finished_ms = ps_pg_int(rows, 1, row, 4, 0);
    free(now->last_error);
    free(now->last_summary);
    now->last_error = ps_alloc_text(ps_pg_text(rows, 1, row, 6));
    now->last_summary = ps_alloc_text(ps_pg_text(rows, 1, row, 7));
}

static void on_overview(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_stats *stats = cookie;
    struct ps_stats_now *now = &stats->now;

    stats->pg_out = false;
    if (err != NULL || ps_pg_row_count(rows, 0) == 0)
        return;
    now->pg_read_ms = ps_loop_now(stats->daemon->loop);
    now->papers = ps_pg_int(rows, 0, 0, 0, 0);
    now->discovered = ps_pg_int(rows, 0, 0, 1, 0);
    now->outbox_pending = ps_pg_int(rows, 0, 0, 2, 0);
    now->last_good_ms = ps_pg_int(rows, 0, 0, 3, 0);
    now->poll_count = ps_pg_int(rows, 0, 0, 4, 0);
    now->index_fetched_ms = ps_pg_int(rows, 0, 0, 5, 0);
    for (int i = 0; i < ps_pg_row_count(rows, 1); i++)
        if (strcmp(ps_pg_text(rows, 1, i, 2), "running") != 0) {
            keep_cycle(now, rows, i);
            break;
        }
}

static void on_timer(void *cookie)
{
    struct ps_stats *stats = cookie;

    ps_timer_set(stats->timer, EVERY_MS);
    if (stats->redis_out == 0 && ps_redis_up(stats->daemon->redis))
        ask_redis(stats);
    if (!stats->pg_out && ps_pg_up(stats->daemon->pg)) {
        stats->pg_out = true;
        ps_pg_run(stats->daemon->pg, ps_store_overview(CYCLES), on_overview, stats);
    }
}

struct ps_stats *ps_stats_create(struct ps_daemon *daemon)
{
    struct ps_stats *stats = ps_alloc_zero(1, sizeof(*stats));
    struct ps_stats_now *now = &stats->now;

    stats->daemon = daemon;
    now->tasks_length = now->tasks_pending = now->results_length = now->results_pending = -1;
    now->workers = now->notify_length = -1;
    now->papers = now->discovered = now->outbox_pending = now->poll_count = -1;
    stats->timer = ps_timer_create(daemon->loop, on_timer, stats);
    ps_timer_set(stats->timer, 0);
    return stats;
}

void ps_stats_destroy(struct ps_stats *stats)
{
    if (stats == NULL)
        return;
    ps_timer_destroy(stats->timer);
    free(stats->now.last_error);
    free(stats->now.last_summary);
    free(stats);
}

const struct ps_stats_now *ps_stats_now(const struct ps_stats *stats)
{
    return &stats->now;
}
