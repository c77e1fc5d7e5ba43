#include "scheduler/cli/cmd_search.h"

#include "scheduler/core/reader_pages.h"
#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"
#include "shared/io/cli_session.h"
#include "shared/io/command_usage.h"
#include "shared/io/library_reader.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 5000, COUNT_DEFAULT = 20, COUNT_MAX = 500, WORDS_MAX = PS_LIBRARY_QUERY_WORDS };
enum { QUERY_BYTES = PS_LIBRARY_QUERY_BYTES + WORDS_MAX + 1 };

struct options {
    bool json;
    int64_t count;
    const char *words[WORDS_MAX];
    size_t word_count, bytes;
};

static bool take_word(const char *word, struct options *options)
{
    options->bytes += strlen(word) + 1;
    if (options->word_count == WORDS_MAX || word[0] == '\0' ||
        options->bytes > PS_LIBRARY_QUERY_BYTES) {
        ps_print(stderr, "search: give 1 to %d words of at most %d bytes in all\n", WORDS_MAX,
                 PS_LIBRARY_QUERY_BYTES);
        return false;
    }
    options->words[options->word_count++] = word;
    return true;
}

/* Returns an exit status; PS_EXIT_OK when the options can be used. */
static int read_options(int argc, char **argv, struct options *out_options)
{
    bool words_only = false;

    *out_options = (struct options){ .count = COUNT_DEFAULT };
    for (int i = 1; i < argc; i++) {
        if (!words_only && strcmp(argv[i], "--") == 0) {
            words_only = true;
        } else if (!words_only && strcmp(argv[i], "--json") == 0) {
            out_options->json = true;
        } else if (!words_only && strcmp(argv[i], "--count") == 0) {
            if (i + 1 == argc ||
                !ps_str_int(ps_str_of(argv[i + 1]), 1, COUNT_MAX, &out_options->count)) {
                ps_print(stderr, "search: --count needs a number from 1 to %d\n", COUNT_MAX);
                return PS_EXIT_USAGE;
            }
            i++;
        } else if (!words_only && strncmp(argv[i], "--", 2) == 0) {
            ps_print(stderr, "search: unknown option \"%s\"\n", argv[i]);
            return PS_EXIT_USAGE;
        } else if (!take_word(argv[i], out_options)) {
            return PS_EXIT_USAGE;
        }
    }
    return out_options->word_count == 0
               ? ps_command_usage("paperscout-scheduler", PS_COMMAND_SEARCH)
               : PS_EXIT_OK;
}

static void print_group(const struct ps_library_group *group)
{
    const struct ps_document *latest = ps_group_latest(group);
    const char *title = ps_document_title(latest), *authors = ps_document_authors(latest);
    const char *subgroup = ps_document_subgroup(latest);
    char when[PS_UTC_TIME_TEXT] = "-", id[PS_PAPER_ID_TEXT];

    if (latest->kind == PS_DOCUMENT_DRAFT)
        ps_utc_time_format_time(latest->found_ms, when);
    else if (latest->date[0] != '\0')
        (void)snprintf(when, sizeof(when), "%.10s", latest->date);
    ps_paper_id_format(&latest->id, id);
    ps_print(stdout, "%-10.10s  %-9s  %s\n", when, id, title[0] == '\0' ? "(no title)" : title);
    if (authors[0] != '\0' || subgroup[0] != '\0')
        ps_print(stdout, "%23s%s%s%s\n", "", authors,
                 authors[0] != '\0' && subgroup[0] != '\0' ? "; " : "", subgroup);
    ps_print(stdout, "%23s%s\n", "", latest->url);
}

static void print_groups(struct ps_library *library, const char *query, size_t max)
{
    struct ps_library_group **groups = ps_alloc_zero(max, sizeof(struct ps_library_group *));
    size_t total = ps_library_search(library, query, groups, max);

    if (total > max)
        ps_print(stdout, "matches: the first %zu of %zu\n", max, total);
    else
        ps_print(stdout, "matches: %zu\n", total);
    for (size_t i = 0; i < total && i < max; i++)
        print_group(groups[i]);
    free(groups);
}

static void print_json(struct ps_library *library, const char *query, size_t max)
{
    cJSON *answer = ps_reader_search_json(library, query, max);
    ps_print_json(stdout, answer);
}

static int run(int argc, char **argv, void *env)
{
    struct ps_library_reader *reader;
    struct ps_cli_session *session;
    const struct ps_pg_rows *rows;
    struct options options;
    struct ps_err err;
    int status = read_options(argc, argv, &options);

    if (status != PS_EXIT_OK)
        return status;
    session = ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                    PS_CLI_SESSION_PG, WAIT_MS, &status);
    if (session == NULL)
        return status;
    reader = ps_library_reader_create();
    /* Reads all papers and drafts, which takes less than a second: the search is that of the page.
     */
    do {
        rows = ps_cli_session_pg(session, ps_library_reader_batch(reader), &err);
    } while (rows != NULL && ps_library_reader_take(reader, rows));
    if (rows == NULL) {
        ps_print(stderr, "search: %s\n", err.what);
        status = PS_EXIT_UNAVAILABLE;
    } else {
        struct ps_buf query;

        ps_buf_init(&query, QUERY_BYTES);
        for (size_t i = 0; i < options.word_count; i++)
            ps_buf_format(&query, "%s%s", i == 0 ? "" : " ", options.words[i]);
        (options.json ? print_json : print_groups)(ps_library_reader_library(reader),
                                                   ps_buf_str(&query), (size_t)options.count);
        status = fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
        ps_buf_clear(&query);
    }
    ps_library_reader_destroy(reader);
    ps_cli_session_destroy(session);
    return status;
}

const struct ps_command ps_cmd_search = { .text = &ps_command_texts[PS_COMMAND_SEARCH],
                                          .run = run };
