#include "shared/core/email_redact.h"

#include "shared/core/alloc.h"
#include "shared/core/ascii.h"
#include "shared/core/buf.h"
#include "shared/core/str.h"

#include <string.h>

enum {
    LOCAL_BYTES_MAX = 128, /* of a local part; only the end of a longer one is removed */
    GROUP_BYTES_MAX = 256, /* of "{a,b,c}" before the sign */
    LABELS_MAX = 16,
    LABEL_BYTES_MAX = 255, /* together with the other limits, keeps the cost linear */
    LOCAL_WORDS_MAX = 6,   /* "john dot x dot doe" */
    SPACES_MAX = 3
};

/* Top-level domains that make "name at host.tld" an address. After "@" any domain is accepted. */
static const char top_level[] =
    " com org net edu gov mil int info biz io dev me ai app eu uk de fr nl se no fi dk it es pt ch "
    "at be pl cz ru ua cn jp kr in au nz ca us br il ie gr hu ro tr lu sk si hr bg rs lt lv ee mx "
    "ar cl za tw hk sg ";

enum sign_kind {
    SIGN_NONE,
    SIGN_AT,      /* @ itself */
    SIGN_SPELLED, /* (at), [at], &#64; */
    SIGN_WORD     /* " at ", "-at-": needs a known top-level domain */
};

struct sign {
    enum sign_kind kind;
    size_t len; /* bytes of text */
};

static bool begins(const char *text, const char *lower_case)
{
    for (; *lower_case != '\0'; text++, lower_case++)
        if (ps_ascii_lower(*text) != *lower_case)
            return false;
    return true;
}

/* Returns the length of the character at text if it may be part of a host label, else 0. Quotation
 * marks, dashes and East Asian punctuation end a label. */
static size_t label_char(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t len;

    if (ps_ascii_is_alnum(*text) || *text == '-' || *text == '_')
        return 1;
    if (at[0] < 0xc3 || (at[0] == 0xe3 && at[1] == 0x80) || (at[0] == 0xef && at[1] == 0xbc))
        return 0;
    if (at[0] == 0xe2 && at[1] == 0x80 && at[2] != 0x8c && at[2] != 0x8d)
        return 0;
    len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

static size_t spaces(const char *text)
{
    size_t len = 0;

    while (len < SPACES_MAX && text[len] == ' ')
        len++;
    return len;
}

/* Returns the length of "(word)", "[ word ]" and similar at text; 0 if there is none. */
static size_t bracketed(const char *text, const char *word)
{
    static const char opening[] = "([{<", closing[] = ")]}>";
    const char *open = *text == '\0' ? NULL : strchr(opening, *text);
    size_t len = 1;

    if (open == NULL)
        return 0;
    len += spaces(text + len);
    if (!begins(text + len, word))
        return 0;
    len += strlen(word);
    len += spaces(text + len);
    return text[len] == closing[open - opening] ? len + 1 : 0;
}

static struct sign sign_at(const char *text, const char *before, size_t before_len)
{
    static const char *const signs[] = { "@", "\xef\xbc\xa0", "\xef\xb9\xab" };
    static const char *const spelled[] = { "&#64;", "&#x40;", "&commat;" };
    char last = before_len > 0 ? before[before_len - 1] : '\0';
    size_t len;

    for (size_t i = 0; i < PS_COUNT_OF(signs); i++)
        if (begins(text, signs[i]))
            return (struct sign){ SIGN_AT, strlen(signs[i]) };
    for (size_t i = 0; i < PS_COUNT_OF(spelled); i++)
        if (begins(text, spelled[i]))
            return (struct sign){ SIGN_SPELLED, strlen(spelled[i]) };
    len = bracketed(text, "at");
    if (len == 0)
        len = bracketed(text, "@");
    if (len > 0)
        return (struct sign){ SIGN_SPELLED, len };
    if (last == ' ' && begins(text, "at") && text[2] == ' ')
        return (struct sign){ SIGN_WORD, 2 };
    if (ps_ascii_is_alnum(last) && (begins(text, "-at-") || begins(text, "_at_")))
        return (struct sign){ SIGN_WORD, 4 };
    return (struct sign){ SIGN_NONE, 0 };
}

/* Returns the length of a dot between two labels, in any spelling; 0 if there is none. */
static size_t dot_at(const char *text)
{
    size_t before = spaces(text), len;

    if (before == 0 && *text == '.')
        return 1;
    if (before > 0 && text[before] == '.' && text[before + 1] == ' ')
        return before + 1 + spaces(text + before + 1);
    len = bracketed(text + before, "dot");
    if (len == 0)
        len = bracketed(text + before, ".");
    if (len > 0)
        return before + len + spaces(text + before + len);
    if (before > 0 && begins(text + before, "dot ") /* " dot " */)
        return before + 3 + spaces(text + before + 3);
    return 0;
}

struct domain {
    size_t len;
    size_t dots;
    struct ps_str last; /* label */
};

static size_t label_len(const char *text)
{
    size_t len = 0, step;

    while (len < LABEL_BYTES_MAX && (step = label_char(text + len)) > 0)
        len += step;
    return len;
}

/* Counts the dots of "example-dot-org", where they are words inside one label. */
static void count_inner_dots(const char *text, struct domain *domain)
{
    for (size_t i = 0; i + 5 < domain->len; i++) {
        if (begins(text + i, "-dot-") || begins(text + i, "_dot_")) {
            domain->dots++;
            domain->last = (struct ps_str){ text + i + 5, domain->len - i - 5 };
        }
    }
}

static struct domain domain_at(const char *text)
{
    /* An address literal: "[192.0.2.1]". */
    size_t literal = *text == '[' ? 1 + strspn(text + 1, "0123456789abcdefABCDEF.:") : 0;
    struct domain domain = { .len = 0 };

    if (literal > 3 && text[literal] == ']') {
        domain.len = literal + 1;
        domain.dots = 1;
        return domain;
    }
    domain.len = label_len(text);
    domain.last = (struct ps_str){ text, domain.len };
    for (size_t i = 0; domain.len > 0 && i < LABELS_MAX; i++) {
        size_t dot = dot_at(text + domain.len);
        size_t label = dot == 0 ? 0 : label_len(text + domain.len + dot);

        if (label == 0)
            break;
        domain.last = (struct ps_str){ text + domain.len + dot, label };
        domain.len += dot + label;
        domain.dots++;
    }
    if (domain.dots == 0)
        count_inner_dots(text, &domain);
    return domain;
}

/* Compares the leading letters and digits only: text of another script may follow without a space.
 */
static bool is_top_level(struct ps_str label)
{
    char name[8] = " ";
    size_t len = 0;

    while (len < label.len && ps_ascii_is_alnum(label.data[len]))
        len++;
    if (len < 2 || len > sizeof(name) - 3)
        return false;
    for (size_t i = 0; i < len; i++)
        name[i + 1] = ps_ascii_lower(label.data[i]);
    name[len + 1] = ' ';
    name[len + 2] = '\0';
    return strstr(top_level, name) != NULL;
}

/* Returns the length of the character before len if it may be part of a local part, else 0. Accepts
 * non-ASCII letters of two bytes only: in scripts without spaces, whole sentences would otherwise
 * count as the local part. */
static size_t local_char_before(const char *text, size_t len)
{
    unsigned char last = len > 0 ? (unsigned char)text[len - 1] : '\0';

    if (ps_ascii_is_alnum((char)last) || (last != '\0' && strchr("._%+-", last) != NULL))
        return 1;
    if (len > 1 && last == '\'' && ps_ascii_is_alnum(text[len - 2]))
        return 1;
    if (len > 1 && (last & 0xc0) == 0x80 && (unsigned char)text[len - 2] >= 0xc3 &&
        (unsigned char)text[len - 2] < 0xe0)
        return 2;
    if (len > 2 && (last == 0x8c || last == 0x8d) && memcmp(text + len - 3, "\xe2\x80", 2) == 0)
        return 3;
    return 0;
}

static size_t local_start(const char *text, size_t len)
{
    size_t start = len, step;

    while (len - start < LOCAL_BYTES_MAX && (step = local_char_before(text, start)) > 0)
        start -= step;
    return start;
}

/* Returns the start of a spelled-out dot that ends at len (" dot ", "(dot)"); len if there is none.
 */
static size_t dot_start(const char *text, size_t len)
{
    size_t from = len > 12 ? len - 12 : 0;

    for (size_t start = from; start < len; start++)
        if (text[start] != '.' && start + dot_at(text + start) == len)
            return start;
    return len;
}

/* Returns the start of a "{jane,john}" or a quoted name that ends at len; len if there is none. */
static size_t group_start(const char *text, size_t len)
{
    static const char closing[] = "}])\"", opening[] = "{[(\"";
    const char *close = len == 0 ? NULL : strchr(closing, text[len - 1]);

    if (close == NULL || *close == '\0')
        return len;
    for (size_t start = len - 1; start > 0 && len - start < GROUP_BYTES_MAX; start--)
        if (text[start - 1] == opening[close - closing])
            return start - 1;
    return len;
}

/* Returns the length of text without the local part at its end. */
static size_t without_local_part(const char *text, size_t len)
{
    size_t start = group_start(text, len);

    if (start < len)
        return start;
    start = local_start(text, len);
    for (size_t i = 0; start < len && i < LOCAL_WORDS_MAX; i++) {
        size_t dot = dot_start(text, start);
        size_t word = dot == start ? start : local_start(text, dot);

        if (dot == start || word == dot)
            break;
        start = word;
    }
    return start;
}

static bool is_address(const struct sign *sign, const struct domain *domain, bool has_local,
                       bool spaced)
{
    if (domain->len == 0)
        return false;
    switch (sign->kind) {
    case SIGN_AT:
        return domain->dots > 0 || (has_local && !spaced);
    case SIGN_SPELLED:
        return has_local && domain->dots > 0;
    case SIGN_WORD:
        return has_local && domain->dots > 0 && is_top_level(domain->last);
    case SIGN_NONE:
        break;
    }
    return false;
}

/* Removes "mailto:" and an opening bracket from the end of out. Returns how many bytes of rest to
 * skip: the closing bracket. */
static size_t remove_wrapping(struct ps_buf *out, const char *rest)
{
    static const char opening[] = "<([{", closing[] = ">)]}";
    const char *open;
    size_t skip = spaces(rest);

    if (out->len >= 7 && begins(out->data + out->len - 7, "mailto:"))
        out->len -= 7;
    open = out->len > 0 ? strchr(opening, out->data[out->len - 1]) : NULL;
    if (open != NULL && *open != '\0' && rest[skip] == closing[open - opening]) {
        out->len--;
        skip++;
    } else {
        skip = 0;
    }
    while (out->len > 0 && out->data[out->len - 1] == ' ' &&
           (rest[skip] == '\0' || strchr(" ,;.)", rest[skip]) != NULL))
        out->len--;
    if (out->len > 0)
        out->data[out->len] = '\0';
    /* The text on both sides must not join and form a new address. */
    if (out->len > 0 && out->data[out->len - 1] != ' ' &&
        (rest[skip] == '@' || label_char(rest + skip) > 0))
        (void)ps_buf_text(out, "\xe2\x80\xa6");
    return skip;
}

/* If the sign of an address is at text, removes its local part from the end of out and returns how
 * many bytes of text to skip. Returns 0 if there is no address. */
static size_t take_address(struct ps_buf *out, const char *text)
{
    struct sign sign = sign_at(text, ps_buf_str(out), out->len);
    size_t before = out->len, after, remaining;
    struct domain domain;
    bool spaced;

    if (sign.kind == SIGN_NONE)
        return 0;
    while (before > 0 && out->len - before < SPACES_MAX && out->data[before - 1] == ' ')
        before--;
    after = spaces(text + sign.len);
    spaced = before < out->len || after > 0;
    domain = domain_at(text + sign.len + after);
    remaining = without_local_part(ps_buf_str(out), before);
    if (!is_address(&sign, &domain, remaining < before, spaced))
        return 0;
    if (remaining < before)
        out->len = remaining;
    after += sign.len + domain.len;
    return after + remove_wrapping(out, text + after);
}

char *ps_email_redact(const char *text)
{
    struct ps_buf out;

    ps_buf_init(&out, strlen(text) + 1);
    while (*text != '\0') {
        size_t taken = take_address(&out, text);

        if (taken == 0)
            (void)ps_buf_char(&out, *text++);
        text += taken;
    }
    if (out.len == 0) {
        ps_buf_clear(&out);
        return ps_alloc_text("");
    }
    return ps_buf_take(&out);
}
