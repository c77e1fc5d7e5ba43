#include "scheduler/cli/cmd_import.h"

#include "scheduler/core/legacy.h"
#include "scheduler/io/legacy_import.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/utc_time.h"
#include "shared/core/watch_parse.h"
#include "shared/io/cli_session.h"
#include "shared/io/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 5000, MIGRATE_WAIT_MS = 30000 /* migrations may wait for a lock */ };

struct import {
    struct ps_cli_session *ours, *theirs;
    const struct ps_pg_rows *rows; /* the index of the Python service; the other fields borrow from
                                    * it */
    struct ps_paper_index *index;
    struct ps_legacy_draft *drafts;
    struct ps_legacy_watch *watches;
    size_t watches_size;
    struct ps_legacy_state state;
    int bad_drafts, bad_watches;
};

static bool look(struct import *import, bool present[PS_LEGACY_TABLES], struct ps_err *err)
{
    const struct ps_pg_rows *rows = ps_cli_session_pg(import->theirs, ps_legacy_look(), err);
    size_t found = 0;

    if (rows == NULL)
        return false;
    for (int i = 0; i < PS_LEGACY_TABLES; i++) {
        present[i] = ps_pg_bool(rows, 0, 0, i);
        found += present[i];
    }
    for (size_t i = 0; i < PS_LEGACY_TABLES; i++)
        if (!present[i] && found > 0)
            ps_print(stderr, "import-legacy: there is no table %s\n", ps_legacy_names[i]);
    return found > 0 ||
           ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                   "none of the Python service's tables is there (LEGACY_DATABASE_URL?)");
}

static bool take_index(struct import *import, struct ps_err *err)
{
    const char *text = ps_pg_text(import->rows, PS_LEGACY_PAPERS, 0, 0);

    if (ps_pg_row_count(import->rows, PS_LEGACY_PAPERS) == 0 || text == NULL)
        return true;
    import->index = ps_paper_index_parse(text, strlen(text), NULL, NULL, err);
    import->state.index = import->index;
    import->state.index_ms = ps_pg_int(import->rows, PS_LEGACY_PAPERS, 0, 1, 0);
    return import->index != NULL;
}

static void take_drafts(struct import *import)
{
    const char *base = ps_cli_session_config(import->ours)->iso_base_url;
    int count = ps_pg_row_count(import->rows, PS_LEGACY_DISCOVERED);

    import->drafts = ps_alloc_zero((size_t)count + 1, sizeof(*import->drafts));
    for (int i = 0; i < count; i++) {
        const char *url = ps_pg_text(import->rows, PS_LEGACY_DISCOVERED, i, 0);
        struct ps_legacy_draft *draft = &import->drafts[import->state.draft_count];

        draft->url = ps_legacy_draft(url, base, draft->id);
        if (draft->url == NULL) {
            import->bad_drafts++;
            ps_print(stderr, "import-legacy: left out, no draft: %s\n", url);
            continue;
        }
        draft->last_modified = ps_pg_text(import->rows, PS_LEGACY_DISCOVERED, i, 1);
        draft->discovered_ms = ps_pg_int(import->rows, PS_LEGACY_DISCOVERED, i, 2, 0);
        import->state.draft_count++;
    }
    import->state.drafts = import->drafts;
}

/* One entry can name several papers. The service had no entry for "everything". */
static bool take_watch(struct import *import, const char *user, const char *entry,
                       int64_t created_ms, struct ps_err *err)
{
    struct ps_watch_rules rules;

    if (!ps_watch_parse(entry, strlen(entry), &rules, err))
        return false;
    if (rules.items[0].kind == PS_WATCH_KIND_ALL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "everything cannot be watched");
    for (size_t i = 0; i < rules.len; i++) {
        if (import->state.watch_count == import->watches_size) {
            import->watches_size = import->watches_size * 2 + 64;
            import->watches =
                ps_alloc_array(import->watches, import->watches_size, sizeof(*import->watches));
        }
        import->watches[import->state.watch_count++] = (struct ps_legacy_watch){
            .user = user, .rule = rules.items[i], .created_ms = created_ms
        };
    }
    return true;
}

static void take_watches(struct import *import)
{
    int count = ps_pg_row_count(import->rows, PS_LEGACY_WATCH);

    for (int i = 0; i < count; i++) {
        const char *user = ps_pg_text(import->rows, PS_LEGACY_WATCH, i, 0);
        const char *entry = ps_pg_text(import->rows, PS_LEGACY_WATCH, i, 1);
        struct ps_err err;

        if (take_watch(import, user, entry, ps_pg_int(import->rows, PS_LEGACY_WATCH, i, 2, 0),
                       &err))
            continue;
        import->bad_watches++;
        ps_print(stderr, "import-legacy: left out, watched by %s: \"%s\": %s\n", user, entry,
                 err.what);
    }
    import->state.watches = import->watches;
}

static bool read_theirs(struct import *import, struct ps_err *err)
{
    bool present[PS_LEGACY_TABLES];

    if (!look(import, present, err))
        return false;
    import->rows = ps_cli_session_pg(import->theirs, ps_legacy_read(present), err);
    if (import->rows == NULL || !take_index(import, err))
        return false;
    take_drafts(import);
    take_watches(import);
    import->state.last_poll_ms = ps_pg_int(import->rows, PS_LEGACY_POLL, 0, 0, 0);
    if (import->state.last_poll_ms == 0) /* the service recorded only the polls in which it probed
                                          */
        import->state.last_poll_ms = import->state.index_ms;
    return true;
}

static void print_row(const char *what, size_t found, int left_out, int64_t added)
{
    if (added < 0)
        ps_print(stdout, "%-10s %7zu found, %d left out\n", what, found, left_out);
    else
        ps_print(stdout, "%-10s %7zu found, %d left out, %" PRId64 " new\n", what, found, left_out,
                 added);
}

static int64_t added_by(const struct ps_pg_rows *rows, size_t statement)
{
    return rows == NULL ? -1 : ps_pg_affected(rows, statement);
}

/* rows: what was added; NULL: nothing was to be added. */
static void print(const struct import *import, const struct ps_pg_rows *rows)
{
    char at[PS_UTC_TIME_TEXT];
    const struct ps_legacy_state *state = &import->state;

    print_row("papers", state->index == NULL ? 0 : ps_paper_index_len(state->index), 0,
              added_by(rows, PS_LEGACY_ADD_PAPERS));
    print_row("drafts", state->draft_count, import->bad_drafts,
              added_by(rows, PS_LEGACY_ADD_DRAFTS));
    print_row("watchlists", state->watch_count, import->bad_watches,
              rows == NULL ? -1
                           : added_by(rows, PS_LEGACY_ADD_WATCH) +
                                 added_by(rows, PS_LEGACY_ADD_WATCH_RULES));
    ps_print(stdout, "misses     %7" PRId64 " found, not needed\n",
             ps_pg_int(import->rows, PS_LEGACY_MISSES, 0, 0, 0));
    ps_utc_time_format_time(state->last_poll_ms, at);
    ps_print(stdout, "last poll  %s\n", state->last_poll_ms > 0 ? at : "never");
    if (rows != NULL && ps_pg_row_count(rows, PS_LEGACY_ADD_FENCE) > 0)
        ps_print(stdout, "A scheduler at work is made to read this anew.\n");
}

/* new: null where nothing was to be added. */
static void add_row(cJSON *json, const char *name, size_t found, int left_out, int64_t added)
{
    cJSON *row = cJSON_AddObjectToObject(json, name);

    ps_json_add_int(row, "found", (int64_t)found);
    ps_json_add_int(row, "left_out", left_out);
    if (added < 0)
        (void)cJSON_AddNullToObject(row, "new");
    else
        ps_json_add_int(row, "new", added);
}

static void print_json(const struct import *import, const struct ps_pg_rows *rows)
{
    const struct ps_legacy_state *state = &import->state;
    cJSON *json = cJSON_CreateObject();

    ps_json_add_bool(json, "dry_run", rows == NULL);
    add_row(json, "papers", state->index == NULL ? 0 : ps_paper_index_len(state->index), 0,
            added_by(rows, PS_LEGACY_ADD_PAPERS));
    add_row(json, "drafts", state->draft_count, import->bad_drafts,
            added_by(rows, PS_LEGACY_ADD_DRAFTS));
    add_row(json, "watchlists", state->watch_count, import->bad_watches,
            rows == NULL
                ? -1
                : added_by(rows, PS_LEGACY_ADD_WATCH) + added_by(rows, PS_LEGACY_ADD_WATCH_RULES));
    ps_json_add_time(json, "last_poll", state->last_poll_ms);
    ps_print_json(stdout, json);
}

static void clear(struct import *import)
{
    for (size_t i = 0; i < import->state.draft_count; i++)
        free(import->drafts[i].url);
    free(import->drafts);
    free(import->watches);
    ps_paper_index_destroy(import->index);
    ps_cli_session_destroy(import->theirs);
    ps_cli_session_destroy(import->ours);
}

static int run(int argc, char **argv, void *env)
{
    struct import import = { .bad_drafts = 0 };
    const struct ps_pg_rows *added = NULL;
    bool dry = false, json = false;
    struct ps_err err;
    int status;

    for (int i = 1; i < argc; i++) {
        bool known = strcmp(argv[i], "--dry-run") == 0 || strcmp(argv[i], "--json") == 0;

        if (!known) {
            ps_print(stderr, "import-legacy: takes nothing but --dry-run and --json\n");
            return PS_EXIT_USAGE;
        }
        dry = dry || strcmp(argv[i], "--dry-run") == 0;
        json = json || strcmp(argv[i], "--json") == 0;
    }
    import.theirs =
        ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                              PS_CLI_SESSION_PG | PS_CLI_SESSION_LEGACY, WAIT_MS, &status);
    if (import.theirs == NULL)
        return status;
    import.ours = ps_cli_session_create("paperscout-scheduler", PS_COMPONENT_SCHEDULER, env,
                                        dry ? 0 : PS_CLI_SESSION_PG | PS_CLI_SESSION_MIGRATE,
                                        MIGRATE_WAIT_MS, &status);
    if (import.ours == NULL) {
        clear(&import);
        return status;
    }
    status = PS_EXIT_FAILED;
    if (!read_theirs(&import, &err) ||
        (!dry &&
         (added = ps_cli_session_pg(import.ours, ps_legacy_add(&import.state), &err)) == NULL)) {
        ps_print(stderr, "import-legacy: %s\n", err.what);
    } else {
        (json ? print_json : print)(&import, added);
        status = fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
    }
    clear(&import);
    return status;
}

const struct ps_command ps_cmd_import = { .text = &ps_command_texts[PS_COMMAND_IMPORT_LEGACY],
                                          .run = run };
