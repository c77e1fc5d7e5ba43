/* Memory that is there or the process ends: a pod restarts, the stream redelivers
 * (ARCHITECTURE.md). */
#ifndef PS_CORE_ALLOC_H
#define PS_CORE_ALLOC_H
#include "shared/core/base.h"

#include <stddef.h>

/* All of these abort when memory is out or a size overflows; none returns NULL. Free with free().
 */
void *ps_alloc(size_t size) PS_MUST_USE;
void *ps_alloc_zero(size_t count, size_t size) PS_MUST_USE;
void *ps_alloc_array(void *old, size_t count, size_t size) PS_MUST_USE;
/* Copies text; NULL stays NULL. */
char *ps_alloc_text(const char *text) PS_MUST_USE;
/* Copies len bytes and ends them with a NUL. */
char *ps_alloc_copy(const char *data, size_t len) PS_MUST_USE;
char *ps_alloc_format(const char *format, ...) PS_MUST_USE PS_PRINTF(1, 2);

#endif
