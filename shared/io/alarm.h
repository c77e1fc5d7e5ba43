/* Notifies people of incidents: claims the durable alarm record, then uses the best route that this
 * program has; another program uses the next route when the first did not deliver (core/alarm.h).
 * Runs in every scheduler and notifier. */
#ifndef PS_IO_ALARM_H
#define PS_IO_ALARM_H
#include "shared/core/message.h"
#include "shared/io/incident_monitor.h"
#include "shared/io/program.h"
#include "shared/io/webhook_sink.h"

struct ps_alarms;

struct ps_alarms_options {
    struct ps_daemon *daemon; /* borrowed */
    void *cookie;
    /* The best route that this program has now for incident; false: it has none. */
    bool (*route)(void *cookie, enum ps_incident incident, enum ps_alarm_route *out_route);
    /* How long this program waits for others to notify people of incident. */
    int64_t (*patience)(void *cookie, enum ps_incident incident);
    /* Sends message by route NOTIFIER; NULL where the program is no notifier. Copies it. */
    void (*send)(void *cookie, const struct ps_message *message);
    /* The outbox has a new row; may be NULL. */
    void (*queued)(void *cookie);
    /* The webhook took the message of this id, which need not go to Slack any more; may be NULL. */
    void (*said)(void *cookie, const char *id);
};

struct ps_alarms *ps_alarms_create(const struct ps_alarms_options *options) PS_MUST_USE;
void ps_alarms_destroy(struct ps_alarms *alarms); /* after redis and pg; NULL is fine */
/* A message was delivered, by Slack or the webhook; messages that are no alarms are ignored.
 * slack_ts and slack_channel may be "". */
void ps_alarms_delivered(struct ps_alarms *alarms, const char *id, const char *slack_ts,
                         const char *slack_channel);
/* OPS_ALERT_WEBHOOK_URL is set and may be used. */
bool ps_alarms_have_webhook(const struct ps_alarms *alarms);
/* Borrowed; for messages that are no alarm. */
struct ps_webhook_sink *ps_alarms_webhook(const struct ps_alarms *alarms);

#endif
