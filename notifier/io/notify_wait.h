/* Waits until the notify list holds a message, on a connection of its own, so that an idle notifier
 * does not ask Redis five times a second.
 *
 * Place in the data flow: notify list -> notify_wait -> notify_queue, which takes the messages. The
 * wait itself takes nothing: it is BLMOVE from the head of the list to the head of the same list,
 * which Redis carries out in one step as soon as the list has a head. So every notifier that waits
 * learns of a message, also of one that a person pushed by hand, and a wait that is cut loses none.
 *
 * A wait may end late or never, for example when Redis refuses writes. The owner must therefore
 * look at the list itself now and then, and often where ps_notify_wait_start returns false. */
#ifndef PS_NOTIFIER_NOTIFY_WAIT_H
#define PS_NOTIFIER_NOTIFY_WAIT_H
#include "shared/io/redis.h"

struct ps_notify_wait;

/* Starts connecting. Borrows loop and cookie, copies list and what options names; client_name of
 * the options is that of the connection. fn runs on the loop when the list holds something, once
 * for each wait at most. Returns NULL with err only where ps_redis_create does. */
struct ps_notify_wait *ps_notify_wait_create(struct ps_loop *loop,
                                             const struct ps_redis_options *options,
                                             const char *list, void (*fn)(void *cookie),
                                             void *cookie, struct ps_err *err) PS_MUST_USE;
void ps_notify_wait_destroy(struct ps_notify_wait *wait); /* NULL is fine */

/* Waits, unless it does already. Returns whether it does; false: the connection is down, or Redis
 * refused to wait less than 5 s ago. */
bool ps_notify_wait_start(struct ps_notify_wait *wait);

#endif
