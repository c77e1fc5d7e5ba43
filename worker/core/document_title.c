#include "worker/core/document_title.h"

#include "shared/core/alloc.h"
#include "shared/core/ascii.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "worker/core/document.h"
#include "worker/core/mail_address.h"
#include "worker/core/text_line.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DIGITS_MIN = 3, DIGITS_MAX = 5, LETTERS_MIN = 3 };

static bool is_word(char c)
{
    return ps_ascii_is_digit(c) || ps_ascii_is_letter(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_placeholder(char c)
{
    return c != '\0' && strchr("xXnN?#", c) != NULL;
}

size_t ps_title_number_len(const char *text)
{
    size_t at = 1;
    size_t digits = 0;

    if (text[0] == '\0' || strchr("dpnDPN", text[0]) == NULL)
        return 0;
    while (ps_ascii_is_digit(text[at + digits]))
        digits++;
    if (digits < DIGITS_MIN) /* "D0XXX", "NXXX3" */
        while (ps_ascii_is_digit(text[at + digits]) || is_placeholder(text[at + digits]))
            digits++;
    if (digits < DIGITS_MIN || digits > DIGITS_MAX)
        return 0;
    at += digits;
    if ((text[at] == 'r' || text[at] == 'R') &&
        (ps_ascii_is_digit(text[at + 1]) || is_placeholder(text[at + 1]))) {
        at++;
        while (ps_ascii_is_digit(text[at]) || is_placeholder(text[at]))
            at++;
    }
    return is_word(text[at]) ? 0 : at;
}

/* Returns the length of the separator after a document number, with its spaces. *out_strong: it is
 * more than a space, such as ":" or "-". */
static size_t separator_len(const char *text, bool *out_strong)
{
    size_t at = 0;

    *out_strong = false;
    for (;;) {
        if (text[at] == ' ') {
            at++;
        } else if (text[at] != '\0' && strchr(":|-.,;)]/", text[at]) != NULL) {
            *out_strong = true;
            at++;
        } else if (strncmp(text + at, "\xE2\x80\x93", 3) == 0 ||
                   strncmp(text + at, "\xE2\x80\x94", 3) == 0 ||
                   strncmp(text + at, "\xE2\x80\x90", 3) == 0 ||
                   strncmp(text + at, "\xE2\x88\x92", 3) == 0) {
            *out_strong = true;
            at += 3;
        } else {
            return at;
        }
    }
}

/* Whether two numbers mean the same paper: P1234 and D1234R2 do. */
static bool is_same_paper(const char *a, const char *b)
{
    size_t at = 1;

    while (ps_ascii_is_digit(a[at]) && a[at] == b[at])
        at++;
    return at > 1 && !ps_ascii_is_digit(a[at]) && !ps_ascii_is_digit(b[at]) &&
           ((a[0] | 0x20) == 'n') == ((b[0] | 0x20) == 'n');
}

static size_t prefix_len(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(list[i]);

        if (strncasecmp(text, list[i], n) == 0)
            return n;
    }
    return 0;
}

/* Returns the length of the number before the title, with everything around it: "Draft P1234R0: ",
 * "[D1234] ", "Document number: P1234R0 - ". */
static size_t number_before(const char *text, const char *own_number)
{
    static const char *const openings[] = { "document number: ",
                                            "document number ",
                                            "doc. no. ",
                                            "doc no: ",
                                            "wg21 paper ",
                                            "wg21/",
                                            "wg21 ",
                                            "draft ",
                                            "proposal ",
                                            "iso/iec jtc1/sc22/wg21 ",
                                            "iso/iec jtc1 sc22 wg21 ",
                                            "[",
                                            "(",
                                            "#" };
    size_t at = prefix_len(text, openings, PS_COUNT_OF(openings));
    size_t number = ps_title_number_len(text + at);
    const char *name = text + at;
    size_t gap;
    bool strong;

    if (number == 0)
        return 0;
    at += number;
    if (text[at] == '=') /* "N9041=26-0067": the committee's old double numbers */
        at += 1 + strspn(text + at + 1, "0123456789-/");
    gap = separator_len(text + at, &strong);
    if (text[at + gap] == '\0')
        return at + gap;
    if (gap == 0)
        return 0;
    /* "P1234/P1235 …": the first of several numbers is the subject of the title. */
    if (text[at] == '/' || ps_title_number_len(text + at + gap) > 0)
        return own_number != NULL && is_same_paper(name, own_number) &&
                       ps_title_number_len(text + at + gap) == strlen(text + at + gap)
                   ? at + gap
                   : 0;
    if (strong || own_number == NULL || is_same_paper(name, own_number) || is_placeholder(name[1]))
        return at + gap;
    return 0;
}

/* Returns the length of text without a number that is set apart at its end: "… [P1234R0]",
 * "… - P1234R0". */
static size_t without_number_after(const char *text, const char *own_number)
{
    size_t len = strlen(text);
    size_t start = len;
    size_t end = len;
    bool bracket = false, strong = false;

    if (end > 0 && (text[end - 1] == ']' || text[end - 1] == ')')) {
        bracket = true;
        end--;
    }
    start = end;
    while (start > 0 && is_word(text[start - 1]))
        start--;
    if (start == 0 || start == end || ps_title_number_len(text + start) != end - start)
        return len;
    if (bracket && (text[start - 1] != '[' && text[start - 1] != '('))
        return len;
    end = start;
    while (end > 0) {
        char c = text[end - 1];

        if (c != ' ' && strchr(":|-,;([", c) == NULL &&
            !(end >= 3 && (strncmp(text + end - 3, "\xE2\x80\x93", 3) == 0 ||
                           strncmp(text + end - 3, "\xE2\x80\x94", 3) == 0)))
            break;
        strong = strong || c != ' ';
        end -= (unsigned char)c >= 0x80 ? 3 : 1;
    }
    /* The number in "(revision of P1234R0)" and in "Response to P1234" is part of the title. */
    if (end == 0)
        return len;
    if (own_number != NULL ? is_same_paper(text + start, own_number) && strong : strong && bracket)
        return end;
    return len;
}

/* Whether text is the name of a file: "Microsoft Word - P1234.docx", "p1234_draft_final.pdf". Word
 * processors put it into the metadata when the author enters no title. */
static bool is_file_name(const char *text)
{
    static const char *const ends[] = { ".doc",  ".docx", ".odt", ".md",  ".pdf",   ".tex",
                                        ".html", ".htm",  ".rst", ".txt", ".dvi",   ".ps",
                                        ".ppt",  ".pptx", ".bs",  ".rtf", ".pages", ".adoc" };
    size_t len = strlen(text);

    for (size_t i = 0; i < PS_COUNT_OF(ends); i++) {
        size_t n = strlen(ends[i]);

        if (len > n && strcasecmp(text + len - n, ends[i]) == 0)
            return true;
    }
    if (strchr(text, ' ') != NULL)
        return false;
    /* A single word that begins with a document number. */
    for (size_t n = len; n > DIGITS_MIN; n--) {
        char *part = ps_alloc_copy(text, n);
        bool is_number = ps_title_number_len(part) == n;

        free(part);
        if (is_number && text[n] != '\0' && strchr("_-.", text[n]) != NULL)
            return true;
    }
    return false;
}

static bool is_made_by_program(const char *text)
{
    static const char *const names[] = {
        "untitled",
        "untitled document",
        "untitled 1",
        "title",
        "document",
        "document1",
        "paper",
        "draft",
        "markdown to pdf",
        "powerpoint presentation",
        "powerpoint-presentation",
        "slide 1",
        "presentation",
        "template",
        "paper template",
        "wg21 paper",
        "wg21 proposal",
        "contents",
        "table of contents",
        "abstract",
        "introduction",
        "index",
        "home",
        "readme",
        "no title",
        "insert title here",
        "new document",
        "latex document",
        "notes",
        "google docs",
        "proposal",
        "insert subject here",
        "main",
        "motivation",
        "overview",
        "programming language c++",
        "iso/iec jtc1/sc22/wg21",
        "header",
        "authors",
        "author",
        "revision history",
        "changelog",
        "todo",
        "skeleton",
        "output",
        "layout 1",
    };
    static const char *const starts[] = { "microsoft word - ",
                                          "microsoft powerpoint - ",
                                          "untitled-",
                                          "file:",
                                          "http:",
                                          "https:",
                                          "document number",
                                          "doc no",
                                          "reply-to",
                                          "reply to",
                                          "audience:",
                                          "date:",
                                          "project:" };

    for (size_t i = 0; i < PS_COUNT_OF(names); i++)
        if (strcasecmp(text, names[i]) == 0)
            return true;
    return prefix_len(text, starts, PS_COUNT_OF(starts)) > 0;
}

/* Removes, in place, backslashes before punctuation: "\<meta\>" comes from a template that escaped
 * the title twice. */
static void drop_escapes(char *text)
{
    size_t at = 0;

    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '\\' && text[i + 1] != '\0' && strchr("<>_*[]()`#&~|", text[i + 1]) != NULL)
            continue;
        text[at++] = text[i] == '\t' ? ' ' : text[i];
    }
    text[at] = '\0';
}

/* Resolves, in place, the HTML 5 entities that libxml2 does not know. Some Markdown tools write all
 * punctuation that way. */
static void resolve_entities(char *text)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {
        {"&colon;",   ':' },
        { "&plus;",   '+' },
        { "&lowbar;", '_' },
        { "&lpar;",   '(' },
        { "&rpar;",   ')' },
        { "&comma;",  ',' },
        { "&num;",    '#' },
        { "&period;", '.' },
        { "&ast;",    '*' },
        { "&equals;", '=' },
        { "&excl;",   '!' },
        { "&quest;",  '?' },
        { "&sol;",    '/' },
        { "&semi;",   ';' },
        { "&lsqb;",   '[' },
        { "&rsqb;",   ']' },
        { "&lbrack;", '[' },
        { "&rbrack;", ']' },
        { "&apos;",   '\''},
        { "&grave;",  '`' },
        { "&percnt;", '%' },
        { "&lcub;",   '{' },
        { "&rcub;",   '}' },
        { "&bsol;",   '\\'},
        { "&dollar;", '$' },
        { "&commat;", '@' },
        { "&verbar;", '|' },
        { "&hyphen;", '-' },
        { "&dash;",   '-' },
    };
    size_t at = 0;

    for (size_t i = 0; text[i] != '\0';) {
        size_t n = 1;
        char c = text[i];

        for (size_t k = 0; text[i] == '&' && k < PS_COUNT_OF(entities); k++) {
            if (strncmp(text + i, entities[k].name, strlen(entities[k].name)) == 0) {
                n = strlen(entities[k].name);
                c = entities[k].c;
                break;
            }
        }
        text[at++] = c;
        i += n;
    }
    text[at] = '\0';
}

char *ps_title_clean(const char *text, size_t len, const char *own_number)
{
    char *title = ps_text_line(text, len);
    size_t end, letters = 0;

    resolve_entities(title);
    drop_escapes(title);
    ps_mail_remove(title);
    for (size_t i = 0, n; i < 3 && (n = number_before(title, own_number)) > 0; i++)
        memmove(title, title + n, strlen(title + n) + 1);
    title[without_number_after(title, own_number)] = '\0';
    title[ps_utf8_cut(title, strlen(title), PS_DOCUMENT_TITLE_MAX)] = '\0';
    ps_mail_remove(title); /* the cuts may have joined parts of another address */
    end = strlen(title);
    while (end > 0 && (title[end - 1] == ' ' || title[end - 1] == '|'))
        title[--end] = '\0';
    for (size_t i = 0; i < end; i++)
        letters += ps_ascii_is_letter(title[i]) || (unsigned char)title[i] >= 0xC0;
    if (letters < LETTERS_MIN || is_file_name(title) || is_made_by_program(title) ||
        ps_title_number_len(title) == end) {
        free(title);
        return NULL;
    }
    return title;
}
