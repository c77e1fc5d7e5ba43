#include "worker/io/document_parser.h"

#include "shared/core/alloc.h"
#include "shared/core/text_decode.h"
#include "worker/core/document_line.h"
#include "worker/io/child_process.h"
#include "worker/io/document_child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

enum {
    SLICE_BYTES = 1024 * 1024, /* copied in one turn of the loop; takes less than a millisecond */
    CHILDREN_MAX = 2,
    TIMEOUT_MS = 15000,
    CPU_SECONDS = 5,
    LABEL_MAX = 40
};

/* No limit under a sanitizer, which reserves terabytes of address space. */
#if defined(__SANITIZE_ADDRESS__)
#define MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY 0
#endif
#endif
#ifndef MEMORY
#define MEMORY ((size_t)256 * 1024 * 1024)
#endif

TAILQ_HEAD(parse_list, ps_document_parse);

struct ps_document_parser {
    struct ps_document_parser_options options;
    struct parse_list waiting;
    struct ps_timer *timer; /* serves the first waiting document, one slice in each turn */
    int running;
};

struct ps_document_parse {
    TAILQ_ENTRY(ps_document_parse) link; /* while waiting */
    bool waiting;
    struct ps_document_parser *parser;
    enum ps_document_kind kind;
    char charset[LABEL_MAX];
    char *data; /* NULL once all of it has been copied */
    size_t len, copied;
    int in_fd; /* the file in memory that becomes the child's input; else -1 */
    struct ps_child *child;
    ps_document_fn fn;
    void *cookie;
};

/* From the queue to the running ones. */
static void leave_queue(struct ps_document_parse *parse)
{
    TAILQ_REMOVE(&parse->parser->waiting, parse, link);
    parse->waiting = false;
    parse->parser->running++;
}

static void parse_free(struct ps_document_parse *parse)
{
    struct ps_document_parser *parser = parse->parser;

    if (parse->waiting)
        leave_queue(parse);
    parser->running--;
    if (parse->in_fd >= 0)
        (void)close(parse->in_fd);
    free(parse->data);
    free(parse);
    if (!TAILQ_EMPTY(&parser->waiting))
        ps_timer_set(parser->timer, 0);
}

static void on_child(void *cookie, const char *output, size_t len, const struct ps_err *err)
{
    struct ps_document_parse *parse = cookie;
    struct ps_document document = { 0 };
    struct ps_err fault;

    if (err == NULL && !ps_document_line_parse(output, len, &document, &fault))
        err = &fault;
    parse->fn(parse->cookie, err == NULL ? &document : NULL, err);
    ps_document_clear(&document);
    parse_free(parse);
}

static bool start_child(struct ps_document_parse *parse, struct ps_err *err)
{
    static char kinds[][5] = {
        [PS_DOCUMENT_HTML] = "html", [PS_DOCUMENT_PDF] = "pdf", [PS_DOCUMENT_ANY] = "any"
    };
    static char command[] = PS_DOCUMENT_CHILD_COMMAND;
    const struct ps_document_parser_options *options = &parse->parser->options;
    char name[] = "paperscout-worker";
    char *const argv[] = { name, command, kinds[parse->kind],
                           parse->charset[0] != '\0' ? parse->charset : NULL, NULL };
    struct ps_child_spec spec = { .program = options->program != NULL ? options->program
                                                                      : "/proc/self/exe",
                                  .argv = argv,
                                  .in_fd = parse->in_fd,
                                  .cpu_seconds = options->cpu_seconds,
                                  .memory = options->memory };
    struct ps_child_limits limits = { options->timeout_ms, PS_DOCUMENT_LINE_MAX };

    parse->child = ps_child_start(options->loop, &spec, &limits, on_child, parse, err);
    return parse->child != NULL;
}

/* Copies the next slice. Fails when the system has no memory for it. */
static bool copy_slice(struct ps_document_parse *parse, struct ps_err *err)
{
    size_t left = parse->len - parse->copied;
    size_t len = left < SLICE_BYTES ? left : SLICE_BYTES;

    if (parse->in_fd < 0)
        parse->in_fd = ps_child_input_create();
    if (parse->in_fd < 0 || !ps_child_input_add(parse->in_fd, parse->data + parse->copied, len))
        return ps_fail(err, PS_FAILURE_UNKNOWN, errno, "no memory for the document: %s",
                       strerror(errno));
    parse->copied += len;
    return true;
}

/* Serves the document that has waited longest: copies one slice, or starts its child. */
static void on_timer(void *cookie)
{
    struct ps_document_parser *parser = cookie;
    struct ps_document_parse *parse = TAILQ_FIRST(&parser->waiting);
    struct ps_err err;
    bool ok;

    if (parse == NULL || parser->running >= CHILDREN_MAX)
        return;
    ok = copy_slice(parse, &err);
    if (ok && parse->copied < parse->len) {
        ps_timer_set(parser->timer, 0);
        return;
    }
    free(parse->data);
    parse->data = NULL;
    leave_queue(parse);
    if (ok && start_child(parse, &err)) {
        (void)close(parse->in_fd);
        parse->in_fd = -1;
    } else {
        parse->fn(parse->cookie, NULL, &err);
        parse_free(parse);
    }
    if (!TAILQ_EMPTY(&parser->waiting))
        ps_timer_set(parser->timer, 0);
}

struct ps_document_parser *
ps_document_parser_create(const struct ps_document_parser_options *options)
{
    struct ps_document_parser *parser = ps_alloc_zero(1, sizeof(*parser));

    parser->options = *options;
    if (parser->options.timeout_ms == 0)
        parser->options.timeout_ms = TIMEOUT_MS;
    if (parser->options.cpu_seconds == 0)
        parser->options.cpu_seconds = CPU_SECONDS;
    if (parser->options.memory == 0)
        parser->options.memory = MEMORY;
    TAILQ_INIT(&parser->waiting);
    parser->timer = ps_timer_create(options->loop, on_timer, parser);
    return parser;
}

void ps_document_parser_destroy(struct ps_document_parser *parser)
{
    if (parser == NULL)
        return;
    ps_timer_destroy(parser->timer);
    free(parser);
}

struct ps_document_parse *ps_document_parse_start(struct ps_document_parser *parser,
                                                  const struct ps_document_bytes *bytes,
                                                  ps_document_fn fn, void *cookie)
{
    const struct ps_text_encoding *encoding =
        bytes->charset == NULL ? NULL
                               : ps_text_encoding_find(bytes->charset, strlen(bytes->charset));
    struct ps_document_parse *parse = ps_alloc_zero(1, sizeof(*parse));

    *parse = (struct ps_document_parse){ .parser = parser,
                                         .waiting = true,
                                         .kind = bytes->kind,
                                         .data = bytes->data,
                                         .len = bytes->len,
                                         .in_fd = -1,
                                         .fn = fn,
                                         .cookie = cookie };
    /* The child gets the canonical name: the server's own text must not become an argument. */
    if (encoding != NULL)
        (void)snprintf(parse->charset, LABEL_MAX, "%s", ps_text_encoding_name(encoding));
    TAILQ_INSERT_TAIL(&parser->waiting, parse, link);
    ps_timer_set(parser->timer, 0);
    return parse;
}

void ps_document_parse_cancel(struct ps_document_parse *parse)
{
    if (parse == NULL)
        return;
    ps_child_cancel(parse->child);
    parse_free(parse);
}
