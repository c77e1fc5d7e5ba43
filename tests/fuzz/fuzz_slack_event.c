/* Whatever comes signed to the events port: refused, ignored, or heard within its caps. */
#include "notifier/core/ask.h"
#include "notifier/core/slack_event.h"
#include "shared/core/fold.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct ps_slack_event *event)
{
    const struct ps_heard *heard = &event->heard;

    switch (event->call) {
    case PS_SLACK_CHALLENGE:
        assert(event->challenge != NULL && strlen(event->challenge) <= PS_CHALLENGE_MAX);
        break;
    case PS_SLACK_IGNORED:
        assert(event->why != NULL);
        break;
    case PS_SLACK_HEARD:
        assert(strlen(heard->id) > 0 && strlen(heard->id) <= PS_HEARD_ID_MAX);
        assert(strlen(heard->said) > 0 && strlen(heard->said) <= 2 * PS_HEARD_ID_MAX + 1);
        assert(strlen(heard->user) > 0 && strlen(heard->user) <= PS_HEARD_ID_MAX);
        assert(strlen(heard->channel) > 0 && strlen(heard->channel) <= PS_HEARD_ID_MAX);
        assert(strlen(heard->words) <= PS_HEARD_WORDS_MAX);
        assert(ps_utf8_valid(heard->words, strlen(heard->words)));
        break;
    }
    ps_slack_event_clear(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_slack_event event;
    struct ps_err err = { .what = "" };

    if (ps_slack_event_read((const char *)data, size, &event, &err))
        check(&event);
    else
        assert(err.what[0] != '\0');
    if (ps_slack_slash_read((const char *)data, size, &event, &err))
        check(&event);
    return 0;
}
