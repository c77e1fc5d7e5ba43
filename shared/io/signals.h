/* Signals between the programs: "look again" without what changed, over the Redis stream `signals`.
 *
 * Without them each program would have to read Redis and PostgreSQL every second or two to notice a
 * change soon. With them a program reads when something changed, and seldom otherwise. A signal is
 * a hint and nothing may depend on it: it is lost when Redis is away, when the user of Redis may
 * not run XREAD, or when a program of the version before made the change. So everybody who listens
 * also reads on a timer, with the period that ps_signals_period gives. */
#ifndef PS_IO_SIGNALS_H
#define PS_IO_SIGNALS_H
#include "shared/core/keys.h"
#include "shared/io/redis.h"

/* PS_X(identifier, "name in the stream") */
#define PS_SIGNALS(PS_X)                                                                           \
    PS_X(INCIDENTS, "incidents") /* an observation or an alarm record in Redis has changed */      \
    PS_X(LEASE, "lease")         /* the lease was released, or another scheduler took it */        \
    PS_X(OUTBOX, "outbox")       /* the outbox has a row for the relay, or a row is released */    \
    PS_X(EVENT, "event")         /* a person's command was stored */                               \
    PS_X(TASKS, "tasks")         /* tasks were published after a while without */                  \
    PS_X(LIBRARY, "library")     /* papers or drafts were stored */                                \
    PS_X(STATS, "stats")         /* an operator's wish or a dead letter was stored */

enum ps_signal {
#define PS_X(id, name) PS_SIGNAL_##id,
    PS_SIGNALS(PS_X)
#undef PS_X
        PS_SIGNAL_COUNT
};

struct ps_signals;

/* Listens on a connection of its own, with options (borrowed for the call). Sends on redis
 * and keys (borrowed). Fails as ps_redis_create does. */
struct ps_signals *ps_signals_create(struct ps_loop *loop, const struct ps_redis_options *options,
                                     struct ps_redis *redis, const struct ps_keys *keys,
                                     struct ps_err *err) PS_MUST_USE;
void ps_signals_destroy(struct ps_signals *signals); /* no fn runs any more; NULL is fine */

/* fn runs on the loop after each such signal, also one of this program, and each time that signals
 * begin to arrive again, because some may be lost. Cannot be taken back: cookie lives as long as
 * signals. */
void ps_signals_listen(struct ps_signals *signals, enum ps_signal signal, void (*fn)(void *cookie),
                       void *cookie);
/* Sends it to all programs, this one too, soon: at once, or 200 ms after the last of its kind. */
void ps_signals_send(struct ps_signals *signals, enum ps_signal signal);
/* Writes it once on redis, at once; fn (may be NULL) gets the reply. For a command, which listens
 * to none. */
void ps_signals_write(struct ps_redis *redis, const struct ps_keys *keys, enum ps_signal signal,
                      ps_redis_fn fn, void *cookie);
/* Whether signals arrive. */
bool ps_signals_arrive(const struct ps_signals *signals);
/* How often to read what a signal announces: often_ms where none arrives, else seldom_ms. signals
 * may be NULL: none arrives. */
int64_t ps_signals_period(const struct ps_signals *signals, int64_t often_ms, int64_t seldom_ms);
const char *ps_signal_name(enum ps_signal signal);

#endif
