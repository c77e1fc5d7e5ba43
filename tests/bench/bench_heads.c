/* bench_heads curl|client URL COUNT CONCURRENCY [CA_FILE]: HEAD requests below URL, so many at
 * once. "curl" is libcurl's multi interface on libevent and nothing else: the ceiling of this
 * machine; "client" is shared/io/http_client. One JSON line; cpu_us is for a request. */
#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/io/clock.h"
#include "shared/io/http_client.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { NUMBERS = 9000, TIMEOUT_MS = 10000, URL_SIZE = 512 };

struct bench {
    const char *base, *ca_file;
    size_t count, concurrency;
    size_t begun, done, failed;
    struct ps_loop *loop;
    struct ps_http *http; /* of "client" */
    CURLM *multi;         /* of "curl" */
    struct event *timer;
};

static void next_url(struct bench *bench, char *out_url)
{
    (void)snprintf(out_url, URL_SIZE, "%sD%zuR%zu.pdf", bench->base, 1000 + bench->begun % NUMBERS,
                   bench->begun / NUMBERS);
    bench->begun++;
}

static bool is_https(const struct bench *bench)
{
    return strncmp(bench->base, "https:", 6) == 0;
}

static void one_done(struct bench *bench, bool ok)
{
    bench->failed += !ok;
    if (++bench->done == bench->count)
        ps_loop_stop(bench->loop, 0);
}

/* libcurl alone */

static void curl_begin(struct bench *bench, CURL *easy)
{
    char url[URL_SIZE];

    next_url(bench, url);
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    if (curl_multi_add_handle(bench->multi, easy) != CURLM_OK)
        abort();
}

static void curl_collect(struct bench *bench)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(bench->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        long status = 0;
        bool ok = message->data.result == CURLE_OK;

        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_multi_remove_handle(bench->multi, easy);
        if (bench->begun < bench->count)
            curl_begin(bench, easy);
        else
            curl_easy_cleanup(easy);
        one_done(bench, ok && status == 404);
    }
}

static void on_curl_socket(evutil_socket_t fd, short what, void *cookie)
{
    struct bench *bench = cookie;
    int running,
        ready = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

    (void)curl_multi_socket_action(bench->multi, fd, ready, &running);
    curl_collect(bench);
}

static void on_curl_timeout(evutil_socket_t fd, short what, void *cookie)
{
    struct bench *bench = cookie;
    int running;

    (void)fd;
    (void)what;
    (void)curl_multi_socket_action(bench->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    curl_collect(bench);
}

static int on_watch(CURL *easy, curl_socket_t fd, int action, void *cookie, void *watched)
{
    struct bench *bench = cookie;
    struct event *event = watched;
    short what = (short)((action & CURL_POLL_IN ? EV_READ : 0) |
                         (action & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

    (void)easy;
    if (event != NULL)
        event_free(event);
    event = NULL;
    if (action != CURL_POLL_REMOVE) {
        event = event_new(ps_loop_base(bench->loop), fd, what, on_curl_socket, bench);
        if (event == NULL || event_add(event, NULL) != 0)
            abort();
    }
    (void)curl_multi_assign(bench->multi, fd, event);
    return 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *cookie)
{
    struct bench *bench = cookie;
    struct timeval after = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

    (void)multi;
    if (timeout_ms < 0)
        (void)event_del(bench->timer);
    else
        (void)event_add(bench->timer, &after);
    return 0;
}

static CURL *curl_make(const struct bench *bench)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL)
        abort();
    (void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, is_https(bench) ? 1L : 0L);
    if (bench->ca_file != NULL)
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, bench->ca_file);
    return easy;
}

static void run_curl(struct bench *bench)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    bench->multi = curl_multi_init();
    bench->timer = event_new(ps_loop_base(bench->loop), -1, 0, on_curl_timeout, bench);
    if (bench->multi == NULL || bench->timer == NULL)
        abort();
    (void)curl_multi_setopt(bench->multi, CURLMOPT_SOCKETFUNCTION, on_watch);
    (void)curl_multi_setopt(bench->multi, CURLMOPT_SOCKETDATA, bench);
    (void)curl_multi_setopt(bench->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    (void)curl_multi_setopt(bench->multi, CURLMOPT_TIMERDATA, bench);
    (void)curl_multi_setopt(bench->multi, CURLMOPT_MAXCONNECTS, (long)bench->concurrency * 2);
    (void)curl_multi_setopt(bench->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)bench->concurrency);
    while (bench->begun < bench->concurrency && bench->begun < bench->count)
        curl_begin(bench, curl_make(bench));
    (void)ps_loop_run(bench->loop);
    (void)curl_multi_cleanup(bench->multi);
    event_free(bench->timer);
    curl_global_cleanup();
}

/* shared/io/http_client */

static void client_begin(struct bench *bench);

static void on_reply(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct bench *bench = cookie;

    if (bench->begun < bench->count)
        client_begin(bench);
    one_done(bench, err == NULL && reply->status == 404);
}

static void client_begin(struct bench *bench)
{
    char url[URL_SIZE];
    struct ps_http_request request = { .method = PS_HTTP_HEAD,
                                       .url = url,
                                       .timeout_ms = TIMEOUT_MS,
                                       .max_body = 1024,
                                       .truncate_body = true,
                                       .max_redirects = 5 };
    struct ps_err err;

    next_url(bench, url);
    if (ps_http_send(bench->http, &request, on_reply, bench, &err) == NULL)
        abort();
}

static void run_client(struct bench *bench)
{
    struct ps_http_options options = { .user_agent = "paperscout-bench",
                                       .http2 = true,
                                       .allow_private = true,
                                       .max_connections = (int)bench->concurrency,
                                       .ca_file = bench->ca_file };

    bench->http = ps_http_create(bench->loop, &options);
    while (bench->begun < bench->concurrency && bench->begun < bench->count)
        client_begin(bench);
    (void)ps_loop_run(bench->loop);
    ps_http_destroy(bench->http);
}

static double cpu_us(void)
{
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used) != 0)
        abort();
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
    struct bench bench = { 0 };
    int64_t count, concurrency, began, took_us;

    if (argc < 5 || argc > 6 || !ps_str_int(ps_str_of(argv[3]), 1, 10000000, &count) ||
        !ps_str_int(ps_str_of(argv[4]), 1, 1000, &concurrency)) {
        (void)fprintf(stderr, "usage: bench_heads curl|client URL COUNT CONCURRENCY [CA_FILE]\n");
        return 64;
    }
    bench.base = argv[2];
    bench.count = (size_t)count;
    bench.concurrency = (size_t)concurrency;
    bench.ca_file = argv[5]; /* NULL when it is not given */
    bench.loop = ps_loop_create();
    began = ps_clock_mono_us();
    if (strcmp(argv[1], "curl") == 0)
        run_curl(&bench);
    else
        run_client(&bench);
    took_us = ps_clock_mono_us() - began;
    ps_loop_destroy(bench.loop);
    (void)printf("{\"per_second\": %.1f, \"cpu_us\": %.2f, \"failed\": %zu}\n",
                 (double)bench.count * 1000000.0 / (double)took_us, cpu_us() / (double)bench.count,
                 bench.failed);
    return bench.failed == 0 ? 0 : 1;
}
