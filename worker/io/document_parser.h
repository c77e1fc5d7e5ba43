/* Bytes of a document to a struct ps_document, each in a child process of its own.
 *
 * At most a few children run at once; documents that wait cost memory but no time. The loop itself
 * copies the bytes into a file in memory, a part in each turn, and reads one line of JSON. */
#ifndef PS_WORKER_IO_DOCUMENT_PARSER_H
#define PS_WORKER_IO_DOCUMENT_PARSER_H
#include "shared/io/loop.h"
#include "worker/core/document.h"

struct ps_document_parser; /* of a whole program */
struct ps_document_parse;  /* one document */

struct ps_document_parser_options {
    struct ps_loop *loop;
    const char *program; /* that has the command of document_child; NULL: the running one */
    int64_t timeout_ms;  /* wall time of one child; 0: 15000 */
    int cpu_seconds;     /* of the child; poppler's programs have limits of their own; 0: 5 */
    size_t memory;       /* bytes of the child's address space; 0: 256 MiB */
};

enum ps_document_kind { PS_DOCUMENT_HTML, PS_DOCUMENT_PDF, PS_DOCUMENT_ANY };

/* document: borrowed for the call; NULL with err when it could not be read. Runs on the loop, never
 * before ps_document_parse_start returned; the parse is gone after it. */
typedef void (*ps_document_fn)(void *cookie, const struct ps_document *document,
                               const struct ps_err *err);

struct ps_document_parser *
ps_document_parser_create(const struct ps_document_parser_options *options) PS_MUST_USE;
void ps_document_parser_destroy(struct ps_document_parser *parser); /* with no parse under way */

struct ps_document_bytes {
    enum ps_document_kind kind;
    char *data; /* from malloc; the parse takes it */
    size_t len;
    const char *charset; /* of its Content-Type, borrowed; NULL for none */
};

struct ps_document_parse *ps_document_parse_start(struct ps_document_parser *parser,
                                                  const struct ps_document_bytes *bytes,
                                                  ps_document_fn fn, void *cookie) PS_MUST_USE;
void ps_document_parse_cancel(struct ps_document_parse *parse); /* fn will not run; NULL is fine */

#endif
