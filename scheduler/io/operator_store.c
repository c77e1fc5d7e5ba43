#include "scheduler/io/operator_store.h"

#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"
#include "shared/core/visible_text.h"

#include <stdlib.h>
#include <string.h>

void ps_operator_add_wishes(struct ps_pg_batch *batch)
{
    PS_PG_ADD0(batch, "SELECT ps_ms(probing_paused_at), coalesce(probing_paused_why, ''), "
                      "ps_ms(poll_wanted_at) FROM meta");
}

struct ps_operator_wishes ps_operator_wishes_read(const struct ps_pg_rows *rows, size_t statement)
{
    if (ps_pg_row_count(rows, statement) == 0)
        return (struct ps_operator_wishes){ .why = "" };
    return (struct ps_operator_wishes){ .paused_ms = ps_pg_int(rows, statement, 0, 0, 0),
                                        .why = ps_pg_text(rows, statement, 0, 1),
                                        .wanted_ms = ps_pg_int(rows, statement, 0, 2, 0) };
}

/* Gives why as it may stand in a log line, a terminal and a page. */
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

    PS_PG_ADD(batch,
              "UPDATE meta SET probing_paused_at = coalesce(probing_paused_at, now()), "
              "probing_paused_why = $1 RETURNING ps_ms(probing_paused_at), probing_paused_why, "
              "ps_ms(poll_wanted_at)",
              clean);
    free(clean);
    return batch;
}

struct ps_pg_batch *ps_operator_resume(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD0(batch, "UPDATE meta SET probing_paused_at = NULL, probing_paused_why = NULL "
                      "WHERE probing_paused_at IS NOT NULL RETURNING 1");
    return batch;
}

struct ps_pg_batch *ps_operator_poll_now(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD0(batch, "UPDATE meta SET poll_wanted_at = now() RETURNING ps_ms(poll_wanted_at)");
    return batch;
}

void ps_operator_add_poll_begun(struct ps_pg_batch *batch)
{
    PS_PG_ADD0(batch, "UPDATE meta SET poll_wanted_at = NULL WHERE poll_wanted_at IS NOT NULL");
}
