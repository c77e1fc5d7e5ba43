/* Moves the outbox to the notify list (promise 4): bundles rows into messages when their cycle has
 * closed, pushes messages, and marks them queued. A crash between the two pushes a message twice;
 * the notifier claims it once. */
#ifndef PS_SCHEDULER_OUTBOX_RELAY_H
#define PS_SCHEDULER_OUTBOX_RELAY_H
#include "scheduler/io/leadership.h"

struct ps_outbox_relay;

struct ps_outbox_relay *ps_outbox_relay_create(struct ps_leadership *leadership) PS_MUST_USE;
/* After redis and pg are gone. NULL is fine. */
void ps_outbox_relay_destroy(struct ps_outbox_relay *relay);
/* Looks into the outbox every second while office leads, and soon after each kick. */
void ps_outbox_relay_start(struct ps_outbox_relay *relay);
void ps_outbox_relay_stop(struct ps_outbox_relay *relay);
void ps_outbox_relay_kick(struct ps_outbox_relay *relay);

#endif
