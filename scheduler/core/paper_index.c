#include "scheduler/core/paper_index.h"

#include "shared/core/alloc.h"
#include "shared/core/arena.h"
#include "shared/core/json.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARNINGS_MAX = 20, DATE_LEN = 10, NO_ID_FAMILIES = 4 };

static const char *const known_types[] = { "paper", "issue", "editorial", "standing-document" };

struct ps_paper_index {
    size_t holds; /* beyond the first */
    struct ps_arena *arena;
    struct ps_paper *papers; /* in the order they were added */
    size_t count, size;
    const struct ps_paper **by_id; /* from here on: made by finish */
    size_t len;
    const struct ps_paper **latest; /* P-papers, one a number */
    size_t latest_len;
    uint64_t warnings;
    uint64_t reported, left_out; /* of warnings that are reported one by one */
    ps_paper_index_warn_fn warn;
    void *cookie;
};

static void warn_of(struct ps_paper_index *index, const char *id, const char *what)
{
    index->warnings++;
    if (index->reported++ >= WARNINGS_MAX)
        index->left_out++;
    else if (index->warn)
        index->warn(index->cookie, id, what);
}

struct ps_paper_index *ps_paper_index_create(void)
{
    struct ps_paper_index *index = ps_alloc_zero(1, sizeof(*index));

    index->arena = ps_arena_create();
    return index;
}

void ps_paper_index_destroy(struct ps_paper_index *index)
{
    if (!index)
        return;
    if (index->holds > 0) {
        index->holds--;
        return;
    }
    ps_arena_destroy(index->arena);
    free(index->papers);
    free(index->by_id);
    free(index->latest);
    free(index);
}

struct ps_paper_index *ps_paper_index_share(struct ps_paper_index *index)
{
    if (index == NULL)
        return NULL;
    assert(index->by_id);
    index->holds++;
    return index;
}

/* Everything downstream (PostgreSQL above all) refuses text that is no UTF-8. One bad title must
 * not stop a poll, so it is repaired here. */
static const char *keep_text(struct ps_paper_index *index, const char *id, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    bool plain = true;
    const char *kept;
    char *clean;

    if (len == 0)
        return "";
    if (len > PS_INDEX_FIELD_MAX) {
        warn_of(index, id, "a text that was too long was cut");
        len = ps_utf8_cut(text, len, PS_INDEX_FIELD_MAX);
    }
    for (size_t i = 0; i < len && plain; i++)
        plain = text[i] >= ' ' && text[i] <= '~';
    if (plain)
        return ps_arena_text(index->arena, text, len);
    clean = ps_utf8_clean(text, len);
    if (strncmp(clean, text, len) != 0)
        warn_of(index, id, "a text held invalid UTF-8 or control characters");
    kept =
        ps_arena_text(index->arena, clean, ps_utf8_cut(clean, strlen(clean), PS_INDEX_FIELD_MAX));
    free(clean);
    return kept;
}

static void add_parsed(struct ps_paper_index *index, const struct ps_paper_id *parsed,
                       const struct ps_paper *from)
{
    char id[PS_PAPER_ID_TEXT], day[DATE_LEN + 1];
    const char *type = NULL;
    struct ps_paper *paper;

    assert(!index->by_id);
    if (index->count == index->size) {
        index->size = index->size ? index->size * 2 : 1024;
        index->papers = ps_alloc_array(index->papers, index->size, sizeof(*index->papers));
    }
    paper = &index->papers[index->count++];
    ps_paper_id_format(parsed, id);
    for (size_t i = 0; from->type != NULL && i < PS_COUNT_OF(known_types); i++)
        if (strcmp(from->type, known_types[i]) == 0)
            type = known_types[i];
    if (type == NULL) {
        warn_of(index, id, "its type is unknown and counts as paper");
        type = known_types[0];
    }
    *paper = (struct ps_paper){
        .id = ps_arena_text(index->arena, id, strlen(id)),
        .parsed = *parsed,
        .type = type,
        .title = keep_text(index, id, from->title),
        .author = keep_text(index, id, from->author),
        .date = keep_text(index, id, from->date),
        .subgroup = keep_text(index, id, from->subgroup),
        .link = keep_text(index, id, from->link),
        .long_link = keep_text(index, id, from->long_link),
        .status = keep_text(index, id, from->status),
    };
    /* Only the first ten characters count: some years of the index have a time after the date, as
     * in "2018-06-20T10:00:00Z". */
    (void)snprintf(day, sizeof(day), "%s", paper->date);
    if (!ps_utc_time_parse_date(day, &paper->days))
        paper->days = PS_NO_DATE;
}

bool ps_paper_index_add(struct ps_paper_index *index, const char *id, const struct ps_paper *paper)
{
    struct ps_paper_id parsed;

    if (!ps_paper_id_parse(id, strlen(id), &parsed))
        return false;
    add_parsed(index, &parsed, paper);
    return true;
}

static int by_id_then_added(const void *left, const void *right)
{
    const struct ps_paper *a = *(const struct ps_paper *const *)left;
    const struct ps_paper *b = *(const struct ps_paper *const *)right;
    int order = strcmp(a->id, b->id);

    return order != 0 ? order : (a > b) - (a < b); /* both lie in papers, in the order added */
}

static int by_number_then_revision(const void *left, const void *right)
{
    const struct ps_paper_id *a = &(*(const struct ps_paper *const *)left)->parsed;
    const struct ps_paper_id *b = &(*(const struct ps_paper *const *)right)->parsed;

    if (a->number != b->number)
        return (a->number > b->number) - (a->number < b->number);
    return (a->revision > b->revision) - (a->revision < b->revision);
}

void ps_paper_index_finish(struct ps_paper_index *index)
{
    size_t p_papers = 0;

    assert(!index->by_id);
    index->by_id = ps_alloc_array(NULL, index->count + 1, sizeof(const struct ps_paper *));
    index->latest = ps_alloc_array(NULL, index->count + 1, sizeof(const struct ps_paper *));
    for (size_t i = 0; i < index->count; i++)
        index->by_id[i] = &index->papers[i];
    qsort(index->by_id, index->count, sizeof(*index->by_id), by_id_then_added);
    for (size_t i = 0; i < index->count; i++) {
        if (i + 1 < index->count && strcmp(index->by_id[i]->id, index->by_id[i + 1]->id) == 0) {
            warn_of(index, index->by_id[i]->id, "it is there twice; the later one counts");
            continue;
        }
        index->by_id[index->len++] = index->by_id[i];
    }
    for (size_t i = 0; i < index->len; i++)
        if (index->by_id[i]->parsed.kind == PS_PAPER_P)
            index->latest[p_papers++] = index->by_id[i];
    qsort(index->latest, p_papers, sizeof(*index->latest), by_number_then_revision);
    for (size_t i = 0; i < p_papers; i++)
        if (i + 1 == p_papers ||
            index->latest[i]->parsed.number != index->latest[i + 1]->parsed.number)
            index->latest[index->latest_len++] = index->latest[i];
}

/* Counts the values before the parser makes a tree of them: a tree costs some thirty times the
 * bytes of "[],[],[]". */
static bool has_too_many_values(const char *json, size_t len)
{
    size_t values = 0;
    bool quoted = false;

    for (size_t i = 0; i < len; i++) {
        if (quoted && json[i] == '\\')
            i++;
        else if (json[i] == '"')
            quoted = !quoted;
        else if (!quoted && (json[i] == ',' || json[i] == '[' || json[i] == '{'))
            values++;
    }
    return values > PS_INDEX_VALUES_MAX;
}

static void add_entry(struct ps_paper_index *index, const struct ps_paper_id *parsed,
                      const cJSON *entry)
{
    const char *author = ps_json_text(entry, "author");

    if (!author || !*author)
        author = ps_json_text(entry, "submitter");
    add_parsed(index, parsed,
               &(struct ps_paper){
                   .type = ps_json_text(entry, "type"),
                   .title = ps_json_text(entry, "title"),
                   .author = author,
                   .date = ps_json_text(entry, "date"),
                   .subgroup = ps_json_text(entry, "subgroup"),
                   .link = ps_json_text(entry, "link"),
                   .long_link = ps_json_text(entry, "long_link"),
                   .status = ps_json_text(entry, "status"),
               });
}

/* Keys that are no paper ids: standing documents (SD-6), editorial issues (EDIT1000) and future
 * ones. They are counted by the letters with which they begin. */
struct no_ids {
    const char *first; /* borrowed */
    size_t count;
    struct {
        char letters[8];
        size_t count;
    } families[NO_ID_FAMILIES];
    size_t len; /* of families */
};

static void count_no_id(struct no_ids *no_ids, const char *key)
{
    char letters[sizeof(no_ids->families[0].letters)] = "";
    size_t len = 0, family = 0;

    while (len + 1 < sizeof(letters) && key[len] >= 'A' && key[len] <= 'Z') {
        letters[len] = key[len];
        len++;
    }
    if (no_ids->count++ == 0)
        no_ids->first = key;
    while (family < no_ids->len && strcmp(no_ids->families[family].letters, letters) != 0)
        family++;
    if (letters[0] == '\0' || family == NO_ID_FAMILIES)
        return;
    if (family == no_ids->len)
        memcpy(no_ids->families[no_ids->len++].letters, letters, sizeof(letters));
    no_ids->families[family].count++;
}

/* One warning for all of them, even beyond the limit of warnings: what is dropped is never dropped
 * silently. */
static void warn_of_no_ids(struct ps_paper_index *index, const struct no_ids *no_ids)
{
    char what[256];
    size_t len;

    if (no_ids->count == 0)
        return;
    len = (size_t)snprintf(what, sizeof(what), "%zu keys are no paper ids and were skipped",
                           no_ids->count);
    for (size_t i = 0; i < no_ids->len; i++)
        len += (size_t)snprintf(what + len, sizeof(what) - len, "%s%s %zu", i == 0 ? " (" : ", ",
                                no_ids->families[i].letters, no_ids->families[i].count);
    (void)snprintf(what + len, sizeof(what) - len, "%s, this the first",
                   no_ids->len > 0 ? ")" : "");
    index->warnings += no_ids->count;
    if (index->warn)
        index->warn(index->cookie, no_ids->first, what);
}

static bool read_entries(struct ps_paper_index *index, const cJSON *root, struct ps_err *err)
{
    const cJSON *entry;
    struct no_ids no_ids = { .count = 0 };
    struct ps_paper_id parsed;
    size_t entries = 0;

    if (!cJSON_IsObject(root))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "the index is no JSON object");
    cJSON_ArrayForEach (entry, root) {
        if (++entries > PS_INDEX_ENTRIES_MAX)
            return ps_fail(err, PS_FAILURE_UNKNOWN, PS_INDEX_TOO_BIG,
                           "the index has more than %d entries", PS_INDEX_ENTRIES_MAX);
        if (!ps_paper_id_parse(entry->string, strlen(entry->string), &parsed)) {
            count_no_id(&no_ids, entry->string);
        } else if (!cJSON_IsObject(entry)) {
            warn_of(index, entry->string, "the entry is no object and was skipped");
        } else {
            add_entry(index, &parsed, entry);
        }
    }
    warn_of_no_ids(index, &no_ids);
    return true;
}

struct ps_paper_index *ps_paper_index_parse(const char *json, size_t len,
                                            ps_paper_index_warn_fn warn, void *cookie,
                                            struct ps_err *err)
{
    struct ps_paper_index *index;
    cJSON *root;
    char what[64];

    if (len > PS_INDEX_BYTES_MAX) {
        ps_fail(err, PS_FAILURE_UNKNOWN, PS_INDEX_TOO_BIG, "the index has %zu bytes, over %d", len,
                PS_INDEX_BYTES_MAX);
        return NULL;
    }
    if (has_too_many_values(json, len)) {
        ps_fail(err, PS_FAILURE_UNKNOWN, PS_INDEX_TOO_BIG, "the index has more than %d values",
                PS_INDEX_VALUES_MAX);
        return NULL;
    }
    root = ps_json_parse(json, len, err);
    if (!root)
        return NULL;
    index = ps_paper_index_create();
    index->warn = warn;
    index->cookie = cookie;
    if (read_entries(index, root, err)) {
        ps_paper_index_finish(index);
        if (index->left_out > 0 && warn) {
            (void)snprintf(what, sizeof(what), "%llu more warnings were left out",
                           (unsigned long long)index->left_out);
            warn(cookie, NULL, what);
        }
    } else {
        ps_paper_index_destroy(index);
        index = NULL;
    }
    cJSON_Delete(root);
    return index;
}

char *ps_paper_index_implausible(const struct ps_paper_index *before,
                                 const struct ps_paper_index *fresh)
{
    enum { FEW = 100, MORE = 1000 };
    size_t was = before == NULL ? 0 : ps_paper_index_len(before);
    size_t is = ps_paper_index_len(fresh);

    if (was < FEW)
        return NULL;
    if (is * 2 < was)
        return ps_alloc_format("it has %zu entries, and the stored copy has %zu", is, was);
    if (is > was * 2 + MORE)
        return ps_alloc_format("it has %zu entries, and the stored copy has only %zu", is, was);
    return NULL;
}

size_t ps_paper_index_len(const struct ps_paper_index *index)
{
    return index->len;
}

const struct ps_paper *ps_paper_index_at(const struct ps_paper_index *index, size_t i)
{
    assert(i < index->len);
    return index->by_id[i];
}

static int id_against_paper(const void *id, const void *paper)
{
    return strcmp(id, (*(const struct ps_paper *const *)paper)->id);
}

const struct ps_paper *ps_paper_index_find(const struct ps_paper_index *index, const char *id)
{
    const struct ps_paper *const *found =
        bsearch(id, index->by_id, index->len, sizeof(const struct ps_paper *), id_against_paper);

    return found ? *found : NULL;
}

static int number_against_paper(const void *key, const void *paper)
{
    int number = *(const int *)key;
    int other = (*(const struct ps_paper *const *)paper)->parsed.number;

    return (number > other) - (number < other);
}

const struct ps_paper *ps_paper_index_latest(const struct ps_paper_index *index, int number)
{
    const struct ps_paper *const *found =
        bsearch(&number, index->latest, index->latest_len, sizeof(const struct ps_paper *),
                number_against_paper);

    return found ? *found : NULL;
}

size_t ps_paper_index_latest_len(const struct ps_paper_index *index)
{
    return index->latest_len;
}

const struct ps_paper *ps_paper_index_latest_at(const struct ps_paper_index *index, size_t i)
{
    assert(i < index->latest_len);
    return index->latest[i];
}

uint64_t ps_paper_index_warnings(const struct ps_paper_index *index)
{
    return index->warnings;
}

bool ps_paper_same(const struct ps_paper *a, const struct ps_paper *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->type, b->type) == 0 &&
           strcmp(a->title, b->title) == 0 && strcmp(a->author, b->author) == 0 &&
           strcmp(a->date, b->date) == 0 && strcmp(a->subgroup, b->subgroup) == 0 &&
           strcmp(a->link, b->link) == 0 && strcmp(a->long_link, b->long_link) == 0 &&
           strcmp(a->status, b->status) == 0;
}

struct ps_paper_index *ps_paper_index_join(const struct ps_paper_index *before,
                                           const struct ps_paper_index *fresh)
{
    struct ps_paper_index *joined = NULL;

    for (size_t i = 0; i < ps_paper_index_len(before); i++) {
        const struct ps_paper *paper = ps_paper_index_at(before, i);

        if (ps_paper_index_find(fresh, paper->id) != NULL)
            continue;
        if (joined == NULL)
            joined = ps_paper_index_create();
        (void)ps_paper_index_add(joined, paper->id, paper);
    }
    if (joined == NULL)
        return NULL;
    for (size_t i = 0; i < ps_paper_index_len(fresh); i++)
        (void)ps_paper_index_add(joined, ps_paper_index_at(fresh, i)->id,
                                 ps_paper_index_at(fresh, i));
    ps_paper_index_finish(joined);
    return joined;
}
