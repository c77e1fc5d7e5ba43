#include "shared/core/alarm.h"

#include "shared/core/bounds.h"
#include "shared/core/json.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

int64_t ps_alarm_hold_ms(enum ps_incident incident, int64_t after_ms)
{
    int64_t hold_ms = ps_incident_row(incident)->hold_ms;

    return ps_min_int(hold_ms, ps_max_int(after_ms, PS_ALARM_HOLD_MIN_MS));
}

int64_t ps_alarm_repeat_ms(enum ps_incident incident, int64_t interval_ms)
{
    return ps_incident_row(incident)->severity == PS_SEVERITY_PAGE
               ? interval_ms
               : ps_max_int(interval_ms, PS_ALARM_TICKET_MS);
}

bool ps_alarm_is_of_slack(enum ps_incident incident)
{
    return incident == PS_INCIDENT_SLACK_REFUSED || incident == PS_INCIDENT_SLACK_FAILING;
}

bool ps_alarm_is_of_notifier(enum ps_incident incident)
{
    return incident == PS_INCIDENT_REDIS_DOWN || incident == PS_INCIDENT_REDIS_REFUSES_WRITES ||
           incident == PS_INCIDENT_NO_LEADER || ps_alarm_is_of_slack(incident);
}

/* Between 1970 and now: Redis may hold anything. */
static int64_t past_ms(const cJSON *json, const char *name, int64_t now_ms)
{
    const char *text = ps_json_text(json, name);

    return text == NULL ? 0 : ps_min_int(ps_max_int(strtoll(text, NULL, 10), 0), now_ms);
}

static void read_name(char out_name[PS_ALARM_TEXT], const cJSON *json, const char *name)
{
    const char *text = ps_json_text(json, name);

    (void)snprintf(out_name, PS_ALARM_TEXT, "%s", text == NULL ? "" : text);
}

void ps_alarm_record_read(struct ps_alarm_record *out_record, const cJSON *json, int64_t now_ms)
{
    struct ps_alarm_record record = { .known = true, .raised = true };
    int64_t route;

    record.confirmed = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "confirmed"));
    record.notified_ago_ms = now_ms - past_ms(json, "told_ms", now_ms);
    record.raised_ms = past_ms(json, "raised_ms", now_ms);
    if (!ps_json_int(json, "route", PS_ALARM_OUTBOX, PS_ALARM_WEBHOOK, &route))
        route = PS_ALARM_NOTIFIER;
    record.route = (enum ps_alarm_route)route;
    if (!ps_json_int(json, "times", 1, INT64_MAX, &record.times))
        record.times = 1;
    read_name(record.slack_ts, json, "slack_ts");
    read_name(record.slack_channel, json, "slack_channel");
    *out_record = record;
}

/* An incident that another one explains is neither reported nor over: when the other one ends, its
 * own time begins anew. Otherwise an overdue poll would be reported at the moment Redis is back. */
static void observe(struct ps_alarm *alarm, const struct ps_alarm_look *look)
{
    enum ps_incident_state state = look->view->items[look->incident].state;
    bool present = state == PS_INCIDENT_PRESENT;
    bool explained = ps_incidents_explained(look->view, look->incident);

    if (!present || explained)
        alarm->present_ms = 0;
    else if (alarm->present_ms == 0)
        alarm->present_ms = look->now_ms;
    if (state != PS_INCIDENT_ABSENT)
        alarm->absent_ms = 0;
    else if (alarm->absent_ms == 0)
        alarm->absent_ms = look->now_ms;
}

enum ps_alarm_next ps_alarm_step(struct ps_alarm *alarm, const struct ps_alarm_look *look)
{
    const struct ps_alarm_record *record = look->record;
    int64_t hold_ms = ps_alarm_hold_ms(look->incident, look->after_ms);

    /* People know of a raised incident. So after a restart of the programs, which forgets how long
     * they have seen it, its time does not begin anew: the repeat would be late by as much. */
    if (record != NULL && record->raised)
        hold_ms = ps_min_int(hold_ms, PS_ALARM_HOLD_MIN_MS);
    observe(alarm, look);
    if (ps_incident_row(look->incident)->severity == PS_SEVERITY_NOTE)
        return PS_ALARM_NOTHING;
    if (record != NULL && record->raised && alarm->absent_ms > 0 &&
        look->now_ms - alarm->absent_ms >= PS_ALARM_CLEAR_MS &&
        record->seen_ms >= PS_ALARM_UNSEEN_MS)
        return PS_ALARM_OVER;
    if (alarm->present_ms == 0 || look->now_ms - alarm->present_ms < hold_ms + look->patience_ms)
        return PS_ALARM_NOTHING;
    if (record == NULL || !record->known)
        return PS_ALARM_NOTIFY;
    if (record->raised && !record->confirmed && record->notified_ago_ms >= PS_ALARM_CONFIRM_MS &&
        look->route > record->route)
        return PS_ALARM_REROUTE;
    /* The program with the best route repeats it too: another one's repeat might not arrive. */
    return record->notified_ago_ms >=
                   ps_alarm_repeat_ms(look->incident, look->interval_ms) + look->patience_ms
               ? PS_ALARM_NOTIFY
               : PS_ALARM_NOTHING;
}
