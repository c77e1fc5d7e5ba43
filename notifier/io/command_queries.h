/* Commands that change nothing (status, search, list, why): what they read from PostgreSQL, and how
 * the rows become the facts that core/command_reply.h writes as an answer. The statements are
 * notifier/sql/status_*.sql, why_*.sql and watch_list.sql. */
#ifndef PS_NOTIFIER_COMMAND_QUERIES_H
#define PS_NOTIFIER_COMMAND_QUERIES_H
#include "notifier/core/command_reply.h"
#include "shared/core/config.h"
#include "shared/core/library.h"
#include "shared/io/pg.h"

struct ps_command_queries_now { /* what is not in PostgreSQL */
    int64_t wall_ms;
    int64_t depth;
    const char *circuit;
    const struct ps_config *config; /* of this notifier: shown until a leader has stored its own */
};

/* command: STATUS, LIST or WHY. Gives a batch that changes nothing. */
struct ps_pg_batch *ps_command_queries_batch(const struct ps_user_command *ask,
                                             const char *user) PS_MUST_USE;
/* rows: what that batch answered. */
void ps_command_queries_reply(const struct ps_user_command *ask, const struct ps_pg_rows *rows,
                              const struct ps_command_queries_now *now,
                              struct ps_command_reply *reply);
/* The answer to a SEARCH. */
void ps_command_queries_search(const struct ps_user_command *ask, struct ps_library *library,
                               struct ps_command_reply *reply);

#endif
