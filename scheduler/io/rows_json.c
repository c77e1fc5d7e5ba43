#include "scheduler/io/rows_json.h"

#include <inttypes.h>
#include <string.h>

/* A batch is as large as a whole index; PostgreSQL takes a parameter of up to 1 GB. */
enum { JSON_MAX = 512 * 1024 * 1024 };

void ps_rows_open(struct ps_rows_json *json)
{
    ps_buf_init(&json->text, JSON_MAX);
    ps_buf_char(&json->text, '[');
    json->objects = 0;
}

void ps_row_open(struct ps_rows_json *json)
{
    ps_buf_text(&json->text, json->objects++ == 0 ? "{" : ",{");
    json->first_member = true;
}

static void row_name(struct ps_rows_json *json, const char *name)
{
    ps_buf_format(&json->text, "%s\"%s\":", json->first_member ? "" : ",", name);
    json->first_member = false;
}

void ps_row_text(struct ps_rows_json *json, const char *name, const char *value)
{
    row_name(json, name);
    if (value == NULL)
        ps_buf_text(&json->text, "null");
    else
        ps_buf_json_string(&json->text, value, strlen(value));
}

void ps_row_int(struct ps_rows_json *json, const char *name, int64_t value)
{
    row_name(json, name);
    ps_buf_format(&json->text, "%" PRId64, value);
}

void ps_row_raw(struct ps_rows_json *json, const char *name, const char *value)
{
    row_name(json, name);
    ps_buf_text(&json->text, value);
}

void ps_row_close(struct ps_rows_json *json)
{
    ps_buf_char(&json->text, '}');
}

const char *ps_rows_close(struct ps_rows_json *json)
{
    ps_buf_char(&json->text, ']');
    return ps_buf_str(&json->text);
}

void ps_rows_clear(struct ps_rows_json *json)
{
    ps_buf_clear(&json->text);
}
