#include "worker/core/probe_outcome.h"

#include "shared/core/backoff.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

int64_t ps_site_now_ms(const char *date, int64_t wall_ms)
{
    int64_t site_ms;

    return date != NULL && ps_utc_time_parse_http(date, &site_ms) ? site_ms : wall_ms;
}

int64_t ps_retry_after_ms(const char *retry_after, int64_t wall_ms)
{
    struct ps_str text = ps_str_trim(ps_str_of(retry_after));
    int64_t pause = PS_PROBE_OUTCOME_PAUSE_MS;
    int64_t number;

    if (ps_str_digits(text)) {
        /* A number that is too large for int64_t means a long pause, not an unreadable one. */
        if (ps_str_int(text, 0, PS_PROBE_OUTCOME_PAUSE_MAX_MS / 1000, &number))
            pause = number * 1000;
        else
            pause = PS_PROBE_OUTCOME_PAUSE_MAX_MS;
    } else if (text.len > 0 && ps_utc_time_parse_http(retry_after, &number)) {
        pause = number - wall_ms;
    }
    if (pause < 1000)
        return 1000;
    return pause > PS_PROBE_OUTCOME_PAUSE_MAX_MS ? PS_PROBE_OUTCOME_PAUSE_MAX_MS : pause;
}

struct ps_str ps_url_ext(const char *url)
{
    struct ps_str ext = { NULL, 0 };
    size_t len;
    const char *name = ps_url_file_name(url, &len);

    for (size_t i = len; i > 0; i--) {
        if (name[i - 1] == '.') {
            ext.data = name + i - 1;
            ext.len = len - i + 1;
            break;
        }
    }
    return ext;
}

static bool is_html(struct ps_str type)
{
    return ps_str_is_fold(type, "text/html") || ps_str_is_fold(type, "application/xhtml+xml");
}

bool ps_type_fits(const char *content_type, struct ps_str ext)
{
    struct ps_str rest = ps_str_of(content_type);
    struct ps_str type;

    if (!ps_str_next(&rest, ';', &type))
        return true;
    type = ps_str_trim(type);
    if (type.len == 0)
        return true;
    if (ps_str_is_fold(ext, ".html") || ps_str_is_fold(ext, ".htm"))
        return is_html(type);
    if (ps_str_is_fold(type, "application/octet-stream") ||
        ps_str_is_fold(type, "binary/octet-stream"))
        return true;
    if (ps_str_is_fold(ext, ".pdf"))
        return ps_str_is_fold(type, "application/pdf") || ps_str_is_fold(type, "application/x-pdf");
    /* PROBE_EXTENSIONS may name other kinds. Of those only an HTML error page is surely wrong. */
    return !is_html(type);
}

static bool has_markup(const char *body, size_t len)
{
    if (len >= 2 && (memcmp(body, "\xff\xfe", 2) == 0 || memcmp(body, "\xfe\xff", 2) == 0))
        return true; /* UTF-16 */
    for (size_t i = 0; i + 1 < len; i++) {
        char next = body[i + 1];

        if (body[i] == '<' && (next == '!' || next == '?' || (next >= 'a' && next <= 'z') ||
                               (next >= 'A' && next <= 'Z')))
            return true;
    }
    return false;
}

static bool has_pdf_signature(const char *body, size_t len)
{
    enum { WITHIN = 1024 };

    for (size_t i = 0; i + 5 <= len && i + 5 <= WITHIN; i++)
        if (memcmp(body + i, "%PDF-", 5) == 0)
            return true;
    return false;
}

bool ps_body_fits(const char *body, size_t len, struct ps_str ext)
{
    if (ps_str_is_fold(ext, ".pdf"))
        return has_pdf_signature(body, len);
    if (ps_str_is_fold(ext, ".html") || ps_str_is_fold(ext, ".htm"))
        return has_markup(body, len) && !has_pdf_signature(body, len);
    return len > 0;
}

int64_t ps_range_total(const char *content_range)
{
    const char *slash = content_range == NULL ? NULL : strrchr(content_range, '/');
    int64_t total;

    return slash != NULL && ps_str_int(ps_str_of(slash + 1), 0, INT64_MAX, &total) ? total : -1;
}

static bool same_file(const struct ps_answer *answer)
{
    size_t asked_len;
    size_t got_len;
    const char *asked;
    const char *got;

    if (answer->effective_url == NULL)
        return true;
    asked = ps_url_file_name(answer->url, &asked_len);
    got = ps_url_file_name(answer->effective_url, &got_len);
    return asked_len == got_len && memcmp(asked, got, asked_len) == 0;
}

/* Bytes of a text from outside that fit into an error. */
static int shown(size_t len)
{
    return len > 60 ? 60 : (int)len;
}

/* A 200 is a hit only for the file that was asked for. Sites also answer 200 with an error page or
 * with another file, and announcing those would be a false alarm. */
static void judge_ok(struct ps_probe_outcome *outcome, const struct ps_answer *answer,
                     const struct ps_probe_outcome_rules *rules, int64_t wall_ms)
{
    struct ps_str ext = ps_url_ext(answer->url);
    int64_t modified_ms;
    size_t len;
    const char *name;

    outcome->outcome = PS_OUTCOME_SUSPECT;
    outcome->failed = true;
    if (!same_file(answer)) {
        name = ps_url_file_name(answer->effective_url, &len);
        ps_fail(&outcome->err, PS_FAILURE_UNKNOWN, answer->status,
                "redirected to another file: '%.*s'", shown(len), name);
    } else if (!ps_type_fits(answer->content_type, ext)) {
        ps_fail(&outcome->err, PS_FAILURE_UNKNOWN, answer->status, "Content-Type is '%.*s'",
                shown(strlen(answer->content_type)), answer->content_type);
    } else if (answer->confirm && !ps_body_fits(answer->body, answer->body_len, ext)) {
        ps_fail(&outcome->err, PS_FAILURE_UNKNOWN, answer->status,
                "the content does not begin like a %.*s file", shown(ext.len), ext.data);
    } else {
        outcome->failed = false;
        if (answer->last_modified == NULL ||
            !ps_utc_time_parse_http(answer->last_modified, &modified_ms))
            outcome->outcome = PS_OUTCOME_HIT_NO_LM;
        else if (wall_ms - modified_ms <= rules->modified_within_ms)
            outcome->outcome = PS_OUTCOME_HIT_RECENT;
        else
            outcome->outcome = PS_OUTCOME_HIT_OLD;
    }
}

/* The contract counts these as a miss. */
static bool is_absent(int status)
{
    return status == 404 || status == 403 || status == 410;
}

bool ps_status_refuses_method(int status)
{
    return status == 405 || status == 501;
}

enum { RANGE_NOT_SATISFIABLE = 416 }; /* the file is empty */

struct ps_probe_outcome ps_probe_outcome_of(const struct ps_answer *answer,
                                            const struct ps_probe_outcome_rules *rules, int attempt,
                                            int64_t wall_ms, double rnd)
{
    struct ps_probe_outcome outcome = { .next = PS_PROBE_OUTCOME_FINAL,
                                        .outcome = PS_OUTCOME_ERROR };
    int status = answer->status;
    bool permanent;

    if (answer->err == NULL && (status == 200 || (answer->confirm && status == 206))) {
        judge_ok(&outcome, answer, rules, wall_ms);
        return outcome;
    }
    if (answer->err == NULL && answer->confirm &&
        (is_absent(status) || status == RANGE_NOT_SATISFIABLE)) {
        outcome.outcome = PS_OUTCOME_SUSPECT;
        outcome.failed = true;
        ps_fail(&outcome.err, PS_FAILURE_UNKNOWN, status,
                "HEAD found it, but GET was answered with %d", status);
        return outcome;
    }
    if (answer->err == NULL && is_absent(status)) {
        outcome.outcome = PS_OUTCOME_MISS;
        return outcome;
    }
    outcome.failed = true;
    if (answer->err == NULL && (status == 429 || (status == 503 && answer->retry_after != NULL))) {
        outcome.next = PS_PROBE_OUTCOME_DEFER;
        outcome.outcome = PS_OUTCOME_DEFERRED;
        outcome.delay_ms =
            ps_retry_after_ms(answer->retry_after, ps_site_now_ms(answer->date, wall_ms));
        ps_fail(&outcome.err, PS_FAILURE_RATE_LIMIT, status, "HTTP %d, pause of %lld ms", status,
                (long long)outcome.delay_ms);
        return outcome;
    }
    if (answer->err != NULL)
        outcome.err = *answer->err;
    else
        ps_fail(&outcome.err, ps_failure_of_status(status), status, "HTTP %d", status);
    /* Permanent: the same request would fail in the same way. CURLE_UNSUPPORTED_PROTOCOL without a
     * status is not a redirect to another protocol but an answer that was not HTTP, for example
     * from a server that is starting up; that one is worth another attempt. */
    permanent =
        answer->err != NULL && (answer->err->category == PS_FAILURE_CONFIGURATION ||
                                answer->err->code == CURLE_TOO_MANY_REDIRECTS ||
                                (answer->err->code == CURLE_UNSUPPORTED_PROTOCOL && status != 0));
    if (attempt < rules->max_attempts && !permanent) {
        outcome.next = PS_PROBE_OUTCOME_RETRY;
        outcome.delay_ms = ps_backoff_ms(rules->backoff_ms, rules->backoff_cap_ms, attempt, rnd);
    }
    return outcome;
}
