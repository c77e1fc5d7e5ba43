/* The child process that parses one document: bytes on standard input, one line of JSON on standard
 * output (core/document_line).
 *
 * Place in the data flow: document_parser starts the worker's own binary with a hidden command.
 *
 * Neither the cost of a hostile document nor a fault of a parser may touch the event loop or reach
 * a secret. So the child has the limits of child_spawn, enters the sandbox before it parses
 * anything, and reads no setting and no .env file. It parses an HTML page itself. For a PDF it runs
 * poppler's programs, each a sandboxed child in turn, and parses only the texts that they print. */
#ifndef PS_WORKER_IO_DOCUMENT_CHILD_H
#define PS_WORKER_IO_DOCUMENT_CHILD_H
#include <stddef.h>

/* The hidden command. Its arguments: KIND ("html", "pdf", or "any" to decide by the first bytes),
 * and for HTML the charset that the server named, if any. */
#define PS_DOCUMENT_CHILD_COMMAND "read-document"

enum {
    PS_DOCUMENT_HTML_MAX =
        2 * 1024 * 1024, /* bytes of a page; its title and names are at the top */
    PS_DOCUMENT_PDF_MAX = 32 * 1024 * 1024, /* bytes of a PDF; a paper is smaller */
};

enum { PS_DOCUMENT_ERR_NO_TOOL = 30002 }; /* err->code: pdftotext is not installed */

/* Runs the command, whose name is argv[0], and ends the process. */
_Noreturn void ps_document_child_main(int argc, char **argv);

#endif
