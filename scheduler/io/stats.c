/* Reads Redis and PostgreSQL every two seconds while there is work, and seldom while there is none:
 * then the numbers change only by what this scheduler does, by what a signal announces, or by a
 * person's command, after which somebody looks. An answer that fails leaves the old numbers in
 * place, with the time at which they were read, so a health check never waits for a server and can
 * say how old its numbers are. */
#include "scheduler/io/stats.h"

#include "scheduler/io/operator_store.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/url.h"
#include "shared/io/clock.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUSY_MS = 2000,
    IDLE_MS = 60 * 1000,
    LOOKED_MS = 5000, /* for so long after somebody looked it counts as work */
    CYCLES = 2,       /* the running one, and the one before */
    WORKERS_MAX = 1000
};

struct ps_stats {
    struct ps_daemon *daemon; /* borrowed */
    struct ps_timer *timer;
    struct ps_stats_now now;
    char *limit_key, *cooldown_key; /* of the host of the drafts */
    int redis_out;                  /* outstanding answers */
    bool pg_out;
    bool stale; /* something was stored since PostgreSQL was read */
    bool cycle_runs;
    int64_t asked_ms;  /* monotonic; when the servers were asked last */
    int64_t looked_ms; /* when somebody looked last; 0: never */
};

static void answered(struct ps_stats *stats)
{
    stats->redis_out--;
    stats->now.redis_read_ms = ps_loop_now(stats->daemon->loop);
}

/* A missing stream or group counts as empty. If there is no answer, the old number stays. */
static void keep(int64_t *number, const struct redisReply *reply, const struct ps_err *err)
{
    if (err == NULL && reply->type == REDIS_REPLY_ARRAY)
        *number = reply->elements > 0 ? ps_redis_reply_int(reply->element[0], 0) : 0;
    else if (err == NULL)
        *number = ps_redis_reply_int(reply, 0);
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
ON_NUMBER(results_length)
ON_NUMBER(notify_length)
ON_NUMBER(tasks_dead)
ON_NUMBER(notify_dead)

/* XPENDING's short form: count, smallest id, largest id, consumers. An id begins with the time it
 * was made, in ms by Redis' clock. */
static void keep_pending(const struct redisReply *reply, const struct ps_err *err,
                         int64_t *out_count, int64_t *out_oldest_ms)
{
    const char *id = NULL;
    int64_t age_ms;

    keep(out_count, reply, err);
    if (err == NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements > 1)
        id = ps_redis_reply_text(reply->element[1], NULL);
    age_ms = id == NULL ? 0 : ps_clock_wall_ms() - strtoll(id, NULL, 10);
    if (err == NULL || err->code == PS_REDIS_ERR_NOGROUP)
        *out_oldest_ms = age_ms > 0 ? age_ms : 0;
}

static void on_tasks_pending(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_stats *stats = cookie;

    answered(stats);
    keep_pending(reply, err, &stats->now.tasks_pending, &stats->now.tasks_oldest_ms);
}

static void on_results_pending(void *cookie, const struct redisReply *reply,
                               const struct ps_err *err)
{
    struct ps_stats *stats = cookie;

    answered(stats);
    keep_pending(reply, err, &stats->now.results_pending, &stats->now.results_oldest_ms);
}

/* limit:<host>, as host_admit.lua writes it: the rate after the last cut, which grows back by a
 * twentieth of the ceiling a second. */
static void on_limit(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_stats *stats = cookie;
    double ceiling = stats->daemon->config->probe_rate_limit, rate = ceiling, cut_us = 0;
    const char *text = err == NULL ? ps_redis_reply_text(reply, NULL) : NULL;
    cJSON *limit = text == NULL ? NULL : ps_json_parse(text, strlen(text), NULL);
    const cJSON *field;

    answered(stats);
    if (err != NULL)
        return;
    if (cJSON_IsNumber(field = cJSON_GetObjectItemCaseSensitive(limit, "rate")))
        rate = field->valuedouble;
    if (cJSON_IsNumber(field = cJSON_GetObjectItemCaseSensitive(limit, "cut_us")))
        cut_us = field->valuedouble;
    cJSON_Delete(limit);
    if ((double)ps_clock_wall_ms() * 1000 > cut_us)
        rate += ((double)ps_clock_wall_ms() / 1000 - cut_us / 1e6) * ceiling / 20;
    stats->now.host_rate = ceiling <= 0 ? -1 : rate < ceiling ? rate : ceiling;
}

static void on_pause(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_stats *stats = cookie;
    int64_t left_ms = err == NULL ? ps_redis_reply_int(reply, 0) : 0;

    answered(stats);
    stats->now.host_pause_ms = left_ms > 0 ? left_ms : 0;
}

static void on_alive(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_stats *stats = cookie;

    answered(stats);
    if (err == NULL)
        stats->now.workers = ps_redis_reply_int(reply, 0);
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
                               ? ps_redis_reply_text(reply->element[i]->element[1], NULL)
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

    stats->redis_out = 10;
    PS_REDIS(daemon->redis, on_tasks_length, stats, "XLEN", tasks);
    PS_REDIS(daemon->redis, on_tasks_pending, stats, "XPENDING", tasks, PS_GROUP_WORKERS);
    PS_REDIS(daemon->redis, on_results_length, stats, "XLEN", results);
    PS_REDIS(daemon->redis, on_results_pending, stats, "XPENDING", results, PS_GROUP_SCHEDULER);
    PS_REDIS(daemon->redis, on_notify_length, stats, "LLEN", ps_key(daemon->keys, PS_KEY_NOTIFY));
    PS_REDIS(daemon->redis, on_tasks_dead, stats, "XLEN", ps_key(daemon->keys, PS_KEY_TASKS_DEAD));
    PS_REDIS(daemon->redis, on_notify_dead, stats, "LLEN",
             ps_key(daemon->keys, PS_KEY_NOTIFY_DEAD));
    PS_REDIS(daemon->redis, on_limit, stats, "GET", stats->limit_key);
    PS_REDIS(daemon->redis, on_pause, stats, "PTTL", stats->cooldown_key);
    PS_REDIS(daemon->redis, on_consumers, stats, "XINFO", "CONSUMERS", tasks, PS_GROUP_WORKERS);
}

/* text may be NULL. */
static void keep_text(char **kept, const char *text)
{
    free(*kept);
    *kept = text == NULL ? NULL : ps_alloc_text(text);
}

/* Columns: number epoch status started finished planned error summary. */
static void keep_cycle(struct ps_stats_now *now, const struct ps_pg_rows *rows, int row)
{
    snprintf(now->last_status, sizeof(now->last_status), "%s",
             ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_STATUS));
    now->last_started_ms =
        ps_pg_int(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_STARTED_AT, 0);
    now->last_finished_ms =
        ps_pg_int(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_FINISHED_AT, 0);
    free(now->last_error);
    free(now->last_summary);
    now->last_error = ps_alloc_text(
        ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_ERROR));
    now->last_summary = ps_alloc_text(
        ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_SUMMARY));
    keep_text(&now->last_cause,
              ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_CAUSE));
    keep_text(&now->last_failures,
              ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, row, PS_SQL_OVERVIEW_CYCLES_FAILURES));
}

static void ask_pg(struct ps_stats *stats);

static void on_overview(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_stats *stats = cookie;
    struct ps_stats_now *now = &stats->now;
    struct ps_operator_wishes wishes;

    stats->pg_out = false;
    if (err != NULL || ps_pg_row_count(rows, PS_STORE_OVERVIEW) == 0)
        return;
    if (stats->stale) { /* these rows may be from before that */
        ask_pg(stats);
        return;
    }
    now->pg_read_ms = ps_loop_now(stats->daemon->loop);
    now->papers = ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_PAPERS, 0);
    now->discovered = ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_DRAFTS, 0);
    now->outbox_pending = ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_OUTBOX_PENDING, 0);
    now->last_good_ms =
        ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_LAST_SUCCESSFUL_POLL, 0);
    now->poll_count = ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_POLL_COUNT, 0);
    now->index_fetched_ms =
        ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_INDEX_FETCHED_AT, 0);
    now->index_missed = ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_INDEX_MISSED, 0);
    keep_text(&now->index_refused,
              ps_pg_text(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_INDEX_REFUSED));
    now->dead_messages = ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_DEAD_MESSAGES, 0);
    now->oldest_message_ms =
        ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_OLDEST_MESSAGE, 0);
    now->news_late_ms = ps_pg_int(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_NEWS_LATE, 0);
    wishes = ps_operator_wishes_read(rows, PS_STORE_OVERVIEW_WISHES);
    now->paused_ms = wishes.paused_ms;
    keep_text(&now->paused_why, wishes.why);
    now->wanted_ms = wishes.wanted_ms;
    keep_text(&now->open_std_lost,
              ps_pg_text(rows, PS_STORE_OVERVIEW, 0, PS_SQL_OVERVIEW_OPEN_STD_LOST));
    for (int i = 0; i < ps_pg_row_count(rows, PS_STORE_OVERVIEW_CYCLES); i++)
        if (strcmp(ps_pg_text(rows, PS_STORE_OVERVIEW_CYCLES, i, PS_SQL_OVERVIEW_CYCLES_STATUS),
                   "running") != 0) {
            keep_cycle(now, rows, i);
            break;
        }
}

static void ask_pg(struct ps_stats *stats)
{
    if (stats->pg_out || !ps_pg_up(stats->daemon->pg))
        return;
    stats->pg_out = true;
    stats->stale = false;
    ps_pg_run(stats->daemon->pg, ps_store_overview(CYCLES), on_overview, stats);
}

void ps_stats_changed(struct ps_stats *stats)
{
    stats->stale = true;
    ask_pg(stats);
    ps_signals_send(stats->daemon->signals, PS_SIGNAL_STATS); /* to standbys */
}

void ps_stats_closed(struct ps_stats *stats, const struct ps_stats_cycle *cycle)
{
    struct ps_stats_now *now = &stats->now;

    snprintf(now->last_status, sizeof(now->last_status), "%s", ps_cycle_status_name(cycle->status));
    now->last_started_ms = cycle->started_ms;
    now->last_finished_ms = cycle->finished_ms;
    if (cycle->status != PS_CYCLE_FAILED)
        now->last_good_ms = cycle->finished_ms;
    if (now->poll_count >= 0)
        now->poll_count++;
    keep_text(&now->last_cause, NULL); /* it is read with the rest */
    keep_text(&now->last_failures, NULL);
    free(now->last_error);
    free(now->last_summary);
    now->last_error = cycle->error == NULL ? NULL : ps_alloc_text(cycle->error);
    now->discovered = cycle->discovered;
    now->last_summary = cycle->summary == NULL ? NULL : ps_alloc_text(cycle->summary);
    ps_stats_changed(stats);
}

/* Whether the numbers may change without a signal. A cycle's probes, results, pauses and messages
 * do; so does a server that did not answer yet. */
static bool is_busy(const struct ps_stats *stats)
{
    const struct ps_stats_now *now = &stats->now;
    int64_t now_ms = ps_loop_now(stats->daemon->loop);

    return now->redis_read_ms == 0 || now->pg_read_ms == 0 || stats->cycle_runs ||
           !ps_redis_up(stats->daemon->redis) || !ps_pg_up(stats->daemon->pg) ||
           now->tasks_length != 0 || now->tasks_pending != 0 || now->results_length != 0 ||
           now->results_pending != 0 || now->notify_length != 0 || now->outbox_pending != 0 ||
           now->wanted_ms != 0 || now->host_pause_ms != 0 ||
           (stats->looked_ms != 0 && now_ms - stats->looked_ms < LOOKED_MS);
}

static void on_timer(void *cookie)
{
    struct ps_stats *stats = cookie;
    /* A standby that missed the end of a cycle must not take it for a poll that failed: the period
     * is short beside the interval of the polls. */
    int64_t idle_ms = ps_config_poll_interval_ms(stats->daemon->config) / 10;

    idle_ms = idle_ms > IDLE_MS ? IDLE_MS : idle_ms < BUSY_MS ? BUSY_MS : idle_ms;
    ps_timer_set_about(
        stats->timer,
        is_busy(stats) ? BUSY_MS : ps_signals_period(stats->daemon->signals, BUSY_MS, idle_ms));
    stats->asked_ms = ps_loop_now(stats->daemon->loop);
    if (stats->redis_out == 0 && ps_redis_up(stats->daemon->redis))
        ask_redis(stats);
    ask_pg(stats);
}

/* Looks again within BUSY_MS of the last look: the numbers are needed now. */
static void hurry(struct ps_stats *stats)
{
    int64_t since_ms = ps_loop_now(stats->daemon->loop) - stats->asked_ms;

    if (stats->asked_ms != 0)
        ps_timer_set(stats->timer, since_ms >= BUSY_MS ? 0 : BUSY_MS - since_ms);
}

void ps_stats_looked_at(struct ps_stats *stats)
{
    int64_t now_ms = ps_loop_now(stats->daemon->loop);

    if (stats->looked_ms == 0 || now_ms - stats->looked_ms >= LOOKED_MS)
        hurry(stats);
    stats->looked_ms = now_ms;
}

void ps_stats_cycle(struct ps_stats *stats, bool runs)
{
    if (runs && !stats->cycle_runs)
        hurry(stats);
    stats->cycle_runs = runs;
}

static void on_signal(void *cookie)
{
    struct ps_stats *stats = cookie;

    if (stats->asked_ms != 0)
        ps_timer_set(stats->timer, 0);
}

struct ps_stats *ps_stats_create(struct ps_daemon *daemon)
{
    struct ps_stats *stats = ps_alloc_zero(1, sizeof(*stats));
    struct ps_stats_now *now = &stats->now;
    char host[PS_URL_HOST];

    stats->daemon = daemon;
    now->tasks_length = now->tasks_pending = now->results_length = now->results_pending = -1;
    now->workers = now->notify_length = -1;
    now->papers = now->discovered = now->outbox_pending = now->poll_count = -1;
    now->tasks_dead = now->notify_dead = now->tasks_oldest_ms = now->results_oldest_ms = -1;
    now->host_rate = -1;
    if (!ps_url_host(daemon->config->iso_base_url, host, sizeof(host), NULL))
        host[0] = '\0';
    stats->limit_key = ps_key_with(daemon->keys, PS_KEY_LIMIT, host);
    stats->cooldown_key = ps_key_with(daemon->keys, PS_KEY_COOLDOWN, host);
    stats->timer = ps_timer_create(daemon->loop, on_timer, stats);
    ps_timer_set(stats->timer, 0);
    ps_signals_listen(daemon->signals, PS_SIGNAL_STATS, on_signal, stats);
    return stats;
}

void ps_stats_destroy(struct ps_stats *stats)
{
    if (stats == NULL)
        return;
    ps_timer_destroy(stats->timer);
    free(stats->limit_key);
    free(stats->cooldown_key);
    free(stats->now.last_error);
    free(stats->now.last_summary);
    free(stats->now.last_cause);
    free(stats->now.last_failures);
    free(stats->now.index_refused);
    free(stats->now.paused_why);
    free(stats->now.open_std_lost);
    free(stats);
}

const struct ps_stats_now *ps_stats_now(const struct ps_stats *stats)
{
    return &stats->now;
}
