#include "tests/upstream/httpd.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SCENARIO_MAX = 256 * 1024 * 1024, USAGE = 64, FAILED = 1 };

static const char usage[] =
    "usage: paperscout-upstream [--port N] [--scenario FILE] [--keep N]\n\n"
    "Plays the index, the drafts and Slack for tests and demos, on 127.0.0.1 alone.\n\n"
    "  --port N         listen there; 0 (the default): any free port\n"
    "  --scenario FILE  what to serve (tests/upstream/README.md); none: an empty index\n"
    "  --keep N         how many requests to remember (default 65536)\n\n"
    "Prints \"listening http://127.0.0.1:PORT\" once it does. Ends on SIGTERM or SIGINT.\n";

struct options {
    const char *scenario;
    int64_t port;
    int64_t keep;
};

static bool read_options(int argc, char **argv, struct options *out_options)
{
    static const struct option names[] = {
        {"port",      required_argument, NULL, 'p'},
        { "scenario", required_argument, NULL, 's'},
        { "keep",     required_argument, NULL, 'k'},
        { NULL,       0,                 NULL, 0  }
    };
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        bool ok = option == 's';

        if (option == 's')
            out_options->scenario = optarg;
        else if (option == 'p')
            ok = ps_str_int(ps_str_of(optarg), 0, 65535, &out_options->port);
        else if (option == 'k')
            ok = ps_str_int(ps_str_of(optarg), 1, 10000000, &out_options->keep);
        if (!ok)
            return false;
    }
    return optind == argc;
}

static bool read_file(const char *path, struct ps_buf *out)
{
    FILE *file = fopen(path, "rb");
    char chunk[65536];
    size_t got;
    bool ok = file != NULL;

    while (ok && (got = fread(chunk, 1, sizeof chunk, file)) > 0)
        ok = ps_buf_add(out, chunk, got);
    ok = ok && ferror(file) == 0;
    if (file != NULL)
        (void)fclose(file);
    return ok;
}

static char *folder_of(const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;

    return slash != NULL ? ps_alloc_copy(path, (size_t)(slash - path)) : ps_alloc_text(".");
}

static bool load(struct ps_upstream *upstream, const char *path, struct ps_err *err)
{
    struct ps_buf text;
    bool ok = true;

    ps_buf_init(&text, SCENARIO_MAX);
    if (path == NULL)
        ps_buf_text(&text, "{}");
    else if (!read_file(path, &text))
        ok = ps_fail(err, PS_FAILURE_CONFIGURATION, errno, "cannot read %s: %s", path,
                     strerror(errno));
    ok = ok && ps_control_load(upstream, (struct ps_str){ text.data, text.len }, false,
                               (int64_t)time(NULL) * 1000, err);
    ps_buf_clear(&text);
    return ok;
}

static void on_signal(evutil_socket_t number PS_UNUSED, short what PS_UNUSED, void *cookie)
{
    (void)event_base_loopbreak(cookie);
}

/* A delay of 100 ms is to be that: without the flag libevent reads a clock that ticks every 4 ms
 * and waits in whole milliseconds. */
static struct event_base *precise_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
        base = event_base_new_with_config(config);
    if (config == NULL || base == NULL)
        abort();
    event_config_free(config);
    return base;
}

static bool run(struct ps_upstream *upstream, uint16_t port, struct ps_err *err)
{
    struct event_base *base = precise_base();
    struct event *ends[2] = { evsignal_new(base, SIGTERM, on_signal, base),
                              evsignal_new(base, SIGINT, on_signal, base) };
    struct ps_httpd *httpd = ps_httpd_start(base, upstream, port, err);
    bool ok = httpd != NULL;

    if (ok) {
        (void)event_add(ends[0], NULL);
        (void)event_add(ends[1], NULL);
        (void)printf("listening http://127.0.0.1:%u\n", ps_httpd_port(httpd));
        (void)fflush(stdout);
        ok = event_base_dispatch(base) >= 0;
    }
    ps_httpd_stop(httpd);
    event_free(ends[0]);
    event_free(ends[1]);
    event_base_free(base);
    return ok;
}

int main(int argc, char **argv)
{
    struct options options = { .keep = 65536 };
    struct ps_upstream upstream = { .scenario = NULL };
    struct ps_err err = { .what = "the event loop failed" };
    bool ok;

    if (!read_options(argc, argv, &options)) {
        (void)fputs(usage, stderr);
        return USAGE;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    upstream.folder = folder_of(options.scenario);
    upstream.record = ps_record_create((size_t)options.keep);
    upstream.slack = ps_slack_create();
    ok = load(&upstream, options.scenario, &err) && run(&upstream, (uint16_t)options.port, &err);
    if (!ok)
        (void)fprintf(stderr, "paperscout-upstream: %s\n", err.what);
    ps_scenario_destroy(upstream.scenario);
    ps_record_destroy(upstream.record);
    ps_slack_destroy(upstream.slack);
    free(upstream.folder);
    return ok ? 0 : FAILED;
}
