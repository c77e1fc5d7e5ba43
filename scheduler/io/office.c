#include "scheduler/io/office.h"

#include "scheduler/io/election.h"
#include "shared/core/notice.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

void ps_office_clear(struct ps_office *office)
{
    ps_urlset_destroy(office->discovered);
    ps_watchlists_destroy(office->watch);
    ps_run_destroy(office->run);
    free(office->etag);
    free(office->modified);
    free(office->redis_run_id);
    *office = (struct ps_office){ .daemon = office->daemon,
                                  .election = office->election,
                                  .epoch = office->epoch,
                                  .term = office->term + 1,
                                  .index = office->index,
                                  .index_version = office->index_version,
                                  .results = office->results,
                                  .reload = office->reload,
                                  .reload_cookie = office->reload_cookie };
}

bool ps_office_leads(const struct ps_office *office, int64_t epoch)
{
    return epoch > 0 && office->epoch == epoch && ps_election_leads(office->election);
}

void ps_office_failed(struct ps_office *office, enum ps_event event, const char *what,
                      const struct ps_err *err)
{
    ps_log_write(event, (const struct ps_log_field[]){ F_TEXT("what", what), F_ERR(err) }, 2);
    ps_failure_log_add(office->daemon->failures, ps_event_name(event), err, NULL, 0);
    if (err->code == PS_REDIS_ERR_FENCED || err->code == PS_PG_ERR_FENCED) {
        ps_metrics_add(office->daemon->metrics, PS_METRIC_FENCED_WRITES,
                       err->code == PS_REDIS_ERR_FENCED ? "redis" : "postgresql", 1);
        ps_election_fenced(office->election);
    }
}

void ps_office_overtaken(struct ps_office *office)
{
    if (office->epoch > 0)
        office->reload(office->reload_cookie);
}

void ps_office_unsure(struct ps_office *office, enum ps_event event, const char *what,
                      const struct ps_err *err)
{
    ps_office_failed(office, event, what, err);
    ps_office_overtaken(office);
}

void ps_office_told(const struct ps_pg_rows *rows, size_t statement, int i)
{
    const char *kind = ps_pg_text(rows, statement, i, 0);
    const char *paper = ps_pg_text(rows, statement, i, 1);
    const char *user = ps_pg_text(rows, statement, i, 2);
    const char *trace = ps_pg_text(rows, statement, i, 3);

    if (user != NULL)
        PS_LOG(WATCHLIST_MATCH, F_TEXT("trace", trace), F_TEXT("user", user),
               F_TEXT("paper", paper));
    else if (strcmp(kind, ps_notice_kind_name(PS_NOTICE_DP_TRANSITION)) == 0)
        PS_LOG(D_TO_P, F_TEXT("trace", trace), F_TEXT("paper", paper));
}
