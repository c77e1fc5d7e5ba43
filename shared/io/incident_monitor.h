/* Observes incidents in one program, shares them with the others through Redis, and knows which
 * ones are present anywhere in the fleet. /health, the metric and the page read its view; io/alarm
 * notifies people. It keeps guarantee 11: what is shown is decided by what was written and
 * answered, not by "connected". A server that accepts connections and refuses writes would
 * otherwise look fine. */
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
    /* It raises no alarm: it may learn a little later from Redis who is gone. */
    bool patient;
    void *cookie;
    /* Notes what this program knows beyond the servers. */
    void (*observe)(void *cookie, struct ps_incident_set *set);
};

/* Observes every second. Destroy it after redis and pg. */
struct ps_incident_monitor *
ps_incident_monitor_create(const struct ps_incident_monitor_options *options) PS_MUST_USE;
void ps_incident_monitor_destroy(struct ps_incident_monitor *monitor);
/* What is present anywhere, as far as this program knows. Borrowed. */
const struct ps_incident_set *ps_incident_monitor_view(const struct ps_incident_monitor *monitor);
/* Gives ${out_record}: the alarm record in PostgreSQL as read last, its ages as of now; or NULL
 * before the first read. */
const struct ps_alarm_record *ps_incident_monitor_record(const struct ps_incident_monitor *monitor,
                                                         enum ps_incident incident,
                                                         struct ps_alarm_record *out_record);
/* Whether Redis keeps an alarm record of it, made while PostgreSQL took no writes. Gives
 * ${out_record}, unless it is NULL: that record as read last, its ages as of now. */
bool ps_incident_monitor_in_redis(const struct ps_incident_monitor *monitor,
                                  enum ps_incident incident, struct ps_alarm_record *out_record);
/* Whether this program does not know yet if PostgreSQL takes its writes: it has just started, and
 * the first exchange has not ended. To use another record meanwhile would give two records, because
 * other programs use PostgreSQL's: people would read the alert twice. */
bool ps_incident_monitor_pg_unknown(const struct ps_incident_monitor *monitor);
/* PostgreSQL, and Redis, took a write of ours within the last seconds. */
bool ps_incident_monitor_pg_writes(const struct ps_incident_monitor *monitor);
bool ps_incident_monitor_redis_writes(const struct ps_incident_monitor *monitor);
/* A write of this program was accepted by Redis (err is NULL) or refused. */
void ps_incident_monitor_wrote(struct ps_incident_monitor *monitor, const struct ps_err *err);
/* A scheduler's election looked at the lease: left_ms is Redis' answer to PTTL, leads says whether
 * this program holds it. So the monitor need not ask; and while somebody else leads and nothing is
 * wrong, it leaves it to the leader to notice in time who is gone. */
void ps_incident_monitor_lease(struct ps_incident_monitor *monitor, int64_t left_ms, bool leads);
/* A record changed: read them again soon. */
void ps_incident_monitor_refresh(struct ps_incident_monitor *monitor);

#endif
