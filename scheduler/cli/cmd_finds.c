#include "scheduler/cli/cmd_finds.h"

#include "embedded/scheduler_sql.h"
#include "scheduler/cli/input.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/utc_time.h"
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"
#include "shared/io/command_usage.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* clang refuses uthash's default hash function, because its cases fall through. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#include <uthash.h>

enum {
    WAIT_MS = 5000,
    COUNT_DEFAULT = 50,
    COUNT_MAX = 1000,
    DAYS_DEFAULT = 7,
    SPAN_MAX_DAYS = 36500,
    FOLLOW_PAUSE_S = 2,
    /* A row's time is that of its transaction's begin, so it may become visible this much later. */
    FOLLOW_OVERLAP_MS = 120 * 1000
};

struct options {
    bool json, follow, since_given;
    int64_t since_ms, count;
};

/* A find that the query before this one returned. */
struct seen {
    char *key;
    UT_hash_handle hh;
};

/* 90m, 12h, 7d, 2w: the time that long before now. */
static bool read_span(struct ps_str text, int64_t now_ms, int64_t *out_ms)
{
    static const struct {
        char unit;
        int64_t minutes;
    } units[] = {
        {'m',  1          },
        { 'h', 60         },
        { 'd', 24 * 60    },
        { 'w', 7 * 24 * 60}
    };
    int64_t number;

    for (size_t i = 0; i < PS_COUNT_OF(units); i++) {
        struct ps_str digits = { text.data, text.len == 0 ? 0 : text.len - 1 };

        if (text.len < 2 || text.data[text.len - 1] != units[i].unit || !ps_str_digits(digits) ||
            !ps_str_int(digits, 0, (int64_t)SPAN_MAX_DAYS * 24 * 60 / units[i].minutes, &number))
            continue;
        *out_ms = now_ms - number * units[i].minutes * 60 * 1000;
        return true;
    }
    return false;
}

static bool read_options(int argc, char **argv, struct options *out_options)
{
    const char *since = NULL, *count = NULL, *json = NULL, *follow = NULL;
    const struct ps_input_option options[] = {
        {"since",   &since,  PS_INPUT_OPTIONAL},
        { "count",  &count,  PS_INPUT_OPTIONAL},
        { "json",   &json,   PS_INPUT_FLAG    },
        { "follow", &follow, PS_INPUT_FLAG    },
    };
    int64_t now_ms = ps_clock_wall_ms();

    *out_options = (struct options){ .since_ms = now_ms - (int64_t)DAYS_DEFAULT * PS_DAY_MS,
                                     .count = COUNT_DEFAULT };
    if (!ps_input_options(argc, argv, options, PS_COUNT_OF(options)))
        return false;
    out_options->json = json != NULL;
    out_options->follow = follow != NULL;
    out_options->since_given = since != NULL;
    if (since != NULL && !read_span(ps_str_of(since), now_ms, &out_options->since_ms) &&
        !ps_input_time(ps_str_of(since), &out_options->since_ms)) {
        ps_print(stderr,
                 "finds: --since \"%s\" is neither a span (90m, 12h, 7d, 2w) nor a date or time "
                 "(2026-11-30, 2026-11-30T12:00:00Z)\n",
                 since);
        return false;
    }
    if (count != NULL && !ps_str_int(ps_str_of(count), 1, COUNT_MAX, &out_options->count)) {
        ps_print(stderr, "finds: --count \"%s\" is no number from 1 to %d\n", count, COUNT_MAX);
        return false;
    }
    return true;
}

static void print_json(const struct ps_pg_rows *rows, int row)
{
    cJSON *json = cJSON_CreateObject();

    ps_json_add_time(json, "found_at", ps_pg_int(rows, 0, row, PS_SQL_FINDS_LIST_AT, 0));
    ps_json_add_text(json, "kind", ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_KIND));
    ps_json_add_text(json, "id", ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_ID));
    ps_json_add_text(json, "title", ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_TITLE));
    ps_json_add_text(json, "authors", ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_AUTHORS));
    ps_json_add_text(json, "subgroup", ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_SUBGROUP));
    ps_json_add_text(json, "url", ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_LINK));
    ps_json_add_text(json, "last_modified",
                     ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_LAST_MODIFIED));
    if (ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_CYCLE) == NULL)
        (void)cJSON_AddNullToObject(json, "cycle");
    else
        ps_json_add_int(json, "cycle", ps_pg_int(rows, 0, row, PS_SQL_FINDS_LIST_CYCLE, 0));
    ps_print_json(stdout, json);
}

static void print_text(const struct ps_pg_rows *rows, int row)
{
    const char *title = ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_TITLE),
               *authors = ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_AUTHORS),
               *subgroup = ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_SUBGROUP);
    char when[PS_UTC_TIME_TEXT];

    ps_utc_time_format_time(ps_pg_int(rows, 0, row, PS_SQL_FINDS_LIST_AT, 0), when);
    ps_print(stdout, "%.10s %.5s  %-5s  %-9s  %s\n", when, when + 11,
             ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_KIND),
             ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_ID),
             title == NULL || title[0] == '\0' ? "(no title)" : title);
    if (authors != NULL || subgroup != NULL)
        ps_print(stdout, "%25s%s%s%s\n", "", authors == NULL ? "" : authors,
                 authors != NULL && subgroup != NULL ? "; " : "", subgroup == NULL ? "" : subgroup);
    ps_print(stdout, "%25s%s\n", "", ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_LINK));
}

static void forget(struct seen **seen)
{
    struct seen *one, *next;

    HASH_ITER (hh, *seen, one, next) {
        HASH_DEL(*seen, one);
        free(one->key);
        free(one);
    }
}

static char *key_of(const struct ps_pg_rows *rows, int row)
{
    return ps_alloc_format("%s %s", ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_KIND),
                           ps_pg_text(rows, 0, row, PS_SQL_FINDS_LIST_LINK));
}

static struct seen *remember(const struct ps_pg_rows *rows)
{
    struct seen *seen = NULL;

    for (int i = 0; i < ps_pg_row_count(rows, 0); i++) {
        char *key = key_of(rows, i);
        struct seen *one;

        HASH_FIND_STR(seen, key, one);
        if (one != NULL) {
            free(key);
            continue;
        }
        one = ps_alloc_zero(1, sizeof(*one));
        one->key = key;
        HASH_ADD_KEYPTR(hh, seen, one->key, strlen(one->key), one);
    }
    return seen;
}

/* Prints the rows that seen does not have, oldest first. */
static int print_rows(const struct ps_pg_rows *rows, const struct options *options,
                      struct seen *seen)
{
    for (int i = ps_pg_row_count(rows, 0) - 1; i >= 0; i--) {
        char *key = key_of(rows, i);
        struct seen *one = NULL;

        if (seen != NULL)
            HASH_FIND_STR(seen, key, one);
        free(key);
        if (one != NULL)
            continue;
        if (options->json)
            print_json(rows, i);
        else
            print_text(rows, i);
    }
    return fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
}

/* One query; *session is created if there is none, and destroyed if the query failed. */
static const struct ps_pg_rows *query(struct ps_cli_session **session, void *env, int64_t since_ms,
                                      int64_t count, int *out_status)
{
    const struct ps_pg_rows *rows;
    struct ps_pg_batch *batch;
    struct ps_err err;

    *out_status = PS_EXIT_OK;
    if (*session == NULL)
        *session = ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                         PS_CLI_SESSION_PG, WAIT_MS, out_status);
    if (*session == NULL)
        return NULL;
    batch = ps_pg_batch_create();
    ps_sql_finds_list(batch, since_ms, count);
    rows = ps_cli_session_pg(*session, batch, &err);
    if (rows != NULL)
        return rows;
    ps_print(stderr, "finds: %s\n", err.what);
    ps_cli_session_destroy(*session);
    *session = NULL;
    *out_status = PS_EXIT_UNAVAILABLE;
    return NULL;
}

/* Runs until a signal ends it or nobody reads any more. A server that is away is waited for. */
static int follow(struct ps_cli_session **session, void *env, const struct options *options)
{
    const struct timespec pause = { .tv_sec = FOLLOW_PAUSE_S };
    int64_t since_ms =
        options->since_given ? options->since_ms : ps_clock_wall_ms() - FOLLOW_OVERLAP_MS;
    bool quiet = !options->since_given; /* what is there already is not printed */
    struct seen *seen = NULL;
    int status = PS_EXIT_OK;

    while (status == PS_EXIT_OK || status == PS_EXIT_UNAVAILABLE) {
        const struct ps_pg_rows *rows = query(session, env, since_ms, COUNT_MAX, &status);

        if (rows != NULL) {
            if (!quiet)
                status = print_rows(rows, options, seen);
            quiet = false;
            forget(&seen);
            seen = remember(rows);
            since_ms = ps_clock_wall_ms() - FOLLOW_OVERLAP_MS;
            if (ps_pg_row_count(rows, 0) > 0 &&
                ps_pg_int(rows, 0, 0, PS_SQL_FINDS_LIST_AT, 0) - FOLLOW_OVERLAP_MS < since_ms)
                since_ms = ps_pg_int(rows, 0, 0, PS_SQL_FINDS_LIST_AT, 0) - FOLLOW_OVERLAP_MS;
        }
        (void)nanosleep(&pause, NULL);
    }
    forget(&seen);
    return status;
}

static int run(int argc, char **argv, void *env)
{
    struct ps_cli_session *session = NULL;
    const struct ps_pg_rows *rows;
    struct options options;
    int status;

    if (!read_options(argc, argv, &options))
        return PS_EXIT_USAGE;
    if (options.follow) {
        status = follow(&session, env, &options);
    } else {
        rows = query(&session, env, options.since_ms, options.count, &status);
        if (rows != NULL)
            status = print_rows(rows, &options, NULL);
    }
    ps_cli_session_destroy(session);
    return status;
}

const struct ps_command ps_cmd_finds = { .text = &ps_command_texts[PS_COMMAND_FINDS], .run = run };
