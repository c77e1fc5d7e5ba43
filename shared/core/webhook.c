#include "shared/core/webhook.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/name_words.h"
#include "shared/core/str.h"
#include "shared/core/subgroup.h"

#include <stdlib.h>
#include <string.h>

enum {
    AUTHOR_MAX = 100,        /* bytes of a filter's text; words of one name */
    AUTHORS_WORDS_MAX = 400, /* words of a paper's authors that are searched */
    URL_MAX = 2048,          /* bytes */
    SECRET_MAX = 512         /* bytes */
};

/* The kinds that a webhook may get. */
static const enum ps_message_kind find_kinds[] = { PS_MESSAGE_FRONTIER, PS_MESSAGE_DRAFT,
                                                   PS_MESSAGE_DRAFT_UPDATE,
                                                   PS_MESSAGE_DP_TRANSITION, PS_MESSAGE_NEW_PAPER };

const char *ps_webhook_format_name(enum ps_webhook_format format)
{
    static const char *const names[] = {
#define PS_X(id, name) name,
        PS_WEBHOOK_FORMATS(PS_X)
#undef PS_X
    };

    return names[format];
}

static bool parse_format(const char *text, enum ps_webhook_format *out_format)
{
    for (int i = 0; i < PS_WEBHOOK_FORMAT_COUNT; i++) {
        if (strcmp(ps_webhook_format_name((enum ps_webhook_format)i), text) != 0)
            continue;
        *out_format = (enum ps_webhook_format)i;
        return true;
    }
    return false;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

static void clear_one(struct ps_webhook *webhook)
{
    free(webhook->url);
    free(webhook->secret);
    free_texts(webhook->subgroups, webhook->subgroup_count);
    free_texts(webhook->authors, webhook->author_count);
    *webhook = (struct ps_webhook){ .url = NULL };
}

void ps_webhooks_clear(struct ps_webhooks *webhooks)
{
    for (size_t i = 0; i < webhooks->len; i++)
        clear_one(&webhooks->items[i]);
    webhooks->len = 0;
}

/* Returns the kinds of a webhook whose settings name none. */
static unsigned usual_kinds(bool new_papers)
{
    unsigned kinds = 0;

    for (size_t i = 0; i < PS_COUNT_OF(find_kinds); i++)
        if (new_papers || find_kinds[i] != PS_MESSAGE_NEW_PAPER)
            kinds |= 1U << find_kinds[i];
    return kinds;
}

static bool is_name(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= PS_WEBHOOK_NAME_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

/* Returns whether text can be sent to. A space or a control character would break the request
 * line. */
static bool is_url(const char *text)
{
    size_t len = strlen(text);

    if (len > URL_MAX || (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 127)
            return false;
    return true;
}

/* Fails with the webhook's name and the rule that it breaks. The text never has a URL or a
 * secret (guarantee 10). */
static bool fault(struct ps_err *err, const char *name, const char *what)
{
    return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "WEBHOOKS: webhook \"%.32s\": %s", name, what);
}

/* Reads a list of texts; absent is an empty list. */
static bool read_texts(const cJSON *object, const char *member, char ***out_texts,
                       size_t *out_count)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, member), *item;

    if (list == NULL)
        return true;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > PS_WEBHOOK_FILTERS_MAX)
        return false;
    *out_texts = ps_alloc_zero((size_t)cJSON_GetArraySize(list) + 1, sizeof(**out_texts));
    cJSON_ArrayForEach (item, list) {
        if (!cJSON_IsString(item) || item->valuestring[0] == '\0' ||
            strlen(item->valuestring) > AUTHOR_MAX)
            return false;
        (*out_texts)[(*out_count)++] = ps_alloc_text(item->valuestring);
    }
    return true;
}

/* Only kinds of finds may be listed: a webhook must not get messages that are meant for one
 * person. */
static bool read_kinds(const cJSON *object, bool new_papers, struct ps_webhook *webhook)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "kinds"), *item;

    webhook->kinds = usual_kinds(new_papers);
    if (list == NULL)
        return true;
    if (!cJSON_IsArray(list))
        return false;
    webhook->kinds = 0;
    cJSON_ArrayForEach (item, list) {
        enum ps_message_kind kind;

        if (!cJSON_IsString(item) || !ps_message_kind_parse(item->valuestring, &kind) ||
            (usual_kinds(true) & 1U << kind) == 0)
            return false;
        webhook->kinds |= 1U << kind;
    }
    return true;
}

/* Stores the names as the index names them, so that "lewg" in the settings matches. */
static bool read_subgroups(const cJSON *object, struct ps_webhook *webhook)
{
    if (!read_texts(object, "subgroups", &webhook->subgroups, &webhook->subgroup_count))
        return false;
    for (size_t i = 0; i < webhook->subgroup_count; i++) {
        char name[PS_SUBGROUP_MAX + 1];

        if (!ps_subgroup_parse(ps_str_of(webhook->subgroups[i]), name))
            return false;
        free(webhook->subgroups[i]);
        webhook->subgroups[i] = ps_alloc_text(name);
    }
    return true;
}

/* Finds a misspelt member. Without this check a filter "subgroup" would be ignored, and the
 * webhook would get every find. */
static const char *unknown_member(const cJSON *object)
{
    static const char *const known[] = { "name",  "url",       "secret", "format",
                                         "kinds", "subgroups", "authors" };
    const cJSON *member;

    cJSON_ArrayForEach (member, object) {
        size_t i = 0;

        while (i < PS_COUNT_OF(known) && strcmp(known[i], member->string) != 0)
            i++;
        if (i == PS_COUNT_OF(known))
            return member->string;
    }
    return NULL;
}

/* Reads one entry of WEBHOOKS into webhook, which the caller clears. */
static bool read_entry(const cJSON *object, const struct ps_webhooks *others,
                       const struct ps_webhook_settings *settings, struct ps_webhook *webhook,
                       struct ps_err *err)
{
    const char *name = ps_json_text(object, "name"), *url = ps_json_text(object, "url");
    const char *secret = ps_json_text(object, "secret"), *format = ps_json_text(object, "format");

    if (name == NULL || !is_name(name))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "WEBHOOKS: each webhook is an object with a name of 1 to %d letters a-z, "
                       "digits, _ and -",
                       PS_WEBHOOK_NAME_MAX);
    memcpy(webhook->name, name, strlen(name) + 1);
    webhook->url = ps_alloc_text(url == NULL ? "" : url);
    webhook->secret = ps_alloc_text(secret == NULL ? "" : secret);
    for (size_t i = 0; i < others->len; i++)
        if (strcmp(others->items[i].name, name) == 0)
            return fault(err, name, "the name is used twice");
    if (unknown_member(object) != NULL)
        return fault(
            err, name,
            "has a member other than name, url, secret, format, kinds, subgroups and authors");
    if (settings->sends && !is_url(webhook->url))
        return fault(err, name, "url: an http or https URL is required");
    if (strlen(webhook->secret) > SECRET_MAX)
        return fault(err, name, "secret: at most 512 bytes");
    if (format != NULL && !parse_format(format, &webhook->format))
        return fault(err, name, "format: json, discord, mattermost, teams or matrix");
    if (!read_kinds(object, settings->new_papers, webhook))
        return fault(err, name,
                     "kinds: a list of frontier, draft, draft_update, dp_transition and new_paper");
    if (!read_subgroups(object, webhook))
        return fault(err, name, "subgroups: a list of at most 64 subgroups, such as LEWG");
    if (!read_texts(object, "authors", &webhook->authors, &webhook->author_count))
        return fault(err, name, "authors: a list of at most 64 names");
    return true;
}

static bool read_list(const struct ps_webhook_settings *settings, struct ps_webhooks *webhooks,
                      struct ps_err *err)
{
    struct ps_err at;
    cJSON *list = ps_json_parse(settings->list, strlen(settings->list), &at);
    const cJSON *entry;
    bool ok = true;

    if (!cJSON_IsArray(list)) {
        cJSON_Delete(list);
        return ps_fail(
            err, PS_FAILURE_CONFIGURATION, 0,
            "WEBHOOKS: not a JSON array of webhooks (notifier/WEBHOOKS.md has an example)");
    }
    cJSON_ArrayForEach (entry, list) {
        if (webhooks->len == PS_WEBHOOKS_MAX) {
            ok = ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "WEBHOOKS: more than %d webhooks",
                         PS_WEBHOOKS_MAX);
            break;
        }
        ok = read_entry(entry, webhooks, settings, &webhooks->items[webhooks->len], err);
        if (!ok) {
            clear_one(&webhooks->items[webhooks->len]);
            break;
        }
        webhooks->len++;
    }
    cJSON_Delete(list);
    return ok;
}

static bool read_single(const struct ps_webhook_settings *settings, struct ps_webhooks *webhooks,
                        struct ps_err *err)
{
    struct ps_webhook *webhook = &webhooks->items[0];

    if (!is_url(settings->url))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "WEBHOOK_URL: not an http or https URL");
    if (settings->format[0] != '\0' && !parse_format(settings->format, &webhook->format))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "WEBHOOK_FORMAT: json, discord, mattermost, teams or matrix");
    memcpy(webhook->name, "default", sizeof("default"));
    webhook->url = ps_alloc_text(settings->url);
    webhook->secret = ps_alloc_text(settings->secret);
    webhook->kinds = usual_kinds(settings->new_papers);
    webhooks->len = 1;
    return true;
}

/* A Matrix room is written to with an access token, which is the secret. */
static bool check_matrix(const struct ps_webhook_settings *settings,
                         const struct ps_webhooks *webhooks, struct ps_err *err)
{
    for (size_t i = 0; settings->sends && i < webhooks->len; i++)
        if (webhooks->items[i].format == PS_WEBHOOK_MATRIX && webhooks->items[i].secret[0] == '\0')
            return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                           "webhook \"%s\": format matrix needs the access token as its secret",
                           webhooks->items[i].name);
    return true;
}

bool ps_webhooks_parse(const struct ps_webhook_settings *settings, struct ps_webhooks *out_webhooks,
                       struct ps_err *err)
{
    *out_webhooks = (struct ps_webhooks){ .len = 0 };
    if ((settings->url[0] == '\0' || read_single(settings, out_webhooks, err)) &&
        (settings->list[0] == '\0' || read_list(settings, out_webhooks, err)) &&
        check_matrix(settings, out_webhooks, err))
        return true;
    ps_webhooks_clear(out_webhooks);
    return false;
}

bool ps_webhook_is_channel(const char *channel)
{
    return strncmp(channel, PS_WEBHOOK_CHANNEL, sizeof(PS_WEBHOOK_CHANNEL) - 1) == 0;
}

const struct ps_webhook *ps_webhooks_find(const struct ps_webhooks *webhooks, const char *channel)
{
    if (!ps_webhook_is_channel(channel))
        return NULL;
    for (size_t i = 0; i < webhooks->len; i++)
        if (strcmp(webhooks->items[i].name, channel + sizeof(PS_WEBHOOK_CHANNEL) - 1) == 0)
            return &webhooks->items[i];
    return NULL;
}

/* Returns whether one of the webhook's authors is among authors, compared as watch rules do. */
static bool has_author(const struct ps_webhook *webhook, const char *authors)
{
    struct ps_name_words *words;
    bool found = false;

    if (authors == NULL)
        return false;
    words = ps_name_words_create(authors, strlen(authors), AUTHORS_WORDS_MAX);
    for (size_t i = 0; i < webhook->author_count && !found; i++) {
        struct ps_name_words *name =
            ps_name_words_create(webhook->authors[i], strlen(webhook->authors[i]), AUTHOR_MAX);

        found = ps_name_words_contain(words, name);
        ps_name_words_destroy(name);
    }
    ps_name_words_destroy(words);
    return found;
}

bool ps_webhook_wants(const struct ps_webhook *webhook, const struct ps_webhook_facts *facts)
{
    bool subgroup = webhook->subgroup_count == 0;

    if ((webhook->kinds & 1U << facts->kind) == 0)
        return false;
    for (size_t i = 0; i < webhook->subgroup_count && facts->subgroup != NULL && !subgroup; i++)
        subgroup = ps_subgroup_named(facts->subgroup, webhook->subgroups[i]);
    return subgroup && (webhook->author_count == 0 || has_author(webhook, facts->authors));
}
