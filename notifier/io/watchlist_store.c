#include "notifier/io/watchlist_store.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALL_PARAMS_MAX = 8, NUMBER_TEXT = 24 };
enum { LIST_KIND, LIST_VALUE, LIST_WATCHED, LIST_QUIET, LIST_SNOOZE, LIST_UNTIL };
enum { ENTRIES, DIGEST };

/* A call of a function of the database that changes something and tells what became of it. */
struct call {
    const char *function;
    const char *params[CALL_PARAMS_MAX];
    size_t count;
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

static bool is_entry(const struct ps_watch_rule *rule)
{
    return rule->kind == PS_WATCH_KIND_NUMBER || rule->kind == PS_WATCH_KIND_AUTHOR;
}

static void add_rule(struct call *call, const struct ps_watch_rule *rule, bool with_kind)
{
    if (with_kind)
        add_param(call, ps_watch_kind_name(rule->kind));
    add_param(call, rule->text);
}

static void call_of(const char *user, const struct ps_user_command *ask, struct call *call)
{
    bool entry = is_entry(&ask->rule);

    *call = (struct call){ .function = NULL };
    add_param(call, user);
    switch (ask->kind) {
    case PS_USER_COMMAND_ADD:
        call->function = entry ? "ps_watch_add" : "ps_rule_add";
        add_rule(call, &ask->rule, !entry);
        add_number(call, call->number, entry ? PS_WATCH_ENTRIES_A_USER : PS_WATCH_RULES_A_USER);
        break;
    case PS_USER_COMMAND_REMOVE:
        call->function = entry ? "ps_watch_remove" : "ps_rule_remove";
        add_rule(call, &ask->rule, !entry);
        break;
    case PS_USER_COMMAND_MUTE:
        call->function = "ps_mute_set";
        add_rule(call, &ask->rule, true);
        add_param(call, ask->snooze ? "true" : "false");
        add_number(call, call->until, ask->until_ms);
        add_number(call, call->number, PS_WATCH_MUTES_A_USER);
        break;
    case PS_USER_COMMAND_UNMUTE:
        call->function = "ps_mute_end";
        add_rule(call, &ask->rule, true);
        break;
    case PS_USER_COMMAND_DIGEST_DAILY:
        call->function = "ps_digest_daily";
        add_number(call, call->number, ask->minute);
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
    case PS_USER_COMMAND_UNKNOWN:
    case PS_USER_COMMAND_LIST:
    case PS_USER_COMMAND_WHY:
    case PS_USER_COMMAND_WRONG:
    case PS_USER_COMMAND_COUNT:
        abort(); /* no change */
    }
}

/* "ps_watch_add($3, $4, $5)" */
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
    struct ps_buf sql;
    struct call call;

    call_of(user, ask, &call);
    ps_buf_init(&sql, 256);
    (void)ps_buf_text(&sql, "SELECT ");
    add_call_text(&sql, &call, 1);
    ps_pg_batch_add(batch, ps_buf_str(&sql), call.params, call.count);
    ps_buf_clear(&sql);
    return batch;
}

void ps_watch_change_answered(struct ps_pg_batch *batch, const char *event, const char *user,
                              const struct ps_user_command *ask,
                              char *const texts[PS_WATCH_CHANGE_COUNT])
{
    const char *params[4 + CALL_PARAMS_MAX] = { event, texts[PS_WATCH_DONE], texts[PS_WATCH_SAME],
                                                texts[PS_WATCH_FULL] };
    struct ps_buf sql;
    struct call call;

    call_of(user, ask, &call);
    ps_buf_init(&sql, 512);
    (void)ps_buf_text(&sql, "SELECT ps_heard_answer($1, 0, CASE ");
    add_call_text(&sql, &call, 5);
    (void)ps_buf_text(&sql, " WHEN 'done' THEN $2 WHEN 'same' THEN $3 ELSE $4 END)");
    memcpy(params + 4, call.params, call.count * sizeof(*params));
    ps_pg_batch_add(batch, ps_buf_str(&sql), params, 4 + call.count);
    ps_buf_clear(&sql);
}

enum ps_watch_change ps_watch_changed(const struct ps_pg_rows *rows)
{
    const char *what = ps_pg_text(rows, 0, 0, 0);

    if (strcmp(what, "done") == 0)
        return PS_WATCH_DONE;
    return strcmp(what, "same") == 0 ? PS_WATCH_SAME : PS_WATCH_FULL;
}

struct ps_pg_batch *ps_watch_list(const char *user)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD(batch,
              "SELECT kind, value, watched, quiet, snooze, ps_ms(until) FROM watched "
              "WHERE user_id = $1 ORDER BY NOT watched, "
              "array_position(ARRAY['number', 'author', 'subgroup', 'pattern', 'all'], kind), "
              "CASE WHEN kind = 'number' THEN value::bigint END, value",
              user);
    PS_PG_ADD(batch, "SELECT minute FROM digest WHERE user_id = $1", user);
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

int ps_watch_listed_minute(const struct ps_pg_rows *rows)
{
    return ps_pg_row_count(rows, DIGEST) == 0 ? -1 : (int)ps_pg_int(rows, DIGEST, 0, 0, -1);
}
