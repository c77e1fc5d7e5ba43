#include "scheduler/io/alert.h"

#include "scheduler/core/poll_schedule.h"
#include "scheduler/io/script_args.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LOOK_MS = 1000, SETTLE_IN_MS = 60 * 1000 /* a new leader's first poll has this long */ };

struct ps_alert {
    struct ps_leadership *leadership;
    struct ps_outbox_relay *relay;
    struct ps_timer *timer;
    struct ps_poll_schedule clock; /* monotonic */
    int64_t epoch;                 /* the clock was set for */
    int64_t since_ms;              /* monotonic: in office */
};

static int64_t now_of(const struct ps_alert *alert)
{
    return ps_loop_now(alert->leadership->daemon->loop);
}

static void on_told(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_alert *alert = cookie;

    (void)rows;
    if (err == NULL)
        ps_outbox_relay_kick(alert->relay);
    else
        ps_leadership_failed(alert->leadership, PS_EVENT_OUTBOX_ERROR, "an alert was not stored",
                             err);
}

static void tell_through_outbox(struct ps_alert *alert, enum ps_message_kind kind, const char *id,
                                const char *text)
{
    const char *channel = alert->leadership->daemon->config->ops_alert_channel;
    struct ps_pg_batch *batch = ps_store_begin(alert->leadership->epoch);
    struct ps_outbox_rows rows = { 0 };

    ps_notification_text(kind, id, channel, text, ps_outbox_rows_next(&rows, NULL));
    ps_store_add_rows(batch, &rows, 0);
    ps_outbox_rows_clear(&rows);
    ps_pg_run(alert->leadership->daemon->pg, batch, on_told, alert);
}

/* PostgreSQL is away, and people should know: straight into the list. */
static void tell_through_list(const struct ps_alert *alert, enum ps_message_kind kind,
                              const char *id, const char *text)
{
    const struct ps_daemon *daemon = alert->leadership->daemon;
    const char *keys[2] = { ps_key(daemon->keys, PS_KEY_EPOCH),
                            ps_key(daemon->keys, PS_KEY_NOTIFY) };
    struct ps_message message = { .id = ps_alloc_text(id),
                                  .kind = kind,
                                  .channel = ps_alloc_text(daemon->config->ops_alert_channel),
                                  .text = ps_alloc_text(text),
                                  .created_ms = ps_clock_wall_ms() };
    char *json = ps_message_format(&message);
    struct ps_script_args args;

    ps_script_args_init(&args);
    ps_script_args_int(&args, alert->leadership->epoch);
    ps_script_args_int(&args, daemon->config->mq_max_size);
    ps_script_args_int(&args, ps_message_kind_urgent(kind) ? 1 : 0);
    ps_script_args_text(&args, json);
    ps_script_run(daemon->redis, PS_SCRIPT_MESSAGE_PUSH, keys, 2, args.items, args.len, NULL, NULL);
    ps_script_args_clear(&args);
    free(json);
    ps_message_clear(&message);
}

/* Told once for an about and a moment (wall clock). */
static void tell(struct ps_alert *alert, enum ps_message_kind kind, const char *about,
                 int64_t at_ms, const char *text)
{
    const struct ps_daemon *daemon = alert->leadership->daemon;
    char *id = ps_alloc_format("ops:%s:%s:%" PRId64, about, ps_message_kind_name(kind), at_ms);

    if (daemon->config->ops_alert_channel[0] == '\0')
        ; /* whoever set none reads the log */
    else if (ps_pg_up(daemon->pg))
        tell_through_outbox(alert, kind, id, text);
    else
        tell_through_list(alert, kind, id, text);
    free(id);
}

static void on_timer(void *cookie)
{
    struct ps_alert *alert = cookie;
    int64_t now_ms = now_of(alert), gone_ms = now_ms - alert->clock.counted_from_ms;
    int64_t settle_in_ms =
        alert->clock.interval_ms < SETTLE_IN_MS ? alert->clock.interval_ms : SETTLE_IN_MS;
    char span[PS_UTC_TIME_TEXT], interval[PS_UTC_TIME_TEXT];
    char *text;

    ps_timer_set(alert->timer, LOOK_MS);
    if (alert->epoch == 0 || !ps_leadership_leads(alert->leadership, alert->epoch) ||
        now_ms - alert->since_ms < settle_in_ms || !ps_poll_schedule_stale(&alert->clock, now_ms))
        return;
    ps_utc_time_format_span(gone_ms / 1000, span);
    ps_utc_time_format_span(alert->clock.interval_ms / 1000, interval);
    PS_LOG(OPS_ALERT, F_TEXT("what", "no successful poll"), F_INT("seconds", gone_ms / 1000));
    text = ps_alloc_format("Paperscout: no poll has succeeded for %s (one is due every %s). New "
                           "papers may go unnoticed; the scheduler's log says why.",
                           span, interval);
    tell(alert, PS_MESSAGE_OPS_ALERT, "polls", ps_clock_wall_ms(), text);
    free(text);
}

struct ps_alert *ps_alert_create(struct ps_leadership *leadership, struct ps_outbox_relay *relay)
{
    struct ps_alert *alert = ps_alloc_zero(1, sizeof(*alert));

    alert->leadership = leadership;
    alert->relay = relay;
    ps_poll_schedule_init(&alert->clock, ps_config_poll_interval_ms(leadership->daemon->config), 0,
                          ps_loop_now(leadership->daemon->loop));
    alert->timer = ps_timer_create(leadership->daemon->loop, on_timer, alert);
    ps_timer_set(alert->timer, LOOK_MS);
    return alert;
}

void ps_alert_destroy(struct ps_alert *alert)
{
    if (alert == NULL)
        return;
    ps_timer_destroy(alert->timer);
    free(alert);
}

void ps_alert_start(struct ps_alert *alert)
{
    int64_t ago_ms = ps_clock_wall_ms() - alert->leadership->last_good_ms;

    if (alert->epoch == alert->leadership->epoch)
        return; /* the mirrors were read anew; nothing began */
    alert->epoch = alert->leadership->epoch;
    alert->since_ms = now_of(alert);
    if (alert->leadership->last_good_ms > 0 && ago_ms >= 0)
        alert->clock.counted_from_ms = now_of(alert) - ago_ms;
}

void ps_alert_good(struct ps_alert *alert)
{
    int64_t now_ms = now_of(alert), gone_ms = now_ms - alert->clock.counted_from_ms;
    char span[PS_UTC_TIME_TEXT];
    char *text;

    if (!ps_poll_schedule_good(&alert->clock, now_ms))
        return;
    ps_utc_time_format_span(gone_ms / 1000, span);
    PS_LOG(OPS_RECOVERY, F_TEXT("what", "polls succeed again"), F_INT("seconds", gone_ms / 1000));
    text = ps_alloc_format("Paperscout: polls succeed again, after %s.", span);
    tell(alert, PS_MESSAGE_OPS_RECOVERY, "polls", ps_clock_wall_ms(), text);
    free(text);
}

static char *age_text(int64_t fetched_ms, char span[PS_UTC_TIME_TEXT])
{
    int64_t age_ms = ps_clock_wall_ms() - fetched_ms;

    ps_utc_time_format_span((age_ms < 0 ? 0 : age_ms) / 1000, span);
    return span;
}

void ps_alert_index_stale(struct ps_alert *alert, int64_t fetched_ms)
{
    char span[PS_UTC_TIME_TEXT];
    char *text;

    PS_LOG(OPS_ALERT, F_TEXT("what", "the index is stale"),
           F_INT("seconds", (ps_clock_wall_ms() - fetched_ms) / 1000));
    text = ps_alloc_format("Paperscout: the index was not downloaded for %s. Polls go on with the "
                           "stored copy: new drafts are still found, new entries of the index are "
                           "not.",
                           age_text(fetched_ms, span));
    tell(alert, PS_MESSAGE_OPS_ALERT, "index", fetched_ms, text);
    free(text);
}

void ps_alert_index_fresh(struct ps_alert *alert, int64_t fetched_ms)
{
    char span[PS_UTC_TIME_TEXT];
    char *text = ps_alloc_format("Paperscout: the index is downloaded again, after %s.",
                                 age_text(fetched_ms, span));

    PS_LOG(OPS_RECOVERY, F_TEXT("what", "the index is downloaded again"),
           F_INT("seconds", (ps_clock_wall_ms() - fetched_ms) / 1000));
    tell(alert, PS_MESSAGE_OPS_RECOVERY, "index", fetched_ms, text);
    free(text);
}
