#include "shared/io/sentinel.h"

#include "shared/core/alloc.h"
#include "shared/core/endpoints.h"
#include "shared/core/url.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTINEL_PORT = 26379, PATIENCE_MS = 1000 };

struct ps_sentinel {
    struct ps_loop *loop;
    const struct ps_sentinel_connect *connect; /* borrowed */
    struct ps_endpoints servers;
    struct ps_redis_options options; /* for a connection to one of them; its texts are ours */
    char *ca_file, *cert_file, *key_file;
    char *master, *user, *password;
    char *const *password_source; /* borrowed; where a rotated password stands; NULL: nowhere */
    bool tls;
    ps_sentinel_fn fn;
    void *cookie;
    bool asking;
    size_t first;           /* who is asked first */
    size_t asked;           /* by this question, before the one that is asked now */
    struct ps_redis *redis; /* to that one; NULL while none is asked */
    struct ps_timer *next;  /* on to the next one, or done: outside of the connection's callbacks */
    char host[PS_URL_HOST]; /* the answer */
    uint16_t port;          /* 0: none yet */
    struct ps_err why;
};

static size_t current(const struct ps_sentinel *sentinel)
{
    return (sentinel->first + sentinel->asked) % sentinel->servers.len;
}

static void on_master(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_sentinel *sentinel = cookie;
    const struct ps_endpoint *server;
    const char *host = NULL;
    size_t len = 0;
    int64_t port = 0;

    if (sentinel->redis == NULL)
        return; /* we hung up */
    server = &sentinel->servers.items[current(sentinel)];
    if (err == NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        host = ps_redis_reply_text(reply->element[0], &len);
        port = ps_redis_reply_int(reply->element[1], 0);
    }
    if (host != NULL && len > 0 && len < sizeof(sentinel->host) && port > 0 && port <= UINT16_MAX) {
        memcpy(sentinel->host, host, len);
        sentinel->host[len] = '\0';
        sentinel->port = (uint16_t)port;
    } else if (err != NULL) {
        (void)ps_fail(&sentinel->why, err->category, err->code, "Sentinel %s:%u: %s", server->host,
                      server->port, err->what);
    } else {
        (void)ps_fail(&sentinel->why, PS_FAILURE_CONFIGURATION, 0,
                      "Sentinel %s:%u knows no master \"%s\" (REDIS_SENTINEL_MASTER)", server->host,
                      server->port, sentinel->master);
    }
    ps_timer_set(sentinel->next, 0);
}

static void on_state(void *cookie, bool up, const struct ps_err *err)
{
    struct ps_sentinel *sentinel = cookie;

    if (up) {
        const char *const question[] = { "SENTINEL", "get-master-addr-by-name", sentinel->master };

        sentinel->connect->send(sentinel->redis, question, PS_COUNT_OF(question), on_master,
                                sentinel);
    } else if (sentinel->port == 0) {
        (void)ps_fail(&sentinel->why, err->category, err->code, "Sentinel: %s", err->what);
        ps_timer_set(sentinel->next, 0);
    }
}

static void hang_up(struct ps_sentinel *sentinel)
{
    struct ps_redis *redis = sentinel->redis;

    sentinel->redis = NULL; /* so that on_master ignores the answer of a connection that ends */
    sentinel->connect->destroy(redis);
}

static void ask_current(struct ps_sentinel *sentinel)
{
    const struct ps_endpoint *server = &sentinel->servers.items[current(sentinel)];
    bool renewed = sentinel->password_source != NULL && (*sentinel->password_source)[0] != '\0';
    struct ps_redis_url target = { .tls = sentinel->tls,
                                   .port = server->port,
                                   .user = sentinel->user,
                                   .password =
                                       renewed ? *sentinel->password_source : sentinel->password };

    (void)snprintf(target.host, sizeof(target.host), "%s", server->host);
    (void)ps_fail(&sentinel->why, PS_FAILURE_TIMEOUT, PS_REDIS_ERR_TIMEOUT,
                  "Sentinel %s:%u: no answer within %d ms", server->host, server->port,
                  PATIENCE_MS);
    sentinel->options.target = &target;
    sentinel->redis = sentinel->connect->create(sentinel->loop, &sentinel->options, on_state,
                                                sentinel, &sentinel->why);
    sentinel->options.target = NULL;
    ps_timer_set(sentinel->next, sentinel->redis == NULL ? 0 : PATIENCE_MS);
}

static void on_next(void *cookie)
{
    struct ps_sentinel *sentinel = cookie;

    hang_up(sentinel);
    if (sentinel->port == 0 && sentinel->asked + 1 < sentinel->servers.len) {
        sentinel->asked++;
        ask_current(sentinel);
        return;
    }
    sentinel->asking = false;
    sentinel->first = current(sentinel);
    sentinel->asked = 0;
    if (sentinel->port != 0)
        sentinel->fn(sentinel->cookie, sentinel->host, sentinel->port, NULL);
    else
        sentinel->fn(sentinel->cookie, NULL, 0, &sentinel->why);
}

struct ps_sentinel *ps_sentinel_create(struct ps_loop *loop,
                                       const struct ps_sentinel_connect *connect,
                                       const struct ps_redis_options *options, bool tls,
                                       ps_sentinel_fn fn, void *cookie, struct ps_err *err)
{
    struct ps_endpoints servers;
    struct ps_sentinel *sentinel;

    if (!ps_endpoints_parse(options->sentinels, SENTINEL_PORT, &servers, err))
        return NULL;
    sentinel = ps_alloc_zero(1, sizeof(*sentinel));
    sentinel->loop = loop;
    sentinel->connect = connect;
    sentinel->servers = servers;
    sentinel->tls = tls;
    sentinel->ca_file = ps_alloc_text(options->ca_file);
    sentinel->cert_file = ps_alloc_text(options->cert_file);
    sentinel->key_file = ps_alloc_text(options->key_file);
    sentinel->master = ps_alloc_text(options->master);
    if (options->sentinel_user != NULL && options->sentinel_user[0] != '\0')
        sentinel->user = ps_alloc_text(options->sentinel_user);
    if (options->sentinel_password != NULL && options->sentinel_password[0] != '\0')
        sentinel->password = ps_alloc_text(options->sentinel_password);
    sentinel->options = (struct ps_redis_options){ .ca_file = sentinel->ca_file,
                                                   .cert_file = sentinel->cert_file,
                                                   .key_file = sentinel->key_file,
                                                   .connect_timeout_ms = PATIENCE_MS,
                                                   .command_timeout_ms = PATIENCE_MS };
    sentinel->password_source = options->sentinel_password_source;
    sentinel->fn = fn;
    sentinel->cookie = cookie;
    sentinel->next = ps_timer_create(loop, on_next, sentinel);
    return sentinel;
}

void ps_sentinel_destroy(struct ps_sentinel *sentinel)
{
    if (sentinel == NULL)
        return;
    ps_sentinel_cancel(sentinel);
    ps_timer_destroy(sentinel->next);
    ps_endpoints_clear(&sentinel->servers);
    free(sentinel->ca_file);
    free(sentinel->cert_file);
    free(sentinel->key_file);
    free(sentinel->master);
    free(sentinel->user);
    free(sentinel->password);
    free(sentinel);
}

void ps_sentinel_ask(struct ps_sentinel *sentinel)
{
    ps_sentinel_cancel(sentinel);
    sentinel->asking = true;
    sentinel->asked = 0;
    sentinel->port = 0;
    ask_current(sentinel);
}

void ps_sentinel_cancel(struct ps_sentinel *sentinel)
{
    if (sentinel == NULL || !sentinel->asking)
        return;
    sentinel->asking = false;
    ps_timer_cancel(sentinel->next);
    hang_up(sentinel);
}

void ps_sentinel_doubt(struct ps_sentinel *sentinel)
{
    if (sentinel != NULL)
        sentinel->first = (sentinel->first + 1) % sentinel->servers.len;
}

const char *ps_sentinel_master(const struct ps_sentinel *sentinel)
{
    return sentinel->master;
}
