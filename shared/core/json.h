/* Typed readers over cJSON: a field of the wrong type is as good as absent. */
#ifndef PS_CORE_JSON_H
#define PS_CORE_JSON_H
#include "shared/core/err.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/* Parses exactly one value (white space may follow). An escape that stands for no character (an
 * unpaired surrogate such as \ud800, or \u0000) becomes U+FFFD. Gives a tree for cJSON_Delete, or
 * NULL with err (UNKNOWN) naming the place. */
cJSON *ps_json_parse(const char *text, size_t len, struct ps_err *err) PS_MUST_USE;
/* Borrowed; NULL when absent or no string. */
const char *ps_json_text(const cJSON *object, const char *name);
/* Whole number min to max; false when absent, not whole or out of range. */
bool ps_json_int(const cJSON *object, const char *name, int64_t min, int64_t max,
                 int64_t *out_value) PS_MUST_USE;
bool ps_json_bool(const cJSON *object, const char *name, bool *out_value) PS_MUST_USE;
/* Adders: text NULL adds null. Numbers are written whole up to 2^53. */
void ps_json_add_text(cJSON *object, const char *name, const char *text);
/* At most max bytes of text, cut at a whole character. */
void ps_json_add_cut(cJSON *object, const char *name, const char *text, size_t max);
void ps_json_add_int(cJSON *object, const char *name, int64_t value);
void ps_json_add_real(cJSON *object, const char *name, double value);
void ps_json_add_bool(cJSON *object, const char *name, bool value);
/* ISO 8601, or null when wall_ms is 0 ("none yet"). */
void ps_json_add_time(cJSON *object, const char *name, int64_t wall_ms);
/* Gives compact text. */
char *ps_json_print(const cJSON *value) PS_MUST_USE;

#endif
