#include "scheduler/core/control_probes.h"

#include "shared/core/alloc.h"
#include "shared/core/paper_id.h"
#include "shared/core/url.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = { [PS_CONTROL_ABSENT] = "absent",
                                          [PS_CONTROL_PRESENT] = "present",
                                          [PS_CONTROL_RECHECK] = "recheck" };

const char *ps_control_kind_name(enum ps_control_kind kind)
{
    return kind_names[kind];
}

bool ps_control_kind_parse(const char *name, enum ps_control_kind *out_kind)
{
    for (size_t i = 0; i < PS_COUNT_OF(kind_names); i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *out_kind = (enum ps_control_kind)i;
            return true;
        }
    }
    return false;
}

void ps_control_probes_add(struct ps_control_probes *controls, const char *url,
                           enum ps_control_kind kind)
{
    if (controls->len == controls->size) {
        controls->size = controls->size == 0 ? 8 : controls->size * 2;
        controls->items = ps_alloc_array(controls->items, controls->size, sizeof(*controls->items));
    }
    controls->items[controls->len++] =
        (struct ps_control_probe){ .url = ps_alloc_text(url), .kind = kind };
}

static bool has(const struct ps_control_probes *controls, const char *url)
{
    for (size_t i = 0; i < controls->len; i++)
        if (strcmp(controls->items[i].url, url) == 0)
            return true;
    return false;
}

/* Rechecks may take one part in so many of a cycle's budget (adaptive planner). */
enum { RECHECK_PART = 20 };

/* RECHECK_DRAFTS_MAX is meant for a cycle of half an hour. The adaptive planner's cycles are
 * shorter. */
static size_t rechecks_max(const struct ps_config *config)
{
    enum { USUAL_MS = 30 * 60 * 1000 };
    int64_t most = config->recheck_drafts_max, interval_ms = ps_config_poll_interval_ms(config);

    if (!ps_config_adaptive(config) || interval_ms >= USUAL_MS)
        return (size_t)most;
    return (size_t)((most * interval_ms + USUAL_MS - 1) / USUAL_MS);
}

/* The adaptive planner's rechecks are part of its budget (ps_control_probes_share). The plan is
 * what the share left, so this part of the plan is never more than the part that was kept. */
static size_t rechecks_of(const struct ps_config *config, const struct ps_plan *plan)
{
    size_t most = rechecks_max(config), kept = plan->len / (RECHECK_PART - 1);

    if (!ps_config_adaptive(config) || most == 0)
        return most;
    if (kept == 0)
        kept = 1; /* slow, but every draft has its turn */
    return most < kept ? most : kept;
}

size_t ps_control_probes_share(const struct ps_config *config, size_t budget)
{
    size_t present = config->control_present_url[0] != '\0' ? 1 : PS_CONTROL_PROBES_PRESENT_MAX;
    size_t controls = config->probe_prefixes.len * config->probe_extensions.len + present;
    size_t rechecks = rechecks_max(config), part = budget / RECHECK_PART;
    size_t kept = controls + (rechecks < part ? rechecks : part);

    return kept < budget / 2 ? kept : budget / 2;
}

void ps_control_probes_add_rechecks(const struct ps_config *config, const struct ps_plan *plan,
                                    const char *const *drafts, size_t count,
                                    struct ps_control_probes *controls)
{
    size_t base_len = strlen(config->iso_base_url);
    size_t left = rechecks_of(config, plan);

    for (size_t i = 0; i < count && left > 0; i++) {
        struct ps_paper_id id;
        const char *ext;

        if (strncmp(drafts[i], config->iso_base_url, base_len) != 0 ||
            !ps_paper_id_parse_file(ps_url_tail(drafts[i]), &id, &ext) ||
            !ps_plan_asks(plan, id.number) || has(controls, drafts[i]))
            continue;
        ps_control_probes_add(controls, drafts[i], PS_CONTROL_RECHECK);
        left--;
    }
}

/* Paper numbers start at 1. A site may be wrong about one extension or prefix only, so each
 * combination has a name of its own. */
static void add_absent(const struct ps_config *config, struct ps_control_probes *controls)
{
    for (size_t p = 0; p < config->probe_prefixes.len; p++) {
        for (size_t e = 0; e < config->probe_extensions.len; e++) {
            char *url =
                ps_alloc_format("%s%s0000R0%s", config->iso_base_url,
                                config->probe_prefixes.items[p], config->probe_extensions.items[e]);

            if (!has(controls, url))
                ps_control_probes_add(controls, url, PS_CONTROL_ABSENT);
            free(url);
        }
    }
}

void ps_control_probes_make(const struct ps_config *config, const char *const *confirmed,
                            size_t count, struct ps_control_probes *out_controls)
{
    size_t base_len = strlen(config->iso_base_url), present = 0;

    *out_controls = (struct ps_control_probes){ .len = 0 };
    add_absent(config, out_controls);
    if (config->control_present_url[0] != '\0') {
        ps_control_probes_add(out_controls, config->control_present_url, PS_CONTROL_PRESENT);
        return;
    }
    for (size_t i = 0; i < count && present < PS_CONTROL_PROBES_PRESENT_MAX; i++) {
        if (strncmp(confirmed[i], config->iso_base_url, base_len) != 0)
            continue;
        ps_control_probes_add(out_controls, confirmed[i], PS_CONTROL_PRESENT);
        present++;
    }
}

void ps_control_probes_clear(struct ps_control_probes *controls)
{
    for (size_t i = 0; i < controls->len; i++)
        free(controls->items[i].url);
    free(controls->items);
    *controls = (struct ps_control_probes){ .len = 0 };
}

struct ps_control_probe *ps_control_probes_find(const struct ps_control_probes *controls,
                                                const char *url)
{
    for (size_t i = 0; i < controls->len; i++)
        if (strcmp(controls->items[i].url, url) == 0)
            return &controls->items[i];
    return NULL;
}

bool ps_control_probes_settle(struct ps_control_probes *controls, const char *url,
                              enum ps_outcome outcome)
{
    struct ps_control_probe *control = ps_control_probes_find(controls, url);

    if (control == NULL || control->settled)
        return false;
    control->settled = true;
    control->outcome = outcome;
    return true;
}

bool ps_control_probes_settled(const struct ps_control_probes *controls)
{
    for (size_t i = 0; i < controls->len; i++)
        if (!controls->items[i].settled)
            return false;
    return true;
}

bool ps_control_probes_answered(const struct ps_control_probes *controls)
{
    for (size_t i = 0; i < controls->len; i++)
        if (!controls->items[i].settled && controls->items[i].kind != PS_CONTROL_RECHECK)
            return false;
    return true;
}

enum ps_control_probes_fault ps_control_probes_fault(const struct ps_control_probes *controls,
                                                     const struct ps_control_probe **out_control)
{
    const struct ps_control_probe *missed = NULL;
    bool found = false;

    *out_control = NULL;

    for (size_t i = 0; i < controls->len; i++) {
        const struct ps_control_probe *control = &controls->items[i];

        if (control->kind == PS_CONTROL_RECHECK || !control->settled ||
            control->outcome == PS_OUTCOME_ERROR || control->outcome == PS_OUTCOME_DEFERRED)
            continue; /* there is no answer that shows anything */
        if (control->kind == PS_CONTROL_ABSENT && control->outcome != PS_OUTCOME_MISS) {
            *out_control = control;
            return PS_CONTROL_PROBES_HAVE_ALL;
        }
        if (control->kind == PS_CONTROL_PRESENT && ps_outcome_is_hit(control->outcome))
            found = true;
        else if (control->kind == PS_CONTROL_PRESENT)
            missed = control;
    }
    if (missed == NULL || found)
        return PS_CONTROL_PROBES_FINE;
    *out_control = missed;
    return PS_CONTROL_PROBES_HAVE_NONE;
}

const char *ps_control_file(const struct ps_control_probe *control)
{
    return ps_url_tail(control->url);
}
