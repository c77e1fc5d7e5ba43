#include "scheduler/core/library.h"

#include "shared/core/alloc.h"
#include "shared/core/base.h"
#include "shared/core/name_words.h"
#include "shared/core/str.h"
#include "shared/core/subgroup.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* uthash's default function falls through its cases, which clang refuses; this one has none. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#define uthash_malloc(size)           ps_alloc(size)
#define uthash_free(ptr, size)        free(ptr)
#define uthash_fatal(message)         abort()
#include <uthash.h>

enum {
    TEXTS = 8,             /* of a document */
    FIELD_WORDS_MAX = 200, /* of a title or a list of authors */
    WORN_MIN = 4096,
    INITIAL_MS = 60 * 1000, /* papers first seen so soon after the first one came with it */
    BITS = 64
};

struct word {
    char *text;
    uint32_t *documents; /* ascending */
    size_t len, size;
    UT_hash_handle hh;
};

struct entry {
    struct ps_document document;
    uint32_t number;   /* in the list of documents */
    uint32_t subgroup; /* in the list of subgroups */
    uint64_t seen;     /* round of ps_library_begin_drafts */
    bool dead;
    char *texts; /* of the document */
    UT_hash_handle hh;
};

struct ps_library_group {
    char key[PS_PAPER_ID_TEXT];
    struct entry **entries; /* newest revision first */
    size_t len, size;
    uint64_t mark; /* of the search that counted it last */
    UT_hash_handle hh;
};

struct event {
    int64_t at_ms;
    struct entry *entry;
    bool changed, initial;
};

struct ps_library {
    struct entry *by_name;
    struct ps_library_group *groups;
    struct word *words;
    struct word **sorted;   /* the words; NULL: to be made */
    struct entry **entries; /* by number; dead ones too, until it is cleared */
    size_t len, size, dead, counts[2];
    char **subgroups; /* distinct fields of the index: some hundred */
    size_t subgroups_len;
    struct event *events; /* newest first; NULL: to be made */
    size_t events_len;
    uint64_t version, round, mark;
};

struct ps_library *ps_library_create(void)
{
    return ps_alloc_zero(1, sizeof(struct ps_library));
}

static void forget_order(struct ps_library *library)
{
    free(library->events);
    library->events = NULL;
    library->version++;
}

void ps_library_clear(struct ps_library *library)
{
    struct word *word = library->words, *next_word;
    struct ps_library_group *group = library->groups, *next_group;
    uint64_t version = library->version;

    HASH_CLEAR(hh, library->words); /* the tables alone: the items stay linked */
    HASH_CLEAR(hh, library->groups);
    HASH_CLEAR(hh, library->by_name);
    for (; word != NULL; word = next_word) {
        next_word = word->hh.next;
        free(word->documents);
        free(word->text);
        free(word);
    }
    for (; group != NULL; group = next_group) {
        next_group = group->hh.next;
        free(group->entries);
        free(group);
    }
    for (size_t i = 0; i < library->len; i++) {
        free(library->entries[i]->texts);
        free(library->entries[i]);
    }
    for (size_t i = 0; i < library->subgroups_len; i++)
        free(library->subgroups[i]);
    free(library->subgroups);
    free(library->entries);
    free(library->sorted);
    free(library->events);
    *library = (struct ps_library){ .version = version + 1 };
}

void ps_library_destroy(struct ps_library *library)
{
    if (library == NULL)
        return;
    ps_library_clear(library);
    free(library);
}

/* The key of an id's group: P and D share one. */
static void key_of(const struct ps_paper_id *id, char out_key[PS_PAPER_ID_TEXT])
{
    if (id->kind == PS_PAPER_P || id->kind == PS_PAPER_D)
        (void)snprintf(out_key, PS_PAPER_ID_TEXT, "P%04d", id->number);
    else
        ps_paper_id_format(id, out_key);
}

static void add_posting(struct ps_library *library, const char *text, size_t len, uint32_t number)
{
    struct word *word;

    HASH_FIND(hh, library->words, text, len, word);
    if (word == NULL) {
        word = ps_alloc_zero(1, sizeof(*word));
        word->text = ps_alloc_copy(text, len);
        HASH_ADD_KEYPTR(hh, library->words, word->text, len, word);
        free(library->sorted);
        library->sorted = NULL;
    }
    if (word->len > 0 && word->documents[word->len - 1] == number)
        return;
    if (word->len == word->size) {
        word->size = word->size == 0 ? 4 : 2 * word->size;
        word->documents = ps_alloc_array(word->documents, word->size, sizeof(*word->documents));
    }
    word->documents[word->len++] = number;
}

static void add_words(struct ps_library *library, const char *text, uint32_t number)
{
    char *keys = ps_name_key(text, strlen(text));
    struct ps_str rest = ps_str_of(keys), key;

    for (int i = 0; i < FIELD_WORDS_MAX && ps_str_next(&rest, ' ', &key); i++)
        if (key.len > 0)
            add_posting(library, key.data, key.len, number);
    free(keys);
}

/* People type p2300, d2300r11, 843 and p0843. */
static void add_id_words(struct ps_library *library, const struct entry *entry)
{
    static const char *const letters[] = { "p", "d", "" };
    const struct ps_paper_id *id = &entry->document.id;
    char text[2 * PS_PAPER_ID_TEXT];

    if (id->kind != PS_PAPER_P && id->kind != PS_PAPER_D) {
        ps_paper_id_format(id, text);
        add_words(library, text, entry->number);
        (void)snprintf(text, sizeof(text), "%d", id->number);
        add_posting(library, text, strlen(text), entry->number);
        return;
    }
    for (size_t i = 0; i < PS_COUNT_OF(letters); i++) {
        (void)snprintf(text, sizeof(text), "%s%04dr%d", letters[i], id->number, id->revision);
        add_posting(library, text, strlen(text), entry->number);
        (void)snprintf(text, sizeof(text), "%s%dr%d", letters[i], id->number, id->revision);
        add_posting(library, text, strlen(text), entry->number);
    }
}

static uint32_t intern_subgroup(struct ps_library *library, const char *text)
{
    for (size_t i = 0; i < library->subgroups_len; i++)
        if (strcmp(library->subgroups[i], text) == 0)
            return (uint32_t)i;
    library->subgroups =
        ps_alloc_array(library->subgroups, library->subgroups_len + 1, sizeof(*library->subgroups));
    library->subgroups[library->subgroups_len] = ps_alloc_text(text);
    return (uint32_t)library->subgroups_len++;
}

static bool is_newer(const struct entry *a, const struct entry *b)
{
    if (a->document.id.revision != b->document.id.revision)
        return a->document.id.revision > b->document.id.revision;
    return a->document.found_ms != b->document.found_ms
               ? a->document.found_ms > b->document.found_ms
               : strcmp(a->document.name, b->document.name) < 0;
}

static void join_group(struct ps_library *library, struct entry *entry)
{
    struct ps_library_group *group;
    char key[PS_PAPER_ID_TEXT];
    size_t at;

    key_of(&entry->document.id, key);
    HASH_FIND_STR(library->groups, key, group);
    if (group == NULL) {
        group = ps_alloc_zero(1, sizeof(*group));
        memcpy(group->key, key, sizeof(group->key));
        HASH_ADD_STR(library->groups, key, group);
    }
    if (group->len == group->size) {
        group->size = group->size == 0 ? 4 : 2 * group->size;
        group->entries = ps_alloc_array(group->entries, group->size, sizeof(struct entry *));
    }
    for (at = group->len; at > 0 && is_newer(entry, group->entries[at - 1]); at--)
        group->entries[at] = group->entries[at - 1];
    group->entries[at] = entry;
    group->len++;
    entry->document.group = group;
}

static void leave_group(struct entry *entry)
{
    struct ps_library_group *group = entry->document.group;
    size_t to = 0;

    for (size_t i = 0; i < group->len; i++)
        if (group->entries[i] != entry)
            group->entries[to++] = group->entries[i];
    group->len = to;
}

static void bury(struct ps_library *library, struct entry *entry)
{
    HASH_DEL(library->by_name, entry);
    leave_group(entry);
    entry->dead = true;
    library->dead++;
    library->counts[entry->document.kind]--;
    forget_order(library);
}

/* The texts of a document, in one order for copying and comparing. */
static void texts_of(const struct ps_document *document, const char *out_texts[TEXTS])
{
    const char *const texts[TEXTS] = { document->name,    document->title,
                                       document->authors, document->subgroup,
                                       document->date,    document->type,
                                       document->url,     document->last_modified };

    for (size_t i = 0; i < TEXTS; i++)
        out_texts[i] = texts[i] == NULL ? "" : texts[i];
}

static bool is_same(const struct ps_document *a, const struct ps_document *b)
{
    const char *left[TEXTS], *right[TEXTS];

    texts_of(a, left);
    texts_of(b, right);
    for (size_t i = 0; i < TEXTS; i++)
        if (strcmp(left[i], right[i]) != 0)
            return false;
    return a->found_ms == b->found_ms && a->changed_ms == b->changed_ms && a->gone_ms == b->gone_ms;
}

/* Copies the texts into one block of the entry's own. */
static void copy_texts(struct entry *entry, const struct ps_document *document)
{
    const char **into[TEXTS] = { &entry->document.name,    &entry->document.title,
                                 &entry->document.authors, &entry->document.subgroup,
                                 &entry->document.date,    &entry->document.type,
                                 &entry->document.url,     &entry->document.last_modified };
    const char *texts[TEXTS];
    size_t bytes = 0, at = 0;

    texts_of(document, texts);
    for (size_t i = 0; i < TEXTS; i++)
        bytes += strlen(texts[i]) + 1;
    entry->texts = ps_alloc(bytes);
    for (size_t i = 0; i < TEXTS; i++) {
        size_t len = strlen(texts[i]) + 1;

        memcpy(entry->texts + at, texts[i], len);
        *into[i] = entry->texts + at;
        at += len;
    }
}

static bool parse_name(const struct ps_document *document, struct ps_paper_id *out_id)
{
    const char *ext;

    return document->kind == PS_DOCUMENT_PAPER
               ? ps_paper_id_parse(document->name, strlen(document->name), out_id)
               : ps_paper_id_parse_file(document->name, out_id, &ext);
}

void ps_library_put(struct ps_library *library, const struct ps_document *document)
{
    struct ps_paper_id id;
    struct entry *entry;

    HASH_FIND_STR(library->by_name, document->name, entry);
    if (entry != NULL && is_same(&entry->document, document)) {
        entry->seen = library->round;
        return;
    }
    if (!parse_name(document, &id) ||
        (entry == NULL && library->len - library->dead >= PS_LIBRARY_DOCUMENTS_MAX))
        return;
    if (entry != NULL)
        bury(library, entry);
    entry = ps_alloc_zero(1, sizeof(*entry));
    entry->document = *document;
    entry->document.id = id;
    copy_texts(entry, document);
    entry->number = (uint32_t)library->len;
    entry->seen = library->round;
    entry->subgroup = intern_subgroup(library, entry->document.subgroup);
    if (library->len == library->size) {
        library->size = library->size == 0 ? 1024 : 2 * library->size;
        library->entries =
            ps_alloc_array(library->entries, library->size, sizeof(*library->entries));
    }
    library->entries[library->len++] = entry;
    library->counts[document->kind]++;
    HASH_ADD_KEYPTR(hh, library->by_name, entry->document.name, strlen(entry->document.name),
                    entry);
    join_group(library, entry);
    add_id_words(library, entry);
    add_words(library, entry->document.title, entry->number);
    add_words(library, entry->document.authors, entry->number);
    add_words(library, entry->document.subgroup, entry->number);
    forget_order(library);
}

void ps_library_begin_drafts(struct ps_library *library)
{
    library->round++;
}

void ps_library_end_drafts(struct ps_library *library)
{
    for (size_t i = 0; i < library->len; i++) {
        struct entry *entry = library->entries[i];

        if (!entry->dead && entry->document.kind == PS_DOCUMENT_DRAFT &&
            entry->seen != library->round)
            bury(library, entry);
    }
}

size_t ps_library_count(const struct ps_library *library, enum ps_document_kind kind)
{
    return library->counts[kind];
}

uint64_t ps_library_version(const struct ps_library *library)
{
    return library->version;
}

bool ps_library_is_worn(const struct ps_library *library)
{
    return library->dead > WORN_MIN && library->dead > library->len / 2;
}

/* D2300 and 2300 name a number without a revision. */
static bool parse_number(const char *text, struct ps_paper_id *out_id)
{
    struct ps_str digits = ps_str_of(text);
    int64_t number;

    if (digits.len > 0 && strchr("PpDd", digits.data[0]) != NULL)
        digits = (struct ps_str){ .data = digits.data + 1, .len = digits.len - 1 };
    if (!ps_str_digits(digits) || !ps_str_int(digits, 0, PS_PAPER_NUMBER_MAX, &number))
        return false;
    *out_id = (struct ps_paper_id){ .kind = PS_PAPER_P, .prefix = "P", .number = (int)number };
    return true;
}

struct ps_library_group *ps_library_find(const struct ps_library *library, const char *text)
{
    const char *slash = strrchr(text, '/'), *ext;
    struct ps_library_group *group = NULL;
    struct ps_paper_id id;
    char key[PS_PAPER_ID_TEXT];

    if (slash != NULL)
        text = slash + 1;
    if (!parse_number(text, &id) && !ps_paper_id_parse(text, strlen(text), &id) &&
        !ps_paper_id_parse_file(text, &id, &ext))
        return NULL;
    key_of(&id, key);
    HASH_FIND_STR(library->groups, key, group);
    return group != NULL && group->len > 0 ? group : NULL;
}

const char *ps_group_key(const struct ps_library_group *group)
{
    return group->key;
}

size_t ps_group_documents(const struct ps_library_group *group, enum ps_document_kind kind,
                          const struct ps_document **out_documents, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < group->len && count < max; i++)
        if (group->entries[i]->document.kind == kind)
            out_documents[count++] = &group->entries[i]->document;
    return count;
}

const struct ps_document *ps_group_newest(const struct ps_library_group *group,
                                          enum ps_document_kind kind)
{
    const struct ps_document *newest;

    return ps_group_documents(group, kind, &newest, 1) == 1 ? newest : NULL;
}

enum field { TITLE, AUTHORS, SUBGROUP };

static const char *field_of(const struct ps_document *document, enum field field)
{
    return field == TITLE     ? document->title
           : field == AUTHORS ? document->authors
                              : document->subgroup;
}

static const char *known_field(const struct ps_document *document, enum field field)
{
    const struct ps_library_group *group = document->group;

    if (field_of(document, field)[0] != '\0')
        return field_of(document, field);
    for (size_t i = 0; i < group->len; i++)
        if (field_of(&group->entries[i]->document, field)[0] != '\0')
            return field_of(&group->entries[i]->document, field);
    return "";
}

const char *ps_document_title(const struct ps_document *document)
{
    return known_field(document, TITLE);
}

const char *ps_document_authors(const struct ps_document *document)
{
    return known_field(document, AUTHORS);
}

const char *ps_document_subgroup(const struct ps_document *document)
{
    return known_field(document, SUBGROUP);
}

static int by_time(const void *left, const void *right)
{
    const struct event *a = left, *b = right;

    if (a->at_ms != b->at_ms)
        return a->at_ms > b->at_ms ? -1 : 1;
    return strcmp(b->entry->document.name, a->entry->document.name);
}

/* The first download of the index brings all papers there ever were: each counts as of its date. */
static int64_t initial_until(const struct ps_library *library)
{
    int64_t first_ms = INT64_MAX;

    for (size_t i = 0; i < library->len; i++) {
        const struct entry *entry = library->entries[i];

        if (!entry->dead && entry->document.kind == PS_DOCUMENT_PAPER &&
            entry->document.found_ms < first_ms)
            first_ms = entry->document.found_ms;
    }
    return first_ms == INT64_MAX ? 0 : first_ms + INITIAL_MS;
}

static struct event found_event(struct entry *entry, int64_t initial_ms)
{
    const struct ps_document *document = &entry->document;
    struct event event = { .at_ms = document->found_ms, .entry = entry };
    int32_t days;

    event.initial = document->kind == PS_DOCUMENT_PAPER && document->found_ms <= initial_ms;
    if (event.initial)
        event.at_ms =
            ps_utc_time_parse_date(document->date, &days) && days * PS_DAY_MS < document->found_ms
                ? days * PS_DAY_MS
                : 0;
    return event;
}

static void make_events(struct ps_library *library)
{
    int64_t initial_ms = initial_until(library);

    if (library->events != NULL)
        return;
    library->events = ps_alloc_array(NULL, 2 * library->len + 1, sizeof(*library->events));
    library->events_len = 0;
    for (size_t i = 0; i < library->len; i++) {
        struct entry *entry = library->entries[i];

        if (entry->dead)
            continue;
        library->events[library->events_len++] = found_event(entry, initial_ms);
        if (entry->document.changed_ms > entry->document.found_ms)
            library->events[library->events_len++] = (struct event){
                .at_ms = entry->document.changed_ms, .entry = entry, .changed = true
            };
    }
    qsort(library->events, library->events_len, sizeof(*library->events), by_time);
}

static int by_text(const void *left, const void *right)
{
    const struct word *const *a = left, *const *b = right;

    return strcmp((*a)->text, (*b)->text);
}

static void sort_words(struct ps_library *library)
{
    size_t len = 0;

    if (library->sorted != NULL)
        return;
    library->sorted = ps_alloc_array(NULL, HASH_COUNT(library->words) + 1, sizeof(struct word *));
    for (struct word *word = library->words; word != NULL; word = word->hh.next)
        library->sorted[len++] = word;
    qsort(library->sorted, len, sizeof(struct word *), by_text);
}

/* Sets the bit of each document that has a word that begins with prefix, or is equal to it. */
static void mark_word(struct ps_library *library, struct ps_str prefix, bool whole, uint64_t *bits)
{
    size_t low = 0, count = HASH_COUNT(library->words), high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(library->sorted[middle]->text, prefix.data, prefix.len);

        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && strncmp(library->sorted[low]->text, prefix.data, prefix.len) == 0;
         low++) {
        const struct word *word = library->sorted[low];

        if (whole && word->text[prefix.len] != '\0')
            break; /* the word itself comes first */
        for (size_t i = 0; i < word->len; i++)
            bits[word->documents[i] / BITS] |= UINT64_C(1) << word->documents[i] % BITS;
    }
}

/* Gives a bit for each document that has all words of text; NULL if text has no word. */
static uint64_t *match_words(struct ps_library *library, const char *text, size_t len, bool whole)
{
    size_t blocks = library->len / BITS + 1;
    char *keys = ps_name_key(text, len);
    struct ps_str rest = ps_str_of(keys), key;
    uint64_t *all = NULL, *bits = ps_alloc_zero(blocks, sizeof(*bits));

    sort_words(library);
    for (int i = 0; i < PS_LIBRARY_QUERY_WORDS && ps_str_next(&rest, ' ', &key); i++) {
        if (key.len == 0)
            continue;
        memset(bits, 0, blocks * sizeof(*bits));
        mark_word(library, key, whole, bits);
        if (all == NULL) {
            all = ps_alloc_zero(blocks, sizeof(*all));
            memcpy(all, bits, blocks * sizeof(*all));
        }
        for (size_t block = 0; block < blocks; block++)
            all[block] &= bits[block];
    }
    free(bits);
    free(keys);
    return all;
}

static bool has_bit(const uint64_t *bits, uint32_t number)
{
    return (bits[number / BITS] >> number % BITS & 1) != 0;
}

/* A copy of query without what cannot be searched for. */
static char *clean_query(const char *query)
{
    return ps_utf8_clean(query, ps_utf8_cut(query, strlen(query), PS_LIBRARY_QUERY_BYTES));
}

size_t ps_library_search(struct ps_library *library, const char *query,
                         struct ps_library_group **out_groups, size_t max)
{
    char *text = clean_query(query);
    struct ps_str trimmed = ps_str_trim(ps_str_of(text));
    char *name = ps_alloc_copy(trimmed.data, trimmed.len);
    struct ps_library_group *named = ps_library_find(library, name);
    uint64_t *bits = match_words(library, text, strlen(text), false);
    size_t count = 0;

    library->mark++;
    make_events(library);
    if (named != NULL) {
        named->mark = library->mark;
        if (max > 0)
            out_groups[0] = named;
        count = 1;
    }
    for (size_t i = 0; bits != NULL && i < library->events_len; i++) {
        const struct entry *entry = library->events[i].entry;
        struct ps_library_group *group = entry->document.group;

        if (!has_bit(bits, entry->number) || group->mark == library->mark)
            continue;
        group->mark = library->mark;
        if (count < max)
            out_groups[count] = group;
        count++;
    }
    free(bits);
    free(name);
    free(text);
    return count;
}

/* Which of the subgroup fields name the subgroup. */
static bool *match_subgroups(const struct ps_library *library, const char *subgroup)
{
    bool *named = ps_alloc_zero(library->subgroups_len + 1, sizeof(*named));

    for (size_t i = 0; i < library->subgroups_len; i++)
        named[i] = ps_subgroup_named(library->subgroups[i], subgroup);
    return named;
}

static bool has_subgroup(const struct entry *entry, const bool *named)
{
    const struct ps_library_group *group = entry->document.group;

    if (entry->document.subgroup[0] != '\0')
        return named[entry->subgroup];
    for (size_t i = 0; i < group->len; i++) /* as ps_document_subgroup finds it */
        if (group->entries[i]->document.subgroup[0] != '\0')
            return named[group->entries[i]->subgroup];
    return false;
}

/* An author that finds are asked for. The words are looked up first: comparing every list of
 * authors would take a turn of the loop for long. */
struct author {
    struct ps_name_words *words;
    uint64_t *bits; /* documents that have all words of the name */
};

static bool has_author(const struct entry *entry, const struct author *author)
{
    const struct ps_library_group *group = entry->document.group;
    const char *authors = ps_document_authors(&entry->document);
    bool candidate = has_bit(author->bits, entry->number);
    struct ps_name_words *words;
    bool has;

    for (size_t i = 0; i < group->len && !candidate && entry->document.authors[0] == '\0'; i++)
        candidate = has_bit(author->bits, group->entries[i]->number);
    if (!candidate)
        return false;
    words = ps_name_words_create(authors, strlen(authors), FIELD_WORDS_MAX);
    has = ps_name_words_contain(words, author->words);
    ps_name_words_destroy(words);
    return has;
}

static bool passes(const struct ps_find_filter *filter, const struct event *event)
{
    const struct ps_document *document = &event->entry->document;

    return !(filter->papers_only && document->kind != PS_DOCUMENT_PAPER) &&
           !(filter->drafts_only && document->kind != PS_DOCUMENT_DRAFT) &&
           (filter->group == NULL || document->group == filter->group) &&
           event->at_ms >= filter->since_ms;
}

size_t ps_library_finds(struct ps_library *library, const struct ps_find_filter *filter,
                        struct ps_find *out_finds, size_t max)
{
    struct author author = { .words = NULL };
    bool *named = filter->subgroup == NULL ? NULL : match_subgroups(library, filter->subgroup);
    size_t count = 0;

    make_events(library);
    if (filter->author != NULL) {
        size_t len = strlen(filter->author);

        author.words = ps_name_words_create(filter->author, len, PS_LIBRARY_QUERY_WORDS);
        author.bits = match_words(library, filter->author, len, true);
    }
    for (size_t i = 0; i < library->events_len && count < max; i++) {
        const struct event *event = &library->events[i];

        if (event->at_ms < filter->since_ms || (filter->author != NULL && author.bits == NULL))
            break;
        if (!passes(filter, event) || (named != NULL && !has_subgroup(event->entry, named)) ||
            (author.bits != NULL && !has_author(event->entry, &author)))
            continue;
        out_finds[count++] =
            (struct ps_find){ .document = &event->entry->document,
                              .kind = event->changed ? PS_FIND_CHANGED : PS_FIND_NEW,
                              .at_ms = event->at_ms,
                              .initial = event->initial };
    }
    ps_name_words_destroy(author.words);
    free(author.bits);
    free(named);
    return count;
}
