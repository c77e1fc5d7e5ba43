/* Bytes that scenario, replies and connections share by counting references. */
#ifndef PS_UPSTREAM_BLOB_H
#define PS_UPSTREAM_BLOB_H
#include "shared/core/base.h"

#include <stddef.h>

struct ps_blob {
    size_t refs;
    size_t len;
    char *data; /* owned; a NUL follows the last byte */
};

struct ps_blob *ps_blob_take(char *data, size_t len) PS_MUST_USE; /* takes data; one reference */
struct ps_blob *ps_blob_copy(const char *data, size_t len) PS_MUST_USE;
struct ps_blob *ps_blob_filler(size_t len) PS_MUST_USE; /* that many bytes of text */
struct ps_blob *ps_blob_ref(struct ps_blob *blob);      /* NULL stays NULL */
void ps_blob_unref(struct ps_blob *blob);

#endif
