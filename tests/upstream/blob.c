#include "tests/upstream/blob.h"

#include "shared/core/alloc.h"

#include <stdlib.h>

struct ps_blob *ps_blob_take(char *data, size_t len)
{
    struct ps_blob *blob = ps_alloc(sizeof *blob);

    *blob = (struct ps_blob){ .refs = 1, .len = len, .data = data };
    return blob;
}

struct ps_blob *ps_blob_copy(const char *data, size_t len)
{
    return ps_blob_take(ps_alloc_copy(data, len), len);
}

struct ps_blob *ps_blob_filler(size_t len)
{
    static const char line[] = "The quick brown fox jumps over the lazy dog, again and again.\n";
    char *data = ps_alloc(len + 1);

    for (size_t i = 0; i < len; i++)
        data[i] = line[i % (sizeof line - 1)];
    data[len] = '\0';
    return ps_blob_take(data, len);
}

struct ps_blob *ps_blob_ref(struct ps_blob *blob)
{
    if (blob != NULL)
        blob->refs++;
    return blob;
}

void ps_blob_unref(struct ps_blob *blob)
{
    if (blob == NULL || --blob->refs > 0)
        return;
    free(blob->data);
    free(blob);
}
