/* Sends messages: takes them from the list (notify_queue), asks core/channel_queues for the next
 * move, and carries it out: claim (outbox_claims), admission (channel_lock), look and send (sink).
 * delivery_record stores the outcome.
 *
 * This file is the loop that connects them; the rules are in core/channel_queues.h. */
#ifndef PS_NOTIFIER_SENDER_H
#define PS_NOTIFIER_SENDER_H
#include "notifier/core/channel_queues.h"
#include "notifier/io/channel_lock.h"
#include "notifier/io/notify_queue.h"
#include "notifier/io/outbox_claims.h"
#include "notifier/io/sink.h"
#include "shared/core/metrics.h"
#include "shared/io/failure_log.h"
#include "shared/io/tracer.h"
#include "shared/io/webhook_sink.h"

struct ps_sender;

struct ps_sender_options {
    struct ps_loop *loop; /* borrowed, as all but channel queues and sink */
    struct ps_redis *redis;
    const struct ps_redis_options *server; /* as in notify_queue.h */
    struct ps_signals *signals;            /* NULL: none is sent */
    const struct ps_keys *keys;
    struct ps_heartbeat *heartbeat;
    const char *instance;
    struct ps_outbox_claims *claims;
    struct ps_channel_lock *channels;
    struct ps_webhook_sink *webhook; /* the second way for ops alerts */
    struct ps_metrics *metrics;
    struct ps_failure_log *failures;
    struct ps_tracer *tracer; /* NULL: no traces are sent */
    struct ps_channel_queues_options queues;
    struct ps_sink sink; /* taken */
    void *cookie;
    /* The length of the notify list as last read. Called after each read, once the messages it
       brought are held, and after each message that is held no longer. */
    void (*depth)(void *cookie, int64_t length);
    /* It was delivered, or given up (its reason and category say why). Borrowed. */
    void (*closed)(void *cookie, const struct ps_outgoing_message *message, bool sent);
};

/* Starts to take messages once the heartbeat was written. */
struct ps_sender *ps_sender_create(const struct ps_sender_options *options) PS_MUST_USE;
void ps_sender_destroy(struct ps_sender *sender); /* after redis and pg; NULL is fine */
/* Redis or PostgreSQL came up or was lost: looks for the next moves of all messages. */
void ps_sender_wake(struct ps_sender *sender);
/* Sends a message of this notifier itself (an alarm), which is in no list; works without Redis.
 * Copies content. */
void ps_sender_say(struct ps_sender *sender, const struct ps_message *content);
/* The webhook delivered the message of this id, which waits for Slack: it is closed as sent. */
void ps_sender_rerouted(struct ps_sender *sender, const char *id);
/* Takes and sends nothing more. done runs on the loop once the outcomes of the requests in flight
   are stored and all other messages are back at the front of the list. hurry: does not wait for
   answers; messages whose requests are unanswered stay in the in-flight list, where another
   notifier finds them. */
void ps_sender_drain(struct ps_sender *sender, bool hurry, void (*done)(void *cookie),
                     void *cookie);
const struct ps_channel_queues *ps_sender_queues(const struct ps_sender *sender); /* borrowed */
/* Returns whether messages are held or in the list (depth of them), none had to wait, and still
 * none ended for limit_ms. */
bool ps_sender_stuck(const struct ps_sender *sender, int64_t depth, int64_t limit_ms);

#endif
