/* What the tests of channel_queues share: messages to add, and the move that must come next. */
#ifndef PS_TESTS_QUEUE_SCENE_H
#define PS_TESTS_QUEUE_SCENE_H
#include "notifier/core/channel_queues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static inline void add_kind(struct ps_channel_queues *queues, const char *id, const char *channel,
                            const char *kind)
{
    char raw[256];
    struct ps_err err;
    struct ps_outgoing_message *message;

    (void)snprintf(raw, sizeof(raw),
                   "{\"id\":\"%s\",\"kind\":\"%s\",\"channel\":\"%s\",\"text\":\"x\"}", id, kind,
                   channel);
    message = ps_outgoing_message_parse(raw, strlen(raw), &err);
    assert_non_null(message);
    ps_channel_queues_add(queues, message);
}

/* The next move must be this one, for the message of this id, which it gives. */
static inline struct ps_outgoing_message *expect(struct ps_channel_queues *queues, int64_t now_ms,
                                                 enum ps_channel_queues_move move, const char *id)
{
    struct ps_outgoing_message *message = NULL;

    assert_int_equal(ps_channel_queues_next(queues, now_ms, true, &message), move);
    assert_string_equal(message->content.id, id);
    return message;
}

static inline void expect_nothing(struct ps_channel_queues *queues, int64_t now_ms)
{
    struct ps_outgoing_message *message = NULL;

    assert_int_equal(ps_channel_queues_next(queues, now_ms, true, &message),
                     PS_CHANNEL_QUEUES_NOTHING);
}

#endif
