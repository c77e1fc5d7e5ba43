#include "tests/upstream/behaviour.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"

#include <stdlib.h>
#include <string.h>

enum { HEADERS_MAX = 1024 * 1024, BODY_MAX = 256 * 1024 * 1024 };

static const char *const field_names[] = {
    "status",   "reason",    "headers",     "redirect", "content_type",     "error",
    "body",     "body_size", "retry_after", "accept",   "retry_after_form", "fault",
    "fault_at", "delay_ms",  "drip_bytes",  "drip_ms",  "content_length",   "close",
    "method",   "times",     "skip",        "every",    "above_rate",
};

static const char *const fault_names[] = {
#define PS_X(id, name) [PS_FAULT_##id] = (name),
    PS_FAULTS(PS_X)
#undef PS_X
};

bool ps_behaviour_knows(const char *field)
{
    for (size_t i = 0; i < PS_COUNT_OF(field_names); i++) {
        if (strcmp(field, field_names[i]) == 0)
            return true;
    }
    return false;
}

/* A number that is absent keeps its default; a wrong one is an error, so that a typing mistake in a
 * scenario never passes for a quiet upstream. */
static bool read_int(const cJSON *object, const char *name, int64_t max, int64_t *value,
                     struct ps_err *err)
{
    if (!cJSON_HasObjectItem(object, name))
        return true;
    if (ps_json_int(object, name, 0, max, value))
        return true;
    return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s is no whole number from 0 to %lld", name,
                   (long long)max);
}

static bool read_text(const cJSON *object, const char *name, char **value, struct ps_err *err)
{
    if (!cJSON_HasObjectItem(object, name))
        return true;
    if (ps_json_text(object, name) == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s is no text", name);
    free(*value);
    *value = ps_alloc_text(ps_json_text(object, name));
    return true;
}

static bool read_bool(const cJSON *object, const char *name, bool *value, struct ps_err *err)
{
    if (!cJSON_HasObjectItem(object, name) || ps_json_bool(object, name, value))
        return true;
    return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s is neither true nor false", name);
}

static bool read_headers(const cJSON *object, char **out_headers, struct ps_err *err)
{
    const cJSON *headers = cJSON_GetObjectItemCaseSensitive(object, "headers");
    const cJSON *header;
    struct ps_buf lines;

    if (headers == NULL)
        return true;
    if (!cJSON_IsObject(headers))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "headers is no object");
    ps_buf_init(&lines, HEADERS_MAX);
    cJSON_ArrayForEach (header, headers) {
        if (!cJSON_IsString(header) ||
            !ps_buf_format(&lines, "%s: %s\r\n", header->string, header->valuestring)) {
            ps_buf_clear(&lines);
            return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "header %s is no text or too long",
                           header->string);
        }
    }
    if (lines.len > 0)
        *out_headers = ps_buf_take(&lines);
    ps_buf_clear(&lines);
    return true;
}

static bool read_body(const cJSON *object, struct ps_behaviour *behaviour, struct ps_err *err)
{
    const char *body = ps_json_text(object, "body");
    int64_t size = -1;

    if (cJSON_HasObjectItem(object, "body") && body == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "body is no text");
    if (!read_int(object, "body_size", BODY_MAX, &size, err))
        return false;
    if (body != NULL)
        behaviour->body = ps_blob_copy(body, strlen(body));
    else if (size >= 0)
        behaviour->body = ps_blob_filler((size_t)size);
    return true;
}

static bool read_fault(const cJSON *object, enum ps_fault *out_fault, struct ps_err *err)
{
    const char *name = ps_json_text(object, "fault");

    if (!cJSON_HasObjectItem(object, "fault"))
        return true;
    for (size_t i = 0; name != NULL && i < PS_COUNT_OF(fault_names); i++) {
        if (strcmp(name, fault_names[i]) == 0) {
            *out_fault = (enum ps_fault)i;
            return true;
        }
    }
    return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "unknown fault %s", name ? name : "");
}

static bool read_transport(const cJSON *object, struct ps_transport *out_transport,
                           struct ps_err *err)
{
    return read_fault(object, &out_transport->fault, err) &&
           read_int(object, "fault_at", BODY_MAX, &out_transport->fault_at, err) &&
           read_int(object, "delay_ms", 3600000, &out_transport->delay_ms, err) &&
           read_int(object, "drip_bytes", BODY_MAX, &out_transport->drip_bytes, err) &&
           read_int(object, "drip_ms", 3600000, &out_transport->drip_ms, err) &&
           read_int(object, "content_length", INT64_C(1) << 50, &out_transport->content_length,
                    err) &&
           read_bool(object, "close", &out_transport->close, err);
}

static bool read_gate(const cJSON *object, struct ps_behaviour *behaviour, struct ps_err *err)
{
    if (!read_text(object, "method", &behaviour->method, err) ||
        !read_int(object, "times", INT32_MAX, &behaviour->times, err) ||
        !read_int(object, "skip", INT32_MAX, &behaviour->skip, err) ||
        !read_int(object, "every", INT32_MAX, &behaviour->every, err) ||
        !read_int(object, "above_rate", 1000000, &behaviour->above_rate, err))
        return false;
    if (behaviour->above_rate > 0)
        behaviour->window = ps_alloc_zero((size_t)behaviour->above_rate, sizeof(int64_t));
    return true;
}

static bool read_what(const cJSON *object, struct ps_behaviour *behaviour, struct ps_err *err)
{
    int64_t status = 0;
    const char *form = ps_json_text(object, "retry_after_form");

    if (!read_int(object, "status", 999, &status, err) ||
        !read_text(object, "reason", &behaviour->reason, err) ||
        !read_headers(object, &behaviour->headers, err) ||
        !read_text(object, "redirect", &behaviour->redirect, err) ||
        !read_text(object, "content_type", &behaviour->content_type, err) ||
        !read_text(object, "error", &behaviour->error, err) || !read_body(object, behaviour, err) ||
        !read_int(object, "retry_after", INT32_MAX, &behaviour->retry_after_s, err) ||
        !read_bool(object, "accept", &behaviour->accept, err))
        return false;
    if (form != NULL && strcmp(form, "date") != 0 && strcmp(form, "seconds") != 0)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "retry_after_form is date or seconds");
    behaviour->retry_after_date = form != NULL && strcmp(form, "date") == 0;
    behaviour->status = (int)status;
    return true;
}

bool ps_behaviour_parse(const cJSON *object, struct ps_behaviour *out_behaviour, struct ps_err *err)
{
    struct ps_behaviour behaviour = {
        .times = -1, .retry_after_s = -1, .transport = {.fault_at = -1, .content_length = -1}
    };

    if (!read_what(object, &behaviour, err) || !read_transport(object, &behaviour.transport, err) ||
        !read_gate(object, &behaviour, err)) {
        ps_behaviour_clear(&behaviour);
        return false;
    }
    *out_behaviour = behaviour;
    return true;
}

void ps_behaviour_clear(struct ps_behaviour *behaviour)
{
    free(behaviour->reason);
    free(behaviour->headers);
    free(behaviour->redirect);
    free(behaviour->content_type);
    free(behaviour->error);
    free(behaviour->method);
    free(behaviour->window);
    ps_blob_unref(behaviour->body);
    *behaviour = (struct ps_behaviour){ .times = -1 };
}

static bool within_rate(struct ps_behaviour *behaviour, int64_t now_ms)
{
    int64_t *oldest = &behaviour->window[behaviour->window_at];

    if (*oldest != 0 && now_ms - *oldest < 1000)
        return false;
    *oldest = now_ms;
    behaviour->window_at = (behaviour->window_at + 1) % (size_t)behaviour->above_rate;
    return true;
}

bool ps_behaviour_fires(struct ps_behaviour *behaviour, struct ps_str method, int64_t now_ms)
{
    if (behaviour->method != NULL && !ps_str_is(method, behaviour->method))
        return false;
    behaviour->seen++;
    if (now_ms < behaviour->paused_until_ms)
        behaviour->early++;
    if (behaviour->seen <= behaviour->skip)
        return false;
    if (behaviour->every > 1 && (behaviour->seen - behaviour->skip - 1) % behaviour->every != 0)
        return false;
    if (behaviour->times >= 0 && behaviour->fired >= behaviour->times)
        return false;
    if (behaviour->window != NULL && within_rate(behaviour, now_ms))
        return false;
    behaviour->fired++;
    if (behaviour->retry_after_s >= 0)
        behaviour->paused_until_ms = now_ms + behaviour->retry_after_s * 1000;
    return true;
}

void ps_behaviour_reset(struct ps_behaviour *behaviour)
{
    behaviour->seen = 0;
    behaviour->fired = 0;
    behaviour->early = 0;
    behaviour->paused_until_ms = 0;
    behaviour->window_at = 0;
    if (behaviour->window != NULL)
        memset(behaviour->window, 0, (size_t)behaviour->above_rate * sizeof(int64_t));
}

void ps_behaviour_inherit(struct ps_behaviour *behaviour, struct ps_behaviour *old)
{
    int64_t *window = behaviour->window;

    behaviour->seen = old->seen;
    behaviour->fired = old->fired;
    behaviour->early = old->early;
    behaviour->paused_until_ms = old->paused_until_ms;
    behaviour->window = old->window;
    behaviour->window_at = old->window_at;
    old->window = window;
    old->above_rate = behaviour->above_rate;
}
