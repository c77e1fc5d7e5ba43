/* Turns the bytes of a document into a struct ps_document, each in a child process of its own.
 *
 * Place in the data flow: document_reader (or the command `read`) -> this queue -> child_process ->
 * document_child, and its line of JSON back.
 *
 * Documents come from strangers, and large libraries parse them. So no document is parsed on the
 * event loop: a hostile one could stop the worker's heartbeat, or take it over. At most two
 * children run at once; waiting documents cost memory but no time. The loop itself only copies the
 * bytes into a file in memory, a mebibyte in each turn, and reads one line. */
#ifndef PS_WORKER_IO_DOCUMENT_PARSER_H
#define PS_WORKER_IO_DOCUMENT_PARSER_H
#include "shared/io/loop.h"
#include "worker/core/document.h"

struct ps_document_parser; /* one for the whole program */
struct ps_document_parse;  /* one document */

struct ps_document_parser_options {
    struct ps_loop *loop;
    const char *program; /* has the command of document_child; NULL: the running program */
    int64_t timeout_ms;  /* wall time of one child; 0: 15000 */
    int cpu_seconds;     /* of the child; poppler's programs have limits of their own; 0: 5 */
    size_t memory;       /* bytes of the child's address space; 0: 256 MiB */
};

/* ANY: the child looks at the first bytes. */
enum ps_document_kind { PS_DOCUMENT_HTML, PS_DOCUMENT_PDF, PS_DOCUMENT_ANY };

/* document is borrowed for the call, NULL with err when the document could not be read. Runs on the
 * loop, once, never before ps_document_parse_start returned. The parse is freed after it. */
typedef void (*ps_document_fn)(void *cookie, const struct ps_document *document,
                               const struct ps_err *err);

/* Borrows what options names. */
struct ps_document_parser *
ps_document_parser_create(const struct ps_document_parser_options *options) PS_MUST_USE;
/* Only when no parse is under way. */
void ps_document_parser_destroy(struct ps_document_parser *parser);

struct ps_document_bytes {
    enum ps_document_kind kind;
    char *data; /* from malloc; the parse takes it */
    size_t len;
    const char *charset; /* of the Content-Type, borrowed for the call; NULL when it names none */
};

/* Queues a document. Takes bytes->data; borrows cookie until fn has run or the parse is cancelled.
 * A failure, also one to start the child, is reported through fn. Never NULL. */
struct ps_document_parse *ps_document_parse_start(struct ps_document_parser *parser,
                                                  const struct ps_document_bytes *bytes,
                                                  ps_document_fn fn, void *cookie) PS_MUST_USE;
/* Kills the child and frees the parse; fn is never called. NULL is allowed. */
void ps_document_parse_cancel(struct ps_document_parse *parse);

#endif
