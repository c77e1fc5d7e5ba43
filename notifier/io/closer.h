/* Writes down what became of a message, in PostgreSQL and in Redis, until both know it. */
#ifndef PS_NOTIFIER_CLOSER_H
#define PS_NOTIFIER_CLOSER_H
#include "notifier/core/message.h"
#include "notifier/io/claims.h"
#include "notifier/io/queue.h"

struct ps_closer;

struct ps_closer_options {
    struct ps_loop *loop; /* borrowed, as all of these */
    struct ps_queue *queue;
    struct ps_claims *claims;
    void *cookie;
    void (*closed)(void *cookie, struct ps_message *message); /* may destroy message */
    void (*idle)(void *cookie); /* one entry less; see ps_closer_busy */
};

struct ps_closer *ps_closer_create(const struct ps_closer_options *options) PS_MUST_USE;
void ps_closer_destroy(struct ps_closer *closer);
/* A sent message is marked before it leaves the in-flight list: a crash between brings it back as a
   duplicate, never as a loss. One given up reaches the dead list first. Borrows message until
   closed. */
void ps_closer_close(struct ps_closer *closer, enum ps_close close, struct ps_message *message);
/* A list entry that is no message: to the dead list with the reason. Copies. */
void ps_closer_bury(struct ps_closer *closer, struct ps_str raw, const char *reason);
bool ps_closer_holds(const struct ps_closer *closer, struct ps_str raw); /* among the buried */
size_t ps_closer_busy(const struct ps_closer *closer);
/* No more patience: what was sent leaves the list without its mark, and what cannot be written now
   is left as it is. */
void ps_closer_hurry(struct ps_closer *closer);

#endif
