#include "scheduler/io/planner_clock.h"
#include "scheduler/io/poll_private.h"
#include "scheduler/io/script_args.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

/* Statements of the expiring batch after the fence. */
enum { EXPIRED = 1, COUNTS };
enum { WITHDRAW_LOOKS = 1000 /* entries a call */, HEARTBEAT_TIMEOUT_MS = 10000 };

static void withdraw(struct ps_poll *poll, const char *after);

static void on_withdrawn(void *cookie, const struct redisReply *reply)
{
    struct ps_poll *poll = cookie;
    const char *after;

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return; /* workers finish tasks of a closed cycle without a request */
    after = ps_redis_reply_text(reply->element[1], NULL);
    if (after != NULL && after[0] != '\0')
        withdraw(poll, after);
}

static void withdraw(struct ps_poll *poll, const char *after)
{
    struct ps_script_args args;

    ps_leader_writer_args(poll->withdrawer, &args);
    ps_script_args_text(&args, PS_GROUP_WORKERS);
    ps_script_args_int(&args, poll->withdraw_cycle);
    ps_script_args_int(&args, WITHDRAW_LOOKS);
    ps_script_args_text(&args, after);
    ps_leader_writer_script(poll->withdrawer,
                            &(struct ps_leader_script){ .script = PS_SCRIPT_TASK_WITHDRAW,
                                                        .keys = { PS_KEY_TASKS },
                                                        .what = "tasks were not withdrawn",
                                                        .fn = on_withdrawn,
                                                        .optional = true },
                            &args);
}

static void on_heartbeat(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct ps_poll *poll = cookie;
    struct ps_err failed;

    if (err == NULL && reply->status >= 200 && reply->status < 400)
        return;
    if (err == NULL) {
        (void)ps_fail(&failed, ps_failure_of_status(reply->status), reply->status,
                      "HEARTBEAT_URL answered %d", reply->status);
        err = &failed;
    }
    ps_leadership_failed(poll->parts.leadership, PS_EVENT_HEARTBEAT_ERROR, "HEARTBEAT_URL", err);
}

static void tell_heartbeat_url(struct ps_poll *poll)
{
    struct ps_http_request request = { .method = PS_HTTP_GET,
                                       .url = poll->parts.leadership->daemon->config->heartbeat_url,
                                       .timeout_ms = HEARTBEAT_TIMEOUT_MS,
                                       .max_body = 1024,
                                       .truncate_body = true };
    struct ps_err err;

    /* A shadow must not look like the service that is in charge. */
    if (request.url[0] != '\0' && !poll->parts.leadership->daemon->config->shadow &&
        ps_http_send(poll->http, &request, on_heartbeat, poll, &err) == NULL)
        ps_leadership_failed(poll->parts.leadership, PS_EVENT_HEARTBEAT_ERROR, "HEARTBEAT_URL",
                             &err);
}

static void log_end(const struct ps_poll *poll, const struct ps_ledger *ledger, int64_t ended_ms)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    double seconds = (double)(ended_ms - poll->started_ms) / 1000;

    PS_LOG(PROBE_DONE, F_INT("cycle", ledger->cycle), F_INT("planned", ledger->planned),
           F_INT("settled", ledger->settled), F_BOOL("deadline", poll->expired));
    PS_LOG(PROBE_CYCLE_SUMMARY, F_OBJECT(poll->summary));
    PS_LOG(POLL_DONE, F_INT("cycle", ledger->cycle),
           F_TEXT("status", ps_cycle_status_name(poll->status)),
           F_INT("papers", ps_paper_index_len(leadership->index)), F_REAL("seconds", seconds));
    ps_metrics_add(leadership->daemon->metrics, PS_METRIC_CYCLES,
                   ps_cycle_status_name(poll->status), 1);
    ps_metrics_observe(leadership->daemon->metrics, PS_METRIC_CYCLE_SECONDS,
                       seconds > 0 ? seconds : 0);
}

/* Before it is logged: who reads the log finds it in /health. */
static void tell_stats(struct ps_poll *poll, int64_t ended_ms, const char *error)
{
    const struct ps_url_set *discovered = poll->parts.leadership->discovered;
    const struct ps_stats_cycle cycle = { .status = poll->status,
                                          .started_ms = poll->started_ms,
                                          .finished_ms = ended_ms,
                                          .error = error,
                                          .summary = poll->summary,
                                          .discovered = (int64_t)ps_url_set_len(discovered) };

    ps_stats_closed(poll->parts.stats, &cycle);
}

/* What ps_store_add_asked stored. */
static void remember_asked(struct ps_leadership *leadership)
{
    const struct ps_config *config = leadership->daemon->config;
    const struct ps_cycle *run = leadership->run;

    for (size_t i = 0; i < run->len; i++) {
        const struct ps_cycle_probe *probe = &run->items[i];
        uint8_t variant = ps_variant_of(config, probe->prefix, probe->ext);

        if (probe->answered && variant != PS_VARIANT_OTHER)
            ps_probe_times_set(leadership->probed,
                               ps_draft_key_of(probe->number, probe->revision, variant),
                               ps_planner_clock_at(run->ledger.started_ms));
    }
}

static void on_closed(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;
    int64_t ended_ms = ps_clock_wall_ms();

    ps_poll_rechecked(poll, rows);
    tell_stats(poll, ended_ms, poll->error);
    log_end(poll, &leadership->run->ledger, ended_ms);
    leadership->last_finished_ms = ended_ms;
    if (ps_config_adaptive(leadership->daemon->config) && !poll->disbelieved)
        remember_asked(leadership);
    ps_cycle_destroy(leadership->run);
    leadership->run = NULL;
    if (poll->status != PS_CYCLE_FAILED) {
        leadership->last_good_ms = ended_ms;
        tell_heartbeat_url(poll);
    }
    ps_outbox_relay_kick(poll->parts.relay);
    if (poll->expired) {
        (void)ps_leader_writer_start(poll->withdrawer);
        poll->withdraw_cycle = poll->cycle;
        withdraw(poll, "");
    }
    ps_poll_sleep(poll, ended_ms);
    if (poll->disbelieved)
        ps_leadership_overtaken(leadership); /* what it found is not stored any more */
}

static void log_controls(const struct ps_cycle *run, const char *fault)
{
    const struct ps_control_probes *controls = &run->controls;

    for (size_t i = 0; i < controls->len; i++) {
        const struct ps_control_probe *control = &controls->items[i];

        if (control->kind == PS_CONTROL_RECHECK)
            continue;
        PS_LOG(CONTROL_FAILED, F_INT("cycle", run->ledger.cycle), F_TEXT("what", fault),
               F_TEXT("url", control->url), F_TEXT("expected", ps_control_kind_name(control->kind)),
               F_TEXT("outcome", control->settled ? ps_outcome_name(control->outcome) : "none"));
    }
}

static bool has_drafts_looked_at(const struct ps_control_probes *controls)
{
    for (size_t i = 0; i < controls->len; i++)
        if (controls->items[i].kind != PS_CONTROL_ABSENT)
            return true;
    return false;
}

static void store_end(struct ps_poll *poll)
{
    char *fault = ps_run_fault(poll->parts.leadership->run);

    poll->looked = false;
    if (fault == NULL && has_drafts_looked_at(&poll->parts.leadership->run->controls))
        ps_poll_recheck(poll);
    else
        ps_poll_end(poll, ps_leader_writer_begin_meta(poll->writer));
    free(fault);
}

void ps_poll_end(struct ps_poll *poll, struct ps_pg_batch *batch)
{
    const struct ps_leadership *leadership = poll->parts.leadership;
    const struct ps_cycle *run = leadership->run;
    char *cause = ps_run_fault(run);

    poll->status =
        ps_ledger_status(&run->ledger, leadership->daemon->config->cycle_fail_error_ratio);
    poll->error = NULL;
    if (poll->status == PS_CYCLE_FAILED)
        poll->error = "half or more of the probes ended in errors";
    poll->disbelieved = cause != NULL;
    if (cause != NULL) {
        poll->status = PS_CYCLE_FAILED;
        poll->error = "controls";
        log_controls(run, cause);
    } else if (poll->status == PS_CYCLE_FAILED) {
        cause = ps_alloc_format("%zu of %zu probes ended in errors",
                                run->ledger.outcomes[PS_OUTCOME_ERROR], run->ledger.settled);
    }
    free(poll->summary);
    poll->summary = ps_ledger_summary(&run->ledger, poll->status, ps_clock_wall_ms());
    if (ps_config_adaptive(leadership->daemon->config) && !poll->disbelieved)
        ps_store_add_asked(batch, run->ledger.cycle);
    ps_store_add_close(
        batch, run,
        &(struct ps_store_end){ .status = poll->status,
                                .summary = poll->summary,
                                .error = poll->error,
                                .cause = cause,
                                .disbelieved = poll->disbelieved,
                                .probes_kept = ps_config_adaptive(leadership->daemon->config)
                                                   ? PS_STORE_PROBES_KEPT_ADAPTIVE
                                                   : PS_STORE_PROBES_KEPT });
    free(cause);
    ps_leader_writer_run(poll->writer, batch, "the cycle was not closed", on_closed);
}

static void on_expired(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_ledger *ledger;

    ledger = &poll->parts.leadership->run->ledger;
    PS_LOG(PROBE_ERR, F_INT("cycle", ledger->cycle),
           F_INT("without_result", ps_pg_row_count(rows, EXPIRED)),
           F_TEXT("failure_category", ps_failure_name(PS_FAILURE_TIMEOUT)));
    /* What the ledger holds counts: results may have been stored whose answer is still to come. */
    memset(ledger->outcomes, 0, sizeof(ledger->outcomes));
    ledger->settled = ledger->forbidden = 0;
    for (int i = 0; i < ps_pg_row_count(rows, COUNTS); i++) {
        enum ps_outcome outcome;

        if (ps_outcome_parse(ps_str_of(ps_pg_text(rows, COUNTS, i, 0)), &outcome))
            ps_ledger_settle(ledger, outcome, (size_t)ps_pg_int(rows, COUNTS, i, 1, 0));
        ledger->forbidden += (size_t)ps_pg_int(rows, COUNTS, i, 2, 0);
    }
    store_end(poll);
}

void ps_poll_close(struct ps_poll *poll, bool expired)
{
    struct ps_pg_batch *batch;

    poll->state = PS_POLL_CLOSING;
    poll->expired = expired;
    ps_publish_stop(poll->parts.publish);
    if (!expired) {
        store_end(poll);
        return;
    }
    batch = ps_leader_writer_begin(poll->writer);
    ps_store_add_expire(batch, poll->cycle);
    ps_leader_writer_run(poll->writer, batch, "the cycle's open probes were not settled",
                         on_expired);
}

static void on_failed(void *cookie, const struct ps_pg_rows *rows)
{
    struct ps_poll *poll = cookie;
    struct ps_leadership *leadership = poll->parts.leadership;

    (void)rows;
    leadership->last_cycle = poll->cycle;
    leadership->last_started_ms = poll->started_ms;
    leadership->last_finished_ms = ps_clock_wall_ms();
    free(poll->summary);
    poll->summary = NULL;
    poll->status = PS_CYCLE_FAILED;
    tell_stats(poll, leadership->last_finished_ms, poll->failure.what);
    ps_metrics_add(leadership->daemon->metrics, PS_METRIC_CYCLES,
                   ps_cycle_status_name(PS_CYCLE_FAILED), 1);
    ps_poll_sleep(poll, leadership->last_finished_ms);
}

void ps_poll_fail(struct ps_poll *poll, const struct ps_err *err)
{
    struct ps_pg_batch *batch = ps_leader_writer_begin_meta(poll->writer);

    poll->failure = *err;
    ps_leadership_failed(poll->parts.leadership, PS_EVENT_POLL_ERROR,
                         "the index was not loaded and no copy of it is stored", err);
    poll->state = PS_POLL_CLOSING;
    ps_store_add_failed_cycle(batch, ps_leader_writer_epoch(poll->writer), poll->cycle,
                              poll->started_ms, err->what);
    ps_store_add_settings(batch, poll->cycle, poll->parts.leadership->daemon->config);
    ps_leader_writer_run(poll->writer, batch, "the failed cycle was not stored", on_failed);
}
