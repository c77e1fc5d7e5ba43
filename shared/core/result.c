#include "shared/core/result.h"

#include "shared/core/alloc.h"
#include "shared/core/field_read.h"
#include "shared/core/json.h"
#include "shared/core/utc_time.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limits of fields that no worker passes: a value beyond them comes from another program. */
enum { WORKER_MAX = 256, ATTEMPTS_MAX = 1000000, STATUS_MAX = 999, LENGTH_TEXT = 20 };

#define LATENCY_MAX INT64_C(86400000) /* a day; no request takes longer */

static const char *const outcome_names[PS_OUTCOME_COUNT] = {
#define PS_X(id, name) name,
    PS_OUTCOMES(PS_X)
#undef PS_X
};

const char *ps_outcome_name(enum ps_outcome outcome)
{
    assert((unsigned)outcome < PS_OUTCOME_COUNT);
    return outcome_names[outcome];
}

bool ps_outcome_parse(struct ps_str name, enum ps_outcome *out_outcome)
{
    for (size_t i = 0; i < PS_OUTCOME_COUNT; i++) {
        if (ps_str_is(name, outcome_names[i])) {
            *out_outcome = (enum ps_outcome)i;
            return true;
        }
    }
    return false;
}

bool ps_outcome_is_hit(enum ps_outcome outcome)
{
    return outcome == PS_OUTCOME_HIT_RECENT || outcome == PS_OUTCOME_HIT_OLD ||
           outcome == PS_OUTCOME_HIT_NO_LM;
}

bool ps_result_is_find(const struct ps_task *task, enum ps_outcome outcome)
{
    return ps_tier_is_planned(task->tier) &&
           (ps_outcome_is_hit(outcome) || outcome == PS_OUTCOME_SUSPECT);
}

static bool read_outcome(const struct ps_field_reader *reader, struct ps_result *result,
                         struct ps_err *err)
{
    struct ps_str outcome, category;
    char name[32];

    if (!ps_field_need(reader, "outcome", sizeof(name) - 1, &outcome, err) ||
        !ps_field_text(reader, "failure_category", sizeof(name) - 1, &category, err))
        return false;
    if (!ps_outcome_parse(outcome, &result->outcome))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "result: outcome is unknown");
    result->failed = category.len > 0;
    (void)snprintf(name, sizeof(name), "%.*s", (int)category.len, category.data);
    if (result->failed && !ps_failure_parse(name, &result->category))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "result: failure_category is unknown");
    return true;
}

static bool read_numbers(const struct ps_field_reader *reader, struct ps_result *result,
                         struct ps_err *err)
{
    int64_t status, attempts;

    if (!ps_field_count(reader, "status", STATUS_MAX, &status, err) ||
        !ps_field_count(reader, "attempts", ATTEMPTS_MAX, &attempts, err) ||
        !ps_field_count(reader, "latency_ms", LATENCY_MAX, &result->latency_ms, err))
        return false;
    result->status = (int)status;
    result->attempts = (int)attempts;
    return true;
}

/* Sets *out_text to the field's text, owned by the caller, NULL if it is empty. */
static bool read_text(const struct ps_field_reader *reader, const char *name, size_t max,
                      char **out_text, struct ps_err *err)
{
    struct ps_str text;

    if (!ps_field_text(reader, name, max, &text, err))
        return false;
    *out_text = text.len > 0 ? ps_alloc_copy(text.data, text.len) : NULL;
    return true;
}

/* Stores the array as printed from what was parsed, not as it was sent. An escaped NUL in it, for
 * example, would make PostgreSQL reject the whole batch of results. */
static bool read_authors(const struct ps_field_reader *reader, struct ps_result *result,
                         struct ps_err *err)
{
    struct ps_str text;
    cJSON *names;
    const cJSON *name;
    bool ok;

    if (!ps_field_text(reader, "authors", PS_RESULT_AUTHORS_MAX, &text, err))
        return false;
    if (text.len == 0)
        return true;
    names = ps_json_parse(text.data, text.len, err);
    ok = cJSON_IsArray(names);
    for (name = ok ? names->child : NULL; name != NULL && ok; name = name->next)
        ok = cJSON_IsString(name);
    if (ok && names->child != NULL)
        result->authors = ps_json_print(names);
    if (result->authors != NULL)
        ok = strlen(result->authors) <= PS_RESULT_AUTHORS_MAX; /* escapes may have lengthened it */
    cJSON_Delete(names);
    return ok ||
           ps_fail(err, PS_FAILURE_UNKNOWN, 0, "result: authors is not a JSON array of names");
}

char *ps_result_authors_format(const char *const *names, size_t count)
{
    cJSON *array = cJSON_CreateArray();
    char *text = NULL;

    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(names[i]));
    while (count > 0 && text == NULL) {
        text = ps_json_print(array);
        if (strlen(text) <= PS_RESULT_AUTHORS_MAX)
            break;
        free(text);
        text = NULL;
        cJSON_DeleteItemFromArray(array, (int)--count);
    }
    cJSON_Delete(array);
    return text;
}

/* Absent or empty: the site did not send Content-Length. */
static bool read_length(const struct ps_field_reader *reader, struct ps_result *result,
                        struct ps_err *err)
{
    struct ps_str text;

    result->content_length = -1;
    if (!ps_field_text(reader, "content_length", LENGTH_TEXT, &text, err))
        return false;
    return text.len == 0 ||
           ps_field_count(reader, "content_length", INT64_MAX, &result->content_length, err);
}

/* Reads when the site answered; absent is 0. */
static bool read_answered(const struct ps_field_reader *reader, struct ps_result *result,
                          struct ps_err *err)
{
    struct ps_str text;
    char time[PS_UTC_TIME_TEXT];

    if (!ps_field_text(reader, "answered_at", sizeof(time) - 1, &text, err))
        return false;
    (void)snprintf(time, sizeof(time), "%.*s", (int)text.len, text.data);
    if (text.len > 0 && !ps_utc_time_parse_time(time, &result->answered_ms))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "result: answered_at is not an ISO 8601 time");
    return true;
}

bool ps_result_parse(const struct ps_str *fields, size_t count, struct ps_result *out_result,
                     struct ps_err *err)
{
    const struct ps_field_reader reader = { fields, count, "result" };
    struct ps_result result = { 0 };
    bool ok;

    *out_result = result;
    ok = ps_task_parse(fields, count, &result.task, err) && read_outcome(&reader, &result, err) &&
         read_numbers(&reader, &result, err) &&
         read_text(&reader, "last_modified", PS_RESULT_HEADER_MAX, &result.last_modified, err) &&
         read_text(&reader, "etag", PS_RESULT_HEADER_MAX, &result.etag, err) &&
         read_length(&reader, &result, err) && read_answered(&reader, &result, err) &&
         read_text(&reader, "worker", WORKER_MAX, &result.worker, err) &&
         read_text(&reader, "front_text", PS_RESULT_FRONT_MAX, &result.front_text, err) &&
         read_text(&reader, "title", PS_RESULT_TITLE_MAX, &result.title, err) &&
         read_authors(&reader, &result, err);
    if (!ok) {
        ps_result_clear(&result);
        return false;
    }
    if (result.worker == NULL)
        result.worker = ps_alloc_text("");
    *out_result = result;
    return true;
}

void ps_result_clear(struct ps_result *result)
{
    ps_task_clear(&result->task);
    free(result->last_modified);
    free(result->etag);
    free(result->worker);
    free(result->front_text);
    free(result->title);
    free(result->authors);
    *result = (struct ps_result){ 0 };
}

enum { FIELDS_BLOCK = 512 }; /* bytes of a block of values; a longer value gets its own block */

struct ps_fields_block {
    struct ps_fields_block *next;
    size_t used, size;
    char text[];
};

void ps_fields_init(struct ps_fields *fields)
{
    *fields = (struct ps_fields){ 0 };
}

void ps_fields_clear(struct ps_fields *fields)
{
    while (fields->blocks != NULL) {
        struct ps_fields_block *block = fields->blocks;

        fields->blocks = block->next;
        free(block);
    }
    free(fields->items);
    ps_fields_init(fields);
}

/* Returns a copy that lives as long as fields. */
static const char *copy_value(struct ps_fields *fields, const char *text)
{
    struct ps_fields_block *block = fields->blocks;
    size_t len;
    char *copy;

    if (text == NULL || text[0] == '\0')
        return "";
    len = strlen(text) + 1;
    if (block == NULL || block->size - block->used < len) {
        size_t size = len > FIELDS_BLOCK ? len : FIELDS_BLOCK;

        block = ps_alloc_zero(1, sizeof(*block) + size);
        *block = (struct ps_fields_block){ .next = fields->blocks, .size = size };
        fields->blocks = block;
    }
    copy = block->text + block->used;
    memcpy(copy, text, len);
    block->used += len;
    return copy;
}

void ps_fields_add(struct ps_fields *fields, const char *name, const char *value)
{
    if (fields->size - fields->len < 2) {
        fields->size = fields->size > 0 ? fields->size * 2 : (size_t)2 * PS_RESULT_FIELDS;
        fields->items = ps_alloc_array(fields->items, fields->size, sizeof(*fields->items));
    }
    fields->items[fields->len++] = name;
    fields->items[fields->len++] = copy_value(fields, value);
}

void ps_fields_add_int(struct ps_fields *fields, const char *name, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    ps_fields_add(fields, name, text);
}

void ps_task_format(const struct ps_task *task, struct ps_fields *fields)
{
    char traceparent[PS_TRACEPARENT_TEXT];

    ps_fields_add(fields, "task", task->task);
    ps_fields_add_int(fields, "cycle", task->cycle);
    ps_fields_add_int(fields, "epoch", task->epoch);
    ps_fields_add(fields, "url", task->url);
    ps_fields_add(fields, "tier",
                  task->tier_name != NULL ? task->tier_name : ps_tier_name(task->tier));
    ps_fields_add(fields, "prefix", task->prefix);
    ps_fields_add_int(fields, "number", task->number);
    ps_fields_add_int(fields, "revision", task->revision);
    ps_fields_add(fields, "ext", task->ext);
    if (ps_trace_is_set(&task->trace)) {
        ps_traceparent_format(&task->trace, traceparent);
        ps_fields_add(fields, "traceparent", traceparent);
    }
}

void ps_result_format(const struct ps_result *result, struct ps_fields *fields)
{
    char answered[PS_UTC_TIME_TEXT];

    ps_task_format(&result->task, fields);
    ps_fields_add(fields, "outcome", ps_outcome_name(result->outcome));
    ps_fields_add_int(fields, "status", result->status);
    ps_fields_add(fields, "last_modified", result->last_modified);
    ps_fields_add(fields, "failure_category",
                  result->failed ? ps_failure_name(result->category) : NULL);
    ps_fields_add_int(fields, "attempts", result->attempts);
    ps_fields_add_int(fields, "latency_ms", result->latency_ms);
    ps_fields_add(fields, "worker", result->worker);
    ps_fields_add(fields, "front_text", result->front_text);
    ps_fields_add(fields, "etag", result->etag);
    if (result->content_length >= 0)
        ps_fields_add_int(fields, "content_length", result->content_length);
    else
        ps_fields_add(fields, "content_length", NULL);
    ps_utc_time_format_time_ms(result->answered_ms, answered);
    ps_fields_add(fields, "answered_at", result->answered_ms > 0 ? answered : NULL);
    ps_fields_add(fields, "title", result->title);
    ps_fields_add(fields, "authors", result->authors);
}
