/*
 * The library: all papers of the index and all drafts found, in memory, for readers.
 *
 * The readers' pages, the search and the feeds read it and nothing else, so that a crowd of readers
 * costs no query, and PostgreSQL being away closes no page. io/library_sync.c fills it from
 * PostgreSQL: in every scheduler, in a notifier while somebody searches from Slack, and in the
 * command `search`. Therefore all of them give one answer.
 *
 * A paper number is one *group*: its papers (P2300R0 … P2300R10) and its drafts (D2300R11.pdf). The
 * search is a dictionary of words (name_words.h: case, diacritics and spellings do not matter) with
 * the documents of each; a query word matches every word that begins with it. A search visits no
 * document's text.
 *
 * Pure. What it costs: about 600 bytes a document; a search of 23,000 documents takes a small part
 * of a millisecond, also right after a change: the words and the events are always in order.
 */
#ifndef PS_CORE_LIBRARY_H
#define PS_CORE_LIBRARY_H
#include "shared/core/paper_id.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PS_LIBRARY_DOCUMENTS_MAX = 80000, /* more are not added */
    PS_LIBRARY_QUERY_BYTES = 200,     /* of a query; the rest is ignored */
    PS_LIBRARY_QUERY_WORDS = 8,
    PS_LIBRARY_ANSWER = 20 /* groups of a search: as many as a page shows */
};

enum ps_document_kind { PS_DOCUMENT_PAPER, PS_DOCUMENT_DRAFT };

struct ps_library_group;

/* Text is never NULL, and lives as long as the document is in the library. */
struct ps_document {
    enum ps_document_kind kind;
    const char *name;  /* P2300R10, N5007, LWG4000; D2300R11.pdf */
    const char *title; /* "" where it is not known, and so on below */
    const char *authors;
    const char *subgroup; /* of a paper, as in the index */
    const char *date;     /* of a paper: YYYY-MM-DD */
    const char *type;     /* of a paper; of a draft its outcome: hit_recent, hit_old, hit_no_lm */
    const char *url;      /* where it can be read */
    const char *last_modified; /* of a draft, as the site sent it */
    int64_t found_ms;          /* wall clock: first seen */
    int64_t changed_ms;        /* 0: it did not change since */
    int64_t gone_ms;           /* of a draft that the site no longer has; 0: it has */
    /* Set by the library: */
    struct ps_paper_id id;
    struct ps_library_group *group;
};

struct ps_library;

struct ps_library *ps_library_create(void) PS_MUST_USE; /* empty */
void ps_library_destroy(struct ps_library *library);    /* NULL is fine */
/* Forgets everything. */
void ps_library_clear(struct ps_library *library);

/* Adds a document (copied), or replaces the one of its kind and name. NULL text counts as "". A
 * name that is no paper id and no draft's file name is ignored. */
void ps_library_put(struct ps_library *library, const struct ps_document *document);
/* Drafts that are not put between these two calls are removed: their cycle was not believed, so
 * PostgreSQL no longer has them. */
void ps_library_begin_drafts(struct ps_library *library);
void ps_library_end_drafts(struct ps_library *library);
/* Returns how many documents of that kind the library holds. */
size_t ps_library_count(const struct ps_library *library, enum ps_document_kind kind);
/* Returns a number that grows with each change of the content, so that a rendered page can be kept
 * until then. */
uint64_t ps_library_version(const struct ps_library *library);
/* Returns whether so many documents were replaced that clearing and refilling the library would
 * free much memory: the texts of replaced documents stay until then. */
bool ps_library_is_worn(const struct ps_library *library);

/* Returns the group that text names, borrowed: P2300, D2300, 2300, p2300r10, D2300R11.pdf, N5007,
 * LWG4000, or a link that ends in one. NULL if there is none. */
struct ps_library_group *ps_library_find(const struct ps_library *library, const char *text);
const char *ps_group_key(const struct ps_library_group *group); /* P2300, N5007 */
/* Writes the documents of a kind to out_documents, newest revision first, at most max. Returns how
 * many were written. They are borrowed until the next change of the library. */
size_t ps_group_documents(const struct ps_library_group *group, enum ps_document_kind kind,
                          const struct ps_document **out_documents, size_t max);
const struct ps_document *ps_group_newest(const struct ps_library_group *group,
                                          enum ps_document_kind kind); /* NULL for none */
/* Returns the document with the highest revision; if a paper and a draft have the same revision,
 * the paper. Never NULL for a group that the library gave. */
const struct ps_document *ps_group_latest(const struct ps_library_group *group);
/* Return a text of the document. If it has none, return that of the newest other document of its
 * group: a draft has no subgroup, and sometimes no readable title. Never NULL. */
const char *ps_document_title(const struct ps_document *document);
const char *ps_document_authors(const struct ps_document *document);
const char *ps_document_subgroup(const struct ps_document *document);

/* Something that happened, for people. */
enum ps_find_kind { PS_FIND_NEW, PS_FIND_CHANGED };

struct ps_find {
    const struct ps_document *document;
    enum ps_find_kind kind;
    int64_t at_ms; /* of a paper that the first download of the index brought: its date */
    bool initial;  /* such a paper */
};

/* Which finds; zeroed: all. Borrowed. */
struct ps_find_filter {
    bool papers_only, drafts_only;
    const char *author;   /* a name, as in watch rules; NULL: any */
    const char *subgroup; /* stored name (subgroup.h); NULL: any */
    const struct ps_library_group *group;
    int64_t since_ms;
};

/* Gives the latest finds, newest first; returns how many, at most max. */
size_t ps_library_finds(struct ps_library *library, const struct ps_find_filter *filter,
                        struct ps_find *out_finds, size_t max);

/* Gives the groups that query matches: a group that it names first, then those with the newest
 * documents. Each word of it must begin a word of one document's name, title, authors or subgroup.
 * Returns how many match; at most max are written. An empty query matches nothing. */
size_t ps_library_search(struct ps_library *library, const char *query,
                         struct ps_library_group **out_groups, size_t max);

#endif
