/* Reads the document of a recent hit: its title, its authors and its first words.
 *
 * Fetches the HTML of that name first, and the PDF where there is no HTML or no text in it, within
 * the rate limits of the host; the bytes go to a child process (document_parser). A document that
 * cannot be read costs its texts and never the hit. */
#ifndef PS_WORKER_IO_DOCUMENT_READER_H
#define PS_WORKER_IO_DOCUMENT_READER_H
#include "shared/io/http_client.h"
#include "worker/io/document_parser.h"
#include "worker/io/rate_limiter.h"

struct ps_document_reader; /* reads for a whole worker */
struct ps_document_read;   /* one document */

struct ps_document_reader_options {
    struct ps_loop *loop;
    struct ps_http *http;
    struct ps_rate_limiter *limiter;
    struct ps_document_parser *parser;
    int64_t timeout_ms;  /* one request */
    int64_t patience_ms; /* all of one document, pauses included; 0: 60000 */
};

/* Borrows what options names. */
struct ps_document_reader *
ps_document_reader_create(const struct ps_document_reader_options *options) PS_MUST_USE;
void ps_document_reader_destroy(struct ps_document_reader *reader); /* with no read under way */

/**
 * ps_document_read_start(reader, url, fn, cookie): Read the document of the hit ${url}, which is
 * copied. ${fn} gets the document, or NULL, without err, where none could be read: that is logged
 * already. The read is gone after it.
 */
struct ps_document_read *ps_document_read_start(struct ps_document_reader *reader, const char *url,
                                                ps_document_fn fn, void *cookie) PS_MUST_USE;
void ps_document_read_cancel(struct ps_document_read *read); /* fn will not run; NULL is fine */
/* A request or a child is under way: worth waiting for on a clean stop. */
bool ps_document_read_busy(const struct ps_document_read *read);

#endif
