/* Dates and times as numbers and as ISO 8601 text, always UTC.
 *
 * libc's calendar functions are not used: they depend on TZ, and gmtime is not safe with threads.
 * Wall-clock times are milliseconds since 1970-01-01 (`wall_ms`). */
#ifndef PS_CORE_UTC_TIME_H
#define PS_CORE_UTC_TIME_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PS_UTC_TIME_TEXT = 32 };
#define PS_DAY_MS INT64_C(86400000)

/* Returns the days since 1970-01-01 in the proleptic Gregorian calendar; negative before. */
int32_t ps_utc_time_days(int year, int month, int day);
/* Parses "YYYY-MM-DD", a date that exists, in the years 1 to 9999. */
bool ps_utc_time_parse_date(const char *text, int32_t *out_days) PS_MUST_USE;
void ps_utc_time_format_date(int32_t days, char out_text[PS_UTC_TIME_TEXT]); /* "2026-11-23" */
/* Write "2026-11-23T09:05:07Z" and "2026-11-23T09:05:07.042Z". A time outside the years 1 to 9999
 * becomes the nearest time in them. */
void ps_utc_time_format_time(int64_t wall_ms, char out_text[PS_UTC_TIME_TEXT]);
void ps_utc_time_format_time_ms(int64_t wall_ms, char out_text[PS_UTC_TIME_TEXT]);
/* Parses both forms above and PostgreSQL's "2026-11-23 09:05:07.042+00". */
bool ps_utc_time_parse_time(const char *text, int64_t *out_wall_ms) PS_MUST_USE;
/* Parses a date of RFC 9110 (through curl_getdate); false for NULL and for any other text. */
bool ps_utc_time_parse_http(const char *text, int64_t *out_wall_ms) PS_MUST_USE;
/* Writes "3d 4h 5m 6s", without leading zero parts; 0s for a negative span. */
void ps_utc_time_format_span(int64_t seconds, char out_text[PS_UTC_TIME_TEXT]);

#endif
