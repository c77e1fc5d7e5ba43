#include "scheduler/core/sighting.h"

#include "shared/core/alloc.h"
#include "shared/core/paper_id.h"

#include <stdlib.h>
#include <string.h>

ps_draft_key ps_draft_key_of(int number, int revision, unsigned variant)
{
    return (ps_draft_key)number << 20 | (ps_draft_key)revision << 8 | variant;
}

uint8_t ps_variant_of(const struct ps_config *config, const char *prefix, const char *ext)
{
    const struct ps_list *prefixes = &config->probe_prefixes, *exts = &config->probe_extensions;

    for (size_t p = 0; p < prefixes->len; p++)
        for (size_t e = 0; e < exts->len; e++)
            if (strcmp(prefixes->items[p], prefix) == 0 && strcmp(exts->items[e], ext) == 0 &&
                p * exts->len + e < PS_VARIANTS_MAX)
                return (uint8_t)(p * exts->len + e);
    return PS_VARIANT_OTHER;
}

bool ps_sighting_parse(const struct ps_config *config, const char *url,
                       struct ps_sighting *out_sighting)
{
    struct ps_paper_id id;
    const char *ext;

    if (!ps_paper_id_parse_file(url, &id, &ext) || (id.kind != PS_PAPER_D && id.kind != PS_PAPER_P))
        return false;
    *out_sighting = (struct ps_sighting){ .number = id.number,
                                          .revision = (int16_t)id.revision,
                                          .variant = ps_variant_of(config, id.prefix, ext) };
    return true;
}

static int compare_sightings(const void *a, const void *b)
{
    const struct ps_sighting *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->revision != y->revision)
        return x->revision < y->revision ? -1 : 1;
    return (int)x->variant - (int)y->variant;
}

void ps_sightings_sort(struct ps_sighting *sightings, size_t count)
{
    if (count > 0)
        qsort(sightings, count, sizeof(*sightings), compare_sightings);
}

struct gathering {
    const struct ps_config *config;
    struct ps_sighting *items;
    size_t len;
};

static void gather(void *cookie, const char *url, int64_t at_ms)
{
    struct gathering *gathering = cookie;
    struct ps_sighting *sighting = &gathering->items[gathering->len];

    if (!ps_sighting_parse(gathering->config, url, sighting))
        return;
    sighting->at_ms = at_ms;
    gathering->len++;
}

struct ps_sighting *ps_sightings_of(const struct ps_url_set *drafts, const struct ps_config *config,
                                    size_t *out_count)
{
    struct gathering gathering = { .config = config };

    gathering.items = ps_alloc_zero(ps_url_set_len(drafts) + 1, sizeof(*gathering.items));
    ps_url_set_each(drafts, gather, &gathering);
    ps_sightings_sort(gathering.items, gathering.len);
    *out_count = gathering.len;
    return gathering.items;
}
