#include "worker/io/prober.h"

#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "worker/core/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTIAL = 206 };

#define NO_DATE_MS INT64_MIN

struct ps_prober {
    struct ps_prober_options options;
    char date[40]; /* read last: a site says the same one for a second, and reading costs 1 us */
    int64_t date_ms;
};

struct ps_probe {
    struct ps_prober *prober;
    char *url;
    struct ps_redirect_chain trail; /* of this attempt */
    enum ps_probe_kind look;
    struct ps_permit permit;
    struct ps_http_call *call;
    struct ps_document_read *read;
    struct ps_timer *timer; /* made when the first delay is needed */
    int attempts;
    int status;
    int64_t latency_ms;
    char *last_modified, *etag;
    int64_t content_length, answered_ms;
    struct ps_probe_outcome outcome;
    ps_probe_fn fn;
    void *cookie;
};

/* When the answer was given: by the site's Date where it has one, else by our clock. */
static int64_t answered_ms(struct ps_prober *prober, const char *date, int64_t wall_ms)
{
    if (date == NULL || strlen(date) >= sizeof(prober->date))
        return ps_site_now_ms(date, wall_ms);
    if (strcmp(date, prober->date) != 0) {
        (void)snprintf(prober->date, sizeof(prober->date), "%s", date);
        prober->date_ms = ps_site_now_ms(date, NO_DATE_MS);
    }
    return prober->date_ms != NO_DATE_MS ? prober->date_ms : wall_ms;
}

static void probe_free(struct ps_probe *probe)
{
    ps_timer_destroy(probe->timer);
    free(probe->last_modified);
    free(probe->etag);
    ps_redirect_chain_clear(&probe->trail);
    free(probe->url);
    free(probe);
}

static void probe_end(struct ps_probe *probe, const struct ps_document *document)
{
    struct ps_probe_report end = { .url = probe->url,
                                   .outcome = probe->outcome.outcome,
                                   .status = probe->status,
                                   .last_modified = probe->last_modified,
                                   .etag = probe->etag,
                                   .content_length = probe->content_length,
                                   .answered_ms = probe->answered_ms,
                                   .err = probe->outcome.failed ? &probe->outcome.err : NULL,
                                   .attempts = probe->attempts,
                                   .latency_ms = probe->latency_ms,
                                   .document = document };

    probe->fn(probe->cookie, &end);
    probe_free(probe);
}

static void on_document(void *cookie, const struct ps_document *document, const struct ps_err *err)
{
    struct ps_probe *probe = cookie;

    (void)err;
    probe->read = NULL;
    probe_end(probe, document); /* destroys probe */
}

static void ask(struct ps_probe *probe);

static const char *url_now(const struct ps_probe *probe)
{
    return ps_redirect_chain_url(&probe->trail, probe->url);
}

static void on_delay(void *cookie)
{
    struct ps_probe *probe = cookie;

    if (probe->outcome.next == PS_PROBE_OUTCOME_FINAL)
        probe_end(probe, NULL); /* destroys probe */
    else
        ask(probe);
}

static void after(struct ps_probe *probe, int64_t delay_ms)
{
    if (probe->timer == NULL)
        probe->timer = ps_timer_create(probe->prober->options.loop, on_delay, probe);
    ps_timer_set(probe->timer, delay_ms);
}

/* No request could be made at all: ends from the loop's top. */
static void refuse(struct ps_probe *probe, const struct ps_err *err)
{
    probe->outcome = (struct ps_probe_outcome){
        .next = PS_PROBE_OUTCOME_FINAL, .outcome = PS_OUTCOME_ERROR, .failed = true, .err = *err
    };
    after(probe, 0);
}

static void act(struct ps_probe *probe)
{
    const struct ps_prober_options *options = &probe->prober->options;
    enum ps_outcome outcome = probe->outcome.outcome;

    switch (probe->outcome.next) {
    case PS_PROBE_OUTCOME_RETRY:
        ps_redirect_chain_clear(&probe->trail);
        after(probe, probe->outcome.delay_ms);
        return;
    case PS_PROBE_OUTCOME_DEFER:
        probe->attempts -= probe->trail.hops == 0;
        ps_rate_limiter_pause_host(options->limiter, url_now(probe), probe->outcome.delay_ms,
                                   probe->status);
        if (options->end_on_pause)
            probe_end(probe, NULL); /* destroys probe */
        else
            ask(probe);
        return;
    case PS_PROBE_OUTCOME_FINAL:
        if (options->reader != NULL && probe->look == PS_PROBE_CONFIRM &&
            (outcome == PS_OUTCOME_HIT_RECENT || outcome == PS_OUTCOME_HIT_NO_LM))
            probe->read = ps_document_read_start(options->reader, probe->url, on_document, probe);
        else
            probe_end(probe, NULL); /* destroys probe */
        return;
    }
}

static void on_head(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_probe *probe = cookie;
    struct ps_err astray;
    bool moved = false;
    int64_t wall_ms = ps_clock_wall_ms();
    struct ps_answer answer = { .err = err,
                                .status = reply->status,
                                .url = probe->url,
                                .effective_url = url_now(probe),
                                .content_type = reply->content_type,
                                .last_modified = reply->last_modified,
                                .retry_after = reply->retry_after,
                                .date = reply->date,
                                .confirm = probe->look == PS_PROBE_CONFIRM,
                                .body = reply->body,
                                .body_len = reply->body_len };

    probe->call = NULL;
    ps_rate_limiter_release(probe->prober->options.limiter, &probe->permit);
    if (err == NULL && !ps_redirect_chain_follow(&probe->trail, probe->url, reply->status,
                                                 reply->location, &moved, &astray))
        answer.err = &astray;
    if (moved) { /* a request of its own to its host, which waits for its turn like any other */
        ask(probe);
        return;
    }
    if (answer.err == NULL && answer.confirm && ps_status_refuses_method(reply->status)) {
        probe->look = PS_PROBE_HEAD; /* a site that answers no GET: asked as the first look did */
        probe->attempts--;
        ps_redirect_chain_clear(&probe->trail);
        ask(probe);
        return;
    }
    probe->status = reply->status;
    probe->latency_ms = reply->latency_ms;
    free(probe->last_modified);
    probe->last_modified = ps_alloc_text(reply->last_modified);
    free(probe->etag);
    probe->etag = ps_alloc_text(reply->etag);
    probe->content_length =
        reply->status == PARTIAL ? ps_range_total(reply->content_range) : reply->content_length;
    probe->answered_ms = answered_ms(probe->prober, reply->date, wall_ms);
    probe->outcome = ps_probe_outcome_of(&answer, &probe->prober->options.rules, probe->attempts,
                                         wall_ms, ps_clock_random());
    act(probe); /* may destroy probe */
}

static void on_turn(void *cookie)
{
    /* where nothing is said of encodings, some sites send gzip, which begins like no document */
    static const char *const first_kilobyte[] = { "Range: bytes=0-1023",
                                                  "Accept-Encoding: identity", NULL };
    struct ps_probe *probe = cookie;
    bool confirm = probe->look == PS_PROBE_CONFIRM;
    const struct ps_prober_options *options = &probe->prober->options;
    struct ps_http_request request = { .method = confirm ? PS_HTTP_GET : PS_HTTP_HEAD,
                                       .url = url_now(probe),
                                       .headers = confirm ? first_kilobyte : NULL,
                                       .timeout_ms = options->timeout_ms,
                                       .max_body = 1024,
                                       .truncate_body = true };
    struct ps_err err;

    probe->call = ps_http_send(options->http, &request, on_head, probe, &err);
    if (probe->call == NULL) {
        ps_rate_limiter_release(options->limiter, &probe->permit);
        refuse(probe, &err);
        return;
    }
    probe->attempts += probe->trail.hops == 0;
}

static void ask(struct ps_probe *probe)
{
    struct ps_err err;

    if (!ps_rate_limiter_acquire(probe->prober->options.limiter, &probe->permit, url_now(probe),
                                 on_turn, probe, &err))
        refuse(probe, &err);
}

struct ps_prober *ps_prober_create(const struct ps_prober_options *options)
{
    struct ps_prober *prober = ps_alloc_zero(1, sizeof(*prober));

    prober->options = *options;
    prober->date_ms = NO_DATE_MS;
    return prober;
}

void ps_prober_destroy(struct ps_prober *prober)
{
    free(prober);
}

struct ps_probe *ps_probe_start(struct ps_prober *prober, const char *url, enum ps_probe_kind look,
                                ps_probe_fn fn, void *cookie)
{
    struct ps_probe *probe = ps_alloc_zero(1, sizeof(*probe));

    probe->prober = prober;
    probe->url = ps_alloc_text(url);
    probe->look = look;
    probe->content_length = -1;
    probe->fn = fn;
    probe->cookie = cookie;
    ask(probe);
    return probe;
}

static void stop(struct ps_probe *probe)
{
    ps_http_cancel(probe->call);
    probe->call = NULL;
    ps_rate_limiter_release(probe->prober->options.limiter, &probe->permit);
    ps_document_read_cancel(probe->read);
    probe->read = NULL;
}

void ps_probe_cancel(struct ps_probe *probe)
{
    if (probe == NULL)
        return;
    stop(probe);
    probe_free(probe);
}

void ps_probe_give_up(struct ps_probe *probe, enum ps_outcome outcome, const struct ps_err *err)
{
    stop(probe);
    probe->outcome = (struct ps_probe_outcome){
        .next = PS_PROBE_OUTCOME_FINAL, .outcome = outcome, .failed = true, .err = *err
    };
    probe_end(probe, NULL);
}

bool ps_probe_busy(const struct ps_probe *probe)
{
    return probe->call != NULL || (probe->read != NULL && ps_document_read_busy(probe->read));
}

int64_t ps_probe_pause_ms(const struct ps_probe *probe)
{
    return ps_permit_pause_ms(probe->prober->options.limiter, &probe->permit);
}
