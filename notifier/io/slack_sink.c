#include "notifier/io/slack_sink.h"

#include "notifier/core/message_blocks.h"
#include "notifier/core/response_url.h"
#include "notifier/io/http_outcome.h"
#include "notifier/io/slack_api.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"

#include <event2/http.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    TIMEOUT_MS = 10 * 1000,
    ANSWER_MAX = 256 * 1024,
    PAGE_MAX = 4 * 1024 * 1024, /* bytes of a page of a channel's history */
    PAGES_MAX = 5,
    PAGE_MESSAGES = 200,
    CLOCKS_MS = 60 * 1000,      /* Slack's clock and ours may differ by so much */
    UNDATED_MS = 60 * 60 * 1000 /* how far back a message without a time is looked for */
};

static const char event_type[] = "paperscout_message";
static const char json_type[] = "Content-Type: application/json; charset=utf-8";

/* One message to send or to look for; this can take several requests. */
struct call {
    struct slack *slack;
    ps_sink_fn fn;
    ps_look_fn on_look;
    void *cookie;
    struct ps_timer *late; /* answers a request that could not leave */
    struct ps_slack_response reply;
    struct ps_slack_look look;
    char *id, *channel, *thread_ts; /* looked for */
    int64_t oldest_ms;
    int pages;
    struct call *prev, *next;
};

struct slack {
    struct ps_loop *loop;
    struct ps_http *http;
    char *api_url;      /* with its slash */
    char *const *token; /* secret; borrowed */
    bool interactive;   /* messages have buttons */
    struct call *calls;
};

static void call_destroy(struct call *call)
{
    DL_DELETE(call->slack->calls, call);
    ps_timer_destroy(call->late);
    free(call->id);
    free(call->channel);
    free(call->thread_ts);
    free(call);
}

static void finish(void *cookie)
{
    struct call *call = cookie;
    struct call done = *call;

    call_destroy(call);
    if (done.fn != NULL)
        done.fn(done.cookie, &done.reply);
    else
        done.on_look(done.cookie, &done.look);
}

static void on_answer(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct call *call = cookie;
    struct ps_slack_outcome answer = ps_http_outcome(reply, err);

    ps_slack_response_read(&answer, &call->reply);
    finish(call);
}

/* Sends the described request. If it cannot be started, call is answered on a later turn. */
static void send_request(struct call *call, const char *url, const char *const *headers,
                         const char *body, ps_http_fn fn)
{
    struct slack *slack = call->slack;
    struct ps_http_request request = { .method = body ? PS_HTTP_POST : PS_HTTP_GET,
                                       .url = url,
                                       .headers = headers,
                                       .body = body,
                                       .body_len = body ? strlen(body) : 0,
                                       .timeout_ms = TIMEOUT_MS,
                                       .max_body = body ? ANSWER_MAX : PAGE_MAX,
                                       .truncate_body = true };
    struct ps_err err;

    if (ps_http_send(slack->http, &request, fn, call, &err) == NULL) {
        struct ps_slack_outcome answer = { .fault = &err };

        ps_slack_response_read(&answer, &call->reply);
        ps_slack_look_read(&answer, "", &call->look);
        call->late = ps_timer_create(slack->loop, finish, call);
        ps_timer_set(call->late, 0);
    }
}

/* body: a POST of it, JSON; NULL: a GET. Takes neither. */
static void ask(struct call *call, const char *method, const char *body, ps_http_fn fn)
{
    struct slack *slack = call->slack;
    char *authorization = ps_alloc_format("Authorization: Bearer %s", *slack->token);
    const char *const headers[] = { authorization, body ? json_type : NULL, NULL };
    char *url = ps_alloc_format("%s%s", slack->api_url, method);

    send_request(call, url, headers, body, fn);
    free(authorization);
    free(url);
}

/* The answer of a response_url is "ok", or JSON with "ok". One that is refused (it expired, it was
   used five times) never works again: NEVER, so that the text becomes a direct message. */
static void on_shown(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct call *call = cookie;
    struct ps_slack_outcome answer = ps_http_outcome(reply, err);
    cJSON *json = err == NULL ? ps_json_parse(reply->body, reply->body_len, NULL) : NULL;
    bool ok = reply->status / 100 == 2, said = false;

    if (ps_json_bool(json, "ok", &said))
        ok = ok && said;
    cJSON_Delete(json);
    if (err != NULL || reply->status == 429) {
        ps_slack_response_read(&answer, &call->reply);
    } else {
        call->reply = (struct ps_slack_response){ .next = ok ? PS_SLACK_SENT : PS_SLACK_NEVER };
        if (!ok)
            (void)ps_fail(&call->reply.err, PS_FAILURE_NETWORK, reply->status,
                          "the response_url answers with HTTP status %d", reply->status);
    }
    finish(call);
}

/* Answers one person in place. The URL came through Redis, so it is checked again before it is
 * used. */
static void show(struct call *call, const struct ps_outgoing_message *message)
{
    const struct ps_message *content = &message->content;
    const char *const headers[] = { json_type, NULL };
    cJSON *json, *blocks;
    char *body;

    if (!ps_response_url_ok(content->response_url, call->slack->api_url)) {
        call->reply = (struct ps_slack_response){ .next = PS_SLACK_NEVER };
        (void)ps_fail(&call->reply.err, PS_FAILURE_CONFIGURATION, 0,
                      "the response_url leads to another host than SLACK_API_URL");
        call->late = ps_timer_create(call->slack->loop, finish, call);
        ps_timer_set(call->late, 0);
        return;
    }
    json = cJSON_CreateObject();
    blocks = message->plain
                 ? NULL
                 : ps_message_blocks(content->text, content->kind, call->slack->interactive);
    ps_json_add_text(json, "response_type", "ephemeral");
    ps_json_add_bool(json, "replace_original", false);
    ps_json_add_text(json, "text", content->text);
    if (blocks != NULL)
        cJSON_AddItemToObject(json, "blocks", blocks);
    body = ps_json_print(json);
    send_request(call, content->response_url, headers, body, on_shown);
    free(body);
    cJSON_Delete(json);
}

/* A repetition looks like the message itself; only its metadata differs. */
static char *body_of(const struct slack *slack, const struct ps_outgoing_message *message)
{
    const struct ps_message *content = &message->content;
    bool update = content->update_ts != NULL;
    const char *said = update ? content->update_text : content->text;
    cJSON *json = cJSON_CreateObject();
    cJSON *blocks =
        message->plain ? NULL : ps_message_blocks(said, content->kind, slack->interactive);
    cJSON *metadata = cJSON_CreateObject(), *payload = cJSON_CreateObject();
    char *text;

    if (update) {
        ps_json_add_text(json, "channel", content->update_channel);
        ps_json_add_text(json, "ts", content->update_ts);
    } else {
        ps_json_add_text(json, "channel", content->channel);
    }
    ps_json_add_text(json, "text", said);
    if (blocks != NULL)
        cJSON_AddItemToObject(json, "blocks", blocks);
    if (!update && content->thread_ts != NULL) {
        ps_json_add_text(json, "thread_ts", content->thread_ts);
        if (content->broadcast)
            ps_json_add_bool(json, "reply_broadcast", true);
    }
    ps_json_add_bool(json, "unfurl_links", false);
    ps_json_add_bool(json, "unfurl_media", false);
    ps_json_add_text(payload, "id", content->id);
    if (message->repeated)
        ps_json_add_bool(payload, "repeated", true);
    ps_json_add_text(metadata, "event_type", event_type);
    cJSON_AddItemToObject(metadata, "event_payload", payload);
    cJSON_AddItemToObject(json, "metadata", metadata);
    text = ps_json_print(json);
    cJSON_Delete(json);
    return text;
}

static struct call *call_create(struct slack *slack, void *cookie)
{
    struct call *call = ps_alloc_zero(1, sizeof(*call));

    call->slack = slack;
    call->cookie = cookie;
    DL_APPEND(slack->calls, call);
    return call;
}

static void slack_send(void *self, const struct ps_outgoing_message *message, ps_sink_fn fn,
                       void *cookie)
{
    struct call *call = call_create(self, cookie);
    char *body;

    call->fn = fn;
    if (message->content.response_url != NULL) {
        show(call, message);
        return;
    }
    body = body_of(self, message);
    ask(call, message->content.update_ts != NULL ? "chat.update" : "chat.postMessage", body,
        on_answer);
    free(body);
}

static void on_page(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err);

/* Reads the newest messages first, back to the time before which the message cannot have been sent.
 */
static void ask_page(struct call *call)
{
    struct ps_buf url;

    ps_buf_init(&url, 4096);
    (void)ps_buf_format(&url, "conversations.%s?limit=%d&include_all_metadata=true&inclusive=true",
                        call->thread_ts != NULL ? "replies" : "history", PAGE_MESSAGES);
    (void)ps_buf_format(&url, "&oldest=%lld.000000", (long long)(call->oldest_ms / 1000));
    ps_slack_api_add_query(&url, "channel", call->channel);
    if (call->thread_ts != NULL)
        ps_slack_api_add_query(&url, "ts", call->thread_ts);
    if (call->pages > 0)
        ps_slack_api_add_query(&url, "cursor", call->look.cursor);
    call->pages++;
    ask(call, ps_buf_str(&url), NULL, on_page);
    ps_buf_clear(&url);
}

static void on_page(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct call *call = cookie;
    struct ps_slack_outcome answer = ps_http_outcome(reply, err);

    ps_slack_look_read(&answer, call->id, &call->look);
    if (call->look.seen == PS_SLACK_MORE && call->pages < PAGES_MAX) {
        ask_page(call);
        return;
    }
    if (call->look.seen == PS_SLACK_MORE) {
        call->look.seen = PS_SLACK_UNKNOWN;
        (void)ps_fail(&call->look.err, PS_FAILURE_UNKNOWN, reply->status,
                      "not among the last %d messages", PAGES_MAX * PAGE_MESSAGES);
    }
    finish(call);
}

static void on_opened(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct call *call = cookie;
    struct ps_slack_outcome answer = ps_http_outcome(reply, err);
    cJSON *json = ps_json_parse(reply->body, reply->body_len, NULL);
    const cJSON *channel = cJSON_GetObjectItemCaseSensitive(json, "channel");
    const char *id = ps_json_text(channel, "id");

    if (err == NULL && id != NULL) {
        free(call->channel);
        call->channel = ps_alloc_text(id);
        ask_page(call);
    } else {
        ps_slack_look_read(&answer, call->id, &call->look);
        finish(call);
    }
    cJSON_Delete(json);
}

/* The history needs the id of the conversation, and a person's id is not that. */
static void open_conversation(struct call *call)
{
    cJSON *json = cJSON_CreateObject();
    char *body;

    ps_json_add_text(json, "users", call->channel);
    body = ps_json_print(json);
    ask(call, "conversations.open", body, on_opened);
    free(body);
    cJSON_Delete(json);
}

static void slack_look(void *self, const struct ps_outgoing_message *message, ps_look_fn fn,
                       void *cookie)
{
    const struct ps_message *content = &message->content;
    struct call *call = call_create(self, cookie);
    bool known = message->slack_channel[0] != '\0';

    call->on_look = fn;
    call->id = ps_alloc_text(content->id);
    call->channel = ps_alloc_text(known ? message->slack_channel : content->channel);
    call->thread_ts = ps_alloc_text(content->thread_ts);
    call->oldest_ms =
        content->created_ms > 0 ? content->created_ms - CLOCKS_MS : ps_clock_wall_ms() - UNDATED_MS;
    if (call->channel[0] == 'U' || call->channel[0] == 'W')
        open_conversation(call);
    else
        ask_page(call);
}

static void slack_destroy(void *self)
{
    struct slack *slack = self;

    ps_http_destroy(slack->http);
    while (slack->calls != NULL)
        call_destroy(slack->calls);
    free(slack->api_url);
    free(slack);
}

struct ps_sink ps_slack_create(struct ps_loop *loop, const struct ps_slack_options *options)
{
    struct slack *slack = ps_alloc_zero(1, sizeof(*slack));
    size_t len = strlen(options->api_url);
    bool slash = len > 0 && options->api_url[len - 1] == '/';
    /* The operator names the address: it may be a proxy inside. */
    struct ps_http_options http = { .user_agent = options->user_agent,
                                    .proxy = options->proxy,
                                    .no_proxy = options->no_proxy,
                                    .http2 = true,
                                    .allow_private = true,
                                    .ca_file = options->ca_file };

    slack->loop = loop;
    slack->http = ps_http_create(loop, &http);
    slack->api_url = ps_alloc_format("%s%s", options->api_url, slash ? "" : "/");
    slack->token = options->token;
    slack->interactive = options->interactive;
    return (struct ps_sink){
        .self = slack, .send = slack_send, .look = slack_look, .destroy = slack_destroy
    };
}
