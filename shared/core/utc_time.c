#include "shared/core/utc_time.h"

#include "shared/core/str.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ERA_DAYS = 146097 /* of 400 years */, EPOCH_SHIFT = 719468 /* 0000-03-01 to 1970-01-01 */ };

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define FIRST_DAY INT64_C(-719162) /* 0001-01-01 */
#define LAST_DAY  INT64_C(2932896) /* 9999-12-31 */

/* Years start in March here: the leap day is then the last day of a year, and the lengths of the
 * months follow a formula instead of a table. */
int32_t ps_utc_time_days(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (int32_t)(era * ERA_DAYS + day_of_era - EPOCH_SHIFT);
}

static void date_of(int64_t days, int64_t *out_year, int *out_month, int *out_day)
{
    int64_t z = days + EPOCH_SHIFT;
    int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day_of_era = z - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    *out_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *out_month = (int)(month < 10 ? month + 3 : month - 9);
    *out_year = year_of_era + era * 400 + (*out_month <= 2);
}

/* Reads exactly count digits and moves *at past them. */
static bool take_number(const char **at, size_t count, int min, int max, int *out_value)
{
    int64_t value;

    if (strnlen(*at, count) < count || !ps_str_digits((struct ps_str){ *at, count }) ||
        !ps_str_int((struct ps_str){ *at, count }, min, max, &value))
        return false;
    *at += count;
    *out_value = (int)value;
    return true;
}

static bool take_char(const char **at, const char *allowed)
{
    if (**at == '\0' || strchr(allowed, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static bool take_date(const char **at, int32_t *out_days)
{
    int year, month, day, back_month, back_day;
    int64_t back_year;
    int32_t days;

    if (!take_number(at, 4, 1, 9999, &year) || !take_char(at, "-") ||
        !take_number(at, 2, 1, 12, &month) || !take_char(at, "-") ||
        !take_number(at, 2, 1, 31, &day))
        return false;
    days = ps_utc_time_days(year, month, day);
    date_of(days, &back_year, &back_month, &back_day);
    if (back_day != day) /* 30 February has become a day in March */
        return false;
    *out_days = days;
    return true;
}

bool ps_utc_time_parse_date(const char *text, int32_t *out_days)
{
    int32_t days;

    if (!take_date(&text, &days) || *text != '\0')
        return false;
    *out_days = days;
    return true;
}

void ps_utc_time_format_date(int32_t days, char out_text[PS_UTC_TIME_TEXT])
{
    int64_t year;
    int month, day;

    date_of(days, &year, &month, &day);
    (void)snprintf(out_text, PS_UTC_TIME_TEXT, "%04" PRId64 "-%02d-%02d", year, month, day);
}

static void format_time(int64_t wall_ms, bool with_ms, char out_text[PS_UTC_TIME_TEXT])
{
    int64_t rest = (wall_ms % PS_DAY_MS + PS_DAY_MS) % PS_DAY_MS;
    int64_t days = wall_ms / PS_DAY_MS - (wall_ms % PS_DAY_MS < 0);
    char date[PS_UTC_TIME_TEXT], part[8] = "";

    /* Outside the years 1 to 9999 ISO 8601 has no text: use the nearest time in that range. */
    if (days < FIRST_DAY) {
        days = FIRST_DAY;
        rest = 0;
    } else if (days > LAST_DAY) {
        days = LAST_DAY;
        rest = PS_DAY_MS - 1;
    }
    ps_utc_time_format_date((int32_t)days, date);
    if (with_ms)
        (void)snprintf(part, sizeof(part), ".%03d", (int)(rest % SECOND_MS));
    (void)snprintf(out_text, PS_UTC_TIME_TEXT, "%.10sT%02d:%02d:%02d%sZ", date,
                   (int)(rest / HOUR_MS), (int)(rest / MINUTE_MS % 60),
                   (int)(rest / SECOND_MS % 60), part);
}

void ps_utc_time_format_time(int64_t wall_ms, char out_text[PS_UTC_TIME_TEXT])
{
    format_time(wall_ms, false, out_text);
}

void ps_utc_time_format_time_ms(int64_t wall_ms, char out_text[PS_UTC_TIME_TEXT])
{
    format_time(wall_ms, true, out_text);
}

/* Reads an optional fraction of 1 to 9 digits; ignores digits after the milliseconds. */
static bool take_fraction(const char **at, int *out_ms)
{
    int scale = 100;
    size_t count = 0;

    *out_ms = 0;
    if (!take_char(at, "."))
        return true;
    for (; **at >= '0' && **at <= '9'; (*at)++, count++) {
        *out_ms += (**at - '0') * scale;
        scale /= 10;
    }
    return count >= 1 && count <= 9;
}

bool ps_utc_time_parse_time(const char *text, int64_t *out_wall_ms)
{
    int hour, minute, second, ms;
    int32_t days;

    if (!take_date(&text, &days) || !take_char(&text, "T ") ||
        !take_number(&text, 2, 0, 23, &hour) || !take_char(&text, ":") ||
        !take_number(&text, 2, 0, 59, &minute) || !take_char(&text, ":") ||
        !take_number(&text, 2, 0, 59, &second) || !take_fraction(&text, &ms))
        return false;
    if (strcmp(text, "Z") != 0 && strcmp(text, "+00") != 0 && strcmp(text, "+00:00") != 0)
        return false;
    *out_wall_ms = days * PS_DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + ms;
    return true;
}

bool ps_utc_time_parse_http(const char *text, int64_t *out_wall_ms)
{
    int64_t seconds;

    if (text == NULL)
        return false;
    seconds = curl_getdate(text, NULL);
    if (seconds == -1 || seconds < FIRST_DAY * 86400 || seconds >= (LAST_DAY + 1) * 86400)
        return false;
    *out_wall_ms = seconds * SECOND_MS;
    return true;
}

void ps_utc_time_format_span(int64_t seconds, char out_text[PS_UTC_TIME_TEXT])
{
    int64_t s = seconds > 0 ? seconds : 0;
    int64_t days = s / 86400, hours = s / 3600 % 24, minutes = s / 60 % 60;

    if (days > 0)
        (void)snprintf(out_text, PS_UTC_TIME_TEXT, "%" PRId64 "d %dh %dm %ds", days, (int)hours,
                       (int)minutes, (int)(s % 60));
    else if (hours > 0)
        (void)snprintf(out_text, PS_UTC_TIME_TEXT, "%dh %dm %ds", (int)hours, (int)minutes,
                       (int)(s % 60));
    else if (minutes > 0)
        (void)snprintf(out_text, PS_UTC_TIME_TEXT, "%dm %ds", (int)minutes, (int)(s % 60));
    else
        (void)snprintf(out_text, PS_UTC_TIME_TEXT, "%ds", (int)(s % 60));
}
