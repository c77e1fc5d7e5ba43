/* Documents through the child process: what is found, how long the loop is blocked, and what a
 * sandboxed child can do. */
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/io/clock.h"
#include "worker/io/document_child.h"
#include "worker/io/document_parser.h"
#include "worker/io/sandbox.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MIB = 1024 * 1024, LAG_MAX_MS = 50, TICK_MS = 1, CHILD_SECONDS_MAX = 16 };

struct rig {
    struct ps_loop *loop;
    struct ps_document_parser *parser;
    struct ps_timer *tick;
    clock_t ticked;
    double worst_ms; /* longest CPU time of this process between two turns of the loop */
    int wanted, came;
    struct ps_document document; /* of the last one */
    bool failed;
    struct ps_err err;
};

/* CPU time, because other processes share the machine. */
static void on_tick(void *cookie)
{
    struct rig *rig = cookie;
    clock_t now = clock();
    double took_ms = (double)(now - rig->ticked) * 1000 / CLOCKS_PER_SEC;

    if (took_ms > rig->worst_ms)
        rig->worst_ms = took_ms;
    rig->ticked = now;
    ps_timer_set(rig->tick, TICK_MS);
}

static void open_rig(struct rig *rig, struct ps_document_parser_options options)
{
    *rig = (struct rig){ .loop = ps_loop_create() };
    options.loop = rig->loop;
    rig->parser = ps_document_parser_create(&options);
    rig->tick = ps_timer_create(rig->loop, on_tick, rig);
    rig->ticked = clock();
    on_tick(rig);
}

static void close_rig(struct rig *rig)
{
    ps_document_clear(&rig->document);
    ps_timer_destroy(rig->tick);
    ps_document_parser_destroy(rig->parser);
    ps_loop_destroy(rig->loop);
}

static void on_document(void *cookie, const struct ps_document *document, const struct ps_err *err)
{
    struct rig *rig = cookie;

    ps_document_clear(&rig->document);
    rig->failed = err != NULL;
    if (err != NULL) {
        rig->err = *err;
    } else {
        rig->document.title = ps_alloc_text(document->title);
        rig->document.words = ps_alloc_text(document->words);
        rig->document.authors = ps_alloc_zero(document->author_count + 1, sizeof(char *));
        for (size_t i = 0; i < document->author_count; i++)
            rig->document.authors[rig->document.author_count++] =
                ps_alloc_text(document->authors[i]);
    }
    rig->came++;
}

static struct ps_document_parse *start(struct rig *rig, enum ps_document_kind kind,
                                       const char *data, size_t len, const char *charset)
{
    const struct ps_document_bytes bytes = { kind, ps_alloc_copy(data, len), len, charset };

    rig->ticked = clock(); /* that copy is the test's own */
    rig->wanted++;
    return ps_document_parse_start(rig->parser, &bytes, on_document, rig);
}

static void turn_until_all_came(struct rig *rig)
{
    while (rig->came < rig->wanted)
        (void)event_base_loop(ps_loop_base(rig->loop), EVLOOP_ONCE);
}

static void read_one(struct rig *rig, enum ps_document_kind kind, const char *data, size_t len,
                     const char *charset)
{
    (void)start(rig, kind, data, len, charset);
    turn_until_all_came(rig);
}

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

static void documents_of_each_kind_are_read(void **state)
{
    static const struct {
        const char *data, *charset, *words;
    } rows[] = {
        {"<title>Queues that forget</title><p>Document number: D9001R0<br>Gr\xC3\xBC\xC3\x9F",
         NULL,                                                                                                      "Document number: D9001R0 Gr\xC3\xBC\xC3\x9F"},
        { "<title>Queues that forget</title><p>Gr\xFC\xDF \x93q\x94",                          "ISO-8859-1",
         "Gr\xC3\xBC\xC3\x9F \xE2\x80\x9Cq\xE2\x80\x9D"                                                                                                          },
        { "<title>Queues that forget</title><meta charset=us-ascii><p>caf\xE9 and more",       NULL,
         "caf\xC3\xA9 and more"                                                                                                                                  },
        { "<title>Queues that forget</title><p>\xC4\xE3\xBA\xC3 \xFF and more",                "gb2312",
         "\xE4\xBD\xA0\xE5\xA5\xBD \xEF\xBF\xBD and more"                                                                                                        },
        { "<title>Queues that forget</title><p>\x93\xFA\x96{ and more",                        "shift_jis",
         "\xE6\x97\xA5\xE6\x9C\xAC and more"                                                                                                                     },
        { "<title>Queues that forget</title><p>words",                                         "--no-such charset", "words"                                      },
    };
    struct rig rig;
    char *pdf = make_pdf("Queues that   forget");

    (void)state;
    open_rig(&rig, (struct ps_document_parser_options){ 0 });
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        read_one(&rig, PS_DOCUMENT_HTML, rows[i].data, strlen(rows[i].data), rows[i].charset);
        if (rig.failed)
            fail_msg("row %zu: %s", i, rig.err.what);
        assert_string_equal(rig.document.title, "Queues that forget");
        assert_string_equal(rig.document.words, rows[i].words);
    }
    for (int any = 0; any < 2; any++) {
        read_one(&rig, any ? PS_DOCUMENT_ANY : PS_DOCUMENT_PDF, pdf, strlen(pdf), NULL);
        assert_false(rig.failed);
        assert_string_equal(rig.document.title, "Queues that forget");
        assert_string_equal(rig.document.words, "Queues that forget");
    }
    read_one(&rig, PS_DOCUMENT_ANY, "", 0, NULL);
    assert_false(rig.failed);
    assert_null(rig.document.words);
    close_rig(&rig);
    free(pdf);
}

static void a_file_that_is_not_a_pdf_is_an_error(void **state)
{
    static const char *const bodies[] = { "%PDF-1.4\nnothing more", "%PDF-", "<html>" };
    struct rig rig;

    (void)state;
    open_rig(&rig, (struct ps_document_parser_options){ 0 });
    for (size_t i = 0; i < PS_COUNT_OF(bodies); i++) {
        read_one(&rig, PS_DOCUMENT_PDF, bodies[i], strlen(bodies[i]), NULL);
        assert_true(rig.failed);
        assert_int_equal(rig.err.category, PS_FAILURE_UNKNOWN);
        assert_non_null(strstr(rig.err.what, "no PDF, broken or encrypted"));
    }
    close_rig(&rig);
}

static void a_missing_poppler_is_reported_as_missing(void **state)
{
    char *path = ps_alloc_text(getenv("PATH"));
    struct rig rig;

    (void)state;
    open_rig(&rig, (struct ps_document_parser_options){ 0 });
    assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
    read_one(&rig, PS_DOCUMENT_PDF, "%PDF-1.4", 8, NULL);
    assert_int_equal(setenv("PATH", path, 1), 0);
    assert_true(rig.failed);
    assert_int_equal(rig.err.category, PS_FAILURE_CONFIGURATION);
    assert_int_equal(rig.err.code, PS_DOCUMENT_ERR_NO_TOOL);
    close_rig(&rig);
    free(path);
}

static void an_ignored_sigchld_changes_nothing(void **state)
{
    char *pdf = make_pdf("some words");
    struct rig rig;

    (void)state;
    open_rig(&rig, (struct ps_document_parser_options){ 0 });
    (void)signal(SIGCHLD, SIG_IGN);
    read_one(&rig, PS_DOCUMENT_PDF, pdf, strlen(pdf), NULL);
    (void)signal(SIGCHLD, SIG_DFL);
    assert_false(rig.failed);
    assert_string_equal(rig.document.words, "some words");
    close_rig(&rig);
    free(pdf);
}

static void documents_beyond_the_limit_wait(void **state)
{
    enum { MANY = 12 };
    struct ps_document_parse *cancelled[2];
    struct rig rig;

    (void)state;
    open_rig(&rig, (struct ps_document_parser_options){ 0 });
    cancelled[0] = start(&rig, PS_DOCUMENT_HTML, "<p>none", 7, NULL);
    for (int i = 0; i < MANY; i++)
        (void)start(&rig, PS_DOCUMENT_HTML, "<p>words", 8, NULL);
    cancelled[1] = start(&rig, PS_DOCUMENT_HTML, "<p>none", 7, NULL);
    (void)event_base_loop(ps_loop_base(rig.loop), EVLOOP_ONCE);
    ps_document_parse_cancel(cancelled[0]);
    ps_document_parse_cancel(cancelled[1]);
    rig.wanted = MANY;
    turn_until_all_came(&rig);
    assert_string_equal(rig.document.words, "words");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    close_rig(&rig);
}

/* Builds a page: first once, then repeat, with a number for each %. */
static void fill(struct ps_buf *page, const char *first, const char *more)
{
    const char *number = strchr(more, '%');

    ps_buf_reset(page);
    (void)ps_buf_text(page, first);
    for (unsigned i = 0; page->len < 2 * MIB - 64; i++) {
        if (number == NULL)
            (void)ps_buf_text(page, more);
        else
            (void)ps_buf_format(page, "%.*s%x%s", (int)(number - more), more, i, number + 1);
    }
}

static double cpu_seconds(void)
{
    struct rusage used;

    assert_int_equal(getrusage(RUSAGE_CHILDREN, &used), 0);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* The loop keeps turning, and the child's cost is bounded. */
static void read_hostile(const char *name, enum ps_document_kind kind, const char *data, size_t len)
{
    int64_t began_ms = ps_clock_mono_ms();
    double before = cpu_seconds();
    struct rig rig;

    open_rig(&rig, (struct ps_document_parser_options){ 0 });
    read_one(&rig, kind, data, len, NULL);
    on_tick(&rig);
    print_message("%-22s %4.1f ms on the loop at once, %5.2f s of CPU in children, %5lld ms%s%s\n",
                  name, rig.worst_ms, cpu_seconds() - before,
                  (long long)(ps_clock_mono_ms() - began_ms), rig.failed ? ": " : "",
                  rig.failed ? rig.err.what : "");
    assert_true(rig.worst_ms <= LAG_MAX_MS);
    assert_true(cpu_seconds() - before <= CHILD_SECONDS_MAX);
    close_rig(&rig);
}

static void hostile_documents_do_not_delay_the_loop(void **state)
{
    static const char *const pages[][3] = {
        {"many elements",          "",                       "<b>%"                     },
        { "deep elements",         "",                       "<div><i>"                 },
        { "end tags",              "",                       "<b></i></i></i>"          },
        { "attributes",            "<p ",                    "a% "                      },
        { "the same attributes",   "<p ",                    "a "                       },
        { "attributes of a few",   "<p ",                    "a=b b=c "                 },
        { "a quote not closed",    "<a href=\"",             "<p>%"                     },
        { "comments not closed",   "",                       "<!--"                     },
        { "a comment",             "<!--",                   "- "                       },
        { "entities",              "",                       "&#x41;&amp;&no"           },
        { "table rows",            "<table>",                "<tr><td>Reply-to:<td>A% B"},
        { "headings",              "",                       "<h1>A title %</h1>"       },
        { "authors",               "<dl><dt>Author<dd>",     "Ann Bo <a@b.example>, "   },
        { "one long word",         "",                       "x"                        },
        { "a meta element",        "<meta ",                 "charset=%"                },
        { "lines of pre",          "<pre>Reply-to: ",        "A B\n  "                  },
        { "bytes of another code", "<meta charset=gb18030>", "\xFF"                     },
    };
    struct ps_buf page;

    (void)state;
    ps_buf_init(&page, 2 * MIB);
    for (size_t i = 0; i < PS_COUNT_OF(pages); i++) {
        fill(&page, pages[i][1], pages[i][2]);
        read_hostile(pages[i][0], PS_DOCUMENT_HTML, page.data, page.len);
    }
    fill(&page, "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages ", "[");
    read_hostile("PDF: brackets", PS_DOCUMENT_PDF, page.data, page.len);
    fill(&page, "%PDF-1.4\n", "1 0 obj <</Length 2>> stream\nx\nendstream endobj\n");
    read_hostile("PDF: objects", PS_DOCUMENT_PDF, page.data, page.len);
    ps_buf_clear(&page);
}

static void a_pdf_of_the_largest_size_does_not_delay_the_loop(void **state)
{
    char *pdf = ps_alloc_zero(PS_DOCUMENT_PDF_MAX, 1);

    (void)state;
    memcpy(pdf, "%PDF-1.4\n", 9);
    read_hostile("PDF: 32 MiB", PS_DOCUMENT_PDF, pdf, PS_DOCUMENT_PDF_MAX);
    free(pdf);
}

/* Tries what a compromised parser would. Prints a letter for each attempt that succeeded. */
static void try_all(char *out, enum ps_sandbox kind)
{
    static char *const argv[] = { NULL };
    int fd;

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ps_sandbox_enter(kind, (const char *const[]){ "/usr/bin/pdftotext", NULL });
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0)
        *out++ = 's';
    if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
        *out++ = 'u';
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
        *out++ = 'p';
    if (open("/dev/null", O_WRONLY) >= 0)
        *out++ = 'w';
    if (open("/tmp/paperscout-sandbox", O_RDWR | O_CREAT, 0600) >= 0)
        *out++ = 'c';
    if (kill(getppid(), 0) == 0)
        *out++ = 'k';
    fd = fork();
    if (fd == 0)
        _exit(0);
    if (fd > 0)
        *out++ = 'f';
    fd = open("/etc/passwd", O_RDONLY);
    if (fd >= 0)
        *out++ = 'r';
    (void)execve("/usr/bin/env", argv, argv);
    *out = '\0';
}

static void a_sandboxed_process_cannot_reach_anything(void **state)
{
    enum ps_sandbox kinds[] = { PS_SANDBOX_PARSER, PS_SANDBOX_PROGRAM };
    const char *offers = ps_sandbox_describe();

    (void)state;
    print_message("the kernel has: %s\n", offers);
    for (size_t i = 0; i < PS_COUNT_OF(kinds); i++) {
        char done[32] = "no answer";
        int ends[2], status;
        pid_t child;

        assert_int_equal(pipe(ends), 0);
        child = fork();
        if (child == 0) {
            try_all(done, kinds[i]);
            _exit(write(ends[1], done, sizeof(done)) == sizeof(done) ? 0 : 1);
        }
        (void)close(ends[1]);
        assert_int_equal(read(ends[0], done, sizeof(done)), sizeof(done));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        (void)close(ends[0]);
        if (strstr(offers, "seccomp") != NULL)
            assert_null(strpbrk(done, "supwckf"));
        if (strstr(offers, "Landlock") != NULL)
            assert_null(strpbrk(done, "wcr"));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_of_each_kind_are_read),
        cmocka_unit_test(a_file_that_is_not_a_pdf_is_an_error),
        cmocka_unit_test(a_missing_poppler_is_reported_as_missing),
        cmocka_unit_test(an_ignored_sigchld_changes_nothing),
        cmocka_unit_test(documents_beyond_the_limit_wait),
        cmocka_unit_test(hostile_documents_do_not_delay_the_loop),
        cmocka_unit_test(a_pdf_of_the_largest_size_does_not_delay_the_loop),
        cmocka_unit_test(a_sandboxed_process_cannot_reach_anything),
    };

    /* the document child is this program */
    if (argc > 1 && strcmp(argv[1], PS_DOCUMENT_CHILD_COMMAND) == 0)
        ps_document_child_main(argc - 1, argv + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
