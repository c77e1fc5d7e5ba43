/* Whatever a person types: refused with a sentence, or rules that are stored and typed again alike.
 */
#include "shared/core/text_normalize.h"
#include "shared/core/watch_parse.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rule(const struct ps_watch_rule *rule)
{
    struct ps_watch_rules again;
    struct ps_watch_rule stored;
    struct ps_err err;
    char *typed = ps_watch_format(rule);

    assert(strlen(rule->text) <= PS_WATCH_ENTRY_MAX &&
           ps_utf8_valid(rule->text, strlen(rule->text)));
    assert((rule->text[0] == '\0') == (rule->kind == PS_WATCH_KIND_ALL));
    assert(ps_watch_rule_stored(rule->kind, rule->text, &stored));
    assert(ps_watch_rule_same(rule, &stored));
    /* Not every author and pattern: of what was quoted twice, a pair of quotes may be left. */
    if (rule->kind != PS_WATCH_KIND_AUTHOR && rule->kind != PS_WATCH_KIND_PATTERN) {
        assert(ps_watch_parse(typed, strlen(typed), &again, &err));
        assert(again.len == 1 && ps_watch_rule_same(rule, &again.items[0]));
    }
    free(typed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_watch_rules rules = { .len = 0 };
    struct ps_err err = { .what = "" };

    if (!ps_watch_parse((const char *)data, size, &rules, &err)) {
        assert(err.what[0] != '\0' && rules.len == 0);
        assert(ps_utf8_valid(err.what, strlen(err.what)));
        return 0;
    }
    assert(rules.len >= 1 && rules.len <= PS_WATCH_RULES_MAX);
    for (size_t i = 0; i < rules.len; i++)
        check_rule(&rules.items[i]);
    return 0;
}
