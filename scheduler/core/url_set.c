#include "scheduler/core/url_set.h"

#include "shared/core/alloc.h"
#include "shared/core/paper_id.h"

#include <stdlib.h>
#include <string.h>

/* uthash's default function falls through its cases, which clang refuses; this one has none. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#define uthash_malloc(size)           ps_alloc(size)
#define uthash_free(ptr, size)        free(ptr)
#define uthash_fatal(message)         abort()
#include <uthash.h>

struct url {
    char *url;
    int64_t at_ms;
    UT_hash_handle hh;
};

struct draft {
    char id[PS_PAPER_ID_TEXT];
    const struct url *first;
    UT_hash_handle hh;
};

struct ps_url_set {
    struct url *urls;     /* by url */
    struct draft *drafts; /* by id */
    struct ps_number_set numbers;
};

struct ps_url_set *ps_url_set_create(void)
{
    struct ps_url_set *set = ps_alloc_zero(1, sizeof(*set));

    ps_number_set_init(&set->numbers);
    return set;
}

void ps_url_set_destroy(struct ps_url_set *set)
{
    struct draft *draft, *next_draft;
    struct url *url, *next_url;

    if (!set)
        return;
    draft = set->drafts;
    url = set->urls;
    HASH_CLEAR(hh, set->drafts); /* the tables alone: the items stay linked */
    HASH_CLEAR(hh, set->urls);
    for (; draft; draft = next_draft) {
        next_draft = draft->hh.next;
        free(draft);
    }
    for (; url; url = next_url) {
        next_url = url->hh.next;
        free(url->url);
        free(url);
    }
    ps_number_set_clear(&set->numbers);
    free(set);
}

static const struct url *find(const struct ps_url_set *set, const char *text)
{
    const struct url *url;

    HASH_FIND_STR(set->urls, text, url);
    return url;
}

static void add_draft(struct ps_url_set *set, const struct url *url)
{
    struct ps_paper_id id;
    const char *ext;
    struct draft *draft;
    char text[PS_PAPER_ID_TEXT];

    if (!ps_paper_id_parse_file(url->url, &id, &ext))
        return;
    if (id.kind != PS_PAPER_P && id.kind != PS_PAPER_D)
        return;
    ps_number_set_add(&set->numbers, id.number);
    ps_paper_id_format(&id, text);
    HASH_FIND_STR(set->drafts, text, draft);
    if (draft)
        return;
    draft = ps_alloc_zero(1, sizeof(*draft));
    memcpy(draft->id, text, sizeof(text));
    draft->first = url;
    HASH_ADD_STR(set->drafts, id, draft);
}

bool ps_url_set_add(struct ps_url_set *set, const char *text)
{
    return ps_url_set_add_at(set, text, 0);
}

bool ps_url_set_add_at(struct ps_url_set *set, const char *text, int64_t at_ms)
{
    struct url *url;

    if (find(set, text))
        return false;
    url = ps_alloc_zero(1, sizeof(*url));
    url->url = ps_alloc_text(text);
    url->at_ms = at_ms;
    HASH_ADD_KEYPTR(hh, set->urls, url->url, strlen(url->url), url);
    add_draft(set, url);
    return true;
}

void ps_url_set_each(const struct ps_url_set *set, ps_url_set_fn fn, void *cookie)
{
    for (const struct url *url = set->urls; url != NULL; url = url->hh.next)
        fn(cookie, url->url, url->at_ms);
}

bool ps_url_set_has(const struct ps_url_set *set, const char *url)
{
    return find(set, url) != NULL;
}

size_t ps_url_set_len(const struct ps_url_set *set)
{
    return HASH_COUNT(set->urls);
}

const struct ps_number_set *ps_url_set_numbers(const struct ps_url_set *set)
{
    return &set->numbers;
}

const char *ps_url_set_draft(const struct ps_url_set *set, const char *paper_id)
{
    const struct draft *draft;

    HASH_FIND_STR(set->drafts, paper_id, draft);
    return draft ? draft->first->url : NULL;
}
