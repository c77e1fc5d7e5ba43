/* bench_queue COUNT keep|delete: the bare queue, at REDIS_URL. Reads COUNT tasks 64 at a time with
 * XREADGROUP, adds 64 results and acknowledges them, all in one round trip with the next read;
 * "delete" also takes the tasks out of the stream. No scripts, no checks: the ceiling that the
 * worker's queue is held against. One JSON line. */
#include "shared/core/alloc.h"
#include "shared/core/keys.h"
#include "shared/core/str.h"
#include "shared/core/url.h"
#include "shared/io/clock.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 64, FIELDS_MAX = 32, RESULT_FIELDS = 16 };

struct bench {
    redisContext *redis;
    const char *tasks, *results;
    bool deletes;
    size_t count, done;
    uint64_t trips;
};

static void append(struct bench *bench, size_t argc, const char **argv)
{
    if (redisAppendCommandArgv(bench->redis, (int)argc, argv, NULL) != REDIS_OK)
        abort();
}

static redisReply *answer(struct bench *bench)
{
    void *reply = NULL;

    if (redisGetReply(bench->redis, &reply) != REDIS_OK ||
        ((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
        (void)fprintf(stderr, "bench_queue: %s\n",
                      reply == NULL ? bench->redis->errstr : ((redisReply *)reply)->str);
        exit(1);
    }
    return reply;
}

static void append_read(struct bench *bench)
{
    const char *argv[] = { "XREADGROUP", "GROUP",   PS_GROUP_WORKERS, "bare", "COUNT",
                           "64",         "STREAMS", bench->tasks,     ">" };

    append(bench, PS_COUNT_OF(argv), argv);
}

/* The task's fields and as many more as a result has. */
static void append_result(struct bench *bench, const redisReply *fields)
{
    static const char *const more[RESULT_FIELDS] = {
        "outcome",  "miss", "status",     "404", "last_modified", "",     "failure_category", "",
        "attempts", "1",    "latency_ms", "0",   "worker",        "bare", "front_text",       ""
    };
    const char *argv[3 + FIELDS_MAX + RESULT_FIELDS] = { "XADD", bench->results, "*" };
    size_t argc = 3;

    for (size_t i = 0; i < fields->elements && i < FIELDS_MAX; i++)
        argv[argc++] = fields->element[i]->str;
    for (size_t i = 0; i < RESULT_FIELDS; i++)
        argv[argc++] = more[i];
    append(bench, argc, argv);
}

static size_t append_settled(struct bench *bench, const redisReply *entries)
{
    const char *acks[3 + BATCH] = { "XACK", bench->tasks, PS_GROUP_WORKERS };
    const char *dels[2 + BATCH] = { "XDEL", bench->tasks };

    for (size_t i = 0; i < entries->elements; i++) {
        append_result(bench, entries->element[i]->element[1]);
        acks[3 + i] = dels[2 + i] = entries->element[i]->element[0]->str;
    }
    append(bench, 3 + entries->elements, acks);
    if (bench->deletes)
        append(bench, 2 + entries->elements, dels);
    return entries->elements + 1 + bench->deletes;
}

static void run(struct bench *bench)
{
    redisReply *read;

    append_read(bench);
    bench->trips++;
    read = answer(bench);
    while (bench->done < bench->count && read->type == REDIS_REPLY_ARRAY && read->elements == 1) {
        const redisReply *entries = read->element[0]->element[1];
        size_t waits = append_settled(bench, entries);

        bench->done += entries->elements;
        append_read(bench);
        bench->trips++;
        freeReplyObject(read);
        while (waits-- > 0)
            freeReplyObject(answer(bench));
        read = answer(bench);
    }
    freeReplyObject(read);
}

static void make_group(struct bench *bench)
{
    const char *argv[] = { "XGROUP", "CREATE", bench->tasks, PS_GROUP_WORKERS, "0", "MKSTREAM" };
    void *reply = NULL;

    append(bench, PS_COUNT_OF(argv), argv);
    if (redisGetReply(bench->redis, &reply) != REDIS_OK)
        abort();
    freeReplyObject(reply); /* BUSYGROUP is as good */
}

int main(int argc, char **argv)
{
    const char *url_text = getenv("REDIS_URL");
    struct bench bench = { 0 };
    struct ps_redis_url url;
    struct ps_keys *keys;
    struct ps_err err;
    int64_t count, began, took_us;

    if (argc != 3 || url_text == NULL || !ps_str_int(ps_str_of(argv[1]), 1, 10000000, &count) ||
        (strcmp(argv[2], "keep") != 0 && strcmp(argv[2], "delete") != 0)) {
        (void)fprintf(stderr, "usage: REDIS_URL=... bench_queue COUNT keep|delete\n");
        return 64;
    }
    if (!ps_redis_url_parse(url_text, &url, &err)) {
        (void)fprintf(stderr, "bench_queue: %s\n", err.what);
        return 78;
    }
    bench.redis = url.is_unix ? redisConnectUnix(url.path) : redisConnect(url.host, url.port);
    if (bench.redis == NULL || bench.redis->err != 0)
        return 69;
    keys = ps_keys_create("paperscout:");
    bench.tasks = ps_key(keys, PS_KEY_TASKS);
    bench.results = ps_key(keys, PS_KEY_RESULTS);
    bench.deletes = strcmp(argv[2], "delete") == 0;
    bench.count = (size_t)count;
    make_group(&bench);
    began = ps_clock_mono_us();
    run(&bench);
    took_us = ps_clock_mono_us() - began;
    (void)printf("{\"per_second\": %.1f, \"done\": %zu, \"trips\": %llu}\n",
                 (double)bench.done * 1000000.0 / (double)took_us, bench.done,
                 (unsigned long long)bench.trips);
    ps_keys_destroy(keys);
    ps_redis_url_clear(&url);
    redisFree(bench.redis);
    return bench.done == bench.count ? 0 : 1;
}
