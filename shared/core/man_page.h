/* Manual pages in man(7) macros, made from the tables of commands and settings. */
#ifndef PS_CORE_MAN_PAGE_H
#define PS_CORE_MAN_PAGE_H
#include "shared/core/buf.h"

#include <stddef.h>

/* file is the name of the page ("paperscout-status.1"); both texts are borrowed for the call. */
typedef void (*ps_man_page_fn)(void *cookie, const char *file, const char *text);
/* Calls fn for each page, before it returns. version and date ("2026-11-30") go into the titles, so
 * that a build can be repeated byte by byte. */
void ps_man_pages(const char *version, const char *date, ps_man_page_fn fn, void *cookie);

#endif
