/* Dates and times that are read come back from what is written of them. */
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = ps_alloc_copy((const char *)data, size);
    char shown[PS_UTC_TIME_TEXT];
    int64_t ms, back;
    int32_t days;

    if (ps_utc_time_parse_date(text, &days)) {
        ps_utc_time_format_date(days, shown);
        assert(strcmp(shown, text) == 0);
    }
    if (ps_utc_time_parse_time(text, &ms)) {
        ps_utc_time_format_time_ms(ms, shown);
        assert(ps_utc_time_parse_time(shown, &back) && back == ms);
    }
    if (ps_utc_time_parse_http(text, &ms)) {
        ps_utc_time_format_time(ms, shown);
        assert(ps_utc_time_parse_time(shown, &back) && back == ms);
    }
    if (size >= sizeof(ms)) {
        memcpy(&ms, data, sizeof(ms));
        ps_utc_time_format_time_ms(ms, shown);
        assert(strlen(shown) == 24 && ps_utc_time_parse_time(shown, &back));
        ps_utc_time_format_span(ms, shown);
    }
    free(text);
    return 0;
}
