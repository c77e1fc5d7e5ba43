#include "notifier/io/console_sink.h"

#include "shared/core/alloc.h"
#include "shared/io/fd.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

enum { RETRY_MS = 50 };

struct line {
    char *text; /* with its newline */
    size_t len, written;
    ps_sink_fn fn;
    void *cookie;
    struct line *prev, *next;
};

struct console {
    struct ps_loop *loop;
    int fd;
    bool own_fd;
    bool shadow;
    struct ps_timer *turn;
    struct event *writable; /* NULL where fd cannot be watched (a file) */
    struct line *lines;
};

static void on_turn(void *cookie);

static void on_writable(evutil_socket_t fd, short what, void *cookie)
{
    (void)fd;
    (void)what;
    on_turn(cookie);
}

/* Finishes the front line. Its fn may send another message, so the code after the call must read
 * every state again. */
static void finish(struct console *console, const struct ps_err *err)
{
    struct line *line = console->lines;
    ps_sink_fn fn = line->fn;
    void *cookie = line->cookie;
    struct ps_slack_response reply = { .next = err == NULL ? PS_SLACK_SENT : PS_SLACK_STOP };

    if (err != NULL)
        reply.err = *err;
    DL_DELETE(console->lines, line);
    free(line->text);
    free(line);
    fn(cookie, &reply);
}

/* Writes at most PIPE_BUF bytes at a time, and only if poll reports room. Then a write to a pipe
 * does not block, even if fd is in blocking mode. */
static ssize_t write_some(struct console *console, struct line *line)
{
    struct pollfd ready = { .fd = console->fd, .events = POLLOUT };
    size_t left = line->len - line->written;

    if (poll(&ready, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(console->fd, line->text + line->written, left < PIPE_BUF ? left : PIPE_BUF);
}

static void on_turn(void *cookie)
{
    struct console *console = cookie;

    while (console->lines != NULL) {
        struct line *line = console->lines;
        ssize_t count = write_some(console, line);
        struct ps_err err;

        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (console->writable == NULL || event_add(console->writable, NULL) != 0)
                ps_timer_set(console->turn, RETRY_MS);
            return;
        }
        if (count < 0) {
            (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, errno, "standard output: %s",
                          strerror(errno));
            finish(console, &err);
            continue;
        }
        line->written += (size_t)count;
        if (line->written == line->len)
            finish(console, NULL);
    }
}

static void console_send(void *self, const struct ps_outgoing_message *message, ps_sink_fn fn,
                         void *cookie)
{
    struct console *console = self;
    struct line *line = ps_alloc_zero(1, sizeof(*line));
    char *json = ps_message_format(&message->content);

    *line =
        (struct line){ .text = console->shadow ? ps_alloc_format("{\"shadow\":true,%s\n", json + 1)
                                               : ps_alloc_format("%s\n", json),
                       .fn = fn,
                       .cookie = cookie };
    line->len = strlen(line->text);
    free(json);
    DL_APPEND(console->lines, line);
    if (console->writable == NULL || !event_pending(console->writable, EV_WRITE, NULL))
        ps_timer_set(console->turn, 0);
}

static void console_destroy(void *self)
{
    struct console *console = self;
    struct line *line, *next;

    DL_FOREACH_SAFE (console->lines, line, next) {
        free(line->text);
        free(line);
    }
    if (console->writable != NULL)
        event_free(console->writable);
    ps_timer_destroy(console->turn);
    if (console->own_fd)
        (void)close(console->fd);
    free(console);
}

struct ps_sink ps_console_sink_create(struct ps_loop *loop, int fd)
{
    struct console *console = ps_alloc_zero(1, sizeof(*console));
    int fresh = ps_fd_reopen_nonblocking(fd);
    struct stat info;

    console->loop = loop;
    console->own_fd = fresh >= 0; /* a file keeps its offset, and so its descriptor */
    console->fd = console->own_fd ? fresh : fd;
    console->turn = ps_timer_create(loop, on_turn, console);
    if (fstat(console->fd, &info) == 0 && !S_ISREG(info.st_mode))
        console->writable =
            event_new(ps_loop_base(loop), console->fd, EV_WRITE, on_writable, console);
    return (struct ps_sink){ .self = console, .send = console_send, .destroy = console_destroy };
}

struct ps_sink ps_console_sink_create_shadow(struct ps_loop *loop, int fd)
{
    struct ps_sink sink = ps_console_sink_create(loop, fd);
    struct console *console = sink.self;

    console->shadow = true;
    return sink;
}
