#include "shared/core/alloc.h"
#include "shared/io/http_stream.h"
#include "tests/support/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, TIMEOUT_S = 1, BLOCK = 64 * 1024 };

struct fixture {
    struct ps_loop *loop;
    struct ps_http_server *server;
    struct ps_http_stream *last;
    int started, gone;
};

static void on_gone(void *cookie)
{
    struct fixture *f = cookie;

    f->gone++;
    f->last = NULL;
}

static void on_listen(void *cookie, struct ps_http_exchange *exchange)
{
    struct fixture *f = cookie;
    struct ps_http_stream *stream = ps_http_stream_start(exchange, "text/event-stream", on_gone, f);

    if (stream != NULL) {
        f->last = stream;
        f->started++;
        ps_http_stream_send(stream, "data: first\n\n", 13);
    }
}

static void open_server(struct fixture *f)
{
    struct ps_http_server_options options = { .host = "127.0.0.1", .timeout_seconds = TIMEOUT_S };
    struct ps_err err;

    memset(f, 0, sizeof(*f));
    f->loop = ps_loop_create();
    f->server = ps_http_server_create(f->loop, &options, &err);
    if (!f->server)
        fail_msg("%s", err.what);
    ps_http_server_route(f->server, "/listen", PS_HTTP_SERVER_GET, on_listen, f);
}

static void listen_to(struct fixture *f, struct ps_test_raw *raw, const char *want)
{
    ps_test_raw_open(raw, f->loop, ps_http_server_port(f->server));
    ps_test_raw_text(raw, "GET /listen HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(ps_test_raw_until(raw, want, 1, PATIENCE_MS));
}

/* Turns the loop for so long, or until so many are gone. */
static void turn(struct fixture *f, int64_t ms, int gone)
{
    int64_t end = ps_loop_now(f->loop) + ms;

    while (ps_loop_now(f->loop) < end && (gone == 0 || f->gone < gone))
        ps_test_turn(f->loop);
}

static void a_listener_is_served_for_as_long_as_it_stays(void **state)
{
    struct fixture f;
    struct ps_test_raw raw;

    (void)state;
    open_server(&f);
    listen_to(&f, &raw, "data: first\n\n");
    assert_non_null(strstr(raw.text, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(raw.text, "Content-Type: text/event-stream"));
    assert_non_null(strstr(raw.text, "Cache-Control: no-store"));
    turn(&f, 2500 * TIMEOUT_S, 1); /* nobody says anything: no fault of a listener */
    assert_int_equal(f.gone, 0);
    ps_http_stream_send(f.last, "data: second\n\n", 14);
    assert_true(ps_test_raw_until(&raw, "data: second\n\n", 1, PATIENCE_MS));
    ps_test_raw_close(&raw);
    turn(&f, PATIENCE_MS, 1);
    assert_int_equal(f.gone, 1);
    ps_http_server_destroy(f.server);
    assert_int_equal(f.gone, 1);
    ps_loop_destroy(f.loop);
}

static void one_that_ends_its_stream_gets_no_notice_that_it_is_gone(void **state)
{
    struct fixture f;
    struct ps_test_raw raw;

    (void)state;
    open_server(&f);
    listen_to(&f, &raw, "data: first\n\n");
    ps_http_stream_end(f.last);
    assert_true(ps_test_raw_until_closed(&raw, PATIENCE_MS));
    assert_non_null(strstr(raw.text, "\r\n0\r\n\r\n"));
    assert_int_equal(f.gone, 0);
    ps_test_raw_close(&raw);
    listen_to(&f, &raw, "data: first\n\n");
    ps_http_server_destroy(f.server);
    assert_int_equal(f.gone, 1);
    ps_test_raw_close(&raw);
    ps_loop_destroy(f.loop);
}

static void only_so_many_listen_at_once(void **state)
{
    struct ps_test_raw raws[PS_HTTP_STREAMS_MAX], more;
    struct fixture f;

    (void)state;
    open_server(&f);
    for (int i = 0; i < PS_HTTP_STREAMS_MAX; i++)
        listen_to(&f, &raws[i], "data: first\n\n");
    listen_to(&f, &more, "too many open event streams");
    assert_non_null(strstr(more.text, "HTTP/1.1 503 "));
    assert_non_null(strstr(more.text, "Retry-After: 10"));
    assert_int_equal(f.started, PS_HTTP_STREAMS_MAX);
    ps_test_raw_close(&more);
    ps_test_raw_close(&raws[0]);
    turn(&f, PATIENCE_MS, 1);
    listen_to(&f, &raws[0], "data: first\n\n");
    for (int i = 0; i < PS_HTTP_STREAMS_MAX; i++)
        ps_test_raw_close(&raws[i]);
    turn(&f, PATIENCE_MS, 1 + PS_HTTP_STREAMS_MAX);
    assert_int_equal(f.gone, 1 + PS_HTTP_STREAMS_MAX);
    ps_http_server_destroy(f.server);
    ps_loop_destroy(f.loop);
}

/* The raw client reads only when it is asked to. */
static void who_does_not_read_is_dropped(void **state)
{
    struct ps_test_raw raw;
    struct fixture f;
    char *block = ps_alloc_zero(1, BLOCK);
    size_t most = 0;
    int64_t end;

    (void)state;
    memset(block, 'x', BLOCK);
    open_server(&f);
    listen_to(&f, &raw, "data: first\n\n");
    end = ps_loop_now(f.loop) + PATIENCE_MS;
    while (f.gone == 0 && ps_loop_now(f.loop) < end) { /* more than the kernel takes */
        size_t waiting = ps_http_stream_backlog(f.last);

        most = waiting > most ? waiting : most;
        ps_http_stream_send(f.last, block, BLOCK);
        ps_test_turn(f.loop);
    }
    assert_int_equal(f.gone, 1);
    assert_true(most > 0 && most <= PS_HTTP_STREAM_BACKLOG_MAX + 1024);
    ps_test_raw_close(&raw);

    listen_to(&f, &raw, "data: first\n\n");
    /* Little waits, but nothing of it is taken, once the kernel has grown its buffers to their end.
     */
    end = ps_loop_now(f.loop) + 3 * PATIENCE_MS;
    while (f.gone < 2 && ps_loop_now(f.loop) < end) {
        size_t waiting = ps_http_stream_backlog(f.last);

        assert_true(waiting <= BLOCK + 1024); /* it is not the cap that drops this one */
        if (waiting == 0)
            ps_http_stream_send(f.last, block, BLOCK);
        ps_test_turn(f.loop);
    }
    assert_int_equal(f.gone, 2);
    ps_test_raw_close(&raw);
    ps_http_server_destroy(f.server);
    ps_loop_destroy(f.loop);
    free(block);
}

static void head_has_no_stream(void **state)
{
    struct fixture f;
    struct ps_test_raw raw;

    (void)state;
    open_server(&f);
    ps_test_raw_open(&raw, f.loop, ps_http_server_port(f.server));
    ps_test_raw_text(&raw, "HEAD /listen HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_true(ps_test_raw_until_closed(&raw, PATIENCE_MS));
    assert_non_null(strstr(raw.text, "Content-Type: text/event-stream"));
    assert_int_equal(f.started, 0);
    ps_test_raw_close(&raw);
    ps_http_server_destroy(f.server);
    ps_loop_destroy(f.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_is_served_for_as_long_as_it_stays),
        cmocka_unit_test(one_that_ends_its_stream_gets_no_notice_that_it_is_gone),
        cmocka_unit_test(only_so_many_listen_at_once),
        cmocka_unit_test(who_does_not_read_is_dropped),
        cmocka_unit_test(head_has_no_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
