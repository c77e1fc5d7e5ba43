/* HTTP requests on the loop: one curl multi, HEAD, GET with a cap, POST. */
#ifndef PS_IO_HTTP_CLIENT_H
#define PS_IO_HTTP_CLIENT_H

#include "shared/io/loop.h"

#include <stddef.h>

struct ps_http;
struct ps_http_call; /* one request under way */

struct ps_http_options {
    const char *user_agent; /* copied */
    bool http2;             /* offer HTTP/2 with TLS, multiplex */
    bool allow_private;  /* addresses in private, loopback, link-local and other special ranges */
    int max_connections; /* a host; 0: 64 */
    /* HTTP_PROXY_URL and HTTP_PROXY_EXCEPT; copied; NULL or "": none. The environment's are never
     * used. Every request goes through a CONNECT tunnel, so that an answer is the target's and
     * never the proxy's; what the proxy refuses is NETWORK. The proxy looks names up:
     * allow_private=false refuses private addresses and localhost as they stand in a URL, also
     * after a redirect. */
    const char *proxy, *no_proxy;
    const char
        *ca_file; /* certificates to trust in place of the system's; copied; NULL or "": those */
};

/* err.code where the certificate of the other side was not accepted, in place of the CURLcode. */
enum { PS_HTTP_ERR_TLS = 30001 };

/* A POST leaves once: where its connection ends without an answer that is an error, never a second
   request. */
enum ps_http_method { PS_HTTP_HEAD, PS_HTTP_GET, PS_HTTP_POST };

/* All borrowed for the call to ps_http_send. */
struct ps_http_request {
    enum ps_http_method method;
    const char *url;
    const char *const *headers; /* "Name: value", NULL-terminated; NULL for none */
    const char *body;           /* POST */
    size_t body_len;
    int64_t timeout_ms; /* whole request; required */
    size_t max_body;    /* bytes of answer kept after decoding; more is an error; with truncate_body
                           more is cut and is none */
    bool truncate_body;
    int max_redirects;    /* 0: none followed; never https to http; http and https only */
    bool accept_encoding; /* ask for gzip */
};

/* What came, borrowed for the callback. Headers are of the last answer; NULL when absent. */
struct ps_http_reply {
    int status; /* 0 when there was no answer */
    const char *body;
    size_t body_len;
    const char *content_type, *last_modified, *etag, *retry_after, *location, *content_range, *date;
    const char *effective_url; /* after redirects */
    int64_t content_length;    /* -1 when not told */
    int redirects;
    int64_t latency_ms;
    int http_version; /* 11, 2 */
    bool sent;        /* some of the request may have left */
};

/* err is NULL when an HTTP answer came, whatever its status; otherwise TIMEOUT, NETWORK (a redirect
   too many or to where it must not go and an answer past its cap are too) or CONFIGURATION (bad
   URL, refused address, TLS settings) with the CURLcode as err.code, and reply holds what came
   before. Runs on the loop, never before ps_http_send returned. The call is over then. */
typedef void (*ps_http_fn)(void *cookie, const struct ps_http_reply *reply,
                           const struct ps_err *err);

struct ps_http *ps_http_create(struct ps_loop *loop,
                               const struct ps_http_options *options) PS_MUST_USE;
/* Running calls are cancelled: their callbacks do not run. Must not be called from a ps_http_fn.
 * NULL is fine. */
void ps_http_destroy(struct ps_http *http);
struct ps_http_call *ps_http_send(struct ps_http *http, const struct ps_http_request *request,
                                  ps_http_fn fn, void *cookie, struct ps_err *err) PS_MUST_USE;
/* fn will not run; NULL is fine. Not for a call whose fn runs or ran. */
void ps_http_cancel(struct ps_http_call *call);
/* For a ps_http_fn: gives the body, which reply->body keeps pointing to. What is large need not be
 * copied on the loop. */
char *ps_http_take_body(struct ps_http_call *call) PS_MUST_USE;
uint64_t ps_http_connections_opened(const struct ps_http *http);

#endif
