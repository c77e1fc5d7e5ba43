#include "shared/core/field_read.h"

#include "shared/core/text_normalize.h"

#include <inttypes.h>

struct ps_str ps_field_find(const struct ps_field_reader *reader, const char *name)
{
    size_t i;

    for (i = 0; i + 1 < reader->count; i += 2) {
        if (ps_str_is(reader->items[i], name))
            return reader->items[i + 1];
    }
    return ps_str_of(NULL);
}

bool ps_field_text(const struct ps_field_reader *reader, const char *name, size_t max,
                   struct ps_str *out_text, struct ps_err *err)
{
    struct ps_str text = ps_field_find(reader, name);

    if (text.len > max)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "%s: %s is longer than %zu bytes",
                       reader->record, name, max);
    if (!ps_utf8_valid(text.data, text.len))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "%s: %s is not valid UTF-8", reader->record,
                       name);
    *out_text = text;
    return true;
}

bool ps_field_need(const struct ps_field_reader *reader, const char *name, size_t max,
                   struct ps_str *out_text, struct ps_err *err)
{
    struct ps_str text = { NULL, 0 };

    if (!ps_field_text(reader, name, max, &text, err))
        return false;
    if (text.len == 0)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "%s: %s is missing", reader->record, name);
    *out_text = text;
    return true;
}

bool ps_field_count(const struct ps_field_reader *reader, const char *name, int64_t max,
                    int64_t *out_value, struct ps_err *err)
{
    if (ps_field_find(reader, name).len == 0) {
        *out_value = 0;
        return true;
    }
    return ps_field_int(reader, name, 0, max, out_value, err);
}

bool ps_field_int(const struct ps_field_reader *reader, const char *name, int64_t min, int64_t max,
                  int64_t *out_value, struct ps_err *err)
{
    struct ps_str text = ps_field_find(reader, name);

    if (text.len == 0)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "%s: %s is missing", reader->record, name);
    if (!ps_str_int(text, min, max, out_value))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                       "%s: %s is not a whole number from %" PRId64 " to %" PRId64, reader->record,
                       name, min, max);
    return true;
}
