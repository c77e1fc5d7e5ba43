#include "scheduler/core/match.h"

#include "shared/core/alloc.h"
#include "shared/core/fold.h"
#include "shared/core/watch_entry.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    char *text;   /* as stored */
    char *folded; /* of an author; NULL for a number */
    int number;
};

struct person {
    char *user;
    struct entry *entries;
    size_t len, size;
};

struct ps_watchlists {
    struct person *people;
    size_t len, size;
    struct ps_numset numbers;
};

struct ps_watchlists *ps_watchlists_create(void)
{
    struct ps_watchlists *lists = ps_alloc_zero(1, sizeof(*lists));

    ps_numset_init(&lists->numbers);
    return lists;
}

void ps_watchlists_destroy(struct ps_watchlists *lists)
{
    if (!lists)
        return;
    for (size_t i = 0; i < lists->len; i++) {
        struct person *person = &lists->people[i];

        for (size_t k = 0; k < person->len; k++) {
            free(person->entries[k].text);
            free(person->entries[k].folded);
        }
        free(person->entries);
        free(person->user);
    }
    free(lists->people);
    ps_numset_clear(&lists->numbers);
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

void ps_watchlists_add(struct ps_watchlists *lists, const char *user, const char *entry)
{
    struct ps_watch_entry parsed;
    struct person *person;

    if (!ps_watch_entry_parse(entry, strlen(entry), &parsed, NULL))
        return;
    person = person_of(lists, user);
    if (person->len == person->size) {
        person->size = person->size ? person->size * 2 : 8;
        person->entries = ps_alloc_array(person->entries, person->size, sizeof(*person->entries));
    }
    person->entries[person->len++] = (struct entry){
        .text = ps_alloc_text(parsed.text),
        .folded = parsed.is_number ? NULL : ps_fold(parsed.text, strlen(parsed.text)),
        .number = parsed.number,
    };
    if (parsed.is_number)
        ps_numset_add(&lists->numbers, parsed.number);
}

const struct ps_numset *ps_watchlists_numbers(const struct ps_watchlists *lists)
{
    return &lists->numbers;
}

static const struct entry *entry_by_author(const struct person *person, const char *author,
                                           const char *text)
{
    for (size_t i = 0; i < person->len; i++) {
        const struct entry *entry = &person->entries[i];

        if (entry->folded &&
            (ps_fold_contains(author, entry->folded) || ps_fold_contains(text, entry->folded)))
            return entry;
    }
    return NULL;
}

static const struct entry *entry_by_number(const struct person *person, int number)
{
    for (size_t i = 0; i < person->len; i++)
        if (!person->entries[i].folded && person->entries[i].number == number)
            return &person->entries[i];
    return NULL;
}

void ps_watchlists_match(const struct ps_watchlists *lists, const struct ps_match_item *item,
                         ps_match_fn fn, void *cookie)
{
    const char *author = item->author ? item->author : "";
    const char *text = item->text ? item->text : "";
    char *folded_author = ps_fold(author, strlen(author));
    char *folded_text = ps_fold(text, strlen(text));

    for (size_t i = 0; i < lists->len; i++) {
        const struct person *person = &lists->people[i];
        const struct entry *entry = entry_by_author(person, folded_author, folded_text);

        if (!entry)
            entry = entry_by_number(person, item->number);
        if (entry)
            fn(cookie, person->user, entry->text, entry->folded != NULL);
    }
    free(folded_author);
    free(folded_text);
}
