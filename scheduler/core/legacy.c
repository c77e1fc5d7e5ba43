#include "scheduler/core/legacy.h"

#include "shared/core/alloc.h"

#include <string.h>

enum { EXT_MAX = 16 };

/* ".PDF" to ".pdf": the service's pattern did not regard case. */
static bool lower_ext(const char *ext, char out_ext[EXT_MAX + 1])
{
    size_t len = strlen(ext);

    if (len > EXT_MAX)
        return false;
    out_ext[0] = '.';
    for (size_t i = 1; i <= len; i++) {
        char c = ext[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != '\0' && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
        out_ext[i] = c;
    }
    return true;
}

char *ps_legacy_draft(const char *url, const char *base, char out_id[PS_PAPER_ID_TEXT])
{
    struct ps_paper_id id;
    const char *given;
    char ext[EXT_MAX + 1];

    if (!ps_paper_id_parse_file(url, &id, &given) ||
        (id.kind != PS_PAPER_D && id.kind != PS_PAPER_P) || !lower_ext(given, ext))
        return NULL;
    ps_paper_id_format(&id, out_id);
    return ps_alloc_format("%s%s%s", base, out_id, ext);
}
