#include "shared/core/subgroup.h"

#include "shared/core/ascii.h"

#include <string.h>

/* name: the abbreviation; stored: the one name of the group; title: what people write without the
 * abbreviation. */
static const struct {
    const char *name, *stored, *title;
} groups[] = {
    {"wg21",   "wg21",  "all of wg21"                },
    { "ewg",   "ewg",   "evolution"                  },
    { "ewgi",  "ewgi",  "evolution incubator"        },
    { "lewg",  "lewg",  "library evolution"          },
    { "lewgi", "lewgi", "library evolution incubator"},
    { "cwg",   "cwg",   "core"                       },
    { "lwg",   "lwg",   "library"                    },
    { "sg17",  "ewgi",  "ewg incubator"              },
    { "sg18",  "lewgi", "lewg incubator"             },
};

/* Returns the stored name of an abbreviation in the table, else NULL. */
static const char *listed(struct ps_str word)
{
    for (size_t i = 0; i < PS_COUNT_OF(groups); i++)
        if (ps_str_is_fold(word, groups[i].name))
            return groups[i].stored;
    return NULL;
}

bool ps_subgroup_known(struct ps_str word)
{
    bool is_study_group = word.len >= 3 && word.len <= 4 && /* SG1 to SG99 */
                          ps_str_is_fold((struct ps_str){ word.data, 2 }, "sg") &&
                          ps_str_digits((struct ps_str){ word.data + 2, word.len - 2 });

    return is_study_group || listed(word) != NULL;
}

/* Compares words; ignores case and the amount of white space. */
static bool same_title(struct ps_str text, const char *title)
{
    size_t at = 0;

    text = ps_str_trim(text);
    while (at < text.len && *title != '\0') {
        if (*title == ' ' && (unsigned char)text.data[at] <= ' ') {
            while (at < text.len && (unsigned char)text.data[at] <= ' ')
                at++;
            title++;
        } else if (ps_ascii_lower(text.data[at]) == *title) {
            at++;
            title++;
        } else {
            return false;
        }
    }
    return at == text.len && *title == '\0';
}

static const char *titled(struct ps_str text)
{
    for (size_t i = 0; i < PS_COUNT_OF(groups); i++)
        if (same_title(text, groups[i].title))
            return groups[i].stored;
    return NULL;
}

bool ps_subgroup_parse(struct ps_str text, char out_name[PS_SUBGROUP_MAX + 1])
{
    const char *stored;

    text = ps_str_trim(text);
    stored = listed(text);
    if (stored == NULL)
        stored = titled(text);
    if (stored != NULL) {
        memcpy(out_name, stored, strlen(stored) + 1);
        return true;
    }
    if (text.len < PS_SUBGROUP_MIN || text.len > PS_SUBGROUP_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!ps_ascii_is_alnum(text.data[i]))
            return false;
    for (size_t i = 0; i < text.len; i++)
        out_name[i] = ps_ascii_lower(text.data[i]);
    out_name[text.len] = '\0';
    return true;
}

static struct ps_str next_word(struct ps_str *rest)
{
    struct ps_str word;

    while (rest->len > 0 && !ps_ascii_is_alnum(rest->data[0])) {
        rest->data++;
        rest->len--;
    }
    word = (struct ps_str){ rest->data, 0 };
    while (word.len < rest->len && ps_ascii_is_alnum(word.data[word.len]))
        word.len++;
    *rest = (struct ps_str){ rest->data + word.len, rest->len - word.len };
    return word;
}

static bool word_is(struct ps_str word, const char *subgroup)
{
    const char *stored = listed(word);

    return stored != NULL ? strcmp(stored, subgroup) == 0 : ps_str_is_fold(word, subgroup);
}

static bool part_names(struct ps_str part, const char *subgroup)
{
    const char *stored = titled(part);
    struct ps_str rest = part, word;
    bool any = false;

    if (stored != NULL)
        return strcmp(stored, subgroup) == 0;
    for (word = next_word(&rest); word.len > 0; word = next_word(&rest)) {
        if (ps_subgroup_known(word)) {
            while (!word_is(word, subgroup)) {
                /* Another abbreviation follows directly, after white space only. */
                rest = ps_str_trim(rest);
                if (rest.len == 0 || !ps_ascii_is_alnum(rest.data[0]))
                    return false;
                word = next_word(&rest);
                if (!ps_subgroup_known(word))
                    return false;
            }
            return true;
        }
        any = any || word_is(word, subgroup);
    }
    return any; /* the part has no known abbreviation: any of its words may name the group */
}

/* Moves the part before the next separator out of rest. */
static struct ps_str next_part(struct ps_str *rest)
{
    static const char separators[] = ",;/&+\n";
    struct ps_str part = { rest->data, 0 };

    while (part.len < rest->len) {
        const char *at = rest->data + part.len;
        size_t left = rest->len - part.len;
        bool word_ends = part.len > 0 && (unsigned char)at[-1] <= ' ';

        if (strchr(separators, *at) != NULL && *at != '\0') {
            *rest = (struct ps_str){ at + 1, left - 1 };
            return part;
        }
        if (word_ends && left > 3 && ps_str_is_fold((struct ps_str){ at, 3 }, "and") &&
            (unsigned char)at[3] <= ' ') {
            *rest = (struct ps_str){ at + 3, left - 3 };
            return part;
        }
        part.len++;
    }
    *rest = (struct ps_str){ rest->data + rest->len, 0 };
    return part;
}

bool ps_subgroup_named(const char *field, const char *subgroup)
{
    struct ps_str rest = ps_str_of(field);

    while (rest.len > 0)
        if (part_names(next_part(&rest), subgroup))
            return true;
    return false;
}
