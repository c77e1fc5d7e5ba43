/* The list of incidents (incident.def), and what one program knows of them at one moment: a set.
 * Pure. `status`, the page, /health, the metric, Slack and the alert rules all take names,
 * severities and texts from here, so that one incident has one name everywhere (guarantee 11). */
#ifndef PS_CORE_INCIDENTS_H
#define PS_CORE_INCIDENTS_H
#include "shared/core/json.h"

#include <stdbool.h>
#include <stdint.h>

enum ps_incident {
#define PS_X(id, name, severity, hold_s, rule, title, over, advice) PS_INCIDENT_##id,
#include "shared/core/incident.def"
#undef PS_X
    PS_INCIDENT_COUNT
};

enum ps_severity { PS_SEVERITY_NOTE, PS_SEVERITY_TICKET, PS_SEVERITY_PAGE };

struct ps_incident_row {
    const char *name; /* "redis_down" */
    enum ps_severity severity;
    int64_t hold_ms;    /* it lasts so long before people are notified (ps_alarm_hold_ms) */
    const char *rule;   /* "PaperscoutRedisDown": alert rule and anchor in the runbook */
    const char *title;  /* what is wrong */
    const char *over;   /* that it is over */
    const char *advice; /* what it causes and what to do */
};

const struct ps_incident_row *ps_incident_row(enum ps_incident incident); /* static */
/* Returns false if name is not an incident; a program of another version may know more. */
bool ps_incident_parse(const char *name, enum ps_incident *out_incident) PS_MUST_USE;
const char *ps_severity_name(enum ps_severity severity); /* "page" "ticket" "note" */

/* UNKNOWN: this program cannot observe it; its silence must neither raise nor clear an alarm. */
enum ps_incident_state { PS_INCIDENT_UNKNOWN, PS_INCIDENT_ABSENT, PS_INCIDENT_PRESENT };

enum { PS_INCIDENT_CAUSE = 240 };

/* Zeroed: nothing is known. */
struct ps_incident_set {
    struct ps_incident_view {
        enum ps_incident_state state;
        int64_t since_ms;              /* wall clock; 0: not known */
        char cause[PS_INCIDENT_CAUSE]; /* of a PRESENT one: "HTTP 403 from isocpp.org …"; may be ""
                                        */
    } items[PS_INCIDENT_COUNT];
};

/* Notes what is known: present with a cause (cut to fit; NULL for none), or absent. A present one
 * stays present when a second observation says absent. */
void ps_incidents_note(struct ps_incident_set *set, enum ps_incident incident, bool present,
                       const char *cause);
/* One observer has seen the present incident since then (wall clock; 0: not known): the earliest
 * time counts. */
void ps_incidents_began(struct ps_incident_set *set, enum ps_incident incident, int64_t since_ms);
bool ps_incidents_present(const struct ps_incident_set *set, enum ps_incident incident);
/* Adds what other knows: PRESENT wins over ABSENT, and ABSENT over UNKNOWN. Of two that are present
 * the cause of ${set} stays. */
void ps_incidents_merge(struct ps_incident_set *set, const struct ps_incident_set *other);
/* Carries the time since which each one is present over from the set before; new ones get now_ms.
 */
void ps_incidents_since(struct ps_incident_set *set, const struct ps_incident_set *before,
                        int64_t now_ms);
/* Returns whether another incident that is present explains this one. Then only the other one is
 * announced: without Redis there is also no leader, no poll and no worker. */
bool ps_incidents_explained(const struct ps_incident_set *set, enum ps_incident incident);
/* Returns whether a PAGE or TICKET is present. */
bool ps_incidents_degraded(const struct ps_incident_set *set);

/* Gives [{"name","severity","what","cause","since","runbook"}] of those present, worst first: for
 * TICKET those of severity TICKET and PAGE, for NOTE the notes. */
cJSON *ps_incidents_json(const struct ps_incident_set *set, enum ps_severity least) PS_MUST_USE;
/* Gives title and cause as one text: "The draft site cannot be believed: HTTP 403 from …". cause
 * may be NULL or "". The caller frees it, as the next one. */
char *ps_incident_line(enum ps_incident incident, const char *cause) PS_MUST_USE;
/* Gives the place of the incident's entry in the runbook: a link below base (RUNBOOK_URL), or the
 * file and the entry if base is "". */
char *ps_incident_runbook(enum ps_incident incident, const char *base) PS_MUST_USE;

#endif
