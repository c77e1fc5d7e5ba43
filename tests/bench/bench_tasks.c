/* bench_tasks URL COUNT CYCLE RUNS: publishes COUNT probe tasks below URL as the scheduler does, at
 * REDIS_URL, in cycle CYCLE, CYCLE + 1, …; one JSON line with the milliseconds of each. */
#include "shared/core/alloc.h"
#include "shared/core/keys.h"
#include "shared/core/utc_time.h"
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"
#include "shared/io/env.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BATCH = 250,    /* tasks a script call, as the scheduler's */
    TASK_ARGS = 9,  /* of task_publish, each task */
    HEAD_ARGS = 3,  /* and before the first */
    NUMBERS = 9000, /* paper numbers from 1000 on, then the next revision */
    WAIT_MS = 5000,
    CYCLE_MS = 3600000
};

struct feed {
    struct ps_cli_session *sync;
    const char *keys[3];
    const char *base;
    size_t count;
    int64_t cycle;
};

/* The texts of one script call, freed together. */
struct args {
    struct ps_str items[HEAD_ARGS + BATCH * TASK_ARGS];
    size_t len;
};

static void push(struct args *args, char *text)
{
    args->items[args->len++] = ps_str_of(text);
}

static void push_int(struct args *args, int64_t value)
{
    push(args, ps_alloc_format("%" PRId64, value));
}

static void args_clear(struct args *args)
{
    for (size_t i = 0; i < args->len; i++)
        free((void *)(uintptr_t)args->items[i].data);
    args->len = 0;
}

static bool run(const struct feed *feed, enum ps_script script, size_t key_count, struct args *args)
{
    struct ps_err err;
    bool ok = ps_cli_session_script(feed->sync, script, feed->keys, key_count, args->items,
                                    args->len, &err) != NULL;

    if (!ok)
        (void)fprintf(stderr, "bench_tasks: %s\n", err.what);
    args_clear(args);
    return ok;
}

static bool open_cycle(const struct feed *feed, struct args *args)
{
    char started[PS_UTC_TIME_TEXT], deadline[PS_UTC_TIME_TEXT];
    int64_t now = ps_clock_wall_ms();

    ps_utc_time_format_time(now, started);
    ps_utc_time_format_time(now + CYCLE_MS, deadline);
    push_int(args, 1); /* the epoch */
    push_int(args, feed->cycle);
    push_int(args, (int64_t)feed->count);
    push(args, ps_alloc_text(started));
    push(args, ps_alloc_text(deadline));
    push(args, ps_alloc_text(PS_GROUP_WORKERS));
    return run(feed, PS_SCRIPT_CYCLE_OPEN, 3, args);
}

static void push_task(const struct feed *feed, size_t position, struct args *args)
{
    size_t number = 1000 + position % NUMBERS, revision = position / NUMBERS;

    push_int(args, (int64_t)position);
    push(args, ps_alloc_format("%" PRId64 ":D%zuR%zu.pdf", feed->cycle, number, revision));
    push(args, ps_alloc_format("%sD%zuR%zu.pdf", feed->base, number, revision));
    push(args, ps_alloc_text("frontier"));
    push(args, ps_alloc_text("D"));
    push_int(args, (int64_t)number);
    push_int(args, (int64_t)revision);
    push(args, ps_alloc_text(".pdf"));
    push(args, ps_alloc_text("")); /* traceparent: nothing is traced */
}

static bool publish(const struct feed *feed)
{
    static struct args args;
    size_t at = 0, end;

    if (!open_cycle(feed, &args))
        return false;
    while (at < feed->count) {
        end = at + BATCH < feed->count ? at + BATCH : feed->count;
        push_int(&args, 1);
        push_int(&args, feed->cycle);
        push_int(&args, (int64_t)end);
        while (at < end)
            push_task(feed, at++, &args);
        if (!run(feed, PS_SCRIPT_TASK_PUBLISH, 3, &args))
            return false;
    }
    return true;
}

static bool publish_all(struct feed *feed, int64_t runs)
{
    (void)printf("{\"publish_ms\": [");
    for (int64_t i = 0; i < runs; i++) {
        int64_t began = ps_clock_mono_us();

        if (!publish(feed))
            return false;
        (void)printf("%s%.3f", i == 0 ? "" : ", ", (double)(ps_clock_mono_us() - began) / 1000.0);
        feed->cycle++;
    }
    (void)printf("]}\n");
    return true;
}

int main(int argc, char **argv)
{
    struct feed feed = { 0 };
    int64_t count, runs;
    struct ps_env *env;
    struct ps_err err;
    int status = 1;
    bool ok;

    if (argc != 5 || !ps_str_int(ps_str_of(argv[2]), 1, 1000000, &count) ||
        !ps_str_int(ps_str_of(argv[3]), 1, 1000000, &feed.cycle) ||
        !ps_str_int(ps_str_of(argv[4]), 1, 1000, &runs)) {
        (void)fprintf(stderr, "usage: bench_tasks URL COUNT CYCLE RUNS\n");
        return 64;
    }
    env = ps_env_create(&err);
    if (env == NULL) {
        (void)fprintf(stderr, "bench_tasks: %s\n", err.what);
        return 78;
    }
    feed.base = argv[1];
    feed.count = (size_t)count;
    feed.sync = ps_cli_session_create("bench_tasks", PS_COMPONENT_SCHEDULER, env,
                                      PS_CLI_SESSION_REDIS, WAIT_MS, &status);
    if (feed.sync == NULL) {
        ps_env_destroy(env);
        return status;
    }
    feed.keys[0] = ps_key(ps_cli_session_keys(feed.sync), PS_KEY_EPOCH);
    feed.keys[1] = ps_key(ps_cli_session_keys(feed.sync), PS_KEY_CYCLE);
    feed.keys[2] = ps_key(ps_cli_session_keys(feed.sync), PS_KEY_TASKS);
    ok = publish_all(&feed, runs);
    ps_cli_session_destroy(feed.sync);
    ps_env_destroy(env);
    return ok ? 0 : 1;
}
