/* Whatever lies in the notify list or the dead list: it becomes a message or a letter that can be
   shown and replayed. */
#include "notifier/core/dead_letter.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(char *text)
{
    struct ps_dead_letter letter;
    char *replay;

    ps_dead_letter_parse(text, strlen(text), &letter);
    assert(letter.json != NULL && letter.reason[0] != '\0' && letter.dead_ms > 0);
    replay = ps_dead_letter_replay(&letter);
    assert(replay != NULL);
    free(replay);
    ps_dead_letter_clear(&letter);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *raw = malloc(size + 1);
    struct ps_err err = { .what = "" };
    struct ps_outgoing_message *message;
    struct ps_dead_letter letter;

    assert(raw != NULL);
    memcpy(raw, data, size);
    raw[size] = '\0';
    message = ps_outgoing_message_parse(raw, size, &err);
    if (message != NULL) {
        memcpy(message->reason, "why", 4);
        check(ps_dead_letter_format(message, INT64_C(1795424707000)));
        ps_outgoing_message_destroy(message);
    } else {
        assert(err.what[0] != '\0');
    }
    check(ps_dead_letter_format_raw(raw, size, "why", INT64_C(1795424707000)));
    ps_dead_letter_parse(raw, size, &letter);
    free(ps_dead_letter_replay(&letter));
    ps_dead_letter_clear(&letter);
    free(raw);
    return 0;
}
