#include "scheduler/io/index_fetch.h"

#include "scheduler/core/open_std_page.h"
#include "shared/core/alloc.h"
#include "shared/core/html.h"
#include "shared/core/http_validator.h"
#include "shared/core/url.h"
#include "shared/io/background.h"
#include "shared/io/clock.h"
#include "shared/io/http_client.h"
#include "shared/io/log.h"

#include <stdlib.h>

enum { REDIRECTS_MAX = 5, OK = 200, NOT_MODIFIED = 304, REFUSED_FROM = 400, REFUSED_TO = 500 };

/* The part of an answer beside its body. */
struct answer {
    int status;
    size_t bytes;
    int64_t latency_ms;
    char *etag, *modified; /* owned; NULL for none, or not usable */
};

struct warnings {
    struct warning {
        char *id, *what;
    } * items;
    size_t len, size;
};

/* A body that is being parsed beside the loop. */
struct parsing {
    struct ps_index_fetch *fetch; /* NULL: cancelled; the thread does not read it */
    struct answer answer;         /* nor this */
    enum ps_index_source source;
    char *body, *charset, *url; /* owned */
    size_t body_len;
    struct ps_paper_index *index; /* the result; NULL with err */
    struct ps_err err;
    struct ps_open_std_counts counts;
    struct warnings warnings;
    int64_t took_ms, cpu_ms;
};

struct ps_index_fetch {
    struct ps_daemon *daemon; /* borrowed */
    enum ps_index_source source;
    char *url;          /* of the last request */
    bool unconditional; /* the last answer was a 4xx, and the validators may be the reason */
    struct ps_http *http;
    struct ps_http_call *call; /* NULL: none is outstanding */
    struct parsing *parsing;   /* NULL: nothing is being parsed */
    struct ps_timer *unsent;   /* reports from the loop that a request could not be sent */
    struct ps_err unsent_err;
    struct ps_open_std_counts counts; /* of the page that was read last */
    ps_index_fetch_fn fn;
    void *cookie;
};

static const char *source_name(const struct ps_index_fetch *fetch)
{
    return fetch->source == PS_INDEX_WG21 ? "wg21.link" : "open-std.org";
}

static struct answer answer_of(const struct ps_http_reply *reply)
{
    return (struct answer){
        .status = reply->status,
        .bytes = reply->body_len,
        .latency_ms = reply->latency_ms,
        .etag = ps_http_validator_usable(reply->etag) ? ps_alloc_text(reply->etag) : NULL,
        .modified = ps_http_validator_usable(reply->last_modified)
                        ? ps_alloc_text(reply->last_modified)
                        : NULL,
    };
}

static void answer_clear(struct answer *answer)
{
    free(answer->etag);
    free(answer->modified);
    *answer = (struct answer){ 0 };
}

/* A download that failed is logged as INDEX-FETCH with its category, any other download as
 * INDEX-LOAD. */
static void fail(struct ps_index_fetch *fetch, const struct answer *answer,
                 const struct ps_err *err)
{
    PS_LOG(INDEX_FETCH, F_TEXT("source", source_name(fetch)), F_INT("status", answer->status),
           F_INT("bytes", answer->bytes), F_ERR(err));
    fetch->fn(fetch->cookie, NULL, NULL, NULL, err);
}

/* Parsing, on a thread: an index of 50,000 entries takes some 200 ms. */

static void on_warning(void *cookie, const char *id, const char *what)
{
    struct warnings *warnings = cookie;

    if (warnings->len == warnings->size) {
        warnings->size = warnings->size == 0 ? 8 : 2 * warnings->size;
        warnings->items = ps_alloc_array(warnings->items, warnings->size, sizeof(*warnings->items));
    }
    warnings->items[warnings->len++] =
        (struct warning){ ps_alloc_text(id == NULL ? "" : id), ps_alloc_text(what) };
}

static void parse(void *data)
{
    struct parsing *parsing = data;
    int64_t began_ms = ps_clock_mono_ms(), began_us = ps_clock_cpu_us();

    if (parsing->source == PS_INDEX_WG21)
        parsing->index = ps_paper_index_parse(parsing->body, parsing->body_len, on_warning,
                                              &parsing->warnings, &parsing->err);
    else
        parsing->index = ps_open_std_page_parse(parsing->body, parsing->body_len, parsing->charset,
                                                parsing->url, &parsing->counts, &parsing->err);
    free(parsing->body);
    parsing->body = NULL;
    parsing->took_ms = ps_clock_mono_ms() - began_ms;
    parsing->cpu_ms = (ps_clock_cpu_us() - began_us) / 1000;
}

static void parsing_destroy(struct parsing *parsing)
{
    for (size_t i = 0; i < parsing->warnings.len; i++) {
        free(parsing->warnings.items[i].id);
        free(parsing->warnings.items[i].what);
    }
    free(parsing->warnings.items);
    ps_paper_index_destroy(parsing->index);
    answer_clear(&parsing->answer);
    free(parsing->charset);
    free(parsing->url);
    free(parsing);
}

static void report(struct ps_index_fetch *fetch, struct parsing *parsing)
{
    const struct answer *answer = &parsing->answer;
    struct ps_paper_index *index = parsing->index;

    for (size_t i = 0; i < parsing->warnings.len; i++)
        PS_LOG(INDEX_WARNING, F_TEXT("id", parsing->warnings.items[i].id),
               F_TEXT("what", parsing->warnings.items[i].what));
    if (index == NULL) {
        fail(fetch, answer, &parsing->err);
        return;
    }
    PS_LOG(INDEX_LOAD, F_TEXT("source", source_name(fetch)), F_INT("status", answer->status),
           F_BOOL("unchanged", false), F_INT("bytes", answer->bytes),
           F_INT("latency_ms", answer->latency_ms), F_INT("papers", ps_paper_index_len(index)),
           F_INT("warnings", ps_paper_index_warnings(index)), F_INT("ms", parsing->took_ms),
           F_INT("cpu_ms", parsing->cpu_ms));
    fetch->counts = parsing->counts;
    parsing->index = NULL;
    fetch->fn(fetch->cookie, index, answer->etag, answer->modified, NULL);
}

static void on_parsed(void *cookie, void *data)
{
    struct parsing *parsing = data;
    struct ps_index_fetch *fetch = parsing->fetch;

    (void)cookie;
    if (fetch != NULL) {
        fetch->parsing = NULL;
        report(fetch, parsing);
    }
    parsing_destroy(parsing);
}

static void load(struct ps_index_fetch *fetch, struct ps_http_call *call,
                 const struct ps_http_reply *reply)
{
    struct parsing *parsing = ps_alloc_zero(1, sizeof(*parsing));

    parsing->fetch = fetch;
    parsing->answer = answer_of(reply);
    parsing->source = fetch->source;
    parsing->body_len = reply->body_len;
    parsing->charset = ps_html_charset(reply->content_type);
    parsing->url = ps_alloc_text(fetch->url);
    parsing->body = ps_http_take_body(call);
    fetch->parsing = parsing;
    ps_background_run(fetch->daemon->background,
                      &(struct ps_background_job){ .work = parse, .done = on_parsed }, parsing);
}

static void on_reply(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_index_fetch *fetch = cookie;
    struct ps_http_call *call = fetch->call;
    struct answer answer = { 0 };
    struct ps_err failed;

    fetch->call = NULL;
    if (err != NULL) {
        fail(fetch, &answer, err);
        return;
    }
    fetch->unconditional = reply->status >= REFUSED_FROM && reply->status < REFUSED_TO;
    if (reply->status == OK) {
        load(fetch, call, reply);
        return;
    }
    answer = answer_of(reply);
    if (reply->status == NOT_MODIFIED) {
        PS_LOG(INDEX_LOAD, F_TEXT("source", source_name(fetch)), F_INT("status", reply->status),
               F_BOOL("unchanged", true), F_INT("latency_ms", reply->latency_ms));
        fetch->fn(fetch->cookie, NULL, answer.etag, answer.modified, NULL);
    } else {
        (void)ps_fail(&failed, ps_failure_of_status(reply->status), reply->status,
                      "the download from %s was answered with %d", source_name(fetch),
                      reply->status);
        fail(fetch, &answer, &failed);
    }
    answer_clear(&answer);
}

static void on_unsent(void *cookie)
{
    struct ps_index_fetch *fetch = cookie;

    fail(fetch, &(struct answer){ 0 }, &fetch->unsent_err);
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
    /* An earlier version may have stored an unusable index. */
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
    if (fetch->parsing != NULL)
        fetch->parsing->fetch = NULL;
    fetch->parsing = NULL;
}

const struct ps_open_std_counts *ps_index_fetch_counts(const struct ps_index_fetch *fetch)
{
    return &fetch->counts;
}
