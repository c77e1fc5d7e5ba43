#include "shared/io/library_sync.h"

#include "shared/core/alloc.h"
#include "shared/io/library_reader.h"

#include <stdlib.h>
#include <utlist.h>

enum {
    EVERY_MS = 5000,       /* between two looks if no signals arrive */
    SELDOM_MS = 60 * 1000, /* between two looks if signals arrive */
    SOON_MS = 2000,        /* between two batches that signals ask for */
    NEXT_SLICE_MS = 5      /* between two slices: the loop does other work then */
};

struct waiter {
    ps_library_sync_fn fn;
    void *cookie;
    uint64_t round; /* the first batch that was sent after the waiter came: it sees all changes that
                       were stored before */
    struct waiter *prev, *next;
};

struct ps_library_sync {
    struct ps_library_sync_options options;
    struct ps_timer *timer;
    struct ps_library_reader *reader;
    struct waiter *waiters; /* in the order in which they came */
    uint64_t round;         /* number of the batch that was sent last */
    bool busy;              /* that batch is not answered yet */
    bool soon;              /* a signal, or more slices, asked for another batch */
    int64_t asked_ms;       /* monotonic: when the last batch was sent */
    int64_t wanted_ms;      /* monotonic: when ps_library_sync_want was called last */
};

/* Calls the waiters whose round is answered. A waiter may call ps_library_sync_want again at
 * once. */
static void serve(struct ps_library_sync *sync, const struct ps_err *err)
{
    struct ps_library *library = err == NULL ? ps_library_reader_library(sync->reader) : NULL;

    while (sync->waiters != NULL && sync->waiters->round <= sync->round) {
        struct waiter *waiter = sync->waiters;

        DL_DELETE(sync->waiters, waiter);
        waiter->fn(waiter->cookie, library, err);
        free(waiter);
    }
}

static void read_on(struct ps_library_sync *sync)
{
    sync->soon = true;
    ps_timer_set(sync->timer, NEXT_SLICE_MS);
}

static void on_rows(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_library_sync *sync = cookie;

    sync->busy = false;
    if (err != NULL) {
        serve(sync, err); /* the daemon logs PG-DOWN with the reason; the timer tries again */
        if (sync->waiters != NULL)
            read_on(sync);
        return;
    }
    if (ps_library_reader_take(sync->reader, rows)) {
        read_on(sync);
        return;
    }
    serve(sync, NULL);
    if (sync->waiters != NULL)
        read_on(sync);
}

static void ask(struct ps_library_sync *sync)
{
    sync->round++;
    sync->busy = true;
    sync->soon = false;
    sync->asked_ms = ps_loop_now(sync->options.loop);
    ps_pg_run(sync->options.pg, ps_library_reader_batch(sync->reader), on_rows, sync);
}

static bool is_idle(const struct ps_library_sync *sync)
{
    return sync->options.idle_ms > 0 && sync->waiters == NULL &&
           ps_loop_now(sync->options.loop) - sync->wanted_ms >= sync->options.idle_ms;
}

static void on_timer(void *cookie)
{
    struct ps_library_sync *sync = cookie;
    int64_t period_ms = ps_signals_period(sync->options.signals, EVERY_MS, SELDOM_MS);

    if (is_idle(sync) && !sync->busy) {
        ps_library_reader_reset(sync->reader);
        sync->soon = false;
        return; /* ps_library_sync_want sets the timer again */
    }
    /* If PostgreSQL cannot be asked now, keep the request of a signal and try again soon. */
    ps_timer_set(sync->timer, sync->soon ? SOON_MS : period_ms);
    if (!sync->busy && (sync->waiters != NULL || ps_pg_up(sync->options.pg))) {
        ps_timer_set_about(sync->timer, period_ms);
        ask(sync);
    }
}

/* Several signals a second arrive during a poll, so batches are at least SOON_MS apart. A library
 * that was cleared ignores signals: it is read when it is wanted, and its timer is not set. */
static void on_signal(void *cookie)
{
    struct ps_library_sync *sync = cookie;
    int64_t since_ms = ps_loop_now(sync->options.loop) - sync->asked_ms;

    if (sync->soon || !ps_timer_pending(sync->timer))
        return;
    sync->soon = true;
    ps_timer_set(sync->timer, since_ms < SOON_MS ? SOON_MS - since_ms : 0);
}

struct ps_library_sync *ps_library_sync_create(const struct ps_library_sync_options *options)
{
    struct ps_library_sync *sync = ps_alloc_zero(1, sizeof(*sync));

    sync->options = *options;
    sync->reader = ps_library_reader_create();
    sync->timer = ps_timer_create(options->loop, on_timer, sync);
    if (options->idle_ms == 0)
        ps_timer_set(sync->timer, 0);
    ps_signals_listen(options->signals, PS_SIGNAL_LIBRARY, on_signal, sync);
    return sync;
}

void ps_library_sync_destroy(struct ps_library_sync *sync)
{
    struct waiter *waiter, *next;

    if (sync == NULL)
        return;
    DL_FOREACH_SAFE (sync->waiters, waiter, next)
        free(waiter);
    ps_timer_destroy(sync->timer);
    ps_library_reader_destroy(sync->reader);
    free(sync);
}

struct ps_library *ps_library_sync_library(const struct ps_library_sync *sync)
{
    return ps_library_reader_library(sync->reader);
}

bool ps_library_sync_loaded(const struct ps_library_sync *sync)
{
    return ps_library_reader_loaded(sync->reader);
}

void ps_library_sync_want(struct ps_library_sync *sync, ps_library_sync_fn fn, void *cookie)
{
    struct waiter *waiter = ps_alloc_zero(1, sizeof(*waiter));

    waiter->fn = fn;
    waiter->cookie = cookie;
    waiter->round = sync->round + 1; /* the batch that is out may not see it */
    DL_APPEND(sync->waiters, waiter);
    sync->wanted_ms = ps_loop_now(sync->options.loop);
    if (!sync->busy)
        ps_timer_set(sync->timer, 0);
}
