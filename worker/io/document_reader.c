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
    PDFS_MAX = 2,      /* fetched or read at once, in one worker: each is memory, and a child */
    PDF_AGAIN_MS = 50, /* until it is looked for room again */
    PATIENCE_MS = 60000,
};

struct ps_document_reader {
    struct ps_document_reader_options options;
    int pdfs;
    bool no_pdftotext; /* said once */
};

struct ps_document_read {
    struct ps_document_reader *reader;
    char *html_url;                 /* the hit itself, or the same name as .html */
    char *pdf_url;                  /* NULL where the hit is no PDF */
    struct ps_redirect_chain trail; /* of this attempt */
    bool at_pdf;
    bool counted; /* among the reader's PDFs */
    int attempt;
    int64_t give_up_ms;
    struct ps_permit permit;
    struct ps_http_call *call;
    struct ps_timer *timer; /* the next step, always from the loop's top */
    void (*step)(struct ps_document_read *read);
    struct ps_document_parse *parse;
    struct ps_document document; /* what is known so far */
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

static const char *url_now(const struct ps_document_read *read)
{
    return read->at_pdf ? read->pdf_url : read->html_url;
}

static const char *url_asked(const struct ps_document_read *read)
{
    return ps_redirect_chain_url(&read->trail, url_now(read));
}

static void on_step(void *cookie)
{
    struct ps_document_read *read = cookie;

    read->step(read);
}

static void step_later(struct ps_document_read *read, void (*step)(struct ps_document_read *),
                       int64_t delay_ms)
{
    read->step = step;
    ps_timer_set(read->timer, delay_ms);
}

static void read_free(struct ps_document_read *read)
{
    read->reader->pdfs -= read->counted;
    ps_timer_destroy(read->timer);
    ps_redirect_chain_clear(&read->trail);
    free(read->html_url);
    free(read->pdf_url);
    ps_document_clear(&read->document);
    free(read);
}

static void finish(struct ps_document_read *read)
{
    bool found = read->document.words != NULL || read->document.title != NULL;

    read->fn(read->cookie, found ? &read->document : NULL, NULL);
    read_free(read);
}

static void ask(struct ps_document_read *read);

/* Waiting for room costs no patience. */
static void ask_for_pdf(struct ps_document_read *read)
{
    struct ps_document_reader *reader = read->reader;

    if (reader->pdfs == PDFS_MAX) {
        step_later(read, ask_for_pdf, PDF_AGAIN_MS);
        return;
    }
    reader->pdfs++;
    read->counted = true;
    read->give_up_ms = ps_loop_now(reader->options.loop) + reader->options.patience_ms;
    ask(read);
}

/* The document at hand gave nothing: the PDF's turn, or the end. err NULL: it is not there. */
static void next_document(struct ps_document_read *read, const struct ps_err *err)
{
    if (err != NULL)
        PS_LOG(FRONT_TEXT_ERROR, F_TEXT("url", url_now(read)), F_ERR(err));
    if (!read->at_pdf && read->pdf_url != NULL && !read->reader->no_pdftotext) {
        read->at_pdf = true;
        read->attempt = 1;
        ps_redirect_chain_clear(&read->trail);
        step_later(read, ask_for_pdf, 0);
    } else {
        step_later(read, finish, 0);
    }
}

static void take(struct ps_document *to, const struct ps_document *from)
{
    ps_document_clear(to);
    to->title = ps_alloc_text(from->title);
    to->words = ps_alloc_text(from->words);
    to->authors = ps_alloc_zero(from->author_count + 1, sizeof(*to->authors));
    for (size_t i = 0; i < from->author_count; i++)
        to->authors[to->author_count++] = ps_alloc_text(from->authors[i]);
}

static void on_document(void *cookie, const struct ps_document *document, const struct ps_err *err)
{
    struct ps_document_read *read = cookie;
    bool missing = err != NULL && err->code == PS_DOCUMENT_ERR_NO_TOOL;
    bool said = missing && read->reader->no_pdftotext;

    read->parse = NULL;
    read->reader->no_pdftotext = read->reader->no_pdftotext || missing;
    if (document != NULL && (document->words != NULL || read->document.title == NULL))
        take(&read->document, document);
    if (read->document.words != NULL)
        step_later(read, finish, 0);
    else
        next_document(read, said ? NULL : err);
}

static void use_body(struct ps_document_read *read, struct ps_http_call *call,
                     const struct ps_http_reply *reply)
{
    struct ps_document_bytes bytes = { .kind = read->at_pdf ? PS_DOCUMENT_PDF : PS_DOCUMENT_HTML,
                                       .len = reply->body_len };
    struct ps_err err;
    char *charset;

    if (read->at_pdf && !ps_body_fits(reply->body, reply->body_len, ps_str_of(".pdf"))) {
        (void)ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "the body is no PDF");
        next_document(read, &err);
        return;
    }
    charset = ps_html_charset(reply->content_type);
    bytes.charset = charset;
    bytes.data = ps_http_take_body(call);
    read->parse = ps_document_parse_start(read->reader->options.parser, &bytes, on_document, read);
    free(charset);
}

static void settle(struct ps_document_read *read, struct ps_http_call *call,
                   const struct ps_http_reply *reply, const struct ps_err *err)
{
    static const struct ps_probe_outcome_rules rules = { INT64_MAX / 4, 2, 500, 5000 };
    struct ps_rate_limiter *limiter = read->reader->options.limiter;
    struct ps_answer answer = { .err = err,
                                .status = reply->status,
                                .url = url_now(read),
                                .effective_url = url_asked(read),
                                .content_type = reply->content_type,
                                .retry_after = reply->retry_after,
                                .date = reply->date };
    struct ps_probe_outcome outcome =
        ps_probe_outcome_of(&answer, &rules, read->attempt, ps_clock_wall_ms(), ps_clock_random());
    bool in_time = ps_loop_now(read->reader->options.loop) + outcome.delay_ms < read->give_up_ms;

    if (outcome.next == PS_PROBE_OUTCOME_DEFER)
        ps_rate_limiter_pause_host(limiter, url_asked(read), outcome.delay_ms, answer.status);
    else if (outcome.next == PS_PROBE_OUTCOME_RETRY)
        ps_redirect_chain_clear(&read->trail);
    if (ps_outcome_is_hit(outcome.outcome)) {
        use_body(read, call, reply);
    } else if (outcome.next != PS_PROBE_OUTCOME_FINAL && in_time) {
        read->attempt += outcome.next == PS_PROBE_OUTCOME_RETRY;
        step_later(read, ask, outcome.next == PS_PROBE_OUTCOME_RETRY ? outcome.delay_ms : 0);
    } else {
        next_document(read, outcome.failed ? &outcome.err : NULL);
    }
}

static void on_get(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_document_read *read = cookie;
    struct ps_http_call *call = read->call;
    struct ps_err astray;
    bool moved = false;

    read->call = NULL;
    ps_rate_limiter_release(read->reader->options.limiter, &read->permit);
    if (err == NULL && !ps_redirect_chain_follow(&read->trail, url_now(read), reply->status,
                                                 reply->location, &moved, &astray))
        err = &astray;
    if (moved)
        step_later(read, ask, 0);
    else
        settle(read, call, reply, err);
}

static void on_turn(void *cookie)
{
    struct ps_document_read *read = cookie;
    struct ps_document_reader *reader = read->reader;
    struct ps_http_request request = { .method = PS_HTTP_GET,
                                       .url = url_asked(read),
                                       .timeout_ms = reader->options.timeout_ms,
                                       .max_body = read->at_pdf ? PS_DOCUMENT_PDF_MAX
                                                                : PS_DOCUMENT_HTML_MAX,
                                       .truncate_body = !read->at_pdf,
                                       .accept_encoding = true };
    struct ps_err err;

    ps_timer_cancel(read->timer);
    read->call = ps_http_send(reader->options.http, &request, on_get, read, &err);
    if (read->call == NULL) {
        ps_rate_limiter_release(reader->options.limiter, &read->permit);
        next_document(read, &err);
    }
}

static void give_up(struct ps_document_read *read)
{
    struct ps_err err;

    ps_rate_limiter_release(read->reader->options.limiter, &read->permit);
    ps_fail(&err, PS_FAILURE_TIMEOUT, 0, "the host was not free to be asked in time");
    PS_LOG(FRONT_TEXT_ERROR, F_TEXT("url", url_now(read)), F_ERR(&err));
    finish(read); /* destroys read */
}

static void ask(struct ps_document_read *read)
{
    struct ps_document_reader *reader = read->reader;
    struct ps_err err;

    if (!ps_rate_limiter_acquire(reader->options.limiter, &read->permit, url_asked(read), on_turn,
                                 read, &err)) {
        next_document(read, &err);
        return;
    }
    step_later(read, give_up, read->give_up_ms - ps_loop_now(reader->options.loop));
}

/* The same document under another extension. */
static char *sibling(const char *url, struct ps_str ext, const char *other)
{
    return ps_alloc_format("%.*s%s", (int)(ext.data - url), url, other);
}

struct ps_document_read *ps_document_read_start(struct ps_document_reader *reader, const char *url,
                                                ps_document_fn fn, void *cookie)
{
    struct ps_document_read *read = ps_alloc_zero(1, sizeof(*read));
    struct ps_str ext = ps_url_ext(url);

    read->reader = reader;
    read->fn = fn;
    read->cookie = cookie;
    read->attempt = 1;
    read->give_up_ms = ps_loop_now(reader->options.loop) + reader->options.patience_ms;
    read->timer = ps_timer_create(reader->options.loop, on_step, read);
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
