#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/http_server.h"
#include "tests/support/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 5000 };

struct fixture {
    struct ps_loop *loop;
    struct ps_http_server *server;
    struct ps_http_exchange *kept;
    char seen[256];
};

static void on_hello(void *cookie, struct ps_http_exchange *exchange)
{
    struct fixture *f = cookie;
    const char *query = ps_http_query(exchange), *header = ps_http_header(exchange, "x-test");

    (void)snprintf(f->seen, sizeof(f->seen), "%s|%s", query ? query : "-", header ? header : "-");
    ps_http_respond(exchange, 200, "text/plain", "hello", 5);
}

static void on_echo(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_str body = ps_http_body(exchange);

    (void)cookie;
    ps_http_respond(exchange, 202, "text/plain", body.data, body.len);
}

static void on_keep(void *cookie, struct ps_http_exchange *exchange)
{
    struct fixture *f = cookie;

    f->kept = exchange;
}

static void open_with(struct fixture *f, const struct ps_http_server_options *options)
{
    struct ps_err err;

    memset(f, 0, sizeof(*f));
    f->loop = ps_loop_create();
    f->server = ps_http_server_create(f->loop, options, &err);
    if (!f->server)
        fail_msg("%s", err.what);
    ps_http_server_route(f->server, "/hello", PS_HTTP_SERVER_GET, on_hello, f);
    ps_http_server_route(f->server, "/echo", PS_HTTP_SERVER_POST, on_echo, f);
    ps_http_server_route(f->server, "/keep", PS_HTTP_SERVER_GET, on_keep, f);
}

static void open_plain(struct fixture *f)
{
    struct ps_http_server_options options = { .host = "127.0.0.1" };

    open_with(f, &options);
}

static void done(struct fixture *f)
{
    ps_http_server_destroy(f->server);
    ps_loop_destroy(f->loop);
}

static void connect_to(struct fixture *f, struct ps_test_raw *raw)
{
    ps_test_raw_open(raw, f->loop, ps_http_server_port(f->server));
}

static void a_route_answers_and_keeps_the_connection(void **state)
{
    struct fixture f;
    struct ps_test_raw raw;

    (void)state;
    open_plain(&f);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "GET /hello?a=1&b=%20 HTTP/1.1\r\nHost: x\r\nX-Test: yes\r\n\r\n");
    assert_true(ps_test_raw_until(&raw, "\r\n\r\nhello", 1, PATIENCE_MS));
    assert_non_null(strstr(raw.text, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(raw.text, "Cache-Control: no-store"));
    assert_non_null(strstr(raw.text, "X-Content-Type-Options: nosniff"));
    assert_non_null(strstr(raw.text, "Content-Length: 5"));
    assert_string_equal(f.seen, "a=1&b=%20|yes");
    ps_test_raw_text(&raw, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(ps_test_raw_until(&raw, "\r\n\r\nhello", 2, PATIENCE_MS));
    assert_string_equal(f.seen, "-|-");
    ps_test_raw_close(&raw);
    done(&f);
}

static void head_is_get_without_a_body(void **state)
{
    struct fixture f;
    struct ps_test_raw raw;

    (void)state;
    open_plain(&f);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_true(ps_test_raw_until_closed(&raw, PATIENCE_MS));
    assert_non_null(strstr(raw.text, "200 OK"));
    assert_non_null(strstr(raw.text, "Content-Length: 5"));
    assert_null(strstr(raw.text, "hello"));
    ps_test_raw_close(&raw);
    done(&f);
}

static void requests_that_have_no_answer(void **state)
{
    static const struct {
        const char *request, *status, *also;
    } cases[] = {
        {"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n",                         "404 ", "no-store"       },
        { "GET /hello/ HTTP/1.1\r\nHost: x\r\n\r\n",                      "404 ", ""               },
        { "POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405 ",
         "Allow: GET, HEAD\r\n"                                                                    },
        { "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n",                        "405 ", "Allow: POST\r\n"},
        { "DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n",                    "405 ", "nosniff"        },
        { "GET http://x/nope HTTP/1.1\r\nHost: x\r\n\r\n",                "404 ", ""               },
        { "GET\r\n\r\n",                                                  "400 ", ""               },
    };
    struct fixture f;

    (void)state;
    open_plain(&f);
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct ps_test_raw raw;

        connect_to(&f, &raw);
        ps_test_raw_text(&raw, cases[i].request);
        if (!ps_test_raw_until(&raw, cases[i].status, 1, PATIENCE_MS) ||
            !strstr(raw.text, cases[i].also))
            fail_msg("%s answered %s", cases[i].request, raw.text);
        ps_test_raw_close(&raw);
    }
    done(&f);
}

static void a_body_is_given_and_capped(void **state)
{
    struct ps_http_server_options options = { .host = "127.0.0.1", .max_body = 1000 };
    char *big = ps_alloc(2001), *request;
    struct fixture f;
    struct ps_test_raw raw;

    (void)state;
    memset(big, 'b', 2000);
    big[2000] = '\0';
    open_with(&f, &options);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    assert_true(ps_test_raw_until(&raw, "\r\n\r\nbody", 1, PATIENCE_MS));
    ps_test_raw_close(&raw);

    request =
        ps_alloc_format("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n%s", big);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, request);
    assert_true(ps_test_raw_until_closed(&raw, PATIENCE_MS));
    assert_null(strstr(raw.text, "202 Accepted"));
    ps_test_raw_close(&raw);
    free(request);

    request = ps_alloc_format("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "7d0\r\n%s\r\n0\r\n\r\n",
                              big);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, request);
    assert_true(ps_test_raw_until_closed(&raw, PATIENCE_MS));
    assert_null(strstr(raw.text, "202 Accepted"));
    ps_test_raw_close(&raw);
    free(request);
    free(big);
    done(&f);
}

static void headers_are_capped(void **state)
{
    struct fixture f;
    struct ps_test_raw raw;

    (void)state;
    open_plain(&f);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "GET /hello HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 600 && !raw.closed; i++)
        ps_test_raw_text(&raw, "X-Filler: 0123456789012345678901234567890123456789\r\n");
    ps_test_raw_text(&raw, "\r\n");
    assert_true(ps_test_raw_until_closed(&raw, PATIENCE_MS));
    assert_null(strstr(raw.text, "hello"));
    ps_test_raw_close(&raw);
    done(&f);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture f;
    struct ps_test_raw raw;

    (void)state;
    open_plain(&f);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw,
                     "GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\n\r\n"
                     "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nthird");
    assert_true(ps_test_raw_until(&raw, "\r\n\r\nthird", 1, PATIENCE_MS));
    assert_true(strstr(raw.text, "200 OK") < strstr(raw.text, "404 "));
    assert_true(strstr(raw.text, "404 ") < strstr(raw.text, "202 "));
    ps_test_raw_close(&raw);
    done(&f);
}

static void idle_connections_do_not_keep_others_out(void **state)
{
    struct ps_test_raw idle[200], raw;
    struct fixture f;
    int64_t start;

    (void)state;
    open_plain(&f);
    for (size_t i = 0; i < PS_COUNT_OF(idle); i++) {
        connect_to(&f, &idle[i]);
        ps_test_turn(f.loop); /* a backlog's worth at a time */
    }
    for (int i = 0; i < 20; i++)
        ps_test_turn(f.loop);
    connect_to(&f, &raw);
    start = ps_clock_mono_ms();
    ps_test_raw_text(&raw, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(ps_test_raw_until(&raw, "\r\n\r\nhello", 1, PATIENCE_MS));
    assert_true(ps_clock_mono_ms() - start < 100);
    ps_test_raw_close(&raw);
    for (size_t i = 0; i < PS_COUNT_OF(idle); i++) {
        assert_false(idle[i].closed);
        ps_test_raw_close(&idle[i]);
    }
    done(&f);
}

static void at_the_cap_the_longest_idle_makes_room(void **state)
{
    struct ps_http_server_options options = { .host = "127.0.0.1", .max_connections = 4 };
    struct ps_test_raw idle[12], raw;
    struct fixture f;
    int open_ones = 0;

    (void)state;
    open_with(&f, &options);
    for (size_t i = 0; i < PS_COUNT_OF(idle); i++) {
        connect_to(&f, &idle[i]);
        for (int turn = 0; turn < 4; turn++)
            ps_test_turn(f.loop);
    }
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(ps_test_raw_until(&raw, "\r\n\r\nhello", 1, PATIENCE_MS));
    for (size_t i = 0; i < PS_COUNT_OF(idle); i++) {
        (void)ps_test_raw_until_closed(&idle[i], 20);
        open_ones += !idle[i].closed;
    }
    assert_in_range(open_ones, 3, 4); /* the cap, and one that was let in at it */
    assert_true(idle[0].closed);
    for (size_t i = 0; i < PS_COUNT_OF(idle); i++)
        ps_test_raw_close(&idle[i]);
    ps_test_raw_close(&raw);
    done(&f);
}

/* 64 silent connections in one burst, at a cap of 8, around one that asks. */
static void a_burst_of_silent_connections_does_not_cut_off_a_request(void **state)
{
    struct ps_http_server_options options = { .host = "127.0.0.1", .max_connections = 8 };
    struct ps_test_raw idle[64], raw;
    struct fixture f;

    (void)state;
    open_with(&f, &options);
    for (size_t i = 0; i < PS_COUNT_OF(idle); i++) {
        connect_to(&f, &idle[i]);
        if (i % 2 == 0)
            ps_test_raw_text(&idle[i], "GET /hello HTTP/1.1\r\nX-A: b\r\n");
        if (i == PS_COUNT_OF(idle) / 2) {
            connect_to(&f, &raw);
            ps_test_raw_text(&raw, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
        }
    }
    assert_true(ps_test_raw_until(&raw, "\r\n\r\nhello", 1, PATIENCE_MS));
    for (size_t i = 0; i < PS_COUNT_OF(idle); i++)
        ps_test_raw_close(&idle[i]);
    ps_test_raw_close(&raw);
    done(&f);
}

static void a_page_of_a_stranger_cannot_read_a_local_port(void **state)
{
    struct ps_http_server_options options = { .host = "127.0.0.1",
                                              .check_host = true,
                                              .host_names = "papers.example" };
    static const struct {
        const char *host, *status;
    } cases[] = {
        {"evil.example:8080", "403 "},
        { "localhost:8080",   "200 "},
        { "127.0.0.1",        "200 "},
        { "papers.example",   "200 "},
    };
    struct fixture f;

    (void)state;
    open_with(&f, &options);
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        char *request = ps_alloc_format("GET /hello HTTP/1.1\r\nHost: %s\r\n\r\n", cases[i].host);
        struct ps_test_raw raw;

        connect_to(&f, &raw);
        ps_test_raw_text(&raw, request);
        if (!ps_test_raw_until(&raw, cases[i].status, 1, PATIENCE_MS))
            fail_msg("Host: %s was answered %s", cases[i].host, raw.text);
        ps_test_raw_close(&raw);
        free(request);
    }
    done(&f);
}

static void when_all_are_busy_the_next_waits(void **state)
{
    struct ps_http_server_options options = { .host = "127.0.0.1", .max_connections = 1 };
    struct ps_test_raw busy, next[3];
    struct fixture f;
    int open_ones = 0;

    (void)state;
    open_with(&f, &options);
    connect_to(&f, &busy);
    ps_test_raw_text(&busy, "GET /keep HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    while (!f.kept)
        ps_test_turn(f.loop);
    for (size_t i = 0; i < PS_COUNT_OF(next); i++) {
        connect_to(&f, &next[i]);
        ps_test_raw_text(&next[i], "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    ps_http_respond(f.kept, 200, "text/plain", "late", 4);
    assert_true(ps_test_raw_until(&busy, "\r\n\r\nlate", 1, PATIENCE_MS));
    for (size_t i = 0; i < PS_COUNT_OF(next); i++) {
        open_ones += ps_test_raw_until(&next[i], "\r\n\r\nhello", 1, PATIENCE_MS);
        ps_test_raw_close(&next[i]);
    }
    assert_int_equal(open_ones, 3);
    ps_test_raw_close(&busy);
    done(&f);
}

static void a_silent_client_is_closed(void **state)
{
    struct ps_http_server_options options = { .host = "127.0.0.1", .timeout_seconds = 1 };
    struct ps_test_raw raw;
    struct fixture f;

    (void)state;
    open_with(&f, &options);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "GET /hello HTT");
    assert_true(ps_test_raw_until_closed(&raw, 4000));
    ps_test_raw_close(&raw);
    done(&f);
}

/* Each byte resets the silence timeout. */
static void a_client_that_trickles_is_closed(void **state)
{
    struct ps_http_server_options options = { .host = "127.0.0.1", .timeout_seconds = 1 };
    struct ps_test_raw raw;
    struct fixture f;
    int64_t start = ps_clock_mono_ms();

    (void)state;
    open_with(&f, &options);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "GET /hello HTTP/1.1\r\nX-Slow: ");
    while (!ps_test_raw_until_closed(&raw, 200) && ps_clock_mono_ms() - start < 8000)
        ps_test_raw_text(&raw, "z");
    assert_true(raw.closed);
    assert_true(ps_clock_mono_ms() - start < 6000);
    ps_test_raw_close(&raw);
    done(&f);
}

static void a_kept_exchange_is_answered_later(void **state)
{
    struct ps_test_raw raw;
    struct fixture f;

    (void)state;
    open_plain(&f);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!f.kept)
        ps_test_turn(f.loop);
    assert_false(ps_test_raw_until(&raw, "HTTP", 1, 100));
    ps_http_respond(f.kept, 200, "text/plain", "late", 4);
    assert_true(ps_test_raw_until(&raw, "\r\n\r\nlate", 1, PATIENCE_MS));
    ps_test_raw_close(&raw);
    done(&f);
}

static void a_late_answer_to_a_dead_client_harms_nobody(void **state)
{
    struct ps_test_raw raw;
    struct fixture f;

    (void)state;
    open_plain(&f);
    for (int i = 0; i < 3; i++) {
        f.kept = NULL;
        connect_to(&f, &raw);
        ps_test_raw_text(&raw, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
        while (!f.kept)
            ps_test_turn(f.loop);
        ps_test_raw_close(&raw);
        for (int turn = 0; turn < 50 * i; turn++)
            ps_test_turn(f.loop);
        ps_http_respond(f.kept, 200, "text/plain", "late", 4);
        for (int turn = 0; turn < 20; turn++)
            ps_test_turn(f.loop);
    }
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(ps_test_raw_until(&raw, "\r\n\r\nhello", 1, PATIENCE_MS));
    ps_test_raw_close(&raw);
    done(&f);
}

static void an_exchange_outlives_its_server(void **state)
{
    struct ps_test_raw raw;
    struct fixture f;

    (void)state;
    open_plain(&f);
    connect_to(&f, &raw);
    ps_test_raw_text(&raw, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!f.kept)
        ps_test_turn(f.loop);
    ps_http_server_destroy(f.server);
    assert_null(ps_http_header(f.kept, "Host"));
    assert_null(ps_http_query(f.kept));
    assert_int_equal(ps_http_body(f.kept).len, 0);
    ps_http_respond(f.kept, 200, "text/plain", "late", 4);
    ps_test_raw_close(&raw);
    ps_loop_destroy(f.loop);
}

static void a_port_in_use_is_reported(void **state)
{
    struct ps_http_server_options options = { .host = "127.0.0.1" };
    struct ps_err err = { 0 };
    struct fixture f;
    char want[32];

    (void)state;
    open_plain(&f);
    options.port = ps_http_server_port(f.server);
    assert_null(ps_http_server_create(f.loop, &options, &err));
    assert_int_equal(err.category, PS_FAILURE_CONFIGURATION);
    (void)snprintf(want, sizeof(want), "127.0.0.1:%u: ", (unsigned)options.port);
    assert_non_null(strstr(err.what, want));
    assert_non_null(strstr(err.what, "in use"));
    options.host = "no host";
    assert_null(ps_http_server_create(f.loop, &options, &err));
    assert_non_null(strstr(err.what, "no host"));
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_answers_and_keeps_the_connection),
        cmocka_unit_test(head_is_get_without_a_body),
        cmocka_unit_test(requests_that_have_no_answer),
        cmocka_unit_test(a_body_is_given_and_capped),
        cmocka_unit_test(headers_are_capped),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(idle_connections_do_not_keep_others_out),
        cmocka_unit_test(at_the_cap_the_longest_idle_makes_room),
        cmocka_unit_test(a_burst_of_silent_connections_does_not_cut_off_a_request),
        cmocka_unit_test(a_page_of_a_stranger_cannot_read_a_local_port),
        cmocka_unit_test(when_all_are_busy_the_next_waits),
        cmocka_unit_test(a_silent_client_is_closed),
        cmocka_unit_test(a_client_that_trickles_is_closed),
        cmocka_unit_test(a_kept_exchange_is_answered_later),
        cmocka_unit_test(a_late_answer_to_a_dead_client_harms_nobody),
        cmocka_unit_test(an_exchange_outlives_its_server),
        cmocka_unit_test(a_port_in_use_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
