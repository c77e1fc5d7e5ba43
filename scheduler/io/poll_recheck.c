#include "scheduler/io/poll_private.h"
#include "scheduler/io/result_rows.h"
#include "shared/core/alloc.h"
#include "shared/io/log.h"

#include <stdlib.h>
#include <string.h>

/* Statements after the fence: of the question, and of the transaction that closes the cycle. */
enum { WATCH = 1, LOOKED };
enum { STORED = 1 };

static struct ps_draft_state state_of(const struct ps_pg_rows *rows, int row, int first_column)
{
    return (struct ps_draft_state){
        .last_modified = ps_pg_text(rows, LOOKED, row, first_column),
        .etag = ps_pg_text(rows, LOOKED, row, first_column + 1),
        .length = ps_pg_int(rows, LOOKED, row, first_column + 2, -1),
        .answered_ms = ps_pg_int(rows, LOOKED, row, first_column + 3, 0),
    };
}

/* One line for a person, whichever of a draft's files changed: rows come by paper. */
static bool is_first_of_paper(const char *paper_id, const char *last)
{
    return last == NULL || strcmp(paper_id, last) != 0;
}

static void look_at(struct ps_poll *poll, const struct ps_pg_rows *rows, int row,
                    struct ps_looked *out_looked, const char **told)
{
    struct ps_draft_state before = state_of(rows, row, PS_STORE_LOOKED_BEFORE);
    struct ps_draft_state now = state_of(rows, row, PS_STORE_LOOKED_NOW);
    const char *paper_id = ps_pg_text(rows, LOOKED, row, PS_STORE_LOOKED_PAPER);
    const struct ps_leadership *leadership = poll->parts.leadership;
    enum ps_outcome outcome;
    char print[PS_DRAFT_CHANGE_PRINT];

    if (!ps_outcome_parse(ps_str_of(ps_pg_text(rows, LOOKED, row, PS_STORE_LOOKED_OUTCOME)),
                          &outcome))
        outcome = PS_OUTCOME_ERROR;
    *out_looked = (struct ps_looked){
        .url = ps_pg_text(rows, LOOKED, row, PS_STORE_LOOKED_URL),
        .what = ps_draft_change(&before, ps_pg_bool(rows, LOOKED, row, PS_STORE_LOOKED_GONE), &now,
                                outcome),
        /* What comes with "not found" is not the draft's. */
        .state = ps_outcome_is_hit(outcome) ? ps_draft_change_merge(&before, &now) : before,
    };
    if (out_looked->what != PS_DRAFT_CHANGE_UPDATED ||
        !leadership->daemon->config->notify_on_draft_update || leadership->run->silent)
        return;
    ps_draft_change_print(&out_looked->state, print);
    ps_update_rows(leadership,
                   &(struct ps_updated){
                       .url = out_looked->url,
                       .paper_id = paper_id,
                       .tier_name = ps_pg_text(rows, LOOKED, row, PS_STORE_LOOKED_TIER),
                       .last_modified = out_looked->state.last_modified,
                       .front_text = ps_pg_text(rows, LOOKED, row, PS_STORE_LOOKED_FRONT),
                       .title = ps_pg_text(rows, LOOKED, row, PS_STORE_LOOKED_TITLE),
                       .authors = ps_pg_text(rows, LOOKED, row, PS_STORE_LOOKED_AUTHORS),
                       .print = print,
                       .watchers = is_first_of_paper(paper_id, *told),
                   },
                   &poll->news);
    *told = paper_id;
}

static void on_looked(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;
    struct ps_pg_batch *batch;
    struct ps_looked *looked;
    const char *told = NULL;
    size_t count;

    ps_watchlists_destroy(leadership->watch);
    leadership->watch = ps_store_read_watch(rows, WATCH);
    ps_outbox_rows_clear(&poll->news);
    batch = ps_leader_writer_begin_meta(poll->writer);
    count = (size_t)ps_pg_row_count(rows, LOOKED);
    looked = ps_alloc_zero(count + 1, sizeof(*looked));
    for (size_t i = 0; i < count; i++)
        look_at(poll, rows, (int)i, &looked[i], &told);
    if (count > 0) {
        ps_store_add_looked(batch, looked, count);
        ps_store_add_rows(batch, &poll->news, poll->cycle);
    }
    free(looked);
    ps_store_add_suspended(batch, leadership->watch);
    poll->looked = count > 0;
    ps_poll_end(poll, batch);
}

void ps_poll_recheck(struct ps_poll *poll)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin(poll->writer);

    ps_store_add_watch(batch);
    ps_store_read_looked(batch, poll->cycle);
    ps_leader_writer_run(poll->writer, batch, "the drafts looked at again were not read",
                         on_looked);
}

void ps_poll_rechecked(struct ps_poll *poll, const struct ps_pg_rows *rows)
{
    const struct ps_daemon *daemon = poll->parts.leadership->daemon;
    size_t told_at = STORED + 1;

    if (!poll->looked)
        return;
    for (int i = 0; i < ps_pg_row_count(rows, STORED); i++) {
        const char *url = ps_pg_text(rows, STORED, i, 0);

        switch ((enum ps_draft_change)ps_pg_int(rows, STORED, i, 1, PS_DRAFT_CHANGE_NOTHING)) {
        case PS_DRAFT_CHANGE_UPDATED:
            PS_LOG(DRAFT_UPDATED, F_TEXT("url", url));
            ps_metrics_add(daemon->metrics, PS_METRIC_DRAFTS_UPDATED, NULL, 1);
            break;
        case PS_DRAFT_CHANGE_GONE:
            PS_LOG(DRAFT_GONE, F_TEXT("url", url));
            ps_metrics_add(daemon->metrics, PS_METRIC_DRAFTS_GONE, NULL, 1);
            break;
        case PS_DRAFT_CHANGE_BACK:
            PS_LOG(DRAFT_BACK, F_TEXT("url", url));
            break;
        case PS_DRAFT_CHANGE_SAME:
        case PS_DRAFT_CHANGE_NOTHING:
            break;
        }
    }
    for (int i = 0; poll->news.len > 0 && i < ps_pg_row_count(rows, told_at); i++)
        ps_leadership_told(rows, told_at, i);
}
