#include "notifier/io/console_sink.h"

#include "shared/core/alloc.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct seen {
    int sent, stopped;
};

static void on_reply(void *cookie, const struct ps_slack_response *reply)
{
    struct seen *seen = cookie;

    seen->sent += reply->next == PS_SLACK_SENT;
    seen->stopped += reply->next == PS_SLACK_STOP;
    if (reply->next == PS_SLACK_STOP)
        assert_int_equal(reply->err.category, PS_FAILURE_CONFIGURATION);
}

static void turn(struct ps_loop *loop, int times)
{
    for (int i = 0; i < times; i++) {
        const struct timeval slice = { .tv_usec = 10000 };

        (void)event_base_loopexit(ps_loop_base(loop), &slice);
        (void)event_base_dispatch(ps_loop_base(loop));
    }
}

static void say(struct ps_sink *sink, const char *text, struct seen *seen)
{
    char id[] = "m1", channel[] = "C1";
    char *copy = ps_alloc_text(text);
    struct ps_outgoing_message message = {
        .content = {.id = id,
                    .kind = PS_MESSAGE_MANUAL,
                    .channel = channel,
                    .text = copy,
                    .created_ms = 1000}
    };

    sink->send(sink->self, &message, on_reply, seen);
    free(copy);
}

static void a_message_is_one_json_line(void **state)
{
    struct ps_loop *loop = ps_loop_create();
    struct seen seen = { 0 };
    char got[4096] = "";
    int ends[2];
    struct ps_sink sink;
    struct ps_message content;
    struct ps_err err;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    sink = ps_console_sink_create(loop, ends[1]);
    say(&sink, "two\nlines", &seen);
    assert_int_equal(seen.sent, 0); /* never before send returned */
    turn(loop, 3);
    assert_int_equal(seen.sent, 1);
    assert_true(read(ends[0], got, sizeof(got) - 1) > 0);
    assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
    assert_true(ps_message_parse(got, strlen(got), &content, &err));
    assert_string_equal(content.text, "two\nlines");
    ps_message_clear(&content);
    sink.destroy(sink.self);
    (void)close(ends[0]);
    (void)close(ends[1]);
    ps_loop_destroy(loop);
}

static void a_reader_that_does_not_read_holds_messages_and_not_the_loop(void **state)
{
    struct ps_loop *loop = ps_loop_create();
    struct seen seen = { 0 };
    char *text = ps_alloc_zero(1, 30001), got[65536];
    size_t total = 0;
    int ends[2];
    struct ps_sink sink;
    int64_t before;

    (void)state;
    memset(text, 'x', 30000);
    assert_int_equal(pipe(ends), 0);
    sink = ps_console_sink_create(loop, ends[1]);
    for (int i = 0; i < 10; i++) /* 300,000 bytes into a pipe of 65,536 */
        say(&sink, text, &seen);
    before = ps_loop_now(loop);
    turn(loop, 10);
    assert_true(ps_loop_now(loop) - before < 1000);
    assert_in_range(seen.sent, 1, 3);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK,
                     0); /* the writer's own end is as it was */
    while (seen.sent < 10) {
        ssize_t count = read(ends[0], got, sizeof(got));

        assert_true(count > 0);
        total += (size_t)count;
        turn(loop, 1);
    }
    assert_true(total > 10 * 30000 - sizeof(got));
    sink.destroy(sink.self);
    (void)close(ends[0]);
    (void)close(ends[1]);
    free(text);
    ps_loop_destroy(loop);
}

static void a_reader_that_went_away_is_a_fault_of_the_settings(void **state)
{
    struct ps_loop *loop = ps_loop_create();
    struct seen seen = { 0 };
    int ends[2];
    struct ps_sink sink;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    sink = ps_console_sink_create(loop, ends[1]);
    (void)close(ends[0]);
    say(&sink, "hello", &seen);
    turn(loop, 3);
    assert_int_equal(seen.sent, 0);
    assert_int_equal(seen.stopped, 1);
    sink.destroy(sink.self);
    (void)close(ends[1]);
    ps_loop_destroy(loop);
}

static void a_file_is_written_to_its_end(void **state)
{
    struct ps_loop *loop = ps_loop_create();
    struct seen seen = { 0 };
    FILE *file = tmpfile();
    struct ps_sink sink;
    char got[8192];
    size_t len;

    (void)state;
    assert_non_null(file);
    assert_int_equal(write(fileno(file), "before\n", 7), 7);
    sink = ps_console_sink_create(loop, fileno(file));
    say(&sink, "one", &seen);
    say(&sink, "two", &seen);
    turn(loop, 3);
    assert_int_equal(seen.sent, 2);
    rewind(file);
    len = fread(got, 1, sizeof(got) - 1, file);
    got[len] = '\0';
    assert_ptr_equal(strstr(got, "before\n{"), got);
    assert_non_null(strstr(got, "\"two\""));
    sink.destroy(sink.self);
    (void)fclose(file);
    ps_loop_destroy(loop);
}

static void what_still_waits_at_the_end_is_let_go(void **state)
{
    struct ps_loop *loop = ps_loop_create();
    struct seen seen = { 0 };
    struct ps_sink sink = ps_console_sink_create(loop, STDERR_FILENO);

    (void)state;
    say(&sink, "never written", &seen);
    sink.destroy(sink.self);
    assert_int_equal(seen.sent + seen.stopped, 0);
    ps_loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_json_line),
        cmocka_unit_test(a_reader_that_does_not_read_holds_messages_and_not_the_loop),
        cmocka_unit_test(a_reader_that_went_away_is_a_fault_of_the_settings),
        cmocka_unit_test(a_file_is_written_to_its_end),
        cmocka_unit_test(what_still_waits_at_the_end_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
