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
    SLOW_MS = 30 * 1000 /* a subscriber that has been behind for this long is dropped */
};

struct subscriber {
    LIST_ENTRY(subscriber) next;
    struct ps_status_page *page;
    struct ps_http_stream *stream;
    uint64_t sent[PS_FLEET_PART_COUNT]; /* version of each part that was sent last */
    int64_t behind_ms;                  /* monotonic: since when it is behind; 0: it is not */
};

struct ps_status_page {
    struct ps_loop *loop;
    struct ps_fleet *fleet;
    struct ps_reader_site *site;
    struct ps_cycle_history *history; /* NULL on a public page */
    LIST_HEAD(, subscriber) subscribers;
    struct ps_buf text;
};

static void on_file(void *cookie, struct ps_http_exchange *exchange)
{
    const struct ps_page_file *file = cookie;

    /* Browsers must request the files each time; otherwise an old script could run in a new page
     * after an upgrade. */
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

/* Sends the parts that have changed since the last time. */
static void send_changes(struct subscriber *subscriber)
{
    struct ps_status_page *page = subscriber->page;

    ps_buf_reset(&page->text);
    for (int i = 0; i < PS_FLEET_PART_COUNT; i++) {
        uint64_t version;
        const char *text = ps_fleet_text(page->fleet, (enum ps_fleet_part)i, &version);

        if (version == subscriber->sent[i])
            continue;
        subscriber->sent[i] = version;
        ps_buf_format(&page->text, "event: %s\ndata: ", ps_fleet_part_name((enum ps_fleet_part)i));
        ps_buf_text(&page->text, text);
        ps_buf_text(&page->text, "\n\n");
    }
    ps_http_stream_send(subscriber->stream, ps_buf_str(&page->text), page->text.len);
}

/* Each part replaces the one before, so a slow subscriber misses only what is out of date. */
static bool is_behind(struct subscriber *subscriber)
{
    int64_t now_ms = ps_loop_now(subscriber->page->loop);

    if (ps_http_stream_backlog(subscriber->stream) == 0)
        subscriber->behind_ms = 0;
    else if (subscriber->behind_ms == 0)
        subscriber->behind_ms = now_ms;
    else if (now_ms - subscriber->behind_ms > SLOW_MS)
        ps_http_stream_drop(subscriber->stream);
    return subscriber->behind_ms != 0;
}

static void on_change(void *cookie)
{
    struct ps_status_page *page = cookie;
    struct subscriber *subscriber;

    if (LIST_FIRST(&page->subscribers) != NULL)
        ps_fleet_looked_at(page->fleet);
    LIST_FOREACH(subscriber, &page->subscribers, next)
    {
        if (!is_behind(subscriber))
            send_changes(subscriber);
    }
}

static void on_gone(void *cookie)
{
    struct subscriber *subscriber = cookie;

    LIST_REMOVE(subscriber, next);
    free(subscriber);
}

static void on_events(void *cookie, struct ps_http_exchange *exchange)
{
    static const char again[] = "retry: 2000\n\n"; /* ms until a browser connects again */
    struct ps_status_page *page = cookie;
    struct subscriber *subscriber = ps_alloc_zero(1, sizeof(*subscriber));

    subscriber->page = page;
    subscriber->stream =
        ps_http_stream_start(exchange, "text/event-stream; charset=utf-8", on_gone, subscriber);
    if (subscriber->stream == NULL) {
        free(subscriber);
        return;
    }
    LIST_INSERT_HEAD(&page->subscribers, subscriber, next);
    ps_http_stream_send(subscriber->stream, again, sizeof(again) - 1);
    ps_fleet_looked_at(page->fleet);
    for (int i = 0; i < PS_FLEET_PART_COUNT; i++)
        subscriber->sent[i] = UINT64_MAX;
    send_changes(subscriber);
}

static void on_livez(void *cookie, struct ps_http_exchange *exchange)
{
    (void)cookie;
    ps_http_respond(exchange, 200, "text/plain; charset=utf-8", "ok", 2);
}

/* A public page goes without the operators' page and its scripts. */
static void serve_files(struct ps_http_server *server, bool is_public)
{
    static const char *const public_paths[] = { "/page/style.css", "/page/reader.js",
                                                "/page/icon.svg" };

    for (size_t i = 0; i < ps_page_file_count; i++) {
        bool wanted = !is_public;

        for (size_t k = 0; k < PS_COUNT_OF(public_paths); k++)
            wanted = wanted || strcmp(ps_page_files[i].path, public_paths[k]) == 0;
        if (wanted)
            ps_http_server_route(server, ps_page_files[i].path, PS_HTTP_SERVER_GET, on_file,
                                 (void *)(uintptr_t)&ps_page_files[i]);
    }
}

struct ps_status_page *ps_status_page_create(const struct ps_scheduler_state *state,
                                             struct ps_http_server *public_server)
{
    const struct ps_daemon *daemon = state->daemon;
    struct ps_status_page *page = ps_alloc_zero(1, sizeof(*page));
    bool is_public = daemon->config->public_page;

    page->loop = daemon->loop;
    LIST_INIT(&page->subscribers);
    ps_buf_init(&page->text, JSON_CAP);
    page->fleet = ps_fleet_create(state);
    ps_fleet_on_change(page->fleet, on_change, page);
    page->site = ps_reader_site_create(state, page->fleet);
    ps_reader_site_serve(page->site, daemon->http);
    serve_files(daemon->http, is_public);
    if (public_server != NULL) {
        ps_http_server_route(public_server, "/livez", PS_HTTP_SERVER_GET, on_livez, page);
        serve_files(public_server, true);
        ps_reader_site_serve(page->site, public_server);
    }
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
    struct subscriber *subscriber;

    if (page == NULL)
        return;
    while ((subscriber = LIST_FIRST(&page->subscribers)) != NULL) {
        ps_http_stream_end(subscriber->stream);
        on_gone(subscriber);
    }
    ps_reader_site_destroy(page->site);
    ps_cycle_history_destroy(page->history);
    ps_fleet_destroy(page->fleet);
    ps_buf_clear(&page->text);
    free(page);
}
