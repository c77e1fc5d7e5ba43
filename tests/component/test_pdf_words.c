/* pdftotext as a child: what it reads, and what it costs at most. */
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "worker/io/pdf_words.h"

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

struct answer {
    struct ps_loop *loop;
    bool came;
    char *text;
    bool failed;
    struct ps_err err;
};

static void on_pdf(void *cookie, const char *text, const struct ps_err *err)
{
    struct answer *answer = cookie;

    answer->came = true;
    answer->text = ps_alloc_text(text);
    answer->failed = err != NULL;
    if (err != NULL)
        answer->err = *err;
    ps_loop_stop(answer->loop, 0);
}

static struct answer read_pdf(const struct ps_pdf_options *base, const char *data, size_t len)
{
    struct answer answer = { .loop = ps_loop_create() };
    struct ps_pdf_options options = *base;
    struct ps_err err;

    options.loop = answer.loop;
    options.max_words = 1000;
    options.max_bytes = 65536;
    assert_non_null(ps_pdf_start(&options, data, len, on_pdf, &answer, &err));
    assert_false(answer.came);
    (void)ps_loop_run(answer.loop);
    ps_loop_destroy(answer.loop);
    /* no child is left behind */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    return answer;
}

/* A PDF of one page that shows text; its table of objects is left to be repaired. */
static char *make_pdf(const char *text)
{
    char *stream = ps_alloc_format("BT /F1 12 Tf 20 9900 Td 14 TL (%s) Tj ET", text);
    char *pdf = ps_alloc_format("%%PDF-1.4\n"
                                "1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n"
                                "2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n"
                                "3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 612 9999]"
                                "/Resources<</Font<</F1 4 0 R>>>>/Contents 5 0 R>> endobj\n"
                                "4 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n"
                                "5 0 obj <</Length %zu>> stream\n%s\nendstream endobj\n"
                                "trailer <</Root 1 0 R>>\n%%%%EOF\n",
                                strlen(stream), stream);

    free(stream);
    return pdf;
}

static void a_pdf_gives_its_words(void **state)
{
    struct ps_pdf_options options = { 0 };
    char *pdf = make_pdf("Document P2300R10  Eric   Niebler");
    struct answer answer = read_pdf(&options, pdf, strlen(pdf));

    (void)state;
    assert_false(answer.failed);
    assert_string_equal(answer.text, "Document P2300R10 Eric Niebler");
    free(answer.text);
    free(pdf);
}

static void it_stops_after_so_many_words(void **state)
{
    enum { LINES = 300 };
    static const char line[] = "one two three four five six seven eight nine ten) Tj T* (";
    struct ps_pdf_options options = { 0 };
    char *text = ps_alloc_zero(LINES * sizeof(line), 1);
    struct answer answer;
    size_t spaces = 0;
    char *pdf;

    (void)state;
    for (size_t i = 0; i < LINES; i++)
        memcpy(text + i * (sizeof(line) - 1), line, sizeof(line));
    pdf = make_pdf(text);
    answer = read_pdf(&options, pdf, strlen(pdf));
    assert_false(answer.failed);
    for (const char *c = answer.text; *c != '\0'; c++)
        spaces += *c == ' ';
    assert_int_equal(spaces, 999);
    free(answer.text);
    free(pdf);
    free(text);
}

static void what_is_no_pdf_gives_no_text(void **state)
{
    static const char *const bodies[] = { "%PDF-1.4\nnothing more", "%PDF-", "<html>" };
    struct ps_pdf_options options = { 0 };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(bodies); i++) {
        struct answer answer = read_pdf(&options, bodies[i], strlen(bodies[i]));

        assert_true(answer.failed);
        assert_null(answer.text);
        assert_int_equal(answer.err.category, PS_FAILURE_UNKNOWN);
    }
}

static void a_missing_program_is_said_to_be_missing(void **state)
{
    struct ps_pdf_options options = { .program = "no-such-pdftotext" };
    struct answer answer = read_pdf(&options, "%PDF-", 5);

    (void)state;
    assert_true(answer.failed);
    assert_int_equal(answer.err.code, PS_PDF_ERR_MISSING);
    assert_int_equal(answer.err.category, PS_FAILURE_CONFIGURATION);
}

/* A stand-in for pdftotext. */
static char *make_script(const char *text)
{
    char *path = ps_alloc_text("/tmp/paperscout-pdf-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)fchmod(fd, 0755);
    (void)close(fd);
    return path;
}

static struct answer run_script(const char *text, struct ps_pdf_options options)
{
    char *path = make_script(text);
    struct answer answer;

    options.program = path;
    answer = read_pdf(&options, "%PDF-", 5);
    (void)unlink(path);
    free(path);
    return answer;
}

static void a_child_that_never_ends_is_ended(void **state)
{
    struct ps_pdf_options options = { .timeout_ms = 300 };
    int64_t begun = ps_clock_mono_ms();
    struct answer answer = run_script("#!/bin/sh\nsleep 100 &\nsleep 100\n", options);

    (void)state;
    assert_true(answer.failed);
    assert_int_equal(answer.err.category, PS_FAILURE_TIMEOUT);
    assert_in_range(ps_clock_mono_ms() - begun, 300, 3000);
}

static void a_child_that_burns_cpu_is_ended(void **state)
{
    struct ps_pdf_options options = { .cpu_seconds = 1, .timeout_ms = 20000 };
    struct answer answer = run_script("#!/bin/sh\nwhile :; do :; done\n", options);

    (void)state;
    assert_true(answer.failed);
    assert_int_not_equal(answer.err.category, PS_FAILURE_TIMEOUT);
}

static void endless_output_is_cut(void **state)
{
    struct ps_pdf_options options = { .timeout_ms = 20000 };
    struct answer answer = run_script("#!/bin/sh\nexec yes word\n", options);

    (void)state;
    assert_false(answer.failed);
    assert_int_equal(strlen(answer.text), 4999);
    free(answer.text);
    answer = run_script("#!/bin/sh\nexec cat /dev/zero\n", options);
    assert_false(answer.failed);
    assert_null(answer.text);
}

static void too_much_memory_is_refused(void **state)
{
    struct ps_pdf_options options = { .memory = (size_t)64 * 1024 * 1024, .timeout_ms = 20000 };
    struct answer answer = run_script(
        "#!/usr/bin/python3\nx = bytearray(256 * 1024 * 1024)\nprint('had it')\n", options);

    (void)state;
    assert_true(answer.failed);
}

static void no_secret_and_no_descriptor_goes_along(void **state)
{
    struct ps_pdf_options options = { 0 };
    struct answer answer;

    (void)state;
    assert_int_equal(setenv("SLACK_BOT_TOKEN", "xoxb-secret", 1), 0);
    answer =
        run_script("#!/bin/sh\nenv\necho descriptors $(ls /proc/$$/fd | tr '\\n' ,)\n", options);
    (void)unsetenv("SLACK_BOT_TOKEN");
    assert_non_null(strstr(answer.text, "PATH="));
    assert_null(strstr(answer.text, "secret"));
    /* 10 is the shell's own, its script */
    assert_non_null(strstr(answer.text, "descriptors 0,1,10,2,"));
    free(answer.text);
}

static void it_can_write_no_file(void **state)
{
    struct ps_pdf_options options = { 0 };
    struct answer answer = run_script(
        "#!/bin/sh\nexec dd if=/dev/zero of=/tmp/paperscout-pdf-out count=1 bs=1\n", options);

    (void)state;
    assert_true(answer.failed);
    assert_int_equal(answer.err.code, SIGXFSZ);
    (void)unlink("/tmp/paperscout-pdf-out"); /* made, and empty */
}

static void a_cancelled_child_is_gone_at_once(void **state)
{
    struct answer answer = { .loop = ps_loop_create() };
    char *path = make_script("#!/bin/sh\nsleep 100\n");
    struct ps_pdf_options options = {
        .loop = answer.loop, .program = path, .max_words = 1, .max_bytes = 10
    };
    struct ps_pdf *pdf;
    struct ps_err err;

    (void)state;
    pdf = ps_pdf_start(&options, "%PDF-", 5, on_pdf, &answer, &err);
    assert_non_null(pdf);
    ps_pdf_cancel(pdf);
    assert_false(answer.came);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    ps_loop_destroy(answer.loop);
    (void)unlink(path);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pdf_gives_its_words),
        cmocka_unit_test(it_stops_after_so_many_words),
        cmocka_unit_test(what_is_no_pdf_gives_no_text),
        cmocka_unit_test(a_missing_program_is_said_to_be_missing),
        cmocka_unit_test(a_child_that_never_ends_is_ended),
        cmocka_unit_test(a_child_that_burns_cpu_is_ended),
        cmocka_unit_test(endless_output_is_cut),
        cmocka_unit_test(too_much_memory_is_refused),
        cmocka_unit_test(no_secret_and_no_descriptor_goes_along),
        cmocka_unit_test(it_can_write_no_file),
        cmocka_unit_test(a_cancelled_child_is_gone_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
