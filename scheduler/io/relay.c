#include "scheduler/io/relay.h"

#include "scheduler/core/compose.h"
#include "scheduler/io/rows_json.h"
#include "scheduler/io/script_args.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/io/log.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 1000, ROWS_MAX = 2000, MESSAGES_MAX = 200 };
/* Statements of a look, and columns of what they answer (store.h). */
enum { UNBUNDLED = 1, UNQUEUED };
enum { ROW_ID, ROW_KEY, ROW_KIND, ROW_CHANNEL, ROW_DATA };
enum { MSG_ID, MSG_KIND, MSG_CHANNEL, MSG_TEXT, MSG_THREAD, MSG_CREATED, MSG_TRACE };

struct ps_relay {
    struct ps_office *office;
    struct ps_timer *timer;
    bool started;
    bool busy;
    bool kicked; /* while busy */
    bool held;   /* the list was full when last looked */
    bool silent; /* a failure was told, and nothing worked since */
    int64_t op_epoch;
    char **ids; /* of the messages that are being pushed */
    size_t id_count, pushed;
};

static void look(struct ps_relay *relay);

static void forget_ids(struct ps_relay *relay)
{
    for (size_t i = 0; i < relay->id_count; i++)
        free(relay->ids[i]);
    free(relay->ids);
    relay->ids = NULL;
    relay->id_count = relay->pushed = 0;
}

static void rest(struct ps_relay *relay, int64_t ms)
{
    relay->busy = false;
    forget_ids(relay);
    if (relay->started)
        ps_timer_set(relay->timer, relay->kicked ? 0 : ms);
    relay->kicked = false;
}

/* Is the answer for the lead as it is now? Where err is set the round is over, and false. */
static bool mine(struct ps_relay *relay, const char *what, const struct ps_err *err)
{
    if (!relay->started || !ps_office_leads(relay->office, relay->op_epoch)) {
        rest(relay, 0);
        return false;
    }
    if (err == NULL) {
        relay->silent = false;
        return true;
    }
    if (!relay->silent)
        ps_office_failed(relay->office, PS_EVENT_OUTBOX_ERROR, what, err);
    relay->silent = true;
    rest(relay, LOOK_MS);
    return false;
}

static void run(struct ps_relay *relay, struct ps_pg_batch *batch, ps_pg_fn fn)
{
    ps_pg_run(relay->office->daemon->pg, batch, fn, relay);
}

static void on_queued(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_relay *relay = cookie;

    (void)rows;
    if (mine(relay, "messages were pushed and not marked as queued", err))
        rest(relay, relay->held || relay->id_count < MESSAGES_MAX ? LOOK_MS : 0);
}

static void on_pushed(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_relay *relay = cookie;
    struct ps_pg_batch *batch;
    struct ps_buf ids;
    int64_t depth;
    bool held;

    if (!mine(relay, "messages were not pushed", err))
        return;
    relay->pushed = (size_t)ps_reply_int(reply->element[0], 0);
    depth = ps_reply_int(reply->element[1], 0);
    held = relay->pushed < relay->id_count;
    if (held && !relay->held)
        PS_LOG(OUTBOX_HELD, F_INT("depth", depth),
               F_INT("max_size", relay->office->daemon->config->mq_max_size));
    relay->held = held;
    if (relay->pushed == 0) {
        rest(relay, LOOK_MS);
        return;
    }
    PS_LOG(OUTBOX_PUSHED, F_INT("messages", relay->pushed), F_INT("depth", depth));
    ps_buf_init(&ids, (size_t)MESSAGES_MAX * (PS_NOTICE_ID_MAX + 4) + 4);
    for (size_t i = 0; i < relay->pushed; i++) {
        ps_buf_char(&ids, i == 0 ? '[' : ',');
        ps_buf_json_string(&ids, relay->ids[i], strlen(relay->ids[i]));
    }
    ps_buf_char(&ids, ']');
    batch = ps_store_begin(relay->op_epoch);
    ps_store_add_queued(batch, ps_buf_str(&ids));
    ps_buf_clear(&ids);
    run(relay, batch, on_queued);
}

static void add_message(struct ps_relay *relay, const struct ps_pg_rows *rows, int row,
                        struct ps_script_args *args)
{
    struct ps_notice notice = {
        .id = ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, MSG_ID)),
        .kind = PS_NOTICE_MANUAL,
        .channel = ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, MSG_CHANNEL)),
        .text = ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, MSG_TEXT)),
        .thread_ts = ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, MSG_THREAD)),
        .created_ms = ps_pg_int(rows, UNQUEUED, row, MSG_CREATED, 0),
        .trace = ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, MSG_TRACE))
    };
    char *json;

    if (!ps_notice_kind_parse(ps_pg_text(rows, UNQUEUED, row, MSG_KIND), &notice.kind))
        notice.kind = PS_NOTICE_MANUAL;
    json = ps_notice_format(&notice);
    ps_script_args_int(args, ps_notice_kind_urgent(notice.kind) ? 1 : 0);
    ps_script_args_text(args, json);
    relay->ids[relay->id_count++] = ps_alloc_text(notice.id);
    free(json);
    ps_notice_clear(&notice);
}

static void push(struct ps_relay *relay, const struct ps_pg_rows *rows)
{
    const struct ps_daemon *daemon = relay->office->daemon;
    const char *keys[2] = { ps_key(daemon->keys, PS_KEY_EPOCH),
                            ps_key(daemon->keys, PS_KEY_NOTIFY) };
    int count = ps_pg_row_count(rows, UNQUEUED);
    struct ps_script_args args;

    ps_script_args_init(&args);
    ps_script_args_int(&args, relay->op_epoch);
    ps_script_args_int(&args, daemon->config->mq_max_size);
    relay->ids = ps_alloc_array(NULL, (size_t)count, sizeof(*relay->ids));
    for (int i = 0; i < count; i++)
        add_message(relay, rows, i, &args);
    ps_script_run(daemon->redis, PS_SCRIPT_NOTICE_PUSH, keys, 2, args.items, args.len, on_pushed,
                  relay);
    ps_script_args_clear(&args);
}

static bool same_recipient(const struct ps_pg_rows *rows, int a, int b)
{
    return strcmp(ps_pg_text(rows, UNBUNDLED, a, ROW_CHANNEL),
                  ps_pg_text(rows, UNBUNDLED, b, ROW_CHANNEL)) == 0 &&
           strcmp(ps_pg_text(rows, UNBUNDLED, a, ROW_KIND),
                  ps_pg_text(rows, UNBUNDLED, b, ROW_KIND)) == 0;
}

/* Rows from first on, of one recipient and kind, to messages. */
static void bundle_group(const struct ps_pg_rows *rows, int first, int count,
                         struct ps_rows_json *json)
{
    const char **data = ps_alloc_array(NULL, (size_t)count, sizeof(*data));
    const char **keys = ps_alloc_array(NULL, (size_t)count, sizeof(*keys));
    enum ps_notice_kind kind = PS_NOTICE_MANUAL;
    struct ps_messages messages;
    const char **heads;

    for (int i = 0; i < count; i++) {
        data[i] = ps_pg_text(rows, UNBUNDLED, first + i, ROW_DATA);
        keys[i] = ps_pg_text(rows, UNBUNDLED, first + i, ROW_KEY);
    }
    if (!ps_notice_kind_parse(ps_pg_text(rows, UNBUNDLED, first, ROW_KIND), &kind))
        kind = PS_NOTICE_MANUAL;
    ps_compose_messages(kind, data, keys, (size_t)count, &messages);
    heads = ps_alloc_zero(messages.len, sizeof(*heads));
    for (int i = 0; i < count; i++) {
        const char *id = ps_pg_text(rows, UNBUNDLED, first + i, ROW_ID);
        size_t message = messages.row_message[i];
        bool head = heads[message] == NULL;
        char *message_id;

        if (head)
            heads[message] = id;
        message_id = ps_alloc_format("o%s", heads[message]);
        ps_row_open(json);
        ps_row_raw(json, "id", id);
        ps_row_text(json, "message_id", message_id);
        ps_row_text(json, "text", head ? messages.texts[message] : NULL);
        ps_row_close(json);
        free(message_id);
    }
    ps_messages_clear(&messages);
    free(heads);
    free(data);
    free(keys);
}

static void on_bundled(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_relay *relay = cookie;

    (void)rows;
    if (mine(relay, "messages were not bundled", err))
        look(relay);
}

static void bundle(struct ps_relay *relay, const struct ps_pg_rows *rows)
{
    struct ps_pg_batch *batch = ps_store_begin(relay->op_epoch);
    int count = ps_pg_row_count(rows, UNBUNDLED);
    struct ps_rows_json json;

    ps_rows_open(&json);
    for (int first = 0, next; first < count; first = next) {
        for (next = first + 1; next < count && same_recipient(rows, first, next); next++)
            ;
        if (next == count && count == ROWS_MAX && first > 0)
            break; /* this group may go on: it comes whole with the next look */
        bundle_group(rows, first, next - first, &json);
    }
    ps_store_add_bundle(batch, ps_rows_close(&json));
    ps_rows_clear(&json);
    run(relay, batch, on_bundled);
}

static void on_looked(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_relay *relay = cookie;

    if (!mine(relay, "the outbox was not read", err))
        return;
    if (ps_pg_row_count(rows, UNBUNDLED) > 0)
        bundle(relay, rows);
    else if (ps_pg_row_count(rows, UNQUEUED) > 0 && ps_redis_up(relay->office->daemon->redis))
        push(relay, rows);
    else
        rest(relay, LOOK_MS);
}

static void look(struct ps_relay *relay)
{
    struct ps_pg_batch *batch = ps_store_begin(relay->op_epoch);

    ps_store_add_unbundled(batch, ROWS_MAX);
    ps_store_add_unqueued(batch, MESSAGES_MAX);
    run(relay, batch, on_looked);
}

static void on_timer(void *cookie)
{
    struct ps_relay *relay = cookie;

    if (relay->busy || !relay->started)
        return;
    if (!ps_office_leads(relay->office, relay->office->epoch) ||
        !ps_pg_up(relay->office->daemon->pg)) {
        ps_timer_set(relay->timer, LOOK_MS);
        return;
    }
    relay->busy = true;
    relay->op_epoch = relay->office->epoch;
    look(relay);
}

struct ps_relay *ps_relay_create(struct ps_office *office)
{
    struct ps_relay *relay = ps_alloc_zero(1, sizeof(*relay));

    relay->office = office;
    relay->timer = ps_timer_create(office->daemon->loop, on_timer, relay);
    return relay;
}

void ps_relay_destroy(struct ps_relay *relay)
{
    if (relay == NULL)
        return;
    ps_timer_destroy(relay->timer);
    forget_ids(relay);
    free(relay);
}

void ps_relay_start(struct ps_relay *relay)
{
    relay->started = true;
    ps_timer_set(relay->timer, 0);
}

void ps_relay_stop(struct ps_relay *relay)
{
    relay->started = false;
    ps_timer_cancel(relay->timer);
}

void ps_relay_kick(struct ps_relay *relay)
{
    if (!relay->started)
        return;
    if (relay->busy)
        relay->kicked = true;
    else
        ps_timer_set(relay->timer, 0);
}
