/* Observes incidents in one program, shares them with the other programs through Redis, and knows
 * which ones are present anywhere in the fleet.
 *
 * Place in the data flow: /health, the metric and the page read its view; io/alarm.h notifies
 * people of it. Guarantee 11: only an accepted write proves that a server takes writes, never the
 * state of a connection. A server that accepts connections and refuses writes would otherwise look
 * fine. */
#ifndef PS_IO_INCIDENT_MONITOR_H
#define PS_IO_INCIDENT_MONITOR_H
#include "shared/core/alarm.h"
#include "shared/core/incidents.h"
#include "shared/core/keys.h"
#include "shared/io/pg.h"
#include "shared/io/redis.h"
#include "shared/io/redis_fitness.h"
#include "shared/io/signals.h"

struct ps_incident_monitor;

struct ps_incident_monitor_options {
    struct ps_loop *loop; /* borrowed, as all below */
    struct ps_redis *redis;
    struct ps_redis_fitness *redis_fitness;
    struct ps_pg *pg;           /* NULL: this program has no database */
    struct ps_signals *signals; /* NULL: none arrive */
    const struct ps_keys *keys;
    const char *instance;
    /* Between two checks of PostgreSQL while nothing is wrong. The programs check at different
     * times and signal what they notice, so the fleet knows much sooner. */
    int64_t pg_idle_ms;
    /* This program raises no alarm, so it may look less often who is alive. */
    bool patient;
    void *cookie;
    /* Notes what this program knows beyond the servers. */
    void (*observe)(void *cookie, struct ps_incident_set *set);
};

/* Observes every second. Copies options. */
struct ps_incident_monitor *
ps_incident_monitor_create(const struct ps_incident_monitor_options *options) PS_MUST_USE;
void ps_incident_monitor_destroy(struct ps_incident_monitor *monitor); /* after redis and pg */
/* Returns the incidents that are present anywhere, as far as this program knows. Borrowed; updated
 * every second. */
const struct ps_incident_set *ps_incident_monitor_view(const struct ps_incident_monitor *monitor);
/* Sets out_record to the alarm record in PostgreSQL as read last, with its ages as of now, and
 * returns out_record. Returns NULL before the first read. */
const struct ps_alarm_record *ps_incident_monitor_record(const struct ps_incident_monitor *monitor,
                                                         enum ps_incident incident,
                                                         struct ps_alarm_record *out_record);
/* Returns whether Redis holds an alarm record of the incident, made while PostgreSQL took no
 * writes. Sets out_record, unless it is NULL, to that record as read last, with its ages as of now.
 */
bool ps_incident_monitor_in_redis(const struct ps_incident_monitor *monitor,
                                  enum ps_incident incident, struct ps_alarm_record *out_record);
/* Returns whether this program does not know yet if PostgreSQL takes writes: it has just started,
 * and the first exchange has not ended. It must use no other record meanwhile: other programs use
 * PostgreSQL's, and with two records people would read the alert twice. */
bool ps_incident_monitor_pg_unknown(const struct ps_incident_monitor *monitor);
/* Return whether PostgreSQL, or Redis, accepted a write of this program so recently that it still
 * proves that the server takes writes. */
bool ps_incident_monitor_pg_writes(const struct ps_incident_monitor *monitor);
bool ps_incident_monitor_redis_writes(const struct ps_incident_monitor *monitor);
/* Redis accepted a write of this program (err is NULL) or refused it. */
void ps_incident_monitor_wrote(struct ps_incident_monitor *monitor, const struct ps_err *err);
/* A scheduler's election looked at the lease: left_ms is Redis' answer to PTTL, leads says whether
 * this program holds it. So the monitor need not ask; and while somebody else leads and nothing is
 * wrong, it leaves it to the leader to notice in time who is gone. */
void ps_incident_monitor_lease(struct ps_incident_monitor *monitor, int64_t left_ms, bool leads);
/* An alarm record has changed: exchanges with the servers at the next look. */
void ps_incident_monitor_refresh(struct ps_incident_monitor *monitor);

#endif
