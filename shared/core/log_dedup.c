#include "shared/core/log_dedup.h"

#include <inttypes.h>
#include <string.h>

enum { HELD_LINE_MAX = 4096, COUNT_TEXT_MAX = 64 };

/* FNV-1a, 64 bits (RFC draft-eastlake-fnv). */
static void mix(uint64_t *hash, const void *data, size_t len)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < len; i++)
        *hash = (*hash ^ bytes[i]) * UINT64_C(0x100000001b3);
}

static void mix_text(uint64_t *hash, const char *text)
{
    mix(hash, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 1);
}

uint64_t ps_log_kind_of(enum ps_event event, const struct ps_log_field *fields, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    mix(&hash, &event, sizeof(event));
    for (size_t i = 0; i < count; i++)
        if (fields[i].kind == PS_LOG_F_ERR && fields[i].err != NULL) {
            mix(&hash, &fields[i].err->category, sizeof(fields[i].err->category));
            mix_text(&hash, fields[i].err->what);
            return hash;
        }
    for (size_t i = 0; i < count; i++) {
        mix_text(&hash, fields[i].name);
        mix_text(&hash, fields[i].text);
        mix(&hash, &fields[i].number, sizeof(fields[i].number));
        mix(&hash, &fields[i].real, sizeof(fields[i].real));
    }
    return hash;
}

/* A JSON line keeps its closing brace last. */
static void tell_held(struct ps_log_kind_seen *seen, ps_log_dedup_fn fn, void *cookie)
{
    struct ps_buf *line = &seen->line;
    bool json = line->len > 0 && line->data[0] == '{';

    line->cap += COUNT_TEXT_MAX;
    if (json) {
        line->len--;
        (void)ps_buf_format(line, ",\"repeated\":%" PRIu64 "}", seen->held);
    } else {
        (void)ps_buf_format(line, " repeated %" PRIu64 " times", seen->held);
    }
    fn(cookie, line);
}

static void forget(struct ps_log_kind_seen *seen, ps_log_dedup_fn fn, void *cookie)
{
    if (seen->held > 0)
        tell_held(seen, fn, cookie);
    ps_buf_clear(&seen->line);
    *seen = (struct ps_log_kind_seen){ .used = false };
}

void ps_log_dedup_flush(struct ps_log_dedup *repeat, int64_t now_ms, bool end, ps_log_dedup_fn fn,
                        void *cookie)
{
    for (size_t i = 0; i < PS_LOG_DEDUP_KINDS; i++) {
        struct ps_log_kind_seen *seen = &repeat->seen[i];

        if (seen->used && (end || now_ms - seen->since_ms >= PS_LOG_DEDUP_WINDOW_MS))
            forget(seen, fn, cookie);
    }
}

static struct ps_log_kind_seen *find(struct ps_log_dedup *repeat, uint64_t kind)
{
    for (size_t i = 0; i < PS_LOG_DEDUP_KINDS; i++)
        if (repeat->seen[i].used && repeat->seen[i].kind == kind)
            return &repeat->seen[i];
    return NULL;
}

static struct ps_log_kind_seen *room(struct ps_log_dedup *repeat, ps_log_dedup_fn fn, void *cookie)
{
    struct ps_log_kind_seen *oldest = &repeat->seen[0];

    for (size_t i = 0; i < PS_LOG_DEDUP_KINDS; i++) {
        if (!repeat->seen[i].used)
            return &repeat->seen[i];
        if (repeat->seen[i].since_ms < oldest->since_ms)
            oldest = &repeat->seen[i];
    }
    forget(oldest, fn, cookie);
    return oldest;
}

/* What is longer than a held line may be is written after all. */
static bool hold(struct ps_log_kind_seen *seen, const struct ps_buf *line)
{
    if (line->len > HELD_LINE_MAX)
        return false;
    ps_buf_clear(&seen->line);
    ps_buf_init(&seen->line, HELD_LINE_MAX + 1);
    (void)ps_buf_add(&seen->line, line->data, line->len);
    seen->held++;
    return true;
}

void ps_log_dedup_step(struct ps_log_dedup *repeat, uint64_t kind, const struct ps_buf *line,
                       int64_t now_ms, ps_log_dedup_fn fn, void *cookie)
{
    struct ps_log_kind_seen *seen;

    ps_log_dedup_flush(repeat, now_ms, false, fn, cookie);
    seen = find(repeat, kind);
    if (seen == NULL) {
        seen = room(repeat, fn, cookie);
        *seen = (struct ps_log_kind_seen){ .kind = kind, .since_ms = now_ms, .used = true };
    }
    if (seen->written >= PS_LOG_DEDUP_WRITTEN && hold(seen, line)) {
        repeat->held_total++;
        return;
    }
    seen->written++;
    fn(cookie, line);
}
