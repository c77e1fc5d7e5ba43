#include "scheduler/io/cycle_history.h"

#include "scheduler/io/page_response.h"
#include "shared/core/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_MS = 60 * 1000, WAITING_MAX = 64, NUMBER_TEXT = 24 };

static const struct range {
    const char *name;
    int seconds, bucket;
} ranges[] = {
    {"week",   7 * 86400,  4 * 3600},
    { "month", 31 * 86400, 86400   },
};

/* $1: seconds to look back, $2: seconds of a bucket. One JSON object with the columns of "day"
 * (scheduler/page/README.md): a bucket's sums, its longest cycle and its worst status. Without any
 * cycle the sums have one column of zeros, beside an empty "at". */
static const char sql[] =
    "WITH c AS (SELECT floor(extract(epoch FROM started_at) / $2::bigint)::bigint * $2::bigint "
    "AS at, number, status, extract(epoch FROM finished_at - started_at)::float8 AS seconds, "
    "coalesce(summary, '{}') AS s, coalesce(failures, '{}') AS f FROM cycles "
    "WHERE status <> 'running' AND started_at > now() - make_interval(secs => $1::bigint)), "
    "b AS (SELECT at, count(*) AS cycles, min(number) AS number, max(seconds) AS seconds, "
    "CASE WHEN bool_or(status = 'failed') THEN 'failed' WHEN bool_or(status = 'success') "
    "THEN 'success' ELSE 'empty' END AS status FROM c GROUP BY at), "
    "o AS (SELECT name, json_agg(total ORDER BY at) AS totals FROM (SELECT n.name, c.at, "
    "coalesce(sum((c.s->>n.key)::bigint), 0) AS total FROM (VALUES ('hit_recent', 'hit_recent'), "
    "('hit_old', 'hit_old'), ('hit_no_lm', 'hit_no_lm'), ('miss', 'miss'), ('suspect', 'suspect'), "
    "('deferred', 'deferred'), ('error', 'errors')) AS n (name, key) LEFT JOIN c ON true "
    "GROUP BY 1, 2) AS sums GROUP BY name), "
    "f AS (SELECT name, json_agg(total ORDER BY at) AS totals FROM (SELECT n.name, c.at, "
    "coalesce(sum((c.f->>n.name)::bigint), 0) AS total FROM (VALUES ('RATE_LIMIT'), ('TIMEOUT'), "
    "('NETWORK'), ('CONFIGURATION'), ('UNKNOWN')) AS n (name) LEFT JOIN c ON true "
    "GROUP BY 1, 2) AS sums GROUP BY name) "
    "SELECT json_build_object('cycles', coalesce(sum(cycles), 0), 'merged', 1, "
    "'bucket', $2::bigint, 'number', coalesce(json_agg(number ORDER BY at), '[]'), "
    "'at', coalesce(json_agg(at ORDER BY at), '[]'), "
    "'seconds', coalesce(json_agg(seconds ORDER BY at), '[]'), "
    "'status', coalesce(json_agg(status ORDER BY at), '[]'), "
    "'counts', coalesce(json_agg(cycles ORDER BY at), '[]'), "
    "'outcomes', (SELECT json_object_agg(name, totals) FROM o), "
    "'failures', (SELECT json_object_agg(name, totals) FROM f)) FROM b";

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
        answer->text = ps_alloc_text(ps_pg_text(rows, 0, 0, 0));
        answer->read_ms = ps_loop_now(answer->history->daemon->loop);
    }
    for (size_t i = 0; i < answer->waiting_len; i++)
        respond(answer->waiting[i], answer);
    answer->waiting_len = 0;
}

static void ask(struct answer *answer, const struct range *range)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char seconds[NUMBER_TEXT], bucket[NUMBER_TEXT];

    (void)snprintf(seconds, sizeof(seconds), "%d", range->seconds);
    (void)snprintf(bucket, sizeof(bucket), "%d", range->bucket);
    PS_PG_ADD(batch, sql, seconds, bucket);
    answer->busy = true;
    ps_pg_run(answer->history->daemon->pg, batch, on_read, answer);
}

static void show(struct ps_cycle_history *history, struct ps_http_exchange *exchange, size_t range)
{
    struct answer *answer = &history->answers[range];
    const struct ps_daemon *daemon = history->daemon;
    bool fresh = answer->text != NULL && ps_loop_now(daemon->loop) - answer->read_ms < KEEP_MS;

    if (fresh || !ps_pg_up(daemon->pg) || answer->waiting_len == WAITING_MAX) {
        respond(exchange, answer); /* an old answer is better than none */
        return;
    }
    answer->waiting[answer->waiting_len++] = exchange;
    if (!answer->busy)
        ask(answer, &ranges[range]);
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
