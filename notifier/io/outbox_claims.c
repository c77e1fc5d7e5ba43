#include "notifier/io/outbox_claims.h"

#include "shared/core/alloc.h"
#include "shared/io/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBER = 24 };

/* Rows of the message of this id, channel and time; they are the first three parameters. A restored
   database gives ids again that an older list has: not within the minute. */
#define KNOWN                                                                                      \
    "message_id = $1 AND EXISTS (SELECT FROM outbox head WHERE head.message_id = $1 AND "          \
    "head.channel = $2 AND ($3::bigint = 0 OR "                                                    \
    "abs(ps_ms(head.created_at) - $3::bigint) < 60000))"

/* One statement, so that of two notifiers only one gets it: the second waits for the row and then
   sees the claim. The outer counts are of the time before. */
static const char sql_take[] =
    "WITH mine AS (UPDATE outbox SET claimed_by = $4, claimed_at = now()"
    " WHERE " KNOWN " AND sent_at IS NULL AND dead_at IS NULL"
    " AND (claimed_at IS NULL OR claimed_by = $4 OR claimed_at < now() - interval '2 minutes'"
    " OR (claimed_by = $5 AND claimed_at < now() - interval '30 seconds'))"
    " RETURNING 1)"
    " SELECT (SELECT count(*) FROM mine), count(*),"
    " count(*) FILTER (WHERE sent_at IS NULL AND dead_at IS NULL),"
    " count(*) FILTER (WHERE claimed_by = $4), count(claimed_by),"
    " min(claimed_by) FILTER (WHERE claimed_at < now() - interval '30 seconds')"
    " FROM outbox WHERE " KNOWN;
static const char sql_sent[] = "UPDATE outbox SET sent_at = now(), slack_ts = nullif($2, ''),"
                               " slack_channel = nullif($3, ''), response_url = NULL"
                               " WHERE message_id = $1 AND sent_at IS NULL"
                               " RETURNING CASE WHEN dedupe_key LIKE 'draft:%'"
                               " THEN ps_ms((data->>'modified')::timestamptz) END";
static const char sql_dead[] = "UPDATE outbox SET dead_at = now(), dead_reason = $4"
                               " WHERE " KNOWN " AND sent_at IS NULL";
static const char sql_release[] = "UPDATE outbox SET claimed_by = NULL, claimed_at = NULL"
                                  " WHERE message_id = $1 AND claimed_by = $2 AND sent_at IS NULL";
/* Anybody's, who is told that it was claimed before. */
static const char sql_doubt[] = "UPDATE outbox SET claimed_at = '-infinity'"
                                " WHERE message_id = $1 AND claimed_by = $2 AND sent_at IS NULL";
static const char sql_revive[] =
    "UPDATE outbox SET dead_at = NULL, dead_reason = NULL, dead_dropped_at = NULL, claimed_by = "
    "NULL,"
    " claimed_at = NULL, queued_at = CASE WHEN $4 THEN NULL ELSE queued_at END"
    " WHERE " KNOWN " AND sent_at IS NULL";
static const char sql_drop[] = "UPDATE outbox SET dead_dropped_at = now()"
                               " WHERE " KNOWN " AND sent_at IS NULL AND dead_at IS NOT NULL";
static const char sql_letters[] =
    "SELECT message_id, kind, channel, message_text, thread_ts, ps_ms(created_at), trace,"
    " dead_reason, ps_ms(dead_at) FROM outbox WHERE dead_at IS NOT NULL AND dead_dropped_at IS NULL"
    " AND sent_at IS NULL AND message_text IS NOT NULL ORDER BY dead_at, id LIMIT 10000";

struct ps_outbox_claims {
    struct ps_pg *pg;
    char *instance;
    struct ps_metrics *metrics; /* NULL: nothing is measured */
};

struct asking {
    ps_claim_fn on_claim;
    ps_mark_fn on_mark;
    void *cookie;
    struct ps_metrics *metrics; /* of a message that was sent */
    int64_t sent_ms;
};

struct ps_outbox_claims *ps_outbox_claims_create(struct ps_pg *pg, const char *instance)
{
    struct ps_outbox_claims *claims = ps_alloc_zero(1, sizeof(*claims));

    claims->pg = pg;
    claims->instance = ps_alloc_text(instance);
    return claims;
}

void ps_outbox_claims_measure(struct ps_outbox_claims *claims, struct ps_metrics *metrics)
{
    claims->metrics = metrics;
}

void ps_outbox_claims_destroy(struct ps_outbox_claims *claims)
{
    if (claims == NULL)
        return;
    free(claims->instance);
    free(claims);
}

bool ps_outbox_claims_up(const struct ps_outbox_claims *claims)
{
    return ps_pg_up(claims->pg);
}

static void on_claim(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct asking asking = *(struct asking *)cookie;
    enum ps_claim claim = PS_CLAIM_TAKEN;

    free(cookie);
    if (err != NULL)
        claim = PS_CLAIM_FAILED;
    else if (ps_pg_int(rows, 0, 0, 0, 0) > 0)
        claim = ps_pg_int(rows, 0, 0, 4, 0) == 0  ? PS_CLAIM_MINE
                : ps_pg_int(rows, 0, 0, 3, 0) > 0 ? PS_CLAIM_KEPT
                                                  : PS_CLAIM_INHERITED;
    else if (ps_pg_int(rows, 0, 0, 1, 0) == 0)
        claim = PS_CLAIM_UNKNOWN;
    else if (ps_pg_int(rows, 0, 0, 2, 0) == 0)
        claim = PS_CLAIM_SENT;
    asking.on_claim(asking.cookie, claim,
                    claim == PS_CLAIM_TAKEN ? ps_pg_text(rows, 0, 0, 5) : NULL, err);
}

/* The number that people feel. Rows without a Last-Modified answer NULL. */
static void observe_drafts(const struct asking *asking, const struct ps_pg_rows *rows)
{
    for (int i = 0; i < ps_pg_row_count(rows, 0); i++) {
        int64_t modified_ms = ps_pg_int(rows, 0, i, 0, 0);
        int64_t took_ms = asking->sent_ms - modified_ms;

        if (modified_ms > 0)
            ps_metrics_observe(asking->metrics, PS_METRIC_UPLOAD_TO_NOTIFY,
                               took_ms > 0 ? (double)took_ms / 1000 : 0);
    }
}

static void on_mark(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct asking asking = *(struct asking *)cookie;

    free(cookie);
    if (err == NULL && asking.metrics != NULL)
        observe_drafts(&asking, rows);
    asking.on_mark(asking.cookie, err);
}

static void mark(struct ps_outbox_claims *claims, struct ps_pg_batch *batch, ps_mark_fn fn,
                 void *cookie)
{
    struct asking *asking = ps_alloc_zero(1, sizeof(*asking));

    *asking = (struct asking){ .on_mark = fn, .cookie = cookie };
    ps_pg_run(claims->pg, batch, on_mark, asking);
}

struct ps_outbox_claims_name ps_outbox_claims_name_of(const struct ps_message *content)
{
    return (struct ps_outbox_claims_name){ content->id, content->channel, content->created_ms };
}

static const char *number_text(int64_t value, char out_text[NUMBER])
{
    (void)snprintf(out_text, NUMBER, "%" PRId64, value);
    return out_text;
}

void ps_outbox_claims_take(struct ps_outbox_claims *claims, struct ps_outbox_claims_name name,
                           const char *heir_of, ps_claim_fn fn, void *cookie)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    struct asking *asking = ps_alloc_zero(1, sizeof(*asking));
    char created[NUMBER];

    *asking = (struct asking){ .on_claim = fn, .cookie = cookie };
    PS_PG_ADD(batch, sql_take, name.id, name.channel, number_text(name.created_ms, created),
              claims->instance, heir_of);
    ps_pg_run(claims->pg, batch, on_claim, asking);
}

void ps_outbox_claims_sent(struct ps_outbox_claims *claims,
                           const struct ps_outgoing_message *message, ps_mark_fn fn, void *cookie)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    struct asking *asking = ps_alloc_zero(1, sizeof(*asking));

    *asking = (struct asking){
        .on_mark = fn, .cookie = cookie, .metrics = claims->metrics, .sent_ms = ps_clock_wall_ms()
    };
    PS_PG_ADD(batch, sql_sent, message->content.id, message->slack_ts, message->slack_channel);
    ps_pg_run(claims->pg, batch, on_mark, asking);
}

void ps_outbox_claims_dead(struct ps_outbox_claims *claims, struct ps_outbox_claims_name name,
                           const char *reason, ps_mark_fn fn, void *cookie)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char created[NUMBER];

    PS_PG_ADD(batch, sql_dead, name.id, name.channel, number_text(name.created_ms, created),
              reason);
    mark(claims, batch, fn, cookie);
}

void ps_outbox_claims_release(struct ps_outbox_claims *claims, const char *id, bool doubtful,
                              ps_mark_fn fn, void *cookie)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD(batch, doubtful ? sql_doubt : sql_release, id, claims->instance);
    mark(claims, batch, fn, cookie);
}

static struct ps_pg_batch *about(struct ps_outbox_claims_name name, const char *sql,
                                 const char *fourth)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char created[NUMBER];
    const char *params[] = { name.id, name.channel, number_text(name.created_ms, created), fourth };

    ps_pg_batch_add(batch, sql, params, fourth == NULL ? 3 : 4);
    return batch;
}

struct ps_pg_batch *ps_outbox_claims_revive(struct ps_outbox_claims_name name, bool requeue)
{
    return about(name, sql_revive, requeue ? "true" : "false");
}

struct ps_pg_batch *ps_outbox_claims_drop(struct ps_outbox_claims_name name)
{
    return about(name, sql_drop, NULL);
}

struct ps_pg_batch *ps_outbox_claims_letters(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    PS_PG_ADD0(batch, sql_letters);
    return batch;
}
