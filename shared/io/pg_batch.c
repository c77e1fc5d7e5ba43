#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/io/pg_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ps_pg_batch *ps_pg_batch_create(void)
{
    return ps_alloc_zero(1, sizeof(struct ps_pg_batch));
}

void ps_pg_batch_destroy(struct ps_pg_batch *batch)
{
    if (!batch)
        return;
    for (size_t i = 0; i < batch->count; i++) {
        struct ps_pg_statement *statement = &batch->statements[i];

        for (size_t p = 0; p < statement->param_count; p++)
            free(statement->params[p]);
        free(statement->params);
        free(statement->sql);
    }
    free(batch->statements);
    free(batch);
}

void ps_pg_batch_add(struct ps_pg_batch *batch, const char *sql, const char *const *params,
                     size_t param_count)
{
    struct ps_pg_statement *statement;

    if (batch->count == batch->room) {
        batch->room = batch->room ? batch->room * 2 : 4;
        batch->statements =
            ps_alloc_array(batch->statements, batch->room, sizeof(*batch->statements));
    }
    statement = &batch->statements[batch->count++];
    statement->sql = ps_alloc_text(sql);
    statement->param_count = param_count;
    statement->params = param_count ? ps_alloc_zero(param_count, sizeof(char *)) : NULL;
    for (size_t i = 0; i < param_count; i++)
        statement->params[i] = ps_alloc_text(params[i]);
}

const char *ps_pg_int_text(char buffer[PS_PG_INT_TEXT], int64_t value)
{
    (void)snprintf(buffer, PS_PG_INT_TEXT, "%" PRId64, value);
    return buffer;
}

void ps_pg_rows_add(struct ps_pg_rows *rows, PGresult *result)
{
    if (rows->count == rows->room) {
        rows->room = rows->room ? rows->room * 2 : 8;
        rows->results = ps_alloc_array(rows->results, rows->room, sizeof(PGresult *));
    }
    rows->results[rows->count++] = result;
}

void ps_pg_rows_clear(struct ps_pg_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        PQclear(rows->results[i]);
    free(rows->results);
    memset(rows, 0, sizeof(*rows));
}

struct ps_pg_rows *ps_pg_rows_take(const struct ps_pg_rows *rows)
{
    struct ps_pg_rows *taken = ps_alloc(sizeof(*taken));

    assert(rows->taken != NULL && !*rows->taken);
    *rows->taken = true;
    *taken = *rows;
    taken->taken = NULL;
    return taken;
}

struct ps_pg_rows *ps_pg_rows_copy(const struct ps_pg_rows *rows)
{
    struct ps_pg_rows *copy = ps_alloc_zero(1, sizeof(*copy));

    for (size_t i = 0; i < rows->count; i++) {
        PGresult *result = PQcopyResult(rows->results[i], PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);

        assert(result != NULL); /* only memory can be short */
        ps_pg_rows_add(copy, result);
    }
    return copy;
}

void ps_pg_rows_destroy(struct ps_pg_rows *rows)
{
    if (rows == NULL)
        return;
    ps_pg_rows_clear(rows);
    free(rows);
}

int ps_pg_row_count(const struct ps_pg_rows *rows, size_t statement)
{
    return statement < rows->count ? PQntuples(rows->results[statement]) : 0;
}

int64_t ps_pg_affected(const struct ps_pg_rows *rows, size_t statement)
{
    int64_t affected;

    if (statement >= rows->count ||
        !ps_str_int(ps_str_of(PQcmdTuples(rows->results[statement])), 0, INT64_MAX, &affected))
        return 0;
    return affected;
}

const char *ps_pg_text(const struct ps_pg_rows *rows, size_t statement, int row, int column)
{
    const PGresult *result = statement < rows->count ? rows->results[statement] : NULL;

    if (!result || row < 0 || row >= PQntuples(result) || column < 0 || column >= PQnfields(result))
        return NULL;
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

int64_t ps_pg_int(const struct ps_pg_rows *rows, size_t statement, int row, int column,
                  int64_t fallback)
{
    const char *text = ps_pg_text(rows, statement, row, column);
    int64_t value;

    return text && ps_str_int(ps_str_of(text), INT64_MIN, INT64_MAX, &value) ? value : fallback;
}

bool ps_pg_bool(const struct ps_pg_rows *rows, size_t statement, int row, int column)
{
    const char *text = ps_pg_text(rows, statement, row, column);

    return text && strcmp(text, "t") == 0;
}
