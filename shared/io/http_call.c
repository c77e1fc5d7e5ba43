#include "shared/core/address_guard.h"
#include "shared/core/alloc.h"
#include "shared/core/url.h"
#include "shared/io/certificates.h"
#include "shared/io/http_client_private.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEADER_CAP = 64 * 1024,     /* all headers of one request, those of redirects included */
    SPARE_BODY_MAX = 64 * 1024, /* a larger buffer is freed after its request */
    IDLE_SECONDS = 300,
    LIFETIME_SECONDS = 300,
    CA_CACHE_S = 60
};

/* Bytes: what curl's callbacks deliver and take */

static const struct {
    const char *name;
    size_t len;
} field_names[PS_HTTP_F_COUNT] = {
    [PS_HTTP_F_CONTENT_TYPE] = {"content-type",    12},
    [PS_HTTP_F_LAST_MODIFIED] = { "last-modified",  13},
    [PS_HTTP_F_ETAG] = { "etag",           4 },
    [PS_HTTP_F_RETRY_AFTER] = { "retry-after",    11},
    [PS_HTTP_F_LOCATION] = { "location",       8 },
    [PS_HTTP_F_CONTENT_RANGE] = { "content-range",  13},
    [PS_HTTP_F_DATE] = { "date",           4 },
    [PS_HTTP_F_OAUTH_SCOPES] = { "x-oauth-scopes", 14},
};

static void fields_reset(struct ps_http_call *call)
{
    ps_buf_reset(&call->fields);
    memset(call->field_offset, 0, sizeof(call->field_offset));
}

static void store_field(struct ps_http_call *call, enum ps_http_field field, const char *text,
                        size_t len)
{
    size_t at = call->fields.len;

    while (len > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (len > 0 && strchr("\r\n \t", text[len - 1]))
        len--;
    if (ps_buf_add(&call->fields, text, len) && ps_buf_char(&call->fields, '\0'))
        call->field_offset[field] = at + 1;
}

static size_t on_header(char *data, size_t size, size_t count, void *cookie)
{
    struct ps_http_call *call = cookie;
    size_t len = size * count;

    call->header_bytes += len;
    if (call->header_bytes > HEADER_CAP) {
        call->headers_too_long = true;
        return 0;
    }
    if (len >= 5 &&
        memcmp(data, "HTTP/", 5) == 0) { /* the headers of the next response of a redirect chain */
        fields_reset(call);
        call->headers_complete = false;
        return len;
    }
    if (data[0] == '\r' || data[0] == '\n')
        call->headers_complete = true;
    for (int i = 0; i < PS_HTTP_F_COUNT; i++) {
        size_t name = field_names[i].len;

        if (len > name && data[name] == ':' && strncasecmp(data, field_names[i].name, name) == 0)
            store_field(call, (enum ps_http_field)i, data + name + 1, len - name - 1);
    }
    return len;
}

static size_t on_post(char *data, size_t size, size_t count, void *cookie)
{
    struct ps_http_call *call = cookie;
    size_t room = size * count, left = call->post_len - call->post_sent;
    size_t len = left < room ? left : room;

    if (len > 0)
        memcpy(data, call->post + call->post_sent, len);
    call->post_sent += len;
    return len;
}

/* If a reused connection ends without a response, curl repeats the request by itself. For a POST
 * that could post a message twice: the server may have acted on the first request. A body that
 * cannot be rewound prevents the repetition. */
static int on_seek(void *cookie, curl_off_t offset, int origin)
{
    (void)cookie;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static size_t on_body(char *data, size_t size, size_t count, void *cookie)
{
    struct ps_http_call *call = cookie;
    size_t len = size * count, room = call->body.cap - call->body.len;

    if (len <= room && ps_buf_add(&call->body, data, len))
        return len;
    if (call->truncate_body) {
        (void)ps_buf_add(&call->body, data, room);
        call->truncated = true;
    } else {
        call->body_too_long = true;
    }
    return 0;
}

static void address_text(const struct curl_sockaddr *address, char *out, socklen_t size)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    const char *text = NULL;

    if (address->family == AF_INET) {
        memcpy(&v4, &address->addr, sizeof(v4));
        text = inet_ntop(AF_INET, &v4.sin_addr, out, size);
    } else if (address->family == AF_INET6) {
        memcpy(&v6, &address->addr, sizeof(v6));
        text = inet_ntop(AF_INET6, &v6.sin6_addr, out, size);
    }
    if (!text)
        memcpy(out, "?", 2);
}

/* Returns whether host is a literal private address or localhost. A proxy resolves names itself, so
 * only the text of the URL can be checked. Each new target opens a new tunnel, so redirects are
 * checked too. */
static bool is_private_host(struct ps_http_call *call, const char *host)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    size_t len = strlen(host);
    char bare[INET6_ADDRSTRLEN + 1];
    bool private;

    if (len > 2 && len < sizeof(bare) && host[0] == '[') {
        memcpy(bare, host + 1, len - 2);
        bare[len - 2] = '\0';
        private = inet_pton(AF_INET6, bare, &v6.sin6_addr) != 1 ||
                  ps_address_is_private((const struct sockaddr *)(const void *)&v6);
    } else if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        private = ps_address_is_private((const struct sockaddr *)(const void *)&v4);
    } else {
        private = strcasecmp(host, "localhost") == 0 ||
                  (len > 10 && strcasecmp(host + len - 10, ".localhost") == 0);
    }
    if (private)
        (void)snprintf(call->refused, sizeof(call->refused), "%s", host);
    return private;
}

static bool target_allowed(struct ps_http_call *call, const struct curl_sockaddr *address)
{
    char *url = NULL, *host = NULL;
    CURLU *parts;
    bool allowed;

    if (!call->proxied) {
        allowed = !ps_address_is_private(&address->addr);
        if (!allowed)
            address_text(address, call->refused, sizeof(call->refused));
        return allowed;
    }
    (void)curl_easy_getinfo(call->easy, CURLINFO_EFFECTIVE_URL, &url);
    parts = curl_url();
    if (parts == NULL)
        abort();
    allowed = url != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              !is_private_host(call, host);
    curl_free(host);
    curl_url_cleanup(parts);
    return allowed;
}

/* An operator may name a private host. Where that host's answer redirects to is a stranger's
 * choice. */
static bool goes_to_origin(const struct ps_http_call *call)
{
    char *url = NULL, host[PS_URL_HOST + 8];
    struct ps_err err;

    return call->origin != NULL &&
           curl_easy_getinfo(call->easy, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url != NULL &&
           ps_url_host(url, host, sizeof(host), &err) && strcmp(host, call->origin) == 0;
}

/* Checks the address that curl connects to, not the host name: a name that is resolved twice can
 * give a public address to the check and a private one to the connection (DNS rebinding). */
static curl_socket_t on_open_socket(void *cookie, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct ps_http_call *call = cookie;
    curl_socket_t fd;

    (void)purpose;
    if (!call->allow_private && !goes_to_origin(call) && !target_allowed(call, address)) {
        long redirects = 0;

        (void)curl_easy_getinfo(call->easy, CURLINFO_REDIRECT_COUNT, &redirects);
        call->redirect_refused = redirects > 0;
        return CURL_SOCKET_BAD;
    }
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0) {
        ps_http_on_socket_opened(call, fd);
        call->sockets++;
        (*call->opened)++;
    }
    return fd;
}

static int on_close_socket(void *cookie, curl_socket_t fd)
{
    ps_http_on_socket_closed(cookie, fd);
    return close(fd);
}

/* Life of a handle */

static void set(CURLcode code)
{
    assert(code == CURLE_OK);
}

struct ps_http_call *ps_http_call_create(struct ps_http *http,
                                         const struct ps_http_options *options, uint64_t *opened)
{
    struct ps_http_call *call = ps_alloc_zero(1, sizeof(*call));
    CURL *easy = curl_easy_init();

    if (!easy)
        abort();
    call->http = http;
    call->easy = easy;
    call->opened = opened;
    call->allow_private = options->allow_private;
    call->allow_private_named = options->allow_private_named;
    call->proxied = options->proxy[0] != '\0';
    call->redirects_to_http = call->max_redirects = -1;
    ps_buf_init(&call->fields, HEADER_CAP + PS_HTTP_F_COUNT);
    ps_buf_init(&call->body, 0);
    set(curl_easy_setopt(easy, CURLOPT_PRIVATE, call));
    set(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error));
    set(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    /* Without this option curl joins the resolver's thread when a request ends before its name is
     * resolved. The loop would block for as long as the name servers do not answer. */
    set(curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
    set(curl_easy_setopt(easy, CURLOPT_USERAGENT, options->user_agent));
    set(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
    set(curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS));
    set(curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)LIFETIME_SECONDS));
    set(curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L));
    (void)curl_easy_setopt(easy, CURLOPT_CERTINFO,
                           1L); /* an alert comes before a certificate ends */
    set(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header));
    set(curl_easy_setopt(easy, CURLOPT_HEADERDATA, call));
    set(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
    set(curl_easy_setopt(easy, CURLOPT_WRITEDATA, call));
    set(curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_post));
    set(curl_easy_setopt(easy, CURLOPT_READDATA, call));
    set(curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek));
    set(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket));
    set(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call));
    set(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket));
    set(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http));
    /* "" switches off what curl would take from the environment: a proxy there would disable the
     * check of addresses, and its refusals would look like the site's answers. */
    set(curl_easy_setopt(easy, CURLOPT_PROXY, options->proxy));
    set(curl_easy_setopt(easy, CURLOPT_NOPROXY, options->no_proxy));
    set(curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L));
    set(curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L));
    if (options->ca_file)
        set(curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file));
#if LIBCURL_VERSION_NUM >= 0x075700
    /* curl keeps what it read of it for a day; authorities are rotated on disk. */
    (void)curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S);
#endif
    if (options->http2) {
        /* A curl that was built without HTTP/2 uses HTTP/1.1. */
        (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    } else {
        set(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
    }
    return call;
}

void ps_http_call_destroy(struct ps_http_call *call)
{
    ps_http_call_reset(call);
    curl_easy_cleanup(call->easy);
    ps_buf_clear(&call->fields);
    ps_buf_clear(&call->body);
    free(call->origin);
    free(call);
}

void ps_http_call_reset(struct ps_http_call *call)
{
    if (call->headers) {
        (void)curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, NULL);
        curl_slist_free_all(call->headers);
        call->headers = NULL;
    }
    if (call->body.size > SPARE_BODY_MAX)
        ps_buf_clear(&call->body);
    else
        ps_buf_reset(&call->body);
    fields_reset(call);
    free(call->post);
    call->post = NULL;
    call->fn = NULL;
    call->cookie = NULL;
}

static bool set_headers(struct ps_http_call *call, const struct ps_http_request *request,
                        struct ps_err *err)
{
    for (size_t i = 0; request->headers && request->headers[i]; i++) {
        struct curl_slist *longer;

        if (strpbrk(request->headers[i], "\r\n"))
            return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                           "a request header contains a line break");
        longer = curl_slist_append(call->headers, request->headers[i]);
        if (!longer)
            abort();
        call->headers = longer;
    }
    if (call->headers)
        set(curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers));
    return true;
}

static void set_method(struct ps_http_call *call, const struct ps_http_request *request)
{
    call->method = request->method;
    switch (request->method) {
    case PS_HTTP_HEAD:
        set(curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L));
        set(curl_easy_setopt(call->easy, CURLOPT_NOBODY, 1L));
        break;
    case PS_HTTP_GET:
        set(curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L));
        break;
    case PS_HTTP_POST:
    case PS_HTTP_PUT:
        set(curl_easy_setopt(call->easy, CURLOPT_POST, 1L));
        set(curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                             (curl_off_t)request->body_len));
        call->post = ps_alloc_copy(request->body ? request->body : "", request->body_len);
        call->post_len = request->body_len;
        call->post_sent = 0;
        break;
    }
    /* A handle is used again: NULL takes the name of the request before away. */
    set(curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST,
                         request->method == PS_HTTP_PUT ? "PUT" : NULL));
}

static void set_redirects(struct ps_http_call *call, const struct ps_http_request *request)
{
    int to_http = strncasecmp(request->url, "https:", 6) != 0;

    if (call->max_redirects != request->max_redirects) {
        call->max_redirects = request->max_redirects;
        set(curl_easy_setopt(call->easy, CURLOPT_FOLLOWLOCATION,
                             request->max_redirects > 0 ? 1L : 0L));
        set(curl_easy_setopt(call->easy, CURLOPT_MAXREDIRS, (long)request->max_redirects));
    }
    if (call->redirects_to_http != to_http) {
        call->redirects_to_http = to_http;
        set(curl_easy_setopt(call->easy, CURLOPT_REDIR_PROTOCOLS_STR,
                             to_http ? "http,https" : "https"));
    }
}

static void set_origin(struct ps_http_call *call, const char *url)
{
    char host[PS_URL_HOST + 8];
    struct ps_err err;

    free(call->origin);
    call->origin = call->allow_private_named && ps_url_host(url, host, sizeof(host), &err)
                       ? ps_alloc_text(host)
                       : NULL;
}

bool ps_http_call_prepare(struct ps_http_call *call, const struct ps_http_request *request,
                          struct ps_err *err)
{
    assert(request->timeout_ms > 0);
    call->truncated = call->body_too_long = call->headers_too_long = false;
    call->truncate_body = request->truncate_body;
    call->header_bytes = 0;
    call->headers_complete = false;
    call->sockets = 0;
    call->redirect_refused = false;
    set_origin(call, request->url);
    call->refused[0] = call->error[0] = '\0';
    call->body.cap = request->max_body;
    if (curl_easy_setopt(call->easy, CURLOPT_URL, request->url) != CURLE_OK)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, CURLE_URL_MALFORMAT, "the URL is too long");
    /* Wait for a new connection to report whether it multiplexes only if the TLS handshake decides
     * that. Without TLS, curl would delay all other requests until the first response. */
    set(curl_easy_setopt(call->easy, CURLOPT_PIPEWAIT,
                         strncasecmp(request->url, "https:", 6) == 0 ? 1L : 0L));
    if (!set_headers(call, request, err))
        return false;
    set_method(call, request);
    set_redirects(call, request);
    if (call->timeout_ms != request->timeout_ms) {
        call->timeout_ms = request->timeout_ms;
        set(curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms));
        set(curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->timeout_ms));
    }
    if (call->encoded != request->accept_encoding) {
        call->encoded = request->accept_encoding;
        set(curl_easy_setopt(call->easy, CURLOPT_ACCEPT_ENCODING, call->encoded ? "gzip" : NULL));
    }
    return true;
}

void ps_http_call_connects(struct ps_http_call *call)
{
    call->connects = true;
    set(curl_easy_setopt(call->easy, CURLOPT_CONNECT_ONLY, 1L));
    set(curl_easy_setopt(call->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
    set(curl_easy_setopt(call->easy, CURLOPT_HTTPPROXYTUNNEL, 1L));
}

/* Result of a request */

static const struct {
    CURLcode code;
    enum ps_failure category;
} categories[] = {
    {CURLE_OPERATION_TIMEDOUT,     PS_FAILURE_TIMEOUT      },
    { CURLE_UNSUPPORTED_PROTOCOL,  PS_FAILURE_CONFIGURATION},
    { CURLE_URL_MALFORMAT,         PS_FAILURE_CONFIGURATION},
    { CURLE_NOT_BUILT_IN,          PS_FAILURE_CONFIGURATION},
    { CURLE_BAD_FUNCTION_ARGUMENT, PS_FAILURE_CONFIGURATION},
    { CURLE_UNKNOWN_OPTION,        PS_FAILURE_CONFIGURATION},
    { CURLE_SSL_CERTPROBLEM,       PS_FAILURE_CONFIGURATION},
    { CURLE_SSL_CIPHER,            PS_FAILURE_CONFIGURATION},
    { CURLE_SSL_CACERT_BADFILE,    PS_FAILURE_CONFIGURATION},
    { CURLE_SSL_CRL_BADFILE,       PS_FAILURE_CONFIGURATION},
    { CURLE_SSL_ENGINE_NOTFOUND,   PS_FAILURE_CONFIGURATION},
    { CURLE_SSL_ENGINE_SETFAILED,  PS_FAILURE_CONFIGURATION},
    { CURLE_FAILED_INIT,           PS_FAILURE_UNKNOWN      },
    { CURLE_OUT_OF_MEMORY,         PS_FAILURE_UNKNOWN      },
    { CURLE_ABORTED_BY_CALLBACK,   PS_FAILURE_UNKNOWN      },
};

/* Every other error is NETWORK (guarantee 7). A CONFIGURATION error after the request was sent is
 * NETWORK too: the server caused it, for example by a redirect to an invalid URL. */
static enum ps_failure category_of(CURLcode code, bool sent)
{
    for (size_t i = 0; i < PS_COUNT_OF(categories); i++) {
        if (categories[i].code == code &&
            (categories[i].category != PS_FAILURE_CONFIGURATION || !sent))
            return categories[i].category;
    }
    return PS_FAILURE_NETWORK;
}

static void describe(const struct ps_http_call *call, CURLcode code, int status,
                     struct ps_err *out_err)
{
    curl_off_t sent_us = 0;
    /* An interrupted TLS handshake does not count: the network can cause it. */
    bool certificate = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR ||
                       code == CURLE_SSL_INVALIDCERTSTATUS ||
                       code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;

    (void)curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    if (call->refused[0] && call->redirect_refused)
        (void)ps_fail(out_err, PS_FAILURE_NETWORK, (int)code,
                      "a redirect leads to the private address %s; ALLOW_PRIVATE_UPSTREAMS=true "
                      "allows it",
                      call->refused);
    else if (call->refused[0] && call->sockets == 0)
        (void)ps_fail(out_err, PS_FAILURE_CONFIGURATION, (int)code,
                      "address %s is private; ALLOW_PRIVATE_UPSTREAMS=true allows it",
                      call->refused);
    else if (call->body_too_long)
        (void)ps_fail(out_err, PS_FAILURE_NETWORK, CURLE_FILESIZE_EXCEEDED,
                      "the response is longer than %zu bytes", call->body.cap);
    else if (call->headers_too_long)
        (void)ps_fail(out_err, PS_FAILURE_NETWORK, CURLE_FILESIZE_EXCEEDED,
                      "the response headers are longer than %d bytes", HEADER_CAP);
    else
        (void)ps_fail(out_err, category_of(code, status != 0 || sent_us > 0),
                      certificate ? PS_HTTP_ERR_TLS : (int)code, "%s",
                      call->error[0] ? call->error : curl_easy_strerror(code));
}

static const char *field_text(const struct ps_http_call *call, enum ps_http_field field)
{
    return call->field_offset[field] ? call->fields.data + call->field_offset[field] - 1 : NULL;
}

static int version_of(long version)
{
    switch (version) {
    case CURL_HTTP_VERSION_1_0:
        return 10;
    case CURL_HTTP_VERSION_1_1:
        return 11;
    case CURL_HTTP_VERSION_2_0:
        return 2;
    case CURL_HTTP_VERSION_3:
        return 3;
    default:
        return 0;
    }
}

char *ps_http_take_body(struct ps_http_call *call)
{
    return ps_buf_take(&call->body);
}

/* Notes when the server's certificate ends. Only a new connection shows it. */
static void note_certificate(const struct ps_http_call *call)
{
    static const char name[] = "Expire date:";
    struct curl_certinfo *info = NULL;
    char *url = NULL;

    if (curl_easy_getinfo(call->easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
        info->num_of_certs == 0 ||
        curl_easy_getinfo(call->easy, CURLINFO_EFFECTIVE_URL, &url) != CURLE_OK || url == NULL)
        return;
    for (struct curl_slist *line = info->certinfo[0]; line != NULL; line = line->next)
        if (strncmp(line->data, name, sizeof(name) - 1) == 0)
            ps_certificates_note(url, line->data + sizeof(name) - 1);
}

static void read_reply(const struct ps_http_call *call, struct ps_http_reply *out_reply)
{
    long status = 0, redirects = 0, version = 0, sent = 0;
    curl_off_t length = -1, took_us = 0, ready_us = 0;
    char *url = NULL;

    (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(call->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    (void)curl_easy_getinfo(call->easy, CURLINFO_HTTP_VERSION, &version);
    (void)curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    (void)curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    (void)curl_easy_getinfo(call->easy, CURLINFO_EFFECTIVE_URL, &url);
    (void)curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);
    (void)curl_easy_getinfo(call->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    *out_reply = (struct ps_http_reply){
        .status = (int)status,
        .body = ps_buf_str(&call->body),
        .body_len = call->body.len,
        .content_type = field_text(call, PS_HTTP_F_CONTENT_TYPE),
        .last_modified = field_text(call, PS_HTTP_F_LAST_MODIFIED),
        .etag = field_text(call, PS_HTTP_F_ETAG),
        .retry_after = field_text(call, PS_HTTP_F_RETRY_AFTER),
        .location = field_text(call, PS_HTTP_F_LOCATION),
        .content_range = field_text(call, PS_HTTP_F_CONTENT_RANGE),
        .date = field_text(call, PS_HTTP_F_DATE),
        .oauth_scopes = field_text(call, PS_HTTP_F_OAUTH_SCOPES),
        .effective_url = url ? url : "",
        .content_length = (int64_t)length,
        .redirects = (int)redirects,
        .latency_ms = (int64_t)(took_us / 1000),
        .http_version = version_of(version),
        .sent = sent > 0 || ready_us > 0,
    };
}

void ps_http_call_finish(struct ps_http_call *call, CURLcode code)
{
    struct ps_http_reply reply;
    struct ps_err err;

    read_reply(call, &reply);
    note_certificate(call);
    if (code == CURLE_OK && !call->headers_complete && !call->connects)
        code = CURLE_PARTIAL_FILE;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && call->truncated)) {
        call->fn(call->cookie, &reply, NULL);
        return;
    }
    describe(call, code, reply.status, &err);
    call->fn(call->cookie, &reply, &err);
}

/* A connection for another protocol */

int ps_http_connect_fd(const struct ps_http_call *call)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    (void)curl_easy_getinfo(call->easy, CURLINFO_ACTIVESOCKET, &fd);
    return (int)fd;
}

static enum ps_http_io stream_result(CURLcode code, size_t len, bool reading, struct ps_err *err)
{
    if (code == CURLE_AGAIN)
        return PS_HTTP_IO_AGAIN;
    if (code == CURLE_OK && len > 0)
        return PS_HTTP_IO_DONE;
    if (code == CURLE_OK && !reading)
        return PS_HTTP_IO_AGAIN;
    (void)ps_fail(err, PS_FAILURE_NETWORK, (int)code, "%s",
                  code == CURLE_OK ? "the connection was closed" : curl_easy_strerror(code));
    return PS_HTTP_IO_ENDED;
}

enum ps_http_io ps_http_connect_read(struct ps_http_call *call, char *data, size_t size,
                                     size_t *out_len, struct ps_err *err)
{
    CURLcode code;

    *out_len = 0;
    code = curl_easy_recv(call->easy, data, size, out_len);
    return stream_result(code, *out_len, true, err);
}

enum ps_http_io ps_http_connect_write(struct ps_http_call *call, const char *data, size_t size,
                                      size_t *out_len, struct ps_err *err)
{
    CURLcode code;

    *out_len = 0;
    code = curl_easy_send(call->easy, data, size, out_len);
    return stream_result(code, *out_len, false, err);
}
