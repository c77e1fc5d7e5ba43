#include "scheduler/core/watch_match.h"

#include "shared/core/alloc.h"
#include "shared/core/name_words.h"
#include "shared/core/pattern.h"
#include "shared/core/subgroup.h"
#include "shared/core/text_normalize.h"
#include "shared/core/watch_parse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct ps_watch_rule rule;
    struct ps_name_words *name; /* of an author entry; otherwise NULL */
    struct ps_pattern *pattern;
    bool compiled; /* its compilation was tried */
    bool suspended;
    bool tried;      /* with part of a long text */
    int64_t cost_us; /* for the candidate number costed */
    uint64_t costed;
    bool watched, muted, snoozed;
};

struct person {
    char *user;
    struct entry *entries;
    size_t len, size;
    bool muted; /* everything */
    bool all;   /* watches everything */
};

struct suspension {
    const char *user, *pattern;
};

/* The processor time that patterns have used. It changes during matching, in which the lists are
 * otherwise constant. */
struct budget {
    int64_t (*cpu_us)(void);
    uint64_t candidate;        /* counts them */
    int64_t person_us, all_us; /* for this one */
    struct suspension *suspended;
    size_t len, size;
};

struct ps_watchlists {
    struct person *people;
    size_t len, size;
    struct ps_number_set numbers;
    struct budget *budget;
};

struct ps_watchlists *ps_watchlists_create(void)
{
    struct ps_watchlists *lists = ps_alloc_zero(1, sizeof(*lists));

    ps_number_set_init(&lists->numbers);
    lists->budget = ps_alloc_zero(1, sizeof(*lists->budget));
    return lists;
}

void ps_watchlists_destroy(struct ps_watchlists *lists)
{
    if (!lists)
        return;
    for (size_t i = 0; i < lists->len; i++) {
        struct person *person = &lists->people[i];

        for (size_t k = 0; k < person->len; k++) {
            ps_name_words_destroy(person->entries[k].name);
            ps_pattern_destroy(person->entries[k].pattern);
        }
        free(person->entries);
        free(person->user);
    }
    free(lists->people);
    free(lists->budget->suspended);
    free(lists->budget);
    ps_number_set_clear(&lists->numbers);
    free(lists);
}

static struct person *person_of(struct ps_watchlists *lists, const char *user)
{
    if (lists->len > 0 && strcmp(lists->people[lists->len - 1].user, user) == 0)
        return &lists->people[lists->len - 1];
    if (lists->len == lists->size) {
        lists->size = lists->size ? lists->size * 2 : 16;
        lists->people = ps_alloc_array(lists->people, lists->size, sizeof(*lists->people));
    }
    lists->people[lists->len] = (struct person){ .user = ps_alloc_text(user) };
    return &lists->people[lists->len++];
}

static void add_entry(struct person *person, const struct ps_watch_rule *rule,
                      const struct ps_watch_row *row)
{
    bool author = rule->kind == PS_WATCH_KIND_AUTHOR;

    if (person->len == person->size) {
        person->size = person->size ? person->size * 2 : 8;
        person->entries = ps_alloc_array(person->entries, person->size, sizeof(*person->entries));
    }
    person->entries[person->len++] = (struct entry){
        .rule = *rule,
        .name = author ? ps_name_words_create(rule->text, strlen(rule->text), SIZE_MAX) : NULL,
        .watched = row->watched,
        .muted = row->quiet && !row->snooze,
        .snoozed = row->quiet && row->snooze,
    };
}

static void add_rule(struct ps_watchlists *lists, const struct ps_watch_rule *rule,
                     const struct ps_watch_row *row)
{
    struct person *person = person_of(lists, row->user);

    if (rule->kind == PS_WATCH_KIND_ALL) { /* a snooze of everything changes no match */
        person->muted = person->muted || (row->quiet && !row->snooze);
        person->all = person->all || row->watched;
    } else {
        add_entry(person, rule, row);
    }
    if (row->watched && (rule->kind == PS_WATCH_KIND_NUMBER ||
                         (rule->kind == PS_WATCH_KIND_PAPER && strcmp(rule->prefix, "P") == 0)))
        ps_number_set_add(&lists->numbers, rule->number);
}

void ps_watchlists_add(struct ps_watchlists *lists, const char *user, const char *entry)
{
    struct ps_watch_rules rules;

    if (!ps_watch_parse(entry, strlen(entry), &rules, NULL))
        return;
    for (size_t i = 0; i < rules.len; i++)
        add_rule(lists, &rules.items[i], &(struct ps_watch_row){ .user = user, .watched = true });
}

void ps_watchlists_add_row(struct ps_watchlists *lists, const struct ps_watch_row *row)
{
    struct ps_watch_rule rule;
    enum ps_watch_kind kind;

    if (ps_watch_kind_parse(row->kind, &kind) && ps_watch_rule_stored(kind, row->value, &rule))
        add_rule(lists, &rule, row);
}

const struct ps_number_set *ps_watchlists_numbers(const struct ps_watchlists *lists)
{
    return &lists->numbers;
}

void ps_watchlists_budget(struct ps_watchlists *lists, int64_t (*cpu_us)(void))
{
    lists->budget->cpu_us = cpu_us;
}

bool ps_watchlists_suspended(const struct ps_watchlists *lists, size_t at, const char **out_user,
                             const char **out_pattern)
{
    if (at >= lists->budget->len)
        return false;
    *out_user = lists->budget->suspended[at].user;
    *out_pattern = lists->budget->suspended[at].pattern;
    return true;
}

enum { AUTHOR_WORDS_MAX = 2000 }; /* of one item's authors */

/* An item prepared for matching: its names as words, normalised, and for patterns once a pattern
 * needs it. */
struct subject {
    const struct ps_watch_candidate *item;
    struct ps_name_words *author, *others; /* others: of the draft's authors, else of its text */
    struct ps_pattern_text *searched[4];
};

static struct ps_name_words *words_of(const char *text, size_t words_max)
{
    struct ps_name_words *words =
        ps_name_words_create(text ? text : "", text ? strlen(text) : 0, words_max);

    ps_name_words_index(words);
    return words;
}

/* A number entry covers papers and issues of every kind, a paper entry only its own number; a
 * draft belongs to its paper. */
static bool names_paper(const struct ps_watch_rule *rule, const struct ps_watch_candidate *item)
{
    const char *prefix =
        item->prefix == NULL || strcmp(item->prefix, "D") == 0 ? "P" : item->prefix;

    if (rule->number != item->number)
        return false;
    return rule->kind == PS_WATCH_KIND_NUMBER ||
           (rule->kind == PS_WATCH_KIND_PAPER && strcmp(rule->prefix, prefix) == 0);
}

static void suspend(const struct ps_watchlists *lists, const struct person *person,
                    struct entry *entry)
{
    entry->suspended = true;
    if (lists->budget->len == lists->budget->size) {
        lists->budget->size = lists->budget->size ? lists->budget->size * 2 : 8;
        lists->budget->suspended = ps_alloc_array(lists->budget->suspended, lists->budget->size,
                                                  sizeof(*lists->budget->suspended));
    }
    lists->budget->suspended[lists->budget->len++] =
        (struct suspension){ person->user, entry->rule.text };
}

/* Returns the pattern that cost most for this candidate; NULL if none cost much. */
static struct entry *dearest_of(const struct ps_watchlists *lists, struct person *only,
                                struct person **out_person)
{
    struct entry *dearest = NULL;

    for (size_t i = 0; i < lists->len; i++) {
        struct person *person = &lists->people[i];

        for (size_t k = 0; (only == NULL || only == person) && k < person->len; k++) {
            struct entry *entry = &person->entries[k];

            if (entry->costed == lists->budget->candidate && !entry->suspended &&
                entry->cost_us >= PS_MATCH_DEAR_US &&
                (dearest == NULL || entry->cost_us > dearest->cost_us)) {
                dearest = entry;
                *out_person = person;
            }
        }
    }
    return dearest;
}

/* Measures the processor time of a search. An expensive one is repeated twice, and the cheapest
 * run counts: an interrupt or a cold cache is not the pattern's fault. */
static int64_t timed_search(const struct budget *budget, const struct entry *entry,
                            const struct ps_pattern_text *text, size_t chars, bool *out_found)
{
    int64_t most_us = PS_MATCH_PATTERN_US + (int64_t)chars * PS_MATCH_PATTERN_KCHARS_US / 1000;
    int64_t cost_us = INT64_MAX;

    for (int tries = 0; tries < 3 && cost_us > most_us; tries++) {
        int64_t began_us = budget->cpu_us(), took_us;

        *out_found = ps_pattern_finds_in(entry->pattern, text, chars);
        took_us = budget->cpu_us() - began_us;
        cost_us = took_us < cost_us ? took_us : cost_us;
    }
    return cost_us > most_us ? -cost_us : cost_us;
}

/* Adds the cost of a search to the budgets; a negative cost means more than a pattern may cost. */
static void book(const struct ps_watchlists *lists, struct person *person, struct entry *entry,
                 int64_t cost_us)
{
    struct budget *budget = lists->budget;
    struct person *owner = NULL;
    struct entry *dearest;

    if (cost_us < 0) {
        suspend(lists, person, entry);
        return;
    }
    if (entry->costed != budget->candidate)
        entry->cost_us = 0;
    entry->costed = budget->candidate;
    entry->cost_us += cost_us;
    budget->person_us += cost_us;
    budget->all_us += cost_us;
    if (budget->person_us > PS_MATCH_PERSON_US &&
        (dearest = dearest_of(lists, person, &owner)) != NULL) {
        budget->all_us -= dearest->cost_us;
        suspend(lists, owner, dearest);
    }
    if (budget->all_us > PS_MATCH_ALL_US && (dearest = dearest_of(lists, NULL, &owner)) != NULL) {
        budget->all_us -= dearest->cost_us;
        suspend(lists, owner, dearest);
    }
}

/* The worst patterns are found with part of a long text already, before they cost the whole of it.
 */
static bool search(const struct ps_watchlists *lists, struct person *person, struct entry *entry,
                   const struct ps_pattern_text *text)
{
    size_t chars = ps_pattern_text_len(text);
    bool found = false;

    if (lists->budget->cpu_us == NULL)
        return ps_pattern_finds(entry->pattern, text);
    if (!entry->tried && chars > PS_MATCH_TRIAL_CHARS) {
        entry->tried = true;
        book(lists, person, entry,
             timed_search(lists->budget, entry, text, PS_MATCH_TRIAL_CHARS, &found));
        if (entry->suspended || found)
            return found;
    }
    book(lists, person, entry, timed_search(lists->budget, entry, text, chars, &found));
    return found;
}

static bool by_pattern(const struct ps_watchlists *lists, struct person *person,
                       struct entry *entry, struct subject *subject)
{
    const struct ps_watch_candidate *item = subject->item;
    const char *const texts[] = { item->title, item->author, item->authors, item->text };

    if (lists->budget->person_us > PS_MATCH_PERSON_US)
        return false;
    if (!entry->compiled)
        entry->pattern = ps_pattern_create(entry->rule.text, strlen(entry->rule.text), NULL);
    entry->compiled = true;
    for (size_t i = 0; entry->pattern && !entry->suspended && i < PS_COUNT_OF(texts); i++) {
        if (!subject->searched[i]) {
            const char *text = texts[i] ? texts[i] : "";
            char *normalized = ps_text_normalize(text, strlen(text));

            subject->searched[i] = ps_pattern_text_create(normalized);
            free(normalized);
        }
        if (search(lists, person, entry, subject->searched[i]))
            return true;
    }
    return false;
}

static bool matches(const struct ps_watchlists *lists, struct person *person, struct entry *entry,
                    struct subject *subject)
{
    switch (entry->rule.kind) {
    case PS_WATCH_KIND_AUTHOR:
        return ps_name_words_contain(subject->author, entry->name) ||
               ps_name_words_contain(subject->others, entry->name);
    case PS_WATCH_KIND_NUMBER:
    case PS_WATCH_KIND_PAPER:
        return names_paper(&entry->rule, subject->item);
    case PS_WATCH_KIND_SUBGROUP:
        return subject->item->subgroup &&
               ps_subgroup_named(subject->item->subgroup, entry->rule.text);
    case PS_WATCH_KIND_PATTERN:
        return by_pattern(lists, person, entry, subject);
    case PS_WATCH_KIND_ALL:
    case PS_WATCH_KIND_COUNT:
        break;
    }
    return false;
}

/* The first match is reported as the reason. Patterns cost most, so they are tried last, too. */
static const int ranks[PS_WATCH_KIND_COUNT] = {
    [PS_WATCH_KIND_AUTHOR] = 0,   [PS_WATCH_KIND_PAPER] = 1,   [PS_WATCH_KIND_NUMBER] = 2,
    [PS_WATCH_KIND_SUBGROUP] = 3, [PS_WATCH_KIND_PATTERN] = 4, [PS_WATCH_KIND_ALL] = 5,
};

static const struct entry *match_of(const struct ps_watchlists *lists, struct person *person,
                                    struct subject *subject, bool snoozed)
{
    const struct entry *best = NULL;
    int rank = ranks[PS_WATCH_KIND_ALL];

    for (int patterns = 0; patterns < 2 && best == NULL; patterns++) {
        for (size_t i = 0; i < person->len; i++) {
            struct entry *entry = &person->entries[i];

            if (ranks[entry->rule.kind] < rank &&
                (entry->rule.kind == PS_WATCH_KIND_PATTERN) == (patterns == 1) && entry->watched &&
                !entry->muted && entry->snoozed == snoozed &&
                matches(lists, person, entry, subject)) {
                best = entry;
                rank = ranks[entry->rule.kind];
            }
        }
    }
    return best;
}

void ps_watchlists_match(const struct ps_watchlists *lists, const struct ps_watch_candidate *item,
                         ps_watch_match_fn fn, void *cookie)
{
    bool has_authors = item->authors != NULL && item->authors[0] != '\0';
    struct subject subject = { .item = item,
                               .author = words_of(item->author, AUTHOR_WORDS_MAX),
                               .others = has_authors ? words_of(item->authors, AUTHOR_WORDS_MAX)
                                                     : words_of(item->text, PS_MATCH_TEXT_WORDS) };

    lists->budget->candidate++;
    lists->budget->all_us = 0;
    for (size_t i = 0; i < lists->len; i++) {
        struct person *person = &lists->people[i];
        const struct entry *entry;
        bool muted = person->muted;

        for (size_t k = 0; k < person->len && !muted; k++)
            muted = person->entries[k].muted && names_paper(&person->entries[k].rule, item);
        if (muted)
            continue;
        lists->budget->person_us = 0;
        entry = match_of(lists, person, &subject, false);
        if (!entry)
            entry = match_of(lists, person, &subject, true);
        if (entry)
            fn(cookie, person->user, entry->rule.text, entry->rule.kind);
        else if (person->all)
            fn(cookie, person->user, "", PS_WATCH_KIND_ALL);
    }
    for (size_t i = 0; i < PS_COUNT_OF(subject.searched); i++)
        ps_pattern_text_destroy(subject.searched[i]);
    ps_name_words_destroy(subject.author);
    ps_name_words_destroy(subject.others);
}
