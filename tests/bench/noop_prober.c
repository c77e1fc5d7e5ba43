/* What prober.c is to the worker, without the request: each probe enters the rate limiter and is
 * then a miss. The linker takes these in place of the library's, and the rest of the worker as it
 * is. */
#include "shared/core/alloc.h"
#include "worker/io/prober.h"

#include <stdlib.h>

struct ps_prober {
    struct ps_rate_limiter *limiter;
};

struct ps_probe {
    struct ps_prober *prober;
    char *url;
    struct ps_permit permit;
    ps_probe_fn fn;
    void *cookie;
};

struct ps_prober *ps_prober_create(const struct ps_prober_options *options)
{
    struct ps_prober *prober = ps_alloc_zero(1, sizeof(*prober));

    prober->limiter = options->limiter;
    return prober;
}

void ps_prober_destroy(struct ps_prober *prober)
{
    free(prober);
}

void ps_probe_cancel(struct ps_probe *probe)
{
    if (probe == NULL)
        return;
    ps_rate_limiter_release(probe->prober->limiter, &probe->permit);
    free(probe->url);
    free(probe);
}

static void on_turn(void *cookie)
{
    struct ps_probe *probe = cookie;
    struct ps_probe_report end = { .url = probe->url,
                                   .outcome = PS_OUTCOME_MISS,
                                   .status = 404,
                                   .content_length = -1,
                                   .attempts = 1 };

    ps_rate_limiter_release(probe->prober->limiter, &probe->permit);
    probe->fn(probe->cookie, &end);
    ps_probe_cancel(probe);
}

struct ps_probe *ps_probe_start(struct ps_prober *prober, const char *url, enum ps_probe_kind look,
                                ps_probe_fn fn, void *cookie)
{
    struct ps_probe *probe = ps_alloc_zero(1, sizeof(*probe));
    struct ps_err err;

    (void)look;
    probe->prober = prober;
    probe->url = ps_alloc_text(url);
    probe->fn = fn;
    probe->cookie = cookie;
    if (!ps_rate_limiter_acquire(prober->limiter, &probe->permit, url, on_turn, probe, &err))
        abort(); /* the benchmark's own URLs */
    return probe;
}

void ps_probe_give_up(struct ps_probe *probe, enum ps_outcome outcome, const struct ps_err *err)
{
    struct ps_probe_report end = {
        .url = probe->url, .outcome = outcome, .content_length = -1, .err = err
    };

    probe->fn(probe->cookie, &end);
    ps_probe_cancel(probe);
}

bool ps_probe_busy(const struct ps_probe *probe)
{
    (void)probe;
    return false;
}

int64_t ps_probe_pause_ms(const struct ps_probe *probe)
{
    return ps_permit_pause_ms(probe->prober->limiter, &probe->permit);
}
