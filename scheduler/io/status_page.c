#include "scheduler/io/status_page.h"

#include "scheduler/io/admin_actions.h"
#include "scheduler/io/cycle_history.h"
#include "scheduler/io/fleet.h"
#include "scheduler/io/page_files.h"
#include "scheduler/io/page_response.h"
#include "scheduler/io/reader_site.h"
#include "scheduler/io/scheduler_state.h"
#include "shared/core/alloc.h"
#include "shared/io/http_stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    JSON_CAP = 4 * 1024 * 1024,
    SLOW_MS = 30 * 1000 /* a listener that is behind for so long is dropped */
};

struct events_server {
    LIST_ENTRY(events_server) next;
    struct ps_status_page *page;
    struct ps_http_stream *stream;
    uint64_t told[PS_FLEET_PART_COUNT]; /* version of each part */
    int64_t behind_ms;                  /* monotonic: since when it is; 0: it is not */
};

struct ps_status_page {
    struct ps_loop *loop;
    struct ps_fleet *fleet;
    struct ps_reader_site *site;
    struct ps_cycle_history *history; /* NULL on a public page */
    LIST_HEAD(, events_server) listeners;
    struct ps_buf text;
};

static void on_file(void *cookie, struct ps_http_exchange *exchange)
{
    const struct ps_page_file *file = cookie;

    /* Always asked for anew: after an upgrade no old script may meet a new page. */
    ps_page_respond(exchange, &(struct ps_page_response){ .type = file->type,
                                                          .body = file->data,
                                                          .len = file->len,
                                                          .cache = "no-cache" });
}

static void on_fleet(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_status_page *page = cookie;

    ps_fleet_looked_at(page->fleet);
    ps_buf_reset(&page->text);
    for (int i = 0; i < PS_FLEET_PART_COUNT; i++) {
        uint64_t version;
        const char *text = ps_fleet_text(page->fleet, (enum ps_fleet_part)i, &version);

        ps_buf_format(&page->text, "%s\"%s\":", i == 0 ? "{" : ",",
                      ps_fleet_part_name((enum ps_fleet_part)i));
        ps_buf_text(&page->text, text);
    }
    ps_buf_text(&page->text, "}\n");
    ps_http_respond(exchange, 200, "application/json; charset=utf-8", ps_buf_str(&page->text),
                    page->text.len);
}

/* What the listener was not told yet. */
static void tell(struct events_server *events_server)
{
    struct ps_status_page *page = events_server->page;

    ps_buf_reset(&page->text);
    for (int i = 0; i < PS_FLEET_PART_COUNT; i++) {
        uint64_t version;
        const char *text = ps_fleet_text(page->fleet, (enum ps_fleet_part)i, &version);

        if (version == events_server->told[i])
            continue;
        events_server->told[i] = version;
        ps_buf_format(&page->text, "event: %s\ndata: ", ps_fleet_part_name((enum ps_fleet_part)i));
        ps_buf_text(&page->text, text);
        ps_buf_text(&page->text, "\n\n");
    }
    ps_http_stream_send(events_server->stream, ps_buf_str(&page->text), page->text.len);
}

/* A part that is told again replaces the one before, so who is behind misses nothing but what is
 * old. */
static bool is_behind(struct events_server *events_server)
{
    int64_t now_ms = ps_loop_now(events_server->page->loop);

    if (ps_http_stream_backlog(events_server->stream) == 0)
        events_server->behind_ms = 0;
    else if (events_server->behind_ms == 0)
        events_server->behind_ms = now_ms;
    else if (now_ms - events_server->behind_ms > SLOW_MS)
        ps_http_stream_drop(events_server->stream);
    return events_server->behind_ms != 0;
}

static void on_change(void *cookie)
{
    struct ps_status_page *page = cookie;
    struct events_server *events_server;

    if (LIST_FIRST(&page->listeners) != NULL)
        ps_fleet_looked_at(page->fleet);
    LIST_FOREACH(events_server, &page->listeners, next)
    {
        if (!is_behind(events_server))
            tell(events_server);
    }
}

static void on_gone(void *cookie)
{
    struct events_server *events_server = cookie;

    LIST_REMOVE(events_server, next);
    free(events_server);
}

static void on_events(void *cookie, struct ps_http_exchange *exchange)
{
    static const char again[] = "retry: 2000\n\n"; /* ms until a browser connects again */
    struct ps_status_page *page = cookie;
    struct events_server *events_server = ps_alloc_zero(1, sizeof(*events_server));

    events_server->page = page;
    events_server->stream =
        ps_http_stream_start(exchange, "text/event-stream; charset=utf-8", on_gone, events_server);
    if (events_server->stream == NULL) {
        free(events_server);
        return;
    }
    LIST_INSERT_HEAD(&page->listeners, events_server, next);
    ps_http_stream_send(events_server->stream, again, sizeof(again) - 1);
    ps_fleet_looked_at(page->fleet);
    for (int i = 0; i < PS_FLEET_PART_COUNT; i++)
        events_server->told[i] = UINT64_MAX;
    tell(events_server);
}

/* What a public page is made of: neither the operators' page nor its scripts. */
static bool is_for_readers(const struct ps_page_file *file)
{
    static const char *const paths[] = { "/page/style.css", "/page/reader.js", "/page/icon.svg" };

    for (size_t i = 0; i < PS_COUNT_OF(paths); i++)
        if (strcmp(file->path, paths[i]) == 0)
            return true;
    return false;
}

struct ps_status_page *ps_status_page_create(const struct ps_scheduler_state *state)
{
    const struct ps_daemon *daemon = state->daemon;
    struct ps_status_page *page = ps_alloc_zero(1, sizeof(*page));
    bool is_public = daemon->config->public_page;

    page->loop = daemon->loop;
    LIST_INIT(&page->listeners);
    ps_buf_init(&page->text, JSON_CAP);
    page->fleet = ps_fleet_create(state);
    ps_fleet_on_change(page->fleet, on_change, page);
    page->site = ps_reader_site_create(state, page->fleet);
    for (size_t i = 0; i < ps_page_file_count; i++)
        if (!is_public || is_for_readers(&ps_page_files[i]))
            ps_http_server_route(daemon->http, ps_page_files[i].path, PS_HTTP_SERVER_GET, on_file,
                                 (void *)(uintptr_t)&ps_page_files[i]);
    if (is_public)
        return page;
    page->history = ps_cycle_history_create(daemon);
    ps_admin_actions_start(daemon);
    ps_http_server_route(daemon->http, "/api/fleet", PS_HTTP_SERVER_GET, on_fleet, page);
    ps_http_server_route(daemon->http, "/api/fleet/events", PS_HTTP_SERVER_GET, on_events, page);
    return page;
}

void ps_status_page_destroy(struct ps_status_page *page)
{
    struct events_server *events_server;

    if (page == NULL)
        return;
    while ((events_server = LIST_FIRST(&page->listeners)) != NULL) {
        ps_http_stream_end(events_server->stream);
        on_gone(events_server);
    }
    ps_reader_site_destroy(page->site);
    ps_cycle_history_destroy(page->history);
    ps_fleet_destroy(page->fleet);
    ps_buf_clear(&page->text);
    free(page);
}
