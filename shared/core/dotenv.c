#include "shared/core/dotenv.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SHOWN_MAX = 32 }; /* bytes of a name that an error quotes */

struct pair {
    char *name;
    char *value;
};

struct ps_dotenv {
    struct pair *pairs;
    size_t len;
    size_t size;
};

/* The state of one ps_dotenv_parse. */
struct reader {
    struct ps_dotenv *dotenv;
    ps_dotenv_lookup_fn lookup;
    void *cookie;
    size_t expanded;  /* bytes of all values; bounds the exponential growth of A=${B}${B},
                         B=${C}${C}, … */
    char reason[128]; /* the error of the line; never quotes a value */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_name(struct ps_str text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
              (i > 0 && c >= '0' && c <= '9')))
            return false;
    }
    return text.len > 0;
}

static struct ps_str skip(struct ps_str text, size_t count)
{
    return (struct ps_str){ text.data + count, text.len - count };
}

static void set(struct ps_dotenv *dotenv, struct ps_str name, char *value)
{
    size_t i;

    for (i = 0; i < dotenv->len; i++) {
        if (ps_str_is_fold(name, dotenv->pairs[i].name)) {
            free(dotenv->pairs[i].value);
            dotenv->pairs[i].value = value;
            return;
        }
    }
    if (dotenv->len == dotenv->size) {
        dotenv->size = dotenv->size > 0 ? dotenv->size * 2 : 16;
        dotenv->pairs = ps_alloc_array(dotenv->pairs, dotenv->size, sizeof(*dotenv->pairs));
    }
    dotenv->pairs[dotenv->len++] = (struct pair){ ps_alloc_copy(name.data, name.len), value };
}

static bool fail_line(struct reader *reader, const char *reason)
{
    (void)snprintf(reader->reason, sizeof(reader->reason), "%s", reason);
    return false;
}

static bool add_char(struct reader *reader, struct ps_buf *value, char c)
{
    return ps_buf_char(value, c) || fail_line(reader, "the value is too long");
}

/* Adds the value of name. fallback, of ${NAME:-fallback}, has the data NULL if there is none. */
static bool add_variable(struct reader *reader, struct ps_str name, struct ps_str fallback,
                         struct ps_buf *value)
{
    char *text = ps_alloc_copy(name.data, name.len);
    const char *found = reader->lookup != NULL ? reader->lookup(reader->cookie, text) : NULL;
    bool ok = true;

    if (found == NULL)
        found = ps_dotenv_get(reader->dotenv, text);
    free(text);
    if (fallback.data != NULL && (found == NULL || found[0] == '\0')) {
        ok = ps_buf_add(value, fallback.data, fallback.len);
    } else if (found != NULL) {
        ok = ps_buf_text(value, found);
    } else {
        text = ps_alloc_copy(name.data, name.len < NAME_SHOWN_MAX ? name.len : NAME_SHOWN_MAX);
        (void)snprintf(reader->reason, sizeof(reader->reason),
                       "${%s} is not set; write ${%s:-} for an empty value", text, text);
        free(text);
        return false;
    }
    return ok || fail_line(reader, "the value is too long");
}

/* Adds the value of the ${…} at text[*at] and moves *at to its last character. */
static bool expand(struct reader *reader, struct ps_str text, size_t *at, struct ps_buf *value)
{
    static const char invalid[] = "\"${\" must start ${NAME} or ${NAME:-text}; put the value in "
                                  "'single quotes' to keep it as it is";
    const char *begin = text.data + *at + 2;
    const char *end = memchr(begin, '}', text.len - *at - 2);
    struct ps_str name, fallback = { NULL, 0 };

    if (end == NULL)
        return fail_line(reader, invalid);
    name = (struct ps_str){ begin, (size_t)(end - begin) };
    for (size_t i = 0; i + 1 < name.len; i++) {
        if (name.data[i] == ':' && name.data[i + 1] == '-') {
            fallback = skip(name, i + 2);
            name.len = i;
            break;
        }
    }
    if (!is_name(name))
        return fail_line(reader, invalid);
    *at += (size_t)(end - begin) + 2;
    return add_variable(reader, name, fallback, value);
}

static bool is_variable_at(struct ps_str text, size_t at)
{
    return text.data[at] == '$' && at + 1 < text.len && text.data[at + 1] == '{';
}

/* A bare value ends at the end of the line or at a '#' after white space. */
static bool read_bare(struct reader *reader, struct ps_str text, struct ps_buf *value)
{
    size_t i;

    for (i = 1; i < text.len; i++) {
        if (text.data[i] == '#' && is_blank(text.data[i - 1]))
            text.len = i;
    }
    text = ps_str_trim(text);
    for (i = 0; i < text.len; i++) {
        if (is_variable_at(text, i) ? !expand(reader, text, &i, value)
                                    : !add_char(reader, value, text.data[i]))
            return false;
    }
    return true;
}

/* Returns the character of an escape in a quoted value; NUL for an unknown escape. */
static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case '"':
    case '$':
    case '\\':
        return c;
    default:
        return '\0';
    }
}

/* Reads a value between quotes. Only white space and a comment may follow it. */
static bool read_quoted(struct reader *reader, struct ps_str text, struct ps_buf *value)
{
    char quote = text.data[0];
    struct ps_str rest;
    size_t i;

    for (i = 1; i < text.len && text.data[i] != quote; i++) {
        char c = text.data[i];

        if (quote == '"' && is_variable_at(text, i)) {
            if (!expand(reader, text, &i, value))
                return false;
            continue;
        }
        if (quote == '"' && c == '\\') {
            i++;
            if (i == text.len || (c = unescape(text.data[i])) == '\0')
                return fail_line(reader, "unknown escape; expected \\n \\t \\\" \\$ or \\\\");
        }
        if (!add_char(reader, value, c))
            return false;
    }
    if (i >= text.len)
        return fail_line(reader, "the closing quote is missing");
    rest = ps_str_trim(skip(text, i + 1));
    if (rest.len > 0 && rest.data[0] != '#')
        return fail_line(reader, "unexpected text after the closing quote");
    return true;
}

/* Reads one line. On false reader->reason is the error. */
static bool read_line(struct reader *reader, struct ps_str line)
{
    struct ps_str name, text;
    struct ps_buf value;
    bool ok;

    line = ps_str_trim(line);
    if (line.len == 0 || line.data[0] == '#')
        return true;
    if (memchr(line.data, '\0', line.len) != NULL)
        return fail_line(reader, "contains a NUL byte");
    if (line.len > 7 && memcmp(line.data, "export", 6) == 0 && is_blank(line.data[6]))
        line = ps_str_trim(skip(line, 7));
    text = line;
    if (memchr(line.data, '=', line.len) == NULL || !ps_str_next(&text, '=', &name))
        return fail_line(reader, "expected NAME=value");
    name = ps_str_trim(name);
    if (!is_name(name))
        return fail_line(reader, "a name consists of letters, digits and _");
    while (text.len > 0 && is_blank(text.data[0]) && !(text.len > 1 && text.data[1] == '#'))
        text = skip(text, 1);
    ps_buf_init(&value, PS_DOTENV_VALUE_MAX);
    if (text.len > 0 && (text.data[0] == '"' || text.data[0] == '\''))
        ok = read_quoted(reader, text, &value);
    else
        ok = read_bare(reader, text, &value);
    reader->expanded += value.len;
    if (ok && reader->expanded > PS_DOTENV_VALUES_MAX)
        ok = fail_line(reader, "all values together are too long");
    if (ok)
        set(reader->dotenv, name, ps_buf_take(&value));
    else
        ps_buf_clear(&value);
    return ok;
}

struct ps_dotenv *ps_dotenv_parse(const char *text, size_t len, ps_dotenv_lookup_fn lookup,
                                  void *cookie, struct ps_err *err)
{
    static const char byte_order_mark[] = "\xEF\xBB\xBF"; /* some editors write it */
    struct reader reader = { .dotenv = ps_alloc_zero(1, sizeof(*reader.dotenv)),
                             .lookup = lookup,
                             .cookie = cookie };
    struct ps_str rest = { len > 0 ? text : "", len }, line;
    size_t number = 0;

    if (len >= 3 && memcmp(text, byte_order_mark, 3) == 0)
        rest = skip(rest, 3);
    while (ps_str_next(&rest, '\n', &line)) {
        number++;
        if (!read_line(&reader, line)) {
            (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0, ".env: line %zu: %s", number,
                          reader.reason);
            ps_dotenv_destroy(reader.dotenv);
            return NULL;
        }
    }
    return reader.dotenv;
}

void ps_dotenv_destroy(struct ps_dotenv *dotenv)
{
    size_t i;

    if (dotenv == NULL)
        return;
    for (i = 0; i < dotenv->len; i++) {
        free(dotenv->pairs[i].name);
        free(dotenv->pairs[i].value);
    }
    free(dotenv->pairs);
    free(dotenv);
}

const char *ps_dotenv_get(const struct ps_dotenv *dotenv, const char *name)
{
    size_t i;

    for (i = 0; i < dotenv->len; i++) {
        if (ps_str_is_fold(ps_str_of(name), dotenv->pairs[i].name))
            return dotenv->pairs[i].value;
    }
    return NULL;
}

size_t ps_dotenv_len(const struct ps_dotenv *dotenv)
{
    return dotenv->len;
}

const char *ps_dotenv_name(const struct ps_dotenv *dotenv, size_t i)
{
    return dotenv->pairs[i].name;
}
