/* What a person types to watch, mute or snooze something, as rules. The one parser of it: Slack,
 * the command line and import-legacy use it, so that no entry means one thing here and another
 * there.
 *
 *   2300                        number: P2300, D2300, N2300 and issues of that number
 *   P2300, p2300r10, D2300R11.pdf, https://wg21.link/p2300, N5007, LWG4000       that paper or
 * issue 2300, P2301 and N5007       several of them subgroup LEWG               subgroup
 *   /^ranges/, regex ^ranges    pattern
 *   Eric Niebler, author Eric Niebler    author
 *   all, everything             everything (for mutes)
 *
 * A text that is none of these and cannot be an author's name is refused, and the error says which
 * entry was probably meant. Quotes, Slack's link markup, full-width characters, invisible
 * characters and punctuation at the end do not matter. */
#ifndef PS_CORE_WATCH_PARSE_H
#define PS_CORE_WATCH_PARSE_H
#include "shared/core/watch_rule.h"

enum {
    PS_WATCH_TYPED_MAX = 2000, /* bytes of a text; a longer one is refused */
    PS_WATCH_RULES_MAX = 20,   /* rules of one text */
};

struct ps_watch_rules {
    size_t len;
    struct ps_watch_rule items[PS_WATCH_RULES_MAX]; /* no two are the same */
};

/* On success out_rules has at least one rule; more than one only for papers, numbers and subgroups.
 * False with err (UNKNOWN), its what a sentence for the person; out_rules untouched. */
bool ps_watch_parse(const char *text, size_t len, struct ps_watch_rules *out_rules,
                    struct ps_err *err) PS_MUST_USE;
/* Gives what a person can type to mean the rule: "subgroup lewg", "/^ranges/", "author smith". */
char *ps_watch_format(const struct ps_watch_rule *rule) PS_MUST_USE;

#endif
