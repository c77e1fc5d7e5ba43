/* The scheduler's part of /health, /readyz, /metrics and of its heartbeat, for struct ps_program.
 */
#ifndef PS_SCHEDULER_SCHEDULER_HEALTH_H
#define PS_SCHEDULER_SCHEDULER_HEALTH_H
#include "shared/io/daemon.h"

enum { PS_SCHEDULER_FIELDS = 22 };

extern const struct ps_health_field ps_scheduler_fields[PS_SCHEDULER_FIELDS];
void ps_scheduler_reasons(void *self, cJSON *out_reasons);
void ps_scheduler_set_metrics(void *self, struct ps_metrics *metrics);
void ps_scheduler_beat(void *self, struct ps_fields *fields);

#endif
