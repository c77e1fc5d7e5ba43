#include "scheduler/io/fleet_facts.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>
#include <string.h>

enum { DEAD_RECENT_MS = 3600000 /* a task that was given up is worth a warning for this long */ };

static const cJSON *first(const cJSON *read, const char *name)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(read, name);

    return list == NULL ? NULL : list->child;
}

int64_t ps_fleet_count(const cJSON *read, const char *component, const char *field)
{
    const cJSON *instance = first(read, "instances");
    int64_t sum = 0;

    if (!cJSON_HasObjectItem(read, "instances"))
        return -1;
    for (; instance != NULL; instance = instance->next)
        if (strcmp(ps_json_text(instance, "component"), component) == 0)
            sum += field == NULL ? 1 : ps_json_number(instance, field, 0);
    return sum;
}

static int64_t dead_tasks(const cJSON *read, int64_t now_ms)
{
    const cJSON *entry = first(read, "dead_tasks");
    int64_t recent = 0, at_ms;

    for (; entry != NULL; entry = entry->next) {
        const char *at = ps_json_text(entry, "at");

        recent +=
            at != NULL && ps_utc_time_parse_time(at, &at_ms) && at_ms > now_ms - DEAD_RECENT_MS;
    }
    return recent;
}

static const cJSON *paused_host(const cJSON *read)
{
    const cJSON *host = first(read, "hosts");

    while (host != NULL && ps_json_number(host, "paused_ms", 0) <= 0)
        host = host->next;
    return host;
}

cJSON *ps_fleet_standbys(const cJSON *read)
{
    const cJSON *instance = first(read, "instances");
    const char *leader = ps_json_text(read, "leader");
    cJSON *standbys = cJSON_CreateArray();

    for (; instance != NULL; instance = instance->next) {
        const char *id = ps_json_text(instance, "id");

        if (strcmp(ps_json_text(instance, "component"), "scheduler") == 0 &&
            (leader == NULL || strcmp(id, leader) != 0))
            cJSON_AddItemToArray(standbys, cJSON_CreateString(id));
    }
    return standbys;
}

void ps_fleet_facts(const cJSON *read, struct ps_fleet_facts *facts)
{
    const cJSON *notify = cJSON_GetObjectItemCaseSensitive(read, "notify");
    const cJSON *paused = paused_host(read);

    facts->schedulers = ps_fleet_count(read, "scheduler", NULL);
    facts->queue_length = ps_json_number(notify, "length", -1);
    facts->dead_tasks = dead_tasks(read, facts->now_ms);
    facts->paused_host = ps_json_text(paused, "host");
    facts->paused_why = ps_json_text(paused, "why");
    facts->paused_ms = ps_json_number(paused, "paused_ms", 0);
}

/* The field is <incident>@<instance>: each program shares what it observes. */
static void note_shared(const cJSON *incident, int64_t now_ms, struct ps_incident_set *set)
{
    const char *text = cJSON_GetStringValue(incident);
    cJSON *seen = text == NULL ? NULL : ps_json_parse(text, strlen(text), NULL);
    const char *until = ps_json_text(seen, "until_ms"), *since = ps_json_text(seen, "since_ms");
    char *name = ps_alloc_copy(incident->string, strcspn(incident->string, "@"));
    enum ps_incident which;

    if (until != NULL && strtoll(until, NULL, 10) >= now_ms && ps_incident_parse(name, &which)) {
        ps_incidents_note(set, which, true, ps_json_text(seen, "cause"));
        ps_incidents_began(set, which, since == NULL ? 0 : strtoll(since, NULL, 10));
    }
    free(name);
    cJSON_Delete(seen);
}

void ps_fleet_facts_incidents(const cJSON *read, int64_t now_ms, struct ps_incident_set *set)
{
    const cJSON *incident = first(read, "incidents");

    for (; incident != NULL; incident = incident->next)
        note_shared(incident, now_ms, set);
    if (read == NULL)
        return;
    ps_incidents_note(set, PS_INCIDENT_NO_LEADER, ps_json_text(read, "leader") == NULL, NULL);
    ps_incidents_note(set, PS_INCIDENT_NO_WORKERS, ps_fleet_count(read, "worker", NULL) == 0, NULL);
    ps_incidents_note(set, PS_INCIDENT_NO_NOTIFIER, ps_fleet_count(read, "notifier", NULL) == 0,
                      NULL);
}
