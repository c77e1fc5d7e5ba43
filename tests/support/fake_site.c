#include "tests/support/fake_site.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { ANSWERS_MAX = 256, SEEN_MAX = 20000 };

struct seen {
    char path[64];
    char method[8];
    int64_t at_ms;
};

/* An answer that waits for its delay. */
struct late {
    LIST_ENTRY(late) link;
    struct fake_site *site;
    struct evhttp_request *request;
    const struct fake_answer *answer;
    struct ps_timer *timer;
};

struct fake_site {
    struct ps_loop *loop;
    struct evhttp *http;
    char base[64];
    struct fake_answer answers[ANSWERS_MAX];
    int used[ANSWERS_MAX];
    size_t count;
    struct seen *seen;
    int seen_count;
    LIST_HEAD(, late) late;
};

static void add_headers(struct evhttp_request *request, const char *headers)
{
    struct ps_str rest = ps_str_of(headers);
    struct ps_str line;
    struct ps_str name;

    while (ps_str_next(&rest, '\n', &line)) {
        struct ps_str value = line;
        char *name_text;
        char *value_text;

        if (!ps_str_next(&value, ':', &name))
            continue;
        value = ps_str_trim(value);
        name_text = ps_alloc_copy(name.data, name.len);
        value_text = ps_alloc_copy(value.data, value.len);
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), name_text, value_text);
        free(name_text);
        free(value_text);
    }
}

static void send_answer(struct evhttp_request *request, const struct fake_answer *answer)
{
    struct evbuffer *body;
    size_t len;

    if (answer->status == 0) {
        evhttp_connection_free(evhttp_request_get_connection(request));
        return;
    }
    add_headers(request, answer->headers);
    if (answer->body == NULL || evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
        evhttp_send_reply(request, answer->status, "Scripted", NULL);
        return;
    }
    len = answer->body_len == 0 ? strlen(answer->body) : answer->body_len;
    body = evbuffer_new();
    (void)evbuffer_add(body, answer->body, len);
    evhttp_send_reply(request, answer->status, "Scripted", body);
    evbuffer_free(body);
}

static void late_free(struct late *late)
{
    LIST_REMOVE(late, link);
    ps_timer_destroy(late->timer);
    free(late);
}

static void on_delay(void *cookie)
{
    struct late *late = cookie;

    send_answer(late->request, late->answer);
    late_free(late);
}

static bool is_wanted(const struct fake_answer *answer, struct evhttp_request *request)
{
    const char *value;

    if (answer->wants == NULL)
        return true;
    value = evhttp_find_header(evhttp_request_get_input_headers(request), answer->wants);
    return value != NULL && strcmp(value, answer->wants_value) == 0;
}

static const struct fake_answer *choose(struct fake_site *site, struct evhttp_request *request,
                                        const char *path)
{
    static const struct fake_answer missing = { .status = 404, .body = "not here" };

    for (size_t i = 0; i < site->count; i++) {
        if (strcmp(site->answers[i].path, path) != 0 || !is_wanted(&site->answers[i], request))
            continue;
        if (site->answers[i].times == 0 || site->used[i] < site->answers[i].times) {
            site->used[i]++;
            return &site->answers[i];
        }
    }
    return &missing;
}

static void on_request(struct evhttp_request *request, void *cookie)
{
    struct fake_site *site = cookie;
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
    const struct fake_answer *answer = choose(site, request, path);
    struct seen *seen;
    struct late *late;

    assert(site->seen_count < SEEN_MAX);
    seen = &site->seen[site->seen_count++];
    (void)snprintf(seen->path, sizeof(seen->path), "%s", path);
    (void)snprintf(seen->method, sizeof(seen->method), "%s",
                   evhttp_request_get_command(request) == EVHTTP_REQ_HEAD ? "HEAD" : "GET");
    seen->at_ms = ps_loop_now(site->loop);
    if (answer->delay_ms == 0) {
        send_answer(request, answer);
        return;
    }
    late = ps_alloc_zero(1, sizeof(*late));
    late->site = site;
    late->request = request;
    late->answer = answer;
    late->timer = ps_timer_create(site->loop, on_delay, late);
    LIST_INSERT_HEAD(&site->late, late, link);
    ps_timer_set(late->timer, answer->delay_ms);
}

struct fake_site *fake_site_create(struct ps_loop *loop)
{
    struct fake_site *site = ps_alloc_zero(1, sizeof(*site));
    struct evhttp_bound_socket *bound;
    struct sockaddr_in address;
    socklen_t len = sizeof(address);

    site->loop = loop;
    site->seen = ps_alloc_zero(SEEN_MAX, sizeof(*site->seen));
    LIST_INIT(&site->late);
    site->http = evhttp_new(ps_loop_base(loop));
    evhttp_set_allowed_methods(site->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_gencb(site->http, on_request, site);
    bound = evhttp_bind_socket_with_handle(site->http, "127.0.0.1", 0);
    assert(bound != NULL);
    (void)getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &len);
    (void)snprintf(site->base, sizeof(site->base), "http://127.0.0.1:%d", ntohs(address.sin_port));
    return site;
}

void fake_site_destroy(struct fake_site *site)
{
    struct late *late;

    while ((late = LIST_FIRST(&site->late)) != NULL)
        late_free(late);
    evhttp_free(site->http);
    free(site->seen);
    free(site);
}

void fake_site_add(struct fake_site *site, const struct fake_answer *answer)
{
    assert(site->count < ANSWERS_MAX);
    site->answers[site->count++] = *answer;
}

const char *fake_site_base(const struct fake_site *site)
{
    return site->base;
}

int fake_site_count(const struct fake_site *site, const char *method, const char *path)
{
    int count = 0;

    for (int i = 0; i < site->seen_count; i++)
        count += (method == NULL || strcmp(site->seen[i].method, method) == 0) &&
                 (path == NULL || strcmp(site->seen[i].path, path) == 0);
    return count;
}

int64_t fake_site_time(const struct fake_site *site, int n)
{
    return n < site->seen_count ? site->seen[n].at_ms : 0;
}
