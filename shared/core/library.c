#include "shared/core/library.h"

#include "shared/core/alloc.h"
#include "shared/core/base.h"
#include "shared/core/name_words.h"
#include "shared/core/ordered_set.h"
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
    BITS = 64,
    FEW = 4,          /* documents of a word that need no memory of their own */
    ANSWERS = 512,    /* queries whose answers are kept */
    ANSWER_QUERY = 32 /* bytes of such a query, with its NUL */
};

struct word {
    char *text;
    uint32_t *documents; /* ascending; NULL while first has room for all */
    uint32_t first[FEW]; /* most words are of one document */
    size_t len, size;
    UT_hash_handle hh;
};

struct event {
    int64_t at_ms;
    struct entry *entry;
    bool changed, initial;
};

struct entry {
    struct ps_document document;
    struct event events[2]; /* when it was found, and when it changed last */
    size_t event_count;
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
    uint32_t number; /* in the list of groups */
    UT_hash_handle hh;
};

/* A group in a search. */
struct tally {
    uint64_t mark; /* of the search that counted it last */
    uint32_t best; /* for that search: the document whose last event is the newest */
    struct ps_library_group *group;
};

/* The answer to a query. A crowd that types asks for the same short beginnings again and again, and
 * these cost most: a letter begins the words of most documents. */
struct answer {
    char query[ANSWER_QUERY]; /* "": none */
    uint64_t version;         /* of the library */
    struct ps_library_group *groups[PS_LIBRARY_ANSWER];
    size_t count; /* of all groups */
};

/* The part of a document that a search reads. It is kept apart so that a search of all documents
 * stays within the processor's caches. */
struct slot {
    int64_t at_ms;  /* of its last event */
    uint64_t name;  /* the first bytes of its name, in the order of strcmp */
    uint32_t group; /* DEAD: the document is dead */
};

#define DEAD UINT32_MAX

struct ps_library {
    struct entry *by_name;
    struct ps_library_group *groups;
    struct word *words;
    struct ps_ordered_set sorted; /* the words, by text */
    struct ps_ordered_set events; /* newest first */
    struct entry **entries;       /* by number; dead ones too, until it is cleared */
    struct slot *slots;           /* by number */
    size_t len, size, dead, counts[2];
    struct tally *tallies; /* by number of the group; one for each */
    uint32_t *matched;     /* room for the numbers of all groups, for a search */
    size_t groups_size;
    struct answer *answers; /* ANSWERS */
    char **subgroups;       /* distinct fields of the index: some hundred */
    size_t subgroups_len;
    int64_t first_ms; /* when the earliest paper was found; 0: none was */
    bool is_retimed;  /* first_ms changed: the times of initial papers may be wrong */
    uint64_t version, round, mark;
};

static uint64_t first_bytes(const char *name)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes = bytes << 8 | (unsigned char)*name;
        name += *name != '\0';
    }
    return bytes;
}

/* Newest first. */
static int by_time(const void *left, const void *right)
{
    const struct event *a = left, *b = right;

    if (a->at_ms != b->at_ms)
        return a->at_ms > b->at_ms ? -1 : 1;
    return strcmp(b->entry->document.name, a->entry->document.name);
}

static int by_text(const void *left, const void *right)
{
    const struct word *a = left, *b = right;

    return strcmp(a->text, b->text);
}

static int by_prefix(const void *item, const void *key)
{
    const struct word *word = item;
    const struct ps_str *prefix = key;

    return strncmp(word->text, prefix->data, prefix->len);
}

struct ps_library *ps_library_create(void)
{
    struct ps_library *library = ps_alloc_zero(1, sizeof(*library));

    ps_ordered_set_init(&library->sorted, by_text);
    ps_ordered_set_init(&library->events, by_time);
    return library;
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
    free(library->slots);
    free(library->tallies);
    free(library->matched);
    free(library->answers);
    ps_ordered_set_clear(&library->sorted);
    ps_ordered_set_clear(&library->events);
    *library = (struct ps_library){ .version = version + 1 };
    ps_ordered_set_init(&library->sorted, by_text);
    ps_ordered_set_init(&library->events, by_time);
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
    uint32_t *documents;
    struct word *word;

    HASH_FIND(hh, library->words, text, len, word);
    if (word == NULL) {
        word = ps_alloc_zero(1, sizeof(*word));
        word->text = ps_alloc_copy(text, len);
        HASH_ADD_KEYPTR(hh, library->words, word->text, len, word);
        ps_ordered_set_add(&library->sorted, word);
    }
    documents = word->documents == NULL ? word->first : word->documents;
    if (word->len > 0 && documents[word->len - 1] == number)
        return;
    if (word->len == (word->documents == NULL ? FEW : word->size)) {
        word->size = 4 * word->len;
        word->documents = ps_alloc_array(word->documents, word->size, sizeof(*documents));
        if (documents == word->first)
            memcpy(word->documents, word->first, sizeof(word->first));
        documents = word->documents;
    }
    documents[word->len++] = number;
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

static void make_room(struct ps_library *library)
{
    if (HASH_COUNT(library->groups) <= library->groups_size)
        return;
    library->groups_size = library->groups_size == 0 ? 1024 : 2 * library->groups_size;
    library->tallies =
        ps_alloc_array(library->tallies, library->groups_size, sizeof(*library->tallies));
    library->matched =
        ps_alloc_array(library->matched, library->groups_size, sizeof(*library->matched));
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
        group->number = (uint32_t)HASH_COUNT(library->groups);
        HASH_ADD_STR(library->groups, key, group);
        make_room(library);
        library->tallies[group->number] = (struct tally){ .group = group };
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

static void remove_events(struct ps_library *library, struct entry *entry)
{
    for (size_t i = 0; i < entry->event_count; i++)
        ps_ordered_set_remove(&library->events, &entry->events[i]);
}

static void bury(struct ps_library *library, struct entry *entry)
{
    remove_events(library, entry);
    library->slots[entry->number].group = DEAD;
    HASH_DEL(library->by_name, entry);
    leave_group(entry);
    entry->dead = true;
    library->dead++;
    library->counts[entry->document.kind]--;
    library->version++;
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

/* The first download of the index brings all papers there ever were: each counts as of its date. */
static struct event found_event(const struct ps_library *library, struct entry *entry)
{
    const struct ps_document *document = &entry->document;
    struct event event = { .at_ms = document->found_ms, .entry = entry };
    int32_t days;

    event.initial =
        document->kind == PS_DOCUMENT_PAPER && document->found_ms <= library->first_ms + INITIAL_MS;
    if (event.initial)
        event.at_ms =
            ps_utc_time_parse_date(document->date, &days) && days * PS_DAY_MS < document->found_ms
                ? days * PS_DAY_MS
                : 0;
    return event;
}

static void add_events(struct ps_library *library, struct entry *entry)
{
    const struct ps_document *document = &entry->document;

    entry->events[0] = found_event(library, entry);
    entry->event_count = 1;
    if (document->changed_ms > document->found_ms)
        entry->events[entry->event_count++] =
            (struct event){ .at_ms = document->changed_ms, .entry = entry, .changed = true };
    for (size_t i = 0; i < entry->event_count; i++)
        ps_ordered_set_add(&library->events, &entry->events[i]);
    library->slots[entry->number] =
        (struct slot){ .group = document->group->number,
                       .at_ms = entry->events[entry->event_count - 1].at_ms,
                       .name = first_bytes(document->name) };
}

/* Papers that were read before an earlier one may have counted as those of the first download. */
static void check_times(struct ps_library *library)
{
    if (!library->is_retimed)
        return;
    library->is_retimed = false;
    for (size_t i = 0; i < library->len; i++) {
        struct entry *entry = library->entries[i];

        if (entry->dead || found_event(library, entry).initial == entry->events[0].initial)
            continue;
        remove_events(library, entry);
        add_events(library, entry);
    }
}

void ps_library_put(struct ps_library *library, const struct ps_document *document)
{
    bool is_paper = document->kind == PS_DOCUMENT_PAPER, named;
    struct ps_paper_id id;
    struct entry *entry;
    const char *ext;

    HASH_FIND_STR(library->by_name, document->name, entry);
    if (entry != NULL && is_same(&entry->document, document)) {
        entry->seen = library->round;
        return;
    }
    named = is_paper ? ps_paper_id_parse(document->name, strlen(document->name), &id)
                     : ps_paper_id_parse_file(document->name, &id, &ext);
    if (!named || (entry == NULL && library->len - library->dead >= PS_LIBRARY_DOCUMENTS_MAX))
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
        library->slots = ps_alloc_array(library->slots, library->size, sizeof(*library->slots));
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
    if (is_paper && (library->first_ms == 0 || document->found_ms < library->first_ms)) {
        library->is_retimed = library->first_ms != 0;
        library->first_ms = document->found_ms;
    }
    add_events(library, entry);
    library->version++;
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

const struct ps_document *ps_group_latest(const struct ps_library_group *group)
{
    const struct ps_document *paper = ps_group_newest(group, PS_DOCUMENT_PAPER);
    const struct ps_document *draft = ps_group_newest(group, PS_DOCUMENT_DRAFT);

    if (paper == NULL || draft == NULL)
        return paper == NULL ? draft : paper;
    return draft->id.revision > paper->id.revision ? draft : paper;
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

static int behind_prefix(const void *item, const void *key)
{
    return by_prefix(item, key) > 0 ? 0 : -1;
}

/* Sets the bit of each document that has a word that begins with prefix, or is equal to it. */
static void mark_word(const struct ps_library *library, struct ps_str prefix, bool whole,
                      uint64_t *bits)
{
    struct ps_ordered_place place = ps_ordered_set_seek(&library->sorted, &prefix, by_prefix);
    struct ps_ordered_place end = ps_ordered_set_seek(&library->sorted, &prefix, behind_prefix);
    const uint32_t *documents;

    while (place.block != end.block || place.item != end.item) {
        const struct word *word = ps_ordered_set_next(&library->sorted, &place);

        if (whole && word->text[prefix.len] != '\0')
            break; /* the word itself comes first */
        documents = word->documents == NULL ? word->first : word->documents;
        for (size_t i = 0; i < word->len; i++)
            bits[documents[i] / BITS] |= UINT64_C(1) << documents[i] % BITS;
    }
}

/* Gives a bit for each document that has all words of text; NULL if text has no word. */
static uint64_t *match_words(const struct ps_library *library, const char *text, size_t len,
                             bool whole)
{
    size_t blocks = library->len / BITS + 1;
    char *keys = ps_name_key(text, len);
    struct ps_str rest = ps_str_of(keys), key;
    uint64_t *all = NULL, *bits = ps_alloc_zero(blocks, sizeof(*bits));

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

static uint32_t lowest_bit(uint64_t bits)
{
    uint32_t at = 0;

    for (uint32_t step = BITS / 2; step > 0; step /= 2)
        if ((bits & ((UINT64_C(1) << step) - 1)) == 0) {
            bits >>= step;
            at += step;
        }
    return at;
}

/* The order of the finds: newest first, and of one moment by name. */
static bool is_later(const struct ps_library *library, uint32_t a, uint32_t b)
{
    const struct slot *left = &library->slots[a], *right = &library->slots[b];

    if (left->at_ms != right->at_ms)
        return left->at_ms > right->at_ms;
    if (left->name != right->name)
        return left->name > right->name;
    return strcmp(library->entries[a]->document.name, library->entries[b]->document.name) > 0;
}

/* Lists the groups of the documents in bits that are not marked yet, each with its best document.
 */
static size_t collect_groups(struct ps_library *library, const uint64_t *bits)
{
    size_t count = 0;

    for (size_t block = 0; block <= library->len / BITS; block++) {
        for (uint64_t rest = bits[block]; rest != 0; rest &= rest - 1) {
            uint32_t number = (uint32_t)(block * BITS) + lowest_bit(rest);
            uint32_t group = library->slots[number].group;
            struct tally *tally;

            if (group == DEAD)
                continue;
            tally = &library->tallies[group];
            if (tally->mark == library->mark) {
                if (is_later(library, number, tally->best))
                    tally->best = number;
            } else if (tally->mark != library->mark + 1) { /* not the one that the query names */
                tally->mark = library->mark;
                tally->best = number;
                library->matched[count++] = group;
            }
        }
    }
    return count;
}

/* Inserts group into a list of at most max groups, the latest first; returns the list's length. */
static size_t keep_latest(const struct ps_library *library, const struct tally *tally,
                          struct ps_library_group **groups, size_t len, size_t max)
{
    const struct tally *tallies = library->tallies;
    size_t at = len;

    if (len == max &&
        (max == 0 || !is_later(library, tally->best, tallies[groups[len - 1]->number].best)))
        return len;
    if (len == max)
        at--; /* the last one is dropped */
    for (; at > 0 && is_later(library, tally->best, tallies[groups[at - 1]->number].best); at--)
        groups[at] = groups[at - 1];
    groups[at] = tally->group;
    return len < max ? len + 1 : len;
}

/* text is cleaned. */
static size_t search(struct ps_library *library, const char *text,
                     struct ps_library_group **out_groups, size_t max)
{
    struct ps_str trimmed = ps_str_trim(ps_str_of(text));
    char *name = ps_alloc_copy(trimmed.data, trimmed.len);
    struct ps_library_group *named = ps_library_find(library, name);
    uint64_t *bits = match_words(library, text, strlen(text), false);
    size_t count = 0, first = 0, kept = 0;

    library->mark += 2; /* the mark, and one more for the group that the query names */
    if (named != NULL) {
        library->tallies[named->number].mark = library->mark + 1;
        first = 1;
        if (max > 0)
            *out_groups++ = named;
        max -= max > 0 ? 1 : 0;
    }
    if (bits != NULL)
        count = collect_groups(library, bits);
    for (size_t i = 0; i < count; i++)
        kept = keep_latest(library, &library->tallies[library->matched[i]], out_groups, kept, max);
    free(bits);
    free(name);
    return first + count;
}

size_t ps_library_search(struct ps_library *library, const char *query,
                         struct ps_library_group **out_groups, size_t max)
{
    /* without what cannot be searched for */
    char *text = ps_utf8_clean(query, ps_utf8_cut(query, strlen(query), PS_LIBRARY_QUERY_BYTES));
    size_t len = strlen(text), count;
    struct answer *answer;
    unsigned hash;

    check_times(library);
    if (len == 0 || len >= ANSWER_QUERY || max > PS_LIBRARY_ANSWER) {
        count = search(library, text, out_groups, max);
        free(text);
        return count;
    }
    if (library->answers == NULL)
        library->answers = ps_alloc_zero(ANSWERS, sizeof(*library->answers));
    HASH_OAT(text, len, hash);
    answer = &library->answers[hash % ANSWERS];
    if (answer->version != library->version || strcmp(answer->query, text) != 0) {
        memcpy(answer->query, text, len + 1);
        answer->version = library->version;
        answer->count = search(library, text, answer->groups, PS_LIBRARY_ANSWER);
    }
    for (size_t i = 0; i < answer->count && i < max; i++)
        out_groups[i] = answer->groups[i];
    free(text);
    return answer->count;
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

size_t ps_library_finds(struct ps_library *library, const struct ps_find_filter *filter,
                        struct ps_find *out_finds, size_t max)
{
    struct author author = { .words = NULL };
    struct ps_ordered_place place = { .block = 0 };
    const struct event *event;
    bool *named = NULL; /* which of the subgroup fields name the subgroup */
    size_t count = 0;

    check_times(library);
    if (filter->subgroup != NULL) {
        named = ps_alloc_zero(library->subgroups_len + 1, sizeof(*named));
        for (size_t i = 0; i < library->subgroups_len; i++)
            named[i] = ps_subgroup_named(library->subgroups[i], filter->subgroup);
    }
    if (filter->author != NULL) {
        size_t len = strlen(filter->author);

        author.words = ps_name_words_create(filter->author, len, PS_LIBRARY_QUERY_WORDS);
        author.bits = match_words(library, filter->author, len, true);
    }
    while (count < max && (event = ps_ordered_set_next(&library->events, &place)) != NULL) {
        const struct ps_document *document = &event->entry->document;

        if (event->at_ms < filter->since_ms || (filter->author != NULL && author.bits == NULL))
            break;
        if ((filter->papers_only && document->kind != PS_DOCUMENT_PAPER) ||
            (filter->drafts_only && document->kind != PS_DOCUMENT_DRAFT) ||
            (filter->group != NULL && document->group != filter->group) ||
            (named != NULL && !has_subgroup(event->entry, named)) ||
            (author.bits != NULL && !has_author(event->entry, &author)))
            continue;
        out_finds[count++] =
            (struct ps_find){ .document = document,
                              .kind = event->changed ? PS_FIND_CHANGED : PS_FIND_NEW,
                              .at_ms = event->at_ms,
                              .initial = event->initial };
    }
    ps_name_words_destroy(author.words);
    free(author.bits);
    free(named);
    return count;
}
