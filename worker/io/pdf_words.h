/* The first words of a PDF, by a pdftotext child with limits on CPU, memory, output and time. */
#ifndef PS_WORKER_IO_PDF_WORDS_H
#define PS_WORKER_IO_PDF_WORDS_H
#include "shared/io/loop.h"

#include <stddef.h>

struct ps_pdf; /* one child */

enum { PS_PDF_ERR_MISSING = 30001 /* there is no such program */ };

struct ps_pdf_options {
    struct ps_loop *loop;
    const char *program; /* searched in PATH; NULL: pdftotext */
    int64_t timeout_ms;  /* wall time; 0: 10000 */
    int cpu_seconds;     /* 0: 5 */
    size_t memory;       /* bytes of address space; 0: 256 MiB */
    size_t max_words, max_bytes;
};

/* text: NULL where the document has none, borrowed for the call; err NULL when the child ended
 * well. Runs on the loop, never before ps_pdf_start returned; pdf is gone after it. */
typedef void (*ps_pdf_fn)(void *cookie, const char *text, const struct ps_err *err);

/* Copies data. false: no child could be made. */
struct ps_pdf *ps_pdf_start(const struct ps_pdf_options *options, const char *data, size_t len,
                            ps_pdf_fn fn, void *cookie, struct ps_err *err) PS_MUST_USE;
void ps_pdf_cancel(struct ps_pdf *pdf); /* kills the child; fn will not run; NULL is fine */

#endif
