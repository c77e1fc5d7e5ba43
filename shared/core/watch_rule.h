/* A rule that a person watches, mutes or snoozes: a paper number, a paper, an author, a subgroup, a
 * pattern, or everything. This module holds the rule and its stored form; watch_parse.h parses the
 * text that people type. The stored form is in PostgreSQL: a change needs a migration. */
#ifndef PS_CORE_WATCH_RULE_H
#define PS_CORE_WATCH_RULE_H
#include "shared/core/err.h"
#include "shared/core/paper_id.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    PS_WATCH_ENTRY_MAX = 100,      /* bytes of one entry, as stored */
    PS_WATCH_AUTHOR_MIN = 2,       /* characters of an author */
    PS_WATCH_ENTRIES_A_USER = 200, /* numbers, papers and authors */
    PS_WATCH_RULES_A_USER = 20,    /* subgroups and patterns */
    PS_WATCH_MUTES_A_USER = 200
};

/* PS_X(identifier, name in tables and JSON, noun for people) */
#define PS_WATCH_KINDS(PS_X)                                                                       \
    PS_X(NUMBER, "number", "paper number")                                                         \
    PS_X(AUTHOR, "author", "author")                                                               \
    PS_X(PAPER, "paper", "paper")                                                                  \
    PS_X(SUBGROUP, "subgroup", "subgroup")                                                         \
    PS_X(PATTERN, "pattern", "pattern")                                                            \
    PS_X(ALL, "all", "everything")

enum ps_watch_kind {
#define PS_X(id, name, noun) PS_WATCH_KIND_##id,
    PS_WATCH_KINDS(PS_X)
#undef PS_X
        PS_WATCH_KIND_COUNT
};

const char *ps_watch_kind_name(enum ps_watch_kind kind); /* its name in tables; static */
/* Returns false, with out_kind untouched, if name is not a kind. */
bool ps_watch_kind_parse(const char *name, enum ps_watch_kind *out_kind) PS_MUST_USE;
/* Returns the noun for a stored value: "paper number", "paper", or "issue" for LWG4000. */
const char *ps_watch_noun(enum ps_watch_kind kind, const char *value);

struct ps_watch_rule {
    enum ps_watch_kind kind;
    int number;                        /* of NUMBER and PAPER, 1 to PS_PAPER_NUMBER_MAX; else 0 */
    char prefix[6];                    /* of PAPER: "P" "N" "CWG" …; a draft's D is P; else "" */
    char text[PS_WATCH_ENTRY_MAX + 1]; /* as stored: "2300"; "P2300"; an author in lower case; a
                                          subgroup as ps_subgroup_parse writes it; a pattern without
                                          slashes; "" for all */
};

/* Writes the rule of a paper; a draft (D) gets the rule of its paper (P). number: 1 to
 * PS_PAPER_NUMBER_MAX. */
void ps_watch_rule_paper(const char *prefix, int number, struct ps_watch_rule *out_rule);
/* Reads a stored rule. Does not compile a pattern; ps_pattern_create does. */
bool ps_watch_rule_stored(enum ps_watch_kind kind, const char *text,
                          struct ps_watch_rule *out_rule) PS_MUST_USE;
/* Returns whether both have the same kind and the same stored text. */
bool ps_watch_rule_same(const struct ps_watch_rule *a, const struct ps_watch_rule *b);

#endif
