/* The child process that reads one document: bytes on standard input, one line of JSON on standard
 * output (core/document_line).
 *
 * The worker starts its own binary anew with a hidden command for it, so that neither the cost of a
 * hostile document nor a fault of a parser touches the event loop. The child runs within the limits
 * of child_spawn and in the sandbox: an HTML page is parsed here; of a PDF poppler's programs, each
 * a sandboxed child in turn, give texts that are parsed here. It reads no setting and no .env file.
 */
#ifndef PS_WORKER_IO_DOCUMENT_CHILD_H
#define PS_WORKER_IO_DOCUMENT_CHILD_H
#include <stddef.h>

/* The hidden command; then KIND ("html", "pdf" or "any": told by its first bytes) and, of HTML, the
 * label of the server's charset or nothing. */
#define PS_DOCUMENT_CHILD_COMMAND "read-document"

enum {
    PS_DOCUMENT_HTML_MAX = 2 * 1024 * 1024, /* bytes of a page: names are at its top */
    PS_DOCUMENT_PDF_MAX = 32 * 1024 * 1024, /* bytes of a PDF; more is no paper */
};

enum { PS_DOCUMENT_ERR_NO_TOOL = 30002 }; /* err->code: poppler's pdftotext is not installed */

/* main() of that command: argv[0] is its name. Ends the process. */
_Noreturn void ps_document_child_main(int argc, char **argv);

#endif
