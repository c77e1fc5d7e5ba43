/* Whatever bytes come as the page of a year: refused with a reason, or papers whose texts
   PostgreSQL takes and whose links are web links. */
#include "scheduler/core/open_std_page.h"
#include "shared/core/url.h"
#include "tests/fuzz/check.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_open_std_counts counts;
    struct ps_err err;
    struct ps_paper_index *index = ps_open_std_page_parse(
        (const char *)data, size, NULL, "https://example.org/papers/2026/", &counts, &err);

    if (index == NULL) {
        assert(err.what[0] != '\0');
        return 0;
    }
    assert(ps_paper_index_len(index) > 0 && ps_paper_index_len(index) <= PS_OPEN_STD_PAGE_ROWS_MAX);
    assert(counts.papers == ps_paper_index_len(index));
    for (size_t i = 0; i < ps_paper_index_len(index); i++) {
        const struct ps_paper *paper = ps_paper_index_at(index, i);

        check_text(paper->title, PS_INDEX_FIELD_MAX);
        check_text(paper->author, PS_INDEX_FIELD_MAX);
        check_text(paper->date, PS_INDEX_FIELD_MAX);
        check_text(paper->subgroup, PS_INDEX_FIELD_MAX);
        check_text(paper->long_link, PS_INDEX_FIELD_MAX);
        assert(paper->long_link[0] == '\0' || ps_url_is_http(paper->long_link));
    }
    ps_paper_index_destroy(index);
    return 0;
}
