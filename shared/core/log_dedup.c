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

/* Writes the line that was held back last, with the count. In a JSON line the count goes before the
 * closing brace. */
static void write_held(struct ps_log_kind_window *window, ps_log_dedup_fn fn, void *cookie)
{
    struct ps_buf *line = &window->line;
    bool json = line->len > 0 && line->data[0] == '{';

    line->cap += COUNT_TEXT_MAX;
    if (json) {
        line->len--;
        (void)ps_buf_format(line, ",\"repeated\":%" PRIu64 "}", window->held);
    } else {
        (void)ps_buf_format(line, " repeated %" PRIu64 " times", window->held);
    }
    fn(cookie, line);
}

static void close_window(struct ps_log_kind_window *window, ps_log_dedup_fn fn, void *cookie)
{
    if (window->held > 0)
        write_held(window, fn, cookie);
    ps_buf_clear(&window->line);
    *window = (struct ps_log_kind_window){ .used = false };
}

void ps_log_dedup_flush(struct ps_log_dedup *dedup, int64_t now_ms, bool end, ps_log_dedup_fn fn,
                        void *cookie)
{
    for (size_t i = 0; i < PS_LOG_DEDUP_KINDS; i++) {
        struct ps_log_kind_window *window = &dedup->windows[i];

        if (window->used && (end || now_ms - window->start_ms >= PS_LOG_DEDUP_WINDOW_MS))
            close_window(window, fn, cookie);
    }
}

/* Returns an unused window. If there is none, closes the oldest one. */
static struct ps_log_kind_window *open_slot(struct ps_log_dedup *dedup, ps_log_dedup_fn fn,
                                            void *cookie)
{
    struct ps_log_kind_window *oldest = &dedup->windows[0];

    for (size_t i = 0; i < PS_LOG_DEDUP_KINDS; i++) {
        if (!dedup->windows[i].used)
            return &dedup->windows[i];
        if (dedup->windows[i].start_ms < oldest->start_ms)
            oldest = &dedup->windows[i];
    }
    close_window(oldest, fn, cookie);
    return oldest;
}

/* Keeps a copy of line instead of the one before. Returns false for a line that is too long to
 * keep; it is written. */
static bool hold(struct ps_log_kind_window *window, const struct ps_buf *line)
{
    if (line->len > HELD_LINE_MAX)
        return false;
    ps_buf_clear(&window->line);
    ps_buf_init(&window->line, HELD_LINE_MAX + 1);
    (void)ps_buf_add(&window->line, line->data, line->len);
    window->held++;
    return true;
}

void ps_log_dedup_step(struct ps_log_dedup *dedup, uint64_t kind, const struct ps_buf *line,
                       int64_t now_ms, ps_log_dedup_fn fn, void *cookie)
{
    struct ps_log_kind_window *window = NULL;

    ps_log_dedup_flush(dedup, now_ms, false, fn, cookie);
    for (size_t i = 0; window == NULL && i < PS_LOG_DEDUP_KINDS; i++)
        if (dedup->windows[i].used && dedup->windows[i].kind == kind)
            window = &dedup->windows[i];
    if (window == NULL) {
        window = open_slot(dedup, fn, cookie);
        *window = (struct ps_log_kind_window){ .kind = kind, .start_ms = now_ms, .used = true };
    }
    if (window->written >= PS_LOG_DEDUP_WRITTEN && hold(window, line)) {
        dedup->held_total++;
        return;
    }
    window->written++;
    fn(cookie, line);
}
