#include "notifier/io/watchlist_store.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/name_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CALL_PARAMS_MAX = 8,
    ANSWER_PARAMS_MAX = 1 + PS_WATCH_RULES_MAX * (PS_WATCH_CHANGE_COUNT + CALL_PARAMS_MAX),
    SQL_BYTES = 16384,
    NUMBER_TEXT = 24
};
enum { LIST_KIND, LIST_VALUE, LIST_WATCHED, LIST_QUIET, LIST_SNOOZE, LIST_UNTIL };
enum { ENTRIES, DIGEST };

/* A call of a function of the database that makes one rule's change and says what became of it. */
struct call {
    const char *function;
    const char *params[CALL_PARAMS_MAX];
    size_t count;
    char *key; /* owned */
    char until[NUMBER_TEXT], number[NUMBER_TEXT];
};

static void add_param(struct call *call, const char *value)
{
    call->params[call->count++] = value;
}

static void add_number(struct call *call, char buffer[NUMBER_TEXT], int64_t value)
{
    (void)snprintf(buffer, NUMBER_TEXT, "%" PRId64, value);
    add_param(call, buffer);
}

/* Numbers, papers, authors and everything are in one table, subgroups and patterns in another. */
static bool is_entry(const struct ps_watch_rule *rule)
{
    return rule->kind == PS_WATCH_KIND_ALL || rule->kind == PS_WATCH_KIND_NUMBER ||
           rule->kind == PS_WATCH_KIND_PAPER || rule->kind == PS_WATCH_KIND_AUTHOR;
}

static void add_kind(struct call *call, const struct ps_watch_rule *rule)
{
    add_param(call, ps_watch_kind_name(rule->kind));
}

/* The stored text, and the key that finds an author's other spellings. */
static void add_text(struct call *call, const struct ps_watch_rule *rule)
{
    add_param(call, rule->text);
    call->key = rule->kind == PS_WATCH_KIND_AUTHOR ? ps_name_key(rule->text, strlen(rule->text))
                                                   : ps_alloc_text("");
    add_param(call, call->key);
}

static void call_entry(struct call *call, const struct ps_user_command *ask,
                       const struct ps_watch_rule *rule)
{
    bool adds = ask->kind == PS_USER_COMMAND_ADD;

    if (is_entry(rule)) {
        call->function = adds ? "ps_entry_add" : "ps_entry_remove";
        add_text(call, rule);
        if (rule->kind == PS_WATCH_KIND_ALL)
            call->params[call->count - 2] = "*"; /* 0060_watch_all.sql */
    } else {
        call->function = adds ? "ps_rule_add" : "ps_rule_remove";
        add_kind(call, rule);
        add_param(call, rule->text);
    }
    if (adds)
        add_number(call, call->number,
                   is_entry(rule) ? PS_WATCH_ENTRIES_A_USER : PS_WATCH_RULES_A_USER);
}

static void call_quiet(struct call *call, const struct ps_user_command *ask,
                       const struct ps_watch_rule *rule)
{
    bool ends = ask->kind == PS_USER_COMMAND_UNMUTE;

    call->function = ends ? "ps_quiet_end" : "ps_quiet_set";
    add_kind(call, rule);
    add_text(call, rule);
    if (ends)
        return;
    add_param(call, ask->snooze ? "true" : "false");
    add_number(call, call->until, ask->until_ms);
    add_number(call, call->number, PS_WATCH_MUTES_A_USER);
}

/* Clear with call_clear. */
static void call_init(struct call *call, const char *user, const struct ps_user_command *ask,
                      size_t at)
{
    const struct ps_watch_rule *rule = &ask->rules.items[at];

    *call = (struct call){ .function = NULL };
    add_param(call, user);
    switch (ask->kind) {
    case PS_USER_COMMAND_ADD:
    case PS_USER_COMMAND_REMOVE:
        call_entry(call, ask, rule);
        break;
    case PS_USER_COMMAND_MUTE:
    case PS_USER_COMMAND_UNMUTE:
        call_quiet(call, ask, rule);
        break;
    case PS_USER_COMMAND_DIGEST_DAILY:
        call->function = "ps_digest_daily_in";
        add_number(call, call->number, ask->minute);
        add_param(call, ask->zone[0] != '\0' ? ask->zone : NULL);
        break;
    case PS_USER_COMMAND_DIGEST_OFF:
        call->function = "ps_digest_off";
        break;
    case PS_USER_COMMAND_DIGEST_NOW:
        call->function = "ps_digest_now";
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
}

static void call_clear(struct call *call)
{
    free(call->key);
}

/* A digest is one change without a rule. */
static size_t changes_of(const struct ps_user_command *ask)
{
    return ask->rules.len > 0 ? ask->rules.len : 1;
}

/* "ps_entry_add($3, $4, $5, $6)" */
static void add_call_text(struct ps_buf *sql, const struct call *call, size_t first)
{
    (void)ps_buf_format(sql, "%s(", call->function);
    for (size_t i = 0; i < call->count; i++)
        (void)ps_buf_format(sql, "%s$%zu", i == 0 ? "" : ", ", first + i);
    (void)ps_buf_char(sql, ')');
}

struct ps_pg_batch *ps_watch_change(const char *user, const struct ps_user_command *ask)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    for (size_t i = 0; i < changes_of(ask); i++) {
        struct ps_buf sql;
        struct call call;

        call_init(&call, user, ask, i);
        ps_buf_init(&sql, SQL_BYTES);
        (void)ps_buf_text(&sql, "SELECT ");
        add_call_text(&sql, &call, 1);
        ps_pg_batch_add(batch, ps_buf_str(&sql), call.params, call.count);
        ps_buf_clear(&sql);
        call_clear(&call);
    }
    return batch;
}

void ps_watch_change_answered(struct ps_pg_batch *batch, const char *event, const char *user,
                              const struct ps_user_command *ask)
{
    struct call calls[PS_WATCH_RULES_MAX];
    char *texts[PS_WATCH_RULES_MAX][PS_WATCH_CHANGE_COUNT];
    const char *params[ANSWER_PARAMS_MAX] = { event };
    size_t count = 1, changes = changes_of(ask);
    struct ps_buf sql;

    ps_buf_init(&sql, SQL_BYTES);
    (void)ps_buf_text(&sql, "SELECT ps_event_answer($1, 0, concat_ws(E'\\n'");
    for (size_t i = 0; i < changes; i++) {
        call_init(&calls[i], user, ask, i);
        ps_command_reply_change(ask, i, texts[i]);
        memcpy(params + count, calls[i].params, calls[i].count * sizeof(*params));
        (void)ps_buf_text(&sql, ", CASE ");
        add_call_text(&sql, &calls[i], count + 1);
        count += calls[i].count;
        memcpy(params + count, texts[i], sizeof(texts[i]));
        (void)ps_buf_format(&sql,
                            " WHEN 'done' THEN $%zu WHEN 'same' THEN $%zu WHEN 'far' THEN "
                            "$%zu ELSE $%zu END",
                            count + 1 + PS_WATCH_DONE, count + 1 + PS_WATCH_SAME,
                            count + 1 + PS_WATCH_FAR, count + 1 + PS_WATCH_FULL);
        count += PS_WATCH_CHANGE_COUNT;
    }
    (void)ps_buf_text(&sql, "))");
    ps_pg_batch_add(batch, ps_buf_str(&sql), params, count);
    ps_buf_clear(&sql);
    for (size_t i = 0; i < changes; i++) {
        call_clear(&calls[i]);
        for (size_t k = 0; k < PS_WATCH_CHANGE_COUNT; k++)
            free(texts[i][k]);
    }
}

void ps_watch_add_repair(struct ps_pg_batch *batch)
{
    PS_PG_ADD0(batch, "SELECT ps_watch_repair()");
}

enum ps_watch_change ps_watch_changed(const struct ps_pg_rows *rows, size_t rule)
{
    const char *what = ps_pg_text(rows, rule, 0, 0);

    if (strcmp(what, "done") == 0)
        return PS_WATCH_DONE;
    if (strcmp(what, "far") == 0)
        return PS_WATCH_FAR;
    return strcmp(what, "same") == 0 ? PS_WATCH_SAME : PS_WATCH_FULL;
}

struct ps_pg_batch *ps_watch_list(const char *user)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD(
        batch,
        "SELECT kind, value, watched, quiet, snooze, ps_ms(until) FROM watch_now "
        "WHERE user_id = $1 ORDER BY NOT watched, "
        "array_position(ARRAY['number', 'paper', 'author', 'subgroup', 'pattern', 'all'], kind), "
        "CASE WHEN kind = 'number' THEN value::bigint END, value",
        user);
    PS_PG_ADD(batch, "SELECT minute, coalesce(zone, 'UTC') FROM digest WHERE user_id = $1", user);
    return batch;
}

size_t ps_watch_listed(const struct ps_pg_rows *rows)
{
    return (size_t)ps_pg_row_count(rows, ENTRIES);
}

struct ps_command_reply_entry ps_watch_listed_at(const struct ps_pg_rows *rows, size_t row)
{
    int at = (int)row;

    return (struct ps_command_reply_entry){ .kind = ps_pg_text(rows, ENTRIES, at, LIST_KIND),
                                            .value = ps_pg_text(rows, ENTRIES, at, LIST_VALUE),
                                            .watched = ps_pg_bool(rows, ENTRIES, at, LIST_WATCHED),
                                            .quiet = ps_pg_bool(rows, ENTRIES, at, LIST_QUIET),
                                            .snooze = ps_pg_bool(rows, ENTRIES, at, LIST_SNOOZE),
                                            .until_ms =
                                                ps_pg_int(rows, ENTRIES, at, LIST_UNTIL, 0) };
}

const char *ps_watch_listed_zone(const struct ps_pg_rows *rows)
{
    return ps_pg_row_count(rows, DIGEST) == 0 ? "UTC" : ps_pg_text(rows, DIGEST, 0, 1);
}

int ps_watch_listed_minute(const struct ps_pg_rows *rows)
{
    return ps_pg_row_count(rows, DIGEST) == 0 ? -1 : (int)ps_pg_int(rows, DIGEST, 0, 0, -1);
}
