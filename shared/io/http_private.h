/* What http_client.c and http_call.c share; nobody else includes it. */
#ifndef PS_IO_HTTP_PRIVATE_H
#define PS_IO_HTTP_PRIVATE_H
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
    PS_HTTP_F_COUNT
};

struct ps_http_engine;

/* One request and the curl handle it runs on; both are used again for the next one. */
struct ps_http_call {
    TAILQ_ENTRY(ps_http_call) next;
    struct ps_http *http;
    struct ps_http_engine *engine; /* NULL while it is free */
    CURL *easy;
    ps_http_fn fn;
    void *cookie;

    enum ps_http_method method;
    struct curl_slist *headers;
    struct ps_buf body;
    char *post; /* body to send, owned; NULL but for POST */
    size_t post_len, post_at;
    bool truncate_body;
    bool cut; /* body was cut, as asked */
    bool too_big, header_flood;

    struct ps_buf fields;             /* values, each with its NUL */
    size_t field_at[PS_HTTP_F_COUNT]; /* place in fields + 1; 0: absent */
    size_t header_bytes;
    bool header_ends; /* its empty line came; curl takes an answer that ends before for a whole one
                       */

    bool allow_private;
    bool proxied;     /* there is a proxy, for some hosts at least */
    int sockets;      /* opened for this request */
    char refused[64]; /* the private address it was not let to; "" for none */
    uint64_t *opened; /* of the client */
    char error[CURL_ERROR_SIZE];

    /* What the handle is set to, so that only changes are set. */
    bool encoded;
    int max_redirects;
    int redirects_to_http; /* 1: may be redirected to http too */
    int64_t timeout_ms;
};

/* Gives a call whose handle has every option that never changes. */
struct ps_http_call *ps_http_call_create(struct ps_http *http,
                                         const struct ps_http_options *options,
                                         uint64_t *opened) PS_MUST_USE;
/* curl opens a connection for the call, closes one of the client's. */
void ps_http_socket_opens(struct ps_http_call *call, curl_socket_t fd);
void ps_http_socket_closes(struct ps_http *http, curl_socket_t fd);
void ps_http_call_destroy(struct ps_http_call *call);
/* Sets the handle up for request; false with err (CONFIGURATION). */
bool ps_http_call_prepare(struct ps_http_call *call, const struct ps_http_request *request,
                          struct ps_err *err) PS_MUST_USE;
/* Runs the callback with what curl says the request ended in. */
void ps_http_call_end(struct ps_http_call *call, CURLcode code);
/* Lets go of what the request held, large buffers included. */
void ps_http_call_reset(struct ps_http_call *call);

#endif
