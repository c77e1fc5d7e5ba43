/* Tells operations when no poll succeeds, whatever keeps the poll itself from telling. */
#ifndef PS_SCHEDULER_ALERT_H
#define PS_SCHEDULER_ALERT_H
#include "scheduler/io/leadership.h"
#include "scheduler/io/outbox_relay.h"

struct ps_alert;

/* Looks every second from now on; acts while office leads only. */
struct ps_alert *ps_alert_create(struct ps_leadership *leadership,
                                 struct ps_outbox_relay *relay) PS_MUST_USE;
void ps_alert_destroy(struct ps_alert *alert); /* after redis and pg are gone; NULL is fine */
/* The mirrors are loaded: counts from the last good poll. */
void ps_alert_start(struct ps_alert *alert);
void ps_alert_good(struct ps_alert *alert); /* a poll succeeded */
/* Polls go on with the stored index, downloaded at fetched_ms (wall clock), which has become too
 * old. Told once for each such download, whoever leads. */
void ps_alert_index_stale(struct ps_alert *alert, int64_t fetched_ms);
/* It was downloaded again, after it had been told of. */
void ps_alert_index_fresh(struct ps_alert *alert, int64_t fetched_ms);

#endif
