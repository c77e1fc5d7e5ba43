/* A line holds whatever bytes come, stays one line of valid UTF-8, and as JSON reads as JSON. The
   first byte chooses the cap, the rest is text, error, and JSON object. */
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/log_line.h"
#include "shared/core/text_normalize.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct ps_buf *line, bool json)
{
    cJSON *object;
    size_t i;

    assert(line->len <= line->cap && ps_utf8_valid(ps_buf_str(line), line->len));
    for (i = 0; i < line->len; i++)
        assert((unsigned char)line->data[i] >= ' ' && line->data[i] != 0x7f);
    if (!json || line->len == 0)
        return;
    object = ps_json_parse(line->data, line->len, NULL);
    assert(cJSON_IsObject(object));
    assert(ps_json_text(object, "event") != NULL);
    cJSON_Delete(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = ps_alloc_copy((const char *)data, size);
    struct ps_err err;
    struct ps_log_field fields[] = { F_TEXT("text", text), F_ERR(&err), F_OBJECT(text),
                                     F_INT("n", size) };
    struct ps_buf line;
    int json;

    (void)ps_fail(&err, PS_FAILURE_UNKNOWN, 0, "%s", text);
    for (json = 0; json < 2; json++) {
        ps_buf_init(&line, size > 0 && data[0] < 128 ? data[0] * 16u : 64 * 1024);
        ps_log_render(json != 0, INT64_C(1795424707042), text, text, PS_EVENT_POLL_DONE, fields,
                      PS_COUNT_OF(fields), &line);
        if (json != 0)
            check_line(&line, true);
        ps_buf_reset(&line);
        ps_log_render(json != 0, (int64_t)size, "scheduler", "s", PS_EVENT_POLL_DONE, fields,
                      PS_COUNT_OF(fields), &line);
        check_line(&line, json != 0);
        ps_buf_clear(&line);
    }
    free(text);
    return 0;
}
