#include "notifier/core/webhook_body.h"

#include "notifier/core/markup.h"
#include "shared/core/alloc.h"
#include "shared/core/email_redact.h"
#include "shared/core/json.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HASH_BYTES = 32,
    KEY_MAX = 512,
    /* Each service's own limit of a message's text, counted in bytes to be safe. */
    DISCORD_BYTES = 4096,
    MATTERMOST_BYTES = 16000,
    TEAMS_BYTES = 20000,
    MATRIX_BYTES = 28000,
    TEXT_BYTES = 2 * PS_MESSAGE_TEXT_MAX,
    ITEMS_BYTES =
        256 * 1024 /* of all items of a JSON event; what is beyond is left out and said so */
};

static const char cut_note[] = "\n\xe2\x80\xa6";

/* --- signature ------------------------------------------------------------------------------- */

/* Returns the key's length. A secret that is not Base64 after its prefix is taken as it stands. */
static size_t key_of(const char *secret, unsigned char out_key[KEY_MAX])
{
    static const char prefix[] = "whsec_";
    size_t len = strlen(secret), tail = 0;
    int got;

    if (strncmp(secret, prefix, sizeof(prefix) - 1) == 0) {
        const char *text = secret + sizeof(prefix) - 1;
        size_t text_len = len - (sizeof(prefix) - 1);

        while (tail < 2 && text_len > tail && text[text_len - 1 - tail] == '=')
            tail++;
        if (text_len > 0 && text_len % 4 == 0 && text_len / 4 * 3 <= KEY_MAX) {
            got = EVP_DecodeBlock(out_key, (const unsigned char *)text, (int)text_len);
            if (got > 0)
                return (size_t)got - tail;
        }
    }
    len = len < KEY_MAX ? len : KEY_MAX;
    memcpy(out_key, secret, len);
    return len;
}

void ps_webhook_sign(const char *secret, const char *id, int64_t timestamp_s, const char *body,
                     char out_signature[PS_WEBHOOK_SIGNATURE_TEXT])
{
    char *text = ps_alloc_format("%s.%lld.%s", id, (long long)timestamp_s, body);
    unsigned char key[KEY_MAX], hash[EVP_MAX_MD_SIZE];
    size_t key_len = key_of(secret, key);
    unsigned hash_len = 0;

    if (HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), hash,
             &hash_len) == NULL ||
        hash_len != HASH_BYTES)
        abort();
    memcpy(out_signature, "v1,", 3);
    (void)EVP_EncodeBlock((unsigned char *)out_signature + 3, hash, HASH_BYTES);
    OPENSSL_cleanse(key, sizeof(key));
    free(text);
}

/* --- texts ----------------------------------------------------------------------------------- */

/* Gives the text of the message in a markup; one that is too long ends with an ellipsis. */
static char *text_in(const struct ps_outgoing_message *message, enum ps_markup markup, size_t max)
{
    struct ps_buf text;
    bool whole;

    ps_buf_init(&text, max - sizeof(cut_note));
    whole = ps_markup_convert(message->content.text, markup, &text);
    if (!whole) {
        char *cut = ps_alloc_format("%s%s", ps_buf_str(&text), cut_note);

        ps_buf_clear(&text);
        return cut;
    }
    return text.len == 0 ? ps_alloc_text("") : ps_buf_take(&text);
}

static void add_markup(cJSON *object, const char *member, const struct ps_outgoing_message *message,
                       enum ps_markup markup, size_t max)
{
    char *text = text_in(message, markup, max);

    ps_json_add_text(object, member, text);
    free(text);
}

/* --- formats --------------------------------------------------------------------------------- */

static void copy_text(const cJSON *from, const char *name, cJSON *to, const char *as)
{
    const char *text = ps_json_text(from, name);
    char *clean;

    if (text == NULL || text[0] == '\0')
        return;
    clean = ps_email_redact(text);
    ps_json_add_text(to, as, clean);
    free(clean);
}

static cJSON *item_of(const cJSON *data)
{
    static const char *const names[][2] = {
        {"id",              "id"            },
        { "url",            "url"           },
        { "title",          "title"         },
        { "author",         "authors"       },
        { "modified",       "modified"      },
        { "date",           "date"          },
        { "index_url",      "index_url"     },
        { "draft_url",      "draft_url"     },
        { "draft_seen",     "draft_seen"    },
        { "draft_modified", "draft_modified"},
    };
    cJSON *item = cJSON_CreateObject();
    bool draft = false;

    for (size_t i = 0; i < PS_COUNT_OF(names); i++)
        copy_text(data, names[i][0], item, names[i][1]);
    if (!ps_json_bool(data, "draft", &draft))
        draft = false;
    ps_json_add_bool(item, "draft", draft);
    return item;
}

static cJSON *items_of(const struct ps_webhook_items *items, bool *out_cut)
{
    cJSON *list = cJSON_CreateArray();
    size_t bytes = 0;

    *out_cut = false;
    for (size_t i = 0; i < items->len; i++) {
        size_t len = strlen(items->data[i]);
        cJSON *data = ps_json_parse(items->data[i], len, NULL);

        bytes += len;
        *out_cut = *out_cut || bytes > ITEMS_BYTES;
        if (ps_json_text(data, "id") != NULL && !*out_cut)
            cJSON_AddItemToArray(list, item_of(data));
        cJSON_Delete(data);
    }
    return list;
}

static cJSON *json_body(const struct ps_outgoing_message *message,
                        const struct ps_webhook_items *items, int64_t wall_ms)
{
    const struct ps_message *content = &message->content;
    const char *kind = ps_message_kind_of(content);
    char *type = ps_alloc_format("paperscout.%s", kind);
    cJSON *event = cJSON_CreateObject(), *data = cJSON_CreateObject();
    bool cut;

    ps_json_add_text(event, "specversion", "1.0");
    ps_json_add_text(event, "id", content->id);
    ps_json_add_text(event, "source", "/paperscout");
    ps_json_add_text(event, "type", type);
    ps_json_add_time(event, "time", content->created_ms > 0 ? content->created_ms : wall_ms);
    ps_json_add_text(event, "datacontenttype", "application/json");
    ps_json_add_text(data, "kind", kind);
    add_markup(data, "text", message, PS_MARKUP_PLAIN, TEXT_BYTES);
    add_markup(data, "markdown", message, PS_MARKUP_MARKDOWN, TEXT_BYTES);
    cJSON_AddItemToObject(data, "items", items_of(items, &cut));
    ps_json_add_bool(data, "items_cut", cut);
    ps_json_add_bool(data, "repeated", message->repeated);
    cJSON_AddItemToObject(event, "data", data);
    free(type);
    return event;
}

static cJSON *discord_body(const struct ps_outgoing_message *message)
{
    cJSON *body = cJSON_CreateObject(), *embeds = cJSON_AddArrayToObject(body, "embeds");
    cJSON *embed = cJSON_CreateObject(),
          *mentions = cJSON_AddObjectToObject(body, "allowed_mentions");

    add_markup(embed, "description", message, PS_MARKUP_MARKDOWN, DISCORD_BYTES);
    cJSON_AddItemToArray(embeds, embed);
    (void)cJSON_AddArrayToObject(mentions,
                                 "parse"); /* nobody is mentioned, whatever the text says */
    return body;
}

static cJSON *mattermost_body(const struct ps_outgoing_message *message)
{
    cJSON *body = cJSON_CreateObject();

    add_markup(body, "text", message, PS_MARKUP_MARKDOWN, MATTERMOST_BYTES);
    return body;
}

/* An Adaptive Card, as the workflows of Teams take it: a block for each line. */
static cJSON *teams_body(const struct ps_outgoing_message *message)
{
    char *text = text_in(message, PS_MARKUP_MARKDOWN, TEAMS_BYTES);
    cJSON *body = cJSON_CreateObject(), *attachments, *attachment = cJSON_CreateObject(), *card,
          *blocks;
    struct ps_str rest = ps_str_of(text), line;

    ps_json_add_text(body, "type", "message");
    attachments = cJSON_AddArrayToObject(body, "attachments");
    ps_json_add_text(attachment, "contentType", "application/vnd.microsoft.card.adaptive");
    card = cJSON_AddObjectToObject(attachment, "content");
    ps_json_add_text(card, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    ps_json_add_text(card, "type", "AdaptiveCard");
    ps_json_add_text(card, "version", "1.4");
    ps_json_add_text(cJSON_AddObjectToObject(card, "msteams"), "width", "Full");
    blocks = cJSON_AddArrayToObject(card, "body");
    while (ps_str_next(&rest, '\n', &line)) {
        char *copy = ps_alloc_copy(line.data, line.len);
        cJSON *block = cJSON_CreateObject();

        ps_json_add_text(block, "type", "TextBlock");
        ps_json_add_text(block, "text", copy);
        ps_json_add_bool(block, "wrap", true);
        cJSON_AddItemToArray(blocks, block);
        free(copy);
    }
    cJSON_AddItemToArray(attachments, attachment);
    free(text);
    return body;
}

static cJSON *matrix_body(const struct ps_outgoing_message *message)
{
    cJSON *body = cJSON_CreateObject();

    ps_json_add_text(body, "msgtype", "m.notice");
    add_markup(body, "body", message, PS_MARKUP_PLAIN, MATRIX_BYTES);
    ps_json_add_text(body, "format", "org.matrix.custom.html");
    add_markup(body, "formatted_body", message, PS_MARKUP_HTML, MATRIX_BYTES);
    return body;
}

static char *body_of(const struct ps_webhook *webhook, const struct ps_outgoing_message *message,
                     const struct ps_webhook_items *items, int64_t wall_ms)
{
    cJSON *body = NULL;
    char *text;

    switch (webhook->format) {
    case PS_WEBHOOK_DISCORD:
        body = discord_body(message);
        break;
    case PS_WEBHOOK_MATTERMOST:
        body = mattermost_body(message);
        break;
    case PS_WEBHOOK_TEAMS:
        body = teams_body(message);
        break;
    case PS_WEBHOOK_MATRIX:
        body = matrix_body(message);
        break;
    case PS_WEBHOOK_JSON:
    case PS_WEBHOOK_FORMAT_COUNT:
        body = json_body(message, items, wall_ms);
        break;
    }
    text = ps_json_print(body);
    cJSON_Delete(body);
    return text;
}

/* The id as a header value and a part of a path: letters, digits and a few marks; anything else
 * becomes '-'. */
static char *safe_id(const char *id)
{
    char *safe = ps_alloc_text(id);

    for (char *c = safe; *c != '\0'; c++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", *c) == NULL)
            *c = '-';
    return safe;
}

static void add_header(struct ps_webhook_request *request, char *header)
{
    size_t i = 0;

    while (request->headers[i] != NULL)
        i++;
    request->headers[i] = header;
}

void ps_webhook_request_make(const struct ps_webhook *webhook,
                             const struct ps_outgoing_message *message,
                             const struct ps_webhook_items *items, int64_t wall_ms,
                             struct ps_webhook_request *out_request)
{
    char *id = safe_id(message->content.id);
    char signature[PS_WEBHOOK_SIGNATURE_TEXT];

    *out_request = (struct ps_webhook_request){ .put = webhook->format == PS_WEBHOOK_MATRIX };
    out_request->body = body_of(webhook, message, items, wall_ms);
    add_header(out_request,
               ps_alloc_text(webhook->format == PS_WEBHOOK_JSON
                                 ? "Content-Type: application/cloudevents+json; charset=utf-8"
                                 : "Content-Type: application/json"));
    add_header(out_request, ps_alloc_format("webhook-id: %s", id));
    if (out_request->put) {
        size_t len = strlen(webhook->url);

        out_request->url = ps_alloc_format("%s%ssend/m.room.message/%s", webhook->url,
                                           len > 0 && webhook->url[len - 1] == '/' ? "" : "/", id);
        add_header(out_request, ps_alloc_format("Authorization: Bearer %s", webhook->secret));
    } else {
        out_request->url = ps_alloc_text(webhook->url);
        add_header(out_request,
                   ps_alloc_format("webhook-timestamp: %lld", (long long)(wall_ms / 1000)));
        if (webhook->secret[0] != '\0') {
            ps_webhook_sign(webhook->secret, id, wall_ms / 1000, out_request->body, signature);
            add_header(out_request, ps_alloc_format("webhook-signature: %s", signature));
        }
    }
    free(id);
}

static void wipe(char *text)
{
    if (text != NULL)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

void ps_webhook_request_clear(struct ps_webhook_request *request)
{
    wipe(request->url);
    free(request->body);
    for (size_t i = 0; i < PS_WEBHOOK_HEADERS_MAX; i++)
        wipe(request->headers[i]);
    *request = (struct ps_webhook_request){ .url = NULL };
}

/* --- answer ---------------------------------------------------------------------------------- */

/* Matrix says how long in the body: {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2000}. -1 for
 * no such member. */
static int64_t pause_in_body(const struct ps_slack_outcome *answer)
{
    cJSON *json = answer->body == NULL ? NULL : ps_json_parse(answer->body, answer->body_len, NULL);
    int64_t pause = -1;

    if (!ps_json_int(json, "retry_after_ms", 0, PS_SLACK_HOLD_MAX_MS, &pause))
        pause = -1;
    cJSON_Delete(json);
    return pause;
}

static bool stands_still(int status)
{
    return status == 401 || status == 403 || status == 404 || status == 407 || status == 410 ||
           (status >= 300 && status < 400);
}

void ps_webhook_answer_read(const struct ps_slack_outcome *answer,
                            struct ps_slack_response *out_reply)
{
    int status = answer->status;
    int64_t pause = ps_slack_retry_after_ms(answer);

    *out_reply = (struct ps_slack_response){ .next = PS_SLACK_SENT };
    if (answer->fault != NULL) {
        /* curl's texts can name the host, and the URL is a secret. */
        (void)ps_fail(&out_reply->err, answer->fault->category, answer->fault->code, "%s",
                      answer->fault->category == PS_FAILURE_CONFIGURATION
                          ? "the webhook's address cannot be used (a private address needs "
                            "WEBHOOK_ALLOW_PRIVATE)"
                      : answer->fault->category == PS_FAILURE_TIMEOUT
                          ? "the webhook did not answer in time"
                          : "the webhook was not reached");
        out_reply->next =
            answer->fault->category == PS_FAILURE_CONFIGURATION ? PS_SLACK_STOP : PS_SLACK_RETRY;
        out_reply->doubtful = answer->left && out_reply->next == PS_SLACK_RETRY;
        return;
    }
    if (status >= 200 && status < 300)
        return;
    (void)ps_fail(&out_reply->err, ps_failure_of_status(status), status, "HTTP status %d", status);
    if (status == 429 || (status == 503 && pause >= 0)) {
        if (pause < 0)
            pause = pause_in_body(answer);
        out_reply->next = PS_SLACK_LATER;
        out_reply->err.category = PS_FAILURE_RATE_LIMIT;
        out_reply->after_ms = pause >= 0 ? pause : PS_SLACK_HOLD_MS;
    } else if (status == 408 || status == 425 || status >= 500 || status < 200) {
        out_reply->next = PS_SLACK_RETRY;
        out_reply->doubtful = true;
        out_reply->after_ms = pause > 0 ? pause : 0;
    } else if (stands_still(status)) {
        out_reply->next = PS_SLACK_STOP;
        out_reply->err.category = PS_FAILURE_CONFIGURATION;
    } else {
        out_reply->next = PS_SLACK_NEVER;
    }
}
