/* Finds and removes e-mail addresses in text, so that none of them ever reaches a chat channel.
 *
 * Place in the data flow: document_title and author_names clean their texts with it. Pure.
 *
 * Finds "a.b@example.org", "{a,b}@example.org", "a.b (at) example.org", "a.b at example dot org"
 * and the like: papers write addresses so that robots do not recognise them. */
#ifndef PS_WORKER_CORE_MAIL_ADDRESS_H
#define PS_WORKER_CORE_MAIL_ADDRESS_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

struct ps_mail_span {
    size_t start;  /* first byte of the address */
    size_t at;     /* first byte of "@" or of its substitute */
    size_t domain; /* first byte of the domain */
    size_t end;    /* first byte after the address */
};

/**
 * ps_mail_find(text, len, from, out_span): Find the first address in text[from … len). Return
 * false, with ${out_span} unchanged, if there is none. The time is proportional to the text's
 * length.
 */
bool ps_mail_find(const char *text, size_t len, size_t from, struct ps_mail_span *out_span);

/* Removes every address from text, in place, with the brackets around it. Spaces are collapsed. */
void ps_mail_remove(char *text);

#endif
