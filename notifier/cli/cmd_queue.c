#include "notifier/cli/commands.h"
#include "notifier/core/channel_table.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"
#include "shared/io/cli_session.h"
#include "shared/io/print.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500 };

struct work {
    struct ps_cli_session *sync;
    struct ps_err err;
    bool failed;
    struct ps_channel_table *table;
    int64_t now_ms; /* Redis' clock */
    int64_t length, inflight, dead;
};

/* NULL once anything failed. */
static const struct redisReply *ask(struct work *work, const char *const *args, size_t count)
{
    const struct redisReply *reply =
        work->failed ? NULL : ps_cli_session_redis(work->sync, args, count, &work->err);

    work->failed = reply == NULL;
    return reply;
}

#define ASK(work, ...)                                                                             \
    ask(work, (const char *const[]){ __VA_ARGS__ },                                                \
        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* Pages, so that a long list stops nobody. */
static int64_t read_list(struct work *work, const char *key)
{
    const struct redisReply *reply;
    int64_t count = 0;
    char first[24], last[24];

    do {
        (void)snprintf(first, sizeof(first), "%" PRId64, count);
        (void)snprintf(last, sizeof(last), "%" PRId64, count + PAGE - 1);
        reply = ASK(work, "LRANGE", key, first, last);
        for (size_t i = 0; reply != NULL && i < reply->elements; i++) {
            size_t len = 0;
            const char *text = ps_redis_reply_text(reply->element[i], &len);

            ps_channel_table_message(work->table, text, len);
        }
        count += reply != NULL ? (int64_t)reply->elements : 0;
    } while (reply != NULL && reply->elements == PAGE);
    return count;
}

static void read_inflight(struct work *work)
{
    const struct ps_keys *keys = ps_cli_session_keys(work->sync);
    const struct redisReply *reply = ASK(work, "SMEMBERS", ps_key(keys, PS_KEY_NOTIFY_HOLDERS));
    size_t count = reply != NULL ? reply->elements : 0;
    char **names = ps_alloc_zero(count + 1, sizeof(*names));

    for (size_t i = 0; i < count; i++)
        names[i] =
            ps_key_with(keys, PS_KEY_NOTIFY_INFLIGHT, ps_redis_reply_text(reply->element[i], NULL));
    for (size_t i = 0; i < count; i++) {
        work->inflight += read_list(work, names[i]);
        free(names[i]);
    }
    free(names);
}

static void read_channel(struct work *work, const char *channel)
{
    char *key = ps_key_with(ps_cli_session_keys(work->sync), PS_KEY_CHANNEL, channel);
    const struct redisReply *reply = ASK(work, "HMGET", key, "holder", "held_ms");
    const char *holder = reply != NULL ? ps_redis_reply_text(reply->element[0], NULL) : NULL;
    int64_t held_ms = reply != NULL ? ps_redis_reply_int(reply->element[1], 0) : 0;

    if (reply != NULL)
        ps_channel_table_state(work->table, channel, holder, held_ms - work->now_ms);
    free(key);
}

static void read_all(struct work *work)
{
    const struct ps_keys *keys = ps_cli_session_keys(work->sync);
    const struct redisReply *reply = ASK(work, "TIME");
    cJSON *channels;
    const cJSON *channel;

    if (reply != NULL)
        work->now_ms = ps_redis_reply_int(reply->element[0], 0) * 1000;
    work->length = read_list(work, ps_key(keys, PS_KEY_NOTIFY));
    read_inflight(work);
    channels = ps_channel_table_json(work->table); /* those for which something waits */
    cJSON_ArrayForEach (channel, channels)
        read_channel(work, ps_json_text(channel, "channel"));
    cJSON_Delete(channels);
    reply = ASK(work, "LLEN", ps_key(keys, PS_KEY_NOTIFY_DEAD));
    work->dead = ps_redis_reply_int(reply, 0);
}

static void print_json(struct work *work)
{
    cJSON *json = cJSON_CreateObject();
    int64_t oldest_ms = ps_channel_table_oldest_ms(work->table);

    ps_json_add_int(json, "length", work->length);
    ps_json_add_int(json, "in_flight", work->inflight);
    ps_json_add_int(json, "dead", work->dead);
    ps_json_add_time(json, "oldest", oldest_ms);
    cJSON_AddItemToObject(json, "channels", ps_channel_table_json(work->table));
    ps_print_json(stdout, json);
}

static void print_text(struct work *work)
{
    cJSON *channels = ps_channel_table_json(work->table), *channel;
    int64_t oldest_ms = ps_channel_table_oldest_ms(work->table);
    char age[PS_UTC_TIME_TEXT] = "-", hold[PS_UTC_TIME_TEXT];

    if (oldest_ms > 0)
        ps_utc_time_format_span((work->now_ms - oldest_ms) / 1000, age);
    ps_print(stdout,
             "queued     %" PRId64 "\nin flight  %" PRId64 "\ndead       %" PRId64
             "\noldest     %s\n",
             work->length, work->inflight, work->dead, age);
    if (channels->child != NULL)
        ps_print(stdout, "\n%-24s %8s %-12s %s\n", "CHANNEL", "MESSAGES", "ON HOLD", "HOLDER");
    cJSON_ArrayForEach (channel, channels) {
        const char *holder = ps_json_text(channel, "holder");
        int64_t messages = 0, held_ms = 0;
        char *name;

        if (!ps_json_int(channel, "messages", 0, INT64_MAX, &messages) ||
            !ps_json_int(channel, "hold_ms", 0, INT64_MAX, &held_ms))
            continue; /* cannot be */
        ps_utc_time_format_span((held_ms + 999) / 1000, hold);
        name = ps_cmd_plain(ps_json_text(channel, "channel"));
        ps_print(stdout, "%-24s %8" PRId64 " %-12s %s\n", name, messages, held_ms > 0 ? hold : "-",
                 holder != NULL ? holder : "-");
        free(name);
    }
    cJSON_Delete(channels);
}

int ps_cmd_queue(int argc, char **argv, void *env)
{
    struct work work = { .failed = false };
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    int status = PS_EXIT_OK;

    if (argc > 2 || (argc == 2 && !json))
        return ps_cmd_usage(PS_COMMAND_QUEUE);
    work.sync = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env,
                                      PS_CLI_SESSION_REDIS, PS_NOTIFIER_WAIT_MS, &status);
    if (work.sync == NULL)
        return status;
    work.table = ps_channel_table_create();
    read_all(&work);
    if (work.failed) {
        ps_print(stderr, "paperscout-notifier: %s\n", work.err.what);
        status = PS_EXIT_FAILED;
    } else if (json) {
        print_json(&work);
    } else {
        print_text(&work);
    }
    ps_channel_table_destroy(work.table);
    ps_cli_session_destroy(work.sync);
    return status;
}
