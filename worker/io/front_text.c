#include "worker/io/front_text.h"

#include "shared/core/alloc.h"
#include "shared/core/html.h"
#include "shared/core/result.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "worker/core/probe_outcome.h"
#include "worker/core/redirect.h"
#include "worker/core/text_words.h"
#include "worker/io/pdf_words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    HTML_MAX = 2 * 1024 * 1024, /* more is cut: the first words are at the top */
    PDF_MAX = 32 * 1024 * 1024, /* more is no paper */
    PDFS_MAX = 2,      /* fetched or read at once, in one worker: each is memory, and a child */
    PDF_AGAIN_MS = 50, /* until it is looked for room again */
    PATIENCE_MS = 60000,
};

struct ps_front {
    struct ps_front_options options;
    int pdfs;
    bool no_pdftotext; /* said once */
};

struct ps_front_read {
    struct ps_front *front;
    char *html_url;        /* the hit itself, or the same name as .html */
    char *pdf_url;         /* NULL where the hit is no PDF */
    struct ps_trail trail; /* of this attempt */
    bool at_pdf;
    bool counted; /* among front's pdfs */
    int attempt;
    int64_t give_up_ms;
    struct ps_permit permit;
    struct ps_http_call *call;
    struct ps_timer *timer; /* the next step, always from the loop's top */
    void (*step)(struct ps_front_read *read);
    struct ps_pdf *pdf;
    char *text;
    ps_front_fn fn;
    void *cookie;
};

struct ps_front *ps_front_create(const struct ps_front_options *options)
{
    struct ps_front *front = ps_alloc_zero(1, sizeof(*front));

    front->options = *options;
    if (front->options.patience_ms == 0)
        front->options.patience_ms = PATIENCE_MS;
    return front;
}

void ps_front_destroy(struct ps_front *front)
{
    free(front);
}

static const char *url_now(const struct ps_front_read *read)
{
    return read->at_pdf ? read->pdf_url : read->html_url;
}

static const char *url_asked(const struct ps_front_read *read)
{
    return ps_trail_url(&read->trail, url_now(read));
}

static void on_step(void *cookie)
{
    struct ps_front_read *read = cookie;

    read->step(read);
}

static void step_later(struct ps_front_read *read, void (*step)(struct ps_front_read *),
                       int64_t delay_ms)
{
    read->step = step;
    ps_timer_set(read->timer, delay_ms);
}

static void read_free(struct ps_front_read *read)
{
    read->front->pdfs -= read->counted;
    ps_timer_destroy(read->timer);
    ps_trail_clear(&read->trail);
    free(read->html_url);
    free(read->pdf_url);
    free(read->text);
    free(read);
}

static void finish(struct ps_front_read *read)
{
    read->fn(read->cookie, read->text);
    read_free(read);
}

static void ask(struct ps_front_read *read);

/* Waiting for room costs no patience. */
static void ask_for_pdf(struct ps_front_read *read)
{
    struct ps_front *front = read->front;

    if (front->pdfs == PDFS_MAX) {
        step_later(read, ask_for_pdf, PDF_AGAIN_MS);
        return;
    }
    front->pdfs++;
    read->counted = true;
    read->give_up_ms = ps_loop_now(front->options.loop) + front->options.patience_ms;
    ask(read);
}

/* The document at hand gave nothing: the PDF's turn, or the end. err NULL: it is not there. */
static void next_document(struct ps_front_read *read, const struct ps_err *err)
{
    if (err != NULL)
        PS_LOG(FRONT_TEXT_ERROR, F_TEXT("url", url_now(read)), F_ERR(err));
    if (!read->at_pdf && read->pdf_url != NULL && !read->front->no_pdftotext) {
        read->at_pdf = true;
        read->attempt = 1;
        ps_trail_clear(&read->trail);
        step_later(read, ask_for_pdf, 0);
    } else {
        step_later(read, finish, 0);
    }
}

static void on_pdf(void *cookie, const char *text, const struct ps_err *err)
{
    struct ps_front_read *read = cookie;
    bool missing = err != NULL && err->code == PS_PDF_ERR_MISSING;

    read->pdf = NULL;
    read->text = ps_alloc_text(text);
    next_document(read, missing && read->front->no_pdftotext ? NULL : err);
    read->front->no_pdftotext = read->front->no_pdftotext || missing;
}

static void convert(struct ps_front_read *read, const char *pdf, size_t len)
{
    struct ps_front *front = read->front;
    struct ps_pdf_options options = { .loop = front->options.loop,
                                      .program = front->options.pdf_program,
                                      .max_words = PS_FRONT_WORDS,
                                      .max_bytes = PS_RESULT_FRONT_MAX };
    struct ps_err err;

    read->pdf = ps_pdf_start(&options, pdf, len, on_pdf, read, &err);
    if (read->pdf == NULL)
        next_document(read, &err);
}

static void use_body(struct ps_front_read *read, const struct ps_http_reply *reply)
{
    struct ps_err err;
    char *charset;

    if (!read->at_pdf) {
        charset = ps_html_charset(reply->content_type);
        read->text = ps_text_words_of_html(reply->body, reply->body_len, charset, PS_FRONT_WORDS,
                                           PS_RESULT_FRONT_MAX);
        free(charset);
        if (read->text != NULL)
            step_later(read, finish, 0);
        else
            next_document(read, NULL);
    } else if (!ps_body_fits(reply->body, reply->body_len, ps_str_of(".pdf"))) {
        ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "the body is no PDF");
        next_document(read, &err);
    } else {
        convert(read, reply->body, reply->body_len);
    }
}

static void settle(struct ps_front_read *read, const struct ps_http_reply *reply,
                   const struct ps_err *err)
{
    static const struct ps_probe_outcome_rules rules = { INT64_MAX / 4, 2, 500, 5000 };
    struct ps_rate_limiter *limiter = read->front->options.limiter;
    struct ps_answer answer = { .err = err,
                                .status = reply->status,
                                .url = url_now(read),
                                .effective_url = url_asked(read),
                                .content_type = reply->content_type,
                                .retry_after = reply->retry_after,
                                .date = reply->date };
    struct ps_probe_outcome outcome =
        ps_probe_outcome_of(&answer, &rules, read->attempt, ps_clock_wall_ms(), ps_clock_random());
    bool in_time = ps_loop_now(read->front->options.loop) + outcome.delay_ms < read->give_up_ms;

    if (outcome.next == PS_PROBE_OUTCOME_DEFER)
        ps_rate_limiter_pause_host(limiter, url_asked(read), outcome.delay_ms, answer.status);
    else if (outcome.next == PS_PROBE_OUTCOME_RETRY)
        ps_trail_clear(&read->trail);
    if (ps_outcome_is_hit(outcome.outcome)) {
        use_body(read, reply);
    } else if (outcome.next != PS_PROBE_OUTCOME_SETTLED && in_time) {
        read->attempt += outcome.next == PS_PROBE_OUTCOME_RETRY;
        step_later(read, ask, outcome.next == PS_PROBE_OUTCOME_RETRY ? outcome.delay_ms : 0);
    } else {
        next_document(read, outcome.failed ? &outcome.err : NULL);
    }
}

static void on_get(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_front_read *read = cookie;
    struct ps_err astray;
    bool moved = false;

    read->call = NULL;
    ps_rate_limiter_release(read->front->options.limiter, &read->permit);
    if (err == NULL && !ps_trail_follow(&read->trail, url_now(read), reply->status, reply->location,
                                        &moved, &astray))
        err = &astray;
    if (moved)
        step_later(read, ask, 0);
    else
        settle(read, reply, err);
}

static void on_turn(void *cookie)
{
    struct ps_front_read *read = cookie;
    struct ps_front *front = read->front;
    struct ps_http_request request = { .method = PS_HTTP_GET,
                                       .url = url_asked(read),
                                       .timeout_ms = front->options.timeout_ms,
                                       .max_body = read->at_pdf ? PDF_MAX : HTML_MAX,
                                       .truncate_body = !read->at_pdf,
                                       .accept_encoding = true };
    struct ps_err err;

    ps_timer_cancel(read->timer);
    read->call = ps_http_send(front->options.http, &request, on_get, read, &err);
    if (read->call == NULL) {
        ps_rate_limiter_release(front->options.limiter, &read->permit);
        next_document(read, &err);
    }
}

static void give_up(struct ps_front_read *read)
{
    struct ps_err err;

    ps_rate_limiter_release(read->front->options.limiter, &read->permit);
    ps_fail(&err, PS_FAILURE_TIMEOUT, 0, "the host was not free to be asked in time");
    PS_LOG(FRONT_TEXT_ERROR, F_TEXT("url", url_now(read)), F_ERR(&err));
    finish(read); /* destroys read */
}

static void ask(struct ps_front_read *read)
{
    struct ps_front *front = read->front;
    struct ps_err err;

    if (!ps_rate_limiter_acquire(front->options.limiter, &read->permit, url_asked(read), on_turn,
                                 read, &err)) {
        next_document(read, &err);
        return;
    }
    step_later(read, give_up, read->give_up_ms - ps_loop_now(front->options.loop));
}

/* The same document under another extension. */
static char *sibling(const char *url, struct ps_str ext, const char *other)
{
    return ps_alloc_format("%.*s%s", (int)(ext.data - url), url, other);
}

struct ps_front_read *ps_front_start(struct ps_front *front, const char *url, ps_front_fn fn,
                                     void *cookie)
{
    struct ps_front_read *read = ps_alloc_zero(1, sizeof(*read));
    struct ps_str ext = ps_url_ext(url);

    read->front = front;
    read->fn = fn;
    read->cookie = cookie;
    read->attempt = 1;
    read->give_up_ms = ps_loop_now(front->options.loop) + front->options.patience_ms;
    read->timer = ps_timer_create(front->options.loop, on_step, read);
    if (ps_str_is_fold(ext, ".pdf")) {
        read->html_url = sibling(url, ext, ".html");
        read->pdf_url = ps_alloc_text(url);
    } else {
        read->html_url = ps_alloc_text(url);
    }
    /* what is neither HTML nor PDF has no words that we can read */
    if (read->pdf_url != NULL || ps_str_is_fold(ext, ".html") || ps_str_is_fold(ext, ".htm"))
        step_later(read, ask, 0);
    else
        step_later(read, finish, 0);
    return read;
}

void ps_front_cancel(struct ps_front_read *read)
{
    if (read == NULL)
        return;
    ps_http_cancel(read->call);
    ps_rate_limiter_release(read->front->options.limiter, &read->permit);
    ps_pdf_cancel(read->pdf);
    read_free(read);
}

bool ps_front_busy(const struct ps_front_read *read)
{
    return read->call != NULL || read->pdf != NULL || read->text != NULL;
}
