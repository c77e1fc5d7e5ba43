/* Reading the name and value pairs of a stream entry; every error names the field. */
#ifndef PS_CORE_FIELD_READ_H
#define PS_CORE_FIELD_READ_H
#include "shared/core/err.h"
#include "shared/core/str.h"

#include <stdint.h>

/* Borrows items: name, value, name, value …, count of both together. */
struct ps_field_reader {
    const struct ps_str *items;
    size_t count;
    const char *record; /* "task", what error messages call the entry */
};

/* The first field of that name; an empty view when there is none. */
struct ps_str ps_field_find(const struct ps_field_reader *reader, const char *name);
/* False when longer than max bytes, no valid UTF-8, or with a NUL in it. An absent field reads as
   empty. */
bool ps_field_text(const struct ps_field_reader *reader, const char *name, size_t max,
                   struct ps_str *out_text, struct ps_err *err) PS_MUST_USE;
/* As ps_field_text, and false when empty or absent. */
bool ps_field_need(const struct ps_field_reader *reader, const char *name, size_t max,
                   struct ps_str *out_text, struct ps_err *err) PS_MUST_USE;
/* Whole number 0 to max; absent or empty reads as 0. */
bool ps_field_count(const struct ps_field_reader *reader, const char *name, int64_t max,
                    int64_t *out_value, struct ps_err *err) PS_MUST_USE;
/* Required whole number min to max. */
bool ps_field_int(const struct ps_field_reader *reader, const char *name, int64_t min, int64_t max,
                  int64_t *out_value, struct ps_err *err) PS_MUST_USE;

#endif
