#include "shared/core/alloc.h"
#include "shared/core/log_dedup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct ps_log_dedup repeat;
    struct ps_buf written; /* a line each */
    int lines;
};

static void on_line(void *cookie, const struct ps_buf *line)
{
    struct fixture *f = cookie;

    assert_true(ps_buf_add(&f->written, line->data, line->len));
    assert_true(ps_buf_char(&f->written, '\n'));
    f->lines++;
}

static int open_up(void **state)
{
    struct fixture *f = ps_alloc_zero(1, sizeof(*f));

    ps_buf_init(&f->written, 1024 * 1024);
    *state = f;
    return 0;
}

static int done(void **state)
{
    struct fixture *f = *state;

    ps_log_dedup_flush(&f->repeat, 0, true, on_line, f); /* frees what is held */
    ps_buf_clear(&f->written);
    free(f);
    return 0;
}

static void step(struct fixture *f, uint64_t kind, const char *text, int64_t now_ms)
{
    struct ps_buf line;

    ps_buf_init(&line, 16384);
    assert_true(ps_buf_text(&line, text));
    ps_log_dedup_step(&f->repeat, kind, &line, now_ms, on_line, f);
    ps_buf_clear(&line);
}

static void ends_with(const struct fixture *f, const char *want)
{
    size_t len = strlen(want);

    assert_true(f->written.len >= len);
    assert_string_equal(f->written.data + f->written.len - len, want);
}

static void a_window_writes_ten_and_says_how_many_came_after(void **state)
{
    struct fixture *f = *state;
    char text[32];

    for (int i = 1; i <= 422; i++) {
        (void)snprintf(text, sizeof(text), "line %d", i);
        step(f, 7, text, 1000 + i);
    }
    assert_int_equal(f->lines, PS_LOG_DEDUP_WRITTEN);
    ps_log_dedup_flush(&f->repeat, 1001 + PS_LOG_DEDUP_WINDOW_MS - 1, false, on_line, f);
    assert_int_equal(f->lines, PS_LOG_DEDUP_WRITTEN); /* the window is not over */
    ps_log_dedup_flush(&f->repeat, 1001 + PS_LOG_DEDUP_WINDOW_MS, false, on_line, f);
    assert_int_equal(f->lines, PS_LOG_DEDUP_WRITTEN + 1);
    ends_with(f, "line 10\nline 422 repeated 412 times\n");
    assert_int_equal(f->repeat.held_total, 412);
    step(f, 7, "a new window", 1002 + PS_LOG_DEDUP_WINDOW_MS);
    ends_with(f, "repeated 412 times\na new window\n");
}

static void json_stays_json(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < PS_LOG_DEDUP_WRITTEN + 2; i++)
        step(f, 1, "{\"event\":\"X\"}", 5);
    ps_log_dedup_flush(&f->repeat, 6, true, on_line, f);
    ends_with(f, "{\"event\":\"X\"}\n{\"event\":\"X\",\"repeated\":2}\n");
}

static void what_does_not_repeat_is_written_as_it_is(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 200; i++)
        step(f, (uint64_t)i, "x", 1);
    assert_int_equal(f->lines, 200);
    ps_log_dedup_flush(&f->repeat, 1, true, on_line, f);
    assert_int_equal(f->lines, 200);
}

/* The kind that began first makes room, and what it held back is logged, not lost. */
static void more_kinds_than_are_watched_lose_no_count(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < PS_LOG_DEDUP_WRITTEN + 3; i++)
        step(f, 1000, "first", 1);
    for (int i = 0; i < PS_LOG_DEDUP_KINDS; i++)
        step(f, (uint64_t)i, "x", 2);
    assert_non_null(strstr(ps_buf_str(&f->written), "first repeated 3 times\nx\n"));
}

static void a_line_too_long_to_hold_is_written(void **state)
{
    struct fixture *f = *state;
    char text[8000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < PS_LOG_DEDUP_WRITTEN + 5; i++)
        step(f, 1, text, 1);
    assert_int_equal(f->lines, PS_LOG_DEDUP_WRITTEN + 5);
}

static void the_error_makes_the_kind_and_without_one_every_field_does(void **state)
{
    struct ps_err timeout = { PS_FAILURE_TIMEOUT, 28, "no answer" };
    struct ps_err network = { PS_FAILURE_NETWORK, 28, "no answer" };
    struct ps_err refused = { PS_FAILURE_NETWORK, 7, "refused" };
    const struct ps_log_field url1[] = { F_TEXT("url", "D1"), F_ERR(&timeout) };
    const struct ps_log_field url2[] = { F_TEXT("url", "D2"), F_ERR(&timeout) };
    const struct ps_log_field other[] = { F_TEXT("url", "D1"), F_ERR(&network) };
    const struct ps_log_field what[] = { F_TEXT("url", "D1"), F_ERR(&refused) };
    const struct ps_log_field none1[] = { F_TEXT("url", "D1"), F_INT("n", 1) };
    const struct ps_log_field none2[] = { F_TEXT("url", "D1"), F_INT("n", 2) };
    const struct ps_log_field none3[] = { F_TEXT("url", NULL), F_ERR(NULL) };
    uint64_t kind = ps_log_kind_of(PS_EVENT_PROBE_ERR, url1, 2);

    (void)state;
    assert_true(kind == ps_log_kind_of(PS_EVENT_PROBE_ERR, url2, 2));
    assert_true(kind != ps_log_kind_of(PS_EVENT_TASK_ERROR, url1, 2));
    assert_true(kind != ps_log_kind_of(PS_EVENT_PROBE_ERR, other, 2));
    assert_true(kind != ps_log_kind_of(PS_EVENT_PROBE_ERR, what, 2));
    kind = ps_log_kind_of(PS_EVENT_PROBE_HIT, none1, 2);
    assert_true(kind == ps_log_kind_of(PS_EVENT_PROBE_HIT, none1, 2));
    assert_true(kind != ps_log_kind_of(PS_EVENT_PROBE_HIT, none2, 2));
    assert_true(kind != ps_log_kind_of(PS_EVENT_PROBE_HIT, none3, 2));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_up, done)
    const struct CMUnitTest tests[] = {
        TEST(a_window_writes_ten_and_says_how_many_came_after),
        TEST(json_stays_json),
        TEST(what_does_not_repeat_is_written_as_it_is),
        TEST(more_kinds_than_are_watched_lose_no_count),
        TEST(a_line_too_long_to_hold_is_written),
        cmocka_unit_test(the_error_makes_the_kind_and_without_one_every_field_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
