/* Readers for the name and value pairs of a stream entry. The parsers of tasks and results use
 * them.
 *
 * Another version of the program, or a person with redis-cli, may have written the entry, so every
 * value is checked. Errors name the record and the field. */
#ifndef PS_CORE_FIELD_READ_H
#define PS_CORE_FIELD_READ_H
#include "shared/core/err.h"
#include "shared/core/str.h"

#include <stdint.h>

struct ps_field_reader {
    const struct ps_str *items; /* name, value, name, value, …; borrowed */
    size_t count;               /* of names and values together */
    const char *record;         /* "task": how errors call the entry */
};

/* Returns the first field of that name; an empty view if there is none. */
struct ps_str ps_field_find(const struct ps_field_reader *reader, const char *name);
/* Reads a text. Fails if it is longer than max bytes, not valid UTF-8, or contains a NUL. An absent
 * field reads as empty. out_text borrows from the entry. */
bool ps_field_text(const struct ps_field_reader *reader, const char *name, size_t max,
                   struct ps_str *out_text, struct ps_err *err) PS_MUST_USE;
/* As ps_field_text; also fails if the field is absent or empty. */
bool ps_field_need(const struct ps_field_reader *reader, const char *name, size_t max,
                   struct ps_str *out_text, struct ps_err *err) PS_MUST_USE;
/* Reads a whole number from 0 to max; an absent or empty field reads as 0. */
bool ps_field_count(const struct ps_field_reader *reader, const char *name, int64_t max,
                    int64_t *out_value, struct ps_err *err) PS_MUST_USE;
/* Reads a required whole number from min to max. */
bool ps_field_int(const struct ps_field_reader *reader, const char *name, int64_t min, int64_t max,
                  int64_t *out_value, struct ps_err *err) PS_MUST_USE;

#endif
