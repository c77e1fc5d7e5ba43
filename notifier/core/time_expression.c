#include "notifier/core/time_expression.h"

#include "shared/core/utc_time.h"

#include <stdio.h>
#include <string.h>

enum { COUNT_MAX = 100000 };

static const struct {
    const char *name;
    int64_t ms;
} units[] = {
    {"m",        60000       },
    { "min",     60000       },
    { "minute",  60000       },
    { "minutes", 60000       },
    { "h",       3600000     },
    { "hour",    3600000     },
    { "hours",   3600000     },
    { "d",       86400000    },
    { "day",     86400000    },
    { "days",    86400000    },
    { "w",       7 * 86400000},
    { "week",    7 * 86400000},
    { "weeks",   7 * 86400000},
};

static struct ps_str last_word(struct ps_str text, struct ps_str *out_before)
{
    size_t from = text.len;

    while (from > 0 && (unsigned char)text.data[from - 1] > ' ')
        from--;
    *out_before = ps_str_trim((struct ps_str){ text.data, from });
    return (struct ps_str){ text.data + from, text.len - from };
}

static bool unit_of(struct ps_str text, int64_t *out_ms)
{
    for (size_t i = 0; i < PS_COUNT_OF(units); i++) {
        if (ps_str_is_fold(text, units[i].name)) {
            *out_ms = units[i].ms;
            return true;
        }
    }
    return false;
}

/* "3d", or "3" before "days" */
static bool take_span(struct ps_str *text, int64_t *out_ms)
{
    struct ps_str before, word = last_word(*text, &before), count = word;
    int64_t unit, number;

    count.len = 0;
    while (count.len < word.len && word.data[count.len] >= '0' && word.data[count.len] <= '9')
        count.len++;
    if (!unit_of((struct ps_str){ word.data + count.len, word.len - count.len }, &unit))
        return false;
    if (count.len == 0)
        count = last_word(before, &before);
    if (!ps_str_digits(count) || !ps_str_int(count, 1, COUNT_MAX, &number))
        return false;
    *out_ms = number * unit;
    *text = before;
    return true;
}

bool ps_time_expression_clock(struct ps_str text, int *out_minute)
{
    struct ps_str rest = text, hours = { "", 0 };
    int64_t hour, minute = 0;

    (void)ps_str_next(&rest, ':', &hours);
    if (!ps_str_digits(hours) || hours.len > 2 || !ps_str_int(hours, 0, 23, &hour))
        return false;
    if (hours.len < text.len &&
        (rest.len != 2 || !ps_str_digits(rest) || !ps_str_int(rest, 0, 59, &minute)))
        return false;
    *out_minute = (int)(hour * 60 + minute);
    return true;
}

/* "until 2026-12-01", "until 2026-12-01 09:00" */
static bool take_date(struct ps_str *text, int64_t *out_ms)
{
    struct ps_str before, word = last_word(*text, &before);
    char date[16];
    int32_t days;
    int minute = 0;

    if (ps_time_expression_clock(word, &minute))
        word = last_word(before, &before);
    if (word.len != strlen("YYYY-MM-DD"))
        return false;
    (void)snprintf(date, sizeof(date), "%.*s", (int)word.len, word.data);
    if (!ps_utc_time_parse_date(date, &days) ||
        !ps_str_is_fold(last_word(before, &before), "until"))
        return false;
    *out_ms = (int64_t)days * PS_DAY_MS + (int64_t)minute * 60000;
    *text = before;
    return true;
}

bool ps_time_expression_is_date(struct ps_str text)
{
    int64_t ms;

    return take_date(&text, &ms);
}

bool ps_time_expression_take(struct ps_str *text, int64_t wall_ms, int64_t *out_ms)
{
    struct ps_str before;
    int64_t ms;

    if (take_date(text, &ms)) {
        *out_ms = ms;
        return true;
    }
    if (!take_span(text, &ms))
        return false;
    if (ps_str_is_fold(last_word(*text, &before), "for"))
        *text = before;
    *out_ms = wall_ms + ms;
    return true;
}
