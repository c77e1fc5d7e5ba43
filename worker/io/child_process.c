/* for memfd_create: it works on a read-only root file system, and no disk sees the document */
#define _GNU_SOURCE
#include "worker/io/child_process.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REAP_RETRY_MS = 5, READ_BYTES = 16384 };

struct ps_child {
    struct ps_loop *loop;
    struct ps_child_limits limits;
    char *name;
    pid_t id;
    int out_fd;
    struct event *readable;
    struct ps_timer *timer; /* first the wall time limit, then polling for the process' end */
    struct ps_buf output;
    bool timed_out, too_long;
    int64_t deadline_ms;
    ps_child_fn fn;
    void *cookie;
};

int ps_child_input_create(void)
{
    return memfd_create("document", MFD_CLOEXEC);
}

bool ps_child_input_add(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t wrote = write(fd, data, len);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        data += wrote;
        len -= (size_t)wrote;
    }
    return true;
}

static void child_free(struct ps_child *child)
{
    if (child->readable != NULL)
        event_free(child->readable);
    if (child->out_fd >= 0)
        (void)close(child->out_fd);
    ps_timer_destroy(child->timer);
    ps_buf_clear(&child->output);
    free(child->name);
    free(child);
}

/* Reports the result and frees the child. */
static void finish(struct ps_child *child, int status)
{
    struct ps_err err;
    bool failed = true;

    if (child->timed_out)
        (void)ps_fail(&err, PS_FAILURE_TIMEOUT, 0, "%s: did not end within %lld ms", child->name,
                      (long long)child->limits.timeout_ms);
    else if (child->too_long)
        (void)ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "%s: more than %zu bytes of output", child->name,
                      child->limits.max_output);
    else
        failed = ps_child_failed(child->name, status, &err);
    if (failed)
        child->fn(child->cookie, NULL, 0, &err);
    else
        child->fn(child->cookie, ps_buf_str(&child->output), child->output.len, NULL);
    child_free(child);
}

/* Runs at the time limit, and from the end of the output on until the process can be reaped. */
static void on_timer(void *cookie)
{
    struct ps_child *child = cookie;
    int status = 0;
    pid_t ended;

    if (ps_loop_now(child->loop) >= child->deadline_ms && !child->timed_out && !child->too_long) {
        child->timed_out = true;
        ps_child_kill(child->id);
    }
    ended = waitpid(child->id, &status, WNOHANG);
    /* ECHILD: this process ignores SIGCHLD, so the kernel has reaped the child. Its output shows
     * whether it succeeded. */
    if (ended == child->id || (ended < 0 && errno == ECHILD)) {
        finish(child, status);
        return;
    }
    ps_timer_set(child->timer, REAP_RETRY_MS);
}

static void on_readable(evutil_socket_t fd, short what, void *cookie)
{
    struct ps_child *child = cookie;
    char piece[READ_BYTES];
    ssize_t got = read(fd, piece, sizeof(piece));

    (void)what;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0 && ps_buf_add(&child->output, piece, (size_t)got))
        return;
    if (got > 0) {
        child->too_long = true;
        ps_child_kill(child->id);
    }
    (void)event_del(child->readable);
    (void)close(child->out_fd);
    child->out_fd = -1;
    ps_timer_set(child->timer, 0);
}

struct ps_child *ps_child_start(struct ps_loop *loop, const struct ps_child_spec *spec,
                                const struct ps_child_limits *limits, ps_child_fn fn, void *cookie,
                                struct ps_err *err)
{
    struct ps_child *child;
    int out_fd;
    pid_t id;

    (void)lseek(spec->in_fd, 0, SEEK_SET); /* ps_child_input_add left it at its end */
    id = ps_child_spawn(spec, &out_fd, err);
    if (id < 0)
        return NULL;
    child = ps_alloc_zero(1, sizeof(*child));
    *child = (struct ps_child){ .loop = loop,
                                .limits = *limits,
                                .name = ps_alloc_text(spec->argv[0]),
                                .id = id,
                                .out_fd = out_fd,
                                .fn = fn,
                                .cookie = cookie };
    ps_buf_init(&child->output, limits->max_output);
    (void)fcntl(out_fd, F_SETFL, O_NONBLOCK);
    child->readable =
        event_new(ps_loop_base(loop), out_fd, EV_READ | EV_PERSIST, on_readable, child);
    (void)event_add(child->readable, NULL);
    child->deadline_ms = ps_loop_now(loop) + limits->timeout_ms;
    child->timer = ps_timer_create(loop, on_timer, child);
    ps_timer_set(child->timer, limits->timeout_ms);
    return child;
}

void ps_child_cancel(struct ps_child *child)
{
    if (child == NULL)
        return;
    ps_child_kill(child->id);
    /* SIGKILL cannot be resisted, so this waits for the kernel only, not for the program. */
    (void)waitpid(child->id, NULL, 0);
    child_free(child);
}
