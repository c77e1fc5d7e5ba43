#include "scheduler/core/cycle.h"

#include "shared/core/alloc.h"
#include "shared/core/arena.h"
#include "shared/core/url.h"

#include <stdlib.h>
#include <string.h>

enum {
    HTTP_FORBIDDEN = 403,
    /* The busiest week before a meeting brought fewer new drafts than this in one cycle. */
    HITS_PLAUSIBLE = 50,
    HITS_SHARE = 4 /* more than one hit in so many probes */
};

struct ps_cycle *ps_cycle_create(void)
{
    struct ps_cycle *run = ps_alloc_zero(1, sizeof(*run));

    run->arena = ps_arena_create();
    return run;
}

void ps_cycle_destroy(struct ps_cycle *run)
{
    if (run == NULL)
        return;
    ps_control_probes_clear(&run->controls);
    ps_arena_destroy(run->arena);
    free(run->items);
    free(run);
}

static const char *keep(struct ps_cycle *run, const char *text)
{
    return ps_arena_text(run->arena, text, strlen(text));
}

void ps_cycle_add(struct ps_cycle *run, const struct ps_planned *planned)
{
    struct ps_cycle_probe *item;

    if (run->len == run->size) {
        run->size = run->size == 0 ? 1024 : run->size * 2;
        run->items = ps_alloc_array(run->items, run->size, sizeof(*run->items));
    }
    item = &run->items[run->len++];
    *item = (struct ps_cycle_probe){ .url = keep(run, planned->url),
                                     .file = keep(run, planned->file),
                                     .prefix = keep(run, planned->prefix),
                                     .ext = keep(run, planned->ext),
                                     .tier = planned->tier,
                                     .number = planned->number,
                                     .revision = planned->revision };
}

bool ps_cycle_settle(struct ps_cycle *run, size_t position, enum ps_outcome outcome, int status)
{
    if (position >= run->len || run->items[position].settled)
        return false;
    run->items[position].settled = true;
    run->items[position].answered = outcome != PS_OUTCOME_ERROR && outcome != PS_OUTCOME_DEFERRED;
    if (position < run->ledger.hot)
        run->hot_settled++;
    ps_ledger_settle(&run->ledger, outcome, 1);
    if (outcome == PS_OUTCOME_MISS && status == HTTP_FORBIDDEN)
        run->ledger.forbidden++;
    return true;
}

size_t ps_cycle_next_open(const struct ps_cycle *run, size_t from)
{
    while (from < run->len && run->items[from].settled)
        from++;
    return from;
}

static void name_host(const char *url, char out_host[PS_URL_HOST])
{
    if (!ps_url_host(url, out_host, PS_URL_HOST, NULL))
        memcpy(out_host, "the site", sizeof("the site"));
}

static char *controls_fault(const struct ps_cycle *run)
{
    const struct ps_control_probe *control;
    size_t hits = ps_ledger_hits(&run->ledger);
    char host[PS_URL_HOST];

    switch (ps_control_probes_fault(&run->controls, &control)) {
    case PS_CONTROL_PROBES_FINE:
        return NULL;
    case PS_CONTROL_PROBES_HAVE_ALL:
        name_host(control->url, host);
        return ps_alloc_format("%s answers %s, which cannot exist, as if it were there", host,
                               ps_control_file(control));
    case PS_CONTROL_PROBES_HAVE_NONE:
        break;
    }
    /* If the site has few drafts and lacks only the known ones, those were withdrawn. Without this
     * rule a fleet whose only known draft is withdrawn would never believe the site again. */
    if (hits > 0 && hits <= HITS_PLAUSIBLE)
        return NULL;
    name_host(control->url, host);
    return ps_alloc_format("%s has none of the known drafts any more, for example %s", host,
                           ps_control_file(control));
}

char *ps_run_fault(const struct ps_cycle *run)
{
    const struct ps_ledger *ledger = &run->ledger;
    size_t hits = ps_ledger_hits(ledger), misses = ledger->outcomes[PS_OUTCOME_MISS];
    size_t attempted = ledger->settled - ledger->outcomes[PS_OUTCOME_DEFERRED];
    char host[PS_URL_HOST] = "the site";

    if (run->len > 0)
        name_host(run->items[0].url, host);
    if (misses > 0 && ledger->forbidden == misses)
        return ps_alloc_format("HTTP 403 from %s to all %zu probes that found nothing", host,
                               misses);
    if (hits > HITS_PLAUSIBLE && hits * HITS_SHARE > attempted)
        return ps_alloc_format("%s answered %zu of %zu probes as if the draft were there", host,
                               hits, attempted);
    return controls_fault(run);
}

bool ps_cycle_hot_done(const struct ps_cycle *run)
{
    char *fault;

    if (run->hot_settled < run->ledger.hot || run->ledger.settled >= run->ledger.planned ||
        !ps_control_probes_answered(&run->controls))
        return false;
    fault = ps_run_fault(run);
    free(fault);
    return fault == NULL;
}
