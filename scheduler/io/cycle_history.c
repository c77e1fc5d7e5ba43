#include "scheduler/io/cycle_history.h"

#include "embedded/scheduler_sql.h"
#include "scheduler/io/page_response.h"
#include "shared/core/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { KEEP_MS = 60 * 1000, WAITING_MAX = 64 };

static const struct range {
    const char *name;
    int seconds, bucket;
} ranges[] = {
    {"week",   7 * 86400,  4 * 3600},
    { "month", 31 * 86400, 86400   },
};

struct answer {
    struct ps_cycle_history *history;
    char *text;      /* JSON; NULL: not read yet */
    int64_t read_ms; /* monotonic */
    bool busy;       /* the batch is out */
    struct ps_http_exchange *waiting[WAITING_MAX];
    size_t waiting_len;
};

struct ps_cycle_history {
    const struct ps_daemon *daemon; /* borrowed */
    struct answer answers[PS_COUNT_OF(ranges)];
};

static void respond(struct ps_http_exchange *exchange, const struct answer *answer)
{
    static const char trouble[] = "{\"error\":\"the cycles cannot be read now\"}\n";

    ps_page_respond(exchange, &(struct ps_page_response){
                                  .status = answer->text == NULL ? 503 : 200,
                                  .type = "application/json; charset=utf-8",
                                  .body = answer->text == NULL ? trouble : answer->text,
                                  .len = strlen(answer->text == NULL ? trouble : answer->text),
                                  .cache = answer->text == NULL ? NULL : "no-cache" });
}

static void on_read(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct answer *answer = cookie;

    answer->busy = false;
    if (err == NULL && ps_pg_row_count(rows, 0) > 0) {
        free(answer->text);
        answer->text = ps_alloc_text(ps_pg_text(rows, 0, 0, PS_SQL_CYCLES_HISTORY_HISTORY));
        answer->read_ms = ps_loop_now(answer->history->daemon->loop);
    }
    for (size_t i = 0; i < answer->waiting_len; i++)
        respond(answer->waiting[i], answer);
    answer->waiting_len = 0;
}

static void show(struct ps_cycle_history *history, struct ps_http_exchange *exchange, size_t range)
{
    struct answer *answer = &history->answers[range];
    const struct ps_daemon *daemon = history->daemon;
    bool fresh = answer->text != NULL && ps_loop_now(daemon->loop) - answer->read_ms < KEEP_MS;
    struct ps_pg_batch *batch;

    if (fresh || !ps_pg_up(daemon->pg) || answer->waiting_len == WAITING_MAX) {
        respond(exchange, answer); /* an old answer is better than none */
        return;
    }
    answer->waiting[answer->waiting_len++] = exchange;
    if (answer->busy)
        return;
    batch = ps_pg_batch_create();
    ps_sql_cycles_history(batch, ranges[range].seconds, ranges[range].bucket);
    answer->busy = true;
    ps_pg_run(daemon->pg, batch, on_read, answer);
}

static void on_history(void *cookie, struct ps_http_exchange *exchange)
{
    static const char usage[] = "{\"error\":\"range must be week or month\"}\n";
    struct ps_cycle_history *history = cookie;
    char *name = ps_http_query_value(exchange, "range");
    size_t range = 0;

    while (range < PS_COUNT_OF(ranges) && (name == NULL || strcmp(name, ranges[range].name) != 0))
        range++;
    free(name);
    if (range == PS_COUNT_OF(ranges))
        ps_http_respond(exchange, 400, "application/json; charset=utf-8", usage, sizeof(usage) - 1);
    else
        show(history, exchange, range);
}

struct ps_cycle_history *ps_cycle_history_create(const struct ps_daemon *daemon)
{
    struct ps_cycle_history *history = ps_alloc_zero(1, sizeof(*history));

    history->daemon = daemon;
    for (size_t i = 0; i < PS_COUNT_OF(ranges); i++)
        history->answers[i].history = history;
    ps_http_server_route(daemon->http, "/api/history", PS_HTTP_SERVER_GET, on_history, history);
    return history;
}

void ps_cycle_history_destroy(struct ps_cycle_history *history)
{
    if (history == NULL)
        return;
    for (size_t i = 0; i < PS_COUNT_OF(ranges); i++)
        free(history->answers[i].text);
    free(history);
}
