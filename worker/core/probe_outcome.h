/* Decides what one answer to a probe means, and what to do next.
 *
 * Place in the data flow: prober and document_reader call it after each request and act on what it
 * returns. Pure: the clock and the random number are arguments.
 *
 * The rules of the contract are here, in one place: which status is a hit, a miss, a deferral or an
 * error, when a 200 is suspect, and what is tried again. An error or a deferral must never turn
 * into a miss: the scheduler would believe that a draft does not exist, and never announce it. */
#ifndef PS_WORKER_PROBE_OUTCOME_H
#define PS_WORKER_PROBE_OUTCOME_H
#include "shared/core/result.h"

/* The pause of a host that asks for one without saying how long. */
#define PS_PROBE_OUTCOME_PAUSE_MS INT64_C(30000)
/* The longest pause, whatever the host says: a wrong header must not stop probing for a year. */
#define PS_PROBE_OUTCOME_PAUSE_MAX_MS INT64_C(3600000)

/* All text is borrowed, NULL when absent. */
struct ps_answer {
    const struct ps_err *err; /* transport fault; NULL when there was an HTTP answer */
    int status;
    const char *url;           /* that was asked for */
    const char *effective_url; /* after redirects; NULL: the same */
    const char *content_type, *last_modified, *retry_after, *date;
    bool confirm; /* this is the confirmation of a hit; body is the file's beginning */
    const char *body;
    size_t body_len;
};

struct ps_probe_outcome_rules {
    int64_t modified_within_ms; /* ALERT_MODIFIED_HOURS */
    int max_attempts;
    int64_t backoff_ms, backoff_cap_ms;
};

enum ps_probe_outcome_next {
    PS_PROBE_OUTCOME_FINAL, /* report the outcome */
    PS_PROBE_OUTCOME_RETRY, /* try again after delay_ms; the outcome holds if that is impossible */
    PS_PROBE_OUTCOME_DEFER, /* the host asked for a pause of delay_ms; no attempt was spent */
};

struct ps_probe_outcome {
    enum ps_probe_outcome_next next;
    enum ps_outcome outcome;
    int64_t delay_ms;
    bool failed;       /* err is set: an error or deferral, or the reason why it is suspect */
    struct ps_err err; /* its code is the HTTP status or the CURLcode */
};

/**
 * ps_probe_outcome_of(answer, rules, attempt, wall_ms, rnd): Return the outcome of ${answer}.
 * ${attempt} counts from 1 and includes this answer; ${rnd}, 0 <= rnd < 1, is the backoff's jitter.
 */
struct ps_probe_outcome ps_probe_outcome_of(const struct ps_answer *answer,
                                            const struct ps_probe_outcome_rules *rules, int attempt,
                                            int64_t wall_ms, double rnd);

/* Whether the status (405, 501; RFC 9110 sections 15.5.6 and 15.6.2) rejects the method and says
 * nothing about the file. */
bool ps_status_refuses_method(int status);

/* Returns the site's clock, the Date of its answer (RFC 9110 section 6.6.1), else wall_ms. Times
 * that the site sends are compared with its own clock, so a node with a wrong clock does no harm.
 */
int64_t ps_site_now_ms(const char *date, int64_t wall_ms);
/* Parses Retry-After in both forms into 1 s to PS_PROBE_OUTCOME_PAUSE_MAX_MS. Returns
 * PS_PROBE_OUTCOME_PAUSE_MS for one that is absent or unreadable. */
int64_t ps_retry_after_ms(const char *retry_after, int64_t wall_ms);
/* Whether a file with this extension can have this Content-Type. NULL, an absent header, fits. */
bool ps_type_fits(const char *content_type, struct ps_str ext);
/* Whether a file with this extension can begin like this. A PDF has its signature within the first
 * kilobyte, as PDF readers require; an HTML page has markup; any other file is not empty. */
bool ps_body_fits(const char *body, size_t len, struct ps_str ext);
/* Returns the complete length in a Content-Range (RFC 9110 section 14.4), -1 when unknown. */
int64_t ps_range_total(const char *content_range);
/* Returns the extension of a URL's file name, with its dot, empty when there is none. Borrowed. */
struct ps_str ps_url_ext(const char *url);

#endif
