#include "shared/core/incidents.h"

#include "shared/core/alloc.h"

#include <stdio.h>
#include <string.h>

static const struct ps_incident_row rows[PS_INCIDENT_COUNT] = {
#define PS_X(id, name, severity, hold_s, rule, title, over, advice)                                \
    [PS_INCIDENT_##                                                                                \
        id] = { name, PS_SEVERITY_##severity, (hold_s)*INT64_C(1000), rule, title, over, advice },
#include "shared/core/incident.def"
#undef PS_X
};

#define BIT(id) (UINT64_C(1) << PS_INCIDENT_##id)
#define FLEET   (BIT(NO_LEADER) | BIT(NO_WORKERS) | BIT(NO_NOTIFIER) | BIT(STUCK) | BIT(NOT_READY))
#define POLLS   (BIT(NO_GOOD_POLL) | BIT(ERROR_SHARE) | BIT(TASKS_WAIT) | BIT(INDEX_STALE))
#define SENDING (BIT(MESSAGE_WAITS) | BIT(BACKPRESSURE) | BIT(STUCK))

/* What each incident explains: conditions that it causes and that end with it. While it is present,
 * they are not announced. alertmanager.example.yml has the same inhibitions (lint.observability
 * compares). Explain only what must follow: an incident that is wrongly explained alerts nobody. */
static const uint64_t explains[PS_INCIDENT_COUNT] = {
    [PS_INCIDENT_REDIS_DOWN] = FLEET | POLLS | SENDING | BIT(REDIS_REFUSES_WRITES),
    [PS_INCIDENT_REDIS_REFUSES_WRITES] = FLEET | POLLS | SENDING | BIT(REDIS_MEMORY),
    [PS_INCIDENT_REDIS_UNFIT] = FLEET | POLLS | SENDING,
    [PS_INCIDENT_POSTGRES_DOWN] =
        FLEET | POLLS | SENDING | BIT(POSTGRES_REFUSES_WRITES) | BIT(POSTGRES_ENCODING),
    [PS_INCIDENT_POSTGRES_REFUSES_WRITES] = FLEET | POLLS | SENDING,
    [PS_INCIDENT_POSTGRES_ENCODING] = FLEET | POLLS | SENDING, /* programs refuse to use it */
    [PS_INCIDENT_NO_LEADER] = POLLS | BIT(NOT_READY) | BIT(NO_WORKERS),
    [PS_INCIDENT_NO_WORKERS] = POLLS | BIT(STUCK),
    [PS_INCIDENT_NO_NOTIFIER] = SENDING,
    [PS_INCIDENT_STUCK] = POLLS,
    [PS_INCIDENT_SITE_DISBELIEVED] = BIT(NO_GOOD_POLL) | BIT(ERROR_SHARE),
    [PS_INCIDENT_NO_GOOD_POLL] = BIT(ERROR_SHARE) | BIT(INDEX_STALE),
    [PS_INCIDENT_INDEX_IMPLAUSIBLE] = BIT(INDEX_STALE),
    [PS_INCIDENT_CERTIFICATE_REFUSED] = BIT(CERTIFICATE_ENDS),
    [PS_INCIDENT_HOST_PAUSED] = BIT(TASKS_WAIT),
    [PS_INCIDENT_SLACK_REFUSED] =
        SENDING | BIT(SLACK_FAILING) | BIT(SLACK_CHANNEL) | BIT(NOT_READY),
    [PS_INCIDENT_SLACK_FAILING] = SENDING,
    [PS_INCIDENT_SLACK_CHANNEL] = BIT(DEAD_LETTERS),
};

const struct ps_incident_row *ps_incident_row(enum ps_incident incident)
{
    return &rows[incident];
}

bool ps_incident_parse(const char *name, enum ps_incident *out_incident)
{
    for (int i = 0; i < PS_INCIDENT_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *out_incident = (enum ps_incident)i;
            return true;
        }
    }
    return false;
}

const char *ps_severity_name(enum ps_severity severity)
{
    static const char *const names[] = { "note", "ticket", "page" };

    return names[severity];
}

/* Copies text, cut to fit, but never within a UTF-8 character. */
static void cut(char out_text[PS_INCIDENT_CAUSE], const char *text)
{
    size_t len = strlen(text);

    if (len >= PS_INCIDENT_CAUSE) {
        len = PS_INCIDENT_CAUSE - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
    }
    memcpy(out_text, text, len);
    out_text[len] = '\0';
}

void ps_incidents_note(struct ps_incident_set *set, enum ps_incident incident, bool present,
                       const char *cause)
{
    struct ps_incident_view *view = &set->items[incident];

    if (present && view->state != PS_INCIDENT_PRESENT) {
        view->state = PS_INCIDENT_PRESENT;
        cut(view->cause, cause == NULL ? "" : cause);
    } else if (view->state == PS_INCIDENT_UNKNOWN) {
        view->state = PS_INCIDENT_ABSENT;
    }
}

void ps_incidents_began(struct ps_incident_set *set, enum ps_incident incident, int64_t since_ms)
{
    struct ps_incident_view *view = &set->items[incident];

    if (since_ms > 0 && (view->since_ms == 0 || since_ms < view->since_ms))
        view->since_ms = since_ms;
}

bool ps_incidents_present(const struct ps_incident_set *set, enum ps_incident incident)
{
    return set->items[incident].state == PS_INCIDENT_PRESENT;
}

void ps_incidents_merge(struct ps_incident_set *set, const struct ps_incident_set *other)
{
    for (int i = 0; i < PS_INCIDENT_COUNT; i++)
        if (other->items[i].state > set->items[i].state)
            set->items[i] = other->items[i];
}

void ps_incidents_since(struct ps_incident_set *set, const struct ps_incident_set *before,
                        int64_t now_ms)
{
    for (int i = 0; i < PS_INCIDENT_COUNT; i++) {
        const struct ps_incident_view *old = &before->items[i];

        if (set->items[i].state != PS_INCIDENT_PRESENT || set->items[i].since_ms > 0)
            continue;
        set->items[i].since_ms =
            old->state == PS_INCIDENT_PRESENT && old->since_ms > 0 ? old->since_ms : now_ms;
    }
}

bool ps_incidents_explained(const struct ps_incident_set *set, enum ps_incident incident)
{
    for (int i = 0; i < PS_INCIDENT_COUNT; i++)
        if (i != (int)incident && ps_incidents_present(set, (enum ps_incident)i) &&
            (explains[i] & (UINT64_C(1) << incident)) != 0)
            return true;
    return false;
}

bool ps_incidents_degraded(const struct ps_incident_set *set)
{
    for (int i = 0; i < PS_INCIDENT_COUNT; i++)
        if (ps_incidents_present(set, (enum ps_incident)i) && rows[i].severity != PS_SEVERITY_NOTE)
            return true;
    return false;
}

char *ps_incident_line(enum ps_incident incident, const char *cause)
{
    if (cause == NULL || cause[0] == '\0')
        return ps_alloc_text(rows[incident].title);
    return ps_alloc_format("%s: %s", rows[incident].title, cause);
}

char *ps_incident_runbook(enum ps_incident incident, const char *base)
{
    if (base[0] == '\0')
        return ps_alloc_format("deploy/RUNBOOK.md, entry %s", rows[incident].rule);
    return ps_alloc_format("%s#%s", base, rows[incident].rule);
}

static cJSON *view_json(enum ps_incident incident, const struct ps_incident_view *view)
{
    cJSON *json = cJSON_CreateObject();

    ps_json_add_text(json, "name", rows[incident].name);
    ps_json_add_text(json, "severity", ps_severity_name(rows[incident].severity));
    ps_json_add_text(json, "what", rows[incident].title);
    ps_json_add_text(json, "cause", view->cause);
    ps_json_add_time(json, "since", view->since_ms);
    ps_json_add_text(json, "runbook", rows[incident].rule);
    return json;
}

cJSON *ps_incidents_json(const struct ps_incident_set *set, enum ps_severity least)
{
    int worst = least == PS_SEVERITY_NOTE ? PS_SEVERITY_NOTE : PS_SEVERITY_PAGE;
    cJSON *list = cJSON_CreateArray();

    for (int severity = worst; severity >= (int)least; severity--)
        for (int i = 0; i < PS_INCIDENT_COUNT; i++)
            if ((int)rows[i].severity == severity && ps_incidents_present(set, (enum ps_incident)i))
                cJSON_AddItemToArray(list, view_json((enum ps_incident)i, &set->items[i]));
    return list;
}
