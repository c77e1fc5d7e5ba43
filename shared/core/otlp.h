/* What the OpenTelemetry specification says about sending traces over HTTP: where to, with which
 * headers, as which resource, and what an answer means. io/tracer.h does the sending. Pure. */
#ifndef PS_CORE_OTLP_H
#define PS_CORE_OTLP_H
#include "shared/core/buf.h"
#include "shared/core/err.h"

#include <stdint.h>

enum {
    PS_OTLP_PAIRS_MAX = 64,               /* headers, or attributes of a resource */
    PS_OTLP_WAIT_MAX_MS = 10 * 60 * 1000, /* of a Retry-After; a longer one is cut */
};

/* Returns the address that traces are POSTed to, owned by the caller: traces_endpoint
 * (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) as it is, else endpoint (OTEL_EXPORTER_OTLP_ENDPOINT) with
 * "v1/traces" as the last parts of its path. NULL if both are "". */
char *ps_otlp_traces_url(const char *endpoint, const char *traces_endpoint) PS_MUST_USE;

/* "key=value,key=value" with percent-encoded values, as OTEL_EXPORTER_OTLP_HEADERS and
 * OTEL_RESOURCE_ATTRIBUTES have them. All owned. */
struct ps_otlp_pairs {
    char *keys[PS_OTLP_PAIRS_MAX];
    char *values[PS_OTLP_PAIRS_MAX]; /* decoded; valid UTF-8 */
    size_t len;
};
/* Parses the value of setting. On false err (CONFIGURATION) names the setting and what is wrong,
 * never the value, which may be a secret, and *out_pairs is empty. On true the caller owns
 * out_pairs. */
bool ps_otlp_pairs_parse(const char *setting, const char *text, struct ps_otlp_pairs *out_pairs,
                         struct ps_err *err) PS_MUST_USE;
/* As ps_otlp_pairs_parse; also fails if a pair cannot be an HTTP header, or is one that the client
 * itself sets (Content-Type, Content-Length, Host, …). */
bool ps_otlp_headers_parse(const char *setting, const char *text, struct ps_otlp_pairs *out_pairs,
                           struct ps_err *err) PS_MUST_USE;
void ps_otlp_pairs_clear(struct ps_otlp_pairs *pairs);

/* The sender of the spans; texts are borrowed. */
struct ps_otlp_source {
    const char *program; /* paperscout-scheduler: service.name unless the settings name another */
    const char *version, *instance;
    const char *service_name, *attributes; /* OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES */
};
/* Appends the beginning of a request: everything up to the first span. */
void ps_otlp_open(const struct ps_otlp_source *source, struct ps_buf *out_json);
/* Appends the end of a request, after its last span. */
void ps_otlp_close(struct ps_buf *out_json);

enum ps_otlp_answer {
    PS_OTLP_TAKEN,  /* done */
    PS_OTLP_LATER,  /* the same request may be sent again */
    PS_OTLP_REFUSED /* it must not be sent again */
};
/* Says what an HTTP status means. */
enum ps_otlp_answer ps_otlp_answer_of(int status);
/* Returns how long the collector asked to wait, 1 ms to PS_OTLP_WAIT_MAX_MS: Retry-After in either
 * form. 0: it did not ask, or the header is unreadable. */
int64_t ps_otlp_wait_ms(const char *retry_after, int64_t wall_ms);
/* Returns how many spans a collector did not keep, by the body of an answer that took the request
 * (partial success); 0 if the body says nothing readable about it. */
int64_t ps_otlp_rejected(const char *body, size_t len);

#endif
