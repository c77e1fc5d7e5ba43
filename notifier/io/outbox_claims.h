/* The outbox as the notifier sees it: who sends a message, and that it was sent. */
#ifndef PS_NOTIFIER_OUTBOX_CLAIMS_H
#define PS_NOTIFIER_OUTBOX_CLAIMS_H
#include "notifier/core/channel_queues.h"
#include "shared/core/metrics.h"
#include "shared/io/pg.h"

struct ps_outbox_claims;

/* A message as it came. All three must be a row's (the time nearly): an id alone can be pushed by
   anybody, and a list can be older than the database. created_ms 0: not told, and any. */
struct ps_outbox_claims_name {
    const char *id, *channel;
    int64_t created_ms;
};
struct ps_outbox_claims_name
ps_outbox_claims_name_of(const struct ps_message *content); /* borrows */

/* by: who has it, when TAKEN for so long that nothing it began can be under way (30 s: a claim that
   is older than PS_CHANNEL_QUEUES_CLAIM_MS is renewed before a request, which takes 10 s at most);
   else NULL. */
typedef void (*ps_claim_fn)(void *cookie, enum ps_claim claim, const char *by,
                            const struct ps_err *err);
/* err is NULL when it is written down. */
typedef void (*ps_mark_fn)(void *cookie, const struct ps_err *err);

/* Borrows pg; copies instance. */
struct ps_outbox_claims *ps_outbox_claims_create(struct ps_pg *pg,
                                                 const char *instance) PS_MUST_USE;
/* From now on the time from a draft's upload to its message is observed in metrics (borrowed). */
void ps_outbox_claims_measure(struct ps_outbox_claims *claims, struct ps_metrics *metrics);
void ps_outbox_claims_destroy(struct ps_outbox_claims *claims);
bool ps_outbox_claims_up(const struct ps_outbox_claims *claims); /* PostgreSQL is reached */
/* Ours, unless another claimed it within two minutes or it was sent. heir_of: who is known to be
   dead and told as by; NULL for nobody. fn as for ps_pg_run. */
void ps_outbox_claims_take(struct ps_outbox_claims *claims, struct ps_outbox_claims_name name,
                           const char *heir_of, ps_claim_fn fn, void *cookie);
/* With Slack's names of the message and its channel. */
void ps_outbox_claims_sent(struct ps_outbox_claims *claims,
                           const struct ps_outgoing_message *message, ps_mark_fn fn, void *cookie);
void ps_outbox_claims_dead(struct ps_outbox_claims *claims, struct ps_outbox_claims_name name,
                           const char *reason, ps_mark_fn fn, void *cookie);
/* Somebody else may send it at once; doubtful: after a look whether we did. */
void ps_outbox_claims_release(struct ps_outbox_claims *claims, const char *id, bool doubtful,
                              ps_mark_fn fn, void *cookie);

/* Gives a batch that makes a message that was given up a message to send again (dead replay).
 * requeue: Redis has it no more, so the leader pushes it anew. */
struct ps_pg_batch *ps_outbox_claims_revive(struct ps_outbox_claims_name name,
                                            bool requeue) PS_MUST_USE;
/* Gives a batch after which it is no dead letter any more, and is not sent either (dead drop). */
struct ps_pg_batch *ps_outbox_claims_drop(struct ps_outbox_claims_name name) PS_MUST_USE;
/* Gives a batch that reads the dead letters, the oldest first (dead_letters.sql). PostgreSQL is the
 * truth about them; Redis has a copy for people, which a flush removes. */
struct ps_pg_batch *ps_outbox_claims_letters(void) PS_MUST_USE;

#endif
