#include "scheduler/io/page_response.h"

#include "scheduler/core/markup.h"
#include "shared/core/utc_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ETAG_TEXT = 32, HTTP_DATE_TEXT = 40 };

/* The page loads nothing from other hosts, runs no inline script, treats no text as markup, and
 * cannot be framed. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static void format_http_date(int64_t wall_ms, char out_text[HTTP_DATE_TEXT])
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;

    if (gmtime_r(&seconds, &parts) == NULL)
        memset(&parts, 0, sizeof(parts));
    (void)snprintf(out_text, HTTP_DATE_TEXT, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                   days[parts.tm_wday % 7], parts.tm_mday % 100, months[parts.tm_mon % 12],
                   (parts.tm_year + 1900) % 10000, parts.tm_hour % 100, parts.tm_min % 100,
                   parts.tm_sec % 100);
}

static bool is_known(struct ps_http_exchange *exchange, const struct ps_page_response *response,
                     const char *tag)
{
    const char *match = ps_http_header(exchange, "If-None-Match");
    int64_t since_ms;

    /* The header is a list of quoted tags, weak or not. Searching for the tag is enough, because a
     * tag of ours has only hexadecimal digits. */
    if (match != NULL)
        return strcmp(match, "*") == 0 || strstr(match, tag) != NULL;
    return response->modified_ms > 0 &&
           ps_utc_time_parse_http(ps_http_header(exchange, "If-Modified-Since"), &since_ms) &&
           response->modified_ms / 1000 <= since_ms / 1000;
}

void ps_page_respond(struct ps_http_exchange *exchange, const struct ps_page_response *response)
{
    char tag[ETAG_TEXT], date[HTTP_DATE_TEXT];
    int status = response->status == 0 ? 200 : response->status;

    ps_http_add_header(exchange, "Content-Security-Policy", policy);
    ps_http_add_header(exchange, "Referrer-Policy", "no-referrer");
    ps_http_add_header(exchange, "Cross-Origin-Opener-Policy", "same-origin");
    ps_http_add_header(exchange, "Cross-Origin-Resource-Policy", "same-origin");
    if (response->cache != NULL)
        ps_http_add_header(exchange, "Cache-Control", response->cache);
    if (status == 200 && response->cache != NULL) {
        (void)snprintf(tag, sizeof(tag), "\"%016" PRIx64 "\"",
                       ps_markup_hash(response->body, response->len));
        ps_http_add_header(exchange, "ETag", tag);
        if (response->modified_ms > 0) {
            format_http_date(response->modified_ms, date);
            ps_http_add_header(exchange, "Last-Modified", date);
        }
        if (is_known(exchange, response, tag)) {
            ps_http_respond(exchange, 304, NULL, "", 0);
            return;
        }
    }
    ps_http_respond(exchange, status, response->type, response->body, response->len);
}
