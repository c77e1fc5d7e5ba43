#include "notifier/io/watchlist_store.h"

#include "embedded/notifier_sql.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/name_words.h"

#include <stdlib.h>
#include <string.h>

/* The statements of ps_watch_list. */
enum { ENTRIES, DIGEST };

/* The stored text, and the key that finds an author's other spellings. */
static void add_value(cJSON *change, const struct ps_watch_rule *rule, const char *value)
{
    char *key = rule->kind == PS_WATCH_KIND_AUTHOR ? ps_name_key(rule->text, strlen(rule->text))
                                                   : ps_alloc_text("");

    ps_json_add_text(change, "kind", ps_watch_kind_name(rule->kind));
    ps_json_add_text(change, "value", value);
    ps_json_add_text(change, "key", key);
    free(key);
}

/* Numbers, papers, authors and everything are in one table, subgroups and patterns in another. */
static void add_watch(cJSON *change, const struct ps_watch_rule *rule, bool adds)
{
    bool entry = rule->kind == PS_WATCH_KIND_ALL || rule->kind == PS_WATCH_KIND_NUMBER ||
                 rule->kind == PS_WATCH_KIND_PAPER || rule->kind == PS_WATCH_KIND_AUTHOR;

    ps_json_add_text(change, "change",
                     entry ? (adds ? "entry add" : "entry remove")
                           : (adds ? "rule add" : "rule remove"));
    /* 0060_watch_all.sql stores "everything" as "*". */
    add_value(change, rule, rule->kind == PS_WATCH_KIND_ALL ? "*" : rule->text);
    ps_json_add_int(change, "most", entry ? PS_WATCH_ENTRIES_A_USER : PS_WATCH_RULES_A_USER);
}

/* Gives change number `at` of ask as watch_change.sql reads it. */
static cJSON *change_of(const struct ps_user_command *ask, size_t at)
{
    const struct ps_watch_rule *rule = &ask->rules.items[at];
    cJSON *change = cJSON_CreateObject();

    switch (ask->kind) {
    case PS_USER_COMMAND_ADD:
    case PS_USER_COMMAND_REMOVE:
        add_watch(change, rule, ask->kind == PS_USER_COMMAND_ADD);
        break;
    case PS_USER_COMMAND_MUTE:
        ps_json_add_text(change, "change", "quiet set");
        add_value(change, rule, rule->text);
        ps_json_add_bool(change, "snooze", ask->snooze);
        ps_json_add_int(change, "until_ms", ask->until_ms);
        ps_json_add_int(change, "most", PS_WATCH_MUTES_A_USER);
        break;
    case PS_USER_COMMAND_UNMUTE:
        ps_json_add_text(change, "change", "quiet end");
        add_value(change, rule, rule->text);
        break;
    case PS_USER_COMMAND_DIGEST_DAILY:
        ps_json_add_text(change, "change", "digest daily");
        ps_json_add_int(change, "minute", ask->minute);
        if (ask->zone[0] != '\0') /* UTC if the person has no zone */
            ps_json_add_text(change, "zone", ask->zone);
        break;
    case PS_USER_COMMAND_DIGEST_OFF:
        ps_json_add_text(change, "change", "digest off");
        break;
    case PS_USER_COMMAND_DIGEST_NOW:
        ps_json_add_text(change, "change", "digest now");
        break;
    case PS_USER_COMMAND_HELP:
    case PS_USER_COMMAND_STATUS:
    case PS_USER_COMMAND_VERSION:
    case PS_USER_COMMAND_UPTIME:
    case PS_USER_COMMAND_SEARCH:
    case PS_USER_COMMAND_HELLO:
    case PS_USER_COMMAND_UNKNOWN:
    case PS_USER_COMMAND_LIST:
    case PS_USER_COMMAND_WHY:
    case PS_USER_COMMAND_WRONG:
    case PS_USER_COMMAND_COUNT:
        abort(); /* no change */
    }
    return change;
}

/* The answer for each result; PostgreSQL chooses one in the transaction that makes the change, so
   that the answer and the change cannot contradict each other. */
static void add_answers(cJSON *change, const struct ps_user_command *ask, size_t at)
{
    char *texts[PS_WATCH_CHANGE_COUNT];

    ps_command_reply_change(ask, at, texts);
    ps_json_add_text(change, "done", texts[PS_WATCH_DONE]);
    ps_json_add_text(change, "same", texts[PS_WATCH_SAME]);
    ps_json_add_text(change, "far", texts[PS_WATCH_FAR]);
    ps_json_add_text(change, "full", texts[PS_WATCH_FULL]);
    for (size_t i = 0; i < PS_WATCH_CHANGE_COUNT; i++)
        free(texts[i]);
}

void ps_watch_change(struct ps_pg_batch *batch, const char *event, const char *user,
                     const struct ps_user_command *ask)
{
    size_t count = ask->rules.len > 0 ? ask->rules.len : 1; /* a digest has no rule */
    cJSON *changes = cJSON_CreateArray();
    char *text;

    for (size_t i = 0; i < count; i++) {
        cJSON *change = change_of(ask, i);

        if (event != NULL)
            add_answers(change, ask, i);
        cJSON_AddItemToArray(changes, change);
    }
    text = ps_json_print(changes);
    ps_sql_watch_change(batch, event, user, text);
    free(text);
    cJSON_Delete(changes);
}

enum ps_watch_change ps_watch_changed(const struct ps_pg_rows *rows, size_t rule)
{
    const char *what = ps_pg_text(rows, 0, (int)rule, PS_SQL_WATCH_CHANGE_RESULT);

    if (strcmp(what, "done") == 0)
        return PS_WATCH_DONE;
    if (strcmp(what, "far") == 0)
        return PS_WATCH_FAR;
    return strcmp(what, "same") == 0 ? PS_WATCH_SAME : PS_WATCH_FULL;
}

struct ps_pg_batch *ps_watch_list(const char *user)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_watch_list(batch, user);
    ps_sql_digest_of(batch, user);
    return batch;
}

size_t ps_watch_listed(const struct ps_pg_rows *rows)
{
    return (size_t)ps_pg_row_count(rows, ENTRIES);
}

struct ps_command_reply_entry ps_watch_listed_at(const struct ps_pg_rows *rows, size_t row)
{
    int at = (int)row;

    return (struct ps_command_reply_entry){
        .kind = ps_pg_text(rows, ENTRIES, at, PS_SQL_WATCH_LIST_KIND),
        .value = ps_pg_text(rows, ENTRIES, at, PS_SQL_WATCH_LIST_VALUE),
        .watched = ps_pg_bool(rows, ENTRIES, at, PS_SQL_WATCH_LIST_WATCHED),
        .quiet = ps_pg_bool(rows, ENTRIES, at, PS_SQL_WATCH_LIST_QUIET),
        .snooze = ps_pg_bool(rows, ENTRIES, at, PS_SQL_WATCH_LIST_SNOOZE),
        .until_ms = ps_pg_int(rows, ENTRIES, at, PS_SQL_WATCH_LIST_UNTIL_MS, 0)
    };
}

const char *ps_watch_listed_zone(const struct ps_pg_rows *rows)
{
    return ps_pg_row_count(rows, DIGEST) == 0 ? "UTC"
                                              : ps_pg_text(rows, DIGEST, 0, PS_SQL_DIGEST_OF_ZONE);
}

int ps_watch_listed_minute(const struct ps_pg_rows *rows)
{
    return ps_pg_row_count(rows, DIGEST) == 0
               ? -1
               : (int)ps_pg_int(rows, DIGEST, 0, PS_SQL_DIGEST_OF_MINUTE, -1);
}
