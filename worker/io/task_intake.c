#include "worker/io/task_intake.h"

#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RECOVER_MAX = 10000, NUMBER_TEXT = 24, STOP_CHECK_MS = 20 };

struct ps_task_intake {
    struct ps_task_intake_options options;
    struct ps_stream_reader *reader;
    struct ps_timer *scan;
    char *heartbeats; /* prefix of the workers' heartbeat keys */
    size_t room;
    int64_t reap_at_ms;
    bool claiming;
    bool recovering;
    bool renewing;
    bool stopping;
    bool reader_stopped;
    bool gathered; /* what came with the last read was looked for */
    void (*recovered)(void *cookie);
    void (*lost)(void *cookie, const char *id);
    void (*stopped)(void *cookie);
    void (*forgotten)(void *cookie);
};

static void on_entries(void *cookie, const struct ps_stream_entry *entries, size_t count)
{
    struct ps_task_intake *intake = cookie;

    for (size_t i = 0; i < count; i++)
        intake->options.fn(intake->options.cookie, &entries[i], 0, NULL);
}

/* A group that is not there yet, or was flushed, holds nothing; the reader makes it. */
static void tell_fault(const char *what, const struct ps_err *err)
{
    if (err->code == PS_REDIS_ERR_REPLY)
        PS_LOG(TASK_ERROR, F_TEXT("what", what), F_ERR(err));
}

/* One row of task_claim and task_recover: id, fields, deliveries, former consumer. */
static bool give_row(struct ps_task_intake *intake, const struct redisReply *row)
{
    const struct redisReply *pairs;
    struct ps_stream_entry entry;
    struct ps_str *fields;
    size_t len;

    if (row->type != REDIS_REPLY_ARRAY || row->elements != 4 ||
        row->element[1]->type != REDIS_REPLY_ARRAY)
        return false;
    pairs = row->element[1];
    fields = ps_alloc_array(NULL, pairs->elements + 1, sizeof(*fields));
    for (size_t i = 0; i < pairs->elements; i++) {
        fields[i].data = ps_redis_reply_text(pairs->element[i], &len);
        fields[i].len = fields[i].data == NULL ? 0 : len;
    }
    entry.id = ps_redis_reply_text(row->element[0], NULL);
    entry.fields = fields;
    entry.count = pairs->elements;
    entry.deliveries = ps_redis_reply_int(row->element[2], 1);
    if (entry.id != NULL)
        intake->options.fn(intake->options.cookie, &entry, entry.deliveries - 1,
                           ps_redis_reply_text(row->element[3], NULL));
    free(fields);
    return entry.id != NULL;
}

static size_t give_rows(struct ps_task_intake *intake, const struct redisReply *reply)
{
    size_t given = 0;

    if (reply->type != REDIS_REPLY_ARRAY)
        return 0;
    for (size_t i = 0; i < reply->elements; i++)
        given += give_row(intake, reply->element[i]);
    return given;
}

static void run(struct ps_task_intake *intake, enum ps_script script, const struct ps_str *args,
                size_t count, ps_redis_fn fn)
{
    ps_script_run(intake->options.redis, script,
                  (const char *const[]){ ps_key(intake->options.keys, PS_KEY_TASKS) }, 1, args,
                  count, fn, intake);
}

static void on_claimed(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_task_intake *intake = cookie;

    intake->claiming = false;
    if (err != NULL)
        tell_fault("task_claim", err);
    else
        (void)give_rows(intake, reply);
}

static void claim(struct ps_task_intake *intake)
{
    char visibility[NUMBER_TEXT];
    char most[NUMBER_TEXT];
    struct ps_str args[5];

    (void)snprintf(visibility, sizeof(visibility), "%lld",
                   (long long)intake->options.visibility_ms);
    (void)snprintf(most, sizeof(most), "%zu", intake->room);
    args[0] = ps_str_of(PS_GROUP_WORKERS);
    args[1] = ps_str_of(intake->options.instance);
    args[2] = ps_str_of(intake->heartbeats);
    args[3] = ps_str_of(visibility);
    args[4] = ps_str_of(most);
    intake->claiming = true;
    run(intake, PS_SCRIPT_TASK_CLAIM, args, PS_COUNT_OF(args), on_claimed);
}

static void on_recovered(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_task_intake *intake = cookie;

    intake->recovering = false;
    if (err != NULL)
        tell_fault("task_recover", err);
    else
        (void)give_rows(intake, reply);
    if (intake->recovered == NULL)
        return;
    /* no group yet: then nothing was left behind either */
    if (err == NULL || err->code == PS_REDIS_ERR_NOGROUP) {
        intake->recovered(intake->options.cookie);
        intake->recovered = NULL;
    }
}

static void recover(struct ps_task_intake *intake, int64_t idle_ms)
{
    char idle[NUMBER_TEXT];
    char most[NUMBER_TEXT];
    struct ps_str args[4];

    if (intake->recovering)
        return;
    (void)snprintf(idle, sizeof(idle), "%lld", (long long)idle_ms);
    (void)snprintf(most, sizeof(most), "%d", RECOVER_MAX);
    args[0] = ps_str_of(PS_GROUP_WORKERS);
    args[1] = ps_str_of(intake->options.instance);
    args[2] = ps_str_of(idle);
    args[3] = ps_str_of(most);
    intake->recovering = true;
    run(intake, PS_SCRIPT_TASK_RECOVER, args, PS_COUNT_OF(args), on_recovered);
}

static void on_reaped(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_task_intake *intake = cookie;

    (void)reply;
    if (err != NULL)
        tell_fault("consumer_reap", err);
    if (intake->forgotten != NULL)
        intake->forgotten(intake->options.cookie);
    intake->forgotten = NULL;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t reap_ms(const struct ps_task_intake *intake)
{
    return least(PS_TASK_INTAKE_REAP_IDLE_MS, intake->options.visibility_ms);
}

static void reap(struct ps_task_intake *intake, const char *own)
{
    char idle[NUMBER_TEXT];
    struct ps_str args[4];

    (void)snprintf(idle, sizeof(idle), "%" PRId64, reap_ms(intake));
    args[0] = ps_str_of(PS_GROUP_WORKERS);
    args[1] = ps_str_of(intake->heartbeats);
    args[2] = ps_str_of(idle);
    args[3] = ps_str_of(own);
    run(intake, PS_SCRIPT_CONSUMER_REAP, args, PS_COUNT_OF(args), on_reaped);
}

static int64_t with_jitter(int64_t ms)
{
    return ms * 3 / 4 + (int64_t)(ps_clock_random() * (double)ms / 2);
}

/* Workers started together must not all look at the same moment: hence the jitter. */
static void on_scan(void *cookie)
{
    struct ps_task_intake *intake = cookie;
    int64_t now = ps_loop_now(intake->options.loop);

    if (intake->stopping) {
        if (intake->reader_stopped && !intake->claiming && !intake->recovering) {
            if (intake->gathered) {
                intake->stopped(intake->options.cookie);
                return;
            }
            intake->gathered = true;
            recover(intake, 0);
        }
        ps_timer_set(intake->scan, STOP_CHECK_MS);
        return;
    }
    ps_timer_set(intake->scan,
                 with_jitter(least(PS_TASK_INTAKE_SCAN_MS, intake->options.visibility_ms)));
    if (!ps_redis_up(intake->options.redis))
        return;
    if (intake->recovered != NULL) {
        recover(intake, 0);
        return;
    }
    recover(intake, least(PS_TASK_INTAKE_RECOVER_IDLE_MS, intake->options.visibility_ms));
    if (!intake->claiming && intake->room > 0)
        claim(intake);
    if (now >= intake->reap_at_ms) {
        intake->reap_at_ms = now + with_jitter(reap_ms(intake) / 2);
        reap(intake, "");
    }
}

struct ps_task_intake *ps_task_intake_create(const struct ps_task_intake_options *options,
                                             struct ps_err *err)
{
    struct ps_task_intake *intake = ps_alloc_zero(1, sizeof(*intake));
    struct ps_stream_options stream = { .redis = options->server,
                                        .stream = ps_key(options->keys, PS_KEY_TASKS),
                                        .group = PS_GROUP_WORKERS,
                                        .consumer = options->instance };

    intake->options = *options;
    intake->heartbeats = ps_key_instance(options->keys, "worker", "");
    intake->reader = ps_stream_reader_create(options->loop, &stream, on_entries, intake, err);
    if (intake->reader == NULL) {
        free(intake->heartbeats);
        free(intake);
        return NULL;
    }
    intake->scan = ps_timer_create(options->loop, on_scan, intake);
    return intake;
}

void ps_task_intake_destroy(struct ps_task_intake *intake)
{
    if (intake == NULL)
        return;
    ps_stream_reader_destroy(intake->reader);
    ps_timer_destroy(intake->scan);
    free(intake->heartbeats);
    free(intake);
}

void ps_task_intake_set_room(struct ps_task_intake *intake, size_t room)
{
    intake->room = room;
    if (!intake->stopping)
        ps_stream_reader_want(intake->reader, room);
}

void ps_task_intake_on_redis(struct ps_task_intake *intake, bool up)
{
    if (up && intake->recovered != NULL)
        ps_timer_set(intake->scan, 0);
}

void ps_task_intake_recover(struct ps_task_intake *intake, void (*done)(void *cookie))
{
    intake->recovered = done;
    ps_timer_set(intake->scan, 0);
}

static void on_renewed(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_task_intake *intake = cookie;
    const char *id;

    intake->renewing = false;
    if (err != NULL) {
        tell_fault("task_renew", err);
        return;
    }
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        id = ps_redis_reply_text(reply->element[i], NULL);
        if (id != NULL)
            intake->lost(intake->options.cookie, id);
    }
}

void ps_task_intake_renew(struct ps_task_intake *intake, const char *const *ids, size_t count,
                          void (*lost)(void *cookie, const char *id))
{
    struct ps_str *args;

    if (intake->renewing || !ps_redis_up(intake->options.redis))
        return;
    args = ps_alloc_array(NULL, count + 2, sizeof(*args));
    args[0] = ps_str_of(PS_GROUP_WORKERS);
    args[1] = ps_str_of(intake->options.instance);
    for (size_t i = 0; i < count; i++)
        args[i + 2] = ps_str_of(ids[i]);
    intake->renewing = true;
    intake->lost = lost;
    run(intake, PS_SCRIPT_TASK_RENEW, args, count + 2, on_renewed);
    free(args);
}

static void on_reader_stopped(void *cookie)
{
    struct ps_task_intake *intake = cookie;

    intake->reader_stopped = true;
}

void ps_task_intake_stop(struct ps_task_intake *intake, void (*done)(void *cookie))
{
    intake->stopping = true;
    intake->stopped = done;
    intake->room = 0;
    ps_stream_reader_stop(intake->reader, on_reader_stopped, intake);
    ps_stream_reader_cut(intake->reader); /* an idle one would wait for its end */
    ps_timer_set(intake->scan, 0);
}

void ps_task_intake_remove_consumer(struct ps_task_intake *intake, void (*done)(void *cookie))
{
    intake->forgotten = done;
    reap(intake, intake->options.instance);
}

const char *ps_task_intake_fault(const struct ps_task_intake *intake)
{
    return ps_stream_reader_fault(intake->reader);
}

uint64_t ps_task_intake_group_recreates(const struct ps_task_intake *intake)
{
    return ps_stream_reader_group_recreates(intake->reader);
}
