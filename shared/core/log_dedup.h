/* Keeps a repeating error from flooding the log.
 *
 * The first PS_LOG_DEDUP_WRITTEN lines of one kind in a window are written. Later ones are held
 * back and counted; at the end of the window the last of them is written with "repeated 412 times".
 * io/log.c passes every line through it. */
#ifndef PS_CORE_LOG_DEDUP_H
#define PS_CORE_LOG_DEDUP_H
#include "shared/core/log_line.h"

enum {
    PS_LOG_DEDUP_WINDOW_MS = 60 * 1000,
    PS_LOG_DEDUP_WRITTEN = 10, /* lines of one kind that are written in each window */
    PS_LOG_DEDUP_KINDS = 64,   /* kinds tracked at once; a new kind replaces the oldest */
};

struct ps_log_kind_window {
    uint64_t kind;
    int64_t start_ms;
    unsigned written;
    uint64_t held;      /* lines held back */
    struct ps_buf line; /* the last line held back */
    bool used;
};

/* Zero-initialised by the owner. */
struct ps_log_dedup {
    struct ps_log_kind_window windows[PS_LOG_DEDUP_KINDS];
    uint64_t held_total;
};

/* Writes line, borrowed for the call. */
typedef void (*ps_log_dedup_fn)(void *cookie, const struct ps_buf *line);

/* Returns the kind of a line. Two lines have the same kind if their events are equal and, where
 * they carry an error, their errors are equal (other fields, such as the URL, may differ), else all
 * their fields. */
uint64_t ps_log_kind_of(enum ps_event event, const struct ps_log_field *fields, size_t count);
/* Calls fn with line (rendered, without a newline), or holds a copy back. First writes the held
 * lines of windows that are over. */
void ps_log_dedup_step(struct ps_log_dedup *dedup, uint64_t kind, const struct ps_buf *line,
                       int64_t now_ms, ps_log_dedup_fn fn, void *cookie);
/* Writes the held lines of windows that are over; with end, of all windows. */
void ps_log_dedup_flush(struct ps_log_dedup *dedup, int64_t now_ms, bool end, ps_log_dedup_fn fn,
                        void *cookie);

#endif
