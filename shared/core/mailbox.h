/* E-mail addresses, as the sender and the receivers of mail.
 *
 * A channel of a message may be an address: a person whose watchlist has an address for a user id,
 * or any channel of the settings. The notifier sends such a message by mail. Only addresses of
 * plain ASCII are taken, in the form local@domain: an address goes into the commands of SMTP and
 * into headers, where a line break or an angle bracket would begin a command of somebody else.
 * Pure. */
#ifndef PS_CORE_MAILBOX_H
#define PS_CORE_MAILBOX_H
#include "shared/core/err.h"

#include <stdbool.h>

enum { PS_MAILBOX_ADDRESS_MAX = 127, PS_MAILBOX_NAME_MAX = 100 };

/* Returns whether text is an address: a local part of letters, digits and the marks of RFC 5321
 * without quotes, and a domain of letters, digits, '-' and '.'. */
bool ps_mailbox_is_address(const char *text);
/* Gives a copy of the address with its domain in lower case, so that one person is one user id. */
char *ps_mailbox_normalize(const char *address) PS_MUST_USE;

/* A sender: "name@example.org", or "Name <name@example.org>". */
struct ps_mailbox {
    char address[PS_MAILBOX_ADDRESS_MAX + 1];
    char name[PS_MAILBOX_NAME_MAX + 1]; /* UTF-8 without control characters; "" for none */
};
/* On false err (CONFIGURATION) says what is wrong, and *out_mailbox is untouched. */
bool ps_mailbox_parse(const char *text, struct ps_mailbox *out_mailbox,
                      struct ps_err *err) PS_MUST_USE;

#endif
