/* Moves messages from the outbox to the list `notify` (guarantee 4).
 *
 * Bundles rows into messages when their cycle has closed, pushes messages, and marks them as
 * queued. A crash between push and mark pushes a message twice; the notifier claims it once. A
 * full list holds messages back in the outbox, which has no limit. */
#ifndef PS_SCHEDULER_OUTBOX_RELAY_H
#define PS_SCHEDULER_OUTBOX_RELAY_H
#include "scheduler/io/leadership.h"

struct ps_outbox_relay;

/* Borrows leadership. */
struct ps_outbox_relay *ps_outbox_relay_create(struct ps_leadership *leadership) PS_MUST_USE;
/* Call it after redis and pg are destroyed. NULL is fine. */
void ps_outbox_relay_destroy(struct ps_outbox_relay *relay);
/* Begins to read the outbox, when this scheduler leads and its mirrors are loaded. Reads it again
 * after each kick, when the next row becomes due, and on a timer: every ten seconds if signals
 * arrive, otherwise every second. */
void ps_outbox_relay_start(struct ps_outbox_relay *relay);
void ps_outbox_relay_stop(struct ps_outbox_relay *relay); /* the leadership has ended */
/* The outbox has a new row, or a row was released: reads it soon. */
void ps_outbox_relay_kick(struct ps_outbox_relay *relay);

#endif
