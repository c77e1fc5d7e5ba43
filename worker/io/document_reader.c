#include "worker/io/document_reader.h"

#include "shared/core/alloc.h"
#include "shared/core/html.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"
#include "worker/core/probe_outcome.h"
#include "worker/core/redirect.h"
#include "worker/io/document_child.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    PDFS_MAX = 2,      /* PDFs fetched or parsed at once; each costs up to 32 MiB and a child */
    PDF_RETRY_MS = 50, /* until a PDF that found no room tries again */
    PATIENCE_MS = 60000,
};

struct ps_document_reader {
    struct ps_document_reader_options options;
    int pdfs;
    bool no_pdftotext; /* reported once; PDFs are not fetched any more */
};

struct ps_document_read {
    struct ps_document_reader *reader;
    char *html_url;                     /* the hit itself, or the same name as .html */
    char *pdf_url;                      /* NULL unless the hit is a PDF */
    struct ps_redirect_chain redirects; /* of this attempt */
    bool at_pdf;                        /* the PDF is being read, the HTML has been tried */
    bool counted;                       /* among the reader's pdfs */
    int attempt;
    int64_t give_up_ms;
    struct ps_permit permit;
    struct ps_http_call *call;
    struct ps_timer *timer; /* runs step, so that each step starts from the loop */
    void (*step)(struct ps_document_read *read);
    struct ps_document_parse *parse;
    struct ps_document document; /* what was found so far */
    ps_document_fn fn;
    void *cookie;
};

struct ps_document_reader *
ps_document_reader_create(const struct ps_document_reader_options *options)
{
    struct ps_document_reader *reader = ps_alloc_zero(1, sizeof(*reader));

    reader->options = *options;
    if (reader->options.patience_ms == 0)
        reader->options.patience_ms = PATIENCE_MS;
    return reader;
}

void ps_document_reader_destroy(struct ps_document_reader *reader)
{
    free(reader);
}

static const char *document_url(const struct ps_document_read *read)
{
    return read->at_pdf ? read->pdf_url : read->html_url;
}

static const char *request_url(const struct ps_document_read *read)
{
    return ps_redirect_chain_url(&read->redirects, document_url(read));
}

static void on_step(void *cookie)
{
    struct ps_document_read *read = cookie;

    read->step(read);
}

static void step_after(struct ps_document_read *read, void (*step)(struct ps_document_read *),
                       int64_t delay_ms)
{
    read->step = step;
    ps_timer_set(read->timer, delay_ms);
}

static void read_free(struct ps_document_read *read)
{
    read->reader->pdfs -= read->counted;
    ps_timer_destroy(read->timer);
    ps_redirect_chain_clear(&read->redirects);
    free(read->html_url);
    free(read->pdf_url);
    ps_document_clear(&read->document);
    free(read);
}

/* Last step. */
static void finish(struct ps_document_read *read)
{
    bool found = read->document.words != NULL || read->document.title != NULL;

    read->fn(read->cookie, found ? &read->document : NULL, NULL);
    read_free(read);
}

static void request_permit(struct ps_document_read *read);

/* First step of a PDF: wait for room. That time does not count against the patience. */
static void start_pdf(struct ps_document_read *read)
{
    struct ps_document_reader *reader = read->reader;

    if (reader->pdfs == PDFS_MAX) {
        step_after(read, start_pdf, PDF_RETRY_MS);
        return;
    }
    reader->pdfs++;
    read->counted = true;
    read->give_up_ms = ps_loop_now(reader->options.loop) + reader->options.patience_ms;
    request_permit(read);
}

/* This document yielded no words: go on with the PDF, or end. err is NULL when the document does
 * not exist, which is not worth a log line. */
static void try_next_document(struct ps_document_read *read, const struct ps_err *err)
{
    if (err != NULL)
        PS_LOG(FRONT_TEXT_ERROR, F_TEXT("url", document_url(read)), F_ERR(err));
    if (!read->at_pdf && read->pdf_url != NULL && !read->reader->no_pdftotext) {
        read->at_pdf = true;
        read->attempt = 1;
        ps_redirect_chain_clear(&read->redirects);
        step_after(read, start_pdf, 0);
    } else {
        step_after(read, finish, 0);
    }
}

static void copy_document(struct ps_document *to, const struct ps_document *from)
{
    ps_document_clear(to);
    to->title = ps_alloc_text(from->title);
    to->words = ps_alloc_text(from->words);
    to->authors = ps_alloc_zero(from->author_count + 1, sizeof(*to->authors));
    for (size_t i = 0; i < from->author_count; i++)
        to->authors[to->author_count++] = ps_alloc_text(from->authors[i]);
}

/* The child's answer. A document without words still counts unless an earlier one had a title. */
static void on_parsed(void *cookie, const struct ps_document *document, const struct ps_err *err)
{
    struct ps_document_read *read = cookie;
    struct ps_document_reader *reader = read->reader;
    bool no_tool = err != NULL && err->code == PS_DOCUMENT_ERR_NO_TOOL;
    bool reported = no_tool && reader->no_pdftotext;

    read->parse = NULL;
    reader->no_pdftotext = reader->no_pdftotext || no_tool;
    if (document != NULL && (document->words != NULL || read->document.title == NULL))
        copy_document(&read->document, document);
    if (read->document.words != NULL)
        step_after(read, finish, 0);
    else
        try_next_document(read, reported ? NULL : err);
}

static void parse_body(struct ps_document_read *read, struct ps_http_call *call,
                       const struct ps_http_reply *reply)
{
    struct ps_document_bytes bytes = { .kind = read->at_pdf ? PS_DOCUMENT_PDF : PS_DOCUMENT_HTML,
                                       .len = reply->body_len };
    struct ps_err err;
    char *charset;

    if (read->at_pdf && !ps_body_fits(reply->body, reply->body_len, ps_str_of(".pdf"))) {
        (void)ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "the response body is not a PDF");
        try_next_document(read, &err);
        return;
    }
    charset = ps_html_charset(reply->content_type);
    bytes.charset = charset;
    bytes.data = ps_http_take_body(call);
    read->parse = ps_document_parse_start(read->reader->options.parser, &bytes, on_parsed, read);
    free(charset);
}

/* The answer to a GET, by the same rules as a probe's. Any document age will do here. */
static void on_response(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    static const struct ps_probe_outcome_rules rules = { .modified_within_ms = INT64_MAX / 4,
                                                         .max_attempts = 2,
                                                         .backoff_ms = 500,
                                                         .backoff_cap_ms = 5000 };
    struct ps_document_read *read = cookie;
    const struct ps_document_reader_options *options = &read->reader->options;
    struct ps_http_call *call = read->call;
    struct ps_probe_outcome outcome;
    struct ps_answer answer;
    struct ps_err redirect_err;
    bool moved = false, in_time;

    read->call = NULL;
    ps_rate_limiter_release(options->limiter, &read->permit);
    if (err == NULL &&
        !ps_redirect_chain_follow(&read->redirects, document_url(read), reply->status,
                                  reply->location, &moved, &redirect_err))
        err = &redirect_err;
    if (moved) {
        step_after(read, request_permit, 0);
        return;
    }
    answer = (struct ps_answer){ .err = err,
                                 .status = reply->status,
                                 .url = document_url(read),
                                 .effective_url = request_url(read),
                                 .content_type = reply->content_type,
                                 .retry_after = reply->retry_after,
                                 .date = reply->date };
    outcome =
        ps_probe_outcome_of(&answer, &rules, read->attempt, ps_clock_wall_ms(), ps_clock_random());
    in_time = ps_loop_now(options->loop) + outcome.delay_ms < read->give_up_ms;
    if (outcome.next == PS_PROBE_OUTCOME_DEFER)
        ps_rate_limiter_pause_host(options->limiter, request_url(read), outcome.delay_ms,
                                   answer.status);
    else if (outcome.next == PS_PROBE_OUTCOME_RETRY)
        ps_redirect_chain_clear(&read->redirects);
    if (ps_outcome_is_hit(outcome.outcome)) {
        parse_body(read, call, reply);
    } else if (outcome.next == PS_PROBE_OUTCOME_RETRY && in_time) {
        read->attempt++;
        step_after(read, request_permit, outcome.delay_ms);
    } else if (outcome.next == PS_PROBE_OUTCOME_DEFER && in_time) {
        step_after(read, request_permit, 0); /* waits there until the pause is over */
    } else {
        try_next_document(read, outcome.failed ? &outcome.err : NULL);
    }
}

static void on_permit(void *cookie)
{
    struct ps_document_read *read = cookie;
    struct ps_document_reader *reader = read->reader;
    struct ps_http_request request = { .method = PS_HTTP_GET,
                                       .url = request_url(read),
                                       .timeout_ms = reader->options.timeout_ms,
                                       .max_body = read->at_pdf ? PS_DOCUMENT_PDF_MAX
                                                                : PS_DOCUMENT_HTML_MAX,
                                       .truncate_body = !read->at_pdf,
                                       .accept_encoding = true };
    struct ps_err err;

    ps_timer_cancel(read->timer);
    read->call = ps_http_send(reader->options.http, &request, on_response, read, &err);
    if (read->call == NULL) {
        ps_rate_limiter_release(reader->options.limiter, &read->permit);
        try_next_document(read, &err);
    }
}

static void give_up(struct ps_document_read *read)
{
    struct ps_err err;

    ps_rate_limiter_release(read->reader->options.limiter, &read->permit);
    ps_fail(&err, PS_FAILURE_TIMEOUT, 0, "the rate limit of the host left no time for it");
    PS_LOG(FRONT_TEXT_ERROR, F_TEXT("url", document_url(read)), F_ERR(&err));
    finish(read);
}

/* Queues for a permit; the timer runs give_up when none is granted in time. */
static void request_permit(struct ps_document_read *read)
{
    struct ps_document_reader *reader = read->reader;
    struct ps_err err;

    if (!ps_rate_limiter_acquire(reader->options.limiter, &read->permit, request_url(read),
                                 on_permit, read, &err)) {
        try_next_document(read, &err);
        return;
    }
    step_after(read, give_up, read->give_up_ms - ps_loop_now(reader->options.loop));
}

struct ps_document_read *ps_document_read_start(struct ps_document_reader *reader, const char *url,
                                                ps_document_fn fn, void *cookie)
{
    struct ps_document_read *read = ps_alloc_zero(1, sizeof(*read));
    struct ps_str ext = ps_url_ext(url);
    bool pdf = ps_str_is_fold(ext, ".pdf");
    bool html = ps_str_is_fold(ext, ".html") || ps_str_is_fold(ext, ".htm");

    read->reader = reader;
    read->fn = fn;
    read->cookie = cookie;
    read->attempt = 1;
    read->give_up_ms = ps_loop_now(reader->options.loop) + reader->options.patience_ms;
    read->timer = ps_timer_create(reader->options.loop, on_step, read);
    if (pdf) {
        read->html_url = ps_alloc_format("%.*s.html", (int)(ext.data - url), url);
        read->pdf_url = ps_alloc_text(url);
    } else {
        read->html_url = ps_alloc_text(url);
    }
    /* A file of any other kind has no words that the parsers could find. */
    step_after(read, pdf || html ? request_permit : finish, 0);
    return read;
}

void ps_document_read_cancel(struct ps_document_read *read)
{
    if (read == NULL)
        return;
    ps_http_cancel(read->call);
    ps_rate_limiter_release(read->reader->options.limiter, &read->permit);
    ps_document_parse_cancel(read->parse);
    read_free(read);
}

bool ps_document_read_busy(const struct ps_document_read *read)
{
    return read->call != NULL || read->parse != NULL || read->document.words != NULL;
}
