#include "shared/io/log.h"

#include "shared/core/log_dedup.h"
#include "shared/io/clock.h"
#include "shared/io/fd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 128 * 1024, NAME_SIZE = 128 };

/* Process-wide state: handing a logger to every function would hide what a function really needs.
 */
static struct {
    enum ps_log_level level;
    bool json;
    char component[NAME_SIZE];
    char instance[NAME_SIZE];
    struct ps_log_dedup dedup;
    uint64_t lines[PS_LOG_ERROR + 1];
    int fd; /* standard error, or a non-blocking descriptor of the same pipe or terminal */
    bool partial_line; /* only a part of the last line was written */
} settings = {
    .fd = STDERR_FILENO, .level = PS_LOG_INFO, .component = "paperscout", .instance = "-"
};

void ps_log_setup(enum ps_log_level level, bool json, const char *component, const char *instance)
{
    int nonblocking = settings.fd == STDERR_FILENO ? ps_fd_reopen_nonblocking(STDERR_FILENO) : -1;

    if (nonblocking >= 0)
        settings.fd = nonblocking;
    settings.level = level;
    settings.json = json;
    (void)snprintf(settings.component, sizeof(settings.component), "%s", component);
    (void)snprintf(settings.instance, sizeof(settings.instance), "%s", instance);
}

static ssize_t write_retrying_eintr(const char *data, size_t len)
{
    ssize_t wrote;

    do
        wrote = write(settings.fd, data, len);
    while (wrote < 0 && errno == EINTR);
    return wrote;
}

/* If the reader of standard error is slow (EAGAIN) or gone, the line is lost, but the loop never
 * blocks. A newline before the next line separates it from a part of the lost line. */
static void write_line(const char *data, size_t len)
{
    if (settings.partial_line && write_retrying_eintr("\n", 1) != 1)
        return;
    settings.partial_line = false;
    while (len > 0) {
        ssize_t wrote = write_retrying_eintr(data, len);

        if (wrote <= 0)
            return;
        data += wrote;
        len -= (size_t)wrote;
        settings.partial_line = len > 0;
    }
}

static void on_line(void *cookie, const struct ps_buf *line)
{
    struct ps_buf whole;

    (void)cookie;
    ps_buf_init(&whole, line->len + 1);
    if (ps_buf_add(&whole, line->data, line->len) && ps_buf_char(&whole, '\n'))
        write_line(whole.data, whole.len);
    ps_buf_clear(&whole);
}

void ps_log_write(enum ps_event event, const struct ps_log_field *fields, size_t count)
{
    struct ps_buf line;
    int saved = errno;

    if (ps_event_level(event) < settings.level)
        return;
    settings.lines[ps_event_level(event)]++;
    ps_buf_init(&line, LINE_MAX_BYTES);
    ps_log_render(settings.json, ps_clock_wall_ms(), settings.component, settings.instance, event,
                  fields, count, &line);
    if (line.len > 0)
        ps_log_dedup_step(&settings.dedup, ps_log_kind_of(event, fields, count), &line,
                          ps_clock_mono_ms(), on_line, NULL);
    ps_buf_clear(&line);
    errno = saved;
}

void ps_log_flush(bool end)
{
    ps_log_dedup_flush(&settings.dedup, ps_clock_mono_ms(), end, on_line, NULL);
}

void ps_log_metrics(struct ps_metrics *metrics)
{
    for (int level = 0; level <= PS_LOG_ERROR; level++)
        ps_metrics_set(metrics, PS_METRIC_LOG_LINES, ps_log_level_name((enum ps_log_level)level),
                       (double)settings.lines[level]);
    ps_metrics_set(metrics, PS_METRIC_LOG_REPEATED, NULL, (double)settings.dedup.held_total);
}
