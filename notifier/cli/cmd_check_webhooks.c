/* check-webhooks: each webhook's settings, whether it is reached, and with --send whether it takes
 * a message. */
#include "notifier/cli/commands.h"
#include "notifier/core/webhook_body.h"
#include "notifier/io/http_outcome.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 15 * 1000, ANSWER_MAX = 64 * 1024, LIST_BYTES = 8192 };

/* What became of the request to one webhook. */
struct outcome {
    bool over;
    int status; /* of HTTP; 0: no answer */
    struct ps_slack_response reply;
};

static void on_answer(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct outcome *outcome = cookie;
    struct ps_slack_outcome answer = ps_http_outcome(reply, err);

    ps_webhook_answer_read(&answer, &outcome->reply);
    outcome->status = err == NULL ? reply->status : 0;
    outcome->over = true;
}

static void run_request(struct ps_cli_session *session, struct ps_http *http,
                        const struct ps_http_request *request, struct outcome *out_outcome)
{
    struct ps_err err;

    *out_outcome = (struct outcome){ .over = false };
    if (ps_http_send(http, request, on_answer, out_outcome, &err) == NULL) {
        on_answer(out_outcome, &(struct ps_http_reply){ .status = 0 }, &err);
        return;
    }
    while (!out_outcome->over)
        ps_cli_session_run_once(session);
}

/* HEAD changes nothing at the receiver: any answer of HTTP shows that it is reached. */
static void reach(struct ps_cli_session *session, struct ps_http *http,
                  const struct ps_webhook *webhook, struct outcome *out_outcome)
{
    run_request(session, http,
                &(struct ps_http_request){ .method = PS_HTTP_HEAD,
                                           .url = webhook->url,
                                           .timeout_ms = TIMEOUT_MS,
                                           .max_body = ANSWER_MAX,
                                           .truncate_body = true },
                out_outcome);
}

/* The request is that of a notifier, so that signature and shape are tested too. */
static void send_test(struct ps_cli_session *session, struct ps_http *http,
                      const struct ps_webhook *webhook, struct outcome *out_outcome)
{
    struct ps_outgoing_message message = {
        .content = {.id = ps_alloc_format("check-%08x%08x",
                    (unsigned)(ps_clock_random() * 4294967296.0),
                    (unsigned)(ps_clock_random() * 4294967296.0)),
                    .kind = PS_MESSAGE_MANUAL,
                    .channel = ps_alloc_format("%s%s", PS_WEBHOOK_CHANNEL, webhook->name),
                    .text = ps_alloc_text("A test message of Paperscout: this webhook works."),
                    .created_ms = ps_clock_wall_ms()}
    };
    struct ps_webhook_request made;

    ps_webhook_request_make(webhook, &message, &(struct ps_webhook_items){ .len = 0 },
                            ps_clock_wall_ms(), &made);
    run_request(session, http,
                &(struct ps_http_request){ .method = made.put ? PS_HTTP_PUT : PS_HTTP_POST,
                                           .url = made.url,
                                           .headers = (const char *const *)made.headers,
                                           .body = made.body,
                                           .body_len = strlen(made.body),
                                           .timeout_ms = TIMEOUT_MS,
                                           .max_body = ANSWER_MAX,
                                           .truncate_body = true },
                out_outcome);
    ps_webhook_request_clear(&made);
    ps_message_clear(&message.content);
}

/* Returns what to do, NULL if there is nothing. */
static const char *remedy_of(const struct ps_webhook *webhook, const struct outcome *outcome,
                             bool sent)
{
    if (outcome->status == 0)
        return outcome->reply.err.category == PS_FAILURE_CONFIGURATION
                   ? "set WEBHOOK_ALLOW_PRIVATE=true if the receiver is in your own network."
                   : "check the URL's host and port, and that this machine may connect to it.";
    if (!sent || outcome->reply.next == PS_SLACK_SENT)
        return NULL;
    if (outcome->status == 401 || outcome->status == 403)
        return webhook->format == PS_WEBHOOK_MATRIX
                   ? "check the access token (secret), and that its account is in the room."
                   : "check the secret, and that the receiver still accepts this URL.";
    if (outcome->status == 404 || outcome->status == 410)
        return "create the webhook again at the receiver and set its new URL.";
    return "see notifier/WEBHOOKS.md, \"What each answer means\".";
}

static int status_of(const struct outcome *outcome, bool sent)
{
    if (outcome->status == 0)
        return outcome->reply.err.category == PS_FAILURE_CONFIGURATION ? PS_EXIT_CONFIG
                                                                       : PS_EXIT_UNAVAILABLE;
    return !sent || outcome->reply.next == PS_SLACK_SENT ? PS_EXIT_OK : PS_EXIT_FAILED;
}

static void add_kinds(const struct ps_webhook *webhook, cJSON *kinds)
{
    for (int kind = 0; kind < PS_MESSAGE_KIND_COUNT; kind++)
        if ((webhook->kinds & 1U << kind) != 0)
            cJSON_AddItemToArray(
                kinds, cJSON_CreateString(ps_message_kind_name((enum ps_message_kind)kind)));
}

static void add_texts(char *const *texts, size_t count, cJSON *list)
{
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(texts[i]));
}

static cJSON *describe(const struct ps_webhook *webhook, const struct outcome *outcome, bool sent)
{
    cJSON *json = cJSON_CreateObject();
    int status = status_of(outcome, sent);

    ps_json_add_text(json, "name", webhook->name);
    ps_json_add_text(json, "format", ps_webhook_format_name(webhook->format));
    add_kinds(webhook, cJSON_AddArrayToObject(json, "kinds"));
    add_texts(webhook->subgroups, webhook->subgroup_count,
              cJSON_AddArrayToObject(json, "subgroups"));
    add_texts(webhook->authors, webhook->author_count, cJSON_AddArrayToObject(json, "authors"));
    ps_json_add_bool(json, "secret", webhook->secret[0] != '\0');
    ps_json_add_bool(json, "reached", outcome->status != 0);
    if (sent)
        ps_json_add_bool(json, "sent", status == PS_EXIT_OK);
    else
        (void)cJSON_AddNullToObject(json, "sent");
    ps_json_add_text(json, "problem", status == PS_EXIT_OK ? NULL : outcome->reply.err.what);
    ps_json_add_text(json, "remedy", remedy_of(webhook, outcome, sent));
    return json;
}

static void add_list(struct ps_buf *line, const char *name, const cJSON *list)
{
    const cJSON *item;
    const char *separator = "";

    if (cJSON_GetArraySize(list) == 0)
        return;
    (void)ps_buf_format(line, "; %s ", name);
    cJSON_ArrayForEach (item, list) {
        char *plain = ps_cmd_plain(item->valuestring);

        (void)ps_buf_format(line, "%s%s", separator, plain);
        free(plain);
        separator = ", ";
    }
}

static void print_one(const cJSON *json)
{
    const char *problem = ps_json_text(json, "problem"), *remedy = ps_json_text(json, "remedy");
    bool sent = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "sent"));
    bool secret = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "secret"));
    struct ps_buf line;

    ps_buf_init(&line, LIST_BYTES);
    add_list(&line, "kinds", cJSON_GetObjectItemCaseSensitive(json, "kinds"));
    add_list(&line, "subgroups", cJSON_GetObjectItemCaseSensitive(json, "subgroups"));
    add_list(&line, "authors", cJSON_GetObjectItemCaseSensitive(json, "authors"));
    ps_print(stdout, "%-8s webhook %s: %s; format %s; secret %s%s\n",
             problem == NULL ? "ok" : "problem", ps_json_text(json, "name"),
             problem != NULL ? problem
             : sent          ? "took a test message"
                             : "reached",
             ps_json_text(json, "format"), secret ? "set" : "not set, so requests are not signed",
             ps_buf_str(&line));
    if (remedy != NULL)
        ps_print(stdout, "         To do: %s\n", remedy);
    ps_buf_clear(&line);
}

/* Gives the exit status of the first webhook with a problem. */
static int check_each(struct ps_cli_session *session, const struct ps_webhooks *webhooks,
                      bool sends, cJSON *out_list)
{
    const struct ps_config *config = ps_cli_session_config(session);
    struct ps_http *http =
        ps_http_create(ps_cli_session_loop(session),
                       &(struct ps_http_options){ .user_agent = "paperscout/" PS_VERSION,
                                                  .proxy = config->http_proxy_url,
                                                  .no_proxy = config->http_proxy_except,
                                                  .allow_private = config->webhook_allow_private,
                                                  .ca_file = config->http_ca_file });
    int status = PS_EXIT_OK;

    for (size_t i = 0; i < webhooks->len; i++) {
        const struct ps_webhook *webhook = &webhooks->items[i];
        struct outcome outcome;

        if (sends)
            send_test(session, http, webhook, &outcome);
        else
            reach(session, http, webhook, &outcome);
        status = status == PS_EXIT_OK ? status_of(&outcome, sends) : status;
        cJSON_AddItemToArray(out_list, describe(webhook, &outcome, sends));
    }
    ps_http_destroy(http);
    return status;
}

static void print(const cJSON *list, int status, bool as_json)
{
    const cJSON *one;

    if (as_json) {
        cJSON *json = cJSON_CreateObject();
        char *text;

        ps_json_add_bool(json, "ok", status == PS_EXIT_OK);
        cJSON_AddItemToObject(json, "webhooks", cJSON_Duplicate(list, true));
        text = ps_json_print(json);
        ps_print(stdout, "%s\n", text);
        free(text);
        cJSON_Delete(json);
        return;
    }
    if (cJSON_GetArraySize(list) == 0)
        ps_print(stdout, "No webhook is set (WEBHOOK_URL, WEBHOOKS).\n");
    cJSON_ArrayForEach (one, list)
        print_one(one);
}

static int check(struct ps_cli_session *session, bool sends, bool as_json)
{
    const struct ps_config *config = ps_cli_session_config(session);
    const struct ps_webhook_settings settings = { .url = config->webhook_url,
                                                  .secret = config->webhook_secret,
                                                  .format = config->webhook_format,
                                                  .list = config->webhooks,
                                                  .sends = true };
    struct ps_webhooks *webhooks = ps_alloc_zero(1, sizeof(*webhooks));
    cJSON *list = cJSON_CreateArray();
    struct ps_err err;
    int status = PS_EXIT_CONFIG;

    if (ps_webhooks_parse(&settings, webhooks, &err)) {
        status = check_each(session, webhooks, sends, list);
        print(list, status, as_json);
        status = fflush(stdout) == 0 ? status : PS_EXIT_FAILED;
    } else {
        ps_print(stderr, "paperscout-notifier: %s\n", err.what);
    }
    ps_webhooks_clear(webhooks);
    free(webhooks);
    cJSON_Delete(list);
    return status;
}

int ps_cmd_check_webhooks(int argc, char **argv, void *env)
{
    struct ps_cli_session *session;
    bool sends = false, as_json = false;
    int status = PS_EXIT_OK;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--send") == 0)
            sends = true;
        else if (strcmp(argv[i], "--json") == 0)
            as_json = true;
        else
            return ps_cmd_usage(PS_COMMAND_CHECK_WEBHOOKS);
    }
    session = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env, 0,
                                    PS_NOTIFIER_WAIT_MS, &status);
    if (session != NULL)
        status = check(session, sends, as_json);
    ps_cli_session_destroy(session);
    return status;
}
