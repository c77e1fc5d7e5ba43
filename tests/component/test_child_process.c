/* Child programs on the loop: what a child can reach, and the limits on its cost. */
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/io/clock.h"
#include "worker/io/child_process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUTPUT_MAX = 100000, CPU_SECONDS = 5, TIMEOUT_MS = 10000 };

#define MEMORY ((size_t)256 * 1024 * 1024)

struct answer {
    struct ps_loop *loop;
    bool came;
    char *text;
    bool failed;
    struct ps_err err;
};

static void on_child(void *cookie, const char *output, size_t len, const struct ps_err *err)
{
    struct answer *answer = cookie;

    answer->came = true;
    answer->text = output == NULL ? NULL : ps_alloc_copy(output, len);
    answer->failed = err != NULL;
    if (err != NULL)
        answer->err = *err;
    ps_loop_stop(answer->loop, 0);
}

static struct answer run(const char *program, struct ps_child_spec spec, int64_t timeout_ms,
                         const char *input)
{
    char name[] = "stand-in";
    char *const argv[] = { name, NULL };
    struct answer answer = { .loop = ps_loop_create() };
    const struct ps_child_limits limits = { timeout_ms, OUTPUT_MAX };
    struct ps_err err;

    spec.program = program;
    spec.argv = argv;
    spec.in_fd = ps_child_input_create();
    assert_true(ps_child_input_add(spec.in_fd, input, strlen(input)));
    assert_non_null(ps_child_start(answer.loop, &spec, &limits, on_child, &answer, &err));
    (void)close(spec.in_fd);
    assert_false(answer.came);
    (void)ps_loop_run(answer.loop);
    ps_loop_destroy(answer.loop);
    /* every child was reaped */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    return answer;
}

static const struct ps_child_spec usual = { .cpu_seconds = CPU_SECONDS, .memory = MEMORY };

/* Runs a shell script of a few lines. */
static char *make_script(const char *text)
{
    char *path = ps_alloc_text("/tmp/paperscout-child-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)fchmod(fd, 0755);
    (void)close(fd);
    return path;
}

static struct answer run_script(const char *text, struct ps_child_spec spec, int64_t timeout_ms)
{
    char *path = make_script(text);
    struct answer answer = run(path, spec, timeout_ms, "from the worker");

    (void)unlink(path);
    free(path);
    return answer;
}

static void input_and_output_are_passed(void **state)
{
    struct answer answer = run_script("#!/bin/sh\ncat\necho \" to $0\"\n", usual, TIMEOUT_MS);

    (void)state;
    assert_false(answer.failed);
    assert_memory_equal(answer.text, "from the worker to /tmp/paperscout-child-", 41);
    free(answer.text);
}

static void a_missing_program_is_reported_as_missing(void **state)
{
    struct answer answer = run("no-such-program", usual, TIMEOUT_MS, "");

    (void)state;
    assert_true(answer.failed);
    assert_int_equal(answer.err.code, PS_CHILD_ERR_MISSING);
    assert_int_equal(answer.err.category, PS_FAILURE_CONFIGURATION);
}

static void a_failed_child_is_an_error_even_with_output(void **state)
{
    struct answer answer = run_script("#!/bin/sh\necho words\nexit 3\n", usual, TIMEOUT_MS);

    (void)state;
    assert_true(answer.failed);
    assert_null(answer.text);
    assert_int_equal(answer.err.code, 3);
}

static void a_child_that_never_ends_is_killed(void **state)
{
    int64_t begun = ps_clock_mono_ms();
    struct answer answer = run_script("#!/bin/sh\nsleep 100 &\nsleep 100\n", usual, 300);

    (void)state;
    assert_true(answer.failed);
    assert_int_equal(answer.err.category, PS_FAILURE_TIMEOUT);
    assert_in_range(ps_clock_mono_ms() - begun, 300, 5000);
}

static void a_child_that_burns_cpu_is_killed(void **state)
{
    struct ps_child_spec spec = { .cpu_seconds = 1, .memory = MEMORY };
    struct answer answer = run_script("#!/bin/sh\nwhile :; do :; done\n", spec, 60000);

    (void)state;
    assert_true(answer.failed);
    assert_int_not_equal(answer.err.category, PS_FAILURE_TIMEOUT);
}

static void too_much_output_is_an_error(void **state)
{
    struct answer answer = run_script("#!/bin/sh\nexec yes word\n", usual, TIMEOUT_MS);

    (void)state;
    assert_true(answer.failed);
    assert_int_equal(answer.err.category, PS_FAILURE_UNKNOWN);
    assert_non_null(strstr(answer.err.what, "100000 bytes"));
}

static void the_address_space_is_limited(void **state)
{
    struct ps_child_spec spec = { .cpu_seconds = CPU_SECONDS, .memory = (size_t)64 * 1024 * 1024 };
    struct answer answer = run_script(
        "#!/usr/bin/python3\nx = bytearray(256 * 1024 * 1024)\nprint('had it')\n", spec, 60000);

    (void)state;
    assert_true(answer.failed);
}

static void a_child_inherits_no_secret_descriptor_or_privilege(void **state)
{
    struct answer answer;

    (void)state;
    assert_int_equal(setenv("SLACK_BOT_TOKEN", "xoxb-secret", 1), 0);
    answer = run_script("#!/bin/sh\nenv\necho descriptors $(ls /proc/$$/fd | tr '\\n' ,)\n"
                        "grep NoNewPrivs /proc/self/status\npwd\nnice\n",
                        usual, TIMEOUT_MS);
    (void)unsetenv("SLACK_BOT_TOKEN");
    assert_non_null(strstr(answer.text, "PATH="));
    assert_null(strstr(answer.text, "secret"));
    /* 10 is the shell's own, its script */
    assert_non_null(strstr(answer.text, "descriptors 0,1,10,2,"));
    assert_non_null(strstr(answer.text, "NoNewPrivs:\t1\n/\n"));
    free(answer.text);
}

static void a_child_can_write_no_file(void **state)
{
    struct answer answer =
        run_script("#!/bin/sh\nexec dd if=/dev/zero of=/tmp/paperscout-child-out count=1 bs=1\n",
                   usual, TIMEOUT_MS);

    (void)state;
    assert_true(answer.failed);
    assert_int_equal(answer.err.code, SIGXFSZ);
    (void)unlink("/tmp/paperscout-child-out"); /* made, and empty */
}

/* A process that inherited an ignored SIGCHLD cannot learn how its children ended. */
static void an_ignored_sigchld_changes_nothing(void **state)
{
    struct answer answer;

    (void)state;
    (void)signal(SIGCHLD, SIG_IGN);
    answer = run_script("#!/bin/sh\necho words\n", usual, TIMEOUT_MS);
    (void)signal(SIGCHLD, SIG_DFL);
    assert_false(answer.failed);
    assert_string_equal(answer.text, "words\n");
    free(answer.text);
}

static void a_cancelled_child_is_killed_and_reaped_at_once(void **state)
{
    struct answer answer = { .loop = ps_loop_create() };
    char *path = make_script("#!/bin/sh\nsleep 100\n");
    char *const argv[] = { path, NULL };
    struct ps_child_spec spec = usual;
    const struct ps_child_limits limits = { TIMEOUT_MS, OUTPUT_MAX };
    struct ps_child *child;
    struct ps_err err;

    (void)state;
    spec.program = path;
    spec.argv = argv;
    child = ps_child_start(answer.loop, &spec, &limits, on_child, &answer, &err);
    assert_non_null(child);
    ps_child_cancel(child);
    assert_false(answer.came);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    ps_loop_destroy(answer.loop);
    (void)unlink(path);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_and_output_are_passed),
        cmocka_unit_test(a_missing_program_is_reported_as_missing),
        cmocka_unit_test(a_failed_child_is_an_error_even_with_output),
        cmocka_unit_test(a_child_that_never_ends_is_killed),
        cmocka_unit_test(a_child_that_burns_cpu_is_killed),
        cmocka_unit_test(too_much_output_is_an_error),
        cmocka_unit_test(the_address_space_is_limited),
        cmocka_unit_test(a_child_inherits_no_secret_descriptor_or_privilege),
        cmocka_unit_test(a_child_can_write_no_file),
        cmocka_unit_test(an_ignored_sigchld_changes_nothing),
        cmocka_unit_test(a_cancelled_child_is_killed_and_reaped_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
