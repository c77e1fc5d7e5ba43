#include "worker/cli/cmd_read.h"

#include "shared/core/alloc.h"
#include "shared/core/html.h"
#include "shared/core/json.h"
#include "shared/core/url.h"
#include "shared/io/command_usage.h"
#include "shared/io/env.h"
#include "shared/io/print.h"
#include "worker/core/redirect.h"
#include "worker/io/document_child.h"
#include "worker/io/document_parser.h"
#include "worker/io/probe_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HTTP_OK = 200, HTTP_TOO_MANY_REQUESTS = 429, READ_BYTES = 65536 };

/* Reads one source after the other:
 *
 *     on_timer -> fetch or load_file -> parse -> next -> on_timer
 *
 * Every path, also that of a failure, ends in next, which prints one line. */
struct command {
    struct ps_loop *loop;
    const struct ps_config *config;
    struct ps_http *http;
    struct ps_document_parser *parser;
    char **sources;
    size_t count, at;
    struct ps_timer *timer; /* starts the next source from the loop */
    struct ps_http_call *call;
    struct ps_document_parse *parse;
    bool failed, unreachable;
};

static void print_line(struct command *command, const struct ps_document *document,
                       const struct ps_err *err)
{
    const char *source = command->sources[command->at];
    cJSON *object = cJSON_CreateObject();
    cJSON *authors;
    char *line;

    ps_json_add_text(object, ps_url_is_http(source) ? "url" : "file", source);
    ps_json_add_text(object, "title", document == NULL ? NULL : document->title);
    authors = cJSON_AddArrayToObject(object, "authors");
    for (size_t i = 0; document != NULL && i < document->author_count; i++)
        cJSON_AddItemToArray(authors, cJSON_CreateString(document->authors[i]));
    ps_json_add_text(object, "words",
                     document == NULL || document->words == NULL ? "" : document->words);
    if (err != NULL) {
        ps_json_add_text(object, "error", err->what);
        ps_json_add_text(object, "failure_category", ps_failure_name(err->category));
    }
    line = ps_json_print(object);
    ps_print(stdout, "%s\n", line);
    if (fflush(stdout) != 0)
        command->failed = true;
    free(line);
    cJSON_Delete(object);
}

static void next(struct command *command, const struct ps_document *document,
                 const struct ps_err *err)
{
    print_line(command, document, err);
    command->failed = command->failed || err != NULL;
    command->at++;
    ps_timer_set(command->timer, 0);
}

static void on_document(void *cookie, const struct ps_document *document, const struct ps_err *err)
{
    struct command *command = cookie;

    command->parse = NULL;
    next(command, document, err);
}

/* Takes data. The kind of document is decided by its first bytes, not by its name. */
static void parse(struct command *command, char *data, size_t len, const char *charset)
{
    const struct ps_document_bytes bytes = {
        .kind = PS_DOCUMENT_ANY, .data = data, .len = len, .charset = charset
    };

    command->parse = ps_document_parse_start(command->parser, &bytes, on_document, command);
}

static void on_reply(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct command *command = cookie;
    struct ps_http_call *call = command->call;
    struct ps_err fault;
    char *charset;

    command->call = NULL;
    if (err != NULL) {
        command->unreachable = command->unreachable ||
                               (reply->status == 0 && err->category != PS_FAILURE_CONFIGURATION);
        next(command, NULL, err);
    } else if (reply->status != HTTP_OK) {
        (void)ps_fail(&fault,
                      reply->status == HTTP_TOO_MANY_REQUESTS ? PS_FAILURE_RATE_LIMIT
                                                              : PS_FAILURE_NETWORK,
                      reply->status, "HTTP status %d", reply->status);
        next(command, NULL, &fault);
    } else {
        charset = ps_html_charset(reply->content_type);
        parse(command, ps_http_take_body(call), reply->body_len, charset);
        free(charset);
    }
}

static void fetch(struct command *command, const char *url)
{
    struct ps_http_request request = { .method = PS_HTTP_GET,
                                       .url = url,
                                       .timeout_ms =
                                           (int64_t)(command->config->http_timeout_seconds * 1000),
                                       .max_body = PS_DOCUMENT_PDF_MAX,
                                       .max_redirects = PS_REDIRECTS_MAX,
                                       .accept_encoding = true };
    struct ps_err err;

    command->call = ps_http_send(command->http, &request, on_reply, command, &err);
    if (command->call == NULL)
        next(command, NULL, &err);
}

/* Blocks the loop, which has nothing else to do in this command. */
static bool read_file(int fd, struct ps_buf *data, struct ps_err *err)
{
    char piece[READ_BYTES];
    ssize_t got = 0;

    while (fd >= 0 && (got = read(fd, piece, sizeof(piece))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        if (!ps_buf_add(data, piece, (size_t)got))
            return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "more than %d bytes", PS_DOCUMENT_PDF_MAX);
    }
    if (fd < 0 || got < 0)
        return ps_fail(err, PS_FAILURE_UNKNOWN, errno, "%s", strerror(errno));
    return true;
}

static void load_file(struct command *command, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct ps_buf data;
    struct ps_err err;
    size_t len;

    ps_buf_init(&data, PS_DOCUMENT_PDF_MAX);
    if (read_file(fd, &data, &err)) {
        len = data.len;
        parse(command, ps_buf_take(&data), len, NULL);
    } else {
        next(command, NULL, &err);
    }
    if (!standard && fd >= 0)
        (void)close(fd);
    ps_buf_clear(&data);
}

static void on_timer(void *cookie)
{
    struct command *command = cookie;
    int status = PS_EXIT_OK;

    if (command->at < command->count) {
        const char *source = command->sources[command->at];

        if (ps_url_is_http(source))
            fetch(command, source);
        else
            load_file(command, source);
        return;
    }
    if (command->unreachable)
        status = PS_EXIT_UNAVAILABLE;
    else if (command->failed)
        status = PS_EXIT_FAILED;
    ps_loop_stop(command->loop, status);
}

static int read_all(struct command *command)
{
    struct ps_probe_kit_options options = { .loop = command->loop,
                                            .config = command->config,
                                            .for_people = true };
    struct ps_document_parser_options parser = { .loop = command->loop };
    struct ps_probe_kit kit;
    int status;

    ps_probe_kit_init(&kit, &options);
    command->http = kit.http;
    command->parser = ps_document_parser_create(&parser);
    command->timer = ps_timer_create(command->loop, on_timer, command);
    ps_timer_set(command->timer, 0);
    status = ps_loop_run(command->loop);
    ps_http_cancel(command->call);
    ps_document_parse_cancel(command->parse);
    ps_timer_destroy(command->timer);
    ps_document_parser_destroy(command->parser);
    ps_probe_kit_clear(&kit);
    return status;
}

static int run_read(int argc, char **argv, void *env)
{
    const char *program = "paperscout-worker";
    struct ps_config config;
    struct command command = { .sources = argv + 1, .count = argc > 1 ? (size_t)(argc - 1) : 0 };
    int status;

    if (argc > 1 && strcmp(argv[1], "--json") == 0) { /* the output is JSON in any case */
        argv++;
        command.sources++;
        command.count--;
    }
    if (command.count == 0)
        return ps_command_usage("paperscout-worker", PS_COMMAND_READ);
    for (size_t i = 0; i < command.count; i++) {
        if (argv[i + 1][0] != '-' || argv[i + 1][1] == '\0')
            continue;
        ps_print(stderr,
                 "paperscout-worker: read has no option \"%s\"; it takes files and URLs "
                 "(./%s is a file)\n",
                 argv[i + 1], argv[i + 1]);
        return PS_EXIT_USAGE;
    }
    if (!ps_config_load(PS_COMPONENT_WORKER, ps_env_get, env, ps_print_fault, &program, &config))
        return PS_EXIT_CONFIG;
    command.config = &config;
    command.loop = ps_loop_create();
    status = read_all(&command);
    ps_loop_destroy(command.loop);
    ps_config_clear(&config);
    return status;
}

const struct ps_command ps_cmd_read = { .text = &ps_command_texts[PS_COMMAND_READ],
                                        .run = run_read };
