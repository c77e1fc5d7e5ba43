#include "shared/core/config_private.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/paper_id.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "shared/core/url.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    S = PS_COMPONENT_SCHEDULER,
    W = PS_COMPONENT_WORKER,
    N = PS_COMPONENT_NOTIFIER,
    SHOWN_MAX = 64, /* bytes of an invalid value that an error quotes */
    ENTRY_MAX = 16, /* bytes of one entry of a list */
    ALLOWED_MAX = 256
};

const struct ps_config_row ps_config_rows[PS_CONFIG_ROWS] = {
#define PS_X(field, name, type, def, min, max, options, who, help)                                 \
    {                                                                                              \
        #name, PS_CONFIG_##type, who, offsetof(struct ps_config, field), def, min,                 \
        max,   options,          help                                                              \
    },
#include "shared/core/config.def"
#undef PS_X
};

static void *field_of(const struct ps_config_row *row, struct ps_config *config)
{
    return (char *)config + row->offset;
}

/* Returns whether the setting is for libpq, which accepts "host=… dbname=…" in addition to URLs. */
static bool allows_keywords(const struct ps_config_row *row)
{
    return row->type == PS_CONFIG_SECRET && strstr(row->options, "postgres") != NULL;
}

void ps_config_row_allowed(const struct ps_config_row *row, struct ps_buf *out_text)
{
    struct ps_str rest = ps_str_of(row->options);
    struct ps_str part;
    const char *before = "";

    switch (row->type) {
    case PS_CONFIG_INT:
        (void)ps_buf_format(out_text, "a whole number from %.15g to %.15g", row->min, row->max);
        break;
    case PS_CONFIG_REAL:
        (void)ps_buf_format(out_text, "a number from %.15g to %.15g", row->min, row->max);
        break;
    case PS_CONFIG_BOOL:
        (void)ps_buf_text(out_text, "true or false");
        break;
    case PS_CONFIG_TEXT:
        (void)ps_buf_format(out_text, "at most %.0f bytes without control characters", row->max);
        break;
    case PS_CONFIG_CHOICE:
        (void)ps_buf_text(out_text, "one of ");
        for (; ps_str_next(&rest, '|', &part); before = ", ")
            (void)ps_buf_format(out_text, "%s%.*s", before, (int)part.len, part.data);
        break;
    case PS_CONFIG_SECRET:
    case PS_CONFIG_URL:
        if (row->options[0] != '\0') {
            (void)ps_buf_text(out_text, "a URL of ");
            for (; ps_str_next(&rest, '|', &part); before = " or ")
                (void)ps_buf_format(out_text, "%s%.*s://", before, (int)part.len, part.data);
            (void)ps_buf_text(out_text, ", ");
        }
        if (allows_keywords(row))
            (void)ps_buf_text(out_text, "or libpq's keyword=value pairs, ");
        (void)ps_buf_format(out_text, "at most %.0f bytes without control characters", row->max);
        break;
    case PS_CONFIG_LIST:
        (void)ps_buf_format(out_text,
                            "a JSON array of %.0f to %.0f different texts, each of the characters "
                            "%s, or these texts with commas between",
                            row->min, row->max, row->options);
        break;
    case PS_CONFIG_RANGES:
        (void)ps_buf_format(out_text,
                            "a JSON array of at most %.0f pairs [first, last], 0 to %d each, or "
                            "first-last, first-last, …",
                            row->max, PS_PAPER_NUMBER_MAX);
        break;
    }
}

/* Gives the value for an error text: cut at a whole character, control characters replaced, user
 * and password of a URL removed. */
static char *shown_value(const struct ps_config_row *row, const char *raw)
{
    char *text = row->type == PS_CONFIG_URL && strchr(raw, '@') != NULL ? ps_url_redacted(raw)
                                                                        : ps_alloc_text(raw);
    size_t len = strlen(text);

    if (len > SHOWN_MAX)
        memcpy(text + ps_utf8_cut(text, len, SHOWN_MAX - 3), "...", 4);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    return text;
}

static bool fail_row(const struct ps_config_row *row, const char *raw, struct ps_err *err)
{
    struct ps_buf allowed;

    ps_buf_init(&allowed, ALLOWED_MAX);
    ps_config_row_allowed(row, &allowed);
    if (row->type == PS_CONFIG_SECRET) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s: %s", row->name, ps_buf_str(&allowed));
    } else {
        char *shown = shown_value(row, raw);

        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s=\"%s\": %s", row->name, shown,
                      ps_buf_str(&allowed));
        free(shown);
    }
    ps_buf_clear(&allowed);
    return false;
}

static bool parse_bool(struct ps_str text, bool *out_value)
{
    static const char *const yes[] = { "true", "1", "yes", "on", "t", "y" };
    static const char *const no[] = { "false", "0", "no", "off", "f", "n" };

    for (size_t i = 0; i < PS_COUNT_OF(yes); i++) {
        if (ps_str_is_fold(text, yes[i]) || ps_str_is_fold(text, no[i])) {
            *out_value = ps_str_is_fold(text, yes[i]);
            return true;
        }
    }
    return false;
}

static bool has_scheme(const char *raw, const char *schemes)
{
    struct ps_str rest = ps_str_of(schemes);
    struct ps_str scheme;
    const char *colon = strstr(raw, "://");

    if (schemes[0] == '\0')
        return true;
    if (colon == NULL)
        return false;
    while (ps_str_next(&rest, '|', &scheme)) {
        if (scheme.len == (size_t)(colon - raw) && memcmp(raw, scheme.data, scheme.len) == 0)
            return true;
    }
    return false;
}

/* No setting needs control characters, and in a header or a key they allow injection. */
static bool is_valid_text(const struct ps_config_row *row, const char *raw)
{
    size_t len = strlen(raw);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)raw[i] < 0x20 || raw[i] == 0x7F)
            return false;
    return (double)len >= row->min && (double)len <= row->max;
}

/* Returns whether text starts with "keyword =", as libpq's keyword strings do and no URL does.
 * libpq checks the rest (ps_daemon_config_check_database). */
static bool begins_with_keyword(const char *raw)
{
    size_t at = strspn(raw, " ");
    size_t len = strspn(raw + at, "abcdefghijklmnopqrstuvwxyz_");

    at += len;
    return len > 0 && raw[at + strspn(raw + at, " ")] == '=';
}

static char *parse_text(const struct ps_config_row *row, const char *raw)
{
    bool is_default = raw[0] == '\0';

    if (!is_default && row->type != PS_CONFIG_TEXT && !has_scheme(raw, row->options) &&
        !(allows_keywords(row) && begins_with_keyword(raw)))
        return NULL;
    if (!is_default && (row->type == PS_CONFIG_URL || strcmp(row->options, "http|https") == 0) &&
        !ps_url_is_http(raw))
        return NULL;
    return is_default || is_valid_text(row, raw) ? ps_alloc_text(raw) : NULL;
}

/* Names that the Python service or Python's logging uses for our choices. */
static const struct {
    const char *name, *alias, *choice;
} choice_aliases[] = {
    {"LOG_LEVEL",  "WARN",  "WARNING" },
    { "LOG_LEVEL", "FATAL", "CRITICAL"},
};

static char *parse_choice(const struct ps_config_row *row, const char *raw)
{
    struct ps_str rest = ps_str_of(row->options);
    struct ps_str text = ps_str_trim(ps_str_of(raw)), want = text, part;

    for (size_t i = 0; i < PS_COUNT_OF(choice_aliases); i++)
        if (strcmp(row->name, choice_aliases[i].name) == 0 &&
            ps_str_is_fold(text, choice_aliases[i].alias))
            want = ps_str_of(choice_aliases[i].choice);

    if (raw[0] == '\0')
        return ps_alloc_text("");
    while (ps_str_next(&rest, '|', &part)) {
        char *choice = ps_alloc_copy(part.data, part.len);

        if (ps_str_is_fold(want, choice))
            return choice;
        free(choice);
    }
    return NULL;
}

static void clear_list(struct ps_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct ps_list){ 0 };
}

static bool is_valid_entry(const struct ps_config_row *row, const struct ps_list *list,
                           const char *entry)
{
    if (entry == NULL || entry[0] == '\0' || strlen(entry) > ENTRY_MAX ||
        strspn(entry, row->options) != strlen(entry))
        return false;
    for (size_t i = 0; i < list->len; i++)
        if (strcmp(list->items[i], entry) == 0)
            return false;
    return true;
}

static bool parse_list(const struct ps_config_row *row, const cJSON *json, struct ps_list *out_list)
{
    struct ps_list list = { 0 };
    const cJSON *item;
    int count = cJSON_GetArraySize(json);

    if (!cJSON_IsArray(json) || count < row->min || count > row->max)
        return false;
    list.items = ps_alloc_zero((size_t)count, sizeof(*list.items));
    cJSON_ArrayForEach (item, json) {
        if (!is_valid_entry(row, &list, cJSON_GetStringValue(item))) {
            clear_list(&list);
            return false;
        }
        list.items[list.len++] = ps_alloc_text(item->valuestring);
    }
    *out_list = list;
    return true;
}

static bool parse_bound(const cJSON *item, int *out_bound)
{
    int64_t bound;

    if (cJSON_IsString(item) &&
        ps_str_int(ps_str_trim(ps_str_of(item->valuestring)), 0, PS_PAPER_NUMBER_MAX, &bound)) {
        *out_bound = (int)bound;
        return true;
    }
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 ||
        item->valuedouble > (double)PS_PAPER_NUMBER_MAX ||
        item->valuedouble != (double)item->valueint)
        return false;
    *out_bound = item->valueint;
    return true;
}

/* [first, last], or {"min": first, "max": last} as in the Python service. */
static bool parse_range(const cJSON *pair, struct ps_range *out_range)
{
    bool named = cJSON_IsObject(pair);
    const cJSON *first =
        named ? cJSON_GetObjectItemCaseSensitive(pair, "min") : cJSON_GetArrayItem(pair, 0);
    const cJSON *last =
        named ? cJSON_GetObjectItemCaseSensitive(pair, "max") : cJSON_GetArrayItem(pair, 1);

    return (named || cJSON_IsArray(pair)) && cJSON_GetArraySize(pair) == 2 &&
           parse_bound(first, &out_range->first) && parse_bound(last, &out_range->last);
}

static bool parse_ranges(const struct ps_config_row *row, const cJSON *json,
                         struct ps_ranges *out_ranges)
{
    struct ps_ranges ranges = { 0 };
    const cJSON *pair;
    int count = cJSON_GetArraySize(json);

    if (!cJSON_IsArray(json) || count < row->min || count > row->max)
        return false;
    ranges.items = ps_alloc_zero((size_t)count + 1, sizeof(*ranges.items));
    cJSON_ArrayForEach (pair, json) {
        if (!parse_range(pair, &ranges.items[ranges.len++])) {
            free(ranges.items);
            return false;
        }
    }
    *out_ranges = ranges;
    return true;
}

/* Gives the JSON of one entry of a comma-separated setting: a text; for ranges "first-last", or one
 * number as both ends. NULL if part is not valid. */
static cJSON *parse_entry(const struct ps_config_row *row, struct ps_str part)
{
    const char *dash = part.len > 0 ? memchr(part.data, '-', part.len) : NULL;
    size_t first_len = dash == NULL ? part.len : (size_t)(dash - part.data);
    struct ps_str last =
        dash == NULL ? part : (struct ps_str){ dash + 1, part.len - first_len - 1 };
    int64_t bounds[2];
    int pair[2];

    if (row->type == PS_CONFIG_LIST) {
        char *text = ps_alloc_copy(part.len > 0 ? part.data : "", part.len);
        cJSON *entry = cJSON_CreateString(text);

        free(text);
        return entry;
    }
    if (!ps_str_int(ps_str_trim((struct ps_str){ part.data, first_len }), 0, PS_PAPER_NUMBER_MAX,
                    &bounds[0]) ||
        !ps_str_int(ps_str_trim(last), 0, PS_PAPER_NUMBER_MAX, &bounds[1]))
        return NULL;
    pair[0] = (int)bounds[0];
    pair[1] = (int)bounds[1];
    return cJSON_CreateIntArray(pair, 2);
}

/* Gives the JSON array of a setting in the form that people write in an environment variable: "D,P"
 * or "4033-4060, 5000". NULL if raw has another form. */
static cJSON *parse_commas(const struct ps_config_row *row, const char *raw)
{
    struct ps_str rest = ps_str_trim(ps_str_of(raw));
    struct ps_str part;
    cJSON *json;

    if (rest.len == 0 || rest.data[0] == '[' || rest.data[0] == '{')
        return NULL;
    json = cJSON_CreateArray();
    while (ps_str_next(&rest, ',', &part)) {
        cJSON *entry = parse_entry(row, ps_str_trim(part));

        if (entry == NULL || cJSON_GetArraySize(json) > (int)row->max) {
            cJSON_Delete(entry);
            cJSON_Delete(json);
            return NULL;
        }
        cJSON_AddItemToArray(json, entry);
    }
    return json;
}

static bool parse_array(const struct ps_config_row *row, const char *raw, void *field)
{
    cJSON *json = parse_commas(row, raw);
    bool ok = false;

    if (json == NULL)
        json = ps_json_parse(raw, strlen(raw), NULL);
    if (json == NULL)
        return false;
    if (row->type == PS_CONFIG_LIST) {
        struct ps_list list;

        ok = parse_list(row, json, &list);
        if (ok) {
            clear_list(field);
            *(struct ps_list *)field = list;
        }
    } else {
        struct ps_ranges ranges;

        ok = parse_ranges(row, json, &ranges);
        if (ok) {
            free(((struct ps_ranges *)field)->items);
            *(struct ps_ranges *)field = ranges;
        }
    }
    cJSON_Delete(json);
    return ok;
}

/* Accepts Python's forms of a whole number: removes the ".0" of "48.0" and the '+' of "+48". */
static struct ps_str strip_python_forms(struct ps_str text)
{
    const char *dot = text.len > 0 ? memchr(text.data, '.', text.len) : NULL;
    size_t len = dot == NULL ? text.len : (size_t)(dot - text.data);
    bool zeros = dot != NULL && dot + 1 < text.data + text.len;

    for (size_t i = len + 1; i < text.len; i++)
        zeros = zeros && text.data[i] == '0';
    if (zeros)
        text.len = len;
    if (text.len > 1 && text.data[0] == '+' && text.data[1] != '-')
        text = (struct ps_str){ text.data + 1, text.len - 1 };
    return text;
}

static bool parse_number(const struct ps_config_row *row, const char *raw, void *field)
{
    struct ps_str text = ps_str_trim(ps_str_of(raw));

    if (raw[0] == '\0') {
        if (row->type == PS_CONFIG_INT)
            *(int64_t *)field = 0;
        else
            *(double *)field = 0;
        return true;
    }
    if (row->type == PS_CONFIG_INT)
        return ps_str_int(strip_python_forms(text), (int64_t)row->min, (int64_t)row->max, field);
    return ps_str_real(text, row->min, row->max, field);
}

bool ps_config_row_parse(const struct ps_config_row *row, const char *raw, struct ps_config *config,
                         struct ps_err *err)
{
    void *field = field_of(row, config);
    char *text = NULL;
    bool ok = false;

    switch (row->type) {
    case PS_CONFIG_INT:
    case PS_CONFIG_REAL:
        ok = parse_number(row, raw, field);
        break;
    case PS_CONFIG_BOOL:
        ok = parse_bool(ps_str_trim(ps_str_of(raw)), field);
        break;
    case PS_CONFIG_TEXT:
    case PS_CONFIG_SECRET:
    case PS_CONFIG_URL:
    case PS_CONFIG_CHOICE:
        text = row->type == PS_CONFIG_CHOICE ? parse_choice(row, raw) : parse_text(row, raw);
        ok = text != NULL;
        if (ok) {
            free(*(char **)field);
            *(char **)field = text;
        }
        break;
    case PS_CONFIG_LIST:
    case PS_CONFIG_RANGES:
        ok = parse_array(row, raw, field);
        break;
    }
    return ok ? true : fail_row(row, raw, err);
}

void ps_config_row_clear(const struct ps_config_row *row, struct ps_config *config)
{
    void *field = field_of(row, config);

    switch (row->type) {
    case PS_CONFIG_INT:
    case PS_CONFIG_REAL:
    case PS_CONFIG_BOOL:
        break;
    case PS_CONFIG_TEXT:
    case PS_CONFIG_SECRET:
    case PS_CONFIG_URL:
    case PS_CONFIG_CHOICE:
        free(*(char **)field);
        break;
    case PS_CONFIG_LIST:
        clear_list(field);
        break;
    case PS_CONFIG_RANGES:
        free(((struct ps_ranges *)field)->items);
        break;
    }
}

static void print_list(const struct ps_list *list, struct ps_buf *out_text)
{
    (void)ps_buf_char(out_text, '[');
    for (size_t i = 0; i < list->len; i++) {
        (void)ps_buf_text(out_text, i > 0 ? "," : "");
        (void)ps_buf_json_string(out_text, list->items[i], strlen(list->items[i]));
    }
    (void)ps_buf_char(out_text, ']');
}

void ps_config_row_print(const struct ps_config_row *row, const struct ps_config *config,
                         struct ps_buf *out_text)
{
    const void *field = (const char *)config + row->offset;
    const struct ps_ranges *ranges;
    double real;
    char *text;

    switch (row->type) {
    case PS_CONFIG_INT:
        (void)ps_buf_format(out_text, "%" PRId64, *(const int64_t *)field);
        break;
    case PS_CONFIG_REAL:
        real = *(const double *)field;
        /* a value below the minimum means "not set" */
        if (real >= row->min)
            (void)ps_buf_format(out_text, "%.15g", real);
        break;
    case PS_CONFIG_BOOL:
        (void)ps_buf_text(out_text, *(const bool *)field ? "true" : "false");
        break;
    case PS_CONFIG_SECRET:
        (void)ps_buf_text(out_text, (*(char *const *)field)[0] != '\0' ? "(set)" : "");
        break;
    case PS_CONFIG_URL:
    case PS_CONFIG_TEXT:
    case PS_CONFIG_CHOICE:
        text = *(char *const *)field;
        if (row->type == PS_CONFIG_URL && strchr(text, '@') != NULL) {
            text = ps_url_redacted(text);
            (void)ps_buf_text(out_text, text);
            free(text);
        } else {
            (void)ps_buf_text(out_text, text);
        }
        break;
    case PS_CONFIG_LIST:
        print_list(field, out_text);
        break;
    case PS_CONFIG_RANGES:
        ranges = field;
        (void)ps_buf_char(out_text, '[');
        for (size_t i = 0; i < ranges->len; i++)
            (void)ps_buf_format(out_text, "%s[%d,%d]", i > 0 ? "," : "", ranges->items[i].first,
                                ranges->items[i].last);
        (void)ps_buf_char(out_text, ']');
        break;
    }
}
