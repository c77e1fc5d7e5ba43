/*
 * Sightings: drafts that were found on the site, as numbers. The adaptive planner counts with names
 * as numbers, because a cycle looks at tens of thousands of them.
 */
#ifndef PS_SCHEDULER_SIGHTING_H
#define PS_SCHEDULER_SIGHTING_H
#include "scheduler/core/url_set.h"
#include "shared/core/config.h"

/* A name as a number: paper number, revision, variant. */
typedef uint64_t ps_draft_key;

ps_draft_key ps_draft_key_of(int number, int revision, unsigned variant);

enum {
    PS_VARIANTS_MAX = 32,  /* prefixes (at most 4) times extensions (at most 8) */
    PS_VARIANT_OTHER = 255 /* a prefix or an extension that is not configured */
};

/* A draft that was found on the site. */
struct ps_sighting {
    int64_t at_ms; /* of discovery or of upload, wall clock; 0: not known */
    int32_t number;
    int16_t revision;
    uint8_t variant; /* prefix * number of extensions + extension, as configured */
};

/* Returns the variant of a prefix and an extension, PS_VARIANT_OTHER where one is not configured.
 */
uint8_t ps_variant_of(const struct ps_config *config, const char *prefix, const char *ext);
/* Reads number, revision and variant from a draft's URL or file name; at_ms becomes 0. Returns
 * false when it names no draft. */
bool ps_sighting_parse(const struct ps_config *config, const char *url,
                       struct ps_sighting *out_sighting) PS_MUST_USE;
/* Gives an array to free: the drafts of a set, sorted. */
struct ps_sighting *ps_sightings_of(const struct ps_url_set *drafts, const struct ps_config *config,
                                    size_t *out_count) PS_MUST_USE;
/* Puts sightings in the order in which the model reads them: by time. */
void ps_sightings_sort(struct ps_sighting *sightings, size_t count);

#endif
