/* Answers one probe: does this URL exist?
 *
 * Place in the data flow: held_tasks (or the command `probe`) starts a probe; it ends with one
 * report. On the way it may take several requests:
 *
 *     permit -> request -> redirect? -> permit of the new host -> request ...
 *                       -> transport fault or 5xx? -> backoff -> next attempt
 *                       -> 429? -> pause the host, wait for its end -> same attempt again
 *                       -> confirmed recent hit? -> read the document
 *                       -> report
 *
 * What an answer means is decided in core/probe_outcome; this file only acts on it. */
#ifndef PS_WORKER_IO_PROBER_H
#define PS_WORKER_IO_PROBER_H
#include "shared/io/http_client.h"
#include "worker/core/probe_outcome.h"
#include "worker/io/document_reader.h"
#include "worker/io/rate_limiter.h"

struct ps_prober;
struct ps_probe;

struct ps_prober_options {
    struct ps_loop *loop;
    struct ps_http *http;
    struct ps_rate_limiter *limiter;
    struct ps_document_reader *reader; /* NULL: documents are not read */
    struct ps_probe_outcome_rules rules;
    int64_t timeout_ms; /* of one request */
    bool end_on_pause;  /* true: a pause ends the probe as deferred; false: the probe waits */
};

/* All texts are borrowed for the call. */
struct ps_probe_report {
    const char *url;
    enum ps_outcome outcome;
    int status;
    const char *last_modified; /* NULL when absent */
    const char *etag;          /* NULL when absent */
    int64_t content_length;    /* -1 when unknown */
    int64_t answered_ms;       /* time of the last answer: its Date, else our clock; 0: no answer */
    const struct ps_err *err;  /* of an error or deferral, or why it is suspect; else NULL */
    int attempts;              /* an attempt that was answered by "slow down" does not count */
    int64_t latency_ms;        /* of the last request */
    const struct ps_document *document; /* NULL unless one was read */
};

/* Runs on the loop, once, never before ps_probe_start returned. The probe is freed after it. */
typedef void (*ps_probe_fn)(void *cookie, const struct ps_probe_report *report);

/* Borrows what options names. */
struct ps_prober *ps_prober_create(const struct ps_prober_options *options) PS_MUST_USE;
/* Only when no probe is under way. */
void ps_prober_destroy(struct ps_prober *prober);

enum ps_probe_kind {
    PS_PROBE_HEAD,   /* HEAD: does the file exist? */
    PS_PROBE_CONFIRM /* GET of the first kilobyte: is it such a file? Then its document is read. */
};

/* Copies url. */
struct ps_probe *ps_probe_start(struct ps_prober *prober, const char *url, enum ps_probe_kind kind,
                                ps_probe_fn fn, void *cookie) PS_MUST_USE;
/* Frees the probe; fn is never called. NULL is allowed. */
void ps_probe_cancel(struct ps_probe *probe);
/* Ends the probe now with this outcome and err; fn runs before this returns. */
void ps_probe_give_up(struct ps_probe *probe, enum ps_outcome outcome, const struct ps_err *err);
/* Whether a request or a child process is under way, which a clean stop should wait for. */
bool ps_probe_busy(const struct ps_probe *probe);
/* Time left of the pause of its host that the probe waits for; 0 when there is none. */
int64_t ps_probe_pause_ms(const struct ps_probe *probe);

#endif
