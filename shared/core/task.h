/* A probe task and its fields in the tasks stream. */
#ifndef PS_CORE_TASK_H
#define PS_CORE_TASK_H
#include "shared/core/err.h"
#include "shared/core/str.h"

#include <stdint.h>

enum {
    PS_TASK_URL_MAX = 2048, /* bytes */
    PS_TASK_ID_MAX = 128,
    PS_TASK_EXT_MAX = 16,
    PS_TASK_WORKER_MAX = 256,
    PS_TASK_PASSES_MAX = 2,
    PS_TASK_FIELDS = 9, /* task cycle epoch url tier prefix number revision ext */
};

enum ps_tier {
    PS_TIER_WATCHLIST,
    PS_TIER_FRONTIER,
    PS_TIER_RECENT,
    PS_TIER_COLD,
    /* Of no plan; they count in no number of a cycle: */
    PS_TIER_CONTROL, /* asked to know whether the others can be believed */
    PS_TIER_RECHECK, /* a draft found before: has it changed? */
    PS_TIER_COUNT
};

/* All text is owned. */
struct ps_task {
    char *task; /* "<cycle>:<file name>", unique */
    int64_t cycle;
    int64_t epoch;
    char *url;
    enum ps_tier tier;
    char *tier_name; /* of a tier that only a newer program knows, handed on; tier is then
                        PS_TIER_CONTROL, of no plan; else NULL */
    char prefix[6];
    int number;
    int revision;
    char *ext; /* with the dot */
    /* The second look at a recent hit, fields seen_by and passes: */
    char *seen_by; /* worker that found it; NULL: nobody has looked yet */
    int passes;    /* how often that worker passed it on to others */
};

const char *ps_tier_name(enum ps_tier tier); /* watchlist frontier recent cold control recheck */
bool ps_tier_is_planned(enum ps_tier tier);  /* neither control nor recheck */
bool ps_tier_parse(struct ps_str name, enum ps_tier *out_tier) PS_MUST_USE;

/* fields: name, value, name, value …, count of both together. Takes nothing, copies. Unknown fields
   are passed over; a missing or absurd one is an error (UNKNOWN) that names it. out_task as after
   init on false. */
bool ps_task_parse(const struct ps_str *fields, size_t count, struct ps_task *out_task,
                   struct ps_err *err) PS_MUST_USE;
void ps_task_clear(struct ps_task *task);

#endif
