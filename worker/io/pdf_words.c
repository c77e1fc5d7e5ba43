/* memfd_create needs it: the document never touches a disk, and a read-only root file system is no
 * obstacle. */
#define _GNU_SOURCE
#include "worker/io/pdf_words.h"

#include "shared/core/alloc.h"
#include "worker/core/text_words.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EXIT_NOT_FOUND = 127,
    OUTPUT_MAX = 4 * 1024 * 1024, /* read from the child, however few words are in it */
    REAP_EVERY_MS = 5,
};

struct ps_pdf {
    struct ps_pdf_options options;
    pid_t child;
    int out_fd;
    struct event *readable;
    struct ps_timer *timer; /* wall time; then looking for the child's end */
    struct ps_text_words *words;
    size_t seen;
    bool enough; /* killed because nothing more was wanted */
    bool timed_out;
    int64_t deadline_ms;
    ps_pdf_fn fn;
    void *cookie;
};

static void cap(enum __rlimit_resource resource, rlim_t most)
{
    struct rlimit limit = { most, most };

    (void)setrlimit(resource, &limit);
}

/* In the child, between fork and exec: async-signal-safe calls only. Nothing of ours goes along:
 * no descriptor, no environment with secrets. */
static void become_program(const struct ps_pdf_options *options, char *const *argv,
                           char *const *env, int in_fd, int out_fd)
{
    sigset_t none;
    int null_fd = open("/dev/null", O_WRONLY);

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (null_fd < 0 || dup2(in_fd, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(null_fd, 2) < 0)
        _exit(EXIT_NOT_FOUND - 1);
    if (close_range(3, ~0U, 0) != 0) /* a kernel before 5.9 */
        for (int fd = 3; fd < 1024; fd++)
            (void)close(fd);
    (void)setpgid(0, 0);
    cap(RLIMIT_CORE, 0);
    cap(RLIMIT_FSIZE, 0);
    cap(RLIMIT_NOFILE, 32);
    cap(RLIMIT_CPU, (rlim_t)options->cpu_seconds);
    cap(RLIMIT_AS, (rlim_t)options->memory);
    (void)execvpe(argv[0], argv, env);
    _exit(EXIT_NOT_FOUND);
}

static pid_t spawn(const struct ps_pdf_options *options, int in_fd, int out_fd)
{
    static char program[] = "pdftotext", quiet[] = "-q", enc[] = "-enc", utf8[] = "UTF-8",
                last[] = "-l", pages[] = "100", in[] = "/proc/self/fd/0", out[] = "-",
                locale[] = "LC_ALL=C.UTF-8";
    const char *path = getenv("PATH");
    char *path_env = ps_alloc_format("PATH=%s", path == NULL ? "/usr/bin:/bin" : path);
    char *name = options->program == NULL ? NULL : ps_alloc_text(options->program);
    char *const argv[] = {
        name == NULL ? program : name, quiet, enc, utf8, last, pages, in, out, NULL
    };
    char *const env[] = { path_env, locale, NULL };
    pid_t child = fork();

    if (child == 0)
        become_program(options, argv, env, in_fd, out_fd);
    free(path_env);
    free(name);
    return child;
}

static int file_in_memory(const char *data, size_t len)
{
    int fd = memfd_create("document", MFD_CLOEXEC);
    size_t at = 0;

    while (fd >= 0 && at < len) {
        ssize_t wrote = write(fd, data + at, len - at);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            (void)close(fd);
            return -1;
        }
        at += (size_t)wrote;
    }
    return fd;
}

static void pdf_free(struct ps_pdf *pdf)
{
    if (pdf->readable != NULL)
        event_free(pdf->readable);
    if (pdf->out_fd >= 0)
        (void)close(pdf->out_fd);
    ps_timer_destroy(pdf->timer);
    ps_text_words_destroy(pdf->words);
    free(pdf);
}

static void pdf_kill(struct ps_pdf *pdf)
{
    if (pdf->child > 0 && kill(-pdf->child, SIGKILL) != 0)
        (void)kill(pdf->child, SIGKILL); /* it has not made its group yet */
}

static void tell(struct ps_pdf *pdf, int status)
{
    struct ps_err err;
    const struct ps_err *fault = &err;
    char *text = NULL;

    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_FOUND)
        ps_fail(&err, PS_FAILURE_CONFIGURATION, PS_PDF_ERR_MISSING, "%s cannot be run",
                pdf->options.program);
    else if (pdf->timed_out)
        ps_fail(&err, PS_FAILURE_TIMEOUT, 0, "no end after %lld ms",
                (long long)pdf->options.timeout_ms);
    else if (WIFSIGNALED(status) && !pdf->enough)
        ps_fail(&err, PS_FAILURE_UNKNOWN, WTERMSIG(status), "ended by signal %d", WTERMSIG(status));
    else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        ps_fail(&err, PS_FAILURE_UNKNOWN, WEXITSTATUS(status),
                "exit status %d: no PDF, broken or encrypted", WEXITSTATUS(status));
    else
        fault = NULL;
    if (fault == NULL)
        text = ps_text_words_take(pdf->words);
    pdf->fn(pdf->cookie, text, fault);
    free(text);
    pdf_free(pdf);
}

static void on_timer(void *cookie)
{
    struct ps_pdf *pdf = cookie;
    int status;
    pid_t ended;

    if (ps_loop_now(pdf->options.loop) >= pdf->deadline_ms && !pdf->timed_out && !pdf->enough) {
        pdf->timed_out = true;
        pdf_kill(pdf);
    }
    ended = waitpid(pdf->child, &status, WNOHANG);
    if (ended == pdf->child) {
        tell(pdf, status); /* destroys pdf */
        return;
    }
    ps_timer_set(pdf->timer, REAP_EVERY_MS);
}

static void output_over(struct ps_pdf *pdf)
{
    (void)event_del(pdf->readable);
    (void)close(pdf->out_fd);
    pdf->out_fd = -1;
    ps_timer_set(pdf->timer, 0);
}

static void on_readable(evutil_socket_t fd, short what, void *cookie)
{
    struct ps_pdf *pdf = cookie;
    char piece[16384];
    ssize_t got = read(fd, piece, sizeof(piece));

    (void)what;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        output_over(pdf);
        return;
    }
    pdf->seen += (size_t)got;
    if (ps_text_words_add(pdf->words, piece, (size_t)got) && pdf->seen < OUTPUT_MAX)
        return;
    pdf->enough = true;
    pdf_kill(pdf);
    output_over(pdf);
}

static void fill_defaults(struct ps_pdf_options *options)
{
    if (options->program == NULL)
        options->program = "pdftotext";
    if (options->timeout_ms == 0)
        options->timeout_ms = 10000;
    if (options->cpu_seconds == 0)
        options->cpu_seconds = 5;
    if (options->memory == 0)
        options->memory = (size_t)256 * 1024 * 1024;
}

struct ps_pdf *ps_pdf_start(const struct ps_pdf_options *options, const char *data, size_t len,
                            ps_pdf_fn fn, void *cookie, struct ps_err *err)
{
    struct ps_pdf *pdf = ps_alloc_zero(1, sizeof(*pdf));
    int in_fd = file_in_memory(data, len);
    int pipe_fds[2] = { -1, -1 };

    pdf->options = *options;
    fill_defaults(&pdf->options);
    pdf->fn = fn;
    pdf->cookie = cookie;
    pdf->out_fd = -1;
    if (in_fd < 0 || pipe2(pipe_fds, O_CLOEXEC) != 0)
        goto fail;
    pdf->child = spawn(&pdf->options, in_fd, pipe_fds[1]);
    if (pdf->child < 0)
        goto fail;
    (void)close(in_fd);
    (void)close(pipe_fds[1]);
    pdf->out_fd = pipe_fds[0];
    (void)fcntl(pdf->out_fd, F_SETFL, O_NONBLOCK);
    pdf->words = ps_text_words_create(pdf->options.max_words, pdf->options.max_bytes);
    pdf->readable = event_new(ps_loop_base(pdf->options.loop), pdf->out_fd, EV_READ | EV_PERSIST,
                              on_readable, pdf);
    (void)event_add(pdf->readable, NULL);
    pdf->deadline_ms = ps_loop_now(pdf->options.loop) + pdf->options.timeout_ms;
    pdf->timer = ps_timer_create(pdf->options.loop, on_timer, pdf);
    ps_timer_set(pdf->timer, pdf->options.timeout_ms);
    return pdf;
fail:
    ps_fail(err, PS_FAILURE_UNKNOWN, errno, "no child for a PDF: %s", strerror(errno));
    if (in_fd >= 0)
        (void)close(in_fd);
    if (pipe_fds[0] >= 0) {
        (void)close(pipe_fds[0]);
        (void)close(pipe_fds[1]);
    }
    pdf_free(pdf);
    return NULL;
}

void ps_pdf_cancel(struct ps_pdf *pdf)
{
    if (pdf == NULL)
        return;
    pdf_kill(pdf);
    /* it cannot resist; what is waited for here is the kernel, not the child */
    (void)waitpid(pdf->child, NULL, 0);
    pdf_free(pdf);
}
