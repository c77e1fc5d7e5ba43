/* Any output of poppler's programs. The input is the output of the three, separated by a zero byte.
 */
#include "tests/fuzz/check_document.h"
#include "worker/core/pdf_document.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes the bytes up to the next zero byte. */
static const char *take(const uint8_t **data, size_t *size, size_t *out_len)
{
    const uint8_t *start = *data;
    const uint8_t *end = *size == 0 ? NULL : memchr(start, 0, *size);

    *out_len = end == NULL ? *size : (size_t)(end - start);
    *data += *out_len + (end != NULL);
    *size -= *out_len + (end != NULL);
    return (const char *)start;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_pdf_texts texts = { 0 };
    struct ps_document document;

    texts.info = take(&data, &size, &texts.info_len);
    texts.layout = take(&data, &size, &texts.layout_len);
    texts.text = take(&data, &size, &texts.text_len);
    ps_pdf_document_parse(&texts, &document);
    check_document(&document);
    return 0;
}
