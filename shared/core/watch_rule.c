#include "shared/core/watch_rule.h"

#include "shared/core/pattern.h"
#include "shared/core/str.h"

#include <string.h>

static const struct {
    const char *name, *noun;
} kinds[PS_WATCH_KIND_COUNT] = {
#define PS_X(id, name, noun) { name, noun },
    PS_WATCH_KINDS(PS_X)
#undef PS_X
};

const char *ps_watch_kind_name(enum ps_watch_kind kind)
{
    return kinds[kind].name;
}

const char *ps_watch_kind_noun(enum ps_watch_kind kind)
{
    return kinds[kind].noun;
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

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool parse_entry(struct ps_str text, struct ps_watch_rule *out, struct ps_err *err)
{
    struct ps_watch_entry entry;

    if (!ps_watch_entry_parse(text.data, text.len, &entry, err))
        return false;
    *out = (struct ps_watch_rule){ .kind = entry.is_number ? PS_WATCH_KIND_NUMBER
                                                           : PS_WATCH_KIND_AUTHOR,
                                   .number = entry.number };
    memcpy(out->text, entry.text, sizeof(out->text));
    return true;
}

static bool parse_subgroup(struct ps_str text, struct ps_watch_rule *out, struct ps_err *err)
{
    struct ps_watch_rule rule = { .kind = PS_WATCH_KIND_SUBGROUP };

    text = ps_str_trim(text);
    for (size_t i = 0; i < text.len && i < PS_SUBGROUP_MAX; i++) {
        if (!is_letter(text.data[i]))
            return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                           "a subgroup is letters and digits, like LEWG or SG14");
        rule.text[i] = lower(text.data[i]);
    }
    if (text.len < 2 || text.len > PS_SUBGROUP_MAX)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "a subgroup has 2 to %d letters, like LEWG",
                       PS_SUBGROUP_MAX);
    *out = rule;
    return true;
}

static bool parse_pattern(struct ps_str text, struct ps_watch_rule *out, struct ps_err *err)
{
    struct ps_pattern *pattern = ps_pattern_create(text.data, text.len, err);

    if (pattern == NULL)
        return false;
    ps_pattern_destroy(pattern);
    *out = (struct ps_watch_rule){ .kind = PS_WATCH_KIND_PATTERN };
    memcpy(out->text, text.data, text.len); /* PS_PATTERN_MAX is PS_WATCH_ENTRY_MAX */
    return true;
}

_Static_assert((int)PS_PATTERN_MAX <= (int)PS_WATCH_ENTRY_MAX, "a pattern fits a rule");

/* The words after a leading word; data NULL when the text does not begin with it. */
static struct ps_str after_word(struct ps_str text, const char *word)
{
    size_t len = strlen(word);

    if (text.len <= len || !ps_str_is_fold((struct ps_str){ text.data, len }, word) ||
        is_letter(text.data[len]) || (unsigned char)text.data[len] > ' ')
        return (struct ps_str){ NULL, 0 };
    return ps_str_trim((struct ps_str){ text.data + len, text.len - len });
}

bool ps_watch_rule_parse(const char *text, size_t len, struct ps_watch_rule *out_rule,
                         struct ps_err *err)
{
    struct ps_str all = ps_str_trim((struct ps_str){ text, len }), rest;

    if (ps_str_is_fold(all, "all") || ps_str_is_fold(all, "everything")) {
        *out_rule = (struct ps_watch_rule){ .kind = PS_WATCH_KIND_ALL };
        return true;
    }
    rest = after_word(all, "subgroup");
    if (rest.data != NULL)
        return parse_subgroup(rest, out_rule, err);
    rest = after_word(all, "regex");
    if (rest.data != NULL)
        return parse_pattern(rest, out_rule, err);
    if (all.len >= 2 && all.data[0] == '/' && all.data[all.len - 1] == '/')
        return parse_pattern((struct ps_str){ all.data + 1, all.len - 2 }, out_rule, err);
    return parse_entry(all, out_rule, err);
}

bool ps_watch_rule_of_entry(const char *text, size_t len, struct ps_watch_rule *out_rule,
                            struct ps_err *err)
{
    return parse_entry((struct ps_str){ text, len }, out_rule, err);
}

bool ps_watch_rule_stored(enum ps_watch_kind kind, const char *text, struct ps_watch_rule *out_rule)
{
    struct ps_watch_rule rule = { .kind = kind };

    switch (kind) {
    case PS_WATCH_KIND_NUMBER:
    case PS_WATCH_KIND_AUTHOR:
        if (!parse_entry(ps_str_of(text), &rule, NULL) || rule.kind != kind)
            return false;
        break;
    case PS_WATCH_KIND_SUBGROUP:
        if (!parse_subgroup(ps_str_of(text), &rule, NULL))
            return false;
        break;
    case PS_WATCH_KIND_PATTERN:
        if (strlen(text) > PS_PATTERN_MAX)
            return false;
        memcpy(rule.text, text, strlen(text) + 1);
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

bool ps_subgroup_named(const char *index_text, const char *subgroup)
{
    const char *at = index_text;

    while (*at != '\0') {
        size_t len = 0;

        while (is_letter(at[len]))
            len++;
        if (len > 0 && ps_str_is_fold((struct ps_str){ at, len }, subgroup))
            return true;
        at += len == 0 ? 1 : len;
    }
    return false;
}
