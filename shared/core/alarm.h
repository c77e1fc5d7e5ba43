/* Decides when people are notified of an incident, and by which route. Pure: one step for one
 * incident, from what is observed now and from the durable alarm record.
 *
 * Guarantee 11: people read an incident once per interval, and one all-clear, whichever program
 * sends them. The record is what makes this true across programs: it is in PostgreSQL, else in
 * Redis, else in this program's memory (io/alarm), and only the program that claims it sends. */
#ifndef PS_CORE_ALARM_H
#define PS_CORE_ALARM_H
#include "shared/core/incidents.h"

/* In the order in which they are tried. */
enum ps_alarm_route {
    PS_ALARM_OUTBOX,   /* outbox, notify list, notifier */
    PS_ALARM_LIST,     /* notify list directly, notifier */
    PS_ALARM_NOTIFIER, /* a notifier by itself */
    PS_ALARM_WEBHOOK
};

enum {
    PS_ALARM_CONFIRM_MS = 15 * 1000, /* a route that delivered nothing for so long has failed */
    PS_ALARM_UNSEEN_MS = 4 * 1000,   /* nobody has seen the incident for so long: it is over */
    PS_ALARM_CLEAR_MS = 2 * 1000,    /* and we have seen for so long that it is absent */
    PS_ALARM_HOLD_MIN_MS = 5 * 1000, /* a restart is no incident */
    PS_ALARM_TICKET_MS = 24 * 3600 * 1000, /* a ticket is repeated after so long at the earliest */
    PS_ALARM_TEXT = 64
};

struct ps_alarm_record {
    bool known;                /* there is a row; it may be of an incident that is over */
    bool raised;               /* people were notified, and it is not over yet */
    bool confirmed;            /* a route has delivered the last alert */
    int64_t notified_ago_ms;   /* ms since the last alert was claimed or, later, delivered; by the
                                  server's clock */
    int64_t seen_ms;           /* ms since a program saw the incident; by the server's clock */
    int64_t raised_ms;         /* wall clock: when the first alert was claimed */
    enum ps_alarm_route route; /* of the last alert */
    int64_t times;             /* alerts so far */
    char slack_ts[PS_ALARM_TEXT], slack_channel[PS_ALARM_TEXT]; /* the first message; "": none */
};

/* One incident in this program. */
struct ps_alarm {
    int64_t present_ms; /* monotonic: since when it is present and unexplained; 0: it is not */
    int64_t absent_ms;  /* monotonic: since when it is known to be absent; 0: it is not */
};

struct ps_alarm_look {
    enum ps_incident incident;
    const struct ps_incident_set *view;
    int64_t now_ms;      /* monotonic, > 0 */
    int64_t after_ms;    /* OPS_ALERT_AFTER_MINUTES, or twice the poll interval */
    int64_t interval_ms; /* an alert is repeated after so long */
    int64_t
        patience_ms; /* how long another program is left to alert people, or to repeat it, first */
    enum ps_alarm_route route;            /* the best one of this program now */
    const struct ps_alarm_record *record; /* NULL: not read, or PostgreSQL is away */
};

enum ps_alarm_next {
    PS_ALARM_NOTHING,
    PS_ALARM_NOTIFY,  /* claim the record, and notify people */
    PS_ALARM_REROUTE, /* its route did not deliver: claim it for ours */
    PS_ALARM_OVER     /* end the record, and give the all-clear */
};

/* Reads a record as Redis keeps it (shared/lua/alarm_claim.lua); now_ms: by the clock of its times.
 * A record of an earlier version counts as delivered. NULL gives a record of the year 1970. */
void ps_alarm_record_read(struct ps_alarm_record *out_record, const cJSON *json, int64_t now_ms);
/* Returns how long an incident lasts before people are notified. after_ms: as in ps_alarm_look. */
int64_t ps_alarm_hold_ms(enum ps_incident incident, int64_t after_ms);
/* Returns whether the incident says that Slack takes no message: its alarms must not need Slack. */
bool ps_alarm_is_of_slack(enum ps_incident incident);
/* Whether a notifier is the first to alert people, because the schedulers may be unable to. */
bool ps_alarm_is_of_notifier(enum ps_incident incident);
/* Returns how long after an alert it is repeated. */
int64_t ps_alarm_repeat_ms(enum ps_incident incident, int64_t interval_ms);
/* Takes what is observed now and returns the next action for the incident. Call it about once a
 * second. */
enum ps_alarm_next ps_alarm_step(struct ps_alarm *alarm, const struct ps_alarm_look *look);

#endif
