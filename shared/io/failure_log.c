#include "shared/io/failure_log.h"

#include "shared/core/alloc.h"
#include "shared/core/url.h"
#include "shared/io/http_client.h"
#include "shared/io/log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_SIZE = 64 };

struct ps_failure_log {
    struct ps_redis *redis;
    const struct ps_keys *keys;
    struct ps_metrics *metrics;
    const char *component;
    uint64_t counts[PS_FAILURE_COUNT];
};

static void count(const struct ps_failure_log *log, enum ps_failure category, double amount)
{
    char label[LABEL_SIZE];

    (void)snprintf(label, sizeof(label), "%s,%s", log->component, ps_failure_name(category));
    ps_metrics_add(log->metrics, PS_METRIC_FAILURES, label, amount);
}

struct ps_failure_log *ps_failure_log_create(struct ps_redis *redis, const struct ps_keys *keys,
                                             struct ps_metrics *metrics, const char *component)
{
    struct ps_failure_log *log = ps_alloc_zero(1, sizeof(*log));

    log->redis = redis;
    log->keys = keys;
    log->metrics = metrics;
    log->component = component;
    for (int i = 0; i < PS_FAILURE_COUNT; i++)
        count(log, (enum ps_failure)i, 0);
    return log;
}

void ps_failure_log_destroy(struct ps_failure_log *log)
{
    free(log);
}

/* The connection logs its own loss. Only a command that Redis refused is worth a line here. */
static void on_added(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    (void)cookie;
    (void)reply;
    if (err != NULL && err->code == PS_REDIS_ERR_REPLY)
        PS_LOG(REDIS_ERROR, F_TEXT("what", "failures"), F_ERR(err));
}

static void add_entry(const struct ps_failure_log *log, const char *what, const struct ps_err *err,
                      const char *url, int status)
{
    char max_len[16];
    char code[16];

    (void)snprintf(max_len, sizeof(max_len), "%d", PS_FAILURES_KEPT);
    (void)snprintf(code, sizeof(code), "%d", status);
    PS_REDIS(log->redis, on_added, NULL, "XADD", ps_key(log->keys, PS_KEY_FAILURES), "MAXLEN", "~",
             max_len, "*", "component", log->component, "failure_category",
             ps_failure_name(err->category), "what", what, "url", url, "status", code, "detail",
             err->what);
}

void ps_failure_log_add(struct ps_failure_log *log, const char *what, const struct ps_err *err,
                        const char *url, int status)
{
    char *safe_url; /* without user and password */

    assert(err->category < PS_FAILURE_COUNT);
    log->counts[err->category]++;
    count(log, err->category, 1);
    if (err->code == PS_HTTP_ERR_TLS)
        ps_metrics_add(log->metrics, PS_METRIC_TLS_REFUSED, NULL, 1);
    if (!ps_redis_up(log->redis))
        return;
    safe_url = url != NULL && strchr(url, '@') != NULL ? ps_url_redacted(url)
                                                       : ps_alloc_text(url != NULL ? url : "");
    add_entry(log, what, err, safe_url, status);
    free(safe_url);
}

const uint64_t *ps_failure_log_counts(const struct ps_failure_log *log)
{
    return log->counts;
}
