#include "scheduler/io/index_fetch.h"

#include "scheduler/core/open_std_page.h"
#include "shared/core/alloc.h"
#include "shared/core/html.h"
#include "shared/core/http_validator.h"
#include "shared/core/url.h"
#include "shared/io/clock.h"
#include "shared/io/http_client.h"
#include "shared/io/log.h"

#include <stdlib.h>

enum { REDIRECTS_MAX = 5, OK = 200, NOT_MODIFIED = 304, REFUSED_FROM = 400, REFUSED_TO = 500 };

struct ps_index_fetch {
    struct ps_daemon *daemon; /* borrowed */
    enum ps_index_source source;
    char *url;          /* of the last request */
    bool unconditional; /* the last answer was a 4xx, and the validators may be the reason */
    struct ps_http *http;
    struct ps_http_call *call; /* NULL: none is outstanding */
    struct ps_timer *unsent;   /* reports from the loop that a request could not be sent */
    struct ps_err unsent_err;
    struct ps_open_std_counts counts; /* of the page that was read last */
    ps_index_fetch_fn fn;
    void *cookie;
};

static void on_warning(void *cookie, const char *id, const char *what)
{
    (void)cookie;
    PS_LOG(INDEX_WARNING, F_TEXT("id", id == NULL ? "" : id), F_TEXT("what", what));
}

static const char *source_name(const struct ps_index_fetch *fetch)
{
    return fetch->source == PS_INDEX_WG21 ? "wg21.link" : "open-std.org";
}

static void answer(struct ps_index_fetch *fetch, struct ps_paper_index *index,
                   const struct ps_http_reply *reply)
{
    const char *etag = reply->etag, *modified = reply->last_modified;

    fetch->fn(fetch->cookie, index, ps_http_validator_usable(etag) ? etag : NULL,
              ps_http_validator_usable(modified) ? modified : NULL, NULL);
}

/* Every download that failed is an INDEX-FETCH with its category, every other one an INDEX-LOAD. */
static void fail(struct ps_index_fetch *fetch, const struct ps_http_reply *reply,
                 const struct ps_err *err)
{
    PS_LOG(INDEX_FETCH, F_TEXT("source", source_name(fetch)),
           F_INT("status", reply == NULL ? 0 : reply->status),
           F_INT("bytes", reply == NULL ? 0 : reply->body_len), F_ERR(err));
    fetch->fn(fetch->cookie, NULL, NULL, NULL, err);
}

static struct ps_paper_index *parse(struct ps_index_fetch *fetch, const struct ps_http_reply *reply,
                                    struct ps_err *err)
{
    char *charset;
    struct ps_paper_index *index;

    if (fetch->source == PS_INDEX_WG21)
        return ps_paper_index_parse(reply->body, reply->body_len, on_warning, NULL, err);
    charset = ps_html_charset(reply->content_type);
    index = ps_open_std_page_parse(reply->body, reply->body_len, charset, fetch->url,
                                   &fetch->counts, err);
    free(charset);
    return index;
}

static void load(struct ps_index_fetch *fetch, const struct ps_http_reply *reply)
{
    int64_t began_ms = ps_clock_mono_ms();
    struct ps_err failed;
    struct ps_paper_index *index = parse(fetch, reply, &failed);

    if (index == NULL) {
        fail(fetch, reply, &failed);
        return;
    }
    PS_LOG(INDEX_LOAD, F_TEXT("source", source_name(fetch)), F_INT("status", reply->status),
           F_BOOL("unchanged", false), F_INT("bytes", reply->body_len),
           F_INT("latency_ms", reply->latency_ms), F_INT("papers", ps_paper_index_len(index)),
           F_INT("warnings", ps_paper_index_warnings(index)),
           F_INT("ms", ps_clock_mono_ms() - began_ms));
    answer(fetch, index, reply);
}

static void on_reply(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_index_fetch *fetch = cookie;
    struct ps_err failed;

    fetch->call = NULL;
    if (err == NULL)
        fetch->unconditional = reply->status >= REFUSED_FROM && reply->status < REFUSED_TO;
    if (err != NULL) {
        fail(fetch, NULL, err);
    } else if (reply->status == NOT_MODIFIED) {
        PS_LOG(INDEX_LOAD, F_TEXT("source", source_name(fetch)), F_INT("status", reply->status),
               F_BOOL("unchanged", true), F_INT("latency_ms", reply->latency_ms));
        answer(fetch, NULL, reply);
    } else if (reply->status != OK) {
        (void)ps_fail(&failed, ps_failure_of_status(reply->status), reply->status,
                      "the download from %s was answered with %d", source_name(fetch),
                      reply->status);
        fail(fetch, reply, &failed);
    } else {
        load(fetch, reply);
    }
}

static void on_unsent(void *cookie)
{
    struct ps_index_fetch *fetch = cookie;

    fail(fetch, NULL, &fetch->unsent_err);
}

struct ps_index_fetch *ps_index_fetch_create(struct ps_daemon *daemon, enum ps_index_source source)
{
    struct ps_index_fetch *fetch = ps_alloc_zero(1, sizeof(*fetch));
    /* The operator names the index, which may be in a private network. Its redirects may not lead
     * there. */
    struct ps_http_options options = { .user_agent = daemon->user_agent,
                                       .proxy = daemon->config->http_proxy_url,
                                       .no_proxy = daemon->config->http_proxy_except,
                                       .http2 = true,
                                       .allow_private = daemon->config->allow_private_upstreams,
                                       .allow_private_named = true,
                                       .ca_file = daemon->config->http_ca_file };

    fetch->daemon = daemon;
    fetch->source = source;
    fetch->http = ps_http_create(daemon->loop, &options);
    fetch->unsent = ps_timer_create(daemon->loop, on_unsent, fetch);
    return fetch;
}

void ps_index_fetch_destroy(struct ps_index_fetch *fetch)
{
    if (fetch == NULL)
        return;
    ps_index_fetch_cancel(fetch);
    ps_http_destroy(fetch->http);
    ps_timer_destroy(fetch->unsent);
    free(fetch->url);
    free(fetch);
}

/* Gives the header's line; NULL for none. */
static char *condition(const struct ps_index_fetch *fetch, const char *name, const char *validator)
{
    /* An earlier version may have stored one that is not usable. */
    return fetch->unconditional || !ps_http_validator_usable(validator)
               ? NULL
               : ps_alloc_format("%s: %s", name, validator);
}

void ps_index_fetch_start(struct ps_index_fetch *fetch, const char *url, const char *etag,
                          const char *modified, ps_index_fetch_fn fn, void *cookie)
{
    const struct ps_config *config = fetch->daemon->config;
    char *if_none = condition(fetch, "If-None-Match", etag);
    char *if_since = condition(fetch, "If-Modified-Since", modified);
    const char *headers[3] = { NULL, NULL, NULL };
    size_t count = 0;
    struct ps_http_request request = { .method = PS_HTTP_GET,
                                       .url = url,
                                       .headers = headers,
                                       .timeout_ms = (int64_t)(config->wg21_index_timeout_s * 1000),
                                       .max_body = fetch->source == PS_INDEX_WG21
                                                       ? (size_t)PS_INDEX_BYTES_MAX
                                                       : (size_t)PS_OPEN_STD_PAGE_BYTES_MAX,
                                       .max_redirects = REDIRECTS_MAX,
                                       .accept_encoding = true };

    if (if_none != NULL)
        headers[count++] = if_none;
    if (if_since != NULL)
        headers[count++] = if_since;
    free(fetch->url);
    fetch->url = ps_alloc_text(url);
    fetch->fn = fn;
    fetch->cookie = cookie;
    fetch->call = ps_http_send(fetch->http, &request, on_reply, fetch, &fetch->unsent_err);
    if (fetch->call == NULL)
        ps_timer_set(fetch->unsent, 0);
    free(if_none);
    free(if_since);
}

void ps_index_fetch_cancel(struct ps_index_fetch *fetch)
{
    ps_timer_cancel(fetch->unsent);
    ps_http_cancel(fetch->call);
    fetch->call = NULL;
}

const struct ps_open_std_counts *ps_index_fetch_counts(const struct ps_index_fetch *fetch)
{
    return &fetch->counts;
}
