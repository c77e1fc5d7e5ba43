/* Whatever lies in the outbox, a line a row: messages that Slack takes, and no row is left out. */
#include "scheduler/core/notification.h"
#include "shared/core/mrkdwn.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/input.h"

enum { ROWS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_messages(const struct ps_messages *messages, size_t rows)
{
    bool *has_row = ps_alloc_zero(messages->len + 1, sizeof(*has_row));

    assert(rows == 0 || messages->len > 0);
    for (size_t i = 0; i < rows; i++) {
        assert(messages->row_message[i] < messages->len);
        has_row[messages->row_message[i]] = true;
    }
    for (size_t i = 0; i < messages->len; i++) {
        assert(has_row[i]);
        assert(messages->texts[i][0] != '\0');
        check_text(messages->texts[i], PS_MESSAGE_TEXT_MAX);
        assert(ps_mrkdwn_chars(messages->texts[i]) <= PS_MESSAGE_CHARS_MAX);
    }
    free(has_row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = input_of(data, size);
    enum ps_message_kind kind =
        (enum ps_message_kind)(abs(input_number(&input)) % PS_MESSAGE_KIND_COUNT);
    char *lines[ROWS_MAX], *keys[ROWS_MAX];
    struct ps_notification_rows rows = { .data = (const char *const *)lines,
                                         .dedupe_keys = (const char *const *)keys,
                                         .now_ms = 1785000000000 };
    struct ps_messages messages;

    while (rows.count < ROWS_MAX && (lines[rows.count] = input_line(&input)) != NULL) {
        keys[rows.count] = ps_utf8_clean(lines[rows.count], strlen(lines[rows.count]));
        rows.count++;
    }
    ps_notification_messages(kind, &rows, &messages);
    check_messages(&messages, rows.count);
    ps_messages_clear(&messages);
    for (size_t i = 0; i < rows.count; i++) {
        free(lines[i]);
        free(keys[i]);
    }
    return 0;
}
