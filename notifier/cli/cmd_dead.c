#include "embedded/notifier_sql.h"
#include "notifier/cli/commands.h"
#include "notifier/core/dead_letter.h"
#include "notifier/io/outbox_claims.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/str.h"
#include "shared/core/text_normalize.h"
#include "shared/core/utc_time.h"
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"
#include "shared/io/print.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SHOWN = 60, PAGE = 500 };

enum what { LIST, SHOW, REPLAY, DROP };

struct entry {
    char *raw; /* owned */
    size_t len;
    bool stored; /* in PostgreSQL only */
    struct ps_dead_letter letter;
};

/* The dead list as it was when the command began: what is added meanwhile is left alone. */
struct work {
    enum what what;
    bool json;
    const char *wanted; /* an id or a number of list; NULL: all */
    void *env;
    struct ps_cli_session *redis;
    struct ps_cli_session *pg; /* created when the outbox must change */
    struct entry *entries;
    size_t count;
};

static bool read_page(struct work *work, struct ps_err *err, bool *out_more)
{
    char first[32], last[32];
    const char *args[] = { "LRANGE", ps_key(ps_cli_session_keys(work->redis), PS_KEY_NOTIFY_DEAD),
                           first, last };
    const struct redisReply *reply;

    (void)snprintf(first, sizeof(first), "%zu", work->count);
    (void)snprintf(last, sizeof(last), "%zu", work->count + PAGE - 1);
    reply = ps_cli_session_redis(work->redis, args, PS_COUNT_OF(args), err);
    if (reply == NULL)
        return false;
    work->entries =
        ps_alloc_array(work->entries, work->count + reply->elements + 1, sizeof(*work->entries));
    for (size_t i = 0; i < reply->elements; i++) {
        struct entry *entry = &work->entries[work->count++];
        const char *text = ps_redis_reply_text(reply->element[i], &entry->len);

        entry->stored = false;
        entry->raw = ps_alloc_copy(text, entry->len);
        ps_dead_letter_parse(entry->raw, entry->len, &entry->letter);
    }
    *out_more = reply->elements == PAGE;
    return true;
}

static struct ps_cli_session *postgres(struct work *work, int *out_status)
{
    if (work->pg == NULL)
        work->pg = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, work->env,
                                         PS_CLI_SESSION_PG, PS_NOTIFIER_WAIT_MS, out_status);
    return work->pg;
}

static void add_letter(struct work *work, const struct ps_pg_rows *rows, int row)
{
    static const struct {
        const char *name;
        int column;
    } texts[] = {
        {"id",         PS_SQL_DEAD_LETTERS_ID       },
        { "kind",      PS_SQL_DEAD_LETTERS_KIND     },
        { "channel",   PS_SQL_DEAD_LETTERS_CHANNEL  },
        { "text",      PS_SQL_DEAD_LETTERS_TEXT     },
        { "thread_ts", PS_SQL_DEAD_LETTERS_THREAD_TS},
    };
    cJSON *letter = cJSON_CreateObject();
    struct entry *entry;

    for (size_t i = 0; i < PS_COUNT_OF(texts); i++)
        if (ps_pg_text(rows, 0, row, texts[i].column) != NULL)
            ps_json_add_text(letter, texts[i].name, ps_pg_text(rows, 0, row, texts[i].column));
    ps_json_add_time(letter, "created_at",
                     ps_pg_int(rows, 0, row, PS_SQL_DEAD_LETTERS_CREATED_AT, 0));
    ps_json_add_text(letter, "trace", ps_pg_text(rows, 0, row, PS_SQL_DEAD_LETTERS_TRACE));
    ps_json_add_text(letter, "reason", ps_pg_text(rows, 0, row, PS_SQL_DEAD_LETTERS_REASON));
    ps_json_add_time(letter, "dead_at", ps_pg_int(rows, 0, row, PS_SQL_DEAD_LETTERS_DEAD_AT, 0));
    work->entries = ps_alloc_array(work->entries, work->count + 1, sizeof(*work->entries));
    entry = &work->entries[work->count++];
    *entry = (struct entry){ .raw = ps_json_print(letter), .stored = true };
    entry->len = strlen(entry->raw);
    ps_dead_letter_parse(entry->raw, entry->len, &entry->letter);
    cJSON_Delete(letter);
}

/* Without PostgreSQL the copy in Redis is shown, and said to be one. */
static void read_stored(struct work *work)
{
    int status = PS_EXIT_OK;
    struct ps_cli_session *pg = postgres(work, &status);
    const struct ps_pg_rows *rows;
    struct ps_err err;

    rows = pg == NULL ? NULL : ps_cli_session_pg(pg, ps_outbox_claims_letters(), &err);
    if (rows == NULL) {
        ps_print(stderr, "paperscout-notifier: PostgreSQL is not reached: what follows is "
                         "Redis' copy of the dead messages\n");
        return;
    }
    /* A message that was replayed is no dead letter, whatever an old copy in Redis says; one that
     * Redis lost is one all the same. */
    for (int i = 0; i < ps_pg_row_count(rows, 0); i++) {
        const char *id = ps_pg_text(rows, 0, i, PS_SQL_DEAD_LETTERS_ID);
        bool known = false;

        for (size_t k = 0; k < work->count && !known; k++)
            known = strcmp(work->entries[k].letter.id, id) == 0;
        if (!known)
            add_letter(work, rows, i);
    }
}

static void print_column(int width, const char *text)
{
    char *plain = ps_cmd_plain(text[0] != '\0' ? text : "-");

    ps_print(stdout, "%-*s ", width, plain);
    free(plain);
}

static void print_entry(size_t number, const struct entry *entry)
{
    const struct ps_dead_letter *letter = &entry->letter;
    char *text = ps_cmd_plain(letter->json != NULL ? letter->text : entry->raw);
    char age[PS_UTC_TIME_TEXT] = "?";

    if (letter->dead_ms > 0)
        ps_utc_time_format_span((ps_clock_wall_ms() - letter->dead_ms) / 1000, age);
    ps_print(stdout, "%-4zu ", number);
    print_column(18, letter->id);
    print_column(14, letter->kind);
    print_column(14, letter->channel);
    ps_print(stdout, "%-14s %-3lld ", age, (long long)letter->attempts);
    print_column(30, letter->reason);
    ps_print(stdout, "%.*s\n", (int)ps_utf8_cut(text, strlen(text), TEXT_SHOWN), text);
    free(text);
}

/* The letters as show prints them, each with the number that the other forms of the command take.
 */
static int print_all_json(const struct work *work)
{
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < work->count; i++) {
        const struct entry *entry = &work->entries[i];
        cJSON *letter = cJSON_Duplicate(entry->letter.json, true);

        if (letter == NULL) { /* what lies there is no JSON */
            char *clean = ps_utf8_clean(entry->raw, entry->len);

            letter = cJSON_CreateObject();
            ps_json_add_text(letter, "text", clean);
            free(clean);
        }
        ps_json_add_int(letter, "number", (int64_t)i + 1);
        cJSON_AddItemToArray(list, letter);
    }
    ps_print_json(stdout, list);
    return fflush(stdout) == 0 ? PS_EXIT_OK : PS_EXIT_FAILED;
}

static int print_all(const struct work *work)
{
    if (work->json)
        return print_all_json(work);
    if (work->count == 0) {
        ps_print(stdout, "no dead messages\n");
        return PS_EXIT_OK;
    }
    ps_print(stdout, "%-4s %-18s %-14s %-14s %-14s %-3s %-30s %s\n", "NO", "ID", "KIND", "CHANNEL",
             "AGE", "TRY", "REASON", "TEXT");
    for (size_t i = 0; i < work->count; i++)
        print_entry(i + 1, &work->entries[i]);
    return PS_EXIT_OK;
}

static bool wanted(const struct work *work, size_t at)
{
    int64_t number;

    if (work->wanted == NULL)
        return true;
    if (strcmp(work->entries[at].letter.id, work->wanted) == 0)
        return true;
    return ps_str_int(ps_str_of(work->wanted), 1, INT32_MAX, &number) && (size_t)number == at + 1;
}

/* Takes batch. */
static bool change_outbox(struct work *work, struct ps_pg_batch *batch, const char *id,
                          int *out_status)
{
    struct ps_cli_session *pg = postgres(work, out_status);
    struct ps_err err;

    if (pg == NULL) {
        ps_pg_batch_destroy(batch);
        return false;
    }
    if (ps_cli_session_pg(pg, batch, &err) != NULL)
        return true;
    ps_print(stderr, "paperscout-notifier: %s: %s\n", id, err.what);
    *out_status = err.code == PS_PG_ERR_SQL ? PS_EXIT_FAILED : PS_EXIT_UNAVAILABLE;
    return false;
}

static int64_t move(struct work *work, const struct entry *entry, const char *message, int *status)
{
    const char *keys[] = { ps_key(ps_cli_session_keys(work->redis), PS_KEY_NOTIFY),
                           ps_key(ps_cli_session_keys(work->redis), PS_KEY_NOTIFY_DEAD) };
    struct ps_str args[] = {
        {entry->raw, entry->len},
        ps_str_of(message)
    };
    struct ps_err err;
    const struct redisReply *reply =
        ps_cli_session_script(work->redis, PS_SCRIPT_MESSAGE_REPLAY, keys, PS_COUNT_OF(keys), args,
                              PS_COUNT_OF(args), &err);

    if (reply != NULL)
        return ps_redis_reply_int(reply, 0);
    ps_print(stderr, "paperscout-notifier: %s\n", err.what);
    *status = PS_EXIT_FAILED;
    return 0;
}

/* The row changes before the list does: a notifier that is quick must not take a message that is
 * sent again for a duplicate. */
static int64_t act_on(struct work *work, const struct entry *entry, int *status)
{
    const struct ps_dead_letter *letter = &entry->letter;
    struct ps_outbox_claims_name name = { letter->id, letter->channel, letter->created_ms };
    bool drop = work->what == DROP;
    char *message = NULL;
    int64_t moved = 0;

    if (ps_outgoing_message_is_outbox(letter->id) &&
        !change_outbox(
            work, drop ? ps_outbox_claims_drop(name) : ps_outbox_claims_revive(name, entry->stored),
            letter->id, status))
        return 0;
    if (entry->stored)
        return 1; /* the leader pushes it */
    if (drop)
        return move(work, entry, "", status);
    message = ps_dead_letter_replay(letter);
    if (message == NULL)
        message = ps_alloc_copy(entry->raw, entry->len);
    moved = move(work, entry, message, status);
    free(message);
    return moved;
}

static int act(struct work *work)
{
    int status = PS_EXIT_OK;
    int64_t moved = 0;

    for (size_t i = 0; i < work->count && status == PS_EXIT_OK; i++)
        if (wanted(work, i))
            moved += act_on(work, &work->entries[i], &status);
    if (moved > 0) {
        ps_cli_session_signal(work->redis, PS_SIGNAL_OUTBOX);
        ps_cli_session_signal(work->redis, PS_SIGNAL_STATS);
    }
    if (work->json)
        ps_print(stdout, "{\"%s\":%lld}\n", work->what == DROP ? "dropped" : "replayed",
                 (long long)moved);
    else
        ps_print(stdout, "%lld %s\n", (long long)moved,
                 work->what == DROP ? "dropped" : "queued again");
    if (status == PS_EXIT_OK && moved == 0 && work->wanted != NULL) {
        ps_print(stderr, "paperscout-notifier: no dead message %s\n", work->wanted);
        status = PS_EXIT_FAILED;
    }
    return status;
}

static int show_wanted(const struct work *work)
{
    size_t shown = 0;

    for (size_t i = 0; i < work->count; i++) {
        const struct entry *entry = &work->entries[i];
        char *text;

        if (!wanted(work, i))
            continue;
        text = entry->letter.json != NULL ? cJSON_Print(entry->letter.json)
                                          : ps_utf8_clean(entry->raw, entry->len);
        ps_print(stdout, "%s\n", text);
        free(text);
        shown++;
    }
    if (shown > 0 || work->wanted == NULL)
        return PS_EXIT_OK;
    ps_print(stderr, "paperscout-notifier: no dead message %s\n", work->wanted);
    return PS_EXIT_FAILED;
}

static int run(struct work *work)
{
    struct ps_err err;
    bool more = true;

    while (more) {
        if (!read_page(work, &err, &more)) {
            ps_print(stderr, "paperscout-notifier: %s\n", err.what);
            return PS_EXIT_FAILED;
        }
    }
    read_stored(work);
    if (work->what == LIST)
        return print_all(work);
    return work->what == SHOW ? show_wanted(work) : act(work);
}

static bool read_arguments(int argc, char **argv, struct work *work)
{
    static const char *const words[] = {
        [LIST] = "list", [SHOW] = "show", [REPLAY] = "replay", [DROP] = "drop"
    };

    if (argc > 2 && strcmp(argv[argc - 1], "--json") == 0) {
        work->json = true;
        argc--;
    }
    for (size_t i = 0; argc >= 2 && i < PS_COUNT_OF(words); i++) {
        if (strcmp(argv[1], words[i]) == 0) {
            work->what = (enum what)i;
            if (argc == 3 && strcmp(argv[2], "--all") != 0)
                work->wanted = argv[2];
            return argc == (i == LIST ? 2 : 3);
        }
    }
    return false;
}

int ps_cmd_dead(int argc, char **argv, void *env)
{
    struct work work = { .env = env };
    int status = PS_EXIT_OK;

    if (!read_arguments(argc, argv, &work))
        return ps_cmd_usage(PS_COMMAND_DEAD);
    work.redis = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env,
                                       PS_CLI_SESSION_REDIS, PS_NOTIFIER_WAIT_MS, &status);
    if (work.redis != NULL)
        status = run(&work);
    for (size_t i = 0; i < work.count; i++) {
        ps_dead_letter_clear(&work.entries[i].letter);
        free(work.entries[i].raw);
    }
    free(work.entries);
    ps_cli_session_destroy(work.pg);
    ps_cli_session_destroy(work.redis);
    return status;
}
