/* One question a probe: rate limiter, HEAD, verdict, another try or a pause, the document of a
 * recent hit. */
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
    struct ps_document_reader *reader; /* NULL: no document is read */
    struct ps_probe_outcome_rules rules;
    int64_t timeout_ms;
    bool end_on_pause; /* a pause ends the probe as deferred; otherwise it waits */
};

/* All borrowed for the call. */
struct ps_probe_report {
    const char *url;
    enum ps_outcome outcome;
    int status;
    const char *last_modified; /* NULL when absent */
    const char *etag;          /* NULL when absent */
    int64_t content_length;    /* -1 when not told */
    int64_t answered_ms;       /* at the last answer: its Date, else our clock; 0 for none */
    const struct ps_err *err;  /* of an error or a deferral; why it is suspect; NULL otherwise */
    int attempts;              /* a request that was answered by "slow down" is none */
    int64_t latency_ms;        /* of the last request */
    const struct ps_document *document; /* NULL for none */
};

/* Runs on the loop, never before ps_probe_start returned; the probe is gone after it. */
typedef void (*ps_probe_fn)(void *cookie, const struct ps_probe_report *end);

/* Borrows what options names. */
struct ps_prober *ps_prober_create(const struct ps_prober_options *options) PS_MUST_USE;
void ps_prober_destroy(struct ps_prober *prober); /* with no probe under way */

enum ps_probe_kind {
    PS_PROBE_HEAD,   /* is it there? */
    PS_PROBE_CONFIRM /* does it begin as it should (ranged GET)? If so, the document is read too */
};
struct ps_probe *ps_probe_start(struct ps_prober *prober, const char *url, enum ps_probe_kind look,
                                ps_probe_fn fn, void *cookie) PS_MUST_USE;
void ps_probe_cancel(struct ps_probe *probe); /* fn will not run; NULL is fine */
/* Ends it now, with err, as error or deferred: fn runs before this returns. */
void ps_probe_give_up(struct ps_probe *probe, enum ps_outcome outcome, const struct ps_err *err);
bool ps_probe_busy(const struct ps_probe *probe); /* a request or a child is under way */
/* What is left of its host's pause, whose end it waits for; 0: of none. */
int64_t ps_probe_pause_ms(const struct ps_probe *probe);

#endif
