/* Whatever a person says: some command, its parts within their caps and fit to be stored. */
#include "notifier/core/command_reply.h"
#include "notifier/core/user_command.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct ps_user_command *ask)
{
    struct ps_command_reply reply = { .len = 0 };
    char *texts[PS_WATCH_CHANGE_COUNT];

    if (ask->kind == PS_USER_COMMAND_WRONG) {
        ps_command_reply_wrong(ask, &reply);
        assert(reply.len == 1 && ps_utf8_valid(reply.parts[0], strlen(reply.parts[0])));
        ps_command_reply_clear(&reply);
    }
    for (size_t rule = 0; rule < ask->rules.len || rule == 0; rule++) {
        ps_command_reply_change(ask, rule, texts);
        for (size_t i = 0; i < PS_WATCH_CHANGE_COUNT; i++) {
            assert(ps_utf8_valid(texts[i], strlen(texts[i])));
            free(texts[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now = INT64_C(1795424707000);
    char *words = ps_slack_plain((const char *)data, size);
    struct ps_watch_rule again;
    struct ps_user_command ask;

    ps_user_command_parse(words, now, &ask);
    assert((unsigned)ask.kind < PS_USER_COMMAND_COUNT &&
           ask.word_count <= PS_USER_COMMAND_WORDS_MAX);
    if (ask.kind == PS_USER_COMMAND_ADD || ask.kind == PS_USER_COMMAND_REMOVE ||
        ask.kind == PS_USER_COMMAND_MUTE || ask.kind == PS_USER_COMMAND_UNMUTE) {
        assert(ask.rules.len >= 1 && ask.rules.len <= PS_WATCH_RULES_MAX);
        for (size_t i = 0; i < ask.rules.len; i++) {
            assert(ps_watch_rule_stored(ask.rules.items[i].kind, ask.rules.items[i].text, &again));
            assert(ps_watch_rule_same(&ask.rules.items[i], &again));
        }
    }
    if (ask.until_ms != 0 && ask.kind == PS_USER_COMMAND_MUTE)
        assert(ask.until_ms > now && ask.until_ms <= now + PS_USER_COMMAND_DAYS_MAX * PS_DAY_MS);
    assert(ask.minute >= 0 && ask.minute < 24 * 60);
    if (ask.kind == PS_USER_COMMAND_WHY)
        assert((ask.id[0] != '\0') || ask.number > 0);
    if (ask.kind == PS_USER_COMMAND_WRONG)
        assert(ask.problem[0] != '\0');
    for (size_t i = 0; i < ask.word_count; i++)
        assert(ps_utf8_valid(ask.words[i], strlen(ask.words[i])) && ask.words[i][0] != '\0');
    check_reply(&ask);
    free(words);
    return 0;
}
