#include "shared/io/health_server.h"

#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

/* A client that requests /metrics in a loop causes at most one rendering every METRICS_FRESH_MS. */
enum { METRICS_CAP = 1024 * 1024, METRICS_FRESH_MS = 100 };

struct ps_health_server {
    const struct ps_health_source *source;
    struct ps_metrics *metrics;
    struct ps_buf text; /* of /metrics, as rendered at rendered_ms */
    int64_t rendered_ms;
};

static void on_field_failed(void *cookie, const char *name, const struct ps_err *err)
{
    (void)cookie;
    PS_LOG(HEALTH_FIELD_ERROR, F_TEXT("field", name), F_ERR(err));
}

static void respond_json(struct ps_http_exchange *exchange, int status, char *text)
{
    ps_http_respond(exchange, status, "application/json; charset=utf-8", text, strlen(text));
    free(text);
}

/* A stranger reads neither names of hosts nor reasons. Kubernetes' probes and Prometheus ask
 * directly. */
static bool is_refused(const struct ps_health_server *health, struct ps_http_exchange *exchange)
{
    if (!health->source->direct_only || ps_http_is_direct(exchange))
        return false;
    ps_http_respond(exchange, 404, "text/plain; charset=utf-8", "not found\n", 10);
    return true;
}

static void on_health(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_health_server *health = cookie;
    const struct ps_health_source *source = health->source;
    struct ps_health_base base = { 0 };

    if (is_refused(health, exchange))
        return;
    source->base(source->cookie, &base);
    respond_json(exchange, 200,
                 ps_health_render(&base, source->fields, source->field_count, source->field_cookie,
                                  on_field_failed, NULL));
}

static void on_livez(void *cookie, struct ps_http_exchange *exchange)
{
    (void)cookie;
    ps_http_respond(exchange, 200, "text/plain; charset=utf-8", "ok", 2);
}

static void respond_readiness(struct ps_health_server *health, struct ps_http_exchange *exchange,
                              void (*add_reasons)(void *cookie, cJSON *out_reasons))
{
    cJSON *answer = cJSON_CreateObject();
    cJSON *reasons = cJSON_CreateArray();
    bool ready;

    if (is_refused(health, exchange)) {
        cJSON_Delete(reasons);
        cJSON_Delete(answer);
        return;
    }
    add_reasons(health->source->cookie, reasons);
    ready = cJSON_GetArraySize(reasons) == 0;
    ps_json_add_bool(answer, "ready", ready);
    cJSON_AddItemToObject(answer, "reasons", reasons);
    respond_json(exchange, ready ? 200 : 503, ps_json_print(answer));
    cJSON_Delete(answer);
}

static void on_readyz(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_health_server *health = cookie;

    respond_readiness(health, exchange, health->source->reasons);
}

static void on_readyz_events(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_health_server *health = cookie;

    respond_readiness(health, exchange, health->source->event_reasons);
}

static void on_metrics(void *cookie, struct ps_http_exchange *exchange)
{
    struct ps_health_server *health = cookie;
    int64_t now = ps_clock_mono_ms();

    if (is_refused(health, exchange))
        return;
    if (health->text.len == 0 || now - health->rendered_ms >= METRICS_FRESH_MS) {
        if (health->source->metrics)
            health->source->metrics(health->source->cookie, health->metrics);
        ps_buf_reset(&health->text);
        ps_metrics_render(health->metrics, &health->text);
        health->rendered_ms = now;
    }
    ps_http_respond(exchange, 200, "text/plain; version=0.0.4; charset=utf-8",
                    ps_buf_str(&health->text), health->text.len);
}

struct ps_health_server *ps_health_server_create(struct ps_http_server *server,
                                                 const struct ps_health_source *source,
                                                 struct ps_metrics *metrics)
{
    struct ps_health_server *health = ps_alloc_zero(1, sizeof(*health));

    health->source = source;
    health->metrics = metrics;
    ps_buf_init(&health->text, METRICS_CAP);
    ps_http_server_route(server, "/health", PS_HTTP_SERVER_GET, on_health, health);
    /* The Python service answered this path too, and monitors still request it. */
    ps_http_server_route(server, "/health/", PS_HTTP_SERVER_GET, on_health, health);
    ps_http_server_route(server, "/livez", PS_HTTP_SERVER_GET, on_livez, health);
    ps_http_server_route(server, "/readyz", PS_HTTP_SERVER_GET, on_readyz, health);
    if (source->event_reasons != NULL)
        ps_http_server_route(server, "/readyz/events", PS_HTTP_SERVER_GET, on_readyz_events,
                             health);
    ps_http_server_route(server, "/metrics", PS_HTTP_SERVER_GET, on_metrics, health);
    return health;
}

void ps_health_server_destroy(struct ps_health_server *health)
{
    if (health == NULL)
        return;
    ps_buf_clear(&health->text);
    free(health);
}
