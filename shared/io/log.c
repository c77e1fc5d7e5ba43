#include "shared/io/log.h"

#include "shared/io/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 128 * 1024, NAME_SIZE = 128 };

/* The one piece of state every module would otherwise have to be handed; set once at start. */
static struct {
    enum ps_log_level level;
    bool json;
    char component[NAME_SIZE];
    char instance[NAME_SIZE];
} settings = { .level = PS_LOG_INFO, .component = "paperscout", .instance = "-" };

void ps_log_setup(enum ps_log_level level, bool json, const char *component, const char *instance)
{
    settings.level = level;
    settings.json = json;
    (void)snprintf(settings.component, sizeof(settings.component), "%s", component);
    (void)snprintf(settings.instance, sizeof(settings.instance), "%s", instance);
}

bool ps_log_enabled(enum ps_event event)
{
    return ps_event_level(event) >= settings.level;
}

/* A reader of standard error that is slow (EAGAIN) or gone costs the line, never the loop. */
static void write_line(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t wrote = write(STDERR_FILENO, data, len);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return;
        data += wrote;
        len -= (size_t)wrote;
    }
}

void ps_log_write(enum ps_event event, const struct ps_log_field *fields, size_t count)
{
    struct ps_buf line;
    int saved = errno;

    if (!ps_log_enabled(event))
        return;
    ps_buf_init(&line, LINE_MAX_BYTES);
    ps_log_render(settings.json, ps_clock_wall_ms(), settings.component, settings.instance, event,
                  fields, count, &line);
    if (ps_buf_char(&line, '\n'))
        write_line(line.data, line.len);
    ps_buf_clear(&line);
    errno = saved;
}
