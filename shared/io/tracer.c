#include "shared/io/tracer.h"

#include "shared/core/alloc.h"
#include "shared/core/backoff.h"
#include "shared/core/otlp.h"
#include "shared/io/clock.h"
#include "shared/io/http_client.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    DELAY_MS = 1000,  /* spans of this time share a request */
    SPANS_MAX = 2048, /* in one request, and waiting for it */
    SPANS_SOON = 512, /* so many are sent without delay */
    BYTES_MAX = 4 << 20,
    TRIES_MAX = 5, /* of one request */
    RETRY_BASE_MS = 1000,
    RETRY_CAP_MS = 30 * 1000,
    ANSWER_MAX = 16 * 1024
};

struct ps_tracer {
    struct ps_tracer_options options;
    char *program, *instance, *url;
    struct ps_http *http;
    struct ps_timer *turn;  /* the next request */
    struct ps_timer *limit; /* of the flush */
    struct ps_buf filling;  /* the next request, as far as it is known */
    size_t filling_spans;
    struct ps_buf sending; /* a request that was sent, until it was taken or given up */
    size_t sending_spans;  /* 0: none */
    struct ps_http_call *call;
    int tries;             /* of sending */
    int failures;          /* requests in a row that failed */
    int64_t not_before_ms; /* monotonic: for the next request */
    bool dropping;         /* spans were dropped since a request was taken last */
    void (*done)(void *cookie);
    void *done_cookie;
};

static void count(struct ps_tracer *tracer, const char *result, size_t spans)
{
    ps_metrics_add(tracer->options.metrics, PS_METRIC_TRACE_SPANS, result, (double)spans);
}

/* The body of the next request up to its first span. */
static void open_request(struct ps_tracer *tracer)
{
    const struct ps_config *config = tracer->options.config;

    ps_buf_init(&tracer->filling, BYTES_MAX);
    tracer->filling_spans = 0;
    ps_otlp_open(&(struct ps_otlp_source){ .program = tracer->program,
                                           .version = PS_VERSION,
                                           .instance = tracer->instance,
                                           .service_name = config->otel_service_name,
                                           .attributes = config->otel_resource_attributes },
                 &tracer->filling);
}

static void schedule(struct ps_tracer *tracer, int64_t delay_ms)
{
    int64_t held_ms = tracer->not_before_ms - ps_loop_now(tracer->options.loop);

    ps_timer_set(tracer->turn, delay_ms > held_ms ? delay_ms : held_ms);
}

/* While a request is in flight, or waits for another try, the next one only grows. */
static void schedule_next(struct ps_tracer *tracer)
{
    if (tracer->sending_spans > 0 || tracer->filling_spans == 0)
        return;
    if (tracer->filling_spans >= SPANS_SOON)
        schedule(tracer, 0);
    else if (!ps_timer_pending(tracer->turn))
        schedule(tracer, DELAY_MS);
}

static void forget_sent(struct ps_tracer *tracer)
{
    ps_buf_clear(&tracer->sending);
    tracer->sending_spans = 0;
    tracer->tries = 0;
}

static void end_flush(struct ps_tracer *tracer)
{
    void (*done)(void *cookie) = tracer->done;
    size_t lost = tracer->sending_spans + tracer->filling_spans;
    struct ps_err err;

    tracer->done = NULL;
    ps_timer_cancel(tracer->turn);
    ps_timer_cancel(tracer->limit);
    ps_http_cancel(tracer->call);
    tracer->call = NULL;
    if (lost > 0) {
        (void)ps_fail(&err, PS_FAILURE_TIMEOUT, 0, "%zu spans were not sent before the stop", lost);
        PS_LOG(TRACE_ERROR, F_TEXT("url", tracer->url), F_ERR(&err));
    }
    done(tracer->done_cookie);
}

static void on_limit(void *cookie)
{
    end_flush(cookie);
}

/* Counts a span that has no room. Unless the outage is reported already, one line until the
 * collector takes spans again: a collector that is slow, but does not fail, would lose spans
 * without any. */
static void drop(struct ps_tracer *tracer)
{
    struct ps_err err;

    count(tracer, "dropped", 1);
    if (tracer->dropping || tracer->failures > 0)
        return;
    tracer->dropping = true;
    (void)ps_fail(&err, PS_FAILURE_RATE_LIMIT, 0,
                  "%zu spans wait for the collector; further spans are dropped until it takes some",
                  tracer->filling_spans);
    PS_LOG(TRACE_ERROR, F_TEXT("url", tracer->url), F_ERR(&err));
}

/* One line for each outage: the collector may be away for days. */
static void report(struct ps_tracer *tracer, const struct ps_err *err)
{
    if (tracer->failures++ == 0 && !tracer->dropping)
        PS_LOG(TRACE_ERROR, F_TEXT("url", tracer->url), F_ERR(err));
}

static void on_taken(struct ps_tracer *tracer, const struct ps_http_reply *reply)
{
    int64_t rejected = ps_otlp_rejected(reply->body, reply->body_len);
    size_t refused =
        rejected < (int64_t)tracer->sending_spans ? (size_t)rejected : tracer->sending_spans;

    count(tracer, "sent", tracer->sending_spans - refused);
    count(tracer, "refused", refused);
    if (tracer->failures > 0)
        PS_LOG(TRACE_RECOVERED, F_TEXT("url", tracer->url),
               F_INT("failed_requests", tracer->failures));
    tracer->failures = 0;
    tracer->dropping = false;
    forget_sent(tracer);
}

static void on_failed(struct ps_tracer *tracer, const struct ps_http_reply *reply,
                      const struct ps_err *err, bool again)
{
    int64_t wait_ms, asked_ms = 0;

    report(tracer, err);
    if (again)
        asked_ms = ps_otlp_wait_ms(reply->retry_after, ps_clock_wall_ms());
    wait_ms = ps_backoff_ms(tracer->options.retry_base_ms, RETRY_CAP_MS, tracer->failures,
                            ps_clock_random());
    /* Also the next request waits, so that a collector that fails is not hit by the next one at
     * once. */
    tracer->not_before_ms =
        ps_loop_now(tracer->options.loop) + (asked_ms > wait_ms ? asked_ms : wait_ms);
    if (again && ++tracer->tries < TRIES_MAX) {
        schedule(tracer, 0);
        return;
    }
    count(tracer, again ? "failed" : "refused", tracer->sending_spans);
    forget_sent(tracer);
}

/* A request has ended. */
static void go_on(struct ps_tracer *tracer, bool taken)
{
    if (tracer->done == NULL)
        schedule_next(tracer);
    else if (taken && tracer->filling_spans > 0)
        ps_timer_set(tracer->turn, 0);
    else
        ps_timer_set(tracer->limit, 0); /* outside the callback of the HTTP client */
}

static void on_answer(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_tracer *tracer = cookie;
    enum ps_otlp_answer answer = err == NULL ? ps_otlp_answer_of(reply->status) : PS_OTLP_LATER;
    struct ps_err failed;

    tracer->call = NULL;
    if (err == NULL && answer != PS_OTLP_TAKEN) {
        (void)ps_fail(&failed, ps_failure_of_status(reply->status), reply->status,
                      "the collector answered HTTP status %d", reply->status);
        err = &failed;
    }
    if (answer == PS_OTLP_TAKEN)
        on_taken(tracer, reply);
    else
        on_failed(tracer, reply, err, answer == PS_OTLP_LATER);
    go_on(tracer, answer == PS_OTLP_TAKEN);
}

/* Returns the request's headers, NULL-terminated; the caller frees each and the list. */
static char **headers_of(const struct ps_tracer *tracer)
{
    struct ps_otlp_pairs pairs;
    char **headers = ps_alloc_zero(PS_OTLP_PAIRS_MAX + 2, sizeof(*headers));

    headers[0] = ps_alloc_text("Content-Type: application/json");
    /* A rotated file was checked too, before it was taken. */
    if (!ps_otlp_headers_parse("OTEL_EXPORTER_OTLP_HEADERS",
                               tracer->options.config->otel_exporter_otlp_headers, &pairs, NULL))
        pairs.len = 0;
    for (size_t i = 0; i < pairs.len; i++)
        /* curl takes "Name:" without a value for the wish to send no such header. */
        headers[i + 1] = pairs.values[i][0] == '\0'
                             ? ps_alloc_format("%s;", pairs.keys[i])
                             : ps_alloc_format("%s: %s", pairs.keys[i], pairs.values[i]);
    ps_otlp_pairs_clear(&pairs);
    return headers;
}

static void send_request(struct ps_tracer *tracer)
{
    char **headers = headers_of(tracer);
    const struct ps_http_request request = {
        .method = PS_HTTP_POST,
        .url = tracer->url,
        .headers = (const char *const *)headers,
        .body = tracer->sending.data,
        .body_len = tracer->sending.len,
        .timeout_ms = tracer->options.config->otel_exporter_otlp_timeout,
        .max_body = ANSWER_MAX,
        .truncate_body = true,
    };
    const struct ps_http_reply nothing = { .status = 0 };
    struct ps_err err;

    tracer->call = ps_http_send(tracer->http, &request, on_answer, tracer, &err);
    for (size_t i = 0; headers[i] != NULL; i++)
        free(headers[i]);
    free(headers);
    if (tracer->call == NULL) {
        on_failed(tracer, &nothing, &err, false);
        go_on(tracer, false);
    }
}

static void on_turn(void *cookie)
{
    struct ps_tracer *tracer = cookie;

    if (tracer->call != NULL)
        return;
    if (tracer->sending_spans == 0) {
        if (tracer->filling_spans == 0)
            return;
        tracer->filling.cap += 64; /* the end always fits */
        ps_otlp_close(&tracer->filling);
        tracer->sending = tracer->filling;
        tracer->sending_spans = tracer->filling_spans;
        open_request(tracer);
    }
    send_request(tracer);
}

void ps_tracer_add(struct ps_tracer *tracer, const struct ps_span *span)
{
    size_t before;

    if (tracer == NULL)
        return;
    before = tracer->filling.len;
    if (tracer->filling_spans == SPANS_MAX ||
        (tracer->filling_spans > 0 && !ps_buf_char(&tracer->filling, ','))) {
        drop(tracer);
        return;
    }
    if (!ps_span_format(span, &tracer->filling)) {
        tracer->filling.len = before; /* without the comma */
        tracer->filling.data[before] = '\0';
        drop(tracer);
        return;
    }
    tracer->filling_spans++;
    schedule_next(tracer);
}

void ps_tracer_flush(struct ps_tracer *tracer, void (*done)(void *cookie), void *cookie)
{
    bool idle = tracer->sending_spans == 0 && tracer->filling_spans == 0;

    tracer->done = done;
    tracer->done_cookie = cookie;
    ps_timer_set(tracer->limit, idle ? 0 : PS_TRACER_STOP_MS);
    if (!idle && tracer->call == NULL)
        ps_timer_set(tracer->turn, 0);
}

struct ps_tracer *ps_tracer_create(const struct ps_tracer_options *options)
{
    static const char *const results[] = { "sent", "dropped", "refused", "failed" };
    const struct ps_config *config = options->config;
    char *url = ps_otlp_traces_url(config->otel_exporter_otlp_endpoint,
                                   config->otel_exporter_otlp_traces_endpoint);
    struct ps_tracer *tracer;

    if (url == NULL || config->otel_sdk_disabled) {
        free(url);
        return NULL;
    }
    tracer = ps_alloc_zero(1, sizeof(*tracer));
    tracer->options = *options;
    if (tracer->options.retry_base_ms == 0)
        tracer->options.retry_base_ms = RETRY_BASE_MS;
    tracer->program = ps_alloc_text(options->program);
    tracer->instance = ps_alloc_text(options->instance);
    tracer->url = url;
    tracer->http = ps_http_create(options->loop,
                                  &(struct ps_http_options){ .user_agent = options->user_agent,
                                                             .proxy = config->http_proxy_url,
                                                             .no_proxy = config->http_proxy_except,
                                                             .allow_private = true,
                                                             .ca_file = config->http_ca_file,
                                                             .max_connections = 1 });
    tracer->turn = ps_timer_create(options->loop, on_turn, tracer);
    tracer->limit = ps_timer_create(options->loop, on_limit, tracer);
    open_request(tracer);
    for (size_t i = 0; i < PS_COUNT_OF(results); i++)
        count(tracer, results[i], 0); /* so that the first dropped span is seen as an increase */
    PS_LOG(TRACE_START, F_TEXT("url", url));
    return tracer;
}

void ps_tracer_destroy(struct ps_tracer *tracer)
{
    if (tracer == NULL)
        return;
    ps_http_destroy(tracer->http);
    ps_timer_destroy(tracer->turn);
    ps_timer_destroy(tracer->limit);
    ps_buf_clear(&tracer->filling);
    ps_buf_clear(&tracer->sending);
    free(tracer->program);
    free(tracer->instance);
    free(tracer->url);
    free(tracer);
}
