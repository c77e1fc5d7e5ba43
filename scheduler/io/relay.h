/* Moves the outbox to the notify list (promise 4): bundles rows into messages when their cycle has
 * closed, pushes messages, and marks them queued. A crash between the two pushes a message twice;
 * the notifier claims it once. */
#ifndef PS_SCHEDULER_RELAY_H
#define PS_SCHEDULER_RELAY_H
#include "scheduler/io/office.h"

struct ps_relay;

struct ps_relay *ps_relay_create(struct ps_office *office) PS_MUST_USE;
/* After redis and pg are gone. NULL is fine. */
void ps_relay_destroy(struct ps_relay *relay);
/* Looks into the outbox every second while office leads, and soon after each kick. */
void ps_relay_start(struct ps_relay *relay);
void ps_relay_stop(struct ps_relay *relay);
void ps_relay_kick(struct ps_relay *relay);

#endif
