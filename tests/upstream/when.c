#include "tests/upstream/when.h"

#include "shared/core/utc_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t unit_ms(char unit)
{
    switch (unit) {
    case 's':
        return 1000;
    case 'm':
        return 60000;
    case 'h':
        return 3600000;
    case 'd':
        return PS_DAY_MS;
    default:
        return 0;
    }
}

static bool parse_offset(const char *text, int64_t *out_ms)
{
    int64_t sign = *text == '-' ? -1 : 1;
    int64_t sum = 0;

    if (*text != '-' && *text != '+')
        return false;
    for (text++; *text != '\0'; text++) {
        int64_t number = 0;
        int digits = 0;

        for (; *text >= '0' && *text <= '9' && digits < 9; text++, digits++)
            number = number * 10 + (*text - '0');
        if (digits == 0 || unit_ms(*text) == 0)
            return false;
        sum += number * unit_ms(*text);
    }
    *out_ms = sign * sum;
    return true;
}

bool ps_when_parse(const char *text, int64_t now_ms, int64_t *out_ms)
{
    int64_t offset;
    int32_t days;

    if (strcmp(text, "now") == 0) {
        *out_ms = now_ms;
        return true;
    }
    if (parse_offset(text, &offset)) {
        *out_ms = now_ms + offset;
        return true;
    }
    if (ps_utc_time_parse_date(text, &days)) {
        *out_ms = days * PS_DAY_MS;
        return true;
    }
    return ps_utc_time_parse_time(text, out_ms);
}

void ps_when_http(int64_t wall_ms, char out_text[PS_WHEN_HTTP])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;

    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(out_text, PS_WHEN_HTTP, "%a, %d %b %Y %H:%M:%S GMT", &parts) == 0)
        (void)snprintf(out_text, PS_WHEN_HTTP, "Thu, 01 Jan 1970 00:00:00 GMT");
}

int64_t ps_when_now(const struct ps_when_clock *clock, int64_t real_ms)
{
    return clock->frozen ? clock->frozen_ms : real_ms + clock->shift_ms;
}

void ps_when_set(struct ps_when_clock *clock, int64_t real_ms, int64_t wall_ms)
{
    clock->shift_ms = wall_ms - real_ms;
    clock->frozen_ms = wall_ms;
}

void ps_when_freeze(struct ps_when_clock *clock, int64_t real_ms, bool frozen)
{
    int64_t now = ps_when_now(clock, real_ms);

    clock->frozen = frozen;
    ps_when_set(clock, real_ms, now);
}
