#include "shared/core/mailbox.h"

#include "shared/core/alloc.h"
#include "shared/core/str.h"

#include <string.h>

enum { LOCAL_MAX = 64, LABEL_MAX = 63 };

static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static bool is_local_part(const char *text, size_t len)
{
    if (len == 0 || len > LOCAL_MAX || text[0] == '.' || text[len - 1] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (strchr(alphanumeric, text[i]) == NULL &&
            strchr(".!#$%&'*+/=?^_`{|}~-", text[i]) == NULL)
            return false;
    for (size_t i = 1; i < len; i++)
        if (text[i] == '.' && text[i - 1] == '.')
            return false;
    return true;
}

static bool is_domain(const char *text)
{
    struct ps_str rest = ps_str_of(text), label;
    size_t labels = 0, len = strlen(text);

    if (len == 0 || text[0] == '.' || text[len - 1] == '.')
        return false;
    while (ps_str_next(&rest, '.', &label)) {
        if (label.len == 0 || label.len > LABEL_MAX || label.data[0] == '-' ||
            label.data[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (label.data[i] != '-' && strchr(alphanumeric, label.data[i]) == NULL)
                return false;
        labels++;
    }
    return labels >= 2 || strcmp(text, "localhost") == 0;
}

bool ps_mailbox_is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at != NULL && strlen(text) <= PS_MAILBOX_ADDRESS_MAX &&
           is_local_part(text, (size_t)(at - text)) && is_domain(at + 1);
}

char *ps_mailbox_normalize(const char *address)
{
    char *copy = ps_alloc_text(address);
    char *at = strchr(copy, '@');

    for (char *c = at; c != NULL && *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return copy;
}

static bool is_name(struct ps_str name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.data[i] < ' ' || name.data[i] == 127 || name.data[i] == '<' ||
            name.data[i] == '>')
            return false;
    return name.len <= PS_MAILBOX_NAME_MAX;
}

bool ps_mailbox_parse(const char *text, struct ps_mailbox *out_mailbox, struct ps_err *err)
{
    struct ps_str all = ps_str_trim(ps_str_of(text)), name = { .len = 0 }, address = all;
    const char *open = memchr(all.data, '<', all.len);
    struct ps_mailbox mailbox = { .name = "" };

    if (open != NULL && all.data[all.len - 1] == '>') {
        name = ps_str_trim((struct ps_str){ all.data, (size_t)(open - all.data) });
        address = (struct ps_str){ open + 1, all.len - (size_t)(open - all.data) - 2 };
        if (name.len >= 2 && name.data[0] == '"' && name.data[name.len - 1] == '"')
            name = (struct ps_str){ name.data + 1, name.len - 2 };
    }
    if (address.len > PS_MAILBOX_ADDRESS_MAX || !is_name(name))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "an address, or a name and an address: Paperscout <paperscout@example.org>");
    if (address.len > 0)
        memcpy(mailbox.address, address.data, address.len);
    if (name.len > 0)
        memcpy(mailbox.name, name.data, name.len);
    if (!ps_mailbox_is_address(mailbox.address))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "an address, or a name and an address: Paperscout <paperscout@example.org>");
    *out_mailbox = mailbox;
    return true;
}
