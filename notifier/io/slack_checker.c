#include "notifier/io/slack_checker.h"

#include "notifier/io/slack_api.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "shared/core/mailbox.h"

#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES_MAX = 10, PAGE_CHANNELS = 1000, URL_MAX = 2048 };

enum step { AUTH, CHANNELS, CONNECTIONS, SEND, DONE };

struct ps_slack_checker {
    struct ps_slack_checker_options options;
    struct ps_slack_api *api;
    struct ps_slack_check_settings settings;
    struct ps_slack_check check;
    char *secrets[3]; /* owned copies, because a rotation may free the texts of the configuration
                         meanwhile */
    struct ps_timer *begin;
    enum step step;
    size_t channel;
    int pages;
    char *cursor; /* owned; of the next page of channels */
};

static void next_step(struct ps_slack_checker *checker);

bool ps_slack_checker_uses_slack(const struct ps_config *config)
{
    if (config->shadow)
        return false;
    if (config->notify_sink[0] != '\0')
        return strcmp(config->notify_sink, "slack") == 0;
    return config->slack_bot_token[0] != '\0';
}

static struct ps_slack_check_answer answer_of(const struct ps_slack_api_reply *reply)
{
    return (struct ps_slack_check_answer){
        .fault = reply->fault, .status = reply->status, .json = reply->json, .scopes = reply->scopes
    };
}

static void go(struct ps_slack_checker *checker, enum step step)
{
    checker->step = step;
    checker->channel = 0;
    next_step(checker);
}

static void on_auth(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct ps_slack_checker *checker = cookie;
    struct ps_slack_check_answer answer = answer_of(reply);

    go(checker, ps_slack_check_auth(&checker->check, &answer) ? CHANNELS : DONE);
}

static void next_channel(struct ps_slack_checker *checker)
{
    checker->channel++;
    next_step(checker);
}

static void on_info(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct ps_slack_checker *checker = cookie;
    struct ps_slack_check_answer answer = answer_of(reply);

    ps_slack_check_info(&checker->check, checker->channel, &answer);
    next_channel(checker);
}

static void ask_page(struct ps_slack_checker *checker);

static void on_page(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct ps_slack_checker *checker = cookie;
    struct ps_slack_check_answer answer = answer_of(reply);

    free(checker->cursor);
    checker->cursor = ps_slack_check_page(&checker->check, checker->channel, &answer,
                                          ++checker->pages >= PAGES_MAX);
    if (checker->cursor != NULL)
        ask_page(checker);
    else
        next_channel(checker);
}

static void call(struct ps_slack_checker *checker, const char *method, const char *body,
                 ps_slack_api_fn fn)
{
    ps_slack_api_call(checker->api, checker->settings.bot_token, method, body, fn, checker);
}

/* Slack answers missing_scope if the token may not see one of the requested types. Private channels
 * are left out then. */
static void ask_page(struct ps_slack_checker *checker)
{
    bool private =
        !checker->check.scopes_known || checker->check.scopes[PS_SLACK_SCOPE_GROUPS_READ];
    struct ps_buf url;

    ps_buf_init(&url, URL_MAX);
    (void)ps_buf_format(&url, "conversations.list?limit=%d&types=public_channel%s", PAGE_CHANNELS,
                        private ? ",private_channel" : "");
    if (checker->cursor != NULL)
        ps_slack_api_add_query(&url, "cursor", checker->cursor);
    call(checker, ps_buf_str(&url), NULL, on_page);
    ps_buf_clear(&url);
}

static void ask_info(struct ps_slack_checker *checker)
{
    struct ps_buf url;

    ps_buf_init(&url, URL_MAX);
    (void)ps_buf_text(&url, "conversations.info?include_locale=false");
    ps_slack_api_add_query(&url, "channel", checker->settings.channels[checker->channel].value);
    call(checker, ps_buf_str(&url), NULL, on_info);
    ps_buf_clear(&url);
}

static void look_up(struct ps_slack_checker *checker)
{
    switch (ps_slack_check_channel(&checker->check, checker->channel)) {
    case PS_SLACK_CHANNEL_NAME:
        checker->pages = 0;
        ask_page(checker);
        break;
    case PS_SLACK_CHANNEL_ID:
        ask_info(checker);
        break;
    case PS_SLACK_CHANNEL_UNSET:
    case PS_SLACK_CHANNEL_PERSON:
    case PS_SLACK_CHANNEL_WRONG:
        next_channel(checker);
        break;
    }
}

static void on_connections(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct ps_slack_checker *checker = cookie;
    struct ps_slack_check_answer answer = answer_of(reply);
    char *url = ps_slack_check_connections(&checker->check, &answer);

    if (url != NULL)
        ps_slack_check_add(&checker->check, PS_SLACK_LEVEL_OK, PS_SLACK_FAULT_NONE,
                           "Socket Mode is on, and SLACK_APP_TOKEN is valid.", NULL);
    free(url);
    go(checker, SEND);
}

static void on_sent(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct ps_slack_checker *checker = cookie;
    struct ps_slack_check_answer answer = answer_of(reply);

    ps_slack_check_sent(&checker->check, checker->settings.channels[checker->channel].value,
                        &answer);
    next_channel(checker);
}

static void send_test(struct ps_slack_checker *checker)
{
    cJSON *json = cJSON_CreateObject();
    char *body;

    ps_json_add_text(json, "channel", checker->settings.channels[checker->channel].value);
    ps_json_add_text(json, "text", "A test message of Paperscout: it can post here.");
    body = ps_json_print(json);
    call(checker, "chat.postMessage", body, on_sent);
    free(body);
    cJSON_Delete(json);
}

static bool has_channel(const struct ps_slack_checker *checker)
{
    return checker->channel < PS_SLACK_CHECK_CHANNELS;
}

static void next_step(struct ps_slack_checker *checker)
{
    switch (checker->step) {
    case AUTH:
        call(checker, "auth.test", "", on_auth);
        break;
    case CHANNELS:
        if (has_channel(checker))
            look_up(checker);
        else
            go(checker, CONNECTIONS);
        break;
    case CONNECTIONS:
        if (strncmp(checker->settings.app_token, "xapp-", 5) == 0)
            ps_slack_api_call(checker->api, checker->settings.app_token, "apps.connections.open",
                              "", on_connections, checker);
        else
            go(checker, SEND);
        break;
    case SEND:
        while (has_channel(checker) &&
               (checker->settings.channels[checker->channel].value[0] == '\0' ||
                ps_mailbox_is_address(checker->settings.channels[checker->channel].value)))
            checker->channel++;
        if (has_channel(checker) && checker->options.send)
            send_test(checker);
        else
            go(checker, DONE);
        break;
    case DONE:
        checker->options.done(checker->options.cookie, &checker->check);
        break;
    }
}

static void on_begin(void *cookie)
{
    struct ps_slack_checker *checker = cookie;

    go(checker, ps_slack_check_begin(&checker->check) ? AUTH : DONE);
}

struct ps_slack_checker *ps_slack_checker_start(const struct ps_slack_checker_options *options)
{
    const struct ps_config *config = options->config;
    struct ps_slack_checker *checker = ps_alloc_zero(1, sizeof(*checker));

    checker->options = *options;
    checker->api = ps_slack_api_create(
        options->loop, &(struct ps_slack_api_options){ .api_url = config->slack_api_url,
                                                       .user_agent = options->user_agent,
                                                       .proxy = config->http_proxy_url,
                                                       .no_proxy = config->http_proxy_except,
                                                       .ca_file = config->http_ca_file });
    checker->settings = (struct ps_slack_check_settings){
        .bot_token = checker->secrets[0] = ps_alloc_text(config->slack_bot_token),
        .app_token = checker->secrets[1] = ps_alloc_text(config->slack_app_token),
        .signing_secret = checker->secrets[2] = ps_alloc_text(config->slack_signing_secret),
        .api_url = config->slack_api_url,
        .shadow = config->shadow,
        .console = strcmp(config->notify_sink, "console") == 0,
        .channels = {{ "NOTIFICATION_CHANNEL", config->notification_channel },
                     { "OPS_ALERT_CHANNEL", config->ops_alert_channel }}
    };
    ps_slack_check_init(&checker->check, &checker->settings);
    checker->begin = ps_timer_create(options->loop, on_begin, checker);
    ps_timer_set(checker->begin, 0);
    return checker;
}

void ps_slack_checker_destroy(struct ps_slack_checker *checker)
{
    if (checker == NULL)
        return;
    ps_timer_destroy(checker->begin);
    ps_slack_api_destroy(checker->api);
    ps_slack_check_clear(&checker->check);
    free(checker->cursor);
    for (size_t i = 0; i < PS_COUNT_OF(checker->secrets); i++)
        free(checker->secrets[i]);
    free(checker);
}
