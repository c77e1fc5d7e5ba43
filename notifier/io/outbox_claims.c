#include "notifier/io/outbox_claims.h"

#include "embedded/notifier_sql.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"

#include <stdlib.h>

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
    else if (ps_pg_int(rows, 0, 0, PS_SQL_CLAIM_TAKE_TAKEN, 0) > 0)
        claim = ps_pg_int(rows, 0, 0, PS_SQL_CLAIM_TAKE_CLAIMED, 0) == 0 ? PS_CLAIM_MINE
                : ps_pg_int(rows, 0, 0, PS_SQL_CLAIM_TAKE_OURS, 0) > 0   ? PS_CLAIM_KEPT
                                                                         : PS_CLAIM_INHERITED;
    else if (ps_pg_int(rows, 0, 0, PS_SQL_CLAIM_TAKE_KNOWN, 0) == 0)
        claim = PS_CLAIM_UNKNOWN;
    else if (ps_pg_int(rows, 0, 0, PS_SQL_CLAIM_TAKE_OPEN, 0) == 0)
        claim = PS_CLAIM_SENT;
    asking.on_claim(
        asking.cookie, claim,
        claim == PS_CLAIM_TAKEN ? ps_pg_text(rows, 0, 0, PS_SQL_CLAIM_TAKE_HOLDER) : NULL, err);
}

/* Measures the delay that people notice. A row without a Last-Modified gives NULL. */
static void observe_drafts(const struct asking *asking, const struct ps_pg_rows *rows)
{
    for (int i = 0; i < ps_pg_row_count(rows, 0); i++) {
        int64_t modified_ms = ps_pg_int(rows, 0, i, PS_SQL_CLAIM_SENT_MODIFIED, 0);
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

/* Runs a batch of one statement and reports whether it was stored. */
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

void ps_outbox_claims_take(struct ps_outbox_claims *claims, struct ps_outbox_claims_name name,
                           const char *heir_of, ps_claim_fn fn, void *cookie)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    struct asking *asking = ps_alloc_zero(1, sizeof(*asking));

    *asking = (struct asking){ .on_claim = fn, .cookie = cookie };
    ps_sql_claim_take(batch, name.id, name.channel, name.created_ms, claims->instance, heir_of);
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
    ps_sql_claim_sent(batch, message->content.id, message->slack_ts, message->slack_channel);
    ps_pg_run(claims->pg, batch, on_mark, asking);
}

void ps_outbox_claims_dead(struct ps_outbox_claims *claims, struct ps_outbox_claims_name name,
                           const char *reason, ps_mark_fn fn, void *cookie)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_dead_store(batch, name.id, name.channel, name.created_ms, reason);
    mark(claims, batch, fn, cookie);
}

void ps_outbox_claims_release(struct ps_outbox_claims *claims, const char *id, bool doubtful,
                              ps_mark_fn fn, void *cookie)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    if (doubtful)
        ps_sql_claim_doubt(batch, id, claims->instance);
    else
        ps_sql_claim_release(batch, id, claims->instance);
    mark(claims, batch, fn, cookie);
}

struct ps_pg_batch *ps_outbox_claims_revive(struct ps_outbox_claims_name name, bool requeue)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_dead_revive(batch, name.id, name.channel, name.created_ms, requeue);
    return batch;
}

struct ps_pg_batch *ps_outbox_claims_drop(struct ps_outbox_claims_name name)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_dead_drop(batch, name.id, name.channel, name.created_ms);
    return batch;
}

struct ps_pg_batch *ps_outbox_claims_letters(void)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();

    ps_sql_dead_letters(batch);
    return batch;
}
