#include "scheduler/core/draft_changes.h"

#include "shared/core/utc_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static bool differ(const char *before, const char *now)
{
    return before != NULL && now != NULL && strcmp(before, now) != 0;
}

static const char *opaque_of(const char *etag)
{
    return etag != NULL && strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
}

static bool moved_with_clock(const struct ps_draft_state *before, const struct ps_draft_state *now)
{
    int64_t before_ms, now_ms, odds_ms;

    if (before->answered_ms == 0 || now->answered_ms == 0 ||
        !ps_utc_time_parse_http(before->last_modified, &before_ms) ||
        !ps_utc_time_parse_http(now->last_modified, &now_ms))
        return false;
    odds_ms = (now_ms - before_ms) - (now->answered_ms - before->answered_ms);
    return odds_ms >= -PS_DRAFT_CHANGE_CLOCK_MS && odds_ms <= PS_DRAFT_CHANGE_CLOCK_MS;
}

enum ps_draft_change ps_draft_change(const struct ps_draft_state *before, bool was_gone,
                                     const struct ps_draft_state *now, enum ps_outcome outcome)
{
    /* Equal strong validators: the bytes are the same, whatever Last-Modified says. */
    bool same = before->etag != NULL && now->etag != NULL && before->etag[0] == '"' &&
                strcmp(before->etag, now->etag) == 0;

    if (outcome == PS_OUTCOME_MISS)
        return was_gone ? PS_DRAFT_CHANGE_SAME : PS_DRAFT_CHANGE_GONE;
    if (!ps_outcome_is_hit(outcome))
        return PS_DRAFT_CHANGE_NOTHING;
    if ((differ(before->last_modified, now->last_modified) && !same &&
         !moved_with_clock(before, now)) ||
        differ(opaque_of(before->etag), opaque_of(now->etag)) ||
        (before->length >= 0 && now->length >= 0 && before->length != now->length))
        return PS_DRAFT_CHANGE_UPDATED;
    return was_gone ? PS_DRAFT_CHANGE_BACK : PS_DRAFT_CHANGE_SAME;
}

struct ps_draft_state ps_draft_change_merge(const struct ps_draft_state *before,
                                            const struct ps_draft_state *now)
{
    return (struct ps_draft_state){
        .last_modified = now->last_modified == NULL ? before->last_modified : now->last_modified,
        .etag = now->etag == NULL ? before->etag : now->etag,
        .length = now->length < 0 ? before->length : now->length,
        .answered_ms = now->answered_ms,
    };
}

static uint64_t mix(uint64_t hash, const char *text)
{
    if (text == NULL)
        text = "";
    do { /* the 0 at its end too: it keeps the parts apart */
        hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
    } while (*text++ != '\0');
    return hash;
}

void ps_draft_change_print(const struct ps_draft_state *state, char out_text[PS_DRAFT_CHANGE_PRINT])
{
    char length[24];
    uint64_t hash;

    (void)snprintf(length, sizeof(length), "%" PRId64, state->length);
    hash = mix(FNV_BASIS, state->last_modified);
    hash = mix(hash, opaque_of(state->etag));
    hash = mix(hash, length);
    (void)snprintf(out_text, PS_DRAFT_CHANGE_PRINT, "%016" PRIx64, hash);
}
