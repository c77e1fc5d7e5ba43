/* Any bytes as HTML: title, names and words are clean. */
#include "tests/fuzz/check_document.h"
#include "worker/core/html_document.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_document document;

    ps_html_document_parse((const char *)data, size, NULL, &document);
    check_document(&document);
    return 0;
}
