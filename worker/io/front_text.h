/* The first words of a recent hit, from its HTML, else from its PDF: what author matching reads. */
#ifndef PS_WORKER_IO_FRONT_TEXT_H
#define PS_WORKER_IO_FRONT_TEXT_H
#include "shared/io/http_client.h"
#include "worker/io/rate_limiter.h"

struct ps_front;      /* reads for a whole worker */
struct ps_front_read; /* one document */

enum { PS_FRONT_WORDS = 1000 };

struct ps_front_options {
    struct ps_loop *loop;
    struct ps_http *http;
    struct ps_rate_limiter *limiter;
    int64_t timeout_ms;      /* one request */
    int64_t patience_ms;     /* all of one document, pauses included; 0: 60000 */
    const char *pdf_program; /* NULL: pdftotext */
};

/* text borrowed for the call, NULL where none could be had (said in the log). Runs on the loop,
 * never before ps_front_start returned; read is gone after it. */
typedef void (*ps_front_fn)(void *cookie, const char *text);

/* Borrows what options names. */
struct ps_front *ps_front_create(const struct ps_front_options *options) PS_MUST_USE;
void ps_front_destroy(struct ps_front *front); /* with no read under way */

/* Copies url, that of the hit. */
struct ps_front_read *ps_front_start(struct ps_front *front, const char *url, ps_front_fn fn,
                                     void *cookie) PS_MUST_USE;
void ps_front_cancel(struct ps_front_read *read); /* fn will not run; NULL is fine */
/* A request or a child is under way: worth waiting for on a clean stop. */
bool ps_front_busy(const struct ps_front_read *read);

#endif
