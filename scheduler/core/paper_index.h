/* The committee's index: JSON to a snapshot of papers. */
#ifndef PS_SCHEDULER_PAPER_INDEX_H
#define PS_SCHEDULER_PAPER_INDEX_H
#include "shared/core/err.h"
#include "shared/core/paper_id.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PS_INDEX_BYTES_MAX = 64 * 1024 * 1024,
    /* The index had 18,000 entries in 2026 and grows by some 1,000 a year. Measured (release
     * build): reading takes 2.2 µs an entry in one turn of the loop, so 40 ms for 18,000 entries
     * and 110 to 150 ms at this cap. That is far less than the life of a lease, though more than
     * the 50 ms that a turn may take: before the index has 22,000 entries, ps_paper_index_parse
     * must be sliced. An index of a million entries cost one leader after another its lease. */
    PS_INDEX_ENTRIES_MAX = 50000,
    PS_INDEX_VALUES_MAX = 1000000, /* JSON values of any depth: what bounds the parser's memory */
    PS_INDEX_TOO_BIG = 30001,      /* err.code: over one of these caps */
    PS_INDEX_FIELD_MAX = 4096      /* bytes; a longer text is cut at a whole character */
};
#define PS_NO_DATE INT32_MIN

/* Text is never NULL, is valid UTF-8 without control characters but \n and \t, and lives in the
 * index. */
struct ps_paper {
    const char *id; /* canonical: P0042R1, N4750, CWG1 */
    struct ps_paper_id parsed;
    const char *type; /* paper issue editorial standing-document or what else the index may name;
                         unknown counts as "paper" */
    const char *title, *author, *date, *subgroup, *link, *long_link, *status; /* date as given */
    int32_t days; /* since 1970, of date's first ten characters; PS_NO_DATE when unreadable */
};

struct ps_paper_index; /* owns its papers */

/* Told of each thing that was passed over or put right; at most 20 times a parse, then once with
 * the number of those left out. Keys that are no id come in hundreds (EDIT1000) and are told once,
 * all together. id may be NULL; both texts are borrowed for the call. */
typedef void (*ps_paper_index_warn_fn)(void *cookie, const char *id, const char *what);

/* Rules of the design ("Index"): ids without regard to case; an entry that is no object, or whose
   key is no id, is skipped; a field of the wrong type counts as empty; an empty author falls back
   to submitter. Two keys of one id: the later wins. A character that cannot be (an unpaired
   surrogate, bytes that are no UTF-8) becomes U+FFFD. Over the caps, not JSON, or no object: NULL
   with err. */
struct ps_paper_index *ps_paper_index_parse(const char *json, size_t len,
                                            ps_paper_index_warn_fn warn, void *cookie,
                                            struct ps_err *err) PS_MUST_USE;
/* Built by hand, for the stored snapshot: add rows (copied), then finish (sorts, drops doubles). */
struct ps_paper_index *ps_paper_index_create(void) PS_MUST_USE;
/* false when id is no paper id; then nothing is added. The text fields of paper are read, days and
 * parsed are made. NULL text counts as "". */
bool ps_paper_index_add(struct ps_paper_index *index, const char *id, const struct ps_paper *paper);
void ps_paper_index_finish(struct ps_paper_index *index);
/* Why fresh cannot be the successor of before, for people; NULL when it can. Papers are never
 * withdrawn by thousands, and their number does not double between two polls. The caller frees it.
 */
char *ps_paper_index_implausible(const struct ps_paper_index *before,
                                 const struct ps_paper_index *fresh) PS_MUST_USE;
void ps_paper_index_destroy(struct ps_paper_index *index); /* NULL is fine */

size_t ps_paper_index_len(const struct ps_paper_index *index);
const struct ps_paper *ps_paper_index_at(const struct ps_paper_index *index,
                                         size_t i); /* ascending by id (strcmp) */
const struct ps_paper *ps_paper_index_find(const struct ps_paper_index *index,
                                           const char *id); /* canonical id; NULL when not there */
/* The P-paper of number with the highest revision; NULL when there is none. */
const struct ps_paper *ps_paper_index_latest(const struct ps_paper_index *index, int number);
/* The latest P-paper of each number, ascending by number. */
size_t ps_paper_index_latest_len(const struct ps_paper_index *index);
const struct ps_paper *ps_paper_index_latest_at(const struct ps_paper_index *index, size_t i);
/* How many things were passed over or put right, told or not. */
uint64_t ps_paper_index_warnings(const struct ps_paper_index *index);
bool ps_paper_same(const struct ps_paper *a, const struct ps_paper *b); /* every text field equal */

/* Takes both, finished; gives one with the papers of both, finished, those of fresh where both have
 * one. Papers are never taken away: one that is missing from a download once would be news the next
 * time. */
struct ps_paper_index *ps_paper_index_merge(struct ps_paper_index *before,
                                            struct ps_paper_index *fresh) PS_MUST_USE;

#endif
