#include "tests/upstream/answer.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>
#include <string.h>

enum { HEADERS_MAX = 1024 * 1024 };

void ps_answer_init(struct ps_answer *answer)
{
    *answer = (struct ps_answer){
        .status = 404, .transport = {.fault_at = -1, .content_length = -1}
    };
    ps_buf_init(&answer->headers, HEADERS_MAX);
}

void ps_answer_clear(struct ps_answer *answer)
{
    free(answer->reason);
    free(answer->content_type);
    ps_blob_unref(answer->body);
    ps_buf_clear(&answer->headers);
}

const char *ps_answer_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200,  "OK"                             },
        { 204, "No Content"                     },
        { 301, "Moved Permanently"              },
        { 302, "Found"                          },
        { 304, "Not Modified"                   },
        { 307, "Temporary Redirect"             },
        { 308, "Permanent Redirect"             },
        { 400, "Bad Request"                    },
        { 401, "Unauthorized"                   },
        { 403, "Forbidden"                      },
        { 404, "Not Found"                      },
        { 405, "Method Not Allowed"             },
        { 410, "Gone"                           },
        { 411, "Length Required"                },
        { 413, "Content Too Large"              },
        { 429, "Too Many Requests"              },
        { 431, "Request Header Fields Too Large"},
        { 500, "Internal Server Error"          },
        { 502, "Bad Gateway"                    },
        { 503, "Service Unavailable"            },
        { 504, "Gateway Timeout"                },
    };

    for (size_t i = 0; i < PS_COUNT_OF(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unnamed";
}

static void set_body(struct ps_answer *answer, struct ps_blob *body, const char *content_type)
{
    ps_blob_unref(answer->body);
    free(answer->content_type);
    answer->body = body;
    answer->content_type = ps_alloc_text(content_type);
}

void ps_answer_text(struct ps_answer *answer, int status, const char *text)
{
    answer->status = status;
    set_body(answer, ps_blob_copy(text, strlen(text)), "text/plain; charset=utf-8");
}

void ps_answer_json(struct ps_answer *answer, int status, cJSON *json)
{
    char *text = ps_json_print(json);

    cJSON_Delete(json);
    answer->status = status;
    set_body(answer, ps_blob_take(text, strlen(text)), "application/json; charset=utf-8");
}

static void plain_status(struct ps_answer *answer, int status)
{
    char line[128];
    struct ps_buf text;

    ps_buf_init(&text, sizeof line);
    ps_buf_format(&text, "%d %s\n", status, ps_answer_reason(status));
    ps_buf_reset(&answer->headers);
    ps_answer_text(answer, status, ps_buf_str(&text));
    ps_buf_clear(&text);
}

static void apply_transport(struct ps_transport *transport, const struct ps_transport *over)
{
    if (over->fault != PS_FAULT_NONE) {
        transport->fault = over->fault;
        transport->fault_at = over->fault_at;
    }
    if (over->delay_ms > 0)
        transport->delay_ms = over->delay_ms;
    if (over->drip_ms > 0) {
        transport->drip_bytes = over->drip_bytes > 0 ? over->drip_bytes : 1;
        transport->drip_ms = over->drip_ms;
    }
    if (over->content_length >= 0)
        transport->content_length = over->content_length;
    transport->close |= over->close;
}

static void apply_pause(struct ps_answer *answer, const struct ps_behaviour *behaviour,
                        int64_t clock_ms)
{
    char date[PS_WHEN_HTTP];

    if (behaviour->retry_after_s < 0)
        return;
    if (!behaviour->retry_after_date) {
        ps_buf_format(&answer->headers, "Retry-After: %lld\r\n",
                      (long long)behaviour->retry_after_s);
        return;
    }
    ps_when_http(clock_ms + 999 + behaviour->retry_after_s * 1000, date);
    ps_buf_format(&answer->headers, "Retry-After: %s\r\n", date);
}

void ps_answer_apply(struct ps_answer *answer, const struct ps_behaviour *behaviour,
                     int64_t clock_ms)
{
    int status = behaviour->status;

    if (status == 0 && behaviour->redirect != NULL)
        status = 302;
    if (status == 0 && behaviour->retry_after_s >= 0)
        status = 429;
    if (status != 0 && status != answer->status)
        plain_status(answer, status);
    if (behaviour->redirect != NULL)
        ps_buf_format(&answer->headers, "Location: %s\r\n", behaviour->redirect);
    if (behaviour->reason != NULL) {
        free(answer->reason);
        answer->reason = ps_alloc_text(behaviour->reason);
    }
    if (behaviour->body != NULL) {
        ps_blob_unref(answer->body);
        answer->body = ps_blob_ref(behaviour->body);
    }
    if (behaviour->content_type != NULL) {
        free(answer->content_type);
        answer->content_type = ps_alloc_text(behaviour->content_type);
    }
    if (behaviour->headers != NULL)
        ps_buf_text(&answer->headers, behaviour->headers);
    apply_pause(answer, behaviour, clock_ms);
    apply_transport(&answer->transport, &behaviour->transport);
}

int64_t ps_answer_clock(const struct ps_scenario *scenario, const struct ps_user_command *ask)
{
    return ps_when_now(&scenario->clock, ask->wall_us / 1000);
}

/* What a scenario writes that is no time is sent as it stands, so that unreadable dates can be
 * tried. */
static void add_modified(struct ps_answer *answer, const char *modified, int64_t clock_ms,
                         char out_text[PS_WHEN_HTTP])
{
    int64_t wall_ms;

    out_text[0] = '\0';
    if (modified == NULL || modified[0] == '\0')
        return;
    if (ps_when_parse(modified, clock_ms, &wall_ms)) {
        ps_when_http(wall_ms, out_text);
        modified = out_text;
    }
    ps_buf_format(&answer->headers, "Last-Modified: %s\r\n", modified);
}

static bool not_modified(const struct ps_user_command *ask, const char *etag, const char *modified)
{
    int64_t asked_ms, modified_ms;
    char *asked;
    bool same;

    if (ask->if_none_match.len > 0)
        return ps_str_is(ask->if_none_match, etag) || ps_str_is(ask->if_none_match, "*");
    if (ask->if_modified_since.len == 0 || !ps_utc_time_parse_http(modified, &modified_ms))
        return false;
    asked = ps_alloc_copy(ask->if_modified_since.data, ask->if_modified_since.len);
    same = ps_utc_time_parse_http(asked, &asked_ms) && modified_ms <= asked_ms;
    free(asked);
    return same;
}

static void answer_index(struct ps_scenario *scenario, const struct ps_user_command *ask,
                         struct ps_answer *answer)
{
    bool behaves = ps_behaviour_fires(&scenario->index, ask->method, ask->wall_us / 1000);
    bool other_body = behaves && scenario->index.body != NULL;
    int64_t clock_ms = ps_answer_clock(scenario, ask);
    char modified[PS_WHEN_HTTP];

    answer->status = 200;
    set_body(answer, ps_blob_ref(scenario->index_body), "application/json");
    ps_buf_format(&answer->headers, "ETag: %s\r\n", scenario->index_etag);
    add_modified(answer, scenario->index_modified, clock_ms, modified);
    if (!other_body && not_modified(ask, scenario->index_etag,
                                    modified[0] != '\0' ? modified : scenario->index_modified)) {
        answer->status = 304;
        set_body(answer, NULL, NULL);
    }
    if (behaves)
        ps_answer_apply(answer, &scenario->index, clock_ms);
}

static const char *type_of(const char *name)
{
    const char *ext = strrchr(name, '.');

    if (ext != NULL && strcmp(ext, ".pdf") == 0)
        return "application/pdf";
    if (ext != NULL && strcmp(ext, ".html") == 0)
        return "text/html; charset=utf-8";
    return "application/octet-stream";
}

static void answer_draft(struct ps_scenario *scenario, const struct ps_user_command *ask,
                         struct ps_answer *answer)
{
    size_t folder = strlen(scenario->drafts_path);
    struct ps_str name = { ask->path.data + folder, ask->path.len - folder };
    struct ps_entry *draft = ps_scenario_draft(scenario, name);
    int64_t clock_ms = ps_answer_clock(scenario, ask);
    char modified[PS_WHEN_HTTP];

    if (draft == NULL) {
        plain_status(answer, 404);
        if (ps_behaviour_fires(&scenario->fallback, ask->method, ask->wall_us / 1000))
            ps_answer_apply(answer, &scenario->fallback, clock_ms);
        return;
    }
    answer->status = 200;
    set_body(answer, ps_blob_ref(draft->page), type_of(draft->name));
    add_modified(answer, draft->modified, clock_ms, modified);
    if (ps_behaviour_fires(&draft->behaviour, ask->method, ask->wall_us / 1000))
        ps_answer_apply(answer, &draft->behaviour, clock_ms);
}

static bool lies_in(struct ps_str path, const char *folder)
{
    size_t len = strlen(folder);

    return path.len >= len && memcmp(path.data, folder, len) == 0;
}

/* A rule that gives its body an ETag answers conditional requests as the index does. */
static bool holds_rule(const struct ps_user_command *ask, const struct ps_behaviour *rule)
{
    char *wanted;
    bool held;

    if (rule->body == NULL || rule->headers == NULL || ask->if_none_match.len == 0)
        return false;
    wanted =
        ps_alloc_format("ETag: %.*s\r\n", (int)ask->if_none_match.len, ask->if_none_match.data);
    held = strstr(rule->headers, wanted) != NULL;
    free(wanted);
    return held;
}

void ps_answer_page(struct ps_scenario *scenario, const struct ps_user_command *ask,
                    struct ps_answer *out_answer)
{
    struct ps_behaviour *rule;

    ps_answer_init(out_answer);
    if (ps_str_is(ask->path, scenario->index_path))
        answer_index(scenario, ask, out_answer);
    else if (lies_in(ask->path, scenario->drafts_path))
        answer_draft(scenario, ask, out_answer);
    else
        plain_status(out_answer, 404);
    rule = ps_scenario_rule(scenario, ask->path, ask->method, ask->wall_us / 1000);
    if (rule == NULL)
        return;
    ps_answer_apply(out_answer, rule, ps_answer_clock(scenario, ask));
    if (holds_rule(ask, rule)) {
        out_answer->status = 304;
        set_body(out_answer, NULL, NULL);
    }
}
