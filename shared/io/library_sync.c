#include "shared/io/library_sync.h"

#include "shared/core/alloc.h"
#include "shared/io/library_reader.h"
#include "shared/io/signal_look.h"

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
    struct ps_signal_look *look; /* stopped while the library is not in memory */
    struct ps_library_reader *reader;
    struct waiter *waiters; /* in the order in which they came */
    uint64_t round;         /* number of the batch that was sent last */
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

static void on_rows(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_library_sync *sync = cookie;
    bool more = err == NULL && ps_library_reader_take(sync->reader, rows);

    if (!more)
        serve(sync, err); /* the daemon logs PG-DOWN with the reason */
    if (err != NULL && sync->waiters == NULL)
        ps_signal_look_put_off(sync->look, SOON_MS);
    else
        ps_signal_look_rest(sync->look,
                            more || sync->waiters != NULL
                                ? NEXT_SLICE_MS
                                : ps_signals_period(sync->options.signals, EVERY_MS, SELDOM_MS));
}

static bool is_idle(const struct ps_library_sync *sync)
{
    return sync->options.idle_ms > 0 && sync->waiters == NULL &&
           ps_loop_now(sync->options.loop) - sync->wanted_ms >= sync->options.idle_ms;
}

/* Several signals a second arrive during a poll, so batches are at least SOON_MS apart. A library
 * that was cleared ignores signals: it is read when it is wanted. */
static void on_look(void *cookie)
{
    struct ps_library_sync *sync = cookie;

    if (is_idle(sync)) {
        ps_library_reader_reset(sync->reader);
        ps_signal_look_stop(sync->look); /* ps_library_sync_want starts it again */
    } else if (sync->waiters == NULL && !ps_pg_up(sync->options.pg)) {
        ps_signal_look_put_off(sync->look, SOON_MS);
    } else {
        sync->round++;
        ps_pg_run(sync->options.pg, ps_library_reader_batch(sync->reader), on_rows, sync);
    }
}

struct ps_library_sync *ps_library_sync_create(const struct ps_library_sync_options *options)
{
    struct ps_library_sync *sync = ps_alloc_zero(1, sizeof(*sync));

    sync->options = *options;
    sync->reader = ps_library_reader_create();
    sync->look =
        ps_signal_look_create(&(struct ps_signal_look_options){ .loop = options->loop,
                                                                .signals = options->signals,
                                                                .signal = PS_SIGNAL_LIBRARY,
                                                                .gap_ms = SOON_MS,
                                                                .fn = on_look,
                                                                .cookie = sync });
    if (options->idle_ms == 0)
        ps_signal_look_rest(sync->look, 0);
    return sync;
}

void ps_library_sync_destroy(struct ps_library_sync *sync)
{
    struct waiter *waiter, *next;

    if (sync == NULL)
        return;
    DL_FOREACH_SAFE (sync->waiters, waiter, next)
        free(waiter);
    ps_signal_look_destroy(sync->look);
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
    if (!ps_signal_look_out(sync->look))
        ps_signal_look_rest(sync->look, 0);
}
