#include "scheduler/io/admin_actions.h"

#include "embedded/scheduler_sql.h"
#include "scheduler/io/operator_store.h"
#include "scheduler/io/page_response.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/log.h"

#include <hiredis/hiredis.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MAX = 64, DIGEST_BYTES = 32 };
#define DEAD_LOOKED_AT "-1000" /* the latest entries of notify:dead */

/* One request on its way. */
struct action {
    const struct ps_daemon *daemon; /* borrowed */
    struct ps_http_exchange *exchange;
    char *name, *id; /* id "" for none */
};

static void refuse(struct ps_http_exchange *exchange, int status, const char *why)
{
    cJSON *answer = cJSON_CreateObject();
    char *text;

    ps_json_add_text(answer, "error", why);
    text = ps_json_print(answer);
    ps_page_respond(exchange, &(struct ps_page_response){ .status = status,
                                                          .type = "application/json; charset=utf-8",
                                                          .body = text,
                                                          .len = strlen(text) });
    free(text);
    cJSON_Delete(answer);
}

/* Ends the action. why: the reason that prevented it; NULL if it is done. */
static void finish(struct action *action, int status, const char *why)
{
    static const char done[] = "{\"done\":true}\n";

    PS_LOG(ADMIN_ACTION, F_TEXT("action", action->name), F_TEXT("id", action->id),
           F_TEXT("result", why == NULL ? "done" : why));
    if (why != NULL)
        refuse(action->exchange, status, why);
    else
        ps_page_respond(action->exchange,
                        &(struct ps_page_response){ .type = "application/json; charset=utf-8",
                                                    .body = done,
                                                    .len = sizeof(done) - 1 });
    free(action->name);
    free(action->id);
    free(action);
}

static void finish_with(struct action *action, const struct ps_err *err)
{
    finish(action, err == NULL ? 200 : 503, err == NULL ? NULL : err->what);
}

static void on_stored(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    const struct action *action = cookie;

    (void)rows;
    ps_signals_send(action->daemon->signals, PS_SIGNAL_STATS); /* to the leader */
    finish_with(cookie, err);
}

static void on_removed(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct action *action = cookie;

    if (err == NULL && strcmp(action->name, "drop-task") == 0 && ps_redis_reply_int(reply, 0) == 0)
        finish(action, 404, "there is no such entry");
    else
        finish_with(action, err);
}

/* Removes the copy of the message from notify:dead. If it is not among the newest entries, there is
 * nothing to remove. */
static void on_letters(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct action *action = cookie;
    size_t count = err == NULL && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;

    for (size_t i = 0; i < count; i++) {
        const char *text = ps_redis_reply_text(reply->element[i], NULL);
        cJSON *letter = text == NULL ? NULL : ps_json_parse(text, strlen(text), NULL);
        const char *id = ps_json_text(letter, "id");
        bool wanted = id != NULL && strcmp(id, action->id) == 0;

        cJSON_Delete(letter);
        if (wanted) {
            PS_REDIS(action->daemon->redis, on_removed, action, "LREM",
                     ps_key(action->daemon->keys, PS_KEY_NOTIFY_DEAD), "1", text);
            return;
        }
    }
    finish_with(action, err);
}

static void on_message(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct action *action = cookie;

    ps_signals_send(action->daemon->signals, PS_SIGNAL_OUTBOX);
    ps_signals_send(action->daemon->signals, PS_SIGNAL_STATS);
    if (err != NULL)
        finish_with(action, err);
    else if (ps_pg_affected(rows, 0) == 0)
        finish(action, 404, "there is no such dead message");
    else
        PS_REDIS(action->daemon->redis, on_letters, action, "LRANGE",
                 ps_key(action->daemon->keys, PS_KEY_NOTIFY_DEAD), DEAD_LOOKED_AT, "-1");
}

/* change: ps_sql_admin_retry or ps_sql_admin_drop. */
static void change_message(struct action *action,
                           void (*change)(struct ps_pg_batch *batch, const char *message_id))
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    change(batch, action->id);
    ps_pg_run(action->daemon->pg, batch, on_message, action);
}

static void run(struct action *action, const cJSON *request)
{
    struct ps_pg *pg = action->daemon->pg;

    if (strcmp(action->name, "pause") == 0)
        ps_pg_run(pg, ps_operator_pause(ps_json_text(request, "reason")), on_stored, action);
    else if (strcmp(action->name, "resume") == 0)
        ps_pg_run(pg, ps_operator_resume(), on_stored, action);
    else if (strcmp(action->name, "poll-now") == 0)
        ps_pg_run(pg, ps_operator_poll_now(), on_stored, action);
    else if (action->id[0] == '\0' || strlen(action->id) > ID_MAX)
        finish(action, 400, "there is no such action, or it needs an id");
    else if (strcmp(action->name, "retry-message") == 0)
        change_message(action, ps_sql_admin_retry);
    else if (strcmp(action->name, "drop-message") == 0)
        change_message(action, ps_sql_admin_drop);
    else if (strcmp(action->name, "drop-task") == 0)
        PS_REDIS(action->daemon->redis, on_removed, action, "XDEL",
                 ps_key(action->daemon->keys, PS_KEY_TASKS_DEAD), action->id);
    else
        finish(action, 400, "there is no such action");
}

/* In constant time, whatever the lengths. */
static bool is_token(const char *given, const char *token)
{
    unsigned char left[DIGEST_BYTES], right[DIGEST_BYTES];

    return EVP_Digest(given, strlen(given), left, NULL, EVP_sha256(), NULL) == 1 &&
           EVP_Digest(token, strlen(token), right, NULL, EVP_sha256(), NULL) == 1 &&
           CRYPTO_memcmp(left, right, DIGEST_BYTES) == 0;
}

/* If the browser says which page sends the request, it must be a page of ours. */
static bool is_same_origin(struct ps_http_exchange *exchange)
{
    const char *origin = ps_http_header(exchange, "Origin");
    const char *site = ps_http_header(exchange, "Sec-Fetch-Site");
    const char *host = ps_http_header(exchange, "Host"), *after;

    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    if (origin == NULL)
        return true;
    after = strstr(origin, "://");
    return host != NULL && after != NULL && strcmp(after + 3, host) == 0;
}

/* Gives the reason why the request may not act, and its status; NULL if it may act. */
static const char *objection(const struct ps_daemon *daemon, struct ps_http_exchange *exchange,
                             int *out_status)
{
    static const char bearer[] = "Bearer ";
    const char *type = ps_http_header(exchange, "Content-Type");
    const char *authorization = ps_http_header(exchange, "Authorization");

    *out_status = 403;
    if (!is_same_origin(exchange))
        return "the request comes from another site";
    *out_status = 415;
    if (type == NULL || strncmp(type, "application/json", strlen("application/json")) != 0)
        return "Content-Type must be application/json";
    *out_status = 401;
    if (daemon->config->admin_token[0] == '\0' || authorization == NULL ||
        strncmp(authorization, bearer, strlen(bearer)) != 0 ||
        !is_token(authorization + strlen(bearer), daemon->config->admin_token))
        return "the token is missing or wrong";
    return NULL;
}

static void on_request(void *cookie, struct ps_http_exchange *exchange)
{
    const struct ps_daemon *daemon = cookie;
    struct ps_str body = ps_http_body(exchange);
    int status;
    const char *why = objection(daemon, exchange, &status), *name, *id;
    struct action *action;
    cJSON *request;

    if (why != NULL) {
        PS_LOG(ADMIN_REFUSED, F_TEXT("why", why));
        refuse(exchange, status, why);
        return;
    }
    request = ps_json_parse(body.data, body.len, NULL);
    name = ps_json_text(request, "action");
    id = ps_json_text(request, "id");
    if (name == NULL) {
        refuse(exchange, 400, "the body must be a JSON object with \"action\"");
    } else {
        action = ps_alloc_zero(1, sizeof(*action));
        *action = (struct action){ .daemon = daemon,
                                   .exchange = exchange,
                                   .name = ps_alloc_text(name),
                                   .id = ps_alloc_text(id == NULL ? "" : id) };
        run(action, request);
    }
    cJSON_Delete(request);
}

void ps_admin_actions_start(const struct ps_daemon *daemon)
{
    if (daemon->config->admin_token[0] != '\0')
        ps_http_server_route(daemon->http, "/api/admin", PS_HTTP_SERVER_POST, on_request,
                             (void *)(uintptr_t)daemon);
}
