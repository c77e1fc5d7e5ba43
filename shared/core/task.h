/* A probe task, and its fields in the stream `tasks`.
 *
 * Place in the data flow: the scheduler formats tasks, workers parse them, and each result carries
 * its task back. Pure.
 *
 * Programs of two versions run together during an update, so the format may only grow: a parser
 * skips fields that it does not know, and hands on a tier that only a newer program knows. */
#ifndef PS_CORE_TASK_H
#define PS_CORE_TASK_H
#include "shared/core/err.h"
#include "shared/core/str.h"
#include "shared/core/trace_context.h"

#include <stdint.h>

enum {
    PS_TASK_URL_MAX = 2048, /* bytes */
    PS_TASK_ID_MAX = 128,
    PS_TASK_EXT_MAX = 16,
    PS_TASK_WORKER_MAX = 256,
    PS_TASK_PASSES_MAX = 2,
    PS_TASK_FIELDS = 9, /* task cycle epoch url tier prefix number revision ext, and traceparent
                           where the task is traced */
};

enum ps_tier {
    PS_TIER_WATCHLIST,
    PS_TIER_FRONTIER,
    PS_TIER_RECENT,
    PS_TIER_COLD,
    /* Not planned; they do not count in the numbers of a cycle: */
    PS_TIER_CONTROL, /* its answer is known; shows whether the site can be believed */
    PS_TIER_RECHECK, /* a draft that was found before: has it changed? */
    PS_TIER_COUNT
};

/* All text is owned. */
struct ps_task {
    char *task; /* "<cycle>:<file name>", unique */
    int64_t cycle;
    int64_t epoch;
    char *url;
    enum ps_tier tier;
    char *tier_name; /* of a tier that only a newer program knows; tier is PS_TIER_CONTROL then.
                        Else NULL. */
    char prefix[6];
    int number;
    int revision;
    char *ext; /* with the dot */
    /* The confirmation of a recent hit, fields seen_by and passes: */
    char *seen_by; /* the worker that found the hit; NULL for a first probe */
    int passes;    /* how often that worker passed the task on to others */
    /* Field traceparent: the span that caused this entry. None if nobody sends traces, or if the
     * field is invalid: a trace is never worth a probe. */
    struct ps_trace_context trace;
};

const char *ps_tier_name(enum ps_tier tier); /* watchlist frontier recent cold control recheck */
bool ps_tier_is_planned(enum ps_tier tier);  /* neither control nor recheck */
bool ps_tier_parse(struct ps_str name, enum ps_tier *out_tier) PS_MUST_USE;

/**
 * ps_task_parse(fields, count, out_task, err): Parse name, value, name, value …; ${count} is the
 * number of both together. Copy the texts into ${out_task}, which the caller clears. Return false,
 * with ${out_task} empty, if a field is missing or invalid; err (UNKNOWN) names the field.
 */
bool ps_task_parse(const struct ps_str *fields, size_t count, struct ps_task *out_task,
                   struct ps_err *err) PS_MUST_USE;
/* Frees what task owns and leaves it empty. */
void ps_task_clear(struct ps_task *task);

#endif
