/* Whatever a person types: what is stored reads the same again, and is bounded. */
#include "shared/core/watch_entry.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_watch_entry entry, again;
    struct ps_err err = { .what = "" };

    if (!ps_watch_entry_parse((const char *)data, size, &entry, &err)) {
        assert(err.what[0] != '\0');
        return 0;
    }
    assert(strlen(entry.text) <= PS_WATCH_ENTRY_MAX && entry.text[0] != '\0');
    assert(entry.is_number == (entry.number > 0));
    assert(ps_watch_entry_parse(entry.text, strlen(entry.text), &again, &err));
    assert(again.is_number == entry.is_number && strcmp(again.text, entry.text) == 0);
    return 0;
}
