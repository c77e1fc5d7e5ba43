/* Typed reading and writing over cJSON. A member of the wrong type reads as absent.
 *
 * All JSON of peers passes through ps_json_parse, and all JSON that the programs write through the
 * ps_json_add functions, which keep the output valid UTF-8 and numbers exact. */
#ifndef PS_CORE_JSON_H
#define PS_CORE_JSON_H
#include "shared/core/err.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/* Parses exactly one value; white space may follow it. Replaces escapes that are not a character
 * (an unpaired surrogate such as \ud800, or \u0000) with U+FFFD. Returns a tree for cJSON_Delete,
 * or NULL with err (UNKNOWN) that names the byte. */
cJSON *ps_json_parse(const char *text, size_t len, struct ps_err *err) PS_MUST_USE;
/* Returns a member, borrowed; NULL if it is absent, or object is no object. */
static inline const cJSON *ps_json_member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}
/* Returns the text of a member, borrowed; NULL if it is absent or not a string. */
const char *ps_json_text(const cJSON *object, const char *name);
const char *ps_json_text_or(const cJSON *object, const char *name, const char *otherwise);
/* Reads a whole number from min to max; false if it is absent, not whole or out of range. */
bool ps_json_int(const cJSON *object, const char *name, int64_t min, int64_t max,
                 int64_t *out_value) PS_MUST_USE;
/* Returns a whole number; otherwise if it is absent or not whole. */
int64_t ps_json_number(const cJSON *object, const char *name, int64_t otherwise);
/* Reads true or false; returns false, with out_value untouched, if the member is neither. */
bool ps_json_bool(const cJSON *object, const char *name, bool *out_value) PS_MUST_USE;

/* Add a member to object; text is copied. */
void ps_json_add_text(cJSON *object, const char *name, const char *text); /* null for NULL */
/* Adds at most max bytes of text, cut at a whole character. */
void ps_json_add_cut(cJSON *object, const char *name, const char *text, size_t max);
void ps_json_add_int(cJSON *object, const char *name, int64_t value); /* all digits */
void ps_json_add_real(cJSON *object, const char *name, double value);
void ps_json_add_bool(cJSON *object, const char *name, bool value);
/* Adds an ISO 8601 time; null if wall_ms is 0, which means "not yet". */
void ps_json_add_time(cJSON *object, const char *name, int64_t wall_ms);
void ps_json_add_copy(cJSON *object, const char *name, const cJSON *value); /* null for NULL */
char *ps_json_print(const cJSON *value) PS_MUST_USE;                        /* gives compact text */

#endif
