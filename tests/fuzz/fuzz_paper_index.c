/* Whatever bytes come as the index: refused whole with a reason, or a snapshot that PostgreSQL
   takes, in order, that finds its own papers and differs from itself in nothing. */
#include "scheduler/core/index_diff.h"
#include "tests/fuzz/check.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_paper(const struct ps_paper_index *index, size_t i)
{
    const struct ps_paper *paper = ps_paper_index_at(index, i), *latest;
    const char *texts[] = { paper->id,     paper->type,      paper->title,
                            paper->author, paper->date,      paper->subgroup,
                            paper->link,   paper->long_link, paper->status };

    for (size_t k = 0; k < PS_COUNT_OF(texts); k++)
        check_text(texts[k], PS_INDEX_FIELD_MAX);
    assert(paper->type[0] != '\0');
    assert(ps_paper_index_find(index, paper->id) == paper);
    assert(i == 0 || strcmp(ps_paper_index_at(index, i - 1)->id, paper->id) < 0);
    if (paper->parsed.kind != PS_PAPER_P)
        return;
    latest = ps_paper_index_latest(index, paper->parsed.number);
    assert(latest && latest->parsed.revision >= paper->parsed.revision);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_err err = { .what = "" };
    char *json = malloc(size > 0 ? size : 1); /* no byte more: reading past it is seen */
    struct ps_paper_index *index, *copy;
    struct ps_index_diff diff;

    assert(json);
    if (size > 0)
        memcpy(json, data, size);
    index = ps_paper_index_parse(json, size, NULL, NULL, &err);
    free(json);
    if (!index) {
        assert(err.what[0] != '\0');
        return 0;
    }
    copy = ps_paper_index_create();
    for (size_t i = 0; i < ps_paper_index_len(index); i++) {
        check_paper(index, i);
        if (!ps_paper_index_add(copy, ps_paper_index_at(index, i)->id, ps_paper_index_at(index, i)))
            abort();
    }
    ps_paper_index_finish(copy);
    ps_index_diff_make(index, copy, &diff);
    assert(diff.added_len == 0 && diff.updated_len == 0);
    ps_index_diff_clear(&diff);
    ps_paper_index_destroy(copy);
    ps_paper_index_destroy(index);
    return 0;
}
