/* The notifier's fields of /health, the reasons why it is not ready, and its gauges. Values only;
 * what counts as an incident is decided by shared/io/incident_monitor. */
#ifndef PS_NOTIFIER_HEALTH_H
#define PS_NOTIFIER_HEALTH_H
#include "shared/core/health.h"
#include "shared/core/metrics.h"
#include "shared/core/result.h"

enum { PS_NOTIFIER_FIELDS = 9 };
/* Read with a struct ps_notifier as cookie. */
extern const struct ps_health_field ps_notifier_fields[PS_NOTIFIER_FIELDS];
/* Appends the reasons why the notifier is not ready, as texts for people. */
void ps_notifier_reasons(void *self, cJSON *out_reasons);
/* Sets the notifier's gauges. */
void ps_notifier_set_metrics(void *self, struct ps_metrics *metrics);
/* Adds the fields of the notifier's heartbeat; the status page and `status` read them. */
void ps_notifier_beat(void *self, struct ps_fields *fields);

#endif
