#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/io/clock.h"
#include "shared/io/http_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

/* What the server does beside writing its text. */
enum act {
    KEEP,   /* the connection stays */
    CLOSE,  /* once the text is out */
    SILENT, /* nothing comes */
    FLOOD,  /* headers without end */
    FILL,   /* a body of 100,000 bytes, with its length */
    GZIP,   /* "hello hello" packed */
    ECHO,   /* the request, as the body */
};

static const struct page {
    const char *path;
    enum act act;
    const char *text;
} pages[] = {
    {"/ok",       KEEP,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: application/pdf\r\n"
      "LAST-MODIFIED:  Mon, 23 Nov 2026 09:00:00 GMT \r\nETag: \"e1\"\r\n\r\nhello"                },
    { "/gone",    KEEP,   "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"                    },
    { "/busy",    KEEP,
     "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"             },
    { "/teapot",  KEEP,   "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"          },
    { "/nothing", KEEP,   "HTTP/1.1 204 No Content\r\n\r\n"                                        },
    { "/hint",    KEEP,
     "HTTP/1.1 103 Early Hints\r\nETag: \"no\"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
      "0\r\n\r\n"                                                                                  },
    { "/r1",      KEEP,
     "HTTP/1.1 302 Found\r\nLocation: /r2\r\nETag: \"r1\"\r\nRetry-After: 9\r\n"
      "Content-Length: 3\r\n\r\nabc"                                                               },
    { "/r2",      KEEP,   "HTTP/1.1 301 Moved\r\nLocation: /ok2\r\nContent-Length: 0\r\n\r\n"      },
    { "/ok2",     KEEP,   "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"                       },
    { "/loop",    KEEP,   "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n"     },
    { "/to-file", KEEP,
     "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"             },
    { "/inside",  KEEP,
     "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:9/\r\nContent-Length: 0\r\n\r\n"            },
    { "/to-bad",  KEEP,   "HTTP/1.1 302 Found\r\nLocation: http://[x/\r\nContent-Length: 0\r\n\r\n"},
    { "/cut",     CLOSE,  "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nonly this"                },
    { "/drop",    CLOSE,  ""                                                                       },
    { "/garbage", CLOSE,  "I am no web server\r\n\r\n"                                             },
    { "/silent",  SILENT, ""                                                                       },
    { "/flood",   FLOOD,  "HTTP/1.1 200 OK\r\n"                                                    },
    { "/fill",    FILL,   "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"                      },
    { "/gzip",    GZIP,   ""                                                                       },
    { "/echo",    ECHO,   ""                                                                       },
};

static const unsigned char gzipped[] = { /* printf 'hello hello' | gzip -n */
                                         0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,
                                         0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x00, 0x91, 0x00,
                                         0x40, 0xa6, 0x2d, 0x01, 0x0b, 0x00, 0x00, 0x00
};

struct fixture {
    struct ps_loop *loop;
    struct ps_http *http;
    struct evconnlistener *events_server;
    uint16_t port;
    int requests, connections;
    struct bufferevent *open[300];
    size_t open_count;
};

struct answer {
    int calls;
    struct ps_http_reply reply; /* texts are copied below */
    bool ok;
    struct ps_err err;
    char body[512], type[64], modified[64], etag[64], retry[64], location[128], url[128];
};

/* The server */

/* Up to the last blank line. */
static size_t head_length(const char *text)
{
    size_t len = 0;

    for (const char *at = text; (at = strstr(at, "\r\n\r\n")) != NULL; at += 4)
        len = (size_t)(at - text) + 4;
    return len;
}

static void serve(struct bufferevent *bev, const struct page *page, const char *request)
{
    struct evbuffer *out = bufferevent_get_output(bev);

    switch (page->act) {
    case SILENT:
        return;
    case FLOOD:
        evbuffer_add(out, page->text, strlen(page->text));
        for (int i = 0; i < 3000; i++)
            evbuffer_add_printf(out, "X-Filler-%d: 0123456789012345678901234567890123456789\r\n",
                                i);
        return;
    case FILL:
        evbuffer_add(out, page->text, strlen(page->text));
        for (int i = 0; i < 10000; i++)
            evbuffer_add(out, "0123456789", 10);
        return;
    case GZIP:
        evbuffer_add_printf(out,
                            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
                            "%zu\r\n\r\n",
                            sizeof(gzipped));
        evbuffer_add(out, gzipped, sizeof(gzipped));
        return;
    case ECHO:
        evbuffer_add_printf(out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                            strlen(request), request);
        return;
    case KEEP:
    case CLOSE:
        evbuffer_add(out, page->text,
                     strncmp(request, "HEAD ", 5) == 0 ? head_length(page->text)
                                                       : strlen(page->text));
        return;
    }
}

static void drop(struct fixture *f, struct bufferevent *bev)
{
    for (size_t i = 0; i < f->open_count; i++) {
        if (f->open[i] == bev)
            f->open[i] = f->open[--f->open_count];
    }
    bufferevent_free(bev);
}

static void on_closing(struct bufferevent *bev, void *cookie)
{
    drop(cookie, bev);
}

static void on_event(struct bufferevent *bev, short what, void *cookie)
{
    (void)what;
    drop(cookie, bev);
}

static size_t body_length(const char *request)
{
    const char *at = strstr(request, "Content-Length: ");

    return at ? strtoul(at + 16, NULL, 10) : 0;
}

static void on_read(struct bufferevent *bev, void *cookie)
{
    struct fixture *f = cookie;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(in);
    char *request = ps_alloc_copy((const char *)evbuffer_pullup(in, -1), len);
    const char *end = strstr(request, "\r\n\r\n"), *path = strchr(request, ' ');
    const struct page *page = NULL;

    if (end && len >= (size_t)(end + 4 - request) + body_length(request)) {
        evbuffer_drain(in, len);
        f->requests++;
        for (size_t i = 0; i < PS_COUNT_OF(pages); i++) {
            if (strncmp(path + 1, pages[i].path, strcspn(path + 1, " ?")) == 0 &&
                strlen(pages[i].path) == strcspn(path + 1, " ?"))
                page = &pages[i];
        }
        assert_non_null(page);
        serve(bev, page, request);
        if (page->act == CLOSE && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
            drop(f, bev);
        else if (page->act == CLOSE)
            bufferevent_setcb(bev, NULL, on_closing, on_event, f);
    }
    free(request);
}

static void on_accept(struct evconnlistener *events_server, evutil_socket_t fd,
                      struct sockaddr *address, int len, void *cookie)
{
    struct fixture *f = cookie;
    struct bufferevent *bev =
        bufferevent_socket_new(ps_loop_base(f->loop), fd, BEV_OPT_CLOSE_ON_FREE);

    (void)events_server;
    (void)address;
    (void)len;
    assert_true(f->open_count < PS_COUNT_OF(f->open));
    f->open[f->open_count++] = bev;
    f->connections++;
    bufferevent_setcb(bev, on_read, NULL, on_event, f);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void open_with(struct fixture *f, const struct ps_http_options *options)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);

    memset(f, 0, sizeof(*f));
    f->loop = ps_loop_create();
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->events_server =
        evconnlistener_new_bind(ps_loop_base(f->loop), on_accept, f, LEV_OPT_CLOSE_ON_FREE, 512,
                                (const struct sockaddr *)&address, sizeof(address));
    assert_non_null(f->events_server);
    assert_int_equal(
        getsockname(evconnlistener_get_fd(f->events_server), (struct sockaddr *)&address, &len), 0);
    f->port = ntohs(address.sin_port);
    f->http = ps_http_create(f->loop, options);
}

static void open_plain(struct fixture *f)
{
    struct ps_http_options options = { .user_agent = "test/1",
                                       .http2 = true,
                                       .allow_private = true };

    open_with(f, &options);
}

static void done(struct fixture *f)
{
    ps_http_destroy(f->http);
    while (f->open_count > 0)
        drop(f, f->open[0]);
    evconnlistener_free(f->events_server);
    ps_loop_destroy(f->loop);
}

/* The asking */

static void keep(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text ? text : "-");
}

static void on_reply(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct answer *answer = cookie;

    answer->calls++;
    answer->reply = *reply;
    answer->ok = !err;
    if (err)
        answer->err = *err;
    keep(answer->body, sizeof(answer->body), reply->body);
    keep(answer->type, sizeof(answer->type), reply->content_type);
    keep(answer->modified, sizeof(answer->modified), reply->last_modified);
    keep(answer->etag, sizeof(answer->etag), reply->etag);
    keep(answer->retry, sizeof(answer->retry), reply->retry_after);
    keep(answer->location, sizeof(answer->location), reply->location);
    keep(answer->url, sizeof(answer->url), reply->effective_url);
}

static struct ps_http_call *send_to(struct fixture *f, struct ps_http_request request,
                                    const char *path, struct answer *answer)
{
    char *url = path[0] == '/' ? ps_alloc_format("http://127.0.0.1:%u%s", (unsigned)f->port, path)
                               : ps_alloc_text(path);
    struct ps_http_call *call;
    struct ps_err err;

    memset(answer, 0, sizeof(*answer));
    request.url = url;
    if (request.timeout_ms == 0)
        request.timeout_ms = 5000;
    call = ps_http_send(f->http, &request, on_reply, answer, &err);
    if (!call)
        fail_msg("%s", err.what);
    assert_int_equal(answer->calls, 0); /* never before send returned */
    free(url);
    return call;
}

static void wait_for(struct fixture *f, const int *value, int least)
{
    int64_t end = ps_clock_mono_ms() + PATIENCE_MS;

    while (*value < least && ps_clock_mono_ms() < end)
        assert_true(event_base_loop(ps_loop_base(f->loop), EVLOOP_ONCE) >= 0);
    assert_true(*value >= least);
}

static void run_ms(struct fixture *f, int64_t ms)
{
    int64_t end = ps_clock_mono_ms() + ms;

    while (ps_clock_mono_ms() < end)
        assert_true(event_base_loop(ps_loop_base(f->loop), EVLOOP_ONCE) >= 0);
}

static void ask(struct fixture *f, struct ps_http_request request, const char *path,
                struct answer *answer)
{
    (void)send_to(f, request, path, answer);
    wait_for(f, &answer->calls, 1);
    assert_int_equal(answer->calls, 1);
}

static const struct ps_http_request get = { .method = PS_HTTP_GET, .max_body = 4096 };
static const struct ps_http_request head = { .method = PS_HTTP_HEAD };

static void an_answer_is_no_error_whatever_its_status(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        {"/ok",       200},
        { "/gone",    404},
        { "/busy",    429},
        { "/teapot",  503},
        { "/nothing", 204},
        { "/hint",    200}
    };
    struct fixture f;
    struct answer answer;

    (void)state;
    open_plain(&f);
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        ask(&f, head, cases[i].path, &answer);
        if (!answer.ok)
            fail_msg("HEAD %s: %s", cases[i].path, answer.err.what);
        assert_int_equal(answer.reply.status, cases[i].status);
        ask(&f, get, cases[i].path, &answer);
        if (!answer.ok)
            fail_msg("%s: %s", cases[i].path, answer.err.what);
        assert_int_equal(answer.reply.status, cases[i].status);
    }
    assert_int_equal(f.connections, 1);
    assert_int_equal(ps_http_connections_opened(f.http), 1);
    done(&f);
}

static void headers_and_body_are_given(void **state)
{
    struct fixture f;
    struct answer answer;

    (void)state;
    open_plain(&f);
    ask(&f, get, "/ok", &answer);
    assert_string_equal(answer.body, "hello");
    assert_int_equal(answer.reply.body_len, 5);
    assert_int_equal(answer.reply.content_length, 5);
    assert_string_equal(answer.type, "application/pdf");
    assert_string_equal(answer.modified, "Mon, 23 Nov 2026 09:00:00 GMT");
    assert_string_equal(answer.etag, "\"e1\"");
    assert_string_equal(answer.retry, "-");
    assert_int_equal(answer.reply.http_version, 11);
    assert_int_equal(answer.reply.redirects, 0);
    ask(&f, head, "/ok", &answer);
    assert_int_equal(answer.reply.content_length, 5);
    assert_int_equal(answer.reply.body_len, 0);
    ask(&f, head, "/busy", &answer);
    assert_string_equal(answer.retry, "120");
    assert_string_equal(answer.etag, "-"); /* nothing is left of the answer before */
    ask(&f, get, "/hint", &answer);
    assert_string_equal(answer.etag, "-"); /* that was the hint's */
    done(&f);
}

static void methods_bodies_and_headers_are_sent(void **state)
{
    const char *const headers[] = { "X-One: 1", "If-None-Match: \"e1\"", NULL };
    struct ps_http_request post = {
        .method = PS_HTTP_POST, .headers = headers, .body = "a\0b", .body_len = 3, .max_body = 4096
    };
    struct fixture f;
    struct answer answer;

    (void)state;
    open_plain(&f);
    ask(&f, post, "/echo", &answer);
    assert_int_equal(strncmp(answer.body, "POST /echo HTTP/1.1\r\n", 21), 0);
    assert_non_null(strstr(answer.body, "User-Agent: test/1\r\n"));
    assert_non_null(strstr(answer.body, "X-One: 1\r\n"));
    assert_non_null(strstr(answer.body, "If-None-Match: \"e1\"\r\n"));
    assert_non_null(strstr(answer.body, "Content-Length: 3\r\n"));
    ask(&f, get, "/echo", &answer); /* on the same handle: nothing of the POST is left */
    assert_int_equal(strncmp(answer.body, "GET /echo HTTP/1.1\r\n", 20), 0);
    assert_null(strstr(answer.body, "X-One"));
    assert_null(strstr(answer.body, "Content-Length"));
    assert_null(strstr(answer.body, "Accept-Encoding"));
    done(&f);
}

static void a_post_whose_answer_is_lost_does_not_leave_twice(void **state)
{
    const struct ps_http_request post = {
        .method = PS_HTTP_POST, .body = "once", .body_len = 4, .max_body = 4096
    };
    struct fixture f;
    struct answer answer;

    (void)state;
    open_plain(&f);
    ask(&f, post, "/ok", &answer);
    assert_true(answer.ok);
    ask(&f, post, "/drop", &answer); /* on the same connection, as curl's own second try needs */
    assert_false(answer.ok);
    assert_true(answer.reply.sent);
    assert_int_equal(f.requests, 2);
    ask(&f, post, "http://127.0.0.1:1/", &answer);
    assert_false(answer.ok);
    assert_false(answer.reply.sent);
    done(&f);
}

static void redirects_are_followed_as_set(void **state)
{
    struct ps_http_request request = get;
    struct fixture f;
    struct answer answer;
    char want[64];

    (void)state;
    open_plain(&f);
    ask(&f, request, "/r1", &answer); /* none followed */
    assert_true(answer.ok);
    assert_int_equal(answer.reply.status, 302);
    assert_string_equal(answer.location, "/r2");
    request.max_redirects = 2;
    ask(&f, request, "/r1", &answer);
    assert_true(answer.ok);
    assert_int_equal(answer.reply.status, 200);
    assert_int_equal(answer.reply.redirects, 2);
    assert_string_equal(answer.body, "done");
    (void)snprintf(want, sizeof(want), "http://127.0.0.1:%u/ok2", (unsigned)f.port);
    assert_string_equal(answer.url, want);
    assert_string_equal(answer.etag, "-"); /* headers are of the last answer */
    assert_string_equal(answer.location, "-");
    assert_string_equal(answer.retry, "-");
    request.max_redirects = 1;
    ask(&f, request, "/r1", &answer);
    assert_false(answer.ok);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK);
    assert_int_equal(answer.err.code, CURLE_TOO_MANY_REDIRECTS);
    request.max_redirects = 5;
    ask(&f, request, "/loop", &answer);
    assert_int_equal(answer.err.code, CURLE_TOO_MANY_REDIRECTS);
    ask(&f, request, "/to-file", &answer);
    assert_false(answer.ok);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK); /* the other side's doing */
    ask(&f, request, "/to-bad", &answer);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK);
    done(&f);
}

static void transport_faults_are_network(void **state)
{
    static const char *const paths[] = { "/cut", "/drop", "/garbage", "http://127.0.0.1:1/" };
    struct fixture f;
    struct answer answer;

    (void)state;
    open_plain(&f);
    for (size_t i = 0; i < PS_COUNT_OF(paths); i++) {
        ask(&f, get, paths[i], &answer);
        if (answer.ok || answer.err.category != PS_FAILURE_NETWORK || answer.err.code == 0)
            fail_msg("%s: ok %d, %s", paths[i], answer.ok, answer.err.what);
    }
    ask(&f, get, "/cut", &answer);
    assert_int_equal(answer.reply.status, 200); /* what came before */
    assert_string_equal(answer.body, "only this");
    done(&f);
}

static void bad_requests_are_configuration(void **state)
{
    static const char *const urls[] = { "ftp://127.0.0.1/x", "file:///etc/passwd", "http://[x/",
                                        "nonsense:", "http://" };
    const char *const headers[] = { "X-One: 1\r\nX-Two: 2", NULL };
    struct ps_http_request request = get;
    struct fixture f;
    struct answer answer;
    struct ps_err err;

    (void)state;
    open_plain(&f);
    for (size_t i = 0; i < PS_COUNT_OF(urls); i++) {
        ask(&f, get, urls[i], &answer);
        if (answer.ok || answer.err.category != PS_FAILURE_CONFIGURATION)
            fail_msg("%s: %s", urls[i], answer.err.what);
    }
    request.url = "http://127.0.0.1/";
    request.headers = headers;
    request.timeout_ms = 1000;
    assert_null(ps_http_send(f.http, &request, on_reply, &answer, &err));
    assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
    done(&f);
}

static void silence_times_out(void **state)
{
    struct ps_http_request request = get;
    struct fixture f;
    struct answer answer;
    int64_t start = ps_clock_mono_ms();

    (void)state;
    request.timeout_ms = 300;
    open_plain(&f);
    ask(&f, request, "/silent", &answer);
    assert_int_equal(answer.err.category, PS_FAILURE_TIMEOUT);
    assert_int_equal(answer.err.code, CURLE_OPERATION_TIMEDOUT);
    assert_in_range(ps_clock_mono_ms() - start, 290, 1500);
    assert_int_equal(answer.reply.status, 0);
    ask(&f, get, "/ok", &answer);
    assert_true(answer.ok);
    done(&f);
}

/* With HTTP/2 wanted, the connections of a row of timeouts are left to themselves. */
static void after_many_timeouts_things_go_on(void **state)
{
    struct ps_http_request request = get;
    struct answer answers[30], last;
    struct fixture f;

    (void)state;
    request.timeout_ms = 200;
    open_plain(&f);
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++)
        (void)send_to(&f, request, "/silent", &answers[i]);
    request.timeout_ms = 800;
    (void)send_to(&f, request, "/silent", &last);
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++) {
        wait_for(&f, &answers[i].calls, 1);
        assert_int_equal(answers[i].err.category, PS_FAILURE_TIMEOUT);
    }
    ask(&f, get, "/ok", &answers[0]);
    assert_true(answers[0].ok);
    assert_int_equal(last.calls, 0); /* still waits on what was retired */
    wait_for(&f, &last.calls, 1);
    assert_int_equal(last.err.category, PS_FAILURE_TIMEOUT);
    done(&f);
}

static void a_body_is_capped_or_cut(void **state)
{
    struct ps_http_request request = get;
    struct fixture f;
    struct answer answer;

    (void)state;
    open_plain(&f);
    request.max_body = 100000;
    ask(&f, request, "/fill", &answer);
    assert_true(answer.ok);
    assert_int_equal(answer.reply.body_len, 100000);
    request.max_body = 99999;
    ask(&f, request, "/fill", &answer);
    assert_false(answer.ok);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK);
    assert_non_null(strstr(answer.err.what, "99999"));
    request.truncate_body = true;
    request.max_body = 300;
    ask(&f, request, "/fill", &answer);
    assert_true(answer.ok);
    assert_int_equal(answer.reply.status, 200);
    assert_int_equal(answer.reply.body_len, 300);
    assert_int_equal(strncmp(answer.body + 290, "0123456789", 10), 0);
    done(&f);
}

static void a_flood_of_headers_is_refused(void **state)
{
    struct fixture f;
    struct answer answer;

    (void)state;
    open_plain(&f);
    ask(&f, head, "/flood", &answer);
    assert_false(answer.ok);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK);
    assert_non_null(strstr(answer.err.what, "headers"));
    ask(&f, head, "/ok", &answer);
    assert_true(answer.ok);
    done(&f);
}

static void gzip_is_unpacked_and_the_cap_is_after(void **state)
{
    struct ps_http_request request = get;
    struct fixture f;
    struct answer answer;

    (void)state;
    open_plain(&f);
    request.accept_encoding = true;
    ask(&f, request, "/gzip", &answer);
    assert_true(answer.ok);
    assert_string_equal(answer.body, "hello hello");
    request.max_body = 10;
    ask(&f, request, "/gzip", &answer);
    assert_false(answer.ok);
    assert_non_null(strstr(answer.err.what, "longer than 10"));
    request.max_body = 4096;
    ask(&f, request, "/echo", &answer);
    assert_non_null(strstr(answer.body, "Accept-Encoding: gzip\r\n"));
    ask(&f, get, "/echo", &answer);
    assert_null(strstr(answer.body, "Accept-Encoding"));
    done(&f);
}

static void private_addresses_are_refused(void **state)
{
    static const char *const hosts[] = { "127.0.0.1",       "localhost",
                                         "[::1]",           "10.0.0.1",
                                         "169.254.169.254", "[::ffff:127.0.0.1]",
                                         "2130706433",      "0" };
    struct ps_http_options options = { .user_agent = "test/1" };
    struct fixture f;
    struct answer answer;

    (void)state;
    open_with(&f, &options);
    for (size_t i = 0; i < PS_COUNT_OF(hosts); i++) {
        char *url = ps_alloc_format("http://%s:%u/ok", hosts[i], (unsigned)f.port);

        ask(&f, get, url, &answer);
        if (answer.ok || answer.err.category != PS_FAILURE_CONFIGURATION ||
            !strstr(answer.err.what, "is private; ALLOW_PRIVATE_UPSTREAMS=true allows it"))
            fail_msg("%s: %s", url, answer.err.what);
        free(url);
    }
    assert_int_equal(f.connections, 0);
    assert_int_equal(ps_http_connections_opened(f.http), 0);
    done(&f);
}

/* The operator may name a private host; its answers may not lead to another one. */
static void a_redirect_into_the_network_is_refused(void **state)
{
    struct ps_http_options options = { .user_agent = "test/1", .allow_private_named = true };
    struct ps_http_request request = get;
    struct fixture f;
    struct answer answer;

    (void)state;
    request.max_redirects = 5;
    open_with(&f, &options);
    ask(&f, request, "/r1", &answer); /* to the same host and port */
    assert_true(answer.ok);
    ask(&f, request, "/inside", &answer);
    assert_false(answer.ok);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK);
    assert_non_null(strstr(answer.err.what, "redirect leads to the private address 127.0.0.2"));
    done(&f);
}

static void a_cancelled_call_is_silent(void **state)
{
    struct answer first, second, third;
    struct ps_http_call *call;
    struct fixture f;

    (void)state;
    open_plain(&f);
    ps_http_cancel(NULL);
    ps_http_cancel(send_to(&f, get, "/ok", &first)); /* before anything happened */
    call = send_to(&f, get, "/silent", &second);
    wait_for(&f, &f.requests, 1);
    ps_http_cancel(call);
    ask(&f, get, "/ok", &third);
    run_ms(&f, 300);
    assert_int_equal(first.calls, 0);
    assert_int_equal(second.calls, 0);
    assert_true(third.ok);
    done(&f);
}

struct chain {
    struct fixture *f;
    struct ps_http_call *other;
    struct answer other_answer;
    int left, calls;
};

static void on_link(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct chain *chain = cookie;
    char url[64];
    struct ps_http_request request = { .method = PS_HTTP_HEAD, .url = url, .timeout_ms = 5000 };
    struct ps_http_call *call;

    assert_null(err);
    assert_int_equal(reply->status, 204);
    chain->calls++;
    ps_http_cancel(chain->other);
    chain->other = NULL;
    if (--chain->left == 0)
        return;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/nothing", (unsigned)chain->f->port);
    call = ps_http_send(chain->f->http, &request, on_link, chain, NULL);
    assert_non_null(call);
    if (chain->left % 3 == 0)
        chain->other = send_to(chain->f, get, "/silent", &chain->other_answer);
    if (chain->left % 7 == 0) /* cancelled in the callback that sent it */
        ps_http_cancel(send_to(chain->f, get, "/ok", &chain->other_answer));
}

static void callbacks_may_send_and_cancel(void **state)
{
    struct fixture f;
    struct chain chain = { .f = &f, .left = 101 };
    struct ps_http_reply reply = { .status = 204 };

    (void)state;
    open_plain(&f);
    on_link(&chain, &reply, NULL);
    wait_for(&f, &chain.calls, 101);
    assert_int_equal(chain.other_answer.calls, 0);
    ps_http_cancel(chain.other);
    done(&f);
}

static void destroying_cancels_what_runs(void **state)
{
    struct answer answers[20];
    struct fixture f;

    (void)state;
    open_plain(&f);
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++)
        (void)send_to(&f, get, i % 2 ? "/silent" : "/ok", &answers[i]);
    wait_for(&f, &f.requests, 10);
    done(&f);
    for (size_t i = 1; i < PS_COUNT_OF(answers); i += 2)
        assert_int_equal(answers[i].calls, 0);
}

/* A server whose queue is full takes nothing more: who connects waits. */
static uint16_t open_full(int *events_server, int *first)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *events_server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(*events_server, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(*events_server, 0), 0);
    assert_int_equal(getsockname(*events_server, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(connect(*first, (const struct sockaddr *)&address, len), 0);
    return ntohs(address.sin_port);
}

/* A socket that never was a connection, curl closes without a word. LeakSanitizer counts. */
static void what_still_connects_is_forgotten(void **state)
{
    struct answer cancelled, late, answer;
    int events_server, first;
    struct fixture f;
    char url[64];

    (void)state;
    open_plain(&f);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/",
                   (unsigned)open_full(&events_server, &first));
    for (int i = 0; i < 3; i++) {
        struct ps_http_call *call = send_to(&f, get, url, &cancelled);

        run_ms(&f, 20);
        ps_http_cancel(call);
        ask(&f, get, "/ok", &answer); /* may be given the same number */
        assert_true(answer.ok);
    }
    (void)send_to(&f, get, url, &late);
    run_ms(&f, 20);
    done(&f);
    assert_int_equal(late.calls, 0);
    close(first);
    close(events_server);
}

static void connections_to_a_host_are_limited(void **state)
{
    struct ps_http_options options = { .user_agent = "t",
                                       .allow_private = true,
                                       .max_connections = 5 };
    struct answer answers[200];
    struct fixture f;

    (void)state;
    open_with(&f, &options);
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++)
        (void)send_to(&f, head, "/nothing", &answers[i]);
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++) {
        wait_for(&f, &answers[i].calls, 1);
        assert_true(answers[i].ok);
    }
    assert_in_range(f.connections, 1, 5);
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_no_error_whatever_its_status),
        cmocka_unit_test(headers_and_body_are_given),
        cmocka_unit_test(methods_bodies_and_headers_are_sent),
        cmocka_unit_test(a_post_whose_answer_is_lost_does_not_leave_twice),
        cmocka_unit_test(redirects_are_followed_as_set),
        cmocka_unit_test(transport_faults_are_network),
        cmocka_unit_test(bad_requests_are_configuration),
        cmocka_unit_test(silence_times_out),
        cmocka_unit_test(after_many_timeouts_things_go_on),
        cmocka_unit_test(a_body_is_capped_or_cut),
        cmocka_unit_test(a_flood_of_headers_is_refused),
        cmocka_unit_test(gzip_is_unpacked_and_the_cap_is_after),
        cmocka_unit_test(private_addresses_are_refused),
        cmocka_unit_test(a_redirect_into_the_network_is_refused),
        cmocka_unit_test(a_cancelled_call_is_silent),
        cmocka_unit_test(callbacks_may_send_and_cancel),
        cmocka_unit_test(destroying_cancels_what_runs),
        cmocka_unit_test(what_still_connects_is_forgotten),
        cmocka_unit_test(connections_to_a_host_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
