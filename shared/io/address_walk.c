#include "shared/io/address_walk.h"

#include "shared/core/alloc.h"
#include "shared/io/resolve.h"

#include <assert.h>
#include <stdlib.h>

struct ps_address_walk {
    struct ps_loop *loop;
    int64_t lookup_ms;
    ps_address_walk_fn fn;
    void *cookie;

    char **hosts; /* owned; NULL entries need no look-up */
    size_t count;
    size_t first;

    size_t passed;    /* hosts of this round whose addresses all had their turn */
    char **addresses; /* owned; of the current host, NULL before its look-up */
    size_t address_count, address_at;
    bool waiting; /* for fn */
    struct ps_resolve *resolve;
    struct ps_timer *timer; /* fn at the loop's next turn, or the end of a look-up's time */
    struct ps_err err;      /* of the last look-up that failed in this round */
};

static size_t current(const struct ps_address_walk *walk)
{
    return (walk->first + walk->passed) % walk->count;
}

static void forget_addresses(struct ps_address_walk *walk)
{
    for (size_t i = 0; i < walk->address_count; i++)
        free(walk->addresses[i]);
    free(walk->addresses);
    walk->addresses = NULL;
    walk->address_count = walk->address_at = 0;
}

static void no_failure(struct ps_address_walk *walk)
{
    (void)ps_fail(&walk->err, PS_FAILURE_NETWORK, 0, "no address is left to try");
}

static void give(struct ps_address_walk *walk, const char *address)
{
    struct ps_address_step step = { .host = current(walk), .address = address };

    walk->waiting = false;
    walk->fn(walk->cookie, &step, NULL); /* may destroy walk: nothing after this */
}

static void pass_host(struct ps_address_walk *walk)
{
    forget_addresses(walk);
    walk->passed++;
}

static void advance(struct ps_address_walk *walk);

static void on_addresses(void *cookie, const char *const *addresses, size_t count,
                         const struct ps_err *err)
{
    struct ps_address_walk *walk = cookie;

    walk->resolve = NULL;
    ps_timer_cancel(walk->timer);
    if (addresses == NULL) {
        walk->err = *err;
        pass_host(walk);
    } else {
        walk->addresses = ps_alloc_zero(count, sizeof(char *));
        for (size_t i = 0; i < count; i++)
            walk->addresses[i] = ps_alloc_text(addresses[i]);
        walk->address_count = count;
    }
    advance(walk);
}

/* On the loop only: it may run fn. */
static void advance(struct ps_address_walk *walk)
{
    struct ps_err err;

    while (walk->passed < walk->count) {
        if (walk->addresses != NULL && walk->address_at < walk->address_count) {
            give(walk, walk->addresses[walk->address_at++]);
            return;
        }
        if (walk->addresses != NULL) {
            pass_host(walk);
        } else if (walk->hosts[current(walk)] == NULL) {
            /* One step, which has no address. */
            walk->addresses = ps_alloc_zero(1, sizeof(char *));
            give(walk, NULL);
            return;
        } else {
            ps_timer_set(walk->timer, walk->lookup_ms);
            walk->resolve =
                ps_resolve_start(walk->loop, walk->hosts[current(walk)], on_addresses, walk);
            return;
        }
    }
    err = walk->err;
    walk->passed = 0;
    walk->waiting = false;
    no_failure(walk);
    walk->fn(walk->cookie, NULL, &err); /* may destroy walk */
}

static void on_timer(void *cookie)
{
    struct ps_address_walk *walk = cookie;

    if (walk->resolve != NULL) {
        ps_resolve_cancel(walk->resolve);
        walk->resolve = NULL;
        (void)ps_fail(&walk->err, PS_FAILURE_TIMEOUT, 0, "look up %s: no answer within %lld ms",
                      walk->hosts[current(walk)], (long long)walk->lookup_ms);
        pass_host(walk);
    }
    advance(walk);
}

struct ps_address_walk *ps_address_walk_create(struct ps_loop *loop, int64_t lookup_ms,
                                               ps_address_walk_fn fn, void *cookie)
{
    struct ps_address_walk *walk = ps_alloc_zero(1, sizeof(*walk));

    walk->loop = loop;
    walk->lookup_ms = lookup_ms;
    walk->fn = fn;
    walk->cookie = cookie;
    walk->timer = ps_timer_create(loop, on_timer, walk);
    no_failure(walk);
    return walk;
}

static void forget_hosts(struct ps_address_walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        free(walk->hosts[i]);
    free(walk->hosts);
    walk->hosts = NULL;
    walk->count = 0;
}

void ps_address_walk_destroy(struct ps_address_walk *walk)
{
    if (walk == NULL)
        return;
    ps_address_walk_restart(walk);
    forget_hosts(walk);
    ps_timer_destroy(walk->timer);
    free(walk);
}

void ps_address_walk_set(struct ps_address_walk *walk, const char *const *hosts, size_t count,
                         size_t first)
{
    ps_address_walk_restart(walk);
    forget_hosts(walk);
    walk->hosts = ps_alloc_zero(count + 1, sizeof(char *));
    for (size_t i = 0; i < count; i++)
        walk->hosts[i] = hosts[i] == NULL ? NULL : ps_alloc_text(hosts[i]);
    walk->count = count;
    walk->first = count == 0 ? 0 : first % count;
}

void ps_address_walk_next(struct ps_address_walk *walk)
{
    assert(!walk->waiting);
    walk->waiting = true;
    ps_timer_set(walk->timer, 0);
}

bool ps_address_walk_more(const struct ps_address_walk *walk)
{
    if (walk->addresses != NULL && walk->address_at < walk->address_count)
        return true;
    /* A round that has not begun has nothing left of it. */
    return walk->addresses != NULL && walk->passed + 1 < walk->count;
}

void ps_address_walk_restart(struct ps_address_walk *walk)
{
    ps_timer_cancel(walk->timer);
    ps_resolve_cancel(walk->resolve);
    walk->resolve = NULL;
    walk->waiting = false;
    forget_addresses(walk);
    walk->passed = 0;
    no_failure(walk);
}
