#include "scheduler/io/leadership.h"

#include "embedded/scheduler_sql.h"
#include "scheduler/io/election.h"
#include "shared/core/message.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

void ps_leadership_clear(struct ps_leadership *leadership)
{
    ps_url_set_destroy(leadership->discovered);
    ps_probe_times_destroy(leadership->probed);
    ps_watchlists_destroy(leadership->watch);
    ps_cycle_destroy(leadership->run);
    free(leadership->etag);
    free(leadership->modified);
    free(leadership->redis_run_id);
    *leadership = (struct ps_leadership){ .daemon = leadership->daemon,
                                          .election = leadership->election,
                                          .epoch = leadership->epoch,
                                          .term = leadership->term + 1,
                                          .index = leadership->index,
                                          .index_version = leadership->index_version,
                                          .results = leadership->results,
                                          .reload = leadership->reload,
                                          .reload_cookie = leadership->reload_cookie };
}

void ps_leadership_take(struct ps_leadership *leadership, int64_t epoch)
{
    leadership->epoch = epoch;
}

void ps_leadership_end(struct ps_leadership *leadership)
{
    leadership->epoch = 0;
}

bool ps_leadership_held(const struct ps_leadership *leadership)
{
    return leadership->epoch > 0;
}

void ps_leadership_failed(struct ps_leadership *leadership, enum ps_event event, const char *what,
                          const struct ps_err *err)
{
    ps_log_write(event, (const struct ps_log_field[]){ F_TEXT("what", what), F_ERR(err) }, 2);
    ps_failure_log_add(leadership->daemon->failures, ps_event_name(event), err, NULL, 0);
    if (err->code == PS_REDIS_ERR_FENCED || err->code == PS_PG_ERR_FENCED) {
        ps_metrics_add(leadership->daemon->metrics, PS_METRIC_FENCED_WRITES,
                       err->code == PS_REDIS_ERR_FENCED ? "redis" : "postgresql", 1);
        ps_election_fenced(leadership->election);
    }
}

void ps_leadership_overtaken(struct ps_leadership *leadership)
{
    if (ps_leadership_held(leadership))
        leadership->reload(leadership->reload_cookie);
}

void ps_leadership_log_added(const struct ps_pg_rows *rows, size_t statement, int i)
{
    const char *kind = ps_pg_text(rows, statement, i, PS_SQL_OUTBOX_ADD_KIND);
    const char *paper = ps_pg_text(rows, statement, i, PS_SQL_OUTBOX_ADD_PAPER);
    const char *user = ps_pg_text(rows, statement, i, PS_SQL_OUTBOX_ADD_USER_ID);
    const char *trace = ps_pg_text(rows, statement, i, PS_SQL_OUTBOX_ADD_TRACE);

    if (user != NULL)
        PS_LOG(WATCHLIST_MATCH, F_TEXT("trace", trace), F_TEXT("user", user),
               F_TEXT("paper", paper));
    else if (strcmp(kind, ps_message_kind_name(PS_MESSAGE_DP_TRANSITION)) == 0)
        PS_LOG(D_TO_P, F_TEXT("trace", trace), F_TEXT("paper", paper),
               F_TEXT("date", ps_pg_text(rows, statement, i, PS_SQL_OUTBOX_ADD_DATE)),
               F_TEXT("draft_url", ps_pg_text(rows, statement, i, PS_SQL_OUTBOX_ADD_DRAFT_URL)),
               F_TEXT("draft_seen", ps_pg_text(rows, statement, i, PS_SQL_OUTBOX_ADD_DRAFT_SEEN)),
               F_TEXT("draft_modified",
                      ps_pg_text(rows, statement, i, PS_SQL_OUTBOX_ADD_DRAFT_MODIFIED)));
}
