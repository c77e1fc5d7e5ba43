/* Whatever a person says: some command, its parts within their caps and fit to be stored. */
#include "notifier/core/ask.h"
#include "notifier/core/reply.h"
#include "shared/core/civil.h"
#include "shared/core/fold.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct ps_ask *ask)
{
    struct ps_reply reply = { .len = 0 };
    char *texts[PS_WATCH_CHANGE_COUNT];

    if (ask->kind == PS_ASK_WRONG) {
        ps_reply_wrong(ask, &reply);
        assert(reply.len == 1 && ps_utf8_valid(reply.parts[0], strlen(reply.parts[0])));
        ps_reply_clear(&reply);
    }
    ps_reply_change(ask, texts);
    for (size_t i = 0; i < PS_WATCH_CHANGE_COUNT; i++) {
        assert(ps_utf8_valid(texts[i], strlen(texts[i])));
        free(texts[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now = INT64_C(1795424707000);
    char *words = ps_slack_plain((const char *)data, size);
    struct ps_watch_rule again;
    struct ps_ask ask;

    ps_ask_parse(words, now, &ask);
    assert((unsigned)ask.kind < PS_ASK_COUNT && ask.word_count <= PS_ASK_WORDS_MAX);
    if (ask.kind == PS_ASK_ADD || ask.kind == PS_ASK_REMOVE || ask.kind == PS_ASK_MUTE ||
        ask.kind == PS_ASK_UNMUTE) {
        assert(ps_watch_rule_stored(ask.rule.kind, ask.rule.text, &again));
        assert(ps_watch_rule_same(&ask.rule, &again));
    }
    if (ask.until_ms != 0 && ask.kind == PS_ASK_MUTE)
        assert(ask.until_ms > now && ask.until_ms <= now + PS_ASK_DAYS_MAX * PS_DAY_MS);
    assert(ask.minute >= 0 && ask.minute < 24 * 60);
    if (ask.kind == PS_ASK_WHY)
        assert((ask.id[0] != '\0') || ask.number > 0);
    if (ask.kind == PS_ASK_WRONG)
        assert(ask.problem[0] != '\0');
    for (size_t i = 0; i < ask.word_count; i++)
        assert(ps_utf8_valid(ask.words[i], strlen(ask.words[i])) && ask.words[i][0] != '\0');
    check_reply(&ask);
    free(words);
    return 0;
}
