#include "shared/core/dotenv.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <stdlib.h>
#include <string.h>

struct pair {
    char *name;
    char *value;
};

struct ps_dotenv {
    struct pair *pairs;
    size_t len;
    size_t size;
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
        if (ps_str_is(name, dotenv->pairs[i].name)) {
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

/* Bare: up to the end of the line, or to a '#' after white space. Gives the value. */
static char *read_bare(struct ps_str text)
{
    size_t i;

    for (i = 1; i < text.len; i++) {
        if (text.data[i] == '#' && is_blank(text.data[i - 1]))
            text.len = i;
    }
    text = ps_str_trim(text);
    return ps_alloc_copy(text.data, text.len);
}

/* What an escape of a quoted value stands for; NUL for an unknown one. */
static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case '"':
    case '\\':
        return c;
    default:
        return '\0';
    }
}

/* Gives the value between quotes; NULL with the reason when the line does not end well. */
static char *read_quoted(struct ps_str text, const char **out_reason)
{
    char quote = text.data[0];
    struct ps_buf value;
    struct ps_str rest;
    size_t i;

    ps_buf_init(&value, text.len);
    for (i = 1; i < text.len && text.data[i] != quote; i++) {
        char c = text.data[i];

        if (quote == '"' && c == '\\') {
            i++;
            if (i == text.len || (c = unescape(text.data[i])) == '\0') {
                *out_reason = "only \\n \\t \\\" and \\\\ may be escaped";
                goto bad;
            }
        }
        (void)ps_buf_char(&value, c); /* never longer than the line, which is the cap */
    }
    if (i >= text.len) {
        *out_reason = "the closing quote is missing";
        goto bad;
    }
    rest = ps_str_trim(skip(text, i + 1));
    if (rest.len > 0 && rest.data[0] != '#') {
        *out_reason = "something follows the closing quote";
        goto bad;
    }
    return ps_buf_take(&value);
bad:
    ps_buf_clear(&value);
    return NULL;
}

/* NULL for a good line, else what is wrong with it. */
static const char *read_line(struct ps_dotenv *dotenv, struct ps_str line)
{
    const char *reason = NULL;
    struct ps_str name, text;
    char *value;

    line = ps_str_trim(line);
    if (line.len == 0 || line.data[0] == '#')
        return NULL;
    if (memchr(line.data, '\0', line.len) != NULL)
        return "holds a NUL byte";
    if (line.len > 7 && memcmp(line.data, "export", 6) == 0 && is_blank(line.data[6]))
        line = ps_str_trim(skip(line, 7));
    text = line;
    if (memchr(line.data, '=', line.len) == NULL || !ps_str_next(&text, '=', &name))
        return "no NAME=value";
    name = ps_str_trim(name);
    if (!is_name(name))
        return "the name is not of letters, digits and _";
    while (text.len > 0 && is_blank(text.data[0]) && !(text.len > 1 && text.data[1] == '#'))
        text = skip(text, 1);
    if (text.len > 0 && (text.data[0] == '"' || text.data[0] == '\''))
        value = read_quoted(text, &reason);
    else
        value = read_bare(text);
    if (value == NULL)
        return reason;
    set(dotenv, name, value);
    return NULL;
}

struct ps_dotenv *ps_dotenv_parse(const char *text, size_t len, struct ps_err *err)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* byte order mark of some editors */
    struct ps_dotenv *dotenv = ps_alloc_zero(1, sizeof(*dotenv));
    struct ps_str rest = { len > 0 ? text : "", len }, line;
    size_t number = 0;

    if (len >= 3 && memcmp(text, mark, 3) == 0)
        rest = skip(rest, 3);
    while (ps_str_next(&rest, '\n', &line)) {
        const char *reason = read_line(dotenv, line);

        number++;
        if (reason != NULL) {
            (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0, ".env line %zu: %s", number, reason);
            ps_dotenv_destroy(dotenv);
            return NULL;
        }
    }
    return dotenv;
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
        if (strcmp(dotenv->pairs[i].name, name) == 0)
            return dotenv->pairs[i].value;
    }
    return NULL;
}
