#include "scheduler/core/cycle.h"

#include "shared/core/alloc.h"
#include "shared/core/arena.h"

#include <stdlib.h>
#include <string.h>

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

bool ps_cycle_settle(struct ps_cycle *run, size_t position, enum ps_outcome outcome)
{
    if (position >= run->len || run->items[position].settled)
        return false;
    run->items[position].settled = true;
    if (position < run->ledger.hot)
        run->hot_settled++;
    ps_ledger_settle(&run->ledger, outcome, 1);
    return true;
}

size_t ps_cycle_next_open(const struct ps_cycle *run, size_t from)
{
    while (from < run->len && run->items[from].settled)
        from++;
    return from;
}

bool ps_cycle_hot_done(const struct ps_cycle *run)
{
    return run->hot_settled >= run->ledger.hot && run->ledger.settled < run->ledger.planned &&
           ps_control_probes_hold(&run->controls);
}
