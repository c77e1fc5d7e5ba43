#include "shared/io/loop.h"

#include "shared/core/alloc.h"
#include "shared/io/clock.h"

#include <assert.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>

enum {
    TICK_SLOP_MS = 20, /* less than this is no difference: an answer took it, or rounding */
    SIGNALS = 2
};

struct ps_loop {
    struct event_base *base;
    struct ps_timer *tick;
    int64_t tick_due_ms;
    int64_t tick_late_ms; /* of the last tick, or of a timer before it if that was later */
    int64_t late_ms;      /* the most of all timers since the last tick */
    int64_t phase_ms;     /* of the ticks; another one in each program */
    TAILQ_HEAD(, ps_timer) tick_timers; /* wait for one of the ticks */
    struct ps_loop_turns turns;
    struct event *signals[SIGNALS];
    ps_signal_fn on_signal;
    void *signal_cookie;
    int signal_count;
    bool stopped;
    int exit_code;
};

static const int signal_numbers[SIGNALS] = { SIGTERM, SIGINT };

struct ps_timer {
    struct ps_loop *loop;
    int64_t due_ms; /* 0: it was to run at once */
    bool on_tick;   /* is one of tick_timers */
    TAILQ_ENTRY(ps_timer) link;
    struct event *event;
    ps_timer_fn fn;
    void *cookie;
};

/* The last tick that is not after at_ms. */
static int64_t tick_before(const struct ps_loop *loop, int64_t at_ms)
{
    return (at_ms - loop->phase_ms) / PS_LOOP_TICK_MS * PS_LOOP_TICK_MS + loop->phase_ms;
}

static void leave_tick(struct ps_timer *timer)
{
    if (timer->on_tick)
        TAILQ_REMOVE(&timer->loop->tick_timers, timer, link);
    timer->on_tick = false;
}

static void tick_arm(struct ps_loop *loop)
{
    int64_t now_ms = ps_clock_mono_ms();

    loop->tick_due_ms = tick_before(loop, now_ms + TICK_SLOP_MS + PS_LOOP_TICK_MS);
    ps_timer_set(loop->tick, loop->tick_due_ms - now_ms);
}

/* They run after the tick, in the same turn of the loop. */
static void run_tick_timers(struct ps_loop *loop)
{
    int64_t now_ms = ps_clock_mono_ms() + TICK_SLOP_MS;
    struct ps_timer *timer = TAILQ_FIRST(&loop->tick_timers), *next;

    for (; timer != NULL; timer = next) {
        next = TAILQ_NEXT(timer, link);
        if (timer->due_ms > now_ms)
            continue;
        leave_tick(timer);
        event_active(timer->event, EV_TIMEOUT, 0);
    }
}

static void on_tick(void *cookie)
{
    struct ps_loop *loop = cookie;

    loop->tick_late_ms = ps_clock_mono_ms() - loop->tick_due_ms;
    if (loop->tick_late_ms < loop->late_ms)
        loop->tick_late_ms = loop->late_ms;
    loop->late_ms = 0;
    tick_arm(loop);
    run_tick_timers(loop);
}

struct ps_loop *ps_loop_create(void)
{
    struct ps_loop *loop = ps_alloc_zero(1, sizeof(*loop));
    struct event_config *config = event_config_new();
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    /* Without this flag libevent measures a delay from the start of the present callback, so that a
       timer that is set at the end of a long callback fires too early. Without the other one its
       clock is up to 4 ms behind the one that ends its sleep, so that it wakes and sleeps again, 1
       ms each time, before most timers. */
    if (config == NULL || event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) != 0 ||
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) != 0)
        abort();
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    if (loop->base == NULL || sigaction(SIGPIPE, &ignore, NULL) != 0)
        abort();
    loop->phase_ms = (int64_t)(ps_clock_random() * PS_LOOP_TICK_MS);
    TAILQ_INIT(&loop->tick_timers);
    loop->tick = ps_timer_create(loop, on_tick, loop);
    tick_arm(loop);
    return loop;
}

/* Removes the signal handlers without a moment in which a signal kills the program. event_free
 * restores the previous handler, which is the default action; a second SIGTERM during teardown
 * would then replace the exit status. The signals are therefore blocked until they are ignored. */
static void ignore_signals(struct ps_loop *loop)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigset_t blocked, before;

    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < SIGNALS; i++)
        (void)sigaddset(&blocked, signal_numbers[i]);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    for (size_t i = 0; i < SIGNALS; i++) {
        event_free(loop->signals[i]);
        (void)sigaction(signal_numbers[i], &ignore, NULL);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void ps_loop_destroy(struct ps_loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->on_signal != NULL)
        ignore_signals(loop);
    ps_timer_destroy(loop->tick);
    event_base_free(loop->base);
    free(loop);
}

struct event_base *ps_loop_base(struct ps_loop *loop)
{
    return loop->base;
}

int64_t ps_loop_now(const struct ps_loop *loop)
{
    (void)loop;
    return ps_clock_mono_ms();
}

/* Waiting costs no processor time, so the difference is what the turn's callbacks computed. */
static void turn(struct ps_loop *loop)
{
    int64_t began_us = ps_clock_cpu_us(), took_us;

    if (event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) < 0)
        abort();
    took_us = ps_clock_cpu_us() - began_us;
    if (took_us > loop->turns.longest_us)
        loop->turns.longest_us = took_us;
    if (took_us > PS_LOOP_TURN_MAX_MS * 1000)
        loop->turns.over++;
}

int ps_loop_run(struct ps_loop *loop)
{
    while (!loop->stopped)
        turn(loop);
    return loop->exit_code;
}

struct ps_loop_turns ps_loop_turns(const struct ps_loop *loop)
{
    return loop->turns;
}

void ps_loop_stop(struct ps_loop *loop, int exit_code)
{
    if (loop->stopped)
        return;
    loop->stopped = true;
    loop->exit_code = exit_code;
    event_base_loopbreak(loop->base);
}

int64_t ps_loop_lag_ms(const struct ps_loop *loop)
{
    int64_t late_ms = ps_clock_mono_ms() - loop->tick_due_ms;

    if (late_ms < loop->tick_late_ms)
        late_ms = loop->tick_late_ms;
    if (late_ms < loop->late_ms)
        late_ms = loop->late_ms;
    return late_ms > 0 ? late_ms : 0;
}

static void on_signal(evutil_socket_t signal_number, short what, void *cookie)
{
    struct ps_loop *loop = cookie;

    (void)signal_number;
    (void)what;
    loop->on_signal(loop->signal_cookie, ++loop->signal_count);
}

void ps_loop_on_terminate(struct ps_loop *loop, ps_signal_fn fn, void *cookie)
{
    assert(loop->on_signal == NULL);
    loop->on_signal = fn;
    loop->signal_cookie = cookie;
    for (size_t i = 0; i < SIGNALS; i++) {
        loop->signals[i] = evsignal_new(loop->base, signal_numbers[i], on_signal, loop);
        if (loop->signals[i] == NULL || event_add(loop->signals[i], NULL) != 0)
            abort();
    }
}

static void on_timer(evutil_socket_t fd, short what, void *cookie)
{
    struct ps_timer *timer = cookie;
    int64_t late_ms = timer->due_ms == 0 ? 0 : ps_clock_mono_ms() - timer->due_ms;

    (void)fd;
    (void)what;
    if (late_ms > timer->loop->late_ms)
        timer->loop->late_ms = late_ms;
    timer->fn(timer->cookie); /* may destroy the timer: do not use it afterwards */
}

struct ps_timer *ps_timer_create(struct ps_loop *loop, ps_timer_fn fn, void *cookie)
{
    struct ps_timer *timer = ps_alloc_zero(1, sizeof(*timer));

    timer->loop = loop;
    timer->fn = fn;
    timer->cookie = cookie;
    timer->event = evtimer_new(loop->base, on_timer, timer);
    if (timer->event == NULL)
        abort();
    return timer;
}

void ps_timer_destroy(struct ps_timer *timer)
{
    if (timer == NULL)
        return;
    leave_tick(timer);
    event_free(timer->event);
    free(timer);
}

void ps_timer_set(struct ps_timer *timer, int64_t delay_ms)
{
    struct timeval delay = { 0 };

    leave_tick(timer);
    if (delay_ms > 0)
        delay = (struct timeval){ .tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000 };
    timer->due_ms = delay_ms > 0 ? ps_clock_mono_ms() + delay_ms : 0;
    if (evtimer_add(timer->event, &delay) != 0)
        abort();
}

void ps_timer_set_about(struct ps_timer *timer, int64_t delay_ms)
{
    if (delay_ms < PS_LOOP_TICK_MS - TICK_SLOP_MS) {
        ps_timer_set(timer, delay_ms);
        return;
    }
    ps_timer_cancel(timer);
    timer->due_ms = tick_before(timer->loop, ps_clock_mono_ms() + TICK_SLOP_MS + delay_ms);
    timer->on_tick = true;
    TAILQ_INSERT_TAIL(&timer->loop->tick_timers, timer, link);
}

void ps_timer_cancel(struct ps_timer *timer)
{
    leave_tick(timer);
    evtimer_del(timer->event);
}

int64_t ps_timer_due_ms(const struct ps_timer *timer)
{
    return timer->due_ms;
}

bool ps_timer_pending(const struct ps_timer *timer)
{
    return timer->on_tick || evtimer_pending(timer->event, NULL) != 0;
}
