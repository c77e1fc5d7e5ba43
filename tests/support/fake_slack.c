#include "tests/support/fake_slack.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { RULES = 64, CHANNELS = 64 };

struct said {
    char *channel, *text;
    int64_t at_ms;
};

struct channel {
    char *name;
    int at_once, most;
};

struct waiting {
    struct fake_slack *slack;
    struct evhttp_request *request;
    struct ps_timer *timer;
    struct channel *channel;
    char *text;
    struct slack_rule rule;
    struct waiting *next;
};

struct fake_slack {
    struct ps_loop *loop;
    struct evhttp *http;
    char url[64];
    struct slack_rule rules[RULES];
    int rule_count;
    struct said *said;
    int said_count, requests;
    struct channel channels[CHANNELS];
    int channel_count;
    struct waiting *waiting;
    char authorization[128];
};

static struct channel *channel_of(struct fake_slack *slack, const char *name)
{
    for (int i = 0; i < slack->channel_count; i++)
        if (strcmp(slack->channels[i].name, name) == 0)
            return &slack->channels[i];
    assert(slack->channel_count < CHANNELS);
    slack->channels[slack->channel_count] = (struct channel){ .name = ps_alloc_text(name) };
    return &slack->channels[slack->channel_count++];
}

static struct slack_rule *rule_of(struct fake_slack *slack, const char *channel)
{
    struct slack_rule *found = NULL;

    for (int i = 0; i < slack->rule_count; i++) {
        struct slack_rule *rule = &slack->rules[i];

        if (rule->channel != NULL && strcmp(rule->channel, channel) == 0)
            return rule;
        if (rule->channel == NULL)
            found = rule;
    }
    return found;
}

static void drop_rule(struct fake_slack *slack, struct slack_rule *rule)
{
    *rule = slack->rules[--slack->rule_count];
}

static void accept_text(struct fake_slack *slack, const char *channel, const char *text)
{
    slack->said = ps_alloc_array(slack->said, (size_t)slack->said_count + 1, sizeof(*slack->said));
    slack->said[slack->said_count++] = (struct said){ .channel = ps_alloc_text(channel),
                                                      .text = ps_alloc_text(text),
                                                      .at_ms = ps_loop_now(slack->loop) };
}

static void waiting_free(struct waiting *waiting)
{
    struct waiting **at = &waiting->slack->waiting;

    while (*at != waiting)
        at = &(*at)->next;
    *at = waiting->next;
    ps_timer_destroy(waiting->timer);
    free(waiting->text);
    free(waiting);
}

static void on_answer(void *cookie)
{
    struct waiting *waiting = cookie;
    struct fake_slack *slack = waiting->slack;
    struct slack_rule rule = waiting->rule;
    struct evbuffer *body = evbuffer_new();
    int status = rule.status != 0 ? rule.status : 200;

    if (rule.error != NULL)
        evbuffer_add_printf(body, "{\"ok\":false,\"error\":\"%s\"}", rule.error);
    else if (status == 200)
        evbuffer_add_printf(body, "{\"ok\":true,\"ts\":\"1500000000.%06d\"}", slack->said_count);
    if (rule.error == NULL && status == 200)
        accept_text(slack, waiting->channel->name, waiting->text);
    if (rule.retry_after != NULL)
        evhttp_add_header(evhttp_request_get_output_headers(waiting->request), "Retry-After",
                          rule.retry_after);
    slack->requests++;
    waiting->channel->at_once--;
    evhttp_send_reply(waiting->request, status, "as set", body);
    evbuffer_free(body);
    waiting_free(waiting);
}

static char *read_body(struct evhttp_request *request)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(body);
    char *text = ps_alloc_zero(1, len + 1);

    evbuffer_remove(body, text, len);
    return text;
}

static void on_request(struct evhttp_request *request, void *cookie)
{
    struct fake_slack *slack = cookie;
    char *body = read_body(request);
    cJSON *json = ps_json_parse(body, strlen(body), NULL);
    const char *header =
        evhttp_find_header(evhttp_request_get_input_headers(request), "Authorization");
    struct waiting *waiting = ps_alloc_zero(1, sizeof(*waiting));
    struct slack_rule *rule;

    assert(json != NULL && ps_json_text(json, "channel") != NULL);
    (void)snprintf(slack->authorization, sizeof(slack->authorization), "%s",
                   header != NULL ? header : "");
    *waiting = (struct waiting){ .slack = slack,
                                 .request = request,
                                 .channel = channel_of(slack, ps_json_text(json, "channel")),
                                 .text = ps_alloc_text(ps_json_text(json, "text")),
                                 .next = slack->waiting };
    slack->waiting = waiting;
    if (++waiting->channel->at_once > waiting->channel->most)
        waiting->channel->most = waiting->channel->at_once;
    rule = rule_of(slack, waiting->channel->name);
    if (rule != NULL && rule->blocks_only &&
        !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "blocks")))
        rule = NULL;
    if (rule != NULL) {
        waiting->rule = *rule;
        if (rule->times > 0 && --rule->times == 0)
            drop_rule(slack, rule);
    }
    waiting->timer = ps_timer_create(slack->loop, on_answer, waiting);
    ps_timer_set(waiting->timer, waiting->rule.delay_ms);
    cJSON_Delete(json);
    free(body);
}

struct fake_slack *fake_slack_create(struct ps_loop *loop)
{
    struct fake_slack *slack = ps_alloc_zero(1, sizeof(*slack));
    struct evhttp_bound_socket *bound;
    struct sockaddr_in address;
    socklen_t len = sizeof(address);

    slack->loop = loop;
    slack->http = evhttp_new(ps_loop_base(loop));
    bound = evhttp_bind_socket_with_handle(slack->http, "127.0.0.1", 0);
    assert(bound != NULL);
    assert(getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &len) == 0);
    (void)snprintf(slack->url, sizeof(slack->url), "http://127.0.0.1:%d/api",
                   ntohs(address.sin_port));
    assert(evhttp_set_cb(slack->http, "/api/chat.postMessage", on_request, slack) == 0);
    return slack;
}

void fake_slack_destroy(struct fake_slack *slack)
{
    while (slack->waiting != NULL)
        waiting_free(slack->waiting);
    evhttp_free(slack->http);
    for (int i = 0; i < slack->said_count; i++) {
        free(slack->said[i].channel);
        free(slack->said[i].text);
    }
    for (int i = 0; i < slack->channel_count; i++)
        free(slack->channels[i].name);
    free(slack->said);
    free(slack);
}

const char *fake_slack_url(const struct fake_slack *slack)
{
    return slack->url;
}

void fake_slack_rule(struct fake_slack *slack, struct slack_rule rule)
{
    for (int i = 0; i < slack->rule_count; i++) {
        const char *channel = slack->rules[i].channel;

        if (channel == rule.channel ||
            (channel != NULL && rule.channel != NULL && strcmp(channel, rule.channel) == 0)) {
            slack->rules[i] = rule;
            return;
        }
    }
    assert(slack->rule_count < RULES);
    slack->rules[slack->rule_count++] = rule;
}

void fake_slack_repair(struct fake_slack *slack)
{
    slack->rule_count = 0;
}

int fake_slack_count(const struct fake_slack *slack, const char *channel)
{
    int count = 0;

    for (int i = 0; i < slack->said_count; i++)
        count += channel == NULL || strcmp(slack->said[i].channel, channel) == 0;
    return count;
}

int fake_slack_requests(const struct fake_slack *slack)
{
    return slack->requests;
}

const char *fake_slack_text(const struct fake_slack *slack, const char *channel, int n,
                            int64_t *out_ms)
{
    for (int i = 0; i < slack->said_count; i++) {
        if (strcmp(slack->said[i].channel, channel) != 0 || n-- > 0)
            continue;
        if (out_ms != NULL)
            *out_ms = slack->said[i].at_ms;
        return slack->said[i].text;
    }
    return NULL;
}

int fake_slack_times(const struct fake_slack *slack, const char *text)
{
    int count = 0;

    for (int i = 0; i < slack->said_count; i++)
        count += strcmp(slack->said[i].text, text) == 0;
    return count;
}

int fake_slack_most_at_once(const struct fake_slack *slack, const char *channel)
{
    for (int i = 0; i < slack->channel_count; i++)
        if (strcmp(slack->channels[i].name, channel) == 0)
            return slack->channels[i].most;
    return 0;
}

const char *fake_slack_authorization(const struct fake_slack *slack)
{
    return slack->authorization;
}
