/* Claims in the outbox: which notifier sends a message, and that it was sent or given up.
 *
 * Place in the data flow: the sender claims a message before it sends it, and delivery_record marks
 * it afterwards. Guarantee: of two notifiers that have the same message only one may send it
 * (claim_take.sql is one statement). A claim that a dead notifier left ends by itself; its
 * successor learns that the message may have been sent. */
#ifndef PS_NOTIFIER_OUTBOX_CLAIMS_H
#define PS_NOTIFIER_OUTBOX_CLAIMS_H
#include "notifier/core/channel_queues.h"
#include "shared/core/metrics.h"
#include "shared/io/pg.h"

struct ps_outbox_claims;

/* Names a message. All three must be those of a row (the time within a minute): anybody can push an
 * id, and a list can be older than a database that was restored. created_ms 0: unknown, and not
 * compared. Borrows its texts. */
struct ps_outbox_claims_name {
    const char *id, *channel;
    int64_t created_ms;
};
struct ps_outbox_claims_name
ps_outbox_claims_name_of(const struct ps_message *content); /* borrows */

/* by: for TAKEN, the notifier that claimed it more than 30 s ago, else NULL. 30 s is safe:
 * a notifier renews a claim older than 10 s (PS_CHANNEL_QUEUES_CLAIM_MS) before a request, and a
 * request takes 10 s at most. */
typedef void (*ps_claim_fn)(void *cookie, enum ps_claim claim, const char *by,
                            const struct ps_err *err);
/* err is NULL if it is stored. */
typedef void (*ps_mark_fn)(void *cookie, const struct ps_err *err);

/* Borrows pg; copies instance. */
struct ps_outbox_claims *ps_outbox_claims_create(struct ps_pg *pg,
                                                 const char *instance) PS_MUST_USE;
/* From now on the time from the upload of a draft to its message is measured in metrics (borrowed).
 */
void ps_outbox_claims_measure(struct ps_outbox_claims *claims, struct ps_metrics *metrics);
void ps_outbox_claims_destroy(struct ps_outbox_claims *claims);  /* after pg; NULL is fine */
bool ps_outbox_claims_up(const struct ps_outbox_claims *claims); /* PostgreSQL is connected */
/* Claims a message, unless another notifier claimed it within the last two minutes or it was sent.
 * heir_of: a notifier that an earlier answer named as by and that is known to be dead; its claim
 * ends now. NULL for none. fn as for ps_pg_run. */
void ps_outbox_claims_take(struct ps_outbox_claims *claims, struct ps_outbox_claims_name name,
                           const char *heir_of, ps_claim_fn fn, void *cookie);
/* Marks a message as sent, with Slack's names of the message and its channel. */
void ps_outbox_claims_sent(struct ps_outbox_claims *claims,
                           const struct ps_outgoing_message *message, ps_mark_fn fn, void *cookie);
/* Marks a message as given up, with the reason for people: a dead letter. */
void ps_outbox_claims_dead(struct ps_outbox_claims *claims, struct ps_outbox_claims_name name,
                           const char *reason, ps_mark_fn fn, void *cookie);
/* Gives the claim up: another notifier may send the message at once; with doubtful only after it
 * looked whether we did. */
void ps_outbox_claims_release(struct ps_outbox_claims *claims, const char *id, bool doubtful,
                              ps_mark_fn fn, void *cookie);

/* Gives a batch after which a dead letter may be sent again (dead replay). requeue: Redis has lost
 * its copy, so the leader queues it again. */
struct ps_pg_batch *ps_outbox_claims_revive(struct ps_outbox_claims_name name,
                                            bool requeue) PS_MUST_USE;
/* Gives a batch after which a dead letter is listed nowhere and never sent (dead drop). */
struct ps_pg_batch *ps_outbox_claims_drop(struct ps_outbox_claims_name name) PS_MUST_USE;
/* Gives a batch that reads the dead letters, the oldest first (dead_letters.sql). PostgreSQL is the
 * truth about them; Redis has a copy for people, which a flush removes. */
struct ps_pg_batch *ps_outbox_claims_letters(void) PS_MUST_USE;

#endif
