/* The list `notify` in Redis: moves messages to the in-flight list of this notifier, acknowledges
 * them, and takes over what dead notifiers held.
 *
 * Place in the data flow: the leader's relay pushes to the list; this module takes, and the sender
 * adds the messages to its channel queues. Guarantee: a message is always in the list, in one
 * in-flight list, or in the dead list, because each move is one script; a notifier that dies loses
 * nothing. The list carries no truth for messages that have outbox rows: those are claimed before
 * they are sent, so a list that was duplicated or restored sends nothing twice. */
#ifndef PS_NOTIFIER_NOTIFY_QUEUE_H
#define PS_NOTIFIER_NOTIFY_QUEUE_H
#include "shared/core/keys.h"
#include "shared/core/str.h"
#include "shared/io/heartbeat.h"
#include "shared/io/redis.h"

#include <stddef.h>

struct ps_notify_queue;

enum {
    PS_NOTIFY_QUEUE_OF_ONE = 8,  /* messages of one channel in one take */
    PS_NOTIFY_QUEUE_RESERVE = 64 /* room kept for messages that overtake */
};

typedef void (*ps_notify_queue_visit_fn)(void *cookie, const char *channel);

struct ps_notify_queue_options {
    struct ps_loop *loop; /* borrowed, as all of these */
    struct ps_redis *redis;
    /* Where the wait for messages connects to, on its own; borrowed for the call.
       NULL: the list is read every 200 ms. */
    const struct ps_redis_options *server;
    const struct ps_keys *keys;
    struct ps_heartbeat *heartbeat; /* nothing is taken before it was written */
    const char *instance;

    void *cookie; /* of the functions below; all run on the loop */
    /* Room for how many more, of which PS_NOTIFY_QUEUE_RESERVE is for those that overtake; calls
       visit for each channel that is full. */
    size_t (*room)(void *cookie, ps_notify_queue_visit_fn visit, void *visit_cookie);
    bool (*holds)(void *cookie, struct ps_str raw);
    void (*taken)(void *cookie, struct ps_str raw); /* borrowed */
    void (*round)(void *cookie);                    /* after the last taken of one answer */
    /* The length of the list, after what was taken was handed over; while it is not empty at least
     * once a second. */
    void (*depth)(void *cookie, int64_t length);
};

enum ps_acknowledge { PS_ACKNOWLEDGE_DONE, PS_ACKNOWLEDGE_BACK, PS_ACKNOWLEDGE_DEAD };

/* err is NULL when Redis answered; held: the message was in the in-flight list until then. */
typedef void (*ps_notify_queue_fn)(void *cookie, bool held, const struct ps_err *err);

struct ps_notify_queue *
ps_notify_queue_create(const struct ps_notify_queue_options *options) PS_MUST_USE;
void ps_notify_queue_destroy(struct ps_notify_queue *notify_queue);
/* There is room again: look for more now rather than at the next turn. */
void ps_notify_queue_nudge(struct ps_notify_queue *notify_queue);
/* All copied. */
struct ps_acknowledgement {
    enum ps_acknowledge how;
    struct ps_str raw;
    const char *letter;   /* PS_ACKNOWLEDGE_DEAD: what goes to the dead list */
    const char *channel;  /* NULL where the entry is no message */
    const char *id;       /* not being sent any more; NULL: that stays as it is */
    const char *slack_id; /* Slack's id of the channel; NULL or "" when not known */
};
void ps_notify_queue_settle(struct ps_notify_queue *notify_queue,
                            const struct ps_acknowledgement *settling, ps_notify_queue_fn fn,
                            void *cookie);
/* Takes nothing more. done runs once no answer is awaited that could bring a message; perhaps
   before this returns. */
void ps_notify_queue_stop(struct ps_notify_queue *notify_queue, void (*done)(void *cookie),
                          void *cookie);

#endif
