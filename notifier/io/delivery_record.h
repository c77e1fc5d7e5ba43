/* Stores the outcome of each message, in PostgreSQL and in Redis, and tries again until both have
 * it.
 *
 * Place in the data flow: the last step of the sender. Do not change the order lightly: a sent
 * message is marked in the outbox before it leaves the in-flight list, so a crash between the two
 * gives a duplicate that the claim detects, and never a loss. */
#ifndef PS_NOTIFIER_DELIVERY_RECORD_H
#define PS_NOTIFIER_DELIVERY_RECORD_H
#include "notifier/core/outgoing_message.h"
#include "notifier/io/notify_queue.h"
#include "notifier/io/outbox_claims.h"
#include "shared/io/signals.h"

struct ps_delivery_record;

struct ps_delivery_record_options {
    struct ps_loop *loop; /* borrowed, as all of these */
    struct ps_notify_queue *notify_queue;
    struct ps_outbox_claims *claims;
    struct ps_signals *signals; /* NULL: none is sent */
    void *cookie;
    void (*closed)(void *cookie, struct ps_outgoing_message *message); /* may destroy message */
    void (*idle)(void *cookie); /* one entry less; see ps_delivery_record_busy */
};

struct ps_delivery_record *
ps_delivery_record_create(const struct ps_delivery_record_options *options) PS_MUST_USE;
void ps_delivery_record_destroy(struct ps_delivery_record *record); /* after redis and pg */
/* Stores the outcome of message, then calls closed. A sent message is marked in the outbox before
 * it leaves the in-flight list; a message that was given up reaches the dead list first. Borrows
 * message until closed. */
void ps_delivery_record_close(struct ps_delivery_record *record, enum ps_close close,
                              struct ps_outgoing_message *message);
/* Moves an invalid list entry to the dead list, with the reason. Copies both texts. */
void ps_delivery_record_bury(struct ps_delivery_record *record, struct ps_str raw,
                             const char *reason);
/* Returns whether raw is an entry whose burial is not finished. */
bool ps_delivery_record_holds(const struct ps_delivery_record *record, struct ps_str raw);
/* Returns how many outcomes are not stored yet. */
size_t ps_delivery_record_busy(const struct ps_delivery_record *record);
/* The grace period is nearly over: sent messages leave the list without their mark, and what cannot
 * be written now is left for another notifier. */
void ps_delivery_record_hurry(struct ps_delivery_record *record);

#endif
