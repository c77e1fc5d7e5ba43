/* Allocation that cannot fail: out of memory ends the process.
 *
 * All modules allocate through it. A restarted pod recovers its work from the stream
 * (ARCHITECTURE.md), whereas code that handles every failed malloc would be untested. The price:
 * every buffer that a peer can fill needs a cap of its own. */
#ifndef PS_CORE_ALLOC_H
#define PS_CORE_ALLOC_H
#include "shared/core/base.h"

#include <stddef.h>

/* None of these returns NULL; each aborts if memory is exhausted or if count * size overflows. The
 * caller frees the result with free(). */
void *ps_alloc(size_t size) PS_MUST_USE;                    /* not initialised */
void *ps_alloc_zero(size_t count, size_t size) PS_MUST_USE; /* all bytes 0 */
/* Resizes old (taken; may be NULL) to count elements of size bytes. */
void *ps_alloc_array(void *old, size_t count, size_t size) PS_MUST_USE;
char *ps_alloc_text(const char *text) PS_MUST_USE;             /* copies text; NULL for NULL */
char *ps_alloc_copy(const char *data, size_t len) PS_MUST_USE; /* copies len bytes, adds a NUL */
char *ps_alloc_format(const char *format, ...) PS_MUST_USE PS_PRINTF(1, 2);

#endif
