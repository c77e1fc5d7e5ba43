/* Notifies people of incidents. Runs in every scheduler and notifier.
 *
 * Place in the data flow: incident_monitor.h observes, core/alarm.h decides, this module claims the
 * durable alarm record and sends by the best route that this program has. If that route does not
 * deliver, another program claims the record and uses the next route.
 *
 * Guarantee 11: people get one alert in each interval and one all-clear, whichever programs
 * restart. Do not change the order lightly: the record is claimed before a message is sent,
 * otherwise each program would send the alert. */
#ifndef PS_IO_ALARM_H
#define PS_IO_ALARM_H
#include "shared/core/message.h"
#include "shared/io/incident_monitor.h"
#include "shared/io/program.h"
#include "shared/io/webhook_sink.h"

struct ps_alarms;

struct ps_alarms_options {
    struct ps_daemon *daemon; /* borrowed */
    void *cookie;             /* of the functions below, which all run on the loop */
    /* Gives the best route that this program has now for incident; false: it has none. */
    bool (*route)(void *cookie, enum ps_incident incident, enum ps_alarm_route *out_route);
    /* Returns for how many ms this program leaves the incident to programs with a better route. */
    int64_t (*patience)(void *cookie, enum ps_incident incident);
    /* Sends message by route NOTIFIER; copies it. NULL if the program is no notifier. */
    void (*send)(void *cookie, const struct ps_message *message);
    /* The outbox has a new row; may be NULL. */
    void (*queued)(void *cookie);
    /* The webhook accepted the message of this id, so it must not go to Slack too; may be NULL. */
    void (*said)(void *cookie, const char *id);
};

/* Starts to look at the incidents every second. Copies options. */
struct ps_alarms *ps_alarms_create(const struct ps_alarms_options *options) PS_MUST_USE;
void ps_alarms_destroy(struct ps_alarms *alarms); /* after redis and pg; NULL is fine */
/* Reports that Slack or the webhook delivered a message: confirms the alarm record. Ignores ids
 * that are no alarms. slack_ts and slack_channel may be ""; repeats are then posted without a
 * thread. */
void ps_alarms_delivered(struct ps_alarms *alarms, const char *id, const char *slack_ts,
                         const char *slack_channel);
/* Returns whether OPS_ALERT_WEBHOOK_URL is set and may be used. */
bool ps_alarms_have_webhook(const struct ps_alarms *alarms);
/* Returns the webhook's sink, for messages that are no alarm. Borrowed. */
struct ps_webhook_sink *ps_alarms_webhook(const struct ps_alarms *alarms);

#endif
