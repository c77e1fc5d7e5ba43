/* E-mail addresses within text, so that none of them ever reaches a chat channel.
 *
 * Finds "a.b@example.org", "{a,b}@example.org", "a.b (at) example.org", "a.b at example dot org"
 * and the like: papers carry addresses in the form that their author believes no robot can read. */
#ifndef PS_WORKER_CORE_MAIL_ADDRESS_H
#define PS_WORKER_CORE_MAIL_ADDRESS_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

struct ps_mail_span {
    size_t start;  /* first byte of the address */
    size_t at;     /* first byte of "@" or of what stands for it */
    size_t domain; /* first byte of the domain */
    size_t end;    /* first byte after the address */
};

/**
 * ps_mail_find(text, len, from, out_span): Find the first address in text[from … len). Costs time
 * in proportion to the text. Borrows. False: there is none, out_span is unchanged.
 */
bool ps_mail_find(const char *text, size_t len, size_t from, struct ps_mail_span *out_span);

/* Removes every address from text, in place, with the brackets around it. Spaces are collapsed. */
void ps_mail_remove(char *text);

#endif
