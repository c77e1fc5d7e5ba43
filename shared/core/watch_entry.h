/* One entry of a watchlist: a paper number or part of an author's name. */
#ifndef PS_CORE_WATCH_ENTRY_H
#define PS_CORE_WATCH_ENTRY_H
#include "shared/core/err.h"

#include <stddef.h>

enum {
    PS_WATCH_ENTRY_MAX = 100, /* bytes of one entry, as stored */
    PS_WATCH_AUTHOR_MIN = 2,  /* characters of an author entry */
    PS_WATCH_ENTRIES_A_USER = 200,
};

struct ps_watch_entry {
    bool is_number;
    int number;                        /* 1 to PS_PAPER_NUMBER_MAX; 0 for an author */
    char text[PS_WATCH_ENTRY_MAX + 1]; /* as stored: trimmed, lower case; a number without leading
                                          zeros */
};

/* What a person typed, or a stored entry (parsing what was stored gives the same again). All
   digits: a paper number; else an author substring. false with err (UNKNOWN), its what fit to be
   shown to the person; out_entry untouched. */
bool ps_watch_entry_parse(const char *text, size_t len, struct ps_watch_entry *out_entry,
                          struct ps_err *err) PS_MUST_USE;

#endif
