#include "worker/core/document.h"

#include <stdlib.h>
#include <string.h>

void ps_document_clear(struct ps_document *document)
{
    free(document->title);
    for (size_t i = 0; i < document->author_count; i++)
        free(document->authors[i]);
    free(document->authors);
    free(document->words);
    memset(document, 0, sizeof(*document));
}
