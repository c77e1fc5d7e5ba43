/* One answer to "is that URL there?" → what it means, and what to do next. */
#ifndef PS_WORKER_PROBE_OUTCOME_H
#define PS_WORKER_PROBE_OUTCOME_H
#include "shared/core/result.h"

#define PS_PROBE_OUTCOME_PAUSE_MS     INT64_C(30000) /* a host that asks for a pause and names none */
#define PS_PROBE_OUTCOME_PAUSE_MAX_MS INT64_C(3600000) /* whatever it names */

/* What came; all text borrowed, NULL when absent. */
struct ps_answer {
    const struct ps_err *err; /* transport fault; NULL when there was an HTTP answer */
    int status;
    const char *url;           /* asked for */
    const char *effective_url; /* after redirects; NULL: the same */
    const char *content_type, *last_modified, *retry_after, *date;
    bool confirm;     /* the second look at a hit, with the beginning of the body */
    const char *body; /* of it */
    size_t body_len;
};

struct ps_probe_outcome_rules {
    int64_t modified_within_ms; /* ALERT_MODIFIED_HOURS */
    int max_attempts;
    int64_t backoff_ms, backoff_cap_ms;
};

enum ps_probe_outcome_next {
    PS_PROBE_OUTCOME_FINAL, /* outcome is final */
    PS_PROBE_OUTCOME_RETRY, /* ask again after delay_ms; outcome is what it is if nobody does */
    PS_PROBE_OUTCOME_DEFER, /* the host asked for a pause of delay_ms; no attempt was spent */
};

struct ps_probe_outcome {
    enum ps_probe_outcome_next next;
    enum ps_outcome outcome;
    int64_t delay_ms;
    bool failed;       /* err is set: outcome error or deferred, or why it is suspect */
    struct ps_err err; /* category, HTTP status or code, what */
};

/* attempt counts from 1 and includes this answer; 0 <= rnd < 1 places the backoff. */
struct ps_probe_outcome ps_probe_outcome_of(const struct ps_answer *answer,
                                            const struct ps_probe_outcome_rules *rules, int attempt,
                                            int64_t wall_ms, double rnd);

/* 405 and 501 (RFC 9110 sections 15.5.6 and 15.6.2): of the method, not of the file. */
bool ps_status_refuses_method(int status);

/* hit_recent, hit_old or hit_no_lm, from Last-Modified (NULL when absent) and the alert window. */
enum ps_outcome ps_recency(const char *last_modified, int64_t within_ms, int64_t wall_ms);
/* The site's clock: the Date of its answer (RFC 9110 section 6.6.1), else ours. What it dates by
 * its clock is set against the same clock, so that a node whose own is wrong does no harm. */
int64_t ps_site_now_ms(const char *date, int64_t wall_ms);
/* Retry-After in both forms, 1 s to PS_PROBE_OUTCOME_PAUSE_MAX_MS; absent or unreadable:
 * PS_PROBE_OUTCOME_PAUSE_MS. */
int64_t ps_retry_after_ms(const char *retry_after, int64_t wall_ms);
/* Can a Content-Type (NULL: not told, which says nothing against it) be that of a file with this
 * extension? */
bool ps_type_fits(const char *content_type, struct ps_str ext);
/* Can a file with this extension begin like that? A PDF has its mark in the first kilobyte, as
 * readers of PDF want it; a page has markup; anything else is no page. */
bool ps_body_fits(const char *body, size_t len, struct ps_str ext);
/* The whole length of what Content-Range (RFC 9110 section 14.4) is a part of; -1 when not told. */
int64_t ps_range_total(const char *content_range);
/* The extension of a URL's file name, with its dot; empty when there is none. Borrowed from url. */
struct ps_str ps_url_ext(const char *url);

#endif
