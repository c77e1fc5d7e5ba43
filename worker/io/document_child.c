#include "worker/io/document_child.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/str.h"
#include "shared/io/clock.h"
#include "worker/core/document_line.h"
#include "worker/core/html_document.h"
#include "worker/core/pdf_document.h"
#include "worker/core/probe_outcome.h"
#include "worker/core/text_words.h"
#include "worker/io/child_spawn.h"
#include "worker/io/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The document. A program of poppler opens it anew, so that each starts at its first byte. */
#define INPUT "/proc/self/fd/0"

enum {
    SIGNATURE_BYTES = 1024, /* "%PDF-" must be within these */
    TEXT_MAX = 4 * 1024 * 1024,
    INFO_MAX = 64 * 1024,
    READ_BYTES = 16384,
    TOOL_MEMORY = 256 * 1024 * 1024, /* bytes of address space */
};

/* One program of poppler and what its run may cost. The sum of the times stays within the time that
 * document_parser gives this process, so that a slow PDF ends with a useful error. */
struct tool {
    char *const *argv;
    int64_t timeout_ms;
    int cpu_seconds;
    size_t max_output; /* bytes; the program is killed once it has printed that much */
    size_t max_words;  /* likewise; 0: words are not counted */
};

#define ARGUMENT(text) ((char[]){ text })

static char *const text_argv[] = { ARGUMENT("pdftotext"), ARGUMENT("-q"), ARGUMENT("-enc"),
                                   ARGUMENT("UTF-8"),     ARGUMENT("-l"), ARGUMENT("100"),
                                   ARGUMENT(INPUT),       ARGUMENT("-"),  NULL };
static char *const layout_argv[] = { ARGUMENT("pdftotext"),
                                     ARGUMENT("-q"),
                                     ARGUMENT("-enc"),
                                     ARGUMENT("UTF-8"),
                                     ARGUMENT("-l"),
                                     ARGUMENT("2"),
                                     ARGUMENT("-bbox-layout"),
                                     ARGUMENT(INPUT),
                                     ARGUMENT("-"),
                                     NULL };
static char *const info_argv[] = { ARGUMENT("pdfinfo"), ARGUMENT("-enc"), ARGUMENT("UTF-8"),
                                   ARGUMENT(INPUT), NULL };

static const struct tool text_tool = { text_argv, 8000, 5, TEXT_MAX, PS_DOCUMENT_WORDS };
static const struct tool layout_tool = { layout_argv, 4000, 3, PS_PDF_LAYOUT_MAX, 0 };
static const struct tool info_tool = { info_argv, 2000, 2, INFO_MAX, 0 };

_Static_assert(PS_PDF_LAYOUT_PAGES == 2, "layout_argv asks for two pages");

/* Gives the path of a program in PATH, owned by the caller, NULL if it is not there. */
static char *find_program(const char *name)
{
    struct ps_str rest = ps_str_of(getenv("PATH"));
    struct ps_str folder;

    while (ps_str_next(&rest, ':', &folder)) {
        char *path = ps_alloc_format("%.*s/%s", (int)folder.len, folder.data, name);

        if (folder.len > 0 && access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

static void enter_program_sandbox(void *cookie)
{
    const char *const programs[] = { cookie, NULL };

    ps_sandbox_enter(PS_SANDBOX_PROGRAM, programs);
}

/* Reads until the end, or until nothing more is wanted (*out_enough). Returns false on timeout. */
static bool read_output(const struct tool *tool, int fd, struct ps_buf *out, bool *out_enough)
{
    struct ps_text_words *words =
        tool->max_words > 0 ? ps_text_words_create(tool->max_words, TEXT_MAX) : NULL;
    int64_t end_ms = ps_clock_mono_ms() + tool->timeout_ms;
    char piece[READ_BYTES];
    ssize_t got = 1;

    *out_enough = false;
    while (got > 0 && !*out_enough) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        int64_t left_ms = end_ms - ps_clock_mono_ms();

        if (left_ms <= 0)
            break;
        if (poll(&ready, 1, (int)left_ms) <= 0)
            continue;
        got = read(fd, piece, sizeof(piece));
        if (got > 0) {
            size_t room = out->cap - out->len;

            (void)ps_buf_add(out, piece, (size_t)got < room ? (size_t)got : room);
            *out_enough = (size_t)got >= room ||
                          (words != NULL && !ps_text_words_add(words, piece, (size_t)got));
        } else if (got < 0 && errno == EINTR) {
            got = 1;
        }
    }
    ps_text_words_destroy(words);
    return got <= 0 || *out_enough;
}

/* Runs one program on the document. out has what it printed, even if it failed half-way: a broken
 * PDF often has a readable first page. */
static bool run_tool(const struct tool *tool, struct ps_buf *out, struct ps_err *err)
{
    char *path = find_program(tool->argv[0]);
    struct ps_child_spec spec = { .program = path,
                                  .argv = tool->argv,
                                  .in_fd = STDIN_FILENO,
                                  .cpu_seconds = tool->cpu_seconds,
                                  .memory = TOOL_MEMORY,
                                  .before_exec = enter_program_sandbox,
                                  .cookie = path };
    bool enough = false, in_time, failed;
    int fd, status = 0;
    pid_t child;

    if (path == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, PS_DOCUMENT_ERR_NO_TOOL,
                       "%s is not installed; install poppler-utils", tool->argv[0]);
    child = ps_child_spawn(&spec, &fd, err);
    free(path);
    if (child < 0)
        return false;
    in_time = read_output(tool, fd, out, &enough);
    if (enough || !in_time)
        ps_child_kill(child);
    (void)close(fd);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!in_time)
        return ps_fail(err, PS_FAILURE_TIMEOUT, 0, "%s: did not end within %lld ms", tool->argv[0],
                       (long long)tool->timeout_ms);
    failed = !enough && ps_child_failed(tool->argv[0], status, err);
    if (failed && WIFEXITED(status))
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, WEXITSTATUS(status),
                      "%s: exit status %d: no PDF, broken or encrypted", tool->argv[0],
                      WEXITSTATUS(status));
    return !failed;
}

/* The plain text matters most, so its error becomes the document's. If it failed, the layout, which
 * costs the same or more, is not tried. The metadata is: title and authors alone are useful too. */
static bool read_pdf(struct ps_document *document, struct ps_err *err)
{
    struct ps_buf text, layout, info;
    struct ps_pdf_texts texts;
    struct ps_err ignored;
    bool ok;

    ps_buf_init(&text, TEXT_MAX);
    ps_buf_init(&layout, PS_PDF_LAYOUT_MAX);
    ps_buf_init(&info, INFO_MAX);
    ok = run_tool(&text_tool, &text, err);
    if (ok || err->code != PS_DOCUMENT_ERR_NO_TOOL) {
        if (ok)
            (void)run_tool(&layout_tool, &layout, &ignored);
        (void)run_tool(&info_tool, &info, &ignored);
    }
    ps_sandbox_enter(PS_SANDBOX_PARSER, NULL);
    texts = (struct ps_pdf_texts){ .info = ps_buf_str(&info),
                                   .info_len = info.len,
                                   .layout = ps_buf_str(&layout),
                                   .layout_len = layout.len,
                                   .text = ps_buf_str(&text),
                                   .text_len = ok ? text.len : 0 };
    ps_pdf_document_parse(&texts, document);
    ps_buf_clear(&text);
    ps_buf_clear(&layout);
    ps_buf_clear(&info);
    return ok || document->title != NULL || document->author_count > 0;
}

static bool read_input(struct ps_buf *html, struct ps_err *err)
{
    char piece[READ_BYTES];
    ssize_t got;

    (void)lseek(STDIN_FILENO, 0, SEEK_SET);
    while ((got = read(STDIN_FILENO, piece, sizeof(piece))) != 0) {
        size_t room = html->cap - html->len;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ps_fail(err, PS_FAILURE_UNKNOWN, errno, "standard input: %s", strerror(errno));
        (void)ps_buf_add(html, piece, (size_t)got < room ? (size_t)got : room);
    }
    return true;
}

static bool read_html(const char *charset, struct ps_document *document, struct ps_err *err)
{
    struct ps_buf html;
    bool ok;

    ps_buf_init(&html, PS_DOCUMENT_HTML_MAX);
    ok = read_input(&html, err);
    ps_sandbox_enter(PS_SANDBOX_PARSER, NULL);
    if (ok)
        ps_html_document_parse(ps_buf_str(&html), html.len, charset, document);
    ps_buf_clear(&html);
    return ok;
}

void ps_document_child_main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "any";
    bool pdf = strcmp(kind, "pdf") == 0;
    char first[SIGNATURE_BYTES];
    ssize_t got = 0;
    struct ps_document document = { 0 };
    struct ps_err err;
    bool ok;
    char *line;

    (void)signal(SIGCHLD, SIG_DFL);
    if (strcmp(kind, "any") == 0)
        got = pread(STDIN_FILENO, first, sizeof(first), 0);
    pdf = pdf || (got > 0 && ps_body_fits(first, (size_t)got, ps_str_of(".pdf")));
    ok = pdf ? read_pdf(&document, &err) : read_html(argc > 2 ? argv[2] : NULL, &document, &err);
    line = ok ? ps_document_line_format(&document) : ps_document_line_format_error(&err);
    (void)puts(line);
    free(line);
    ps_document_clear(&document);
    /* Not exit(): its handlers, such as a sanitizer's leak check, violate the sandbox. */
    _exit(fflush(stdout) == 0 ? 0 : 1);
}
