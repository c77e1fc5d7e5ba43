#include "scheduler/io/operator_store.h"

#include "embedded/scheduler_sql.h"
#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"
#include "shared/core/visible_text.h"

#include <stdlib.h>
#include <string.h>

void ps_operator_add_wishes(struct ps_pg_batch *batch)
{
    ps_sql_wishes_read(batch);
}

struct ps_operator_wishes ps_operator_wishes_read(const struct ps_pg_rows *rows, size_t statement)
{
    if (ps_pg_row_count(rows, statement) == 0)
        return (struct ps_operator_wishes){ .why = "" };
    return (struct ps_operator_wishes){
        .paused_ms = ps_pg_int(rows, statement, 0, PS_SQL_WISHES_READ_PROBING_PAUSED_AT, 0),
        .why = ps_pg_text(rows, statement, 0, PS_SQL_WISHES_READ_WHY),
        .wanted_ms = ps_pg_int(rows, statement, 0, PS_SQL_WISHES_READ_POLL_WANTED_AT, 0)
    };
}

/* Gives the operator's reason in a form that is safe in a log line, on a terminal and on a page. */
static char *clean_why(const char *why)
{
    char *valid = ps_utf8_clean(why, strlen(why));
    char *spaced = ps_utf8_spaces(valid, strlen(valid));
    size_t len = strlen(spaced);
    char *visible;

    if (len > PS_OPERATOR_WHY_BYTES) {
        len = PS_OPERATOR_WHY_BYTES;
        while (len > 0 && ((unsigned char)spaced[len] & 0xC0) == 0x80)
            len--; /* no half of a character */
    }
    visible = ps_text_visible(spaced, len);
    free(spaced);
    free(valid);
    return visible;
}

struct ps_pg_batch *ps_operator_pause(const char *why)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char *clean = clean_why(why == NULL ? "" : why);

    ps_sql_probing_pause(batch, clean);
    free(clean);
    return batch;
}

struct ps_pg_batch *ps_operator_resume(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_probing_resume(batch);
    return batch;
}

struct ps_pg_batch *ps_operator_poll_now(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_poll_want(batch);
    return batch;
}
