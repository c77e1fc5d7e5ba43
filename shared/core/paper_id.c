#include "shared/core/paper_id.h"

#include "shared/core/str.h"
#include "shared/core/url.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *prefix;
    enum ps_paper_kind kind;
} prefixes[] = {
    {"P",     PS_PAPER_P    },
    { "D",    PS_PAPER_D    },
    { "N",    PS_PAPER_N    },
    { "CWG",  PS_PAPER_ISSUE},
    { "EWG",  PS_PAPER_ISSUE},
    { "LWG",  PS_PAPER_ISSUE},
    { "LEWG", PS_PAPER_ISSUE},
    { "FS",   PS_PAPER_ISSUE},
};

static bool read_number(struct ps_str text, int max, int *out_number)
{
    int64_t value;

    if (!ps_str_digits(text) || !ps_str_int(text, 0, max, &value))
        return false;
    *out_number = (int)value;
    return true;
}

/* Reads the part after the prefix: a number; for P and D also "R" and a revision. */
static bool read_rest(struct ps_str rest, struct ps_paper_id *id)
{
    struct ps_str number = rest, revision;

    id->revision = -1;
    if (id->kind == PS_PAPER_P || id->kind == PS_PAPER_D) {
        number.len = 0;
        while (number.len < rest.len && rest.data[number.len] != 'R' &&
               rest.data[number.len] != 'r')
            number.len++;
        if (number.len == rest.len)
            return false;
        revision = (struct ps_str){ rest.data + number.len + 1, rest.len - number.len - 1 };
        if (!read_number(revision, PS_PAPER_REVISION_MAX, &id->revision))
            return false;
    }
    return read_number(number, PS_PAPER_NUMBER_MAX, &id->number);
}

bool ps_paper_id_parse(const char *text, size_t len, struct ps_paper_id *out_id)
{
    size_t letters = 0, i;

    /* The prefix is everything before the first digit: "PWG1" must not match the prefix "P". */
    while (letters < len && (text[letters] < '0' || text[letters] > '9'))
        letters++;
    for (i = 0; i < PS_COUNT_OF(prefixes); i++) {
        struct ps_paper_id id = { .kind = prefixes[i].kind };

        if (!ps_str_is_fold((struct ps_str){ text, letters }, prefixes[i].prefix))
            continue;
        if (!read_rest((struct ps_str){ text + letters, len - letters }, &id))
            return false;
        memcpy(id.prefix, prefixes[i].prefix, strlen(prefixes[i].prefix) + 1);
        *out_id = id;
        return true;
    }
    return false;
}

void ps_paper_id_format(const struct ps_paper_id *id, char out_text[PS_PAPER_ID_TEXT])
{
    switch (id->kind) {
    case PS_PAPER_P:
    case PS_PAPER_D:
        (void)snprintf(out_text, PS_PAPER_ID_TEXT, "%s%04dR%d", id->prefix, id->number,
                       id->revision);
        break;
    case PS_PAPER_N:
        (void)snprintf(out_text, PS_PAPER_ID_TEXT, "%s%04d", id->prefix, id->number);
        break;
    case PS_PAPER_ISSUE:
        (void)snprintf(out_text, PS_PAPER_ID_TEXT, "%s%d", id->prefix, id->number);
        break;
    }
}

bool ps_paper_id_parse_file(const char *text, struct ps_paper_id *out_id, const char **out_ext)
{
    size_t len;
    const char *name = ps_url_file_name(text, &len);
    const char *dot = len > 0 ? memchr(name, '.', len) : NULL;

    /* out_ext borrows up to the end of text, so nothing may follow the file name. */
    if (dot == NULL || name[len] != '\0' || dot + 1 == name + len ||
        !ps_paper_id_parse(name, (size_t)(dot - name), out_id))
        return false;
    *out_ext = dot;
    return true;
}
