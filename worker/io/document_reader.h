/* Reads the document of a recent hit: its title, its authors and its first words.
 *
 * Place in the data flow: a prober that has confirmed a recent hit starts a read; the three texts
 * become part of the probe's result. One read takes these steps:
 *
 *     permit -> GET the HTML -> parse in a child process -> done if it has words
 *            -> GET the PDF  -> parse in a child process -> done
 *
 * The HTML of the same name comes first because it costs less and says more. Each request respects
 * the rate limits of its host.
 *
 * Guarantee: a document that cannot be read costs its texts, never the hit. All time and memory are
 * bounded: patience_ms for one document, two PDFs at once for the whole worker. */
#ifndef PS_WORKER_IO_DOCUMENT_READER_H
#define PS_WORKER_IO_DOCUMENT_READER_H
#include "shared/io/http_client.h"
#include "worker/io/document_parser.h"
#include "worker/io/rate_limiter.h"

struct ps_document_reader; /* one for the whole worker */
struct ps_document_read;   /* one document */

struct ps_document_reader_options {
    struct ps_loop *loop;
    struct ps_http *http;
    struct ps_rate_limiter *limiter;
    struct ps_document_parser *parser;
    int64_t timeout_ms;  /* of one request */
    int64_t patience_ms; /* for one document, pauses of its host included; 0: 60000 */
};

/* Borrows what options names. */
struct ps_document_reader *
ps_document_reader_create(const struct ps_document_reader_options *options) PS_MUST_USE;
/* Only when no read is under way. */
void ps_document_reader_destroy(struct ps_document_reader *reader);

/**
 * ps_document_read_start(reader, url, fn, cookie): Read the document of the hit ${url}, which is
 * copied. Call ${fn} once, from the loop, with the document, borrowed, or with NULL if nothing was
 * found; failures are logged here, so err is always NULL. The read is freed after ${fn} returns.
 */
struct ps_document_read *ps_document_read_start(struct ps_document_reader *reader, const char *url,
                                                ps_document_fn fn, void *cookie) PS_MUST_USE;
/* Frees the read; fn is never called. NULL is allowed. */
void ps_document_read_cancel(struct ps_document_read *read);
/* Whether a request or a child process is under way, which a clean stop should wait for. */
bool ps_document_read_busy(const struct ps_document_read *read);

#endif
