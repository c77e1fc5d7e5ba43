/* Parses the text that a person types to watch, mute or snooze something. Slack, the command line
 * and import-legacy all use this parser, so that an entry means the same everywhere.
 *
 *   2300                        number: P2300, D2300, N2300 and issues of that number
 *   P2300, p2300r10, D2300R11.pdf, https://wg21.link/p2300, N5007, LWG4000    that paper or issue
 *   2300, P2301 and N5007       several of them
 *   subgroup LEWG               subgroup
 *   /^ranges/, regex ^ranges    pattern
 *   Eric Niebler, author Eric Niebler    author
 *   all, everything             everything (for mutes)
 *
 * Any other text that cannot be an author's name is rejected; the error suggests the entry that was
 * probably meant. Quotes, Slack's link markup, full-width and invisible characters and final
 * punctuation are ignored. */
#ifndef PS_CORE_WATCH_PARSE_H
#define PS_CORE_WATCH_PARSE_H
#include "shared/core/watch_rule.h"

enum {
    PS_WATCH_TYPED_MAX = 2000, /* bytes of the text; a longer text is rejected */
    PS_WATCH_RULES_MAX = 20,   /* rules of one text */
};

struct ps_watch_rules {
    size_t len;
    struct ps_watch_rule items[PS_WATCH_RULES_MAX]; /* no two are the same */
};

/* On true out_rules has at least one rule; only papers, numbers and subgroups give more than one.
 * On false err (UNKNOWN) has a sentence for the person, and out_rules is untouched. */
bool ps_watch_parse(const char *text, size_t len, struct ps_watch_rules *out_rules,
                    struct ps_err *err) PS_MUST_USE;
/* Gives a text that ps_watch_parse reads as the rule: "subgroup lewg", "/^ranges/", "author smith".
 */
char *ps_watch_format(const struct ps_watch_rule *rule) PS_MUST_USE;

#endif
