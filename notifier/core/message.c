#include "notifier/core/message.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"

#include <stdlib.h>

bool ps_message_is_outbox(const char *id)
{
    return id[0] == 'o' && ps_str_digits(ps_str_of(id + 1));
}

struct ps_message *ps_message_parse(const char *raw, size_t len, struct ps_err *err)
{
    struct ps_notice notice;
    struct ps_message *message;

    if (!ps_notice_parse(raw, len, &notice, err))
        return NULL;
    message = ps_alloc_zero(1, sizeof(*message));
    message->notice = notice;
    message->category = PS_FAILURE_UNKNOWN;
    message->raw = ps_alloc_copy(raw, len);
    message->raw_len = len;
    message->outbox = ps_message_is_outbox(notice.id);
    return message;
}

struct ps_message *ps_message_own(const struct ps_notice *notice)
{
    struct ps_message *message = ps_alloc_zero(1, sizeof(*message));

    message->category = PS_FAILURE_UNKNOWN;
    message->notice = (struct ps_notice){
        .id = ps_alloc_text(notice->id),
        .kind = notice->kind,
        .kind_name = ps_alloc_text(notice->kind_name),
        .channel = ps_alloc_text(notice->channel),
        .text = ps_alloc_text(notice->text),
        .thread_ts = ps_alloc_text(notice->thread_ts),
        .created_ms = notice->created_ms,
        .trace = ps_alloc_text(notice->trace),
        .broadcast = notice->broadcast,
        .update_ts = ps_alloc_text(notice->update_ts),
        .update_channel = ps_alloc_text(notice->update_channel),
        .update_text = ps_alloc_text(notice->update_text),
    };
    return message;
}

bool ps_message_drop_update(struct ps_message *message)
{
    struct ps_notice *notice = &message->notice;

    if (notice->update_ts == NULL)
        return false;
    free(notice->update_ts);
    free(notice->update_channel);
    free(notice->update_text);
    notice->update_ts = notice->update_channel = notice->update_text = NULL;
    return true;
}

bool ps_message_drop_thread(struct ps_message *message)
{
    struct ps_notice *notice = &message->notice;

    if (notice->thread_ts == NULL || !notice->broadcast)
        return false;
    free(notice->thread_ts);
    notice->thread_ts = NULL;
    notice->broadcast = false;
    return true;
}

const char *ps_message_trace(const struct ps_message *message)
{
    return message->notice.trace != NULL ? message->notice.trace : "";
}

void ps_message_destroy(struct ps_message *message)
{
    while (message != NULL) {
        struct ps_message *twin = message->twins;

        if (twin != NULL) {
            message->twins = twin->next;
            twin->next = NULL;
            ps_message_destroy(twin);
            continue;
        }
        ps_notice_clear(&message->notice);
        free(message->raw);
        free(message);
        return;
    }
}
