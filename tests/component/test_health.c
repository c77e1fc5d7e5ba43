#include "shared/core/alloc.h"
#include "shared/io/health_server.h"
#include "tests/support/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 5000 };

struct fixture {
    struct ps_loop *loop;
    struct ps_http_server *server;
    struct ps_health_server *health;
    struct ps_health_source source;
    struct ps_metrics *metrics;
    const char *reason;
    struct ps_test_raw raw;
};

static const struct ps_incident_set none;

static void read_base(void *cookie, struct ps_health_base *out_base)
{
    struct fixture *f = cookie;

    *out_base = (struct ps_health_base){
        .component = "worker",
        .version = "0.1.0",
        .instance = "w1",
        .launched_ms = 1796000000000,
        .uptime_seconds = 12,
        .ready = !f->reason,
        .incidents = &none,
    };
}

static bool read_good(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)cookie;
    (void)err;
    *out_value = cJSON_CreateNumber(7);
    return true;
}

static bool read_bad(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)cookie;
    (void)out_value;
    return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "cannot be computed");
}

static const struct ps_health_field fields[] = {
    {"bad",        read_bad },
    { "in_flight", read_good},
};

static void read_reasons(void *cookie, cJSON *out_reasons)
{
    struct fixture *f = cookie;

    if (f->reason)
        cJSON_AddItemToArray(out_reasons, cJSON_CreateString(f->reason));
}

static void set_metrics(void *cookie, struct ps_metrics *metrics)
{
    (void)cookie;
    ps_metrics_set(metrics, PS_METRIC_PROBES_IN_FLIGHT, NULL, 3);
}

static void open_up(struct fixture *f)
{
    struct ps_http_server_options options = { .host = "127.0.0.1" };

    memset(f, 0, sizeof(*f));
    f->loop = ps_loop_create();
    f->server = ps_http_server_create(f->loop, &options, NULL);
    assert_non_null(f->server);
    f->metrics = ps_metrics_create();
    f->source = (struct ps_health_source){ .cookie = f,
                                           .base = read_base,
                                           .fields = fields,
                                           .field_count = PS_COUNT_OF(fields),
                                           .reasons = read_reasons,
                                           .metrics = set_metrics };
    f->health = ps_health_server_create(f->server, &f->source, f->metrics);
}

static void done(struct fixture *f)
{
    ps_http_server_destroy(f->server);
    ps_health_server_destroy(f->health);
    ps_metrics_destroy(f->metrics);
    ps_loop_destroy(f->loop);
}

/* Gives the whole answer. */
static char *get(struct fixture *f, const char *path)
{
    char *request =
        ps_alloc_format("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    struct ps_test_raw raw;
    char *text;

    ps_test_raw_open(&raw, f->loop, ps_http_server_port(f->server));
    ps_test_raw_text(&raw, request);
    assert_true(ps_test_raw_until_closed(&raw, PATIENCE_MS));
    text = ps_alloc_text(raw.text);
    ps_test_raw_close(&raw);
    free(request);
    return text;
}

static void expect(struct fixture *f, const char *path, const char *const *wanted)
{
    char *text = get(f, path);

    for (; *wanted; wanted++) {
        if (!strstr(text, *wanted))
            fail_msg("%s lacks %s: %s", path, *wanted, text);
    }
    free(text);
}

static void health_is_200_and_leaves_out_a_failing_field(void **state)
{
    struct fixture f;
    char *text;

    (void)state;
    open_up(&f);
    expect(&f, "/health",
           (const char *const[]){ "200 OK", "Content-Type: application/json", "\"status\":\"ok\"",
                                  "\"component\":\"worker\"", "\"in_flight\":7", NULL });
    text = get(&f, "/health");
    assert_null(strstr(text, "\"bad\""));
    free(text);
    f.reason = "Redis is not reached";
    expect(&f, "/health",
           (const char *const[]){ "200 OK", "\"status\":\"degraded\"", "\"in_flight\":7", NULL });
    done(&f);
}

static void livez_depends_on_nothing(void **state)
{
    struct fixture f;

    (void)state;
    open_up(&f);
    f.reason = "everything is down";
    expect(&f, "/livez", (const char *const[]){ "200 OK", "\r\n\r\nok", NULL });
    done(&f);
}

static void readyz_gives_reasons(void **state)
{
    struct fixture f;

    (void)state;
    open_up(&f);
    expect(&f, "/readyz",
           (const char *const[]){ "200 OK", "{\"ready\":true,\"reasons\":[]}", NULL });
    f.reason = "Redis is not reached";
    expect(&f, "/readyz",
           (const char *const[]){ "503 Service Unavailable",
                                  "{\"ready\":false,\"reasons\":[\"Redis is not reached\"]}",
                                  NULL });
    done(&f);
}

static void metrics_are_prometheus_text(void **state)
{
    struct fixture f;

    (void)state;
    open_up(&f);
    ps_metrics_add(f.metrics, PS_METRIC_FAILURES, "worker,TIMEOUT", 2);
    expect(&f, "/metrics",
           (const char *const[]){
               "200 OK", "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
               "paperscout_failures_total{component=\"worker\",category=\"TIMEOUT\"} 2\n",
               "paperscout_probes_in_flight 3\n", NULL });
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_is_200_and_leaves_out_a_failing_field),
        cmocka_unit_test(livez_depends_on_nothing),
        cmocka_unit_test(readyz_gives_reasons),
        cmocka_unit_test(metrics_are_prometheus_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
