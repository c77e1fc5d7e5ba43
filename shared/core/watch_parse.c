#include "shared/core/watch_parse.h"

#include "shared/core/alloc.h"
#include "shared/core/ascii.h"
#include "shared/core/name_words.h"
#include "shared/core/pattern.h"
#include "shared/core/str.h"
#include "shared/core/subgroup.h"
#include "shared/core/text_normalize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
    TOKENS_MAX = 200,
    SUGGESTED_MAX = 3,
    SUGGESTION_BYTES = 120,
    REVISION_DIGITS_MAX = 3,
    EXTENSION_MAX = 6,
};

static bool refuse(struct ps_err *err, const char *why)
{
    return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "%s", why);
}

/* --- cleaning ------------------------------------------------------------------------------- */

/* Removes "|label>" of Slack's <url|label>: the URL identifies the paper, the label may be any
 * text. */
static void drop_link_labels(char *text)
{
    char *to = text;

    while (*text != '\0') {
        char *end = *text == '<' ? strchr(text, '>') : NULL;
        char *bar = end != NULL ? memchr(text, '|', (size_t)(end - text)) : NULL;
        char *stop = bar != NULL ? bar : end;

        if (stop != NULL &&
            (strncmp(text, "<http://", 8) == 0 || strncmp(text, "<https://", 9) == 0)) {
            *to++ = ' ';
            memmove(to, text + 1, (size_t)(stop - text) - 1);
            to += stop - text - 1;
            *to++ = ' ';
            text = end + 1;
        } else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

static void collapse_spaces(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        bool space = (unsigned char)*from <= ' ';

        if (!space)
            *to++ = *from;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

/* Gives text with one form of each character: full-width digits become digits, every space ' ',
 * every apostrophe '; invisible characters are removed. */
static char *cleaned(struct ps_str text)
{
    char *plain = ps_name_plain_apostrophes(text.data, text.len), *spaced;
    utf8proc_uint8_t *composed = NULL;

    if (utf8proc_map((const utf8proc_uint8_t *)plain, (utf8proc_ssize_t)strlen(plain), &composed,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE) < 0)
        abort(); /* the input is valid UTF-8, so memory is exhausted */
    free(plain);
    spaced = ps_utf8_spaces((const char *)composed, strlen((const char *)composed));
    free(composed);
    drop_link_labels(spaced);
    collapse_spaces(spaced);
    return spaced;
}

/* Quotes and markup that people and programs put around a name. */
static const struct {
    const char *open, *close;
} wrappings[] = {
    {"\"",            "\""          },
    { "'",            "'"           },
    { "`",            "`"           },
    { "*",            "*"           },
    { "_",            "_"           },
    { "<",            ">"           },
    { "(",            ")"           },
    { "[",            "]"           },
    { "\xe2\x80\x9c", "\xe2\x80\x9d"}, /* “ ” */
    { "\xe2\x80\x9e", "\xe2\x80\x9c"}, /* „ “ */
    { "\xe2\x80\x9d", "\xe2\x80\x9d"}, /* ” ” */
    { "\xe2\x80\x98", "\xe2\x80\x99"}, /* ‘ ’ */
    { "\xc2\xab",     "\xc2\xbb"    }, /* « » */
    { "\xc2\xbb",     "\xc2\xab"    }, /* » « */
};

static bool begins(struct ps_str text, const char *with)
{
    return text.len >= strlen(with) && memcmp(text.data, with, strlen(with)) == 0;
}

static bool ends(struct ps_str text, const char *with)
{
    size_t len = strlen(with);

    return text.len >= len && memcmp(text.data + text.len - len, with, len) == 0;
}

static struct ps_str unwrapped(struct ps_str text)
{
    bool again = true;

    while (again) {
        again = false;
        text = ps_str_trim(text);
        for (size_t i = 0; i < PS_COUNT_OF(wrappings) && !again; i++) {
            size_t open = strlen(wrappings[i].open), close = strlen(wrappings[i].close);

            again = text.len > open + close && begins(text, wrappings[i].open) &&
                    ends(text, wrappings[i].close);
            if (again)
                text = (struct ps_str){ text.data + open, text.len - open - close };
        }
    }
    return text;
}

static struct ps_str without_end_marks(struct ps_str text)
{
    while (text.len > 0 && strchr(".,;:!?", text.data[text.len - 1]) != NULL)
        text.len--;
    return text;
}

/* Returns text without quotes around it and punctuation at its ends, in any nesting. */
static struct ps_str bare(struct ps_str text)
{
    size_t len;

    do {
        len = text.len;
        text = without_end_marks(unwrapped(text));
        while (text.len > 0 && strchr(",;:", text.data[0]) != NULL)
            text = (struct ps_str){ text.data + 1, text.len - 1 };
    } while (text.len < len);
    return text;
}

/* Returns the text after a leading word; its data is NULL if text does not start with word. */
static struct ps_str after_word(struct ps_str text, const char *word)
{
    size_t len = strlen(word);

    if (text.len < len || !ps_str_is_fold((struct ps_str){ text.data, len }, word) ||
        (text.len > len && (unsigned char)text.data[len] > ' ' && text.data[len] != ':'))
        return (struct ps_str){ NULL, 0 };
    text = (struct ps_str){ text.data + len, text.len - len };
    if (text.len > 0 && text.data[0] == ':')
        text = (struct ps_str){ text.data + 1, text.len - 1 };
    return ps_str_trim(text);
}

/* --- papers --------------------------------------------------------------------------------- */

static const char *const prefixes[] = { "P", "D", "N", "CWG", "EWG", "LWG", "LEWG", "FS" };

static const char *prefix_of(struct ps_str letters)
{
    for (size_t i = 0; i < PS_COUNT_OF(prefixes); i++)
        if (ps_str_is_fold(letters, prefixes[i]))
            return prefixes[i];
    return NULL;
}

static bool paper_number(struct ps_str digits, int *out_number)
{
    int64_t number;

    if (!ps_str_digits(digits) || !ps_str_int(digits, 1, PS_PAPER_NUMBER_MAX, &number))
        return false;
    *out_number = (int)number;
    return true;
}

static size_t digits_at(struct ps_str text, size_t at)
{
    size_t len = 0;

    while (at + len < text.len && ps_ascii_is_digit(text.data[at + len]))
        len++;
    return len;
}

/* R and up to three digits */
static bool is_revision(struct ps_str text)
{
    return text.len >= 2 && text.len <= 1 + REVISION_DIGITS_MAX &&
           (text.data[0] == 'R' || text.data[0] == 'r') && digits_at(text, 1) == text.len - 1;
}

/* .pdf, .html, … */
static bool is_extension(struct ps_str text)
{
    if (text.len < 2 || text.len > EXTENSION_MAX || text.data[0] != '.')
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!ps_ascii_is_alnum(text.data[i]))
            return false;
    return true;
}

/* Reads a paper's name at the start of text: P2300, P-2300, p2300r10, LWG4000. *out_used is its
 * length; the caller checks the text after it. */
static bool read_name(struct ps_str text, struct ps_watch_rule *out_rule, size_t *out_used)
{
    size_t letters = 0, digits, at;
    const char *prefix;
    int number;

    while (letters < text.len && ps_ascii_is_alnum(text.data[letters]) &&
           !ps_ascii_is_digit(text.data[letters]))
        letters++;
    prefix = prefix_of((struct ps_str){ text.data, letters });
    at = letters + (letters < text.len && strchr("-_", text.data[letters]) != NULL);
    digits = digits_at(text, at);
    if (prefix == NULL || !paper_number((struct ps_str){ text.data + at, digits }, &number))
        return false;
    at += digits;
    if (prefix[0] == 'P' || prefix[0] == 'D') {
        size_t revision = at < text.len && (text.data[at] == 'R' || text.data[at] == 'r')
                              ? 1 + digits_at(text, at + 1)
                              : 0;

        if (is_revision((struct ps_str){ text.data + at, revision }))
            at += revision;
    }
    ps_watch_rule_paper(prefix, number, out_rule);
    *out_used = at;
    return true;
}

/* A paper's name or file name and nothing else. */
static bool read_file(struct ps_str text, struct ps_watch_rule *out_rule)
{
    size_t used;

    return read_name(text, out_rule, &used) &&
           (used == text.len || is_extension((struct ps_str){ text.data + used, text.len - used }));
}

/* The number of an issue's page: "4000", "4000.html", "issue4000". */
static bool read_issue_number(struct ps_str segment, int *out_number)
{
    size_t digits;

    if (segment.len > 5 && ps_str_is_fold((struct ps_str){ segment.data, 5 }, "issue"))
        segment = (struct ps_str){ segment.data + 5, segment.len - 5 };
    digits = digits_at(segment, 0);
    return paper_number((struct ps_str){ segment.data, digits }, out_number) &&
           (digits == segment.len ||
            is_extension((struct ps_str){ segment.data + digits, segment.len - digits }));
}

/* Reads the last part of a path that names a paper: wg21.link/p2300r4,
 * …/docs/papers/2024/p2300r10.html, …/LWG/issue4000, …/CWG/issues/2345.html. */
static bool read_url(struct ps_str text, struct ps_watch_rule *out_rule)
{
    const char *issues = NULL; /* prefix of the issues list in the path so far */
    bool found = false;
    struct ps_str segment;
    size_t end = 0;

    while (end < text.len && text.data[end] != '?' && text.data[end] != '#')
        end++;
    text.len = end;
    while (text.len > 0 && ps_str_next(&text, '/', &segment)) {
        const char *prefix = prefix_of(segment);
        int number;

        if (read_file(segment, out_rule))
            found = true;
        else if (prefix != NULL && strlen(prefix) > 1)
            issues = prefix;
        else if (issues != NULL && read_issue_number(segment, &number)) {
            ps_watch_rule_paper(issues, number, out_rule);
            found = true;
        }
    }
    return found;
}

static bool is_url(struct ps_str text)
{
    const char *slash = memchr(text.data, '/', text.len);
    const char *dot = memchr(text.data, '.', text.len);

    return slash != NULL && slash > text.data && dot != NULL &&
           (dot < slash || begins(text, "http://") || begins(text, "https://"));
}

static bool read_token(struct ps_str token, struct ps_watch_rule *out_rule)
{
    int number;

    if (token.len > 1 && token.data[0] == '#')
        token = (struct ps_str){ token.data + 1, token.len - 1 };
    if (paper_number(token, &number)) {
        *out_rule = (struct ps_watch_rule){ .kind = PS_WATCH_KIND_NUMBER, .number = number };
        (void)snprintf(out_rule->text, sizeof(out_rule->text), "%d", number);
        return true;
    }
    return is_url(token) ? read_url(token, out_rule) : read_file(token, out_rule);
}

/* --- lists ---------------------------------------------------------------------------------- */

struct tokens {
    struct ps_str items[TOKENS_MAX];
    size_t len;
};

static void split(struct ps_str text, struct tokens *out)
{
    static const char separators[] = " ,;&+|[]()<>";
    size_t from = 0;

    out->len = 0;
    for (size_t at = 0; at <= text.len && out->len < TOKENS_MAX; at++) {
        if (at < text.len && strchr(separators, text.data[at]) == NULL)
            continue;
        if (at > from) {
            struct ps_str token = bare((struct ps_str){ text.data + from, at - from });

            if (token.len > 0)
                out->items[out->len++] = token;
        }
        from = at + 1;
    }
}

static bool is_one_of(struct ps_str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ps_str_is_fold(word, words[i]))
            return true;
    return false;
}

static bool joins(struct ps_str word)
{
    static const char *const words[] = { "and", "or", "und", "et" };

    return is_one_of(word, words, PS_COUNT_OF(words));
}

static bool is_paper_noun(struct ps_str word)
{
    static const char *const words[] = { "paper",  "papers",  "draft", "drafts",
                                         "number", "numbers", "issue", "issues" };

    return is_one_of(word, words, PS_COUNT_OF(words));
}

static bool add_rule(struct ps_watch_rules *rules, const struct ps_watch_rule *rule)
{
    for (size_t i = 0; i < rules->len; i++)
        if (ps_watch_rule_same(&rules->items[i], rule))
            return true;
    if (rules->len == PS_WATCH_RULES_MAX)
        return false;
    rules->items[rules->len++] = *rule;
    return true;
}

struct reading {
    struct ps_watch_rules rules; /* the papers and numbers among the words */
    size_t others;               /* words that are neither these nor between them */
    bool too_many;
};

/* "P 2300", "LWG issue 4000": a prefix and a number as words of their own. *at: of the prefix; set
 * to the number when it is there. */
static bool read_split_name(const struct tokens *tokens, size_t *at, struct ps_watch_rule *out_rule)
{
    const char *prefix = prefix_of(tokens->items[*at]);
    size_t next = *at + 1;
    struct ps_str digits;
    int number;

    if (prefix != NULL && next < tokens->len && is_paper_noun(tokens->items[next]))
        next++;
    if (prefix == NULL || next >= tokens->len)
        return false;
    digits = tokens->items[next];
    if (digits.len > 1 && digits.data[0] == '#')
        digits = (struct ps_str){ digits.data + 1, digits.len - 1 };
    if (!paper_number(digits, &number))
        return false;
    ps_watch_rule_paper(prefix, number, out_rule);
    *at = next;
    return true;
}

static void read_papers(const struct tokens *tokens, struct reading *out)
{
    struct ps_watch_rule rule;

    *out = (struct reading){ .others = 0 };
    for (size_t i = 0; i < tokens->len; i++) {
        struct ps_str token = tokens->items[i];

        if (read_token(token, &rule) || read_split_name(tokens, &i, &rule))
            out->too_many = !add_rule(&out->rules, &rule) || out->too_many;
        else if (!(out->rules.len > 0 && is_revision(token)) &&
                 !(i + 1 < tokens->len && (is_paper_noun(token) || joins(token))))
            out->others++;
    }
}

/* --- suggestions ---------------------------------------------------------------------------- */

/* Finds names of papers inside words, as in "P2300Rx" or "P2300-P2302". */
static void find_papers(struct ps_str text, struct ps_watch_rules *out)
{
    struct ps_watch_rule rule;
    size_t used;

    for (size_t at = 0; at < text.len; at++) {
        struct ps_str rest = { text.data + at, text.len - at };

        if ((at == 0 || !ps_ascii_is_alnum(text.data[at - 1])) && read_name(rest, &rule, &used)) {
            (void)add_rule(out, &rule);
            at += used - 1;
        }
    }
}

static void find_numbers(struct ps_str text, struct ps_watch_rules *out)
{
    struct ps_watch_rule rule;

    for (size_t at = 0; at < text.len; at++) {
        size_t digits = digits_at(text, at);

        if (digits > 0 && read_token((struct ps_str){ text.data + at, digits }, &rule))
            (void)add_rule(out, &rule);
        at += digits;
    }
}

/* "… did you mean `P2300`, `P2301`?" */
static bool refuse_papers(const char *why, const struct ps_watch_rules *rules, struct ps_err *err)
{
    char names[SUGGESTION_BYTES] = "";
    size_t len = 0;

    for (size_t i = 0; i < rules->len && i < SUGGESTED_MAX; i++)
        len += (size_t)snprintf(names + len, sizeof(names) - len, "%s`%s`", i > 0 ? ", " : "",
                                rules->items[i].text);
    return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "%s; did you mean %s?", why, names);
}

/* --- the kinds ------------------------------------------------------------------------------ */

static void only(const struct ps_watch_rule *rule, struct ps_watch_rules *out)
{
    out->len = 1;
    out->items[0] = *rule;
}

static bool parse_pattern(struct ps_str text, struct ps_watch_rules *out, struct ps_err *err)
{
    struct ps_watch_rule rule = { .kind = PS_WATCH_KIND_PATTERN };
    struct ps_pattern *pattern = ps_pattern_create(text.data, text.len, err);

    if (pattern == NULL)
        return false;
    ps_pattern_destroy(pattern);
    memcpy(rule.text, text.data, text.len);
    only(&rule, out);
    return true;
}

static bool parse_subgroups(struct ps_str text, struct ps_watch_rules *out, struct ps_err *err)
{
    struct ps_watch_rule rule = { .kind = PS_WATCH_KIND_SUBGROUP };
    struct ps_watch_rules rules = { .len = 0 };
    struct tokens tokens;

    if (ps_subgroup_parse(bare(text), rule.text)) {
        only(&rule, out);
        return true;
    }
    split(text, &tokens);
    for (size_t i = 0; i < tokens.len; i++) {
        if (joins(tokens.items[i]))
            continue;
        if (!ps_subgroup_known(tokens.items[i]) || !ps_subgroup_parse(tokens.items[i], rule.text) ||
            !add_rule(&rules, &rule)) {
            rules.len = 0;
            break;
        }
    }
    if (rules.len == 0)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                       "a subgroup is %d to %d letters and digits, like `subgroup LEWG` or "
                       "`subgroup SG14`",
                       PS_SUBGROUP_MIN, PS_SUBGROUP_MAX);
    *out = rules;
    return true;
}

/* Writes text in lower case, the stored form that people see; matching ignores case anyway. */
static bool store_author(struct ps_str text, struct ps_watch_rules *out, struct ps_err *err)
{
    struct ps_watch_rule rule = { .kind = PS_WATCH_KIND_AUTHOR };
    size_t at = 0, len = 0, chars = 0;

    while (at < text.len) {
        utf8proc_int32_t point;
        utf8proc_uint8_t lower[4];
        utf8proc_ssize_t used, size;

        used = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                (utf8proc_ssize_t)(text.len - at), &point);
        if (used <= 0)
            return refuse(err, "an entry must be UTF-8 text");
        size = utf8proc_encode_char(utf8proc_tolower(point), lower);
        if (len + (size_t)size > PS_WATCH_ENTRY_MAX)
            return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an author's name is at most %d bytes long",
                           PS_WATCH_ENTRY_MAX);
        memcpy(rule.text + len, lower, (size_t)size);
        len += (size_t)size;
        at += (size_t)used;
        chars++;
    }
    if (chars < PS_WATCH_AUTHOR_MIN)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an author entry needs at least %d characters",
                       PS_WATCH_AUTHOR_MIN);
    rule.text[len] = '\0';
    only(&rule, out);
    return true;
}

/* How many characters of each class a possible name has. */
struct name_chars {
    size_t letters, digits, commas, strange;
};

static struct name_chars count_chars(struct ps_str text)
{
    struct name_chars chars = { .letters = 0 };
    size_t at = 0;

    while (at < text.len) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text.data + at,
                                                 (utf8proc_ssize_t)(text.len - at), &point);
        utf8proc_category_t category = utf8proc_category(point);

        at += used > 0 ? (size_t)used : 1;
        if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO)
            chars.letters++;
        else if (category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NO)
            chars.digits++;
        else if (point == ',')
            chars.commas++;
        else if (category != UTF8PROC_CATEGORY_PD && point != ' ' && point != '\'' &&
                 point != '.' && point != 0xb7 &&
                 !(category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME))
            chars.strange++;
    }
    return chars;
}

static bool refuse_comma(struct ps_str text, struct ps_err *err)
{
    const char *comma = memchr(text.data, ',', text.len);
    struct ps_str last = ps_str_trim((struct ps_str){ text.data, (size_t)(comma - text.data) });
    struct ps_str first =
        ps_str_trim((struct ps_str){ comma + 1, text.len - (size_t)(comma + 1 - text.data) });

    if (memchr(first.data, ',', first.len) != NULL || first.len + last.len > SUGGESTION_BYTES / 2)
        return refuse(err, "an entry is one author, first name first and without a comma; add "
                           "several authors one after the other");
    return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                   "an entry is one author, first name first; did you mean `%.*s %.*s`? Add "
                   "several authors one after the other",
                   (int)first.len, first.data, (int)last.len, last.data);
}

/* The text after the word "author". */
static bool parse_author(struct ps_str text, struct ps_watch_rules *out, struct ps_err *err)
{
    struct name_chars chars;

    text = bare(text);
    chars = count_chars(text);
    if (text.len == 0)
        return refuse(err, "which author? For example `author Niebler`");
    if (chars.commas > 0)
        return refuse_comma(text, err);
    if (chars.letters == 0) {
        struct ps_watch_rules found = { .len = 0 };

        find_numbers(text, &found);
        if (found.len > 0)
            return refuse_papers("an author's name has letters", &found, err);
        return refuse(err, "an author's name has letters");
    }
    if (chars.strange > 0)
        return refuse(err, "an author's name is letters, spaces, hyphens and apostrophes");
    return store_author(text, out, err);
}

/* Parses a text that names no paper and has no leading "author" or "subgroup". */
static bool parse_name(struct ps_str text, const struct tokens *tokens, struct ps_watch_rules *out,
                       struct ps_err *err)
{
    struct name_chars chars = count_chars(text);
    struct ps_watch_rules found = { .len = 0 };
    bool joined = false;

    for (size_t i = 0; i < tokens->len; i++) {
        struct ps_str token = tokens->items[i];
        char name[PS_SUBGROUP_MAX + 1];

        joined = joined || (i > 0 && i + 1 < tokens->len && joins(token) && token.len > 2);
        if (ps_subgroup_known(token) && ps_subgroup_parse(token, name)) {
            for (char *c = name; *c != '\0'; c++)
                *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
            return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                           "%s is a subgroup and no author; did you mean `subgroup %s`?", name,
                           name);
        }
    }
    find_papers(text, &found);
    if (found.len > 0)
        return refuse_papers("that is no paper's name", &found, err);
    if (chars.letters > 0 && chars.commas > 0 && chars.digits == 0 && chars.strange == 0)
        return refuse_comma(text, err);
    if (chars.digits > 0)
        find_numbers(text, &found);
    if (found.len > 0)
        return refuse_papers("that is neither a paper nor an author's name", &found, err);
    if (joined)
        return refuse(err, "an entry is one author; add several authors one after the other");
    if (chars.letters == 0 || chars.digits > 0 || chars.strange > 0 || chars.commas > 0)
        return refuse(err, "that is neither a paper nor an author's name; examples: `2300`, "
                           "`P2300`, `Eric Niebler`, `subgroup LEWG`, `/ranges/`");
    return store_author(text, out, err);
}

static bool parse_clean(struct ps_str text, struct ps_watch_rules *out, struct ps_err *err)
{
    struct ps_str rest;
    struct tokens tokens;
    struct reading reading;
    bool digits;

    if (ps_str_is_fold(text, "subgroup") || ps_str_is_fold(text, "subgroups"))
        return refuse(err, "which subgroup? For example `subgroup LEWG`");
    rest = after_word(text, "subgroup");
    if (rest.data == NULL)
        rest = after_word(text, "subgroups");
    if (rest.data != NULL)
        return parse_subgroups(rest, out, err);
    rest = after_word(text, "author");
    if (rest.data != NULL)
        return parse_author(rest, out, err);
    split(text, &tokens);
    read_papers(&tokens, &reading);
    if (reading.too_many)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "one command takes at most %d papers",
                       PS_WATCH_RULES_MAX);
    if (reading.rules.len > 0 && reading.others == 0 && tokens.len < TOKENS_MAX) {
        *out = reading.rules;
        return true;
    }
    if (reading.rules.len > 0)
        return refuse_papers("that is more than the name of a paper", &reading.rules, err);
    digits = tokens.len > 0;
    for (size_t i = 0; i < tokens.len; i++)
        digits = digits && ps_str_digits(tokens.items[i]);
    if (digits) /* too large: read_papers knows the others */
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "a paper number is 1 to %d",
                       PS_PAPER_NUMBER_MAX);
    return parse_name(text, &tokens, out, err);
}

/* /pattern/ or /pattern/i: case is ignored anyway. */
static struct ps_str slashed(struct ps_str text)
{
    struct ps_str inside = without_end_marks(text);

    if (ends(inside, "/i"))
        inside.len--;
    if (inside.len < 2 || inside.data[0] != '/' || inside.data[inside.len - 1] != '/')
        return (struct ps_str){ NULL, 0 };
    return (struct ps_str){ inside.data + 1, inside.len - 2 };
}

static bool text_ok(const char *text, size_t len, struct ps_err *err)
{
    if (len > PS_WATCH_TYPED_MAX)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "an entry is at most %d bytes long",
                       PS_WATCH_TYPED_MAX);
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && strchr("\t\r\n", text[i]) == NULL) ||
            text[i] == '\0' || text[i] == 127)
            return refuse(err, "an entry holds no control characters");
    if (!ps_utf8_valid(text, len))
        return refuse(err, "an entry must be UTF-8 text");
    return true;
}

bool ps_watch_parse(const char *text, size_t len, struct ps_watch_rules *out_rules,
                    struct ps_err *err)
{
    struct ps_str raw = { text, len }, rest;
    struct ps_watch_rules rules = { .len = 0 };
    char *clean;
    bool ok;

    if (!text_ok(text, len, err))
        return false;
    /* A pattern is not cleaned: every character of it has a meaning. */
    raw = unwrapped(raw);
    rest = slashed(raw);
    if (rest.data == NULL)
        rest = after_word(raw, "regex");
    if (rest.data == NULL)
        rest = after_word(raw, "pattern");
    if (rest.data != NULL && rest.len >= 2 && slashed(rest).data != NULL)
        rest = slashed(rest);
    if (rest.data != NULL) {
        ok = parse_pattern(rest, &rules, err);
    } else {
        clean = cleaned((struct ps_str){ text, len });
        rest = bare(ps_str_of(clean));
        if (rest.len == 0) {
            ok = refuse(err, "an entry is a paper, a paper number or an author's name");
        } else if (ps_str_is_fold(rest, "all") || ps_str_is_fold(rest, "everything")) {
            only(&(struct ps_watch_rule){ .kind = PS_WATCH_KIND_ALL }, &rules);
            ok = true;
        } else {
            ok = parse_clean(rest, &rules, err);
        }
        free(clean);
    }
    if (ok)
        *out_rules = rules;
    return ok;
}

char *ps_watch_format(const struct ps_watch_rule *rule)
{
    switch (rule->kind) {
    case PS_WATCH_KIND_SUBGROUP:
        return ps_alloc_format("subgroup %s", rule->text);
    case PS_WATCH_KIND_PATTERN:
        return ps_alloc_format("/%s/", rule->text);
    case PS_WATCH_KIND_AUTHOR:
        return ps_alloc_format("author %s", rule->text);
    case PS_WATCH_KIND_ALL:
        return ps_alloc_text("all");
    case PS_WATCH_KIND_NUMBER:
    case PS_WATCH_KIND_PAPER:
    case PS_WATCH_KIND_COUNT:
        break;
    }
    return ps_alloc_text(rule->text);
}
