#include "scheduler/cli/cmd_search.h"

#include "shared/core/json.h"
#include "shared/core/like_pattern.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"
#include "shared/io/cli_session.h"
#include "shared/io/command_usage.h"
#include "shared/io/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 5000, COUNT_DEFAULT = 20, COUNT_MAX = 500, WORDS_MAX = 20, WORD_MAX = 200 };
enum { PATTERNS_BYTES = WORDS_MAX * (6 * WORD_MAX + 16), NUMBER_TEXT = 24 };
enum { PAPERS, DRAFTS };
enum { ID, TITLE, AUTHORS, SUBGROUP, DATE, LINK, TOTAL };

struct options {
    bool json;
    int64_t count;
    const char *words[WORDS_MAX];
    size_t word_count;
};

static bool take_word(const char *word, struct options *options)
{
    if (options->word_count == WORDS_MAX || word[0] == '\0' || strlen(word) > WORD_MAX) {
        ps_print(stderr, "search: give 1 to %d words of at most %d bytes\n", WORDS_MAX, WORD_MAX);
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

static struct ps_pg_batch *ask(const struct options *options)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char most[NUMBER_TEXT];
    struct ps_buf likes;

    ps_buf_init(&likes, PATTERNS_BYTES);
    for (size_t i = 0; i < options->word_count; i++) {
        (void)ps_buf_char(&likes, i == 0 ? '[' : ',');
        ps_like_pattern_add(&likes, options->words[i]);
    }
    (void)ps_buf_char(&likes, ']');
    (void)snprintf(most, sizeof(most), "%" PRId64, options->count);
    PS_PG_ADD(
        batch,
        "SELECT id, title, nullif(author, ''), nullif(subgroup, ''), nullif(date, ''), "
        "coalesce(nullif(link, ''), nullif(long_link, ''), 'https://wg21.link/' || id), "
        "count(*) OVER () FROM papers WHERE concat_ws(' ', id, title, author, subgroup) ILIKE "
        "ALL (ARRAY(SELECT jsonb_array_elements_text($1::jsonb))) "
        "ORDER BY date DESC, id DESC LIMIT $2::bigint",
        ps_buf_str(&likes), most);
    /* A draft whose document was not read has the title and authors of its paper. */
    PS_PG_ADD(
        batch,
        "WITH latest AS (SELECT DISTINCT ON (number) number, title, author, subgroup FROM (SELECT "
        "substring(id FROM '^P([0-9]+)R') AS number, substring(id FROM '[0-9]+$')::integer AS "
        "revision, title, author, subgroup FROM papers WHERE id ~ '^P[0-9]{1,9}R[0-9]{1,9}$') p "
        "ORDER BY number, revision DESC) "
        "SELECT d.paper_id, coalesce(d.title, p.title), coalesce(d.authors, nullif(p.author, '')), "
        "nullif(p.subgroup, ''), ps_ms(d.discovered_at), d.url, count(*) OVER () "
        "FROM discovered d LEFT JOIN latest p ON p.number = substring(d.paper_id FROM "
        "'^[A-Z]([0-9]+)R') WHERE concat_ws(' ', d.paper_id, coalesce(d.title, p.title), "
        "coalesce(d.authors, p.author), p.subgroup) ILIKE ALL (ARRAY(SELECT "
        "jsonb_array_elements_text($1::jsonb))) "
        "ORDER BY d.discovered_at DESC, d.url LIMIT $2::bigint",
        ps_buf_str(&likes), most);
    ps_buf_clear(&likes);
    return batch;
}

static cJSON *list(const struct ps_pg_rows *rows, size_t statement)
{
    cJSON *items = cJSON_CreateArray();

    for (int i = 0; i < ps_pg_row_count(rows, statement); i++) {
        cJSON *item = cJSON_CreateObject();

        ps_json_add_text(item, "id", ps_pg_text(rows, statement, i, ID));
        ps_json_add_text(item, "title", ps_pg_text(rows, statement, i, TITLE));
        ps_json_add_text(item, "authors", ps_pg_text(rows, statement, i, AUTHORS));
        ps_json_add_text(item, "subgroup", ps_pg_text(rows, statement, i, SUBGROUP));
        if (statement == DRAFTS)
            ps_json_add_time(item, "found_at", ps_pg_int(rows, statement, i, DATE, 0));
        else
            ps_json_add_text(item, "date", ps_pg_text(rows, statement, i, DATE));
        ps_json_add_text(item, "url", ps_pg_text(rows, statement, i, LINK));
        cJSON_AddItemToArray(items, item);
    }
    return items;
}

static void print_json(const struct ps_pg_rows *rows)
{
    cJSON *json = cJSON_CreateObject();
    char *text;

    ps_json_add_int(json, "paper_total", ps_pg_int(rows, PAPERS, 0, TOTAL, 0));
    ps_json_add_int(json, "draft_total", ps_pg_int(rows, DRAFTS, 0, TOTAL, 0));
    cJSON_AddItemToObject(json, "papers", list(rows, PAPERS));
    cJSON_AddItemToObject(json, "drafts", list(rows, DRAFTS));
    text = ps_json_print(json);
    ps_print(stdout, "%s\n", text);
    free(text);
    cJSON_Delete(json);
}

static void print_row(const struct ps_pg_rows *rows, size_t statement, int row)
{
    const char *title = ps_pg_text(rows, statement, row, TITLE);
    const char *authors = ps_pg_text(rows, statement, row, AUTHORS);
    const char *subgroup = ps_pg_text(rows, statement, row, SUBGROUP);
    char when[PS_UTC_TIME_TEXT] = "";

    if (statement == DRAFTS)
        ps_utc_time_format_time(ps_pg_int(rows, statement, row, DATE, 0), when);
    else
        (void)snprintf(when, sizeof(when), "%s",
                       ps_pg_text(rows, statement, row, DATE) == NULL
                           ? "-"
                           : ps_pg_text(rows, statement, row, DATE));
    ps_print(stdout, "%-10.10s  %-9s  %s\n", when, ps_pg_text(rows, statement, row, ID),
             title == NULL || title[0] == '\0' ? "(no title)" : title);
    if (authors != NULL || subgroup != NULL)
        ps_print(stdout, "%23s%s%s%s\n", "", authors == NULL ? "" : authors,
                 authors != NULL && subgroup != NULL ? "; " : "", subgroup == NULL ? "" : subgroup);
    ps_print(stdout, "%23s%s\n", "", ps_pg_text(rows, statement, row, LINK));
}

static void print_section(const struct ps_pg_rows *rows, size_t statement, const char *what)
{
    int count = ps_pg_row_count(rows, statement);
    int64_t total = ps_pg_int(rows, statement, 0, TOTAL, 0);

    if (count < total)
        ps_print(stdout, "%s: the newest %d of %" PRId64 "\n", what, count, total);
    else
        ps_print(stdout, "%s: %d\n", what, count);
    for (int i = 0; i < count; i++)
        print_row(rows, statement, i);
}

static int run(int argc, char **argv, void *env)
{
    const struct ps_pg_rows *rows;
    struct ps_cli_session *session;
    struct options options;
    struct ps_err err;
    int status = read_options(argc, argv, &options);

    if (status != PS_EXIT_OK)
        return status;
    session = ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                    PS_CLI_SESSION_PG, WAIT_MS, &status);
    if (session == NULL)
        return status;
    rows = ps_cli_session_pg(session, ask(&options), &err);
    if (rows == NULL) {
        ps_print(stderr, "search: %s\n", err.what);
        status = PS_EXIT_UNAVAILABLE;
    } else {
        if (options.json) {
            print_json(rows);
        } else {
            print_section(rows, DRAFTS, "drafts");
            print_section(rows, PAPERS, "papers");
        }
        status = fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
    }
    ps_cli_session_destroy(session);
    return status;
}

const struct ps_command ps_cmd_search = { .text = &ps_command_texts[PS_COMMAND_SEARCH],
                                          .run = run };
