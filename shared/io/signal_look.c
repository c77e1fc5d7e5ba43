#include "shared/io/signal_look.h"

#include "shared/core/alloc.h"

#include <stdlib.h>

enum state { STOPPED, RESTS, OUT };

struct ps_signal_look {
    struct ps_signal_look_options options;
    struct ps_timer *timer;
    enum state state;
    bool wanted;       /* a signal came that no look has answered */
    bool answers;      /* the look under way was wanted */
    int64_t wanted_ms; /* when the first such signal came */
    int64_t began_ms;  /* the last look; 0: none did */
    int64_t signalled_ms;
};

static int64_t now_of(const struct ps_signal_look *look)
{
    return ps_loop_now(look->options.loop);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Until the look that a signal asked for. */
static int64_t wait_ms(const struct ps_signal_look *look)
{
    int64_t at_ms = look->wanted_ms + look->options.delay_ms;

    if (look->began_ms != 0)
        at_ms = later(at_ms, look->began_ms + look->options.gap_ms);
    return later(at_ms - now_of(look), 0);
}

static void want(struct ps_signal_look *look)
{
    int64_t ms;

    if (look->state == STOPPED || look->wanted)
        return;
    look->wanted = true;
    look->wanted_ms = now_of(look);
    if (look->state == OUT)
        return; /* ps_signal_look_rest sees it */
    ms = wait_ms(look);
    if (!ps_timer_pending(look->timer) || ps_timer_due_ms(look->timer) > look->wanted_ms + ms)
        ps_timer_set(look->timer, ms);
}

static void on_signal(void *cookie)
{
    struct ps_signal_look *look = cookie;

    look->signalled_ms = now_of(look);
    want(look);
}

static void on_timer(void *cookie)
{
    struct ps_signal_look *look = cookie;

    look->state = OUT;
    look->answers = look->wanted;
    look->wanted = false;
    look->began_ms = now_of(look);
    look->options.fn(look->options.cookie);
}

struct ps_signal_look *ps_signal_look_create(const struct ps_signal_look_options *options)
{
    struct ps_signal_look *look = ps_alloc_zero(1, sizeof(*look));

    look->options = *options;
    look->timer = ps_timer_create(options->loop, on_timer, look);
    ps_signals_listen(options->signals, options->signal, on_signal, look);
    return look;
}

void ps_signal_look_destroy(struct ps_signal_look *look)
{
    if (look == NULL)
        return;
    ps_timer_destroy(look->timer);
    free(look);
}

void ps_signal_look_rest(struct ps_signal_look *look, int64_t ms)
{
    int64_t soon_ms;

    look->state = RESTS;
    look->answers = false;
    if (ms == PS_SIGNAL_LOOK_NEVER)
        ps_timer_cancel(look->timer);
    else
        ps_timer_set_about(look->timer, ms);
    if (!look->wanted)
        return;
    soon_ms = wait_ms(look);
    if (ms == PS_SIGNAL_LOOK_NEVER || soon_ms < ms)
        ps_timer_set(look->timer, soon_ms);
}

void ps_signal_look_put_off(struct ps_signal_look *look, int64_t ms)
{
    bool unanswered = look->answers || look->wanted;

    look->wanted = false; /* else it could be tried at once, again and again */
    ps_signal_look_rest(look, ms);
    look->wanted = unanswered;
}

void ps_signal_look_want(struct ps_signal_look *look)
{
    want(look);
}

void ps_signal_look_stop(struct ps_signal_look *look)
{
    look->state = STOPPED;
    look->wanted = look->answers = false;
    ps_timer_cancel(look->timer);
}

bool ps_signal_look_out(const struct ps_signal_look *look)
{
    return look->state == OUT;
}

bool ps_signal_look_stopped(const struct ps_signal_look *look)
{
    return look->state == STOPPED;
}

int64_t ps_signal_look_signalled_ms(const struct ps_signal_look *look)
{
    return look->signalled_ms;
}
