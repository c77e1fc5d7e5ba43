/* Paper ids (P2300R10, D1234R0, N4750, CWG2500) and file names of drafts.
 *
 * All components compare papers in this parsed form. The kinds and their prefixes are those of
 * WG21's index. */
#ifndef PS_CORE_PAPER_ID_H
#define PS_CORE_PAPER_ID_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

enum { PS_PAPER_ID_TEXT = 32, PS_PAPER_NUMBER_MAX = 999999, PS_PAPER_REVISION_MAX = 999 };

enum ps_paper_kind { PS_PAPER_P, PS_PAPER_D, PS_PAPER_N, PS_PAPER_ISSUE };

struct ps_paper_id {
    enum ps_paper_kind kind;
    char prefix[6]; /* "P" "D" "N" "CWG" "EWG" "LWG" "LEWG" "FS" */
    int number;     /* 0 to PS_PAPER_NUMBER_MAX */
    int revision;   /* 0 to PS_PAPER_REVISION_MAX; -1 for N and issues */
};

/* Parses text, which must be an id and nothing else; case is ignored. A "P1234" without revision is
 * not an id. */
bool ps_paper_id_parse(const char *text, size_t len, struct ps_paper_id *out_id) PS_MUST_USE;
/* Writes the canonical text: at least four digits for P, D and N (P0042R1), as many as needed for
 * issues (CWG1). */
void ps_paper_id_format(const struct ps_paper_id *id, char out_text[PS_PAPER_ID_TEXT]);
/* Parses "D1234R0.pdf", or a URL that ends in such a file name. out_ext borrows from text and
 * includes the dot. */
bool ps_paper_id_parse_file(const char *text, struct ps_paper_id *out_id,
                            const char **out_ext) PS_MUST_USE;

#endif
