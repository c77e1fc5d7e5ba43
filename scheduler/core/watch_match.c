#include "scheduler/core/watch_match.h"

#include "shared/core/alloc.h"
#include "shared/core/pattern.h"
#include "shared/core/text_normalize.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct ps_watch_rule rule;
    char *folded; /* of an author; else NULL */
    struct ps_pattern *pattern;
    bool compiled; /* it was tried */
    bool watched, muted, snoozed;
};

struct person {
    char *user;
    struct entry *entries;
    size_t len, size;
    bool muted; /* everything */
};

struct ps_watchlists {
    struct person *people;
    size_t len, size;
    struct ps_number_set numbers;
};

struct ps_watchlists *ps_watchlists_create(void)
{
    struct ps_watchlists *lists = ps_alloc_zero(1, sizeof(*lists));

    ps_number_set_init(&lists->numbers);
    return lists;
}

void ps_watchlists_destroy(struct ps_watchlists *lists)
{
    if (!lists)
        return;
    for (size_t i = 0; i < lists->len; i++) {
        struct person *person = &lists->people[i];

        for (size_t k = 0; k < person->len; k++) {
            free(person->entries[k].folded);
            ps_pattern_destroy(person->entries[k].pattern);
        }
        free(person->entries);
        free(person->user);
    }
    free(lists->people);
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
        .folded = author ? ps_text_normalize(rule->text, strlen(rule->text)) : NULL,
        .watched = row->watched,
        .muted = row->quiet && !row->snooze,
        .snoozed = row->quiet && row->snooze,
    };
}

static void add_rule(struct ps_watchlists *lists, const struct ps_watch_rule *rule,
                     const struct ps_watch_row *row)
{
    struct person *person = person_of(lists, row->user);

    if (rule->kind == PS_WATCH_KIND_ALL) /* a snooze of everything changes no match */
        person->muted = person->muted || (row->quiet && !row->snooze);
    else
        add_entry(person, rule, row);
    if (rule->kind == PS_WATCH_KIND_NUMBER && row->watched)
        ps_number_set_add(&lists->numbers, rule->number);
}

void ps_watchlists_add(struct ps_watchlists *lists, const char *user, const char *entry)
{
    struct ps_watch_rule rule;

    if (ps_watch_rule_of_entry(entry, strlen(entry), &rule, NULL))
        add_rule(lists, &rule, &(struct ps_watch_row){ .user = user, .watched = true });
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

/* An item made ready: folded, and for patterns once one is there. */
struct subject {
    const struct ps_watch_candidate *item;
    char *author, *text, *title;
    struct ps_pattern_text *searched[3];
};

static char *folded_of(const char *text)
{
    return ps_text_normalize(text ? text : "", text ? strlen(text) : 0);
}

static void subject_init(struct subject *subject, const struct ps_watch_candidate *item)
{
    *subject = (struct subject){ .item = item,
                                 .author = folded_of(item->author),
                                 .text = folded_of(item->text),
                                 .title = folded_of(item->title) };
}

static void subject_clear(struct subject *subject)
{
    for (size_t i = 0; i < PS_COUNT_OF(subject->searched); i++)
        ps_pattern_text_destroy(subject->searched[i]);
    free(subject->author);
    free(subject->text);
    free(subject->title);
}

static bool by_pattern(struct entry *entry, struct subject *subject)
{
    const char *const texts[] = { subject->title, subject->author, subject->text };

    if (!entry->compiled)
        entry->pattern = ps_pattern_create(entry->rule.text, strlen(entry->rule.text), NULL);
    entry->compiled = true;
    for (size_t i = 0; entry->pattern && i < PS_COUNT_OF(texts); i++) {
        if (!subject->searched[i])
            subject->searched[i] = ps_pattern_text_create(texts[i]);
        if (ps_pattern_finds(entry->pattern, subject->searched[i]))
            return true;
    }
    return false;
}

static bool matches(struct entry *entry, struct subject *subject)
{
    switch (entry->rule.kind) {
    case PS_WATCH_KIND_AUTHOR:
        return ps_text_normalize_contains(subject->author, entry->folded) ||
               ps_text_normalize_contains(subject->text, entry->folded);
    case PS_WATCH_KIND_NUMBER:
        return entry->rule.number == subject->item->number;
    case PS_WATCH_KIND_SUBGROUP:
        return subject->item->subgroup &&
               ps_subgroup_named(subject->item->subgroup, entry->rule.text);
    case PS_WATCH_KIND_PATTERN:
        return by_pattern(entry, subject);
    case PS_WATCH_KIND_ALL:
    case PS_WATCH_KIND_COUNT:
        break;
    }
    return false;
}

static bool wants_nothing_of(const struct person *person, int number)
{
    for (size_t i = 0; i < person->len; i++)
        if (person->entries[i].rule.kind == PS_WATCH_KIND_NUMBER && person->entries[i].muted &&
            person->entries[i].rule.number == number)
            return true;
    return person->muted;
}

static const struct entry *match_of(const struct person *person, struct subject *subject,
                                    bool snoozed)
{
    static const enum ps_watch_kind order[] = { PS_WATCH_KIND_AUTHOR, PS_WATCH_KIND_NUMBER,
                                                PS_WATCH_KIND_SUBGROUP, PS_WATCH_KIND_PATTERN };

    for (size_t k = 0; k < PS_COUNT_OF(order); k++) {
        for (size_t i = 0; i < person->len; i++) {
            struct entry *entry = &person->entries[i];

            if (entry->rule.kind == order[k] && entry->watched && !entry->muted &&
                entry->snoozed == snoozed && matches(entry, subject))
                return entry;
        }
    }
    return NULL;
}

void ps_watchlists_match(const struct ps_watchlists *lists, const struct ps_watch_candidate *item,
                         ps_watch_match_fn fn, void *cookie)
{
    struct subject subject;

    subject_init(&subject, item);
    for (size_t i = 0; i < lists->len; i++) {
        const struct person *person = &lists->people[i];
        const struct entry *entry;

        if (wants_nothing_of(person, item->number))
            continue;
        entry = match_of(person, &subject, false);
        if (!entry)
            entry = match_of(person, &subject, true);
        if (entry)
            fn(cookie, person->user, entry->rule.text, entry->rule.kind);
    }
    subject_clear(&subject);
}
