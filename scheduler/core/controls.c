#include "scheduler/core/controls.h"

#include "shared/core/alloc.h"

#include <stdlib.h>
#include <string.h>

void ps_controls_add(struct ps_controls *controls, const char *url, bool present)
{
    if (controls->len < PS_CONTROLS_MAX)
        controls->items[controls->len++] =
            (struct ps_control){ .url = ps_alloc_text(url), .present = present };
}

void ps_controls_make(const struct ps_config *config, const char *const *confirmed, size_t count,
                      struct ps_controls *out_controls)
{
    size_t base_len = strlen(config->iso_base_url);
    /* Numbers are given from 1 on. */
    char *absent =
        ps_alloc_format("%s%s0000R0%s", config->iso_base_url, config->probe_prefixes.items[0],
                        config->probe_extensions.items[0]);

    *out_controls = (struct ps_controls){ .len = 0 };
    ps_controls_add(out_controls, absent, false);
    free(absent);
    if (config->control_present_url[0] != '\0') {
        ps_controls_add(out_controls, config->control_present_url, true);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (strncmp(confirmed[i], config->iso_base_url, base_len) == 0)
            ps_controls_add(out_controls, confirmed[i], true);
}

void ps_controls_clear(struct ps_controls *controls)
{
    for (size_t i = 0; i < controls->len; i++)
        free(controls->items[i].url);
    *controls = (struct ps_controls){ .len = 0 };
}

bool ps_controls_settle(struct ps_controls *controls, const char *url, enum ps_outcome outcome)
{
    for (size_t i = 0; i < controls->len; i++) {
        struct ps_control *control = &controls->items[i];

        if (control->settled || strcmp(control->url, url) != 0)
            continue;
        control->settled = true;
        control->outcome = outcome;
        return true;
    }
    return false;
}

bool ps_controls_settled(const struct ps_controls *controls)
{
    for (size_t i = 0; i < controls->len; i++)
        if (!controls->items[i].settled)
            return false;
    return true;
}

static bool answered(const struct ps_control *control)
{
    return control->settled && control->outcome != PS_OUTCOME_ERROR &&
           control->outcome != PS_OUTCOME_DEFERRED;
}

const char *ps_controls_fault(const struct ps_controls *controls)
{
    bool found = false, missed = false;

    for (size_t i = 0; i < controls->len; i++) {
        const struct ps_control *control = &controls->items[i];

        if (!answered(control))
            continue;
        if (!control->present && control->outcome != PS_OUTCOME_MISS)
            return "the site has a draft that cannot exist";
        if (control->present && ps_outcome_is_hit(control->outcome))
            found = true;
        else if (control->present)
            missed = true;
    }
    return missed && !found ? "the site has none of the drafts it had" : NULL;
}

const char *ps_control_file(const struct ps_control *control)
{
    const char *slash = strrchr(control->url, '/');

    return slash == NULL ? control->url : slash + 1;
}
