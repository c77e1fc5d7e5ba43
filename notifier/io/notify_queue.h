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

/* What happens to an entry of the in-flight list. */
enum ps_acknowledge {
    PS_ACKNOWLEDGE_DONE, /* removed */
    PS_ACKNOWLEDGE_BACK, /* back to the list `notify` */
    PS_ACKNOWLEDGE_DEAD  /* to the dead list */
};

/* err is NULL when Redis answered; held: the message was in the in-flight list until then. */
typedef void (*ps_notify_queue_fn)(void *cookie, bool held, const struct ps_err *err);

/* Copies options. Takes the first messages once the heartbeat was written. */
struct ps_notify_queue *
ps_notify_queue_create(const struct ps_notify_queue_options *options) PS_MUST_USE;
void ps_notify_queue_destroy(struct ps_notify_queue *notify_queue); /* after redis */
/* There is room again: asks for more messages now and does not wait for the timer. */
void ps_notify_queue_nudge(struct ps_notify_queue *notify_queue);
/* All texts are copied by ps_notify_queue_settle. */
struct ps_acknowledgement {
    enum ps_acknowledge how;
    struct ps_str raw;    /* the entry as it was taken, byte by byte */
    const char *letter;   /* PS_ACKNOWLEDGE_DEAD: the entry for the dead list */
    const char *channel;  /* NULL if the entry is no message */
    const char *id;       /* removes the mark "being sent" of this message; NULL: leaves the mark */
    const char *slack_id; /* Slack's id of the channel; NULL or "" if unknown */
};
/* Acknowledges an entry with one script. fn runs on the loop once, with the result. */
void ps_notify_queue_settle(struct ps_notify_queue *notify_queue,
                            const struct ps_acknowledgement *settling, ps_notify_queue_fn fn,
                            void *cookie);
/* Takes nothing more. done runs once no answer is awaited that could bring a message; perhaps
   before this returns. */
void ps_notify_queue_stop(struct ps_notify_queue *notify_queue, void (*done)(void *cookie),
                          void *cookie);

#endif
