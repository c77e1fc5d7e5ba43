/* The lock of each Slack channel in Redis (channel:<channel>), which all notifiers share: which
 * notifier has the channel, when its next message may leave, how long Slack asked it to wait, and
 * which message is being sent.
 *
 * Place in the data flow: the sender asks before each send. Without the lock, two notifiers would
 * exceed Slack's rate for the channel and send its messages out of order. The lock also marks the
 * message that is being sent, so that a message whose sender died is looked for before it is sent
 * again. A holder that dies loses the lock with its heartbeat, or after PS_CHANNEL_LOCK_LEASE_MS.
 * Another notifier takes messages of the channel from the list (message_take.lua) only when those
 * that the dead holder had in hand are back in it. */
#ifndef PS_NOTIFIER_CHANNEL_LOCK_H
#define PS_NOTIFIER_CHANNEL_LOCK_H
#include "notifier/core/channel_queues.h"
#include "shared/core/keys.h"
#include "shared/io/redis.h"

enum {
    PS_CHANNEL_LOCK_LEASE_MS =
        30 * 1000,                      /* a notifier keeps a channel for so long without renewal */
    PS_CHANNEL_LOCK_KEEP_MS = 10 * 1000 /* between two renewals while messages wait */
};

struct ps_channel_lock;

/* Runs on the loop, exactly once, never before the question returned. */
typedef void (*ps_admit_fn)(void *cookie, const struct ps_admission *admission);

/* Borrows redis and keys; copies instance. launched_ms distinguishes this process from an earlier
   one of the same name. interval_ms: between two messages of one channel. */
struct ps_channel_lock *ps_channel_lock_create(struct ps_redis *redis, const struct ps_keys *keys,
                                               const char *instance, int64_t launched_ms,
                                               int64_t interval_ms) PS_MUST_USE;
void ps_channel_lock_destroy(struct ps_channel_lock *channels); /* after redis; NULL is fine */
/* Returns whether Redis can be asked. If not, only this notifier's own pacing limits a channel. */
bool ps_channel_lock_up(const struct ps_channel_lock *channels);
/* Asks whether the message may leave for its channel now. If so, it is marked as being sent until
   ps_notify_queue_settle or ps_channel_lock_answered removes the mark. A message without an outbox
   row is doubtful if it is no longer in our in-flight list: other notifiers concluded that this
   notifier had died, and may have sent the message. */
void ps_channel_lock_admit(struct ps_channel_lock *channels,
                           const struct ps_outgoing_message *message, ps_admit_fn fn, void *cookie);
/* Reports that Slack certainly did not accept the message. hold_ms: how long Slack asked the
 * channel to wait; 0 if it did not. */
void ps_channel_lock_answered(struct ps_channel_lock *channels, const char *channel, const char *id,
                              int64_t hold_ms);
/* Runs on the loop, exactly once; name is that of the question. */
typedef void (*ps_alive_fn)(void *cookie, const char *name, bool alive);
/* Asks whether the notifier of this name has a heartbeat. Without an answer it counts as alive;
 * otherwise two notifiers could send one message. */
void ps_channel_lock_alive(struct ps_channel_lock *channels, const char *name, ps_alive_fn fn,
                           void *cookie);
/* Extends this notifier's hold on the channel while messages for it wait here. */
void ps_channel_lock_keep(struct ps_channel_lock *channels, const char *channel);

#endif
