#include "shared/core/json.h"

#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above 2^53 a double, which cJSON uses, cannot represent every whole number. */
#define WHOLE_MAX INT64_C(9007199254740992)
/* cJSON writes a number with more digits in exponent notation. */
#define PLAIN_MAX INT64_C(999999999999999)
/* In the order of their values, then the capital letters. */
#define HEX_DIGITS "0123456789abcdefABCDEF"
enum { ESCAPE_LEN = 6 }; /* \uXXXX */

/* Returns the UTF-16 unit of the escape \uXXXX at text; -1 if there is none. */
static int escaped_unit(const char *text, size_t len)
{
    int unit = 0;

    if (len < ESCAPE_LEN || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (size_t i = 2; i < ESCAPE_LEN; i++) {
        const char *digit = text[i] == '\0' ? NULL : strchr(HEX_DIGITS, text[i]);

        if (digit == NULL)
            return -1;
        unit = unit * 16 +
               (int)((digit - HEX_DIGITS) < 16 ? digit - HEX_DIGITS : digit - HEX_DIGITS - 6);
    }
    return unit;
}

static bool is_high(int unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* Gives a copy of text in which each escape that is not a character (an unpaired surrogate, or NUL,
 * which would end a C string) is \ufffd. Returns NULL if there is no such escape, which is the
 * usual case. Without this, cJSON rejects a whole document because of one title. */
static char *replace_bad_escapes(const char *text, size_t len)
{
    const char *end = text + len;
    const char *at = text;
    char *copy = NULL;

    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        int unit = escaped_unit(at, (size_t)(end - at));

        if (unit < 0) {
            at += end - at >= 2 ? 2 : 1;
            continue;
        }
        if (is_high(unit) &&
            is_low(escaped_unit(at + ESCAPE_LEN, (size_t)(end - at) - ESCAPE_LEN))) {
            at += 2 * ESCAPE_LEN;
            continue;
        }
        if (unit == 0 || is_high(unit) || is_low(unit)) {
            if (copy == NULL)
                copy = ps_alloc_copy(text, len);
            memcpy(copy + (at - text), "\\ufffd", ESCAPE_LEN);
        }
        at += ESCAPE_LEN;
    }
    return copy;
}

cJSON *ps_json_parse(const char *text, size_t len, struct ps_err *err)
{
    char *repaired = len > 0 ? replace_bad_escapes(text, len) : NULL;
    const char *from = repaired != NULL ? repaired : text;
    const char *end = from;
    cJSON *value = len > 0 ? cJSON_ParseWithLengthOpts(from, len, &end, false) : NULL;

    if (value != NULL) {
        while (end < from + len && *end != '\0' && strchr(" \t\n\r", *end) != NULL)
            end++;
        if (end != from + len) {
            cJSON_Delete(value);
            value = NULL;
        }
    }
    if (value == NULL)
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, 0, "not JSON at byte %zu", (size_t)(end - from));
    free(repaired);
    return value;
}

const char *ps_json_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

const char *ps_json_text_or(const cJSON *object, const char *name, const char *otherwise)
{
    const char *text = ps_json_text(object, name);

    return text != NULL ? text : otherwise;
}

bool ps_json_int(const cJSON *object, const char *name, int64_t min, int64_t max,
                 int64_t *out_value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    int64_t value;

    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= (double)WHOLE_MAX))
        return false;
    value = (int64_t)item->valuedouble;
    if ((double)value < item->valuedouble || (double)value > item->valuedouble || value < min ||
        value > max)
        return false;
    *out_value = value;
    return true;
}

int64_t ps_json_number(const cJSON *object, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;

    return ps_json_int(object, name, INT64_MIN, INT64_MAX, &value) ? value : otherwise;
}

bool ps_json_bool(const cJSON *object, const char *name, bool *out_value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsBool(item))
        return false;
    *out_value = cJSON_IsTrue(item) != 0;
    return true;
}

/* cJSON returns NULL when memory is exhausted; that ends the process, as in alloc.h. */
static void add(cJSON *object, const char *name, cJSON *item)
{
    if (item == NULL || !cJSON_AddItemToObject(object, name, item))
        abort();
}

void ps_json_add_text(cJSON *object, const char *name, const char *text)
{
    char *clean;

    if (text == NULL) {
        add(object, name, cJSON_CreateNull());
    } else if (ps_utf8_valid(text, strlen(text))) {
        add(object, name, cJSON_CreateString(text));
    } else {
        clean = ps_utf8_clean(text, strlen(text));
        add(object, name, cJSON_CreateString(clean));
        free(clean);
    }
}

void ps_json_add_cut(cJSON *object, const char *name, const char *text, size_t max)
{
    size_t len = text == NULL ? 0 : strlen(text);
    char *cut;

    if (len <= max) {
        ps_json_add_text(object, name, text);
        return;
    }
    for (len = max; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80;)
        len--;
    cut = ps_alloc_copy(text, len);
    ps_json_add_text(object, name, cut);
    free(cut);
}

void ps_json_add_int(cJSON *object, const char *name, int64_t value)
{
    char text[24];

    if (value >= -PLAIN_MAX && value <= PLAIN_MAX) {
        add(object, name, cJSON_CreateNumber((double)value));
        return;
    }
    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    add(object, name, cJSON_CreateRaw(text));
}

void ps_json_add_real(cJSON *object, const char *name, double value)
{
    add(object, name, cJSON_CreateNumber(value));
}

void ps_json_add_bool(cJSON *object, const char *name, bool value)
{
    add(object, name, cJSON_CreateBool(value));
}

void ps_json_add_time(cJSON *object, const char *name, int64_t wall_ms)
{
    char text[PS_UTC_TIME_TEXT];

    if (wall_ms == 0) {
        add(object, name, cJSON_CreateNull());
        return;
    }
    ps_utc_time_format_time(wall_ms, text);
    add(object, name, cJSON_CreateString(text));
}

void ps_json_add_copy(cJSON *object, const char *name, const cJSON *value)
{
    cJSON *copy = value == NULL ? cJSON_CreateNull() : cJSON_Duplicate(value, true);

    cJSON_AddItemToObject(object, name, copy);
}

char *ps_json_print(const cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);

    if (text == NULL)
        abort();
    return text;
}
