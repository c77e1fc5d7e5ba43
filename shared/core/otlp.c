#include "shared/core/otlp.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>
#include <string.h>

static const char traces_path[] = "v1/traces";

char *ps_otlp_traces_url(const char *endpoint, const char *traces_endpoint)
{
    size_t len = strlen(endpoint);

    if (traces_endpoint[0] != '\0')
        return ps_alloc_text(traces_endpoint);
    if (len == 0)
        return NULL;
    return ps_alloc_format("%s%s%s", endpoint, endpoint[len - 1] == '/' ? "" : "/", traces_path);
}

/* Pairs. */

void ps_otlp_pairs_clear(struct ps_otlp_pairs *pairs)
{
    for (size_t i = 0; i < pairs->len; i++) {
        free(pairs->keys[i]);
        free(pairs->values[i]);
    }
    pairs->len = 0;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Returns the decoded text, owned; NULL if a percent sign does not introduce two digits, or if the
 * result is not UTF-8 or holds a NUL. */
static char *decode(struct ps_str text)
{
    char *out = ps_alloc_copy(text.data, text.len);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '%') {
            out[len++] = text.data[i];
            continue;
        }
        if (text.len - i < 3 || hex_of(text.data[i + 1]) < 0 || hex_of(text.data[i + 2]) < 0) {
            free(out);
            return NULL;
        }
        out[len++] = (char)(hex_of(text.data[i + 1]) * 16 + hex_of(text.data[i + 2]));
        i += 2;
    }
    out[len] = '\0';
    if (!ps_utf8_valid(out, len)) {
        free(out);
        return NULL;
    }
    return out;
}

static bool parse_pair(const char *setting, struct ps_str part, struct ps_otlp_pairs *pairs,
                       struct ps_err *err)
{
    const char *equals = memchr(part.data, '=', part.len);
    struct ps_str key, value;
    char *decoded;

    if (equals == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "%s: entry %zu has no \"=\"; expected key=value,key=value", setting,
                       pairs->len + 1);
    key = ps_str_trim((struct ps_str){ part.data, (size_t)(equals - part.data) });
    value =
        ps_str_trim((struct ps_str){ equals + 1, (size_t)(part.data + part.len - (equals + 1)) });
    if (key.len == 0)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "%s: entry %zu has no key; expected key=value,key=value", setting,
                       pairs->len + 1);
    decoded = decode(value);
    if (decoded == NULL || !ps_utf8_valid(key.data, key.len)) {
        free(decoded);
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "%s: entry %zu is not percent-encoded UTF-8; write %% as %%25 and , as %%2C",
                       setting, pairs->len + 1);
    }
    if (pairs->len == PS_OTLP_PAIRS_MAX) {
        free(decoded);
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s: more than %d entries", setting,
                       (int)PS_OTLP_PAIRS_MAX);
    }
    pairs->keys[pairs->len] = ps_alloc_copy(key.data, key.len);
    pairs->values[pairs->len++] = decoded;
    return true;
}

bool ps_otlp_pairs_parse(const char *setting, const char *text, struct ps_otlp_pairs *out_pairs,
                         struct ps_err *err)
{
    struct ps_str rest = ps_str_of(text);
    struct ps_str part;

    out_pairs->len = 0;
    while (ps_str_next(&rest, ',', &part)) {
        part = ps_str_trim(part);
        if (part.len == 0) /* a comma too many is allowed, as in a list of HTTP */
            continue;
        if (!parse_pair(setting, part, out_pairs, err)) {
            ps_otlp_pairs_clear(out_pairs);
            return false;
        }
    }
    return true;
}

/* RFC 9110, 5.6.2. */
static bool is_token(const char *text)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    return text[0] != '\0' && strspn(text, allowed) == strlen(text);
}

static bool is_header_value(const char *text)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

bool ps_otlp_headers_parse(const char *setting, const char *text, struct ps_otlp_pairs *out_pairs,
                           struct ps_err *err)
{
    static const char *const ours[] = {
        "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Host",
        "Connection",   "Expect"
    };

    if (!ps_otlp_pairs_parse(setting, text, out_pairs, err))
        return false;
    for (size_t i = 0; i < out_pairs->len; i++) {
        const char *name = out_pairs->keys[i];
        bool ok = is_token(name) && is_header_value(out_pairs->values[i]);

        for (size_t k = 0; k < PS_COUNT_OF(ours); k++)
            ok = ok && !ps_str_is_fold(ps_str_of(name), ours[k]);
        if (ok)
            continue;
        ps_otlp_pairs_clear(out_pairs);
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "%s: entry %zu cannot be sent as an HTTP header; expected a header's name "
                       "and a value without line breaks",
                       setting, i + 1);
    }
    return true;
}

/* Requests. */

static void add_attribute(struct ps_buf *json, bool *first, const char *key, const char *value)
{
    (void)ps_buf_text(json, *first ? "{\"key\":" : ",{\"key\":");
    *first = false;
    (void)ps_buf_json_string(json, key, strlen(key));
    (void)ps_buf_text(json, ",\"value\":{\"stringValue\":");
    (void)ps_buf_json_string(json, value, strlen(value));
    (void)ps_buf_text(json, "}}");
}

static bool has_key(const struct ps_otlp_pairs *pairs, const char *key, size_t from)
{
    for (size_t i = from; i < pairs->len; i++)
        if (strcmp(pairs->keys[i], key) == 0)
            return true;
    return false;
}

void ps_otlp_open(const struct ps_otlp_source *source, struct ps_buf *out_json)
{
    bool named = source->service_name[0] != '\0';
    const struct {
        const char *key, *value;
        bool wins; /* over OTEL_RESOURCE_ATTRIBUTES */
    } own[] = {
        {"service.name",         named ? source->service_name : source->program, named},
        { "service.version",     source->version,                                false},
        { "service.instance.id", source->instance,                               false},
    };
    struct ps_otlp_pairs pairs;
    bool first = true;

    /* Checked when the program started. */
    if (!ps_otlp_pairs_parse("OTEL_RESOURCE_ATTRIBUTES", source->attributes, &pairs, NULL))
        pairs.len = 0;
    (void)ps_buf_text(out_json, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    for (size_t i = 0; i < PS_COUNT_OF(own); i++)
        if (own[i].wins || !has_key(&pairs, own[i].key, 0))
            add_attribute(out_json, &first, own[i].key, own[i].value);
    for (size_t i = 0; i < pairs.len; i++) {
        bool taken = named && strcmp(pairs.keys[i], own[0].key) == 0;

        if (!taken && !has_key(&pairs, pairs.keys[i], i + 1)) /* keys are unique in OTLP */
            add_attribute(out_json, &first, pairs.keys[i], pairs.values[i]);
    }
    (void)ps_buf_text(out_json, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"paperscout\","
                                "\"version\":");
    (void)ps_buf_json_string(out_json, source->version, strlen(source->version));
    (void)ps_buf_text(out_json, "},\"spans\":[");
    ps_otlp_pairs_clear(&pairs);
}

void ps_otlp_close(struct ps_buf *out_json)
{
    (void)ps_buf_text(out_json, "]}]}]}");
}

/* Answers. */

enum ps_otlp_answer ps_otlp_answer_of(int status)
{
    if (status >= 200 && status < 300)
        return PS_OTLP_TAKEN;
    /* The specification's list. A redirect is not followed: the headers may hold a secret. */
    if (status == 429 || status == 502 || status == 503 || status == 504)
        return PS_OTLP_LATER;
    return PS_OTLP_REFUSED;
}

int64_t ps_otlp_wait_ms(const char *retry_after, int64_t wall_ms)
{
    struct ps_str text = ps_str_trim(ps_str_of(retry_after));
    int64_t seconds, at_ms, wait_ms = 0;

    if (ps_str_digits(text))
        /* A number too long to read is a long wait. */
        wait_ms = ps_str_int(text, 0, PS_OTLP_WAIT_MAX_MS / 1000, &seconds) ? seconds * 1000
                                                                            : PS_OTLP_WAIT_MAX_MS;
    else if (text.len > 0 && ps_utc_time_parse_http(retry_after, &at_ms))
        wait_ms = at_ms > wall_ms ? at_ms - wall_ms : 0;
    return wait_ms < PS_OTLP_WAIT_MAX_MS ? wait_ms : PS_OTLP_WAIT_MAX_MS;
}

int64_t ps_otlp_rejected(const char *body, size_t len)
{
    cJSON *answer = len > 0 ? ps_json_parse(body, len, NULL) : NULL;
    const cJSON *partial = cJSON_GetObjectItemCaseSensitive(answer, "partialSuccess");
    const char *text = ps_json_text(partial, "rejectedSpans");
    int64_t rejected = 0;

    /* A 64-bit number: text in the JSON of Protobuf, which also allows a number. */
    if (text == NULL || !ps_str_int(ps_str_of(text), 0, INT64_MAX, &rejected))
        if (!ps_json_int(partial, "rejectedSpans", 0, INT32_MAX, &rejected))
            rejected = 0;
    cJSON_Delete(answer);
    return rejected;
}
