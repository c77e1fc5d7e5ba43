#include "tests/upstream/slack_check.h"

#include "shared/core/base.h"
#include "shared/core/json.h"

#include <stdbool.h>
#include <string.h>

enum {
    TEXT_MAX = 40000, /* characters; longer ones Slack cuts */
    BLOCKS_MAX = 50,
    SECTION_MAX = 3000,
    HEADER_MAX = 150,
    ELEMENTS_MAX = 10, /* of a context block */
    ID_MAX = 255
};

static size_t chars_of(const char *text)
{
    size_t chars = 0;

    for (; *text != '\0'; text++)
        chars += ((unsigned char)*text & 0xc0) != 0x80;
    return chars;
}

static bool text_ok(const cJSON *object, size_t max, bool plain_only)
{
    const char *type = ps_json_text(object, "type"), *text = ps_json_text(object, "text");
    size_t chars = text != NULL ? chars_of(text) : 0;

    return type != NULL && chars >= 1 && chars <= max &&
           (strcmp(type, "plain_text") == 0 || (!plain_only && strcmp(type, "mrkdwn") == 0));
}

static bool context_ok(const cJSON *block)
{
    const cJSON *elements = cJSON_GetObjectItemCaseSensitive(block, "elements"), *element;
    int count = cJSON_GetArraySize(elements);

    cJSON_ArrayForEach (element, elements) {
        if (!text_ok(element, SECTION_MAX, false))
            return false;
    }
    return count >= 1 && count <= ELEMENTS_MAX;
}

static bool block_ok(const cJSON *block)
{
    const char *type = ps_json_text(block, "type"), *id = ps_json_text(block, "block_id");
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(block, "text");

    if (type == NULL || (id != NULL && strlen(id) > ID_MAX))
        return false;
    if (strcmp(type, "section") == 0)
        return text_ok(text, SECTION_MAX, false);
    if (strcmp(type, "header") == 0)
        return text_ok(text, HEADER_MAX, true);
    if (strcmp(type, "context") == 0)
        return context_ok(block);
    return strcmp(type, "divider") == 0;
}

const char *ps_slack_check(const cJSON *arguments)
{
    const char *text = ps_json_text(arguments, "text");
    const cJSON *blocks = cJSON_GetObjectItemCaseSensitive(arguments, "blocks"), *block;

    if (text != NULL && chars_of(text) > TEXT_MAX)
        return "msg_too_long";
    if (blocks != NULL && (!cJSON_IsArray(blocks) || cJSON_GetArraySize(blocks) > BLOCKS_MAX))
        return "invalid_blocks";
    cJSON_ArrayForEach (block, blocks) {
        if (!block_ok(block))
            return "invalid_blocks";
    }
    return NULL;
}
