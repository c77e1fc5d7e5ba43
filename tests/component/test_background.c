/* Work beside the loop: the loop turns meanwhile, and learns of the end. And how long a turn took.
 */
#include "shared/core/alloc.h"
#include "shared/io/background.h"
#include "shared/io/clock.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { JOBS = 20, BUSY_US = 60 * 1000 };

struct rig {
    struct ps_loop *loop;
    struct ps_background *background;
    struct ps_timer *timer;
    int go[2]; /* a pipe: the work ends when the loop has written to it */
    int done;
};

static void setup(struct rig *rig, ps_timer_fn fn)
{
    *rig = (struct rig){ .loop = ps_loop_create() };
    rig->background = ps_background_create(rig->loop);
    rig->timer = ps_timer_create(rig->loop, fn, rig);
    assert_int_equal(pipe(rig->go), 0);
}

static void teardown(struct rig *rig)
{
    ps_background_destroy(rig->background);
    ps_timer_destroy(rig->timer);
    ps_loop_destroy(rig->loop);
    (void)close(rig->go[0]);
    (void)close(rig->go[1]);
}

static void let_go(void *cookie)
{
    struct rig *rig = cookie;

    assert_int_equal(write(rig->go[1], "x", 1), 1);
}

static void nothing(void *cookie)
{
    (void)cookie;
}

struct waiting {
    int fd;
    bool ended;
};

static void wait_for_the_loop(void *data)
{
    struct waiting *waiting = data;
    char byte;

    waiting->ended = read(waiting->fd, &byte, 1) == 1;
}

static void on_waited(void *cookie, void *data)
{
    struct rig *rig = cookie;
    struct waiting *waiting = data;

    assert_true(waiting->ended);
    rig->done++;
    ps_loop_stop(rig->loop, 0);
}

/* The work ends only after a timer of the loop ran. */
static void the_loop_turns_while_a_job_works(void **state)
{
    struct rig rig;
    struct waiting waiting = { 0 };

    (void)state;
    setup(&rig, let_go);
    waiting.fd = rig.go[0];
    ps_background_run(
        rig.background,
        &(struct ps_background_job){ .work = wait_for_the_loop, .done = on_waited, .cookie = &rig },
        &waiting);
    assert_int_equal(rig.done, 0);
    ps_timer_set(rig.timer, 0);
    (void)ps_loop_run(rig.loop);
    assert_int_equal(rig.done, 1);
    teardown(&rig);
}

static void add_one(void *data)
{
    ++*(int *)data;
}

static void on_added(void *cookie, void *data)
{
    struct rig *rig = cookie;

    assert_int_equal(*(int *)data, 1);
    if (++rig->done == JOBS)
        ps_loop_stop(rig->loop, 0);
}

static void every_job_ends_once(void **state)
{
    struct rig rig;
    int numbers[JOBS] = { 0 };

    (void)state;
    setup(&rig, nothing);
    for (int i = 0; i < JOBS; i++)
        ps_background_run(
            rig.background,
            &(struct ps_background_job){ .work = add_one, .done = on_added, .cookie = &rig },
            &numbers[i]);
    (void)ps_loop_run(rig.loop);
    assert_int_equal(rig.done, JOBS);
    teardown(&rig);
}

/* The owner of the data is still there when done runs. */
static void destroy_waits_for_the_jobs(void **state)
{
    struct rig rig;
    struct waiting waiting = { 0 };

    (void)state;
    setup(&rig, nothing);
    waiting.fd = rig.go[0];
    ps_background_run(
        rig.background,
        &(struct ps_background_job){ .work = wait_for_the_loop, .done = on_waited, .cookie = &rig },
        &waiting);
    let_go(&rig);
    ps_background_destroy(rig.background);
    rig.background = NULL;
    assert_int_equal(rig.done, 1);
    teardown(&rig);
}

static void compute(void *cookie)
{
    struct rig *rig = cookie;
    int64_t end_us = ps_clock_cpu_us() + BUSY_US;

    while (ps_clock_cpu_us() < end_us)
        ;
    ps_loop_stop(rig->loop, 0);
}

static void wait(void *cookie)
{
    struct rig *rig = cookie;
    struct timespec time = { .tv_nsec = BUSY_US * 1000 };

    (void)nanosleep(&time, NULL);
    ps_loop_stop(rig->loop, 0);
}

/* Processor time counts, so that a busy machine makes no turn long. */
static void a_turn_is_as_long_as_it_computes(void **state)
{
    struct rig rig;

    (void)state;
    setup(&rig, wait);
    ps_timer_set(rig.timer, 0);
    (void)ps_loop_run(rig.loop);
    assert_int_equal(ps_loop_turns(rig.loop).over, 0);
    assert_true(ps_loop_turns(rig.loop).longest_us < BUSY_US);
    teardown(&rig);
    setup(&rig, compute);
    ps_timer_set(rig.timer, 0);
    (void)ps_loop_run(rig.loop);
    assert_int_equal(ps_loop_turns(rig.loop).over, 1);
    assert_true(ps_loop_turns(rig.loop).longest_us >= BUSY_US);
    teardown(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loop_turns_while_a_job_works),
        cmocka_unit_test(every_job_ends_once),
        cmocka_unit_test(destroy_waits_for_the_jobs),
        cmocka_unit_test(a_turn_is_as_long_as_it_computes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
