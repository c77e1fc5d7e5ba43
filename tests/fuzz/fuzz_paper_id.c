/* What is read as an id is written in one canonical form, which reads the same again. */
#include "shared/core/alloc.h"
#include "shared/core/paper_id.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ps_paper_id *id)
{
    char text[PS_PAPER_ID_TEXT], again[PS_PAPER_ID_TEXT];
    struct ps_paper_id back;

    assert(id->number >= 0 && id->number <= PS_PAPER_NUMBER_MAX);
    assert(id->revision >= -1 && id->revision <= PS_PAPER_REVISION_MAX);
    ps_paper_id_format(id, text);
    assert(ps_paper_id_parse(text, strlen(text), &back));
    ps_paper_id_format(&back, again);
    assert(strcmp(text, again) == 0);
    assert(back.kind == id->kind && back.number == id->number && back.revision == id->revision);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = ps_alloc_copy((const char *)data, size);
    struct ps_paper_id id;
    const char *ext;

    if (ps_paper_id_parse((const char *)data, size, &id))
        check(&id);
    if (ps_paper_id_parse_file(text, &id, &ext)) {
        check(&id);
        assert(ext[0] == '.' && ext[1] != '\0' && ext + strlen(ext) == text + strlen(text));
    }
    free(text);
    return 0;
}
