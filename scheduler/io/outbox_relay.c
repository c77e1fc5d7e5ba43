/* One round of the relay, each step in the callback of the one before:
 *
 * begin_round: measure the list `notify` → look: read rows that can be bundled and messages that
 * can be pushed → bundle, then look again → or push, then mark as queued → rest
 *
 * Only one round runs at a time, so no row is bundled twice by one leader; the fence keeps a
 * former leader from bundling at all. A crash between push and mark pushes a message twice, which
 * the claim of the notifier turns into one send. When the list is long, only urgent messages are
 * bundled: other rows gather in the outbox, where they cost nothing and become fewer messages. */
#include "scheduler/io/outbox_relay.h"

#include "scheduler/core/notification.h"
#include "scheduler/io/cycle_trace.h"
#include "scheduler/io/leader_writer.h"
#include "scheduler/io/rows_json.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/email_redact.h"
#include "shared/core/webhook.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/signal_look.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 1000,
    IDLE_MS = 10 * 1000, /* with signals, and nothing to do or held back by a full list */
    ROWS_MAX = 2000,
    MESSAGES_MAX = 200,
    CHANNEL_SHARES = 10 /* of the list; message_push.lua keeps one of them free too */
};
enum { OVERSIZED_ROWS = 500, LISTED_ROWS = 100 /* of one person's matches in one look */ };
/* Statements of a look after the fence and outbox_hold, and of the bundling transaction. */
enum { UNBUNDLED = 2, UNQUEUED, NEXT };
enum { BUNDLED = 1 };

struct ps_outbox_relay {
    struct ps_leadership *leadership;
    struct ps_leader_writer *writer;
    struct ps_signal_look *look; /* a round; under way until rest */
    bool held;                   /* the list was full when last measured */
    bool high;  /* the list is long: rows stay in the outbox, so that they become fewer messages */
    char **ids; /* ids of the messages that are being pushed */
    size_t id_count, pushed;
};

static void look(struct ps_outbox_relay *relay);

static void forget_ids(struct ps_outbox_relay *relay)
{
    for (size_t i = 0; i < relay->id_count; i++)
        free(relay->ids[i]);
    free(relay->ids);
    relay->ids = NULL;
    relay->id_count = relay->pushed = 0;
}

/* Ends the round. The next round begins after ms, or at once if ps_outbox_relay_kick ran meanwhile.
 */
static void rest(struct ps_outbox_relay *relay, int64_t ms)
{
    forget_ids(relay);
    ps_signal_look_rest(relay->look, ms);
}

static void on_queued(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_outbox_relay *relay = cookie;

    (void)rows;
    rest(relay, relay->held || relay->id_count < MESSAGES_MAX ? LOOK_MS : 0);
}

static void on_pushed(void *cookie, const struct redisReply *reply)
{
    struct ps_outbox_relay *relay = cookie;
    struct ps_pg_batch *batch;
    struct ps_buf ids;
    int64_t depth;
    bool held;

    relay->pushed = (size_t)ps_redis_reply_int(reply->element[0], 0);
    depth = ps_redis_reply_int(reply->element[1], 0);
    held = relay->pushed < relay->id_count;
    if (held && !relay->held)
        PS_LOG(OUTBOX_HELD, F_INT("depth", depth),
               F_INT("max_size", relay->leadership->daemon->config->mq_max_size));
    relay->held = held;
    if (relay->pushed == 0) {
        rest(relay, LOOK_MS);
        return;
    }
    PS_LOG(OUTBOX_PUSHED, F_INT("messages", relay->pushed), F_INT("depth", depth));
    ps_buf_init(&ids, (size_t)MESSAGES_MAX * (PS_MESSAGE_ID_MAX + 4) + 4);
    for (size_t i = 0; i < relay->pushed; i++) {
        ps_buf_char(&ids, i == 0 ? '[' : ',');
        ps_buf_json_string(&ids, relay->ids[i], strlen(relay->ids[i]));
    }
    ps_buf_char(&ids, ']');
    batch = ps_leader_writer_begin(relay->writer);
    ps_sql_outbox_queued(batch, ps_buf_str(&ids));
    ps_buf_clear(&ids);
    ps_leader_writer_run(relay->writer, batch, "messages were pushed and not marked as queued",
                         on_queued);
}

static void add_message(struct ps_outbox_relay *relay, const struct ps_pg_rows *rows, int row,
                        struct ps_script_args *args)
{
    struct ps_message message = {
        .id = ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_MESSAGE_ID)),
        .kind = PS_MESSAGE_MANUAL,
        .channel = ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_CHANNEL)),
        .text = ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_MESSAGE_TEXT)),
        .thread_ts =
            ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_THREAD_TS)),
        .created_ms = ps_pg_int(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_CREATED_AT, 0),
        .trace = ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_TRACE)),
        .update_ts =
            ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_UPDATE_TS)),
        .update_channel =
            ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_UPDATE_CHANNEL)),
        .update_text =
            ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_UPDATE_TEXT)),
        .response_url =
            ps_alloc_text(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_RESPONSE_URL))
    };
    char *json;

    message.trace_context = ps_cycle_trace_message(
        relay->leadership, ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_TRACEPARENT),
        message.id);
    if (!ps_message_kind_parse(ps_pg_text(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_KIND),
                               &message.kind))
        message.kind = PS_MESSAGE_MANUAL;
    /* The reply is shown in the channel too, because it is news that a draft became a paper. */
    message.broadcast = message.kind == PS_MESSAGE_DP_TRANSITION && message.thread_ts != NULL;
    json = ps_message_format(&message);
    ps_script_args_int(args, ps_message_kind_urgent(message.kind)                           ? 1
                             : ps_pg_bool(rows, UNQUEUED, row, PS_SQL_OUTBOX_UNQUEUED_MUCH) ? 2
                                                                                            : 0);
    ps_script_args_text(args, json);
    relay->ids[relay->id_count++] = ps_alloc_text(message.id);
    free(json);
    ps_message_clear(&message);
}

/* Runs message_push with the messages in rows, or without any to measure the list. */
static void run_push(struct ps_outbox_relay *relay, const struct ps_pg_rows *rows, const char *what,
                     ps_leader_reply_fn fn)
{
    int count = rows == NULL ? 0 : ps_pg_row_count(rows, UNQUEUED);
    struct ps_script_args args;

    ps_leader_writer_args(relay->writer, &args);
    ps_script_args_int(&args, relay->leadership->daemon->config->mq_max_size);
    forget_ids(relay);
    relay->ids = ps_alloc_array(NULL, (size_t)count + 1, sizeof(*relay->ids));
    for (int i = 0; i < count; i++)
        add_message(relay, rows, i, &args);
    ps_leader_writer_script(
        relay->writer,
        &(struct ps_leader_script){
            .script = PS_SCRIPT_MESSAGE_PUSH, .keys = { PS_KEY_NOTIFY }, .what = what, .fn = fn },
        &args);
}

static enum ps_message_kind kind_of(const struct ps_pg_rows *rows, int row)
{
    enum ps_message_kind kind;

    return ps_message_kind_parse(ps_pg_text(rows, UNBUNDLED, row, PS_SQL_OUTBOX_UNBUNDLED_KIND),
                                 &kind)
               ? kind
               : PS_MESSAGE_MANUAL;
}

static bool to_webhook(const struct ps_pg_rows *rows, int row)
{
    return strncmp(ps_pg_text(rows, UNBUNDLED, row, PS_SQL_OUTBOX_UNBUNDLED_CHANNEL),
                   PS_WEBHOOK_CHANNEL, sizeof(PS_WEBHOOK_CHANNEL) - 1) == 0;
}

/* Whether two rows may share a message: the same channel or person, and the same kind. For a
 * channel all finds of a poll count as one kind. A webhook gets one kind in each message, because a
 * program reads it. */
static bool same_recipient(const struct ps_pg_rows *rows, int a, int b)
{
    static const int columns[] = { PS_SQL_OUTBOX_UNBUNDLED_CHANNEL,
                                   PS_SQL_OUTBOX_UNBUNDLED_SLACK_TS };
    enum ps_message_kind kind = kind_of(rows, a), other_kind = kind_of(rows, b);

    if (kind != other_kind && (to_webhook(rows, a) || !ps_message_kind_is_find(kind) ||
                               !ps_message_kind_is_find(other_kind)))
        return false;
    for (size_t i = 0; i < PS_COUNT_OF(columns); i++) {
        const char *one = ps_pg_text(rows, UNBUNDLED, a, columns[i]);
        const char *other = ps_pg_text(rows, UNBUNDLED, b, columns[i]);

        if (strcmp(one != NULL ? one : "", other != NULL ? other : "") != 0)
            return false;
    }
    return true;
}

/* Adds the place of the message to its first row: below the announcement of its draft, or inside
 * that announcement if both texts fit into one message. */
static void add_place(const struct ps_pg_rows *rows, int first, const struct ps_messages *messages,
                      struct ps_rows_json *json)
{
    const char *ts = ps_pg_text(rows, UNBUNDLED, first, PS_SQL_OUTBOX_UNBUNDLED_SLACK_TS);
    const char *before = ps_pg_text(rows, UNBUNDLED, first, PS_SQL_OUTBOX_UNBUNDLED_MESSAGE_TEXT);
    char *text, *redacted;
    bool clean;

    if (ts == NULL)
        return;
    ps_row_text(json, "thread_ts", ts);
    if (before == NULL || messages->len != 1)
        return;
    /* An announcement from a version before 0.2 may contain an e-mail address, which must not be
     * sent again. */
    redacted = ps_email_redact(before);
    clean = strcmp(redacted, before) == 0;
    free(redacted);
    if (!clean)
        return;
    text = ps_alloc_format("%s\n%s", before, messages->texts[0]);
    if (strlen(text) <= PS_POST_BYTES_MAX) {
        ps_row_text(json, "update_ts", ts);
        ps_row_text(json, "update_channel",
                    ps_pg_text(rows, UNBUNDLED, first, PS_SQL_OUTBOX_UNBUNDLED_SLACK_CHANNEL));
        ps_row_text(json, "update_text", text);
        ps_row_raw(json, "updates",
                   ps_pg_text(rows, UNBUNDLED, first, PS_SQL_OUTBOX_UNBUNDLED_ANNOUNCEMENT));
    }
    free(text);
}

/* Makes the messages of count rows: one for each kind; the kinds of one poll's finds share a
 * message. */
static void compose(const struct ps_pg_rows *rows, int first, int count,
                    struct ps_messages *out_messages)
{
    const char **data = ps_alloc_array(NULL, (size_t)count, sizeof(*data));
    const char **keys = ps_alloc_array(NULL, (size_t)count, sizeof(*keys));
    struct ps_messages all = { 0 };

    for (int i = 0; i < count; i++) {
        data[i] = ps_pg_text(rows, UNBUNDLED, first + i, PS_SQL_OUTBOX_UNBUNDLED_DATA);
        keys[i] = ps_pg_text(rows, UNBUNDLED, first + i, PS_SQL_OUTBOX_UNBUNDLED_DEDUPE_KEY);
    }
    for (int from = 0, to; from < count; from = to) {
        enum ps_message_kind kind = kind_of(rows, first + from);
        struct ps_messages part;

        for (to = from + 1; to < count && kind_of(rows, first + to) == kind; to++)
            ;
        ps_notification_messages(kind,
                                 &(struct ps_notification_rows){ data + from, keys + from,
                                                                 (size_t)(to - from),
                                                                 ps_clock_wall_ms() },
                                 &part);
        ps_messages_append(&all, &part, (size_t)from, (size_t)(to - from));
    }
    free(data);
    free(keys);
    *out_messages = all;
}

/* Rows from first on, of one recipient, to messages. */
static void bundle_group(const struct ps_pg_rows *rows, int first, int count,
                         struct ps_rows_json *json)
{
    struct ps_messages messages;
    const char **heads;
    char *more;
    int listed;

    /* A person who watches an author of 30,000 papers gets a few messages, not hours of messages.
     */
    listed = kind_of(rows, first) == PS_MESSAGE_WATCHLIST && count > OVERSIZED_ROWS ? LISTED_ROWS
                                                                                    : count;
    compose(rows, first, listed, &messages);
    more = listed < count ? ps_notification_overflow((size_t)(count - listed)) : NULL;
    heads = ps_alloc_zero(messages.len + 1, sizeof(*heads));
    for (int i = 0; i < count; i++) {
        const char *id = ps_pg_text(rows, UNBUNDLED, first + i, PS_SQL_OUTBOX_UNBUNDLED_ID);
        size_t message = i < listed ? messages.row_message[i] : messages.len;
        const char *text = i < listed ? messages.texts[message] : more;
        bool head = heads[message] == NULL;
        char *message_id;

        if (head)
            heads[message] = id;
        message_id = ps_alloc_format("o%s", heads[message]);
        ps_row_open(json);
        ps_row_raw(json, "id", id);
        ps_row_text(json, "message_id", message_id);
        ps_row_text(json, "text", head ? text : NULL);
        if (head && i < listed)
            add_place(rows, first, &messages, json);
        ps_row_close(json);
        free(message_id);
    }
    ps_messages_clear(&messages);
    free(more);
    free(heads);
}

static void on_bundled(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_outbox_relay *relay = cookie;

    /* Several rows can be one message. From here to the channel, the message's id identifies it. */
    for (int i = 0; i < ps_pg_row_count(rows, BUNDLED); i++)
        PS_LOG(OUTBOX_MESSAGE,
               F_TEXT("trace", ps_pg_text(rows, BUNDLED, i, PS_SQL_OUTBOX_BUNDLE_TRACE)),
               F_TEXT("id", ps_pg_text(rows, BUNDLED, i, PS_SQL_OUTBOX_BUNDLE_MESSAGE_ID)),
               F_TEXT("kind", ps_pg_text(rows, BUNDLED, i, PS_SQL_OUTBOX_BUNDLE_KIND)));
    ps_cycle_trace_bundled(relay->leadership, rows, BUNDLED);
    look(relay);
}

static void bundle(struct ps_outbox_relay *relay, const struct ps_pg_rows *rows)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin(relay->writer);
    int count = ps_pg_row_count(rows, UNBUNDLED);
    struct ps_rows_json json;

    ps_rows_open(&json);
    for (int first = 0, next; first < count; first = next) {
        for (next = first + 1; next < count && same_recipient(rows, first, next); next++)
            ;
        if (next == count && count == ROWS_MAX && first > 0)
            break; /* this group may be incomplete; the next look reads it whole */
        bundle_group(rows, first, next - first, &json);
    }
    ps_sql_outbox_bundle(batch, ps_rows_close(&json));
    ps_rows_clear(&json);
    ps_leader_writer_run(relay->writer, batch, "messages were not bundled", on_bundled);
}

/* How long there is nothing to do, unless a signal comes: until the next row is due that a snooze
 * or a digest holds back. */
static int64_t idle_ms(const struct ps_outbox_relay *relay, const struct ps_pg_rows *rows)
{
    int64_t due_ms = ps_pg_int(rows, NEXT, 0, PS_SQL_OUTBOX_NEXT_DUE_MS, IDLE_MS);
    int64_t pause_ms = ps_signals_period(relay->leadership->daemon->signals, LOOK_MS, IDLE_MS);

    if (relay->high || ps_pg_row_count(rows, UNQUEUED) > 0)
        return LOOK_MS;
    return due_ms < 0 ? 0 : due_ms < pause_ms ? due_ms : pause_ms;
}

static void on_looked(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_outbox_relay *relay = cookie;

    if (ps_pg_row_count(rows, UNBUNDLED) > 0)
        bundle(relay, rows);
    else if (ps_pg_row_count(rows, UNQUEUED) > 0 && ps_redis_up(relay->leadership->daemon->redis))
        run_push(relay, rows, "messages were not pushed", on_pushed);
    else
        rest(relay, idle_ms(relay, rows));
}

static void look(struct ps_outbox_relay *relay)
{
    const struct ps_config *config = relay->leadership->daemon->config;
    struct ps_pg_batch *batch = ps_leader_writer_begin(relay->writer);

    ps_sql_outbox_hold(batch, ROWS_MAX);
    ps_sql_outbox_unbundled(batch, ROWS_MAX, relay->high ? "urgent" : "all",
                            config->dp_transition_style);
    ps_sql_outbox_unqueued(batch, MESSAGES_MAX, config->mq_max_size / CHANNEL_SHARES);
    ps_sql_outbox_next(batch);
    ps_leader_writer_run(relay->writer, batch, "the outbox was not read", on_looked);
}

/* Like the notifier's warning: from above the threshold until the list is below 70 % of it. */
static void on_measured(void *cookie, const struct redisReply *reply)
{
    struct ps_outbox_relay *relay = cookie;
    int64_t threshold = relay->leadership->daemon->config->mq_backpressure_threshold;
    int64_t depth = ps_redis_reply_int(reply->element[1], 0);

    if (!relay->high && depth > threshold) {
        relay->high = true;
        PS_LOG(OUTBOX_GATHER, F_INT("depth", depth), F_INT("threshold", threshold));
    } else if (relay->high && depth * 10 < threshold * 7) {
        relay->high = false;
    }
    look(relay);
}

/* A round: measure the list, look into the outbox, then bundle and look again, or push and mark as
 * queued. While Redis is away rows are still bundled, so that their messages are ready. */
static void begin_round(void *cookie)
{
    struct ps_outbox_relay *relay = cookie;
    const struct ps_daemon *daemon = relay->leadership->daemon;

    if (!ps_leader_writer_leads(relay->writer) || !ps_pg_up(daemon->pg))
        ps_signal_look_put_off(relay->look, LOOK_MS);
    else if (!ps_redis_up(daemon->redis))
        look(relay);
    else
        run_push(relay, NULL, "the list was not measured", on_measured);
}

/* The writer takes the first step of the round. After a failure it does so again by itself, after a
 * pause, or sooner after a signal. */
static void on_failed(void *cookie, const struct ps_err *err)
{
    struct ps_outbox_relay *relay = cookie;

    (void)err;
    ps_signal_look_rest(relay->look, PS_SIGNAL_LOOK_NEVER);
}

static void on_look(void *cookie)
{
    struct ps_outbox_relay *relay = cookie;

    ps_leader_writer_wait(relay->writer, 0);
}

struct ps_outbox_relay *ps_outbox_relay_create(struct ps_leadership *leadership)
{
    struct ps_outbox_relay *relay = ps_alloc_zero(1, sizeof(*relay));

    relay->leadership = leadership;
    relay->writer =
        ps_leader_writer_create(&(struct ps_leader_writer_options){ .leadership = leadership,
                                                                    .cookie = relay,
                                                                    .event = PS_EVENT_OUTBOX_ERROR,
                                                                    .retry_ms = LOOK_MS,
                                                                    .step = begin_round,
                                                                    .on_failed = on_failed,
                                                                    .report_once = true });
    relay->look = ps_signal_look_create(
        &(struct ps_signal_look_options){ .loop = leadership->daemon->loop,
                                          .signals = leadership->daemon->signals,
                                          .signal = PS_SIGNAL_OUTBOX,
                                          .fn = on_look,
                                          .cookie = relay });
    return relay;
}

void ps_outbox_relay_destroy(struct ps_outbox_relay *relay)
{
    if (relay == NULL)
        return;
    ps_leader_writer_destroy(relay->writer);
    ps_signal_look_destroy(relay->look);
    forget_ids(relay);
    free(relay);
}

void ps_outbox_relay_start(struct ps_outbox_relay *relay)
{
    (void)ps_leader_writer_start(relay->writer); /* always starts: it changes no mirror */
    ps_signal_look_rest(relay->look, 0);
}

void ps_outbox_relay_stop(struct ps_outbox_relay *relay)
{
    ps_signal_look_stop(relay->look);
    ps_leader_writer_stop(relay->writer);
}

void ps_outbox_relay_kick(struct ps_outbox_relay *relay)
{
    ps_signal_look_want(relay->look);
}
