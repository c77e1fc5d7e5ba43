/* The index of the committee: from JSON to a snapshot of papers.
 *
 * The download is the work of strangers and of hand-written tools, so every rule here is about
 * input that is wrong: caps on everything, one bad entry costs itself and no other, and what was
 * skipped is reported. io/index_fetch.h parses each download; the scheduler keeps one snapshot in
 * memory, standbys too. Pure. */
#ifndef PS_SCHEDULER_PAPER_INDEX_H
#define PS_SCHEDULER_PAPER_INDEX_H
#include "shared/core/err.h"
#include "shared/core/paper_id.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PS_INDEX_BYTES_MAX = 64 * 1024 * 1024,
    /* The index had 18,000 entries in 2026 and grows by some 1,000 a year. The cap bounds memory
     * (deploy/SIZING.md) and the time of a poll: parsing, comparing and composing the transaction
     * take 2 to 4 µs an entry each, beside the loop (shared/io/background.h). An index of a million
     * entries cost one leader after another its lease when that was done on the loop. */
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

/* Runs for each entry that was skipped or repaired; at most 20 times for one parse, then once with
 * the number of the others. Keys that are no id come in hundreds (EDIT1000) and are reported once,
 * all together. id may be NULL; both texts are borrowed for the call. */
typedef void (*ps_paper_index_warn_fn)(void *cookie, const char *id, const char *what);

/* Parses an index. Ids are read without regard to case. An entry that is no object, or whose key
 * is no id, is skipped. A field of the wrong type counts as empty; an empty author falls back to
 * submitter. Of two keys with one id the later wins. A character that cannot exist (an unpaired
 * surrogate, bytes that are no UTF-8) becomes U+FFFD. Returns NULL with err if the text is over a
 * cap, is no JSON, or is no object. */
struct ps_paper_index *ps_paper_index_parse(const char *json, size_t len,
                                            ps_paper_index_warn_fn warn, void *cookie,
                                            struct ps_err *err) PS_MUST_USE;
/* Build a snapshot by hand, of the stored entries: add them (copied), then finish, which sorts and
 * removes duplicates. */
struct ps_paper_index *ps_paper_index_create(void) PS_MUST_USE;
/* Returns false and adds nothing if id is no paper id. Reads the text fields of paper (NULL counts
 * as ""), and derives days and parsed. */
bool ps_paper_index_add(struct ps_paper_index *index, const char *id, const struct ps_paper *paper);
void ps_paper_index_finish(struct ps_paper_index *index);
/* Gives the reason why fresh cannot be the successor of before, for people; NULL if it can. Papers
 * are never withdrawn by thousands, and their number does not double between two polls: such a
 * download is a fault of the server. */
char *ps_paper_index_implausible(const struct ps_paper_index *before,
                                 const struct ps_paper_index *fresh) PS_MUST_USE;
/* Releases one hold on index; the last one frees it. NULL is fine. */
void ps_paper_index_destroy(struct ps_paper_index *index);
/* Adds a hold on a finished index and returns it. A finished index never changes, so a job on
 * another thread may read it while the loop does; but only the loop's thread may call this function
 * and ps_paper_index_destroy, because the count of holds has no lock. NULL gives NULL. */
struct ps_paper_index *ps_paper_index_share(struct ps_paper_index *index) PS_MUST_USE;

size_t ps_paper_index_len(const struct ps_paper_index *index);
const struct ps_paper *ps_paper_index_at(const struct ps_paper_index *index,
                                         size_t i); /* ascending by id (strcmp) */
const struct ps_paper *ps_paper_index_find(const struct ps_paper_index *index,
                                           const char *id); /* canonical id; NULL when not there */
/* Returns the P-paper of number with the highest revision; NULL if there is none. */
const struct ps_paper *ps_paper_index_latest(const struct ps_paper_index *index, int number);
/* Count and return the latest P-paper of each number, ascending by number. */
size_t ps_paper_index_latest_len(const struct ps_paper_index *index);
const struct ps_paper *ps_paper_index_latest_at(const struct ps_paper_index *index, size_t i);
/* Returns how many entries were skipped or repaired, reported or not. */
uint64_t ps_paper_index_warnings(const struct ps_paper_index *index);
bool ps_paper_same(const struct ps_paper *a, const struct ps_paper *b); /* whether all text fields
                                                                         * are equal */

/* Gives a new, finished index with the papers of both, which must be finished; where both have one,
 * that of fresh. Papers are never removed: a paper that is missing from one download would be news
 * the next time. NULL if fresh has every paper of before, and so is the result itself. */
struct ps_paper_index *ps_paper_index_join(const struct ps_paper_index *before,
                                           const struct ps_paper_index *fresh) PS_MUST_USE;

#endif
