#include "worker/io/task_intake.h"

#include "shared/core/alloc.h"
#include "shared/core/bounds.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    RECOVER_MAX = 10000,
    NUMBER_TEXT = 24,
    STOP_CHECK_MS = 20,
    /* Between two looks for consumers that are gone, while there are no tasks. */
    REAP_EMPTY_MS = 30 * 1000
};

/* A callback that runs once; fn is NULL while none is registered. */
struct callback {
    void (*fn)(void *cookie);
    void *cookie;
};

struct ps_task_intake {
    struct ps_task_intake_options options;
    struct ps_stream_reader *reader;
    struct ps_timer *scan;
    char *heartbeat_prefix; /* of the workers' heartbeat keys */
    size_t room;
    int64_t reap_at_ms;
    bool empty; /* nothing in the stream that could be claimed or recovered */
    bool claiming, recovering, renewing; /* a script of that kind is unanswered */
    bool stopping;
    bool reader_stopped;
    bool last_read_recovered; /* after the reader stopped; see on_scan */
    struct callback recovered, stopped, consumer_removed;
    void (*on_lost)(void *cookie, const char *id);
    void *lost_cookie;
};

/* Calls it, and forgets it before, because fn may register the next one. */
static void callback_run(struct callback *callback)
{
    struct callback call = *callback;

    *callback = (struct callback){ NULL, NULL };
    if (call.fn != NULL)
        call.fn(call.cookie);
}

/* Runs a script of the stream `tasks` whose first argument is the group. */
static void run_script(struct ps_task_intake *intake, enum ps_script script,
                       const char *const *texts, size_t count, ps_redis_fn fn)
{
    struct ps_str *args = ps_alloc_array(NULL, count + 1, sizeof(*args));

    args[0] = ps_str_of(PS_GROUP_WORKERS);
    for (size_t i = 0; i < count; i++)
        args[i + 1] = ps_str_of(texts[i]);
    ps_script_run(intake->options.redis, script,
                  (const char *const[]){ ps_key(intake->options.keys, PS_KEY_TASKS) }, 1, args,
                  count + 1, fn, intake);
    free(args);
}

/* Only an error of the script itself is logged. Connection errors are logged by the connection, and
 * a group that does not exist (NOGROUP) holds nothing; the reader creates it. */
static void log_script_error(enum ps_script script, const struct ps_err *err)
{
    if (err->code == PS_REDIS_ERR_REPLY)
        PS_LOG(TASK_ERROR, F_TEXT("what", ps_scripts[script].name), F_ERR(err));
}

/* Source 1: entries that the blocking read brought. */
static void on_entries(void *cookie, const struct ps_stream_entry *entries, size_t count)
{
    struct ps_task_intake *intake = cookie;

    for (size_t i = 0; i < count; i++)
        intake->options.fn(intake->options.cookie, &entries[i], 0, NULL);
}

/* Delivers one row of task_claim or task_recover: id, fields, deliveries, former consumer. */
static void deliver_row(struct ps_task_intake *intake, const struct redisReply *row)
{
    const struct redisReply *pairs;
    struct ps_stream_entry entry;
    struct ps_str *fields;
    size_t len;

    if (row->type != REDIS_REPLY_ARRAY || row->elements != 4 ||
        row->element[1]->type != REDIS_REPLY_ARRAY)
        return;
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
}

static void deliver_rows(struct ps_task_intake *intake, enum ps_script script,
                         const struct redisReply *reply, const struct ps_err *err)
{
    if (err != NULL) {
        log_script_error(script, err);
        return;
    }
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        deliver_row(intake, reply->element[i]);
}

/* Source 2: entries of consumers that died. */
static void on_claimed(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_task_intake *intake = cookie;

    intake->claiming = false;
    deliver_rows(intake, PS_SCRIPT_TASK_CLAIM, reply, err);
}

static void claim(struct ps_task_intake *intake)
{
    char visibility[NUMBER_TEXT], most[NUMBER_TEXT];
    const char *const args[] = { intake->options.instance, intake->heartbeat_prefix, visibility,
                                 most };

    (void)snprintf(visibility, sizeof(visibility), "%" PRId64, intake->options.visibility_ms);
    (void)snprintf(most, sizeof(most), "%zu", intake->room);
    intake->claiming = true;
    run_script(intake, PS_SCRIPT_TASK_CLAIM, args, PS_COUNT_OF(args), on_claimed);
}

/* Source 3: entries that are pending for this consumer although this process never got them. An
 * earlier process had the same name, or a connection broke before the answer to a read arrived. */
static void on_recovered(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_task_intake *intake = cookie;

    intake->recovering = false;
    deliver_rows(intake, PS_SCRIPT_TASK_RECOVER, reply, err);
    /* Without a group nothing was left behind either. */
    if (err == NULL || err->code == PS_REDIS_ERR_NOGROUP)
        callback_run(&intake->recovered);
}

static void recover(struct ps_task_intake *intake, int64_t idle_ms)
{
    char idle[NUMBER_TEXT], most[NUMBER_TEXT];
    const char *const args[] = { intake->options.instance, idle, most };

    if (intake->recovering)
        return;
    (void)snprintf(idle, sizeof(idle), "%" PRId64, idle_ms);
    (void)snprintf(most, sizeof(most), "%d", RECOVER_MAX);
    intake->recovering = true;
    run_script(intake, PS_SCRIPT_TASK_RECOVER, args, PS_COUNT_OF(args), on_recovered);
}

static void on_reaped(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_task_intake *intake = cookie;

    (void)reply;
    if (err != NULL)
        log_script_error(PS_SCRIPT_CONSUMER_REAP, err);
    callback_run(&intake->consumer_removed);
}

/* Removes consumers that are gone, and at once the one named own ("" for none). */
static void reap(struct ps_task_intake *intake, const char *own)
{
    char idle[NUMBER_TEXT];
    const char *const args[] = { intake->heartbeat_prefix, idle, own };

    (void)snprintf(idle, sizeof(idle), "%" PRId64,
                   ps_min_int(PS_TASK_INTAKE_REAP_IDLE_MS, intake->options.visibility_ms));
    run_script(intake, PS_SCRIPT_CONSUMER_REAP, args, PS_COUNT_OF(args), on_reaped);
}

/* Workers that started together would otherwise scan at the same moment. */
static int64_t with_jitter(int64_t ms)
{
    return ms * 3 / 4 + (int64_t)(ps_clock_random() * (double)ms / 2);
}

/* A stop ends in three steps: the reader stops and unanswered scripts return; one more recovery
 * finds the entries of a read that was cut off (the owner returns them to the stream); then the
 * owner's callback runs. */
static void stop_step(struct ps_task_intake *intake)
{
    if (intake->reader_stopped && !intake->claiming && !intake->recovering) {
        if (intake->last_read_recovered) {
            callback_run(&intake->stopped);
            return;
        }
        intake->last_read_recovered = true;
        recover(intake, 0);
    }
    ps_timer_set(intake->scan, STOP_CHECK_MS);
}

static void on_scan(void *cookie)
{
    struct ps_task_intake *intake = cookie;
    int64_t now_ms = ps_loop_now(intake->options.loop);
    int64_t visibility_ms = intake->options.visibility_ms;

    if (intake->stopping) {
        stop_step(intake);
        return;
    }
    ps_timer_set_about(intake->scan,
                       with_jitter(ps_min_int(PS_TASK_INTAKE_SCAN_MS, visibility_ms)));
    if (!ps_redis_up(intake->options.redis))
        return;
    if (intake->recovered.fn != NULL) {
        recover(intake, 0);
        return;
    }
    if (!intake->empty) {
        recover(intake, ps_min_int(PS_TASK_INTAKE_RECOVER_IDLE_MS, visibility_ms));
        if (!intake->claiming && intake->room > 0)
            claim(intake);
    }
    if (now_ms >= intake->reap_at_ms) {
        intake->reap_at_ms =
            now_ms + with_jitter(intake->empty
                                     ? REAP_EMPTY_MS
                                     : ps_min_int(PS_TASK_INTAKE_REAP_IDLE_MS, visibility_ms) / 2);
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
    intake->reader = ps_stream_reader_create(options->loop, &stream, on_entries, intake, err);
    if (intake->reader == NULL) {
        free(intake);
        return NULL;
    }
    intake->heartbeat_prefix = ps_key_instance(options->keys, "worker", "");
    intake->scan = ps_timer_create(options->loop, on_scan, intake);
    return intake;
}

void ps_task_intake_destroy(struct ps_task_intake *intake)
{
    if (intake == NULL)
        return;
    ps_stream_reader_destroy(intake->reader);
    ps_timer_destroy(intake->scan);
    free(intake->heartbeat_prefix);
    free(intake);
}

void ps_task_intake_set_room(struct ps_task_intake *intake, size_t room)
{
    intake->room = room;
    if (!intake->stopping)
        ps_stream_reader_want(intake->reader, room);
}

void ps_task_intake_set_empty(struct ps_task_intake *intake, bool empty)
{
    intake->empty = empty;
}

void ps_task_intake_cut(struct ps_task_intake *intake)
{
    if (!intake->stopping)
        ps_stream_reader_cut(intake->reader);
}

void ps_task_intake_undelivered(struct ps_task_intake *intake, bool undelivered)
{
    if (!intake->stopping)
        ps_stream_reader_undelivered(intake->reader, undelivered);
}

void ps_task_intake_on_redis(struct ps_task_intake *intake, bool up)
{
    if (up && intake->recovered.fn != NULL)
        ps_timer_set(intake->scan, 0);
}

void ps_task_intake_recover(struct ps_task_intake *intake, void (*done)(void *cookie), void *cookie)
{
    intake->recovered = (struct callback){ done, cookie };
    ps_timer_set(intake->scan, 0);
}

static void on_renewed(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_task_intake *intake = cookie;

    intake->renewing = false;
    if (err != NULL) {
        log_script_error(PS_SCRIPT_TASK_RENEW, err);
        return;
    }
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const char *id = ps_redis_reply_text(reply->element[i], NULL);

        if (id != NULL)
            intake->on_lost(intake->lost_cookie, id);
    }
}

void ps_task_intake_renew(struct ps_task_intake *intake, const char *const *ids, size_t count,
                          void (*on_lost)(void *cookie, const char *id), void *cookie)
{
    const char **args;

    if (intake->renewing || !ps_redis_up(intake->options.redis))
        return;
    args = ps_alloc_array(NULL, count + 1, sizeof(*args));
    args[0] = intake->options.instance;
    for (size_t i = 0; i < count; i++)
        args[i + 1] = ids[i];
    intake->renewing = true;
    intake->on_lost = on_lost;
    intake->lost_cookie = cookie;
    run_script(intake, PS_SCRIPT_TASK_RENEW, args, count + 1, on_renewed);
    free(args);
}

static void on_reader_stopped(void *cookie)
{
    struct ps_task_intake *intake = cookie;

    intake->reader_stopped = true;
}

void ps_task_intake_stop(struct ps_task_intake *intake, void (*done)(void *cookie), void *cookie)
{
    intake->stopping = true;
    intake->stopped = (struct callback){ done, cookie };
    intake->room = 0;
    ps_stream_reader_stop(intake->reader, on_reader_stopped, intake);
    ps_stream_reader_cut(intake->reader); /* on an idle stream the read would block until its end */
    ps_timer_set(intake->scan, 0);
}

void ps_task_intake_remove_consumer(struct ps_task_intake *intake, void (*done)(void *cookie),
                                    void *cookie)
{
    intake->consumer_removed = (struct callback){ done, cookie };
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
