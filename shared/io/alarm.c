#include "shared/io/alarm.h"

#include "embedded/shared_sql.h"
#include "shared/core/alloc.h"
#include "shared/core/mrkdwn.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "shared/io/redis_script.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads as the life of an alarm: the texts, the routes, the record in Redis or in memory while
 * PostgreSQL takes no writes, its move to PostgreSQL, the record there, and the loop that asks
 * core/alarm.c for the next action of each incident. */

enum {
    LOOK_MS = 1000,            /* between two looks at each incident */
    MOVE_AFTER_MS = 10 * 1000, /* see may_move */
    LOST_MS = 5 * 1000,   /* a claim that PostgreSQL perhaps stored waits so long for PostgreSQL */
    NUMBER_TEXT = 24,     /* bytes of a number of 64 bits and its NUL */
    ANY_EPOCH = INT32_MAX /* an alarm is no decision of a leader: no fence refuses it */
};

/* Statements of a claim or an end in PostgreSQL. */
enum { RECORD };

/* The alerts of this program about an incident while PostgreSQL took no writes. */
struct local_record {
    int64_t notified_ms, seen_ms; /* monotonic; 0: never */
    int64_t raised_ms;            /* wall clock; of the first alert */
    int64_t times;                /* alerts of this program; 0: another program sent them */
    /* Names a claim, in either store, whose answer was lost; 0: there is none. It is repeated under
     * this name until it is answered: perhaps it was stored. */
    int64_t claim;
    enum ps_alarm_route claim_route;
    /* The claim that Redis granted: its record says whether the alert was delivered; 0: none. */
    int64_t granted;
    bool delivered;  /* the alert, as far as this program knows */
    int64_t lost_ms; /* monotonic: when PostgreSQL's answer to it was lost; 0: it was not */
    bool confirm;    /* the alert was delivered, and the record in Redis does not say so yet */
    char slack_ts[PS_ALARM_TEXT], slack_channel[PS_ALARM_TEXT]; /* of the first message; "": none */
    char delivered_ts[PS_ALARM_TEXT], delivered_channel[PS_ALARM_TEXT]; /* with confirm */
};

/* One claim or end that is under way; freed by end_task. */
struct task {
    struct ps_alarms *alarms;
    enum ps_incident incident;
    enum ps_alarm_next what;
    enum ps_alarm_route route;
    char cause[PS_INCIDENT_CAUSE];
    int64_t raised_ms;  /* wall clock */
    int64_t present_ms; /* for how long this program has seen it */
    char *record;       /* owned; the record in Redis that is moved, or NULL */
    char slack_ts[PS_ALARM_TEXT], slack_channel[PS_ALARM_TEXT]; /* of the first message; "": none */
};

struct ps_alarms {
    struct ps_alarms_options options;
    struct ps_incident_monitor *monitor; /* borrowed */
    struct ps_webhook_sink *webhook;
    struct ps_timer *timer;
    struct ps_alarm alarms[PS_INCIDENT_COUNT];
    struct local_record local[PS_INCIDENT_COUNT];
    bool busy[PS_INCIDENT_COUNT];  /* a task is under way: no further one begins */
    int64_t after_ms, interval_ms; /* as in struct ps_alarm_look */
    uint64_t sent;                 /* numbers the messages, so that their ids are unique */
};

static int64_t now_of(const struct ps_alarms *alarms)
{
    return ps_loop_now(alarms->options.daemon->loop);
}

static const char *channel_of(const struct ps_alarms *alarms)
{
    return alarms->options.daemon->config->ops_alert_channel;
}

bool ps_alarms_have_webhook(const struct ps_alarms *alarms)
{
    return alarms->options.daemon->config->ops_alert_webhook_url[0] != '\0' &&
           !alarms->options.daemon->config->shadow;
}

static const char *number_text(char buffer[NUMBER_TEXT], int64_t value)
{
    (void)snprintf(buffer, NUMBER_TEXT, "%" PRId64, value);
    return buffer;
}

/* Words */

static char *alert_text(const struct ps_alarms *alarms, enum ps_incident incident,
                        const char *cause, int64_t raised_ms)
{
    const struct ps_incident_row *row = ps_incident_row(incident);
    char *line = ps_incident_line(incident, cause);
    char *page = ps_incident_runbook(incident, alarms->options.daemon->config->runbook_url);
    char since[PS_UTC_TIME_TEXT];
    struct ps_buf safe; /* a cause can quote what a server said */
    char *text;

    ps_buf_init(&safe, 8 * PS_INCIDENT_CAUSE);
    ps_mrkdwn_text(&safe, line, 2 * PS_INCIDENT_CAUSE);
    ps_utc_time_format_time(raised_ms, since);
    text = ps_alloc_format("Paperscout: %s. Since %.16sZ. %s Runbook: %s", ps_buf_str(&safe), since,
                           row->advice, page);
    ps_buf_clear(&safe);
    free(line);
    free(page);
    return text;
}

static char *over_text(const struct task *task, bool delivered)
{
    char span[PS_UTC_TIME_TEXT], since[PS_UTC_TIME_TEXT];
    const char *title = ps_incident_row(task->incident)->title;
    const char *over = ps_incident_row(task->incident)->over;
    int64_t lasted_ms = ps_clock_wall_ms() - task->raised_ms;

    ps_utc_time_format_span((lasted_ms < 0 ? 0 : lasted_ms) / 1000, span);
    if (delivered)
        return ps_alloc_format("Paperscout: %s, after %s.", over, span);
    ps_utc_time_format_time(task->raised_ms, since);
    return ps_alloc_format(
        "Paperscout: %s. It began at %.16sZ and lasted %s; the alert could not be "
        "delivered meanwhile. Now: %s.",
        title, since, span, over);
}

/* Delivery by the routes that need no outbox */

static void push_to_list(struct ps_alarms *alarms, const struct ps_message *message)
{
    const struct ps_daemon *daemon = alarms->options.daemon;
    const char *keys[2] = { ps_key(daemon->keys, PS_KEY_EPOCH),
                            ps_key(daemon->keys, PS_KEY_NOTIFY) };
    char *json = ps_message_format(message);
    char most[NUMBER_TEXT], epoch[NUMBER_TEXT];
    /* An alarm is no decision of a leader, so it is not fenced. */
    struct ps_str args[4] = { ps_str_of(number_text(epoch, ANY_EPOCH)),
                              ps_str_of(number_text(most, daemon->config->mq_max_size)),
                              ps_str_of("1"), ps_str_of(json) };

    ps_script_run(daemon->redis, PS_SCRIPT_MESSAGE_PUSH, keys, 2, args, 4, NULL, NULL);
    free(json);
}

/* Sends text by the route of task. Without OPS_ALERT_CHANNEL only the webhook can take it. The id
 * names the incident, so that ps_alarms_delivered can confirm the record. */
static void deliver(struct ps_alarms *alarms, const struct task *task, enum ps_message_kind kind,
                    const char *text, const char *thread_ts)
{
    struct ps_message message = {
        .id = ps_alloc_format("alarm:%s:%s:%" PRIu64, ps_incident_row(task->incident)->name,
                              alarms->options.daemon->instance, ++alarms->sent),
        .kind = kind,
        .channel = ps_alloc_text(channel_of(alarms)),
        .text = ps_alloc_text(text),
        .thread_ts = thread_ts == NULL || thread_ts[0] == '\0' ? NULL : ps_alloc_text(thread_ts),
        .created_ms = ps_clock_wall_ms()
    };

    if (task->route == PS_ALARM_WEBHOOK) {
        ps_webhook_sink_say(alarms->webhook, message.id, text); /* on_said confirms it */
    } else if (task->route == PS_ALARM_NOTIFIER && message.channel[0] != '\0') {
        alarms->options.send(alarms->options.cookie, &message);
    } else if (message.channel[0] != '\0') {
        push_to_list(alarms, &message);
    }
    ps_message_clear(&message);
}

static void log_alarm(const struct task *task)
{
    const struct ps_incident_row *row = ps_incident_row(task->incident);

    if (task->what == PS_ALARM_OVER)
        PS_LOG(OPS_RECOVERY, F_TEXT("incident", row->name), F_TEXT("what", row->over));
    else
        PS_LOG(OPS_ALERT, F_TEXT("incident", row->name), F_TEXT("what", row->title),
               F_TEXT("cause", task->cause));
}

static void end_task(struct task *task)
{
    task->alarms->busy[task->incident] = false;
    ps_incident_monitor_refresh(task->alarms->monitor);
    free(task->record);
    free(task);
}

static void say_alert(struct task *task, const char *thread_ts)
{
    char *text = alert_text(task->alarms, task->incident, task->cause, task->raised_ms);

    deliver(task->alarms, task, PS_MESSAGE_OPS_ALERT, text, thread_ts);
    free(text);
}

/* Without PostgreSQL: Redis' record, else this program's own. */

/* The claim was answered. */
static void end_claim(struct local_record *local)
{
    local->claim = local->lost_ms = 0;
}

/* What this program sent is in a durable record now. A claim without an answer is repeated there.
 */
static void forget_alert(struct local_record *local)
{
    *local = (struct local_record){ .claim = local->claim,
                                    .claim_route = local->claim_route,
                                    .lost_ms = local->lost_ms };
}

static void copy_name(char out_name[PS_ALARM_TEXT], const char *name)
{
    (void)snprintf(out_name, PS_ALARM_TEXT, "%s", name == NULL ? "" : name);
}

static void note_alert(struct task *task)
{
    struct local_record *local = &task->alarms->local[task->incident];

    if (local->notified_ms == 0) {
        local->raised_ms = ps_clock_wall_ms();
        copy_name(local->slack_ts, task->slack_ts);
        copy_name(local->slack_channel, task->slack_channel);
    }
    local->notified_ms = local->seen_ms = now_of(task->alarms);
    local->delivered = false;
    local->times++;
    end_claim(local);
    if (task->what != PS_ALARM_REROUTE)
        task->raised_ms = local->raised_ms;
    if (task->slack_ts[0] == '\0')
        copy_name(task->slack_ts, local->slack_ts);
}

static void alert_without_postgres(struct task *task)
{
    if (task->route == PS_ALARM_OUTBOX)
        task->route = PS_ALARM_LIST;
    note_alert(task);
    log_alarm(task);
    say_alert(task, task->slack_ts);
    end_task(task);
}

/* Three answers: another program has alerted people; the claim is ours; or Redis did not answer.
 * Without an answer, the routes through Redis cannot deliver either: the alert goes to the webhook,
 * or the claim is repeated at the next look. A notifier and the webhook need no server, so their
 * alert goes out unclaimed: an alert that is read twice is better than none. */
static void on_redis_claim(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct task *task = cookie;
    struct local_record *local = &task->alarms->local[task->incident];
    bool answered = err == NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3;
    int64_t claim = local->claim;

    local->granted = 0;
    if (err == NULL)
        end_claim(local);
    if (answered &&
        ps_redis_reply_int(reply->element[0], 0) == 0) { /* another program alerted people */
        if (local->notified_ms == 0)
            local->raised_ms = ps_clock_wall_ms();
        local->notified_ms = now_of(task->alarms);
        end_task(task);
        return;
    }
    if (answered) {
        local->granted = claim;
        copy_name(task->slack_ts, ps_redis_reply_text(reply->element[2], NULL));
    }
    if (err != NULL && task->route < PS_ALARM_NOTIFIER) {
        if (!ps_alarms_have_webhook(task->alarms)) {
            end_task(task); /* the claim is repeated */
            return;
        }
        task->route = PS_ALARM_WEBHOOK;
    }
    alert_without_postgres(task);
}

/* Gives the name of this claim, which is that of the last one if it was not answered. No two claims
 * of one instance name are made in one millisecond. */
static char *claim_name(const struct task *task)
{
    struct local_record *local = &task->alarms->local[task->incident];

    if (local->claim == 0) {
        local->claim = ps_clock_wall_ms();
        local->claim_route = task->route;
    }
    return ps_alloc_format("%s:%" PRId64, task->alarms->options.daemon->instance, local->claim);
}

static void claim_in_redis(struct task *task)
{
    const struct ps_alarms *alarms = task->alarms;
    const struct ps_daemon *daemon = alarms->options.daemon;
    const char *keys[1] = { ps_key(daemon->keys, PS_KEY_ALARMS) };
    char repeat[NUMBER_TEXT], route[NUMBER_TEXT], confirm[NUMBER_TEXT];
    char *claim = claim_name(task);
    bool reroute = task->what == PS_ALARM_REROUTE;
    const struct ps_str args[8] = {
        ps_str_of(ps_incident_row(task->incident)->name),
        ps_str_of(daemon->instance),
        ps_str_of(number_text(repeat, ps_alarm_repeat_ms(task->incident, alarms->interval_ms))),
        ps_str_of(claim),
        ps_str_of(number_text(route, task->route == PS_ALARM_OUTBOX ? PS_ALARM_LIST : task->route)),
        ps_str_of(reroute ? number_text(confirm, PS_ALARM_CONFIRM_MS) : ""),
        ps_str_of(task->slack_ts),
        ps_str_of(task->slack_channel)
    };

    ps_script_run(daemon->redis, PS_SCRIPT_ALARM_CLAIM, keys, 1, args, PS_COUNT_OF(args),
                  on_redis_claim, task);
    free(claim);
}

static void on_written(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    (void)cookie;
    (void)rows;
    if (err != NULL)
        PS_LOG(OPS_ALERT_ERROR, F_TEXT("what", "the alarm record was not written"), F_ERR(err));
}

/* The record moves to PostgreSQL as soon as that takes writes again; there it is ended. Where it
 * was, it is dropped only after PostgreSQL has it: the write may fail, or this program die, and an
 * all-clear would be lost. Several programs may move one record; it arrives once. An all-clear that
 * was given meanwhile is newer than the alarm and stays. */

static void on_dropped(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    (void)reply;
    (void)err; /* on an error the record is still there, and is moved again */
    end_task(cookie);
}

static void drop_redis_record(struct task *task)
{
    const struct ps_daemon *daemon = task->alarms->options.daemon;
    const char *keys[1] = { ps_key(daemon->keys, PS_KEY_ALARMS) };
    struct ps_str args[2] = { ps_str_of(ps_incident_row(task->incident)->name),
                              ps_str_of(task->record) };

    ps_script_run(daemon->redis, PS_SCRIPT_ALARM_END, keys, 1, args, 2, on_dropped, task);
}

static void on_moved(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct task *task = cookie;
    struct local_record *local = &task->alarms->local[task->incident];

    on_written(NULL, rows, err);
    if (err == NULL)
        forget_alert(local);
    if (err == NULL && task->record != NULL)
        drop_redis_record(task);
    else
        end_task(task);
}

/* Claim may be NULL. What an earlier alert left in the outbox is not sent after the newer one. */
static void move_record(struct task *task, const struct ps_alarm_record *record, const char *claim)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    const struct ps_daemon *daemon = task->alarms->options.daemon;
    const char *name = ps_incident_row(task->incident)->name;

    ps_sql_alarm_move(batch, name, record->raised_ms, record->notified_ago_ms,
                      (int64_t)record->route, daemon->instance,
                      record->times < 1 ? 1 : record->times, record->confirmed, record->slack_ts,
                      record->slack_channel, claim);
    ps_sql_alarm_supersede_moved(batch, name);
    ps_pg_run(daemon->pg, batch, on_moved, task);
}

static void on_redis_record(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct task *task = cookie;
    const char *text = err == NULL ? ps_redis_reply_text(reply, NULL) : NULL;
    struct ps_alarm_record record;
    cJSON *json;

    if (text == NULL) { /* another program has moved it */
        end_task(task);
        return;
    }
    task->record = ps_alloc_text(text);
    json = ps_json_parse(text, strlen(text), NULL);
    if (json == NULL) { /* no record of ours: it would come back at every look */
        drop_redis_record(task);
        return;
    }
    ps_alarm_record_read(&record, json, ps_clock_wall_ms());
    move_record(task, &record, ps_json_text(json, "claim"));
    cJSON_Delete(json);
}

static struct task *begin_task(struct ps_alarms *alarms, enum ps_incident incident,
                               enum ps_alarm_next what)
{
    struct task *task = ps_alloc_zero(1, sizeof(*task));

    *task = (struct task){ .alarms = alarms, .incident = incident, .what = what };
    alarms->busy[incident] = true;
    return task;
}

static bool move_home(struct ps_alarms *alarms, enum ps_incident incident)
{
    const struct ps_daemon *daemon = alarms->options.daemon;
    struct local_record *local = &alarms->local[incident];
    struct ps_alarm_record record = { .route = PS_ALARM_NOTIFIER };
    char *claim = NULL;

    if (ps_incident_monitor_in_redis(alarms->monitor, incident, NULL) &&
        ps_incident_monitor_redis_writes(alarms->monitor)) {
        PS_REDIS(daemon->redis, on_redis_record, begin_task(alarms, incident, PS_ALARM_NOTHING),
                 "HGET", ps_key(daemon->keys, PS_KEY_ALARMS), ps_incident_row(incident)->name);
        return true;
    }
    if (local->notified_ms == 0)
        return false;
    record.raised_ms = local->raised_ms;
    record.notified_ago_ms = now_of(alarms) - local->notified_ms;
    record.times = local->times;
    copy_name(record.slack_ts, local->slack_ts);
    copy_name(record.slack_channel, local->slack_channel);
    if (local->times == 0) { /* another program alerted people: Redis' record counts */
        forget_alert(local);
        return true;
    }
    /* Perhaps another program has moved the record that Redis granted to this one. It has the same
     * name then, and what PostgreSQL knows of its delivery stays. */
    if (local->granted != 0)
        claim = ps_alloc_format("%s:%" PRId64, daemon->instance, local->granted);
    record.confirmed = local->delivered;
    move_record(begin_task(alarms, incident, PS_ALARM_NOTHING), &record, claim);
    free(claim);
    return true;
}

/* With PostgreSQL: the claim, and for route OUTBOX the message, in one transaction. */

static void add_outbox_row(struct ps_pg_batch *batch, const struct task *task, const char *kind,
                           const char *text)
{
    const char *name = ps_incident_row(task->incident)->name;
    cJSON *data = cJSON_CreateObject();
    char *json;

    ps_json_add_text(data, "text", text);
    json = ps_json_print(data);
    ps_sql_alarm_supersede(batch, name);
    ps_sql_alarm_outbox(batch, name, kind, channel_of(task->alarms), json);
    ps_sql_alarm_bundle(batch, name);
    free(json);
    cJSON_Delete(data);
}

/* A row waits in the outbox. */
static void queued(const struct ps_alarms *alarms)
{
    ps_signals_send(alarms->options.daemon->signals, PS_SIGNAL_OUTBOX); /* to the leader */
    if (alarms->options.queued != NULL)
        alarms->options.queued(alarms->options.cookie);
}

static void on_claimed(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct task *task = cookie;
    struct ps_alarms *alarms = task->alarms;
    struct local_record *local = &alarms->local[task->incident];

    /* Perhaps it was written. A claim in Redis would be a second alert, so this one is repeated, in
     * Redis only if PostgreSQL stays away. One that hangs was waited for long enough. */
    if (err != NULL && err->code == PS_PG_ERR_LOST) {
        local->lost_ms = err->category == PS_FAILURE_TIMEOUT ? 0 : now_of(alarms);
        end_task(task);
        return;
    }
    if (err != NULL) { /* connected, and yet it was not written: the next record, the next route */
        claim_in_redis(task);
        return;
    }
    end_claim(local);
    if (ps_pg_row_count(rows, RECORD) == 0) {
        end_task(task);
        return;
    }
    /* alarm_claim and alarm_reroute have the same columns. */
    task->raised_ms = ps_pg_int(rows, RECORD, 0, PS_SQL_ALARM_CLAIM_RAISED_AT, 0);
    log_alarm(task);
    if (task->route != PS_ALARM_OUTBOX)
        say_alert(task, ps_pg_text(rows, RECORD, 0, PS_SQL_ALARM_CLAIM_THREAD_TS));
    else
        queued(alarms);
    end_task(task);
}

static void claim_in_postgres(struct task *task)
{
    struct ps_alarms *alarms = task->alarms;
    const char *name = ps_incident_row(task->incident)->name;
    struct ps_pg_batch *batch = ps_pg_batch_create();
    bool outbox = task->route == PS_ALARM_OUTBOX && channel_of(alarms)[0] != '\0';
    int64_t repeat_ms = ps_alarm_repeat_ms(task->incident, alarms->interval_ms);
    char *text, *claim = claim_name(task);

    if (task->what == PS_ALARM_REROUTE) {
        ps_sql_alarm_reroute(batch, name, (int64_t)task->route, alarms->options.daemon->instance,
                             PS_ALARM_CONFIRM_MS, claim);
        ps_sql_alarm_supersede(batch, name); /* else people could read it twice */
    } else {
        ps_sql_alarm_claim(batch, name, (int64_t)task->route, alarms->options.daemon->instance,
                           outbox, repeat_ms, task->cause, task->present_ms, claim);
    }
    free(claim);
    if (task->what != PS_ALARM_REROUTE && outbox) {
        text = alert_text(alarms, task->incident, task->cause, task->raised_ms);
        add_outbox_row(batch, task, ps_message_kind_name(PS_MESSAGE_OPS_ALERT), text);
        free(text);
    }
    ps_pg_run(alarms->options.daemon->pg, batch, on_claimed, task);
}

static void on_ended(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct task *task = cookie;
    struct ps_alarms *alarms = task->alarms;
    char *text;

    if (err != NULL || ps_pg_row_count(rows, RECORD) == 0) {
        end_task(task); /* another program gives the all-clear, or we try again */
        return;
    }
    end_claim(&alarms->local[task->incident]);
    log_alarm(task);
    if (task->route != PS_ALARM_OUTBOX) {
        task->raised_ms = ps_pg_int(rows, RECORD, 0, PS_SQL_ALARM_END_RAISED_AT, 0);
        text = over_text(task, ps_pg_bool(rows, RECORD, 0, PS_SQL_ALARM_END_DELIVERED));
        deliver(alarms, task, PS_MESSAGE_OPS_RECOVERY, text,
                ps_pg_text(rows, RECORD, 0, PS_SQL_ALARM_END_THREAD_TS));
        free(text);
    } else {
        queued(alarms);
    }
    end_task(task);
}

/* One program ends the record and gives the all-clear. People who never got the alert read one
 * summary in its place. */
static void end_in_postgres(struct task *task, const struct ps_alarm_record *record)
{
    struct ps_alarms *alarms = task->alarms;
    const char *name = ps_incident_row(task->incident)->name;
    struct ps_pg_batch *batch = ps_pg_batch_create();
    bool outbox = task->route == PS_ALARM_OUTBOX && channel_of(alarms)[0] != '\0';
    char *text;

    ps_sql_alarm_end(batch, name, outbox, PS_ALARM_UNSEEN_MS);
    task->raised_ms = record->raised_ms;
    if (outbox) {
        text = over_text(task, record->confirmed);
        add_outbox_row(batch, task, ps_message_kind_name(PS_MESSAGE_OPS_RECOVERY), text);
        free(text);
    }
    ps_pg_run(alarms->options.daemon->pg, batch, on_ended, task);
}

/* The loop */

static bool is_of_postgres(enum ps_incident incident)
{
    return incident == PS_INCIDENT_POSTGRES_DOWN ||
           incident == PS_INCIDENT_POSTGRES_REFUSES_WRITES ||
           incident == PS_INCIDENT_POSTGRES_ENCODING;
}

/* Where all programs keep the record. While one of them sees PostgreSQL away or refusing, that is
 * Redis also for those that reach PostgreSQL: with two records people would read each alert twice.
 */
static bool kept_in_postgres(const struct ps_alarms *alarms, enum ps_incident incident)
{
    return ps_incident_monitor_pg_writes(alarms->monitor) &&
           !(is_of_postgres(incident) && ps_incident_monitor_redis_writes(alarms->monitor) &&
             ps_incidents_present(ps_incident_monitor_view(alarms->monitor), incident));
}

static void act(struct ps_alarms *alarms, enum ps_incident incident, enum ps_alarm_next next,
                enum ps_alarm_route route, const struct ps_alarm_record *record)
{
    const struct ps_incident_view *view =
        &ps_incident_monitor_view(alarms->monitor)->items[incident];
    struct task *task = begin_task(alarms, incident, next);

    task->route = route;
    task->raised_ms = record != NULL && record->raised ? record->raised_ms : view->since_ms;
    if (alarms->alarms[incident].present_ms > 0)
        task->present_ms = now_of(alarms) - alarms->alarms[incident].present_ms;
    memcpy(task->cause, view->cause, sizeof(task->cause));
    if (record != NULL && record->raised) {
        copy_name(task->slack_ts, record->slack_ts);
        copy_name(task->slack_channel, record->slack_channel);
    }
    if (next != PS_ALARM_OVER && alarms->local[incident].claim != 0 &&
        kept_in_postgres(alarms, incident))
        task->route = alarms->local[incident].claim_route; /* as what was perhaps stored has it */
    if (next == PS_ALARM_OVER)
        end_in_postgres(task, record);
    else if (kept_in_postgres(alarms, incident))
        claim_in_postgres(task);
    else if (ps_incident_monitor_redis_writes(alarms->monitor))
        claim_in_redis(task);
    else
        alert_without_postgres(task);
}

/* The alert that Redis has the record of was delivered: no other route is needed, and the others go
 * below it. */

static void note_delivery(struct local_record *local, const char *slack_ts,
                          const char *slack_channel)
{
    local->confirm = local->delivered = true;
    copy_name(local->delivered_ts, slack_ts);
    copy_name(local->delivered_channel, slack_channel);
    if (local->notified_ms > 0 && local->slack_ts[0] == '\0') {
        copy_name(local->slack_ts, slack_ts);
        copy_name(local->slack_channel, slack_channel);
    }
}

static void on_confirmed(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct task *task = cookie;

    (void)reply;
    task->alarms->local[task->incident].confirm = err != NULL; /* tried again */
    end_task(task);
}

static void confirm_in_redis(struct ps_alarms *alarms, enum ps_incident incident)
{
    const struct ps_daemon *daemon = alarms->options.daemon;
    const struct local_record *local = &alarms->local[incident];
    const char *keys[1] = { ps_key(daemon->keys, PS_KEY_ALARMS) };
    const struct ps_str args[3] = { ps_str_of(ps_incident_row(incident)->name),
                                    ps_str_of(local->delivered_ts),
                                    ps_str_of(local->delivered_channel) };

    if (alarms->busy[incident] || !ps_incident_monitor_redis_writes(alarms->monitor))
        return; /* later */
    ps_script_run(daemon->redis, PS_SCRIPT_ALARM_CONFIRM, keys, 1, args, PS_COUNT_OF(args),
                  on_confirmed, begin_task(alarms, incident, PS_ALARM_NOTHING));
}

/* The record in place of PostgreSQL's: Redis', else what this program did, else PostgreSQL's as it
 * was read last. It ends in PostgreSQL. */
static const struct ps_alarm_record *local_record(const struct ps_alarms *alarms,
                                                  enum ps_incident incident,
                                                  struct ps_alarm_record *out_record)
{
    const struct local_record *local = &alarms->local[incident];

    if (ps_incident_monitor_redis_writes(alarms->monitor) &&
        ps_incident_monitor_in_redis(alarms->monitor, incident, out_record))
        return out_record;
    if (local->notified_ms == 0 &&
        ps_incident_monitor_record(alarms->monitor, incident, out_record) != NULL &&
        out_record->raised) {
        out_record->confirmed = true;
        out_record->seen_ms = 0;
        return out_record;
    }
    *out_record =
        (struct ps_alarm_record){ .known = local->notified_ms > 0,
                                  .raised = local->notified_ms > 0,
                                  .confirmed = true,
                                  .notified_ago_ms = now_of(alarms) - local->notified_ms };
    return out_record;
}

static void look(struct ps_alarms *alarms, enum ps_incident incident)
{
    const struct ps_incident_set *view = ps_incident_monitor_view(alarms->monitor);
    bool stored = kept_in_postgres(alarms, incident);
    struct local_record *local = &alarms->local[incident];
    struct ps_alarm_record room;
    struct ps_alarm_look what = { .incident = incident,
                                  .view = view,
                                  .now_ms = now_of(alarms),
                                  .after_ms = alarms->after_ms,
                                  .interval_ms = alarms->interval_ms,
                                  .patience_ms =
                                      alarms->options.patience(alarms->options.cookie, incident) };
    bool routed = alarms->options.route(alarms->options.cookie, incident, &what.route);
    int64_t absent_ms = alarms->alarms[incident].absent_ms;
    /* A leader that alone saw PostgreSQL refuse a write dies, and the next one sees it a little
     * later: until then the record stays in Redis, where that one looks for it. */
    bool may_move =
        !is_of_postgres(incident) || (absent_ms > 0 && now_of(alarms) - absent_ms >= MOVE_AFTER_MS);
    enum ps_alarm_next next;

    if (stored && may_move && move_home(alarms, incident))
        return;
    what.record = stored ? ps_incident_monitor_record(alarms->monitor, incident, &room)
                         : local_record(alarms, incident, &room);
    if (what.record == NULL)
        return;
    if (local->confirm)
        confirm_in_redis(alarms, incident);
    if (alarms->busy[incident])
        return;
    /* No other program used a better route in time, so any program may use the webhook. */
    if (what.record->raised && !what.record->confirmed &&
        what.record->notified_ago_ms >= 2 * PS_ALARM_CONFIRM_MS && ps_alarms_have_webhook(alarms))
        what.route = PS_ALARM_WEBHOOK;
    if (local->claim != 0 && ps_incidents_present(view, incident))
        what.record = NULL; /* it may be of this very claim */
    if (!stored && local->lost_ms != 0 && what.now_ms - local->lost_ms < LOST_MS)
        return;
    next = ps_alarm_step(&alarms->alarms[incident], &what);
    if (next != PS_ALARM_NOTHING && routed && !ps_incident_monitor_pg_unknown(alarms->monitor))
        act(alarms, incident, next, what.route, what.record);
}

static void on_timer(void *cookie)
{
    struct ps_alarms *alarms = cookie;

    ps_timer_set_about(alarms->timer, LOOK_MS);
    for (int i = 0; i < PS_INCIDENT_COUNT; i++)
        if (!alarms->busy[i])
            look(alarms, (enum ps_incident)i);
}

/* The webhook took a message: an alarm of this program, or one that waited for Slack. */
static void on_said(void *cookie, const char *id)
{
    struct ps_alarms *alarms = cookie;
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_alarm_confirm_message(batch, id);
    ps_pg_run(alarms->options.daemon->pg, batch, on_written, NULL);
    ps_alarms_delivered(alarms, id, "", "");
    if (alarms->options.said != NULL)
        alarms->options.said(alarms->options.cookie, id);
}

struct ps_alarms *ps_alarms_create(const struct ps_alarms_options *options)
{
    struct ps_alarms *alarms = ps_alloc_zero(1, sizeof(*alarms));
    const struct ps_daemon *daemon = options->daemon;
    const struct ps_config *config = daemon->config;

    alarms->options = *options;
    alarms->monitor = daemon->incidents;
    alarms->interval_ms = ps_config_poll_interval_ms(config);
    alarms->after_ms = ps_config_alert_after_ms(config);
    alarms->webhook = ps_webhook_sink_create(
        daemon->loop, &(struct ps_webhook_sink_options){
                          .url = config->shadow ? NULL : &config->ops_alert_webhook_url,
                          .user_agent = daemon->user_agent,
                          .proxy = config->http_proxy_url,
                          .no_proxy = config->http_proxy_except,
                          .ca_file = config->http_ca_file,
                          .failures = daemon->failures,
                          .cookie = alarms,
                          .said = on_said });
    alarms->timer = ps_timer_create(daemon->loop, on_timer, alarms);
    ps_timer_set_about(alarms->timer, LOOK_MS);
    return alarms;
}

void ps_alarms_destroy(struct ps_alarms *alarms)
{
    if (alarms == NULL)
        return;
    ps_timer_destroy(alarms->timer);
    ps_webhook_sink_destroy(alarms->webhook);
    free(alarms);
}

struct ps_webhook_sink *ps_alarms_webhook(const struct ps_alarms *alarms)
{
    return alarms->webhook;
}

void ps_alarms_delivered(struct ps_alarms *alarms, const char *id, const char *slack_ts,
                         const char *slack_channel)
{
    static const char prefix[] = "alarm:";
    const struct ps_daemon *daemon = alarms->options.daemon;
    struct ps_pg_batch *batch;
    enum ps_incident incident;
    char *name;

    if (strncmp(id, prefix, sizeof(prefix) - 1) != 0)
        return;
    id += sizeof(prefix) - 1;
    name = ps_alloc_copy(id, strcspn(id, ":"));
    if (ps_incident_parse(name, &incident)) {
        note_delivery(&alarms->local[incident], slack_ts, slack_channel);
        confirm_in_redis(alarms, incident);
        batch = ps_pg_batch_create();
        ps_sql_alarm_confirm(batch, name, slack_ts, slack_channel);
        ps_pg_run(daemon->pg, batch, on_written, NULL);
    }
    free(name);
}
