#include "shared/core/watch_rule.h"

#include "shared/core/pattern.h"
#include "shared/core/str.h"
#include "shared/core/subgroup.h"
#include "shared/core/text_normalize.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *noun;
} kinds[PS_WATCH_KIND_COUNT] = {
#define PS_X(id, name, noun) { name, noun },
    PS_WATCH_KINDS(PS_X)
#undef PS_X
};

_Static_assert((int)PS_PATTERN_MAX <= (int)PS_WATCH_ENTRY_MAX, "a pattern fits a rule");

const char *ps_watch_kind_name(enum ps_watch_kind kind)
{
    return kinds[kind].name;
}

bool ps_watch_kind_parse(const char *name, enum ps_watch_kind *out_kind)
{
    for (size_t i = 0; i < PS_WATCH_KIND_COUNT; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            *out_kind = (enum ps_watch_kind)i;
            return true;
        }
    }
    return false;
}

const char *ps_watch_noun(enum ps_watch_kind kind, const char *value)
{
    /* LWG4000 is an issue; P2300 and N5007 have one letter. */
    if (kind == PS_WATCH_KIND_PAPER && strcspn(value, "0123456789") > 1)
        return "issue";
    return kinds[kind].noun;
}

void ps_watch_rule_paper(const char *prefix, int number, struct ps_watch_rule *out_rule)
{
    struct ps_watch_rule rule = { .kind = PS_WATCH_KIND_PAPER, .number = number };
    bool issue = strlen(prefix) > 1;

    (void)snprintf(rule.prefix, sizeof(rule.prefix), "%s", strcmp(prefix, "D") == 0 ? "P" : prefix);
    (void)snprintf(rule.text, sizeof(rule.text), issue ? "%s%d" : "%s%04d", rule.prefix, number);
    *out_rule = rule;
}

static bool read_number(const char *text, struct ps_watch_rule *out_rule)
{
    int64_t number;

    if (!ps_str_digits(ps_str_of(text)) ||
        !ps_str_int(ps_str_of(text), 1, PS_PAPER_NUMBER_MAX, &number))
        return false;
    out_rule->number = (int)number;
    (void)snprintf(out_rule->text, sizeof(out_rule->text), "%d", out_rule->number);
    return true;
}

static bool read_paper(const char *text, struct ps_watch_rule *out_rule)
{
    size_t letters = strcspn(text, "0123456789");
    struct ps_watch_rule number = { .number = 0 };
    struct ps_paper_id id;
    char name[PS_PAPER_ID_TEXT];

    if (letters == 0 || letters >= sizeof(number.prefix) || !read_number(text + letters, &number))
        return false;
    (void)snprintf(number.prefix, sizeof(number.prefix), "%.*s", (int)letters, text);
    /* A P paper is watched without its revision; as an id it needs one. */
    (void)snprintf(name, sizeof(name), "%s%d%s", number.prefix, number.number,
                   letters == 1 && (text[0] == 'P' || text[0] == 'D') ? "R0" : "");
    if (!ps_paper_id_parse(name, strlen(name), &id))
        return false;
    ps_watch_rule_paper(id.prefix, id.number, out_rule);
    return true;
}

bool ps_watch_rule_stored(enum ps_watch_kind kind, const char *text, struct ps_watch_rule *out_rule)
{
    struct ps_watch_rule rule = { .kind = kind };
    size_t len = strlen(text);

    switch (kind) {
    case PS_WATCH_KIND_NUMBER:
        if (!read_number(text, &rule))
            return false;
        break;
    case PS_WATCH_KIND_PAPER:
        if (!read_paper(text, &rule))
            return false;
        break;
    case PS_WATCH_KIND_AUTHOR:
        if (len == 0 || len > PS_WATCH_ENTRY_MAX || !ps_utf8_valid(text, len) ||
            ps_str_digits(ps_str_of(text)))
            return false;
        memcpy(rule.text, text, len + 1);
        break;
    case PS_WATCH_KIND_SUBGROUP:
        if (!ps_subgroup_parse(ps_str_of(text), rule.text))
            return false;
        break;
    case PS_WATCH_KIND_PATTERN:
        if (len > PS_PATTERN_MAX)
            return false;
        memcpy(rule.text, text, len + 1);
        break;
    case PS_WATCH_KIND_ALL:
    case PS_WATCH_KIND_COUNT:
        break;
    }
    *out_rule = rule;
    return true;
}

bool ps_watch_rule_same(const struct ps_watch_rule *a, const struct ps_watch_rule *b)
{
    return a->kind == b->kind && strcmp(a->text, b->text) == 0;
}
