/* Keeps a fault that repeats from flooding the log: the first few lines of a kind are written, the
 * rest of a window is counted, and its last line is written with "repeated 412 times". */
#ifndef PS_CORE_LOG_DEDUP_H
#define PS_CORE_LOG_DEDUP_H
#include "shared/core/log_line.h"

enum {
    PS_LOG_DEDUP_WINDOW_MS = 60 * 1000,
    PS_LOG_DEDUP_WRITTEN = 10, /* lines of one kind that a window writes in full */
    PS_LOG_DEDUP_KINDS = 64,   /* kinds watched at once; the oldest makes room */
};

struct ps_log_kind_seen {
    uint64_t kind;
    int64_t since_ms;
    unsigned written;
    uint64_t held;
    struct ps_buf line; /* the last one held, whole, as it would have been written */
    bool used;
};

struct ps_log_dedup {
    struct ps_log_kind_seen seen[PS_LOG_DEDUP_KINDS];
    uint64_t held_total;
};

/* line: to be written now; borrowed for the call. */
typedef void (*ps_log_dedup_fn)(void *cookie, const struct ps_buf *line);

/* Two lines are of one kind when their event is the same and either their error is the same (where
 * they have one: other fields may differ, as the URL does) or all their fields are. */
uint64_t ps_log_kind_of(enum ps_event event, const struct ps_log_field *fields, size_t count);
/* line: rendered, without a newline. Calls fn with it, or keeps a copy and counts it. What other
 * kinds' windows held back comes first when they are over. */
void ps_log_dedup_step(struct ps_log_dedup *repeat, uint64_t kind, const struct ps_buf *line,
                       int64_t now_ms, ps_log_dedup_fn fn, void *cookie);
/* Writes what windows that are over held back; with end those that are not over too. */
void ps_log_dedup_flush(struct ps_log_dedup *repeat, int64_t now_ms, bool end, ps_log_dedup_fn fn,
                        void *cookie);

#endif
