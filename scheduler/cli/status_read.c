#include "scheduler/cli/status_read.h"

#include "scheduler/cli/cycle_table.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum { SCAN_ROUNDS_MAX = 10000 };

struct reader {
    struct ps_sync *sync;
    struct ps_err *err;
    bool failed; /* a server did not answer: err says which */
};

#define ASK(reader, ...)                                                                           \
    ask(reader, (const char *const[]){ __VA_ARGS__ },                                              \
        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* NULL where there is nothing: a stream or group that does not exist is an error reply. */
static const struct redisReply *ask(struct reader *reader, const char *const *args, size_t count)
{
    const struct redisReply *reply;

    if (reader->failed)
        return NULL;
    reply = ps_sync_redis(reader->sync, args, count, reader->err);
    reader->failed = reply == NULL && reader->err->code != PS_REDIS_ERR_REPLY &&
                     reader->err->code != PS_REDIS_ERR_NOGROUP;
    return reply;
}

static const char *key(const struct reader *reader, enum ps_key which)
{
    return ps_key(ps_sync_keys(reader->sync), which);
}

static size_t elements(const struct redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

/* A value of a flat list of names and values. */
static const struct redisReply *find(const struct redisReply *pairs, const char *name)
{
    for (size_t i = 0; i + 1 < elements(pairs); i += 2) {
        const char *text = ps_reply_text(pairs->element[i], NULL);

        if (text != NULL && strcmp(text, name) == 0)
            return pairs->element[i + 1];
    }
    return NULL;
}

static int64_t find_int(const struct redisReply *pairs, const char *name)
{
    const struct redisReply *value = find(pairs, name);

    return value == NULL ? 0 : ps_reply_int(value, 0);
}

static void add_leader(struct reader *reader, cJSON *status)
{
    const struct redisReply *reply = ASK(reader, "GET", key(reader, PS_KEY_LEADER));
    const char *text = reply == NULL ? NULL : ps_reply_text(reply, NULL);
    const char *colon = text == NULL ? NULL : strrchr(text, ':');
    char *name = colon == NULL ? NULL : ps_alloc_text(text);
    int64_t epoch;

    if (name != NULL)
        name[colon - text] = '\0';
    ps_json_add_text(status, "leader", name);
    if (colon != NULL && ps_str_int(ps_str_of(colon + 1), 0, INT64_MAX, &epoch))
        ps_json_add_int(status, "epoch", epoch);
    else
        cJSON_AddNullToObject(status, "epoch");
    free(name);
}

/* The id at the end of "<prefix>instance:<component>:<id>", when the key is one. */
static const char *instance_of(const char *text, const char *start)
{
    return text != NULL && strncmp(text, start, strlen(start)) == 0 ? text + strlen(start) : NULL;
}

/* Gives the ids of a component's instances that have a heartbeat. */
static cJSON *instances(struct reader *reader, const char *component)
{
    char *start = ps_key_instance(ps_sync_keys(reader->sync), component, "");
    char *pattern = ps_alloc_format("%s*", start);
    char *cursor = ps_alloc_text("0");
    cJSON *found = cJSON_CreateArray();

    for (int round = 0; round < SCAN_ROUNDS_MAX; round++) {
        const struct redisReply *reply =
            ASK(reader, "SCAN", cursor, "MATCH", pattern, "COUNT", "1000");
        const char *next = elements(reply) == 2 ? ps_reply_text(reply->element[0], NULL) : NULL;

        for (size_t i = 0; next != NULL && i < elements(reply->element[1]); i++) {
            const char *id = instance_of(ps_reply_text(reply->element[1]->element[i], NULL), start);

            if (id != NULL)
                cJSON_AddItemToArray(found, cJSON_CreateString(id));
        }
        free(cursor);
        cursor = ps_alloc_text(next == NULL ? "0" : next);
        if (strcmp(cursor, "0") == 0)
            break;
    }
    free(cursor);
    free(pattern);
    free(start);
    return found;
}

static void add_standbys(struct reader *reader, cJSON *status)
{
    cJSON *schedulers = instances(reader, "scheduler");
    cJSON *standbys = cJSON_AddArrayToObject(status, "standbys");
    const char *leader = ps_json_text(status, "leader");
    const cJSON *name;

    cJSON_ArrayForEach(name,
                       schedulers) if (leader == NULL || strcmp(name->valuestring, leader) != 0)
        cJSON_AddItemToArray(standbys, cJSON_CreateString(name->valuestring));
    cJSON_Delete(schedulers);
}

static void add_workers(struct reader *reader, cJSON *status)
{
    cJSON *names = instances(reader, "worker");
    cJSON *workers = cJSON_AddArrayToObject(status, "workers");
    const cJSON *name;

    cJSON_ArrayForEach(name, names)
    {
        char *hash = ps_key_instance(ps_sync_keys(reader->sync), "worker", name->valuestring);
        const struct redisReply *reply = ASK(reader, "HGETALL", hash);
        cJSON *worker = cJSON_CreateObject();

        ps_json_add_text(worker, "name", name->valuestring);
        ps_json_add_int(worker, "in_flight", find_int(reply, "in_flight"));
        cJSON_AddItemToArray(workers, worker);
        free(hash);
    }
    cJSON_Delete(names);
}

/* The hash as it stands: numbers as numbers, times as text. */
static void add_cycle(struct reader *reader, cJSON *status)
{
    const struct redisReply *reply = ASK(reader, "HGETALL", key(reader, PS_KEY_CYCLE));
    cJSON *cycle;

    if (elements(reply) == 0) {
        cJSON_AddNullToObject(status, "cycle");
        return;
    }
    cycle = cJSON_AddObjectToObject(status, "cycle");
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const char *name = ps_reply_text(reply->element[i], NULL);
        const char *value = ps_reply_text(reply->element[i + 1], NULL);
        int64_t number;

        if (value != NULL && ps_str_int(ps_str_of(value), INT64_MIN, INT64_MAX, &number))
            ps_json_add_int(cycle, name, number);
        else
            ps_json_add_text(cycle, name, value);
    }
}

static void add_stream(struct reader *reader, cJSON *status, const char *name, enum ps_key stream)
{
    const struct redisReply *reply = ASK(reader, "XLEN", key(reader, stream));
    cJSON *object = cJSON_AddObjectToObject(status, name);
    int64_t length = reply == NULL ? 0 : ps_reply_int(reply, 0), lag;
    const struct redisReply *group;

    ps_json_add_int(object, "length", length);
    reply = ASK(reader, "XINFO", "GROUPS", key(reader, stream));
    group = elements(reply) > 0 ? reply->element[0] : NULL; /* each has one group */
    if (group == NULL)
        lag = length; /* nobody has read anything */
    else
        lag = find(group, "lag") == NULL ? -1 : ps_reply_int(find(group, "lag"), -1);
    ps_json_add_int(object, "pending", find_int(group, "pending"));
    if (lag >= 0)
        ps_json_add_int(object, "lag", lag);
    else
        cJSON_AddNullToObject(object, "lag"); /* Redis 6, or one that cannot tell just now */
}

static int64_t list_length(struct reader *reader, const char *name)
{
    const struct redisReply *reply = ASK(reader, "LLEN", name);

    return reply == NULL ? 0 : ps_reply_int(reply, 0);
}

static void add_notify(struct reader *reader, cJSON *status)
{
    cJSON *notify = cJSON_AddObjectToObject(status, "notify");
    cJSON *holders = cJSON_CreateArray();
    const struct redisReply *reply = ASK(reader, "SMEMBERS", key(reader, PS_KEY_NOTIFY_HOLDERS));
    const cJSON *holder;
    int64_t held = 0;

    for (size_t i = 0; i < elements(reply); i++)
        cJSON_AddItemToArray(holders, cJSON_CreateString(ps_reply_text(reply->element[i], NULL)));
    cJSON_ArrayForEach(holder, holders)
    {
        char *list =
            ps_key_with(ps_sync_keys(reader->sync), PS_KEY_NOTIFY_INFLIGHT, holder->valuestring);

        held += list_length(reader, list);
        free(list);
    }
    cJSON_Delete(holders);
    ps_json_add_int(notify, "length", list_length(reader, key(reader, PS_KEY_NOTIFY)));
    ps_json_add_int(notify, "in_flight", held);
    ps_json_add_int(notify, "dead", list_length(reader, key(reader, PS_KEY_NOTIFY_DEAD)));
}

static void add_stored(struct reader *reader, cJSON *status)
{
    const struct ps_pg_rows *rows;

    if (reader->failed)
        return;
    rows = ps_sync_pg(reader->sync, ps_store_overview(PS_STATUS_CYCLES), reader->err);
    reader->failed = rows == NULL;
    if (rows == NULL)
        return;
    ps_json_add_int(status, "papers", ps_pg_int(rows, 0, 0, 0, 0));
    ps_json_add_int(status, "discovered", ps_pg_int(rows, 0, 0, 1, 0));
    ps_json_add_int(status, "outbox_pending", ps_pg_int(rows, 0, 0, 2, 0));
    ps_json_add_int(status, "poll_count", ps_pg_int(rows, 0, 0, 4, 0));
    ps_json_add_time(status, "last_successful_poll", ps_pg_int(rows, 0, 0, 3, 0));
    ps_json_add_time(status, "index_fetched_at", ps_pg_int(rows, 0, 0, 5, 0));
    cJSON_AddItemToObject(status, "cycles", ps_cycle_table_read(rows));
}

cJSON *ps_status_read(struct ps_sync *sync, struct ps_err *err)
{
    struct reader reader = { .sync = sync, .err = err };
    cJSON *status = cJSON_CreateObject();

    add_leader(&reader, status);
    add_standbys(&reader, status);
    add_workers(&reader, status);
    add_cycle(&reader, status);
    add_stream(&reader, status, "tasks", PS_KEY_TASKS);
    add_stream(&reader, status, "results", PS_KEY_RESULTS);
    add_notify(&reader, status);
    add_stored(&reader, status);
    if (!reader.failed)
        return status;
    cJSON_Delete(status);
    return NULL;
}
