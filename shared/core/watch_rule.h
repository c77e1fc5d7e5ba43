/* What a person watches, mutes or snoozes: a paper number, part of an author's name, a subgroup, a
   pattern, or everything. */
#ifndef PS_CORE_WATCH_RULE_H
#define PS_CORE_WATCH_RULE_H
#include "shared/core/watch_entry.h"

#include <stddef.h>

enum {
    PS_SUBGROUP_MAX = 20,
    PS_WATCH_RULES_A_USER = 20, /* subgroups and patterns */
    PS_WATCH_MUTES_A_USER = 200
};

/* PS_X(identifier, name in tables and JSON, what people read) */
#define PS_WATCH_KINDS(PS_X)                                                                       \
    PS_X(NUMBER, "number", "paper number")                                                         \
    PS_X(AUTHOR, "author", "author")                                                               \
    PS_X(SUBGROUP, "subgroup", "subgroup")                                                         \
    PS_X(PATTERN, "pattern", "pattern")                                                            \
    PS_X(ALL, "all", "everything")

enum ps_watch_kind {
#define PS_X(id, name, noun) PS_WATCH_KIND_##id,
    PS_WATCH_KINDS(PS_X)
#undef PS_X
        PS_WATCH_KIND_COUNT
};

const char *ps_watch_kind_name(enum ps_watch_kind kind);
const char *ps_watch_kind_noun(enum ps_watch_kind kind);
bool ps_watch_kind_parse(const char *name, enum ps_watch_kind *out_kind) PS_MUST_USE;

struct ps_watch_rule {
    enum ps_watch_kind kind;
    int number;                        /* of a number; else 0 */
    char text[PS_WATCH_ENTRY_MAX + 1]; /* as stored: of an entry as watch_entry.h says; a subgroup
                                          in lower case; a pattern without slashes; "" for all */
};

/* What a person typed: "all" or "everything"; "subgroup LEWG"; "/pattern/" or "regex pattern"; else
   an entry of a watchlist. false with err (UNKNOWN), its what fit to be shown to the person;
   out_rule untouched. */
bool ps_watch_rule_parse(const char *text, size_t len, struct ps_watch_rule *out_rule,
                         struct ps_err *err) PS_MUST_USE;
/* To the letter of a watchlist: whatever it looks like, a number or an author. */
bool ps_watch_rule_of_entry(const char *text, size_t len, struct ps_watch_rule *out_rule,
                            struct ps_err *err) PS_MUST_USE;
/* Of one kind, as it is stored; whether a pattern is one is not looked at. */
bool ps_watch_rule_stored(enum ps_watch_kind kind, const char *text,
                          struct ps_watch_rule *out_rule) PS_MUST_USE;
bool ps_watch_rule_same(const struct ps_watch_rule *a, const struct ps_watch_rule *b);
/* Is the subgroup among those that an index entry names? "LEWG Library Evolution, SG14" names lewg
   and sg14, and ewg not. */
bool ps_subgroup_named(const char *index_text, const char *subgroup);

#endif
