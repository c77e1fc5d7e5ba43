#include "worker/core/mail_address.h"

#include <string.h>
#include <strings.h>

enum { LOCAL_MAX = 100, LIST_MAX = 300 };

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* A word that authors write for "@" or ".", in brackets or between spaces. */
struct word {
    const char *text;
    bool needs_dot; /* "at" alone is English: only a domain with a dot makes it an address */
};

static const struct word ats[] = {
    {"@",       false},
    { " @ ",    true },
    { "@ ",     true },
    { " @",     true },
    { "(at)",   false},
    { " (at) ", false},
    { "[at]",   false},
    { " [at] ", false},
    { "<at>",   false},
    { " <at> ", false},
    { "{at}",   false},
    { " {at} ", false},
    { "(@)",    false},
    { " (@) ",  false},
    { "[@]",    false},
    { " AT ",   true },
    { " at ",   true },
};

static const char *const dots[] = { " (dot) ", "(dot)", " [dot] ", "[dot]", " {dot} ",
                                    "{dot}",   " dot ", " DOT ",   " . " };

static size_t at_len(const char *text, size_t len, bool *out_needs_dot)
{
    size_t best = 0;

    for (size_t i = 0; i < PS_COUNT_OF(ats); i++) {
        size_t n = strlen(ats[i].text);

        if (n > best && n <= len && strncasecmp(text, ats[i].text, n) == 0) {
            best = n;
            *out_needs_dot = ats[i].needs_dot;
        }
    }
    return best;
}

static size_t dot_len(const char *text, size_t len)
{
    for (size_t i = 0; i < PS_COUNT_OF(dots); i++) {
        size_t n = strlen(dots[i]);

        if (n < len && strncasecmp(text, dots[i], n) == 0)
            return n;
    }
    return 0;
}

/* The end of the domain that begins at text[at]; *out_dots counts its dots, written as whatever. */
static size_t domain_end(const char *text, size_t len, size_t at, int *out_dots)
{
    size_t end = at;

    *out_dots = 0;
    while (end < len) {
        size_t dot;

        if (is_alnum(text[end]) || text[end] == '-') {
            end++;
        } else if (text[end] == '.' && end + 1 < len &&
                   (is_alnum(text[end + 1]) || text[end + 1] == '-' || text[end + 1] == '.')) {
            ++*out_dots;
            end++;
        } else if (end > at && (dot = dot_len(text + end, len - end)) > 0 &&
                   is_alnum(text[end + dot])) {
            ++*out_dots;
            end += dot;
        } else {
            break;
        }
    }
    return end;
}

/* "Looking at std.ranges" is no address: after the English word only a domain that ends as those of
 * people's mailboxes do counts. */
static bool ends_as_mailbox(const char *domain, size_t len)
{
    static const char *const ends[] = { "com", "org", "net", "edu",  "gov",  "dev", "me", "io",
                                        "eu",  "de",  "uk",  "ch",   "fr",   "us",  "ca", "nl",
                                        "se",  "fi",  "no",  "pl",   "es",   "it",  "at", "il",
                                        "jp",  "cz",  "au",  "info", "name", "ac" };
    size_t last = len;

    while (last > 0 && is_alnum(domain[last - 1]))
        last--;
    for (size_t i = 0; i < PS_COUNT_OF(ends); i++)
        if (strlen(ends[i]) == len - last && strncasecmp(domain + last, ends[i], len - last) == 0)
            return true;
    return false;
}

/* Length of what stands for a dot before text[at], 0 for none. */
static size_t dot_before(const char *text, size_t at, size_t from)
{
    for (size_t i = 0; i < PS_COUNT_OF(dots); i++) {
        size_t n = strlen(dots[i]);

        if (at > from + n && strncasecmp(text + at - n, dots[i], n) == 0)
            return n;
    }
    return 0;
}

/* The start of the local part that ends at text[end]: also of a list "{a, b}". end: there is none.
 */
static size_t local_start(const char *text, size_t end, size_t from)
{
    size_t at = end;

    if (at > from && (text[at - 1] == '}' || text[at - 1] == ']')) {
        char open = text[at - 1] == '}' ? '{' : '[';

        while (at > from && end - at < LIST_MAX && text[at - 1] != open)
            at--;
        return at > from && text[at - 1] == open ? at - 1 : end;
    }
    while (at > from && end - at < LOCAL_MAX) {
        size_t dot = at < end ? dot_before(text, at, from) : 0;

        if (dot > 0)
            at -= dot;
        else if (is_alnum(text[at - 1]) ||
                 (text[at - 1] != '\0' && strchr("._%+-", text[at - 1]) != NULL))
            at--;
        else
            break;
    }
    while (at < end && (!is_alnum(text[at]) || ((unsigned char)text[at] & 0xC0) == 0x80))
        at++; /* the limit may have stopped within a character */
    return at;
}

bool ps_mail_find(const char *text, size_t len, size_t from, struct ps_mail_span *out_span)
{
    for (size_t at = from; at < len; at++) {
        bool needs_dot = false;
        size_t n;
        size_t start;
        size_t end;
        int dots_seen;

        if (strchr("@ ([<{", text[at]) == NULL || text[at] == '\0')
            continue;
        n = at_len(text + at, len - at, &needs_dot);
        if (n == 0)
            continue;
        start = local_start(text, at, from);
        end = domain_end(text, len, at + n, &dots_seen);
        if (start == at || end == at + n || (needs_dot && dots_seen == 0))
            continue;
        if (needs_dot && strncasecmp(text + at, " at ", 4) == 0 &&
            !ends_as_mailbox(text + at + n, end - at - n))
            continue;
        out_span->start = start;
        out_span->at = at;
        out_span->domain = at + n;
        out_span->end = end;
        return true;
    }
    return false;
}

void ps_mail_remove(char *text)
{
    size_t len = strlen(text);
    struct ps_mail_span span;
    size_t from = 0;

    while (ps_mail_find(text, len, from, &span)) {
        while (span.start > 0 && strchr("<([{\"' ", text[span.start - 1]) != NULL)
            span.start--;
        while (span.end < len && strchr(">)]}\"'", text[span.end]) != NULL)
            span.end++;
        if (span.start > 0 && span.end < len && text[span.end] != ' ')
            text[span.start++] = ' ';
        memmove(text + span.start, text + span.end, len - span.end + 1);
        len -= span.end - span.start;
        from = 0; /* what stood around it may make another: "a@@b@c" */
    }
    while (len > 0 && text[len - 1] == ' ')
        text[--len] = '\0';
    from = strspn(text, " ");
    memmove(text, text + from, len - from + 1);
}
