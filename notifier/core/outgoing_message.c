#include "notifier/core/outgoing_message.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"

#include <stdlib.h>

bool ps_outgoing_message_is_outbox(const char *id)
{
    return id[0] == 'o' && ps_str_digits(ps_str_of(id + 1));
}

struct ps_outgoing_message *ps_outgoing_message_parse(const char *raw, size_t len,
                                                      struct ps_err *err)
{
    struct ps_message content;
    struct ps_outgoing_message *message;

    if (!ps_message_parse(raw, len, &content, err))
        return NULL;
    message = ps_alloc_zero(1, sizeof(*message));
    message->content = content;
    message->category = PS_FAILURE_UNKNOWN;
    message->raw = ps_alloc_copy(raw, len);
    message->raw_len = len;
    message->outbox = ps_outgoing_message_is_outbox(content.id);
    return message;
}

/* A message of this notifier itself, which is in no list: raw stays NULL. */
struct ps_outgoing_message *ps_outgoing_message_own(const struct ps_message *content)
{
    struct ps_outgoing_message *message = ps_alloc_zero(1, sizeof(*message));

    message->category = PS_FAILURE_UNKNOWN;
    message->content = (struct ps_message){
        .id = ps_alloc_text(content->id),
        .kind = content->kind,
        .kind_name = ps_alloc_text(content->kind_name),
        .channel = ps_alloc_text(content->channel),
        .text = ps_alloc_text(content->text),
        .thread_ts = ps_alloc_text(content->thread_ts),
        .created_ms = content->created_ms,
        .trace = ps_alloc_text(content->trace),
        .broadcast = content->broadcast,
        .update_ts = ps_alloc_text(content->update_ts),
        .update_channel = ps_alloc_text(content->update_channel),
        .update_text = ps_alloc_text(content->update_text),
        .response_url = ps_alloc_text(content->response_url),
        .trace_context = content->trace_context,
    };
    return message;
}

/* The drop functions remove one feature that Slack refused, so that the message itself still
 * arrives. Each returns false if the feature is not there: then the refusal has another reason. */

bool ps_outgoing_message_drop_update(struct ps_outgoing_message *message)
{
    struct ps_message *content = &message->content;

    if (content->update_ts == NULL)
        return false;
    free(content->update_ts);
    free(content->update_channel);
    free(content->update_text);
    content->update_ts = content->update_channel = content->update_text = NULL;
    return true;
}

bool ps_outgoing_message_drop_response_url(struct ps_outgoing_message *message)
{
    if (message->content.response_url == NULL)
        return false;
    free(message->content.response_url);
    message->content.response_url = NULL;
    return true;
}

bool ps_outgoing_message_drop_thread(struct ps_outgoing_message *message)
{
    struct ps_message *content = &message->content;

    if (content->thread_ts == NULL || !content->broadcast)
        return false;
    free(content->thread_ts);
    content->thread_ts = NULL;
    content->broadcast = false;
    return true;
}

bool ps_outgoing_message_drop_blocks(struct ps_outgoing_message *message)
{
    if (message->plain)
        return false;
    message->plain = true;
    return true;
}

const char *ps_outgoing_message_trace(const struct ps_outgoing_message *message)
{
    return message->content.trace != NULL ? message->content.trace : "";
}

void ps_outgoing_message_destroy(struct ps_outgoing_message *message)
{
    while (message != NULL) {
        struct ps_outgoing_message *duplicate = message->duplicates;

        if (duplicate != NULL) {
            message->duplicates = duplicate->next;
            duplicate->next = NULL;
            ps_outgoing_message_destroy(duplicate);
            continue;
        }
        ps_message_clear(&message->content);
        free(message->raw);
        free(message);
        return;
    }
}
