/* The event loop of a program, with its timers and its signals.
 *
 * A thin layer over libevent; every other io/ module registers with it. Everything runs on one
 * thread, so a callback must not block and must not compute for more than 50 ms: /livez reports the
 * loop's lag, and Kubernetes restarts a program whose loop does not turn. Longer work is done in
 * slices (ps_timer_set with 0) or beside the loop (background.h). */
#ifndef PS_IO_LOOP_H
#define PS_IO_LOOP_H
#include "shared/core/err.h"

#include <stdint.h>

struct event_base;
struct ps_loop;
struct ps_timer;

/* Aborts if libevent cannot create a loop. SIGPIPE is ignored from now on: a closed peer is an
 * error of write(2). */
struct ps_loop *ps_loop_create(void) PS_MUST_USE;
/* Timers must be destroyed before. NULL is fine. */
void ps_loop_destroy(struct ps_loop *loop);
struct event_base *ps_loop_base(struct ps_loop *loop); /* borrowed */

int64_t ps_loop_now(const struct ps_loop *loop); /* monotonic ms, read now */
int ps_loop_run(struct ps_loop *loop); /* runs until ps_loop_stop; returns its exit code */
void ps_loop_stop(struct ps_loop *loop, int exit_code); /* further calls have no effect */
/* Returns the largest delay of these, in ms: the next tick, if it is overdue; the last tick; and
 * every timer that ran since the tick before the last one. The loop ticks once a second. /livez
 * reads it. */
int64_t ps_loop_lag_ms(const struct ps_loop *loop);

/* How long the loop computed in one turn, without the time in which it waited or other programs
 * ran. Only turns made by ps_loop_run are counted. */
enum { PS_LOOP_TURN_MAX_MS = 50 }; /* the contract's limit */
struct ps_loop_turns {
    int64_t longest_us; /* since the start */
    uint64_t over;      /* turns that took longer than PS_LOOP_TURN_MAX_MS */
};
struct ps_loop_turns ps_loop_turns(const struct ps_loop *loop); /* since the start */

/* Runs on the loop for each SIGTERM or SIGINT; count is 1 for the first signal, 2 for the second,
 * and so on. */
typedef void (*ps_signal_fn)(void *cookie, int count);
/* Call it once. After ps_loop_destroy both signals are ignored. Borrows cookie. */
void ps_loop_on_terminate(struct ps_loop *loop, ps_signal_fn fn, void *cookie);

typedef void (*ps_timer_fn)(void *cookie);
/* Creates a one-shot timer that is not set yet. fn runs on the loop and may set or destroy the
 * timer. Borrows cookie. */
struct ps_timer *ps_timer_create(struct ps_loop *loop, ps_timer_fn fn, void *cookie) PS_MUST_USE;
void ps_timer_destroy(struct ps_timer *timer); /* NULL is fine */
/* Replaces an earlier delay; a negative delay counts as 0. Even with 0, fn runs on a later turn of
 * the loop. */
void ps_timer_set(struct ps_timer *timer, int64_t delay_ms);
/* The same for work that repeats all the time and may begin up to a second early: fn runs at the
 * last tick of the loop before the delay ends. Such timers wake an idle program no more than the
 * tick itself does, and what they ask of a server is asked together. A delay of n whole seconds,
 * set again in fn, gives exactly n seconds. A delay under one second is not moved to a tick. */
void ps_timer_set_about(struct ps_timer *timer, int64_t delay_ms);
/* When a pending timer is due, monotonic ms; 0: at once (ps_timer_set with 0). A timer that waits
 * for a tick may run up to PS_TIMER_EARLY_MS earlier than this. */
int64_t ps_timer_due_ms(const struct ps_timer *timer);
enum { PS_LOOP_TICK_MS = 1000, PS_TIMER_EARLY_MS = 50 };
void ps_timer_cancel(struct ps_timer *timer);        /* fn does not run until it is set again */
bool ps_timer_pending(const struct ps_timer *timer); /* it is set and has not run yet */

#endif
