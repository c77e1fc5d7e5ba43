/* Cleans a document's title: removes the document's number, e-mail addresses and file names.
 *
 * Place in the data flow: html_document and pdf_document pass each candidate for the title; a
 * candidate that is not a title (a file name, a number, "Untitled") gives NULL, and they try the
 * next one. Pure. */
#ifndef PS_WORKER_CORE_DOCUMENT_TITLE_H
#define PS_WORKER_CORE_DOCUMENT_TITLE_H
#include "shared/core/base.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * ps_title_number_len(text): Return the length of the document number that ${text} begins with:
 * "P1234R0", "D1234", "N4950", "Dxxxx", "PnnnnR0"; 0 for none.
 */
size_t ps_title_number_len(const char *text);

/**
 * ps_title_clean(text, len, own_number): Return a title, owned by the caller: one line of at
 * most PS_DOCUMENT_TITLE_MAX bytes without e-mail addresses, and without the document's number
 * before or after it.
 * ${own_number} is that number, NULL when unknown: "P2300 is too big" loses its first word only if
 * P2300 is the document's own number, "P2300: Too big" always. Return NULL if ${text} is not a
 * title: empty, a number, a file name, or the default that a program writes.
 */
char *ps_title_clean(const char *text, size_t len, const char *own_number) PS_MUST_USE;

#endif
