/* Any signed body at the events port is refused, ignored, or accepted within its caps. */
#include "notifier/core/interaction.h"
#include "notifier/core/slack_event.h"
#include "notifier/core/user_command.h"
#include "shared/core/text_normalize.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct ps_slack_event *event)
{
    const struct ps_inbound_event *inbound = &event->inbound;

    switch (event->call) {
    case PS_SLACK_CHALLENGE:
        assert(event->challenge != NULL && strlen(event->challenge) <= PS_CHALLENGE_MAX);
        break;
    case PS_SLACK_IGNORED:
        assert(event->why != NULL);
        break;
    case PS_SLACK_ANSWERED:
        assert(event->answer != NULL && event->answer[0] == '{');
        break;
    case PS_SLACK_VIEW:
        assert(event->view.user != NULL);
        break;
    case PS_SLACK_INBOUND:
        assert(strlen(inbound->id) > 0 && strlen(inbound->id) <= PS_INBOUND_EVENT_ID_MAX);
        assert(strlen(inbound->said) > 0 &&
               strlen(inbound->said) <= 4 * PS_INBOUND_EVENT_ID_MAX + PS_INBOUND_EVENT_WORDS_MAX);
        assert(strlen(inbound->user) > 0 && strlen(inbound->user) <= PS_INBOUND_EVENT_ID_MAX);
        assert(strlen(inbound->channel) > 0 && strlen(inbound->channel) <= PS_INBOUND_EVENT_ID_MAX);
        assert(strlen(inbound->words) <= PS_INBOUND_EVENT_WORDS_MAX);
        assert(ps_utf8_valid(inbound->words, strlen(inbound->words)));
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
    if (ps_interaction_read_form((const char *)data, size, &event, &err))
        check(&event);
    return 0;
}
