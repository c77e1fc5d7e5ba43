#include "shared/core/task.h"

#include "shared/core/alloc.h"
#include "shared/core/field_read.h"
#include "shared/core/paper_id.h"
#include "shared/core/url.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The scripts compare epochs as Lua numbers, which are exact up to here. */
#define COUNTER_MAX (INT64_C(1) << 53)

static const char *const tier_names[PS_TIER_COUNT] = {
    [PS_TIER_WATCHLIST] = "watchlist", [PS_TIER_FRONTIER] = "frontier",
    [PS_TIER_RECENT] = "recent",       [PS_TIER_COLD] = "cold",
    [PS_TIER_CONTROL] = "control",     [PS_TIER_RECHECK] = "recheck",
};

const char *ps_tier_name(enum ps_tier tier)
{
    assert((unsigned)tier < PS_TIER_COUNT);
    return tier_names[tier];
}

bool ps_tier_is_planned(enum ps_tier tier)
{
    return tier < PS_TIER_CONTROL;
}

bool ps_tier_parse(struct ps_str name, enum ps_tier *out_tier)
{
    for (size_t i = 0; i < PS_TIER_COUNT; i++) {
        if (ps_str_is(name, tier_names[i])) {
            *out_tier = (enum ps_tier)i;
            return true;
        }
    }
    return false;
}

/* A prefix is part of a URL and of a paper id, so it may only have capital letters. */
static bool is_prefix(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 'A' || text.data[i] > 'Z')
            return false;
    }
    return text.len > 0;
}

/* Whether text can end a file name: without '/', which would leave the directory, and without
 * characters that a URL must escape. */
static bool is_ext(struct ps_str text)
{
    if (text.len < 2 || text.data[0] != '.')
        return false;
    for (size_t i = 1; i < text.len; i++) {
        char c = text.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.'))
            return false;
    }
    return true;
}

/* Returns whether text has neither white space nor control characters: it is written into log
 * lines. */
static bool is_plain_line(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f)
            return false;
    }
    return true;
}

static bool read_url_and_tier(const struct ps_field_reader *reader, struct ps_task *task,
                              struct ps_err *err)
{
    struct ps_str url, tier;

    if (!ps_field_need(reader, "url", PS_TASK_URL_MAX, &url, err))
        return false;
    task->url = ps_alloc_copy(url.data, url.len);
    if (!ps_url_is_http(task->url))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "task: url is not an http:// or https:// URL");
    if (!ps_field_need(reader, "tier", PS_TASK_ID_MAX, &tier, err))
        return false;
    if (ps_tier_parse(tier, &task->tier))
        return true;
    for (size_t i = 0; i < tier.len; i++)
        if (!(tier.data[i] >= 'a' && tier.data[i] <= 'z') && tier.data[i] != '_')
            return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                           "task: tier must be lower-case letters, such as watchlist, frontier, "
                           "recent or cold");
    /* A tier of a newer program: it is probed, and counts in no number of this one. */
    task->tier = PS_TIER_CONTROL;
    task->tier_name = ps_alloc_copy(tier.data, tier.len);
    return true;
}

static bool read_paper(const struct ps_field_reader *reader, struct ps_task *task,
                       struct ps_err *err)
{
    struct ps_str prefix, ext;
    int64_t number, revision;

    if (!ps_field_need(reader, "prefix", sizeof(task->prefix) - 1, &prefix, err))
        return false;
    if (!is_prefix(prefix))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "task: prefix must be capital letters");
    memcpy(task->prefix, prefix.data, prefix.len);
    task->prefix[prefix.len] = '\0';
    if (!ps_field_int(reader, "number", 0, PS_PAPER_NUMBER_MAX, &number, err) ||
        !ps_field_int(reader, "revision", 0, PS_PAPER_REVISION_MAX, &revision, err))
        return false;
    task->number = (int)number;
    task->revision = (int)revision;
    if (!ps_field_need(reader, "ext", PS_TASK_EXT_MAX, &ext, err))
        return false;
    if (!is_ext(ext))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                       "task: ext must be a dot followed by letters and digits");
    task->ext = ps_alloc_copy(ext.data, ext.len);
    return true;
}

static bool read_confirmation(const struct ps_field_reader *reader, struct ps_task *task,
                              struct ps_err *err)
{
    struct ps_str seen_by;
    int64_t passes;

    if (!ps_field_text(reader, "seen_by", PS_TASK_WORKER_MAX, &seen_by, err) ||
        !ps_field_count(reader, "passes", PS_TASK_PASSES_MAX, &passes, err))
        return false;
    if (seen_by.len > 0)
        task->seen_by = ps_alloc_copy(seen_by.data, seen_by.len);
    task->passes = (int)passes;
    return true;
}

bool ps_task_parse(const struct ps_str *fields, size_t count, struct ps_task *out_task,
                   struct ps_err *err)
{
    const struct ps_field_reader reader = { fields, count, "task" };
    struct ps_task task = { 0 };
    struct ps_str id;
    bool ok = false;

    *out_task = task;
    if (!ps_field_need(&reader, "task", PS_TASK_ID_MAX, &id, err))
        goto out;
    if (!is_plain_line(id)) {
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                      "task: task contains white space or a control character");
        goto out;
    }
    task.task = ps_alloc_copy(id.data, id.len);
    ok = ps_field_int(&reader, "cycle", 1, COUNTER_MAX, &task.cycle, err) &&
         ps_field_int(&reader, "epoch", 0, COUNTER_MAX, &task.epoch, err) &&
         read_url_and_tier(&reader, &task, err) && read_paper(&reader, &task, err) &&
         read_confirmation(&reader, &task, err);
    if (ok) {
        if (!ps_traceparent_parse(ps_field_find(&reader, "traceparent"), &task.trace))
            task.trace = (struct ps_trace_context){ 0 };
        *out_task = task;
        task = (struct ps_task){ 0 };
    }
out:
    ps_task_clear(&task);
    return ok;
}

void ps_task_clear(struct ps_task *task)
{
    free(task->task);
    free(task->url);
    free(task->ext);
    free(task->tier_name);
    free(task->seen_by);
    *task = (struct ps_task){ 0 };
}
