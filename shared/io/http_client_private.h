/* The inside of the HTTP client that two files share. No other file includes it.
 *
 * http_client.c owns curl's multi handle and the connection between curl and the event loop.
 * http_call.c owns one easy handle: its options, the bytes of its callbacks, and the translation of
 * its result. */
#ifndef PS_IO_HTTP_CLIENT_PRIVATE_H
#define PS_IO_HTTP_CLIENT_PRIVATE_H
#include "shared/core/buf.h"
#include "shared/io/http_client.h"

#include <curl/curl.h>
#include <sys/queue.h>

enum ps_http_field {
    PS_HTTP_F_CONTENT_TYPE,
    PS_HTTP_F_LAST_MODIFIED,
    PS_HTTP_F_ETAG,
    PS_HTTP_F_RETRY_AFTER,
    PS_HTTP_F_LOCATION,
    PS_HTTP_F_CONTENT_RANGE,
    PS_HTTP_F_DATE,
    PS_HTTP_F_OAUTH_SCOPES,
    PS_HTTP_F_COUNT
};

struct ps_http_engine;

/* One request and its curl handle. Both are reused for later requests, because setting up a handle
 * is expensive. */
struct ps_http_call {
    TAILQ_ENTRY(ps_http_call) next;
    struct ps_http *http;
    struct ps_http_engine *engine; /* NULL while the call is unused */
    CURL *easy;
    ps_http_fn fn;
    void *cookie;

    enum ps_http_method method;
    struct curl_slist *headers;
    struct ps_buf body; /* of the response */
    char *post;         /* body to send, owned; NULL unless POST */
    size_t post_len, post_sent;
    bool truncate_body;
    bool truncated; /* the response body was cut, as the caller asked */
    bool body_too_long, headers_too_long;

    struct ps_buf fields;                 /* header values, each with a NUL */
    size_t field_offset[PS_HTTP_F_COUNT]; /* in fields, plus 1; 0: absent */
    size_t header_bytes;
    /* The empty line after the headers arrived. curl reports success for a response that ends
     * before it. */
    bool headers_complete;

    bool connects; /* of ps_http_connect: the handle is used for nothing else, ever */

    bool allow_private, allow_private_named;
    char *origin;          /* host and port of the request's URL; NULL unless allow_private_named */
    bool redirect_refused; /* the refused address is the target of a redirect */
    bool proxied;          /* a proxy is set, at least for some hosts */
    int sockets;           /* opened for this request */
    char refused[64];      /* the private address that was refused; "" if none */
    uint64_t *opened;      /* the client's counter of connections */
    char error[CURL_ERROR_SIZE];

    /* Current options of the handle, so that only changes are set. */
    bool encoded;
    int max_redirects;
    int redirects_to_http; /* 1: a redirect may lead to http too */
    int64_t timeout_ms;
};

/* Returns a call whose handle has every option that never changes. opened is borrowed and counts
 * connections. */
struct ps_http_call *ps_http_call_create(struct ps_http *http,
                                         const struct ps_http_options *options,
                                         uint64_t *opened) PS_MUST_USE;
void ps_http_call_destroy(struct ps_http_call *call); /* one that no multi handle holds */
/* Sets the handle up for request. Returns false with err (CONFIGURATION) if the request is invalid.
 */
bool ps_http_call_prepare(struct ps_http_call *call, const struct ps_http_request *request,
                          struct ps_err *err) PS_MUST_USE;
/* Makes the handle one of ps_http_connect. */
void ps_http_call_connects(struct ps_http_call *call);
/* Runs the callback with the result that curl reports. */
void ps_http_call_finish(struct ps_http_call *call, CURLcode code);
/* Frees what the last request left, large buffers included; the handle stays. */
void ps_http_call_reset(struct ps_http_call *call);

/* In http_client.c: curl opened a connection for the call, or closes one of the client's. */
void ps_http_on_socket_opened(struct ps_http_call *call, curl_socket_t fd);
void ps_http_on_socket_closed(struct ps_http *http, curl_socket_t fd);

#endif
