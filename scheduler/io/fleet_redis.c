#include "scheduler/io/fleet_redis.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 200, FIELDS_MAX = 24, INSTANCE_NAMES = 2, INCIDENT_TEXT_MAX = 1000 };

struct reading {
    struct ps_fleet_ask ask;
    ps_fleet_read_fn fn;
    void *cookie;
    cJSON *read;
    int out;   /* outstanding answers, and one while commands are being sent */
    bool lost; /* Redis did not answer; err says why */
    struct ps_err err;
};

/* reply is NULL if there is nothing: a stream or group that does not exist. */
typedef void (*keep_fn)(struct reading *reading, cJSON *into, const char *name,
                        const struct redisReply *reply);

struct question {
    struct reading *reading;
    keep_fn keep;
    cJSON *into; /* object of the reading that the answer belongs to */
    const char *name;
};

/* An instance whose heartbeat has ended stays in the list for a moment. */
static void drop_gone(cJSON *instances)
{
    cJSON *instance = instances == NULL ? NULL : instances->child, *next;

    for (; instance != NULL; instance = next) {
        next = instance->next;
        if (cJSON_GetArraySize(instance) <= INSTANCE_NAMES)
            cJSON_Delete(cJSON_DetachItemViaPointer(instances, instance));
    }
}

static void answered(struct reading *reading)
{
    if (--reading->out > 0)
        return;
    drop_gone(cJSON_GetObjectItem(reading->read, "instances"));
    if (reading->lost) {
        cJSON_Delete(reading->read);
        reading->read = NULL;
    }
    reading->fn(reading->cookie, reading->read, reading->lost ? &reading->err : NULL);
    free(reading);
}

static void on_answer(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct question *question = cookie;
    struct reading *reading = question->reading;

    if (err != NULL && err->code != PS_REDIS_ERR_REPLY && err->code != PS_REDIS_ERR_NOGROUP) {
        reading->lost = true;
        reading->err = *err;
    } else if (!reading->lost) {
        question->keep(reading, question->into, question->name, err == NULL ? reply : NULL);
    }
    free(question);
    answered(reading);
}

static void ask(struct reading *reading, struct question what, const char *const *args,
                size_t count)
{
    struct question *question = ps_alloc_zero(1, sizeof(*question));

    *question = what;
    question->reading = reading;
    reading->out++;
    reading->ask.send(reading->ask.send_cookie, args, count, on_answer, question);
}

/* ASK(reading, keep, into, name, "GET", key) */
#define ASK(reading, keep, into, name, ...)                                                        \
    ask(reading, (struct question){ NULL, keep, into, name },                                      \
        (const char *const[]){ __VA_ARGS__ },                                                      \
        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static size_t elements(const struct redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

static const char *text_of(const struct redisReply *reply)
{
    return reply == NULL ? NULL : ps_redis_reply_text(reply, NULL);
}

/* Returns the value of a name in a flat list of names and values. */
static const struct redisReply *find(const struct redisReply *pairs, const char *name)
{
    for (size_t i = 0; i + 1 < elements(pairs); i += 2) {
        const char *text = text_of(pairs->element[i]);

        if (text != NULL && strcmp(text, name) == 0)
            return pairs->element[i + 1];
    }
    return NULL;
}

/* Adds names and values: numbers as numbers, everything else as text. */
static void add_pairs(cJSON *object, const struct redisReply *pairs)
{
    for (size_t i = 0; i + 1 < elements(pairs) && i < 2 * FIELDS_MAX; i += 2) {
        const char *name = text_of(pairs->element[i]), *value = text_of(pairs->element[i + 1]);
        int64_t number;

        if (name == NULL || value == NULL || strlen(name) > NAME_MAX_BYTES ||
            cJSON_HasObjectItem(object, name))
            continue;
        if (ps_str_int(ps_str_of(value), INT64_MIN, INT64_MAX, &number))
            ps_json_add_int(object, name, number);
        else
            ps_json_add_cut(object, name, value, PS_FLEET_TEXT_MAX);
    }
}

static void keep_number(struct reading *reading, cJSON *into, const char *name,
                        const struct redisReply *reply)
{
    (void)reading;
    ps_json_add_int(into, name, reply == NULL ? 0 : ps_redis_reply_int(reply, 0));
}

/* Adds value to the number that is there. */
static void keep_sum(struct reading *reading, cJSON *into, const char *name,
                     const struct redisReply *reply)
{
    cJSON *sum = cJSON_GetObjectItem(into, name);

    (void)reading;
    if (reply != NULL)
        cJSON_SetNumberValue(sum, sum->valuedouble + (double)ps_redis_reply_int(reply, 0));
}

static void keep_leader(struct reading *reading, cJSON *into, const char *name,
                        const struct redisReply *reply)
{
    const char *text = text_of(reply);
    const char *colon = text == NULL ? NULL : strrchr(text, ':');
    char *leader = colon == NULL ? NULL : ps_alloc_copy(text, (size_t)(colon - text));
    int64_t epoch;

    (void)reading;
    ps_json_add_text(into, name, leader);
    if (colon != NULL && ps_str_int(ps_str_of(colon + 1), 0, INT64_MAX, &epoch))
        ps_json_add_int(into, "epoch", epoch);
    else
        cJSON_AddNullToObject(into, "epoch");
    free(leader);
}

static void keep_hash(struct reading *reading, cJSON *into, const char *name,
                      const struct redisReply *reply)
{
    (void)reading;
    if (elements(reply) == 0)
        cJSON_AddNullToObject(into, name);
    else
        add_pairs(cJSON_AddObjectToObject(into, name), reply);
}

/* The same, but each value as text. */
static void keep_texts(struct reading *reading, cJSON *into, const char *name,
                       const struct redisReply *reply)
{
    cJSON *texts = cJSON_AddObjectToObject(into, name);

    (void)reading;
    for (size_t i = 0; i + 1 < elements(reply) && i < (size_t)2 * FIELDS_MAX; i += 2)
        if (text_of(reply->element[i]) != NULL && text_of(reply->element[i + 1]) != NULL)
            ps_json_add_cut(texts, text_of(reply->element[i]), text_of(reply->element[i + 1]),
                            INCIDENT_TEXT_MAX);
}

/* Each stream has one group. */
static void keep_group(struct reading *reading, cJSON *into, const char *name,
                       const struct redisReply *reply)
{
    const struct redisReply *group = elements(reply) > 0 ? reply->element[0] : NULL;
    const struct redisReply *pending = find(group, "pending"), *lag = find(group, "lag");
    int64_t unread = -1; /* Redis 6, or a Redis that does not know the lag at the moment */

    (void)reading;
    (void)name;
    ps_json_add_int(into, "pending", pending == NULL ? 0 : ps_redis_reply_int(pending, 0));
    if (group == NULL) { /* nobody has read anything yet */
        const cJSON *length = cJSON_GetObjectItem(into, "length");

        unread = length == NULL ? 0 : (int64_t)length->valuedouble;
    } else if (lag != NULL) {
        unread = ps_redis_reply_int(lag, -1);
    }
    if (unread >= 0)
        ps_json_add_int(into, "lag", unread);
    else
        cJSON_AddNullToObject(into, "lag");
}

/* Entries of a stream: [[id, [name, value, …]], …]. */
static void keep_entries(struct reading *reading, cJSON *into, const char *name,
                         const struct redisReply *reply)
{
    cJSON *entries = cJSON_AddArrayToObject(into, name);

    (void)reading;
    for (size_t i = 0; i < elements(reply); i++) {
        const struct redisReply *entry = reply->element[i];
        const char *id = elements(entry) == 2 ? text_of(entry->element[0]) : NULL;
        cJSON *object;

        if (id == NULL)
            continue;
        object = cJSON_CreateObject();
        ps_json_add_time(object, "at", strtoll(id, NULL, 10));
        ps_json_add_text(object, "stream_id", id);
        add_pairs(object, entry->element[1]);
        cJSON_AddItemToArray(entries, object);
    }
}

/* A message that was given up, without its text: only its recipient may read that. */
static void keep_dead(struct reading *reading, cJSON *into, const char *name,
                      const struct redisReply *reply)
{
    static const char *const shown[] = {
        "id", "kind", "channel", "reason", "created_at", "dead_at"
    };
    cJSON *entries = cJSON_AddArrayToObject(into, name);

    (void)reading;
    for (size_t i = elements(reply); i > 0; i--) { /* the newest entry is at the end */
        const char *text = text_of(reply->element[i - 1]);
        cJSON *letter = text == NULL ? NULL : ps_json_parse(text, strlen(text), NULL);
        cJSON *object = cJSON_CreateObject();
        int64_t attempts;

        for (size_t k = 0; k < PS_COUNT_OF(shown); k++) {
            const char *value = ps_json_text(letter, shown[k]);

            if (value != NULL)
                ps_json_add_cut(object, shown[k], value, PS_FLEET_TEXT_MAX);
        }
        if (ps_json_int(letter, "attempts", 0, INT64_MAX, &attempts))
            ps_json_add_int(object, "attempts", attempts);
        cJSON_AddItemToArray(entries, object);
        cJSON_Delete(letter);
    }
}

static void keep_pause(struct reading *reading, cJSON *into, const char *name,
                       const struct redisReply *reply)
{
    int64_t left_ms = reply == NULL ? 0 : ps_redis_reply_int(reply, 0);

    (void)reading;
    ps_json_add_int(into, name, left_ms > 0 ? left_ms : 0);
}

static void keep_text(struct reading *reading, cJSON *into, const char *name,
                      const struct redisReply *reply)
{
    const char *text = text_of(reply);

    (void)reading;
    ps_json_add_cut(into, name, text, PS_FLEET_TEXT_MAX);
}

/* limit:<host> is JSON: rate now, and shares of what is in flight by instance. */
static void keep_limit(struct reading *reading, cJSON *into, const char *name,
                       const struct redisReply *reply)
{
    const char *text = text_of(reply);
    cJSON *limit = text == NULL ? NULL : ps_json_parse(text, strlen(text), NULL);
    const cJSON *rate = cJSON_GetObjectItem(limit, "rate");

    (void)reading;
    if (cJSON_IsNumber(rate))
        ps_json_add_real(into, name, rate->valuedouble);
    else
        cJSON_AddNullToObject(into, name);
    cJSON_Delete(limit);
}

static void ask_hosts(struct reading *reading)
{
    const struct ps_keys *keys = reading->ask.keys;
    cJSON *hosts = cJSON_AddArrayToObject(reading->read, "hosts");

    for (size_t i = 0; i < reading->ask.host_count; i++) {
        const char *name = reading->ask.hosts[i];
        char *cooldown = ps_key_with(keys, PS_KEY_COOLDOWN, name);
        char *limit = ps_key_with(keys, PS_KEY_LIMIT, name);
        cJSON *host = cJSON_CreateObject();

        ps_json_add_text(host, "host", name);
        cJSON_AddItemToArray(hosts, host);
        ASK(reading, keep_pause, host, "paused_ms", "PTTL", cooldown);
        ASK(reading, keep_text, host, "why", "GET", cooldown);
        ASK(reading, keep_limit, host, "rate", "GET", limit);
        free(cooldown);
        free(limit);
    }
}

/* Returns an array of texts; the caller owns it. Copies them before the first command, because a
 * transport that answers at once may overwrite a reply with the next one. */
static char **texts_of(const struct redisReply *reply, size_t *out_count)
{
    char **texts = ps_alloc_zero(elements(reply) + 1, sizeof(*texts));

    *out_count = 0;
    for (size_t i = 0; i < elements(reply); i++)
        if (text_of(reply->element[i]) != NULL)
            texts[(*out_count)++] = ps_alloc_text(text_of(reply->element[i]));
    return texts;
}

static void keep_holders(struct reading *reading, cJSON *into, const char *name,
                         const struct redisReply *reply)
{
    size_t count;
    char **holders = texts_of(reply, &count);

    ps_json_add_int(into, name, 0);
    for (size_t i = 0; i < count; i++) {
        char *list = ps_key_with(reading->ask.keys, PS_KEY_NOTIFY_INFLIGHT, holders[i]);

        ASK(reading, keep_sum, into, name, "LLEN", list);
        free(list);
        free(holders[i]);
    }
    free(holders);
}

static void keep_instance(struct reading *reading, cJSON *into, const char *name,
                          const struct redisReply *reply)
{
    (void)reading;
    (void)name;
    add_pairs(into, reply);
}

/* Names: "<component>:<id>". */
static void keep_instances(struct reading *reading, cJSON *into, const char *name,
                           const struct redisReply *reply)
{
    cJSON *instances = cJSON_AddArrayToObject(into, name);
    size_t count;
    char **members = texts_of(reply, &count);

    for (size_t i = 0; i < count; i++) {
        char *colon = strchr(members[i], ':'), *hash;
        cJSON *instance;

        if (colon == NULL) {
            free(members[i]);
            continue;
        }
        *colon = '\0';
        instance = cJSON_CreateObject();
        ps_json_add_text(instance, "component", members[i]);
        ps_json_add_text(instance, "id", colon + 1);
        cJSON_AddItemToArray(instances, instance);
        hash = ps_key_instance(reading->ask.keys, members[i], colon + 1);
        ASK(reading, keep_instance, instance, NULL, "HGETALL", hash);
        free(hash);
        free(members[i]);
    }
    free(members);
}

static void ask_stream(struct reading *reading, const char *name, enum ps_key stream)
{
    const char *key = ps_key(reading->ask.keys, stream);
    cJSON *object = cJSON_AddObjectToObject(reading->read, name);

    ASK(reading, keep_number, object, "length", "XLEN", key);
    ASK(reading, keep_group, object, NULL, "XINFO", "GROUPS", key);
}

static void ask_notify(struct reading *reading)
{
    const struct ps_keys *keys = reading->ask.keys;
    cJSON *notify = cJSON_AddObjectToObject(reading->read, "notify");

    ASK(reading, keep_number, notify, "length", "LLEN", ps_key(keys, PS_KEY_NOTIFY));
    ASK(reading, keep_number, notify, "dead", "LLEN", ps_key(keys, PS_KEY_NOTIFY_DEAD));
    ASK(reading, keep_holders, notify, "in_flight", "SMEMBERS",
        ps_key(keys, PS_KEY_NOTIFY_HOLDERS));
}

void ps_fleet_redis_read(const struct ps_fleet_ask *what, ps_fleet_read_fn fn, void *cookie)
{
    struct reading *reading = ps_alloc_zero(1, sizeof(*reading));
    const struct ps_keys *keys = what->keys;
    char most[24], from[24], last[24];

    (void)snprintf(most, sizeof(most), "%d", PS_FLEET_LATEST);
    (void)snprintf(from, sizeof(from), "%d", -PS_FLEET_LATEST);
    (void)snprintf(last, sizeof(last), "%d", PS_FLEET_INSTANCES_MAX - 1);
    reading->ask = *what;
    reading->fn = fn;
    reading->cookie = cookie;
    reading->read = cJSON_CreateObject();
    reading->out = 1;
    ASK(reading, keep_leader, reading->read, "leader", "GET", ps_key(keys, PS_KEY_LEADER));
    ASK(reading, keep_hash, reading->read, "cycle", "HGETALL", ps_key(keys, PS_KEY_CYCLE));
    ask_stream(reading, "tasks", PS_KEY_TASKS);
    ask_stream(reading, "results", PS_KEY_RESULTS);
    ask_notify(reading);
    ask_hosts(reading);
    ASK(reading, keep_texts, reading->read, "incidents", "HGETALL", ps_key(keys, PS_KEY_INCIDENTS));
    ASK(reading, keep_entries, reading->read, "failures", "XREVRANGE",
        ps_key(keys, PS_KEY_FAILURES), "+", "-", "COUNT", most);
    ASK(reading, keep_entries, reading->read, "dead_tasks", "XREVRANGE",
        ps_key(keys, PS_KEY_TASKS_DEAD), "+", "-", "COUNT", most);
    ASK(reading, keep_dead, reading->read, "dead_messages", "LRANGE",
        ps_key(keys, PS_KEY_NOTIFY_DEAD), from, "-1");
    if (what->instances)
        ASK(reading, keep_instances, reading->read, "instances", "ZRANGE",
            ps_key(keys, PS_KEY_INSTANCES), "0", last, "REV"); /* those that are alive first */
    answered(reading);
}
