#include "worker/io/prober.h"

#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "worker/core/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTIAL_CONTENT = 206, FIRST_BYTES = 1024 };

#define NO_DATE_MS INT64_MIN

struct ps_prober {
    struct ps_prober_options options;
    /* The last Date header and its time. A site sends the same one for a second, and parsing costs
     * a microsecond at thousands of answers a second. */
    char date[40];
    int64_t date_ms;
};

struct ps_probe {
    struct ps_prober *prober;
    char *url;
    struct ps_redirect_chain redirects; /* of this attempt */
    enum ps_probe_kind kind;
    struct ps_permit permit;
    struct ps_http_call *call;
    struct ps_document_read *read;
    struct ps_timer *timer; /* created for the first delay: most probes need none */
    int attempts;
    int status;
    int64_t latency_ms;
    char *last_modified, *etag;
    int64_t content_length, answered_ms;
    struct ps_probe_outcome outcome;
    ps_probe_fn fn;
    void *cookie;
};

/* Ends the probe and frees it. */
static void finish(struct ps_probe *probe, const struct ps_document *document)
{
    struct ps_probe_report report = { .url = probe->url,
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

    probe->fn(probe->cookie, &report);
    ps_probe_cancel(probe);
}

static const char *current_url(const struct ps_probe *probe)
{
    return ps_redirect_chain_url(&probe->redirects, probe->url);
}

static void request_permit(struct ps_probe *probe);

static void on_delay(void *cookie)
{
    struct ps_probe *probe = cookie;

    if (probe->outcome.next == PS_PROBE_OUTCOME_FINAL)
        finish(probe, NULL);
    else
        request_permit(probe);
}

static void continue_after(struct ps_probe *probe, int64_t delay_ms)
{
    if (probe->timer == NULL)
        probe->timer = ps_timer_create(probe->prober->options.loop, on_delay, probe);
    ps_timer_set(probe->timer, delay_ms);
}

static struct ps_probe_outcome failed_outcome(enum ps_outcome outcome, const struct ps_err *err)
{
    return (struct ps_probe_outcome){
        .next = PS_PROBE_OUTCOME_FINAL, .outcome = outcome, .failed = true, .err = *err
    };
}

/* No request could be made at all. The report comes from the loop, not from within
 * ps_probe_start, whose caller does not have the probe yet. */
static void fail_later(struct ps_probe *probe, const struct ps_err *err)
{
    probe->outcome = failed_outcome(PS_OUTCOME_ERROR, err);
    continue_after(probe, 0);
}

/* Step 5: the document of a confirmed recent hit was read, or could not be. Either way the hit
 * stands. */
static void on_document(void *cookie, const struct ps_document *document, const struct ps_err *err)
{
    struct ps_probe *probe = cookie;

    (void)err;
    probe->read = NULL;
    finish(probe, document);
}

/* Step 4: act on the outcome. May free the probe. */
static void act_on_outcome(struct ps_probe *probe)
{
    const struct ps_prober_options *options = &probe->prober->options;
    enum ps_outcome outcome = probe->outcome.outcome;
    bool recent = outcome == PS_OUTCOME_HIT_RECENT || outcome == PS_OUTCOME_HIT_NO_LM;

    switch (probe->outcome.next) {
    case PS_PROBE_OUTCOME_RETRY:
        ps_redirect_chain_clear(&probe->redirects);
        continue_after(probe, probe->outcome.delay_ms);
        return;
    case PS_PROBE_OUTCOME_DEFER:
        probe->attempts -= probe->redirects.hops == 0;
        ps_rate_limiter_pause_host(options->limiter, current_url(probe), probe->outcome.delay_ms,
                                   probe->status);
        if (options->end_on_pause)
            finish(probe, NULL);
        else
            request_permit(probe); /* waits there until the pause is over */
        return;
    case PS_PROBE_OUTCOME_FINAL:
        if (recent && options->reader != NULL && probe->kind == PS_PROBE_CONFIRM)
            probe->read = ps_document_read_start(options->reader, probe->url, on_document, probe);
        else
            finish(probe, NULL);
        return;
    }
}

/* When the answer was given, by the site's clock if it sent a Date, else by ours. */
static int64_t answer_time_ms(struct ps_prober *prober, const char *date, int64_t wall_ms)
{
    if (date == NULL || strlen(date) >= sizeof(prober->date))
        return ps_site_now_ms(date, wall_ms);
    if (strcmp(date, prober->date) != 0) {
        (void)snprintf(prober->date, sizeof(prober->date), "%s", date);
        prober->date_ms = ps_site_now_ms(date, NO_DATE_MS);
    }
    return prober->date_ms != NO_DATE_MS ? prober->date_ms : wall_ms;
}

/* Step 3: the answer to a request, or its failure. */
static void on_response(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_probe *probe = cookie;
    struct ps_prober *prober = probe->prober;
    struct ps_err redirect_err;
    bool moved = false;
    int64_t wall_ms = ps_clock_wall_ms();
    struct ps_answer answer = { .err = err,
                                .status = reply->status,
                                .url = probe->url,
                                .effective_url = current_url(probe),
                                .content_type = reply->content_type,
                                .last_modified = reply->last_modified,
                                .retry_after = reply->retry_after,
                                .date = reply->date,
                                .confirm = probe->kind == PS_PROBE_CONFIRM,
                                .body = reply->body,
                                .body_len = reply->body_len };

    probe->call = NULL;
    ps_rate_limiter_release(prober->options.limiter, &probe->permit);
    if (err == NULL && !ps_redirect_chain_follow(&probe->redirects, probe->url, reply->status,
                                                 reply->location, &moved, &redirect_err))
        answer.err = &redirect_err;
    if (moved) {
        request_permit(probe);
        return;
    }
    if (answer.err == NULL && answer.confirm && ps_status_refuses_method(reply->status)) {
        /* The site does not answer GET. Confirm with the method that found the hit. */
        probe->kind = PS_PROBE_HEAD;
        probe->attempts--;
        ps_redirect_chain_clear(&probe->redirects);
        request_permit(probe);
        return;
    }
    probe->status = reply->status;
    probe->latency_ms = reply->latency_ms;
    free(probe->last_modified);
    probe->last_modified = ps_alloc_text(reply->last_modified);
    free(probe->etag);
    probe->etag = ps_alloc_text(reply->etag);
    probe->content_length = reply->status == PARTIAL_CONTENT ? ps_range_total(reply->content_range)
                                                             : reply->content_length;
    probe->answered_ms = answer_time_ms(prober, reply->date, wall_ms);
    probe->outcome = ps_probe_outcome_of(&answer, &prober->options.rules, probe->attempts, wall_ms,
                                         ps_clock_random());
    act_on_outcome(probe);
}

/* Step 2: the permit was granted, send the request. */
static void on_permit(void *cookie)
{
    /* Without Accept-Encoding some sites send gzip, whose first bytes are not those of the file. */
    static const char *const first_bytes[] = { "Range: bytes=0-1023", "Accept-Encoding: identity",
                                               NULL };
    struct ps_probe *probe = cookie;
    bool confirm = probe->kind == PS_PROBE_CONFIRM;
    const struct ps_prober_options *options = &probe->prober->options;
    struct ps_http_request request = { .method = confirm ? PS_HTTP_GET : PS_HTTP_HEAD,
                                       .url = current_url(probe),
                                       .headers = confirm ? first_bytes : NULL,
                                       .timeout_ms = options->timeout_ms,
                                       .max_body = FIRST_BYTES,
                                       .truncate_body = true };
    struct ps_err err;

    probe->call = ps_http_send(options->http, &request, on_response, probe, &err);
    if (probe->call == NULL) {
        ps_rate_limiter_release(options->limiter, &probe->permit);
        fail_later(probe, &err);
        return;
    }
    probe->attempts += probe->redirects.hops == 0;
}

/* Step 1: queue for a permit of the host, which after a redirect is another one. */
static void request_permit(struct ps_probe *probe)
{
    struct ps_err err;

    if (!ps_rate_limiter_acquire(probe->prober->options.limiter, &probe->permit, current_url(probe),
                                 on_permit, probe, &err))
        fail_later(probe, &err);
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

struct ps_probe *ps_probe_start(struct ps_prober *prober, const char *url, enum ps_probe_kind kind,
                                ps_probe_fn fn, void *cookie)
{
    struct ps_probe *probe = ps_alloc_zero(1, sizeof(*probe));

    probe->prober = prober;
    probe->url = ps_alloc_text(url);
    probe->kind = kind;
    probe->content_length = -1;
    probe->fn = fn;
    probe->cookie = cookie;
    request_permit(probe);
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
    ps_timer_destroy(probe->timer);
    free(probe->last_modified);
    free(probe->etag);
    ps_redirect_chain_clear(&probe->redirects);
    free(probe->url);
    free(probe);
}

void ps_probe_give_up(struct ps_probe *probe, enum ps_outcome outcome, const struct ps_err *err)
{
    stop(probe);
    probe->outcome = failed_outcome(outcome, err);
    finish(probe, NULL);
}

bool ps_probe_busy(const struct ps_probe *probe)
{
    return probe->call != NULL || (probe->read != NULL && ps_document_read_busy(probe->read));
}

int64_t ps_probe_pause_ms(const struct ps_probe *probe)
{
    return ps_permit_pause_ms(probe->prober->options.limiter, &probe->permit);
}
