/* Looks at what a signal announces: on a timer, and soon after a signal.
 *
 * Place in the data flow: signals.h says that something changed; the owner of a look reads what.
 * One look is under way at a time. A signal that comes meanwhile is followed by another look,
 * because the one under way may have read before the change; so is a signal whose look could not be
 * made, because a server was away. To forget such a signal would delay what it announces to the
 * next look of the timer, a minute later. */
#ifndef PS_IO_SIGNAL_LOOK_H
#define PS_IO_SIGNAL_LOOK_H
#include "shared/io/signals.h"

struct ps_signal_look;

enum { PS_SIGNAL_LOOK_NEVER = -1 }; /* as a delay: only after a signal */

struct ps_signal_look_options {
    struct ps_loop *loop;       /* borrowed, as all below */
    struct ps_signals *signals; /* NULL: none arrives */
    enum ps_signal signal;
    int64_t delay_ms; /* from a signal to the look */
    int64_t gap_ms;   /* at least, from the beginning of a look to one that a signal asks for */
    /* Begins a look. Calls ..._rest or ..._put_off now or later, when the look has ended. */
    void (*fn)(void *cookie);
    void *cookie;
};

/* Looks only after ps_signal_look_rest. Listens as long as signals lives: destroy it after signals,
 * or when signals sends no more. */
struct ps_signal_look *
ps_signal_look_create(const struct ps_signal_look_options *options) PS_MUST_USE;
void ps_signal_look_destroy(struct ps_signal_look *look); /* NULL is fine */

/* The look has ended, or is to begin: the next one in ms (ps_timer_set_about), or sooner after a
 * signal. */
void ps_signal_look_rest(struct ps_signal_look *look, int64_t ms);
/* The look could not be made: again in ms, and what asked for it is not answered yet. */
void ps_signal_look_put_off(struct ps_signal_look *look, int64_t ms);
/* As a signal of the owner's own; no effect while it is stopped. */
void ps_signal_look_want(struct ps_signal_look *look);
/* No look and no answer to signals before the next ps_signal_look_rest. */
void ps_signal_look_stop(struct ps_signal_look *look);
/* Whether a look is under way. */
bool ps_signal_look_out(const struct ps_signal_look *look);
/* Whether it was stopped, or never begun. */
bool ps_signal_look_stopped(const struct ps_signal_look *look);
/* When the last signal came, monotonic ms; 0: none did. */
int64_t ps_signal_look_signalled_ms(const struct ps_signal_look *look);

#endif
