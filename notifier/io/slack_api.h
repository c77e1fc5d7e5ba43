/* Calls of Slack's Web API other than those of the sink (io/slack_sink.h): for check-slack, for our
 * identity and for Socket Mode. One request each, no retries; the answer is a JSON object or an
 * error. */
#ifndef PS_NOTIFIER_SLACK_API_H
#define PS_NOTIFIER_SLACK_API_H
#include "shared/core/buf.h"
#include "shared/io/loop.h"

#include <cjson/cJSON.h>

struct ps_slack_api;

struct ps_slack_api_options {
    const char *api_url; /* all copied */
    const char *user_agent;
    const char *ca_file;          /* as of struct ps_http_options */
    const char *proxy, *no_proxy; /* as of struct ps_http_options */
};

struct ps_slack_api_reply {
    const struct ps_err *fault; /* no answer came; NULL otherwise */
    int status;
    const cJSON *json;       /* NULL: the body is no JSON object */
    const char *scopes;      /* header X-OAuth-Scopes; NULL when absent */
    const char *retry_after; /* header; NULL when absent */
};

/* Runs on the loop, exactly once, never before ps_slack_api_call returned; reply is borrowed. The
 * callback may call ps_slack_api_call, and may not destroy the client. */
typedef void (*ps_slack_api_fn)(void *cookie, const struct ps_slack_api_reply *reply);

struct ps_slack_api *ps_slack_api_create(struct ps_loop *loop,
                                         const struct ps_slack_api_options *options) PS_MUST_USE;
void ps_slack_api_destroy(struct ps_slack_api *api); /* calls end without their fn; NULL is fine */
/**
 * Calls method ("auth.test?limit=1", with a query where there is one) with token as bearer. body: a
 * JSON text to POST; "" POSTs nothing; NULL is a GET. All text is copied.
 */
void ps_slack_api_call(struct ps_slack_api *api, const char *token, const char *method,
                       const char *body, ps_slack_api_fn fn, void *cookie);
/* Adds "&name=value" to method, with the value encoded. */
void ps_slack_api_add_query(struct ps_buf *method, const char *name, const char *value);
/* Posts body, a JSON text, to a response_url, without the token: the URL is the permission. */
void ps_slack_api_post(struct ps_slack_api *api, const char *response_url, const char *body,
                       ps_slack_api_fn fn, void *cookie);

#endif
