/* Whatever lies in the notify list: refused with the field's name, or read within its caps and
   written back the same. */
#include "shared/core/fold.h"
#include "shared/core/notice.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_notice notice, back;
    struct ps_err err = { .what = "" };
    char *json, *again;

    if (!ps_notice_parse((const char *)data, size, &notice, &err)) {
        assert(err.what[0] != '\0' && notice.id == NULL && notice.trace == NULL);
        return 0;
    }
    assert(notice.id[0] != '\0' && strlen(notice.id) <= PS_NOTICE_ID_MAX);
    assert(notice.channel[0] != '\0' && strlen(notice.channel) <= PS_NOTICE_CHANNEL_MAX);
    assert(notice.text[0] != '\0' && strlen(notice.text) <= PS_NOTICE_TEXT_MAX);
    json = ps_notice_format(&notice);
    assert(ps_utf8_valid(json, strlen(json)));
    if (ps_notice_parse(json, strlen(json), &back, &err)) {
        again = ps_notice_format(&back);
        assert(strcmp(json, again) == 0);
        free(again);
        ps_notice_clear(&back);
    } else {
        assert(strlen(json) > PS_NOTICE_JSON_MAX); /* escapes made it longer */
    }
    free(json);
    ps_notice_clear(&notice);
    return 0;
}
