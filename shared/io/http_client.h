/* HTTP requests on the event loop: HEAD, GET with a cap on the body, POST, PUT.
 *
 * The worker's prober, the scheduler's index download and the notifier's Slack sink send through
 * it. It is a thin layer over one curl multi handle: callers give a request and a callback; the
 * connection pool, TLS, HTTP/2, redirects and timeouts are curl's.
 *
 * Guarantees: the response body and all headers have caps; a private address is refused at connect
 * time, after name resolution; a POST is sent at most once; a callback runs exactly once and never
 * inside ps_http_send, unless the request is cancelled. Tests of the Slack sink depend on "at most
 * once": a repeated POST posts a message twice. */
#ifndef PS_IO_HTTP_CLIENT_H
#define PS_IO_HTTP_CLIENT_H

#include "shared/io/loop.h"

#include <stddef.h>

struct ps_http;
struct ps_http_call; /* one request in flight */

struct ps_http_options {
    const char *user_agent; /* copied */
    bool http2;             /* offer HTTP/2 over TLS and multiplex */
    bool allow_private; /* allow addresses in private, loopback, link-local and other special ranges
                         */
    bool allow_private_named; /* the same for the host and port that a request's URL names, and not
                                 for where redirects lead */
    int max_connections;      /* for each host; 0: 64 */
    /* HTTP_PROXY_URL and HTTP_PROXY_EXCEPT; copied; NULL or "": no proxy. The proxy variables of
     * the environment are never used. Every request goes through a CONNECT tunnel, so a response is
     * always the target's and never the proxy's; if the proxy refuses, the error is NETWORK. The
     * proxy resolves names: allow_private=false then refuses private addresses and localhost as
     * they stand in a URL, also after a redirect. */
    const char *proxy, *no_proxy;
    const char *ca_file; /* copied; certificates trusted instead of the system's; NULL or "": the
                            system's */
};

/* err.code if the server's certificate was not accepted, instead of the CURLcode. */
enum { PS_HTTP_ERR_TLS = 30001 };

/* If the connection of a POST ends without a response, that is an error and never a second request.
 */
enum ps_http_method { PS_HTTP_HEAD, PS_HTTP_GET, PS_HTTP_POST, PS_HTTP_PUT };

/* Everything is borrowed for the call of ps_http_send. */
struct ps_http_request {
    enum ps_http_method method;
    const char *url;
    const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
    const char *body;           /* of a POST or PUT */
    size_t body_len;
    int64_t timeout_ms;   /* for the whole request; required */
    size_t max_body;      /* bytes of the response after decoding; a longer body is an error */
    bool truncate_body;   /* cut a longer body instead; that is not an error */
    int max_redirects;    /* 0: follow none; never from https to http; http and https only */
    bool accept_encoding; /* offer gzip */
};

/* Borrowed for the callback. Headers belong to the last response of a redirect chain; NULL if
 * absent. */
struct ps_http_reply {
    int status; /* 0 without a response */
    const char *body;
    size_t body_len;
    const char *content_type, *last_modified, *etag, *retry_after, *location, *content_range, *date;
    const char *oauth_scopes;  /* X-OAuth-Scopes, with which Slack lists a token's scopes */
    const char *effective_url; /* after redirects */
    int64_t content_length;    /* -1 if the server did not send it */
    int redirects;
    int64_t latency_ms;
    int http_version; /* 10, 11, 2 or 3; 0 if unknown */
    bool sent;        /* some bytes of the request may have left this machine */
};

/* Runs on the loop when the request ends, after ps_http_send returned; the call is freed
 * afterwards. err is NULL if an HTTP response arrived, whatever its status. Otherwise err.category
 * is TIMEOUT, NETWORK (also: too many redirects, a redirect to a forbidden protocol, a response
 * beyond its cap) or CONFIGURATION (bad URL, refused address, TLS settings), err.code is the
 * CURLcode or PS_HTTP_ERR_TLS, and reply holds what arrived before the error. */
typedef void (*ps_http_fn)(void *cookie, const struct ps_http_reply *reply,
                           const struct ps_err *err);

/* Borrows loop. */
struct ps_http *ps_http_create(struct ps_loop *loop,
                               const struct ps_http_options *options) PS_MUST_USE;
/* Cancels requests in flight; their callbacks do not run. Must not be called from a ps_http_fn.
 * NULL is fine. */
void ps_http_destroy(struct ps_http *http);

/* Starts request; borrows cookie until fn ran or the call is cancelled. Returns NULL with err
 * (CONFIGURATION) if the request cannot be made, for example because a header contains a line
 * break; fn does not run then. */
struct ps_http_call *ps_http_send(struct ps_http *http, const struct ps_http_request *request,
                                  ps_http_fn fn, void *cookie, struct ps_err *err) PS_MUST_USE;
/* Ends the request without calling fn. NULL is fine. Must not be called once fn has started to run.
 */
void ps_http_cancel(struct ps_http_call *call);

/* For use inside a ps_http_fn: gives the body to the caller (free). reply->body keeps pointing to
 * it. Avoids copying a large document on the loop. */
char *ps_http_take_body(struct ps_http_call *call) PS_MUST_USE;
uint64_t ps_http_connections_opened(const struct ps_http *http); /* since create */

/* A connection that speaks another protocol once it stands (WebSocket): names, proxy (a tunnel
 * through it), TLS and its verification are those of every other request. url names scheme, host
 * and port; fn runs as for ps_http_send, with an empty reply. Without err the connection is there,
 * and the call lasts until ps_http_cancel. Use a client of its own for each: curl looks through
 * idle connections when it makes another one, and takes one with unread bytes for dead. */
struct ps_http_call *ps_http_connect(struct ps_http *http, const char *url, int64_t timeout_ms,
                                     ps_http_fn fn, void *cookie, struct ps_err *err) PS_MUST_USE;
/* The socket, to watch; it is curl's. Remove every event of it before ps_http_cancel. */
int ps_http_connect_fd(const struct ps_http_call *call);
enum ps_http_io {
    PS_HTTP_IO_DONE,  /* *out_len bytes, at least 1 */
    PS_HTTP_IO_AGAIN, /* nothing now; watch the socket */
    PS_HTTP_IO_ENDED  /* err; the connection is gone */
};
/* TLS keeps bytes that the socket does not show: read until AGAIN. */
enum ps_http_io ps_http_connect_read(struct ps_http_call *call, char *data, size_t size,
                                     size_t *out_len, struct ps_err *err) PS_MUST_USE;
enum ps_http_io ps_http_connect_write(struct ps_http_call *call, const char *data, size_t size,
                                      size_t *out_len, struct ps_err *err) PS_MUST_USE;

#endif
