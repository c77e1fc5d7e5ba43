/* Whatever a message says: blocks within Slack's limits, or Slack refuses the message
 * (invalid_blocks). */
#include "notifier/core/block_kit.h"
#include "notifier/core/message_blocks.h"
#include "shared/core/mrkdwn.h"
#include "tests/fuzz/check.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_block(const cJSON *block)
{
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(block, "type"));
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(block, "text");
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "text"));
    size_t chars;

    assert(type != NULL);
    if (object == NULL)
        return;
    assert(text != NULL && text[0] != '\0');
    check_text(text, strlen(text));
    chars = ps_mrkdwn_chars(text);
    assert(chars <= (size_t)(strcmp(type, "header") == 0 ? PS_BLOCK_KIT_HEADER_MAX
                                                         : PS_BLOCK_KIT_SECTION_MAX));
}

static void check(cJSON *blocks)
{
    const cJSON *block;

    if (blocks != NULL) {
        assert(cJSON_GetArraySize(blocks) > 0 && cJSON_GetArraySize(blocks) <= PS_BLOCK_KIT_MAX);
        cJSON_ArrayForEach (block, blocks) {
            check_block(block);
        }
    }
    cJSON_Delete(blocks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = ps_utf8_clean(size > 0 ? (const char *)data : "", size); /* as messages are */

    check(ps_block_kit_of(text));
    check(ps_message_blocks(text, PS_MESSAGE_WATCHLIST, true));
    check(ps_message_blocks(text, PS_MESSAGE_REPLY, true));
    free(text);
    return 0;
}
