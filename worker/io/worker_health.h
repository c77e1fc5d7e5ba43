/* What a worker contributes to /health, /readyz, /metrics and its heartbeat.
 *
 * Only reads counters in memory: guarantee 8 forbids these answers to wait for a server. cookie and
 * self are the struct ps_worker. */
#ifndef PS_WORKER_IO_WORKER_HEALTH_H
#define PS_WORKER_IO_WORKER_HEALTH_H
#include "shared/io/daemon.h"

enum { PS_WORKER_HEALTH_FIELDS = 6 };
extern const struct ps_health_field ps_worker_health_fields[PS_WORKER_HEALTH_FIELDS];

/* Appends why the worker is not ready, as texts for people. */
void ps_worker_health_reasons(void *self, cJSON *out_reasons);
/* Sets the worker's gauges. */
void ps_worker_health_metrics(void *self, struct ps_metrics *metrics);
/* Adds the fields of the worker's heartbeat; the status page and `status` read them. */
void ps_worker_health_heartbeat(void *self, struct ps_fields *fields);

#endif
