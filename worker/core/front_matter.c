#include "worker/core/front_matter.h"

#include "shared/core/alloc.h"
#include "shared/core/ascii.h"
#include "shared/core/buf.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "worker/core/author_names.h"
#include "worker/core/document_title.h"
#include "worker/core/mail_address.h"
#include "worker/core/text_line.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FIELD_LINES = 160, /* first lines, in which fields are searched */
    VALUE_MAX = 4096,  /* bytes of one field's value */
    LABEL_MAX = 40,    /* bytes of a field's name */
    SHORT_LINE = 80,   /* bytes of the longest affiliation or address */
    BYLINE_LINES = 12, /* lines after the title, in which a by-line is searched */
    DATE_MAX = 40,
    DATE_DIGITS_MAX = 10,
    BYLINE_MAX = 200,     /* bytes of a by-line */
    VALUE_LINES_MAX = 90, /* lines of one field */
    HEADINGS_MAX = 3,     /* headings before the first section: title, subtitle and one more */
};

enum label {
    LABEL_NONE,
    LABEL_AUTHOR, /* its value lists the authors */
    LABEL_MAIL,   /* its value may contain authors; it does not end their field */
    LABEL_NUMBER, /* its value is the document's number */
    LABEL_DATE,
    LABEL_TITLE,
    LABEL_OTHER,
};

/* Names of fields in lower-case letters only: "Reply-To(s) :" is "replytos". */
static const struct {
    const char *name;
    enum label label;
} labels[] = {
    {"replyto",               LABEL_AUTHOR},
    { "replytos",             LABEL_AUTHOR},
    { "replies",              LABEL_AUTHOR},
    { "repliesto",            LABEL_AUTHOR},
    { "replytoemail",         LABEL_AUTHOR},
    { "author",               LABEL_AUTHOR},
    { "authors",              LABEL_AUTHOR},
    { "mainauthor",           LABEL_AUTHOR},
    { "primaryauthor",        LABEL_AUTHOR},
    { "leadauthor",           LABEL_AUTHOR},
    { "coauthor",             LABEL_AUTHOR},
    { "coauthors",            LABEL_AUTHOR},
    { "editor",               LABEL_AUTHOR},
    { "editors",              LABEL_AUTHOR},
    { "coeditor",             LABEL_AUTHOR},
    { "coeditors",            LABEL_AUTHOR},
    { "projecteditor",        LABEL_AUTHOR},
    { "correspondingauthor",  LABEL_AUTHOR},
    { "correspondingauthors", LABEL_AUTHOR},
    { "writtenby",            LABEL_AUTHOR},
    { "respondto",            LABEL_AUTHOR},
    { "answerto",             LABEL_AUTHOR},
    { "email",                LABEL_MAIL  },
    { "emails",               LABEL_MAIL  },
    { "mail",                 LABEL_MAIL  },
    { "contact",              LABEL_MAIL  },
    { "contacts",             LABEL_MAIL  },
    { "from",                 LABEL_MAIL  },
    { "documentnumber",       LABEL_NUMBER},
    { "documentnumbers",      LABEL_NUMBER},
    { "documentno",           LABEL_NUMBER},
    { "document",             LABEL_NUMBER},
    { "documentid",           LABEL_NUMBER},
    { "docnumber",            LABEL_NUMBER},
    { "docno",                LABEL_NUMBER},
    { "docnum",               LABEL_NUMBER},
    { "doc",                  LABEL_NUMBER},
    { "number",               LABEL_NUMBER},
    { "paper",                LABEL_NUMBER},
    { "papernumber",          LABEL_NUMBER},
    { "wgdocumentnumber",     LABEL_NUMBER},
    { "date",                 LABEL_DATE  },
    { "dates",                LABEL_DATE  },
    { "published",            LABEL_DATE  },
    { "lastupdated",          LABEL_DATE  },
    { "project",              LABEL_OTHER },
    { "projectnumber",        LABEL_OTHER },
    { "programminglanguage",  LABEL_OTHER },
    { "programminglanguagec", LABEL_OTHER },
    { "audience",             LABEL_OTHER },
    { "audiences",            LABEL_OTHER },
    { "targetaudience",       LABEL_OTHER },
    { "intendedaudience",     LABEL_OTHER },
    { "target",               LABEL_OTHER },
    { "group",                LABEL_OTHER },
    { "subgroup",             LABEL_OTHER },
    { "workinggroup",         LABEL_OTHER },
    { "evolutiongroup",       LABEL_OTHER },
    { "revises",              LABEL_OTHER },
    { "revision",             LABEL_OTHER },
    { "revisions",            LABEL_OTHER },
    { "previousrevisions",    LABEL_OTHER },
    { "previousversion",      LABEL_OTHER },
    { "previousversions",     LABEL_OTHER },
    { "replaces",             LABEL_OTHER },
    { "supersedes",           LABEL_OTHER },
    { "obsoletes",            LABEL_OTHER },
    { "reference",            LABEL_OTHER },
    { "references",           LABEL_OTHER },
    { "title",                LABEL_TITLE },
    { "subject",              LABEL_TITLE },
    { "topic",                LABEL_OTHER },
    { "status",               LABEL_OTHER },
    { "thisversion",          LABEL_OTHER },
    { "latestversion",        LABEL_OTHER },
    { "latest",               LABEL_OTHER },
    { "version",              LABEL_OTHER },
    { "issuetracking",        LABEL_OTHER },
    { "source",               LABEL_OTHER },
    { "papersource",          LABEL_OTHER },
    { "implementation",       LABEL_OTHER },
    { "github",               LABEL_OTHER },
    { "githubissue",          LABEL_OTHER },
    { "url",                  LABEL_OTHER },
    { "link",                 LABEL_OTHER },
    { "category",             LABEL_OTHER },
    { "abstract",             LABEL_OTHER },
    { "contents",             LABEL_OTHER },
    { "tableofcontents",      LABEL_OTHER },
    { "introduction",         LABEL_OTHER },
    { "contributor",          LABEL_OTHER },
    { "contributors",         LABEL_OTHER },
    { "acknowledgements",     LABEL_OTHER },
    { "copyright",            LABEL_OTHER },
    { "keywords",             LABEL_OTHER },
    { "shipvehicle",          LABEL_OTHER },
    { "toolchain",            LABEL_OTHER },
    { "summary",              LABEL_OTHER },
    { "note",                 LABEL_OTHER },
    { "notes",                LABEL_OTHER },
    { "history",              LABEL_OTHER },
    { "revisionhistory",      LABEL_OTHER },
    { "changelog",            LABEL_OTHER },
    { "overview",             LABEL_OTHER },
    { "motivation",           LABEL_OTHER },
};

struct ps_front_matter *ps_front_matter_create(void)
{
    return ps_alloc_zero(1, sizeof(struct ps_front_matter));
}

void ps_front_matter_destroy(struct ps_front_matter *front)
{
    if (front == NULL)
        return;
    for (size_t i = 0; i < front->count; i++)
        free(front->lines[i].text);
    free(front);
}

/* Returns the field that text names, LABEL_NONE if it is not the name of one. */
static enum label label_of(const char *text, size_t len)
{
    char name[LABEL_MAX + 1];
    size_t at = 0;

    if (len > LABEL_MAX)
        return LABEL_NONE;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if (c >= 'a' && c <= 'z')
            name[at++] = c;
        else if ((c >= '0' && c <= '9') || (unsigned char)c >= 0x80 || c == '@')
            return LABEL_NONE;
    }
    name[at] = '\0';
    for (size_t i = 0; i < PS_COUNT_OF(labels); i++)
        if (strcmp(name, labels[i].name) == 0)
            return labels[i].label;
    return LABEL_NONE;
}

/* Whether a line that begins with text up to the colon is a field, known or not. "std::vector" and
 * "http:" are not. */
static bool looks_like_field(const char *text, size_t colon)
{
    size_t spaces = 0;

    if (colon == 0 || colon > LABEL_MAX || text[colon + 1] == ':' || text[colon + 1] == '/')
        return false;
    for (size_t i = 0; i < colon; i++) {
        char c = text[i];

        spaces += c == ' ';
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c != '\0' && strchr(" -/#().", c) != NULL)))
            return false;
    }
    return spaces <= 3 && text[0] >= 'A' && text[0] <= 'Z';
}

/* Returns the field that the line begins with. Sets *out_value to the offset of its value. */
static enum label line_label(const struct ps_front_line *line, size_t *out_value)
{
    static const char *const bare[] = { "reply-to ", "reply to ", "reply-to\t",
                                        "authors: ", "author: " };
    const char *text = line->text;
    size_t colon = strcspn(text, ":");
    size_t tab = strcspn(text, "\t");
    size_t end = colon < tab ? colon : tab;
    enum label label = label_of(text, end);

    *out_value = end;
    if (label != LABEL_NONE) {
        *out_value += strspn(text + end, ": \t");
        return label;
    }
    for (size_t i = 0; i < PS_COUNT_OF(bare); i++) {
        if (strncasecmp(text, bare[i], strlen(bare[i])) == 0) {
            *out_value = strlen(bare[i]);
            return LABEL_AUTHOR;
        }
    }
    if (text[colon] == ':' && colon < tab && looks_like_field(text, colon)) {
        *out_value = colon + 1 + strspn(text + colon + 1, " \t");
        return LABEL_OTHER;
    }
    return LABEL_NONE;
}

bool ps_front_line_is_field(const struct ps_front_line *line)
{
    size_t end = strcspn(line->text, ":\t");

    return label_of(line->text, end) != LABEL_NONE;
}

/* Returns the offset of a second field within the line ("Date: 2019-01-12 Reply-to: A"), 0 if there
 * is none. */
static size_t inner_field(const char *text)
{
    size_t len = strlen(text);

    for (size_t colon = 1; colon < len; colon++) {
        size_t start = colon;

        if (text[colon] != ':')
            continue;
        for (int words = 0; words < 2; words++) {
            while (start > 0 && text[start - 1] == ' ')
                start--;
            while (start > 0 && strchr(" \t,;", text[start - 1]) == NULL)
                start--;
            if (start == 0 || text[start] < 'A' || text[start] > 'Z')
                continue;
            switch (label_of(text + start, colon - start)) {
            case LABEL_AUTHOR:
            case LABEL_NUMBER:
            case LABEL_DATE:
                return start;
            default:
                break;
            }
        }
    }
    return 0;
}

bool ps_front_matter_add(struct ps_front_matter *front, const char *text, size_t len,
                         const struct ps_front_line *like)
{
    struct ps_front_line line = *like;
    struct ps_mail_span span;
    size_t inner;

    line.text = ps_text_line(text, ps_utf8_cut(text, len, PS_FRONT_LINE_MAX));
    if (line.text[strspn(line.text, "\t ")] == '\0') {
        free(line.text);
        return front->count < PS_FRONT_LINES_MAX;
    }
    if (front->count == PS_FRONT_LINES_MAX) {
        free(line.text);
        return false;
    }
    line.has_mail = line.has_mail || ps_mail_find(line.text, strlen(line.text), 0, &span);
    front->lines[front->count++] = line;
    inner = line.heading == 0 && !line.is_title && front->count < PS_FRONT_LINES_MAX
                ? inner_field(line.text)
                : 0;
    if (inner > 0) {
        struct ps_front_line rest = line;

        rest.text = ps_alloc_text(line.text + inner);
        line.text[inner] = '\0';
        while (inner > 0 && strchr(" \t,;", line.text[inner - 1]) != NULL)
            line.text[--inner] = '\0';
        front->lines[front->count++] = rest;
    }
    return front->count < PS_FRONT_LINES_MAX;
}

char *ps_front_matter_number(const struct ps_front_matter *front)
{
    for (size_t i = 0; i < front->count && i < FIELD_LINES; i++) {
        size_t value;
        size_t len;

        if (line_label(&front->lines[i], &value) != LABEL_NUMBER)
            continue;
        len = ps_title_number_len(front->lines[i].text + value);
        if (len > 0)
            return ps_alloc_copy(front->lines[i].text + value, len);
    }
    for (size_t i = 0; i < front->count && i < BYLINE_LINES; i++) {
        size_t len = ps_title_number_len(front->lines[i].text);

        if (len > 0 && front->lines[i].text[len] == '\0')
            return ps_alloc_copy(front->lines[i].text, len);
    }
    return NULL;
}

const char *ps_front_matter_title_field(const struct ps_front_matter *front)
{
    for (size_t i = 0; i < front->count && i < FIELD_LINES; i++) {
        size_t value;

        if (line_label(&front->lines[i], &value) == LABEL_TITLE &&
            front->lines[i].text[value] != '\0')
            return front->lines[i].text + value;
    }
    return NULL;
}

bool ps_front_label_is(const char *text, size_t len)
{
    return label_of(text, len) != LABEL_NONE;
}

/* Whether text is a date: "2019-01-12", "12 January 2019", "Nov 30, 2020". It is short and has a
 * year and little else. */
static bool is_date(const char *text)
{
    size_t len = strlen(text);
    size_t digits = 0;
    bool year = false;

    if (len > DATE_MAX || strchr(text, '@') != NULL)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool starts =
            i == 0 || (!ps_ascii_is_letter(text[i - 1]) && !ps_ascii_is_digit(text[i - 1]));

        digits += ps_ascii_is_digit(text[i]);
        year = year ||
               (starts && (strncmp(text + i, "20", 2) == 0 || strncmp(text + i, "19", 2) == 0) &&
                ps_ascii_is_digit(text[i + 2]) && ps_ascii_is_digit(text[i + 3]) &&
                !ps_ascii_is_letter(text[i + 4]) && !ps_ascii_is_digit(text[i + 4]));
    }
    return year && digits <= DATE_DIGITS_MAX;
}

static bool ends_fields(const char *text)
{
    static const char *const words[] = { "abstract",          "contents",         "introduction",
                                         "table of contents", "revision history", "changelog",
                                         "motivation",        "overview",         "history",
                                         "background",        "summary",          "revisions" };
    const char *at = text + strspn(text, "0123456789. \t");

    for (size_t i = 0; i < PS_COUNT_OF(words); i++) {
        size_t n = strlen(words[i]);

        if (strncasecmp(at, words[i], n) == 0 && (at[n] == '\0' || strchr(" .:\t", at[n]) != NULL))
            return true;
    }
    return false;
}

/* Whether line continues the value of the field that begins at label. before is the line before
 * it. */
static bool continues(const struct ps_front_line *label, const struct ps_front_line *before,
                      const struct ps_front_line *line)
{
    bool in_cell = strchr(label->text, '\t') != NULL;

    if (line->is_title ||
        (line->heading > 0 && line->heading <= (label->heading > 0 ? label->heading : 6)) ||
        is_date(line->text) || ends_fields(line->text) ||
        ps_title_number_len(line->text) == strlen(line->text))
        return false;
    if (label->heading > 0)
        return true;
    if (line->top > 0) { /* a line of a PDF: decide by its position */
        double height = before->size > 0 ? before->size : 12;

        if (line->top - before->top > 3 * height || line->size > 1.3 * label->size)
            return false;
        if (in_cell)
            return line->left > label->left - 12;
        return line->left >= label->left - 6 || line->has_mail;
    }
    if (line->container != label->container)
        return label->container == 0 && line->has_mail && strlen(line->text) < BYLINE_MAX;
    if (line->container > 0) {
        /* A row whose first cell is not empty begins another field, unless it lists a person. */
        if (in_cell && line->text[0] != '\t' && strchr(line->text, '\t') != NULL)
            return line->has_mail;
        return true;
    }
    return line->paragraph == label->paragraph ||
           (line->has_mail && strlen(line->text) < BYLINE_MAX);
}

/* Reads the field of authors that begins at lines[at]; value is the offset of its value. Returns
 * the index of the line after the field. */
static size_t read_field(const struct ps_front_matter *front, size_t at, size_t value,
                         struct ps_document *document)
{
    const struct ps_front_line *label = &front->lines[at];
    struct ps_buf text;
    size_t next = at + 1;

    ps_buf_init(&text, VALUE_MAX);
    if (label->is_author) /* marked up: one person per line, and a single word is a name too */
        ps_author_names_add(document, label->text + value, PS_AUTHOR_FIELD);
    else
        ps_buf_text(&text, label->text + value);
    for (; next < front->count && next - at < VALUE_LINES_MAX; next++) {
        const struct ps_front_line *line = &front->lines[next];
        size_t start;
        enum label kind = line_label(line, &start);

        if (kind != LABEL_NONE && kind != LABEL_MAIL)
            break;
        if (kind == LABEL_NONE)
            start = 0;
        if (!continues(label, &front->lines[next - 1], line))
            break;
        if (line->is_author)
            ps_author_names_add(document, line->text + start, PS_AUTHOR_FIELD);
        else if (!ps_buf_char(&text, '\n') || !ps_buf_text(&text, line->text + start))
            break;
        /* A long line of prose is not a list of people. */
        if (strlen(line->text) > SHORT_LINE && !line->has_mail && strchr(line->text, ',') == NULL)
            break;
    }
    ps_author_names_add(document, ps_buf_str(&text), PS_AUTHOR_FIELD);
    ps_buf_clear(&text);
    return next;
}

/* Returns the index of the line where the document's text begins. Fields after it belong to
 * something else, such as a quoted issue or a list of changes. */
static size_t front_end(const struct ps_front_matter *front)
{
    bool field_seen = false;
    int headings = 0;

    for (size_t i = 0; i < front->count && i < FIELD_LINES; i++) {
        const struct ps_front_line *line = &front->lines[i];
        size_t value;
        enum label label = line_label(line, &value);

        if ((line->heading > 0 || line->top > 0) && ends_fields(line->text) && field_seen)
            return i;
        field_seen =
            field_seen || label == LABEL_AUTHOR || label == LABEL_NUMBER || label == LABEL_DATE;
        headings += line->heading > 0 && label != LABEL_AUTHOR;
        if (headings > HEADINGS_MAX)
            return i;
    }
    return front->count < FIELD_LINES ? front->count : FIELD_LINES;
}

static void read_fields(const struct ps_front_matter *front, enum label wanted,
                        struct ps_document *document)
{
    size_t end = front_end(front);

    for (size_t i = 0; i < end;) {
        size_t value;
        enum label label = line_label(&front->lines[i], &value);

        i = label == wanted ? read_field(front, i, value, document) : i + 1;
    }
}

/* Whether the line has a name in the place of a by-line: with an address or before one, and after
 * the title also next to a date, or directly. */
static bool is_byline(const struct ps_front_matter *front, size_t at, size_t title_line)
{
    const struct ps_front_line *line = &front->lines[at];
    const struct ps_front_line *next = at + 1 < front->count ? line + 1 : NULL;
    const struct ps_front_line *after = at + 2 < front->count ? line + 2 : NULL;

    if (line->has_mail)
        return true;
    if (line->heading > 0 && !ps_author_name_is(line->text))
        return false;
    if (next != NULL && next->has_mail && (at > title_line || ps_author_name_is(line->text)))
        return true;
    if (title_line >= front->count || at < title_line)
        return false;
    return at == title_line + 1 || (after != NULL && after->has_mail) ||
           (next != NULL && is_date(next->text)) || is_date(line[-1].text);
}

/* Reads the names near the title that no field introduces. */
static void read_byline(const struct ps_front_matter *front, size_t title_line,
                        struct ps_document *document)
{
    size_t end = title_line < front->count ? title_line + 1 + BYLINE_LINES : BYLINE_LINES;
    int group = -1; /* the paragraph of the last name that was found */

    for (size_t i = 0; i < front->count && i < end; i++) {
        const struct ps_front_line *line = &front->lines[i];
        size_t value;

        if (i == title_line || line->is_title)
            continue;
        if (i > title_line && ends_fields(line->text))
            break;
        if (strlen(line->text) > BYLINE_MAX || line_label(line, &value) != LABEL_NONE)
            continue;
        if (!is_byline(front, i, title_line) && line->paragraph != group)
            continue;
        if (ps_author_names_add(document, line->text, PS_AUTHOR_GUESS) > 0)
            group = line->top > 0 ? -1 : line->paragraph; /* a PDF has no paragraphs */
    }
}

void ps_front_matter_authors(const struct ps_front_matter *front, size_t title_line,
                             struct ps_document *document)
{
    bool marked; /* no field names the authors, so the lines that the page marks do */

    read_fields(front, LABEL_AUTHOR, document);
    marked = document->author_count == 0;
    for (size_t i = 0; marked && i < front->count; i++)
        if (front->lines[i].is_author)
            ps_author_names_add(document, front->lines[i].text, PS_AUTHOR_FIELD);
    if (document->author_count == 0)
        read_fields(front, LABEL_MAIL, document);
    if (document->author_count == 0)
        read_byline(front, title_line, document);
}
