/* Decides when to read data that others change: periodically, and soon after a signal says that it
 * changed. Reading it once is a look.
 *
 * Place in the data flow: signals.h says that something changed; the owner of a look reads what.
 * One look is under way at a time. A signal that comes during a look is answered by another look,
 * because the first one may have read too early. A signal whose look failed, because a server was
 * away, stays open and is answered by the next look that works. Otherwise its news would wait for
 * the end of the owner's period: up to a minute, or without end (PS_SIGNAL_LOOK_NEVER). */
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
    int64_t gap_ms;   /* least time between two beginnings, if a signal asks for the second look */
    /* Begins a look. When it has ended, in fn or later, the owner must call ps_signal_look_rest or
     * ps_signal_look_put_off. */
    void (*fn)(void *cookie);
    void *cookie;
};

/* The first look comes after the first ps_signal_look_rest. signals keeps a pointer to the look, so
 * destroy the look after signals, or when signals sends no more. */
struct ps_signal_look *
ps_signal_look_create(const struct ps_signal_look_options *options) PS_MUST_USE;
void ps_signal_look_destroy(struct ps_signal_look *look); /* NULL is fine */

/* Call it when a look has ended, and once to start: the next look comes in ms (ps_timer_set_about),
 * or sooner after a signal. */
void ps_signal_look_rest(struct ps_signal_look *look, int64_t ms);
/* The look failed: tries again in ms; the signal that asked for it stays open. */
void ps_signal_look_put_off(struct ps_signal_look *look, int64_t ms);
/* Acts like a signal, at the owner's wish; no effect while the look is stopped. */
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
