#include "worker/core/author_names.h"

#include "shared/core/alloc.h"
#include "shared/core/ascii.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "worker/core/document_title.h"
#include "worker/core/mail_address.h"
#include "worker/core/text_line.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

enum { TOKENS_MAX = 6, GUESS_TOKENS_MAX = 5, LABEL_MIN = 4 };

/* How a field is read: addresses and bracketed text are replaced by marks, the rest is split into
 * segments at separators, and each segment that looks like a person's name counts. The lists of
 * words below were collected from real papers; a new employer or role belongs there. */

/* A piece of the field between two separators. */
struct segment {
    struct ps_str text;
    struct ps_str domain; /* of the next address on the same line; empty when there is none */
    bool before_mail;     /* an address follows directly */
    bool after_comma;
};

/* Words that do not occur in names of persons: of employers, of groups, and of the field itself. */
static const char *const other_words[] = {
    "inc",          "llc",          "ltd",         "gmbh",
    "corp",         "corporation",  "company",     "co",
    "university",   "univ",         "institute",   "institut",
    "laboratory",   "laboratories", "labs",        "lab",
    "technologies", "technology",   "systems",     "software",
    "group",        "foundation",   "alliance",    "committee",
    "national",     "center",       "centre",      "research",
    "consulting",   "solutions",    "trading",     "google",
    "microsoft",    "apple",        "intel",       "nvidia",
    "bloomberg",    "ibm",          "amd",         "facebook",
    "amazon",       "oracle",       "deepmind",    "school",
    "college",      "department",   "dept",        "faculty",
    "street",       "avenue",       "usa",         "germany",
    "canada",       "france",       "switzerland", "kingdom",
    "states",       "working",      "library",     "evolution",
    "subgroup",     "wg21",         "lewg",        "ewg",
    "lwg",          "cwg",          "lewgi",       "ewgi",
    "iso",          "iec",          "jtc1",        "sc22",
    "c++",          "programming",  "language",    "draft",
    "proposal",     "paper",        "document",    "project",
    "version",      "revision",     "standard",    "audience",
    "date",         "email",        "e-mail",      "mail",
    "reply-to",     "author",       "authors",     "editor",
    "editors",      "chair",        "convener",    "secretary",
    "abstract",     "introduction", "contents",    "changelog",
    "none",         "n/a",          "tbd",         "various",
    "others",       "members",      "the",         "this",
    "phone",        "fax",          "tel",         "http",
    "https",        "www",          "github",      "published",
    "proposed",     "wording",      "motivation",  "acknowledgements",
    "history",      "changes",      "table",       "of",
    "for",          "to",           "in",          "with",
    "via",          "support",      "std",         "core",
    "issue",        "issues",       "report",      "minutes",
    "header",       "background",   "overview",    "summary",
    "references",   "design",       "scope",       "notes",
    "analytics",    "securities",   "capital",     "engineering",
    "services",     "studios",      "games",       "entertainment",
    "sciences",     "science",      "academy",     "ltda",
    "sarl",
};

/* Lower-case words within a name: "van der", "de la". */
static const char *const particles[] = { "van", "von", "de",  "der", "den", "du",  "la", "le",
                                         "di",  "da",  "dos", "das", "del", "bin", "al", "el",
                                         "y",   "ten", "ter", "af",  "zu",  "st",  "e",  "ibn" };

static const char *const titles[] = { "dr",  "dr.", "prof", "prof.", "mr",  "mr.", "ms",
                                      "ms.", "mrs", "mrs.", "by",    "by:", "sir" };

static const char *const suffixes[] = { "jr", "jr.", "sr",    "sr.",  "ii",  "iii",
                                        "iv", "phd", "ph.d.", "ph.d", "msc", "m.sc." };

static bool is_one_of(struct ps_str word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ps_str_is_fold(word, list[i]))
            return true;
    return false;
}

/* Whether the word has a capital at its start, or after a mark: "d'Orme", "al-Din". */
static bool is_capital(struct ps_str word)
{
    bool start = true;

    for (size_t at = 0; at < word.len;) {
        utf8proc_int32_t point = 0;
        utf8proc_category_t category;

        if (utf8proc_iterate((const utf8proc_uint8_t *)word.data + at,
                             (utf8proc_ssize_t)(word.len - at), &point) <= 0)
            point = 0;
        category = utf8proc_category(point);
        if (start && (category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT ||
                      category == UTF8PROC_CATEGORY_LO))
            return true;
        start = point == '\'' || point == '-' || point == '`' || point == 0x2019 ||
                point == 0x2018 || point == 0x2BC || point == 0x2010 || point == 0x2011;
        do
            at++;
        while (at < word.len && ((unsigned char)word.data[at] & 0xC0) == 0x80);
    }
    return false;
}

/* Whether the word has only letters and what joins them in names: ' ’ - . */
static bool is_word_of_name(struct ps_str word)
{
    size_t at = 0;
    bool letters = false;

    while (at < word.len) {
        utf8proc_int32_t point;
        utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)word.data + at,
                                                 (utf8proc_ssize_t)(word.len - at), &point);
        utf8proc_category_t category;

        if (size <= 0)
            return false;
        category = utf8proc_category(point);
        if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO)
            letters = true;
        else if (point != '\'' && point != '-' && point != '.' && point != '`' && point != 0xB4 &&
                 point != 0x2019 && point != 0x2018 && point != 0x2BC && point != 0x2010 &&
                 point != 0x2011 && category != UTF8PROC_CATEGORY_MN)
            return false;
        at += (size_t)size;
    }
    return letters;
}

/* Whether the word is an acronym, such as "LEWG" or "NVIDIA". Initials ("JF", "D.") are not. */
static bool is_acronym(struct ps_str word)
{
    size_t capitals = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < 'A' || word.data[i] > 'Z')
            return false;
        capitals++;
    }
    return capitals > 3;
}

static bool next_token(struct ps_str *rest, struct ps_str *out_token)
{
    while (ps_str_next(rest, ' ', out_token))
        if (out_token->len > 0)
            return true;
    return false;
}

static bool is_mark(char c)
{
    return (c >= '0' && c <= '9') || strchr("*#^~+:.,;<>\"|=_\\", c) != NULL;
}

/* Strips footnote marks and stray punctuation at both ends. A '.' after an initial stays. */
static struct ps_str trim_marks(struct ps_str text)
{
    static const char *const marks[] = { "\xE2\x80\xA0", "\xE2\x80\xA1", "\xC2\xA7", "\xC2\xB6",
                                         "\xC2\xB9",     "\xC2\xB2",     "\xC2\xB3", "\xC2\xA9",
                                         "\xE2\x88\x97", "\xE2\x80\xA2", "\xC2\xB7", "\xE2\x80\x93",
                                         "\xE2\x80\x94" };
    bool again = true;

    while (again) {
        again = false;
        text = ps_str_trim(text);
        while (text.len > 0 &&
               (is_mark(text.data[0]) || text.data[0] == '-' || text.data[0] == '/' ||
                text.data[0] == ')' || text.data[0] == ']' || text.data[0] == '}')) {
            text.data++;
            text.len--;
            again = true;
        }
        while (text.len > 0 && (is_mark(text.data[text.len - 1]) ||
                                strchr("-/([{", text.data[text.len - 1]) != NULL)) {
            /* "Jr." and the initial in "Walter E." keep their full stop. */
            if (text.data[text.len - 1] == '.' && text.len > 2 &&
                (text.data[text.len - 3] == ' ' || text.data[text.len - 3] == '.' ||
                 text.data[text.len - 3] == '-' ||
                 (text.len > 3 && text.data[text.len - 4] == ' ')))
                break;
            text.len--;
            again = true;
        }
        for (size_t i = 0; i < PS_COUNT_OF(marks); i++) {
            size_t n = strlen(marks[i]);

            if (text.len > n && memcmp(text.data, marks[i], n) == 0) {
                text.data += n;
                text.len -= n;
                again = true;
            }
            if (text.len > n && memcmp(text.data + text.len - n, marks[i], n) == 0) {
                text.len -= n;
                again = true;
            }
        }
    }
    return text;
}

static struct ps_str drop_titles(struct ps_str text)
{
    for (;;) {
        struct ps_str rest = text, token;

        if (!next_token(&rest, &token) || !is_one_of(token, titles, PS_COUNT_OF(titles)) ||
            rest.len == 0)
            return text;
        text = ps_str_trim(rest);
    }
}

/* Whether text is a name. certain: its place is that of a name, for example before an address, so
 * that a single word or lower-case letters are enough. */
static bool is_name(struct ps_str text, enum ps_author_trust trust, bool certain)
{
    struct ps_str rest = text, token;
    size_t tokens = 0, capitals = 0, full = 0, small = 0;
    bool last_full = false;

    if (text.len < 2 || text.len > PS_DOCUMENT_AUTHOR_MAX)
        return false;
    while (next_token(&rest, &token)) {
        struct ps_str bare = token;

        if (++tokens > (trust == PS_AUTHOR_FIELD ? TOKENS_MAX : GUESS_TOKENS_MAX))
            return false;
        while (bare.len > 0 && (bare.data[bare.len - 1] == '.' || bare.data[bare.len - 1] == ','))
            bare.len--;
        if (!is_word_of_name(token) || is_one_of(bare, other_words, PS_COUNT_OF(other_words)))
            return false;
        if (is_one_of(bare, particles, PS_COUNT_OF(particles)))
            continue;
        if (is_acronym(bare) && (trust == PS_AUTHOR_GUESS || !certain))
            return false;
        last_full = bare.len > 1;
        if (is_capital(token))
            capitals++;
        else
            small++;
        full += bare.len > 2 || (unsigned char)bare.data[0] >= 0x80;
    }
    if (full == 0 || (small > 0 && (trust == PS_AUTHOR_GUESS || !certain)))
        return false;
    if (tokens == 1)
        return certain && trust == PS_AUTHOR_FIELD;
    return trust == PS_AUTHOR_FIELD || (capitals >= 2 && last_full);
}

static bool is_known(const struct ps_document *document, const char *name)
{
    char *folded = ps_text_normalize(name, strlen(name));
    bool known = false;

    for (size_t i = 0; i < document->author_count && !known; i++) {
        char *other = ps_text_normalize(document->authors[i], strlen(document->authors[i]));

        known = strcmp(other, folded) == 0;
        free(other);
    }
    free(folded);
    return known;
}

static void add_name(struct ps_document *document, struct ps_str name)
{
    char *text = ps_text_line(name.data, name.len);
    struct ps_mail_span span;

    if (ps_mail_find(text, strlen(text), 0, &span) ||
        document->author_count == PS_DOCUMENT_AUTHORS_MAX || text[0] == '\0' ||
        is_known(document, text)) {
        free(text);
        return;
    }
    document->authors =
        ps_alloc_array(document->authors, document->author_count + 1, sizeof(*document->authors));
    document->authors[document->author_count++] = text;
}

/* Whether all words of text are in the domain: "Stellar Science" at stellarscience.example is an
 * employer, not a person. */
static bool is_in_domain(struct ps_str text, struct ps_str domain)
{
    struct ps_str rest = text, token;

    while (next_token(&rest, &token)) {
        if (token.len < LABEL_MIN)
            continue;
        for (size_t i = 0; i + token.len <= domain.len; i++)
            if (strncasecmp(domain.data + i, token.data, token.len) == 0)
                return true;
    }
    return false;
}

/* Adds the segment to the authors if it is a name. A suffix after a comma belongs to the name
 * before it: "Sam Rowan, Jr." Returns whether it was a name. */
static bool take_segment(struct ps_document *document, struct segment segment,
                         enum ps_author_trust trust, bool certain)
{
    struct ps_str name = drop_titles(trim_marks(segment.text));
    struct ps_str note = ps_str_trim(segment.text);
    bool is_number;
    char *text;

    /* A footnote explains a mark at a name: "1Elm Widgets". */
    if (document->author_count > 0 && note.len > 1 &&
        (note.data[0] == '*' || ps_ascii_is_digit(note.data[0])) &&
        ps_ascii_is_letter(note.data[1]))
        return false;
    if (name.len == 0 || is_one_of(name, suffixes, PS_COUNT_OF(suffixes)))
        return false;
    if (segment.after_comma && segment.domain.len > 0 && is_in_domain(name, segment.domain))
        return false;
    text = ps_alloc_copy(name.data, name.len);
    is_number = ps_title_number_len(text) == name.len; /* "NXXXX", "P1234R0" */
    free(text);
    if (is_number || !is_name(name, trust, certain))
        return false;
    add_name(document, name);
    return true;
}

/* Returns the length of the separator at text[at], 0 if there is none. */
static size_t separator_len(const char *text, size_t at, size_t len)
{
    static const char *const words[] = {
        " and ",          " & ",          " / ",      " - ",         " with ", " \xE2\x80\x93 ",
        " \xE2\x80\x94 ", "\xE2\x80\xA2", "\xC2\xB7", "\xEF\xBC\x8C"
    };

    if (strchr(",;\n\t|", text[at]) != NULL)
        return 1;
    if (text[at] == '/' && at > 0 && at + 1 < len)
        return 1;
    if (at == 0 && len > 4 && strncasecmp(text, "and ", 4) == 0)
        return 4;
    for (size_t i = 0; i < PS_COUNT_OF(words); i++) {
        size_t n = strlen(words[i]);

        if (n <= len - at && strncasecmp(text + at, words[i], n) == 0)
            return n;
    }
    return 0;
}

/* Replaces, in place, what cannot be part of a name by a separator: text in brackets, links. An
 * address in it leaves the mark \x01, because a word before an address is nearly always a name. */
enum { MAIL = '\x01' };

static void blank_out(char *text)
{
    size_t len = strlen(text);
    int depth = 0;
    char close = '\0';
    size_t open_at = 0;

    for (size_t i = 0; i < len; i++) {
        if (depth == 0 && strchr("([{<", text[i]) != NULL && text[i] != '\0') {
            close = text[i] == '(' ? ')' : text[i] == '[' ? ']' : text[i] == '{' ? '}' : '>';
            depth = 1;
            open_at = i;
        } else if (depth == 1 && (text[i] == close || text[i] == '\n')) {
            bool has_mail = memchr(text + open_at, MAIL, i - open_at) != NULL;

            /* A bracket that is not closed hides the rest of its line. */
            memset(text + open_at, ' ', i - open_at + (text[i] == close));
            text[open_at] = has_mail ? MAIL : ';';
            depth = 0;
        } else if (depth == 0 && len - i > 7 &&
                   (strncasecmp(text + i, "http://", 7) == 0 ||
                    strncasecmp(text + i, "https://", 7) == 0)) {
            while (i < len && strchr(" \n\t,;", text[i]) == NULL)
                text[i++] = ';';
        }
    }
    if (depth == 1) {
        bool has_mail = memchr(text + open_at, MAIL, len - open_at) != NULL;

        memset(text + open_at, ' ', len - open_at);
        text[open_at] = has_mail ? MAIL : ';';
    }
}

/* Cuts, in place, the rest of a line after "with contributions by", "on behalf of" and the like:
 * those people are not authors. */
static void cut_others(char *text)
{
    static const char *const starts[] = {
        "with contribution", "with help",    "with thanks",      "with input",
        "with special",      "on behalf of", "contributions by", "with feedback",
        "with support",      "thanks to",    "reviewed by",      "additional edits by"
    };

    for (size_t at = 0; text[at] != '\0'; at++) {
        if (at > 0 && text[at - 1] != ' ' && text[at - 1] != '\n' && text[at - 1] != '(')
            continue;
        for (size_t i = 0; i < PS_COUNT_OF(starts); i++) {
            if (strncasecmp(text + at, starts[i], strlen(starts[i])) != 0)
                continue;
            memset(text + at, ';', strcspn(text + at, "\n"));
            break;
        }
    }
}

/* Replaces each address by \x01 and keeps the first domain of each line for its segments. */
static void mark_mails(char *text, char *domains)
{
    size_t len = strlen(text);
    struct ps_mail_span span;
    size_t from = 0;

    while (ps_mail_find(text, len, from, &span)) {
        memcpy(domains + span.domain, text + span.domain, span.end - span.domain);
        memset(text + span.start, ' ', span.end - span.start);
        text[span.start] = MAIL;
        from = span.end;
    }
}

/* Returns the domain of the first address at or after at on the same line, empty if none. */
static struct ps_str domain_after(const char *text, const char *domains, size_t at, size_t len)
{
    struct ps_str domain = { domains, 0 };

    while (at < len && domains[at] == '\0' && text[at] != '\n')
        at++;
    domain.data = domains + at;
    while (at < len && domains[at] != '\0') {
        domain.len++;
        at++;
    }
    return domain;
}

size_t ps_author_names_add(struct ps_document *document, const char *text,
                           enum ps_author_trust trust)
{
    size_t len = strlen(text);
    char *work = ps_alloc_copy(text, len);
    char *domains = ps_alloc_zero(len + 1, 1);
    size_t found = 0;
    bool after_comma = false;
    bool first = true; /* the segment is the first one on its line */
    size_t before = 0; /* names found before this line, or before the last address on it */

    for (size_t i = 0; i < len; i++)
        if (work[i] == MAIL)
            work[i] = ' ';
    cut_others(work);
    mark_mails(work, domains);
    blank_out(work);
    for (size_t start = 0, at = 0; at <= len;) {
        size_t gap = at == len ? 1 : work[at] == MAIL ? 1 : separator_len(work, at, len);
        struct segment segment;
        size_t next;

        if (gap == 0) {
            at++;
            continue;
        }
        next = at;
        while (next < len && (work[next] == ' ' || work[next] == ';' || work[next] == ','))
            next++;
        segment = (struct segment){
            .text = {work + start, at - start},
            .domain = domain_after(work, domains, at, len),
            .before_mail = next < len && work[next] == MAIL,
            .after_comma = after_comma
        };
        if (ps_str_trim(segment.text).len > 0) {
            bool certain = segment.before_mail || (first && !after_comma && found == 0);

            /* "A. Author | Elm Widgets | a@example.org": a row names one person, then the employer.
             */
            if (!(start > 0 && work[start - 1] == '\t' && found > before && segment.domain.len > 0))
                found += take_segment(document, segment, trust, certain);
            first = false;
            after_comma = at < len && (work[at] == ',' || work[at] == ';');
        }
        if (at < len && (work[at] == '\n' || work[at] == MAIL)) {
            first = true;
            after_comma = false;
            before = found;
        }
        at += gap;
        start = at;
    }
    free(work);
    free(domains);
    return found;
}

bool ps_author_name_is(const char *text)
{
    struct ps_str name = ps_str_of(text);
    struct ps_str bare = drop_titles(trim_marks(name));

    return bare.len > 0 && bare.len + 3 >= name.len && is_name(bare, PS_AUTHOR_GUESS, false);
}
