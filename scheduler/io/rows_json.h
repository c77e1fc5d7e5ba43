/* Writes rows as one JSON array, the parameter of statements that use jsonb_to_recordset. One
 * parameter for a thousand rows keeps a transaction at one round trip. */
#ifndef PS_SCHEDULER_ROWS_JSON_H
#define PS_SCHEDULER_ROWS_JSON_H
#include "shared/core/buf.h"

#include <stddef.h>
#include <stdint.h>

struct ps_rows_json {
    struct ps_buf text;
    bool first_member;
    size_t objects;
};

/* Use: ps_rows_open; for each row ps_row_open, its members, ps_row_close; then ps_rows_close. */
void ps_rows_open(struct ps_rows_json *json); /* begins the array; json is the caller's memory */
void ps_row_open(struct ps_rows_json *json);  /* begins an object of it */
void ps_row_text(struct ps_rows_json *json, const char *name, const char *value); /* NULL: null */
void ps_row_int(struct ps_rows_json *json, const char *name, int64_t value);
void ps_row_raw(struct ps_rows_json *json, const char *name, const char *value); /* text is JSON
                                                                                  * already */
void ps_row_close(struct ps_rows_json *json);
/* Returns the whole text; borrowed until ps_rows_clear. */
const char *ps_rows_close(struct ps_rows_json *json);
void ps_rows_clear(struct ps_rows_json *json); /* frees the text */

#endif
