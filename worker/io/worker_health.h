/* This daemon's fields in /health, /metrics, /readyz and its heartbeat; cookie is a ps_worker. */
#ifndef PS_WORKER_IO_WORKER_HEALTH_H
#define PS_WORKER_IO_WORKER_HEALTH_H
#include "shared/io/daemon.h"

enum { PS_WORKER_HEALTH_FIELDS = 6 };
extern const struct ps_health_field ps_worker_health_fields[PS_WORKER_HEALTH_FIELDS];

bool ps_worker_health_stuck(void *self);
void ps_worker_health_reasons(void *self, cJSON *out_reasons);
void ps_worker_health_metrics(void *self, struct ps_metrics *metrics);
void ps_worker_health_heartbeat(void *self, struct ps_fields *fields);

#endif
