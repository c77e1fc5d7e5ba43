/* Whatever lies in the notify list: refused with the field's name, or read within its caps and
   written back the same. */
#include "shared/core/message.h"
#include "shared/core/text_normalize.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_message message, back;
    struct ps_err err = { .what = "" };
    char *json, *again;

    if (!ps_message_parse((const char *)data, size, &message, &err)) {
        assert(err.what[0] != '\0' && message.id == NULL && message.trace == NULL);
        return 0;
    }
    assert(message.id[0] != '\0' && strlen(message.id) <= PS_MESSAGE_ID_MAX);
    assert(message.channel[0] != '\0' && strlen(message.channel) <= PS_MESSAGE_CHANNEL_MAX);
    assert(message.text[0] != '\0' && strlen(message.text) <= PS_MESSAGE_TEXT_MAX);
    json = ps_message_format(&message);
    assert(ps_utf8_valid(json, strlen(json)));
    if (ps_message_parse(json, strlen(json), &back, &err)) {
        again = ps_message_format(&back);
        assert(strcmp(json, again) == 0);
        free(again);
        ps_message_clear(&back);
    } else {
        assert(strlen(json) > PS_MESSAGE_JSON_MAX); /* escapes made it longer */
    }
    free(json);
    ps_message_clear(&message);
    return 0;
}
