/* Manual pages in man(7) macros, made from the tables of commands and settings. */
#ifndef PS_CORE_MAN_PAGE_H
#define PS_CORE_MAN_PAGE_H
#include "shared/core/buf.h"

#include <stddef.h>

/* Calls fn for each page with its file name ("paperscout-status.1") and text; both are borrowed for
 * the call. version and date ("2026-11-30") go into the titles. */
typedef void (*ps_man_page_fn)(void *cookie, const char *file, const char *text);
void ps_man_pages(const char *version, const char *date, ps_man_page_fn fn, void *cookie);

#endif
