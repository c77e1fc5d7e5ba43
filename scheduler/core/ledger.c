#include "scheduler/core/ledger.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"

const char *ps_cycle_status_name(enum ps_cycle_status status)
{
    switch (status) {
    case PS_CYCLE_RUNNING:
        return "running";
    case PS_CYCLE_SUCCESS:
        return "success";
    case PS_CYCLE_EMPTY:
        return "empty";
    case PS_CYCLE_FAILED:
        break;
    }
    return "failed";
}

void ps_ledger_settle(struct ps_ledger *ledger, enum ps_outcome outcome, size_t count)
{
    ledger->outcomes[outcome] += count;
    ledger->settled += count;
}

enum ps_ledger_next ps_ledger_step(const struct ps_ledger *ledger, int64_t now_ms)
{
    if (ledger->settled >= ledger->planned)
        return PS_LEDGER_CLOSE;
    return now_ms >= ledger->deadline_ms ? PS_LEDGER_CLOSE_AT_DEADLINE : PS_LEDGER_WAIT;
}

size_t ps_ledger_hits(const struct ps_ledger *ledger)
{
    size_t hits = 0;

    for (int outcome = 0; outcome < PS_OUTCOME_COUNT; outcome++)
        if (ps_outcome_is_hit((enum ps_outcome)outcome))
            hits += ledger->outcomes[outcome];
    return hits;
}

/* A deferral is no attempt: the host was not asked. */
static size_t attempted_of(const struct ps_ledger *ledger)
{
    return ledger->settled - ledger->outcomes[PS_OUTCOME_DEFERRED];
}

enum ps_cycle_status ps_ledger_status(const struct ps_ledger *ledger, double fail_ratio)
{
    size_t attempted = attempted_of(ledger);
    size_t errors = ledger->outcomes[PS_OUTCOME_ERROR];

    if (attempted == 0) /* planned, but the host let no request through: nothing is known */
        return ledger->planned == 0 ? PS_CYCLE_EMPTY : PS_CYCLE_FAILED;
    if (errors > 0 && (double)errors >= fail_ratio * (double)attempted)
        return PS_CYCLE_FAILED;
    return ps_ledger_hits(ledger) > 0 ? PS_CYCLE_SUCCESS : PS_CYCLE_EMPTY;
}

char *ps_ledger_failure(const struct ps_ledger *ledger, double fail_ratio)
{
    size_t attempted = attempted_of(ledger);

    if (ps_ledger_status(ledger, fail_ratio) != PS_CYCLE_FAILED)
        return NULL;
    if (attempted == 0)
        return ps_alloc_format("none of %zu probes was sent: all were deferred", ledger->planned);
    return ps_alloc_format("%zu of %zu probes ended in errors; from a share of %g on a cycle fails "
                           "(CYCLE_FAIL_ERROR_RATIO)",
                           ledger->outcomes[PS_OUTCOME_ERROR], attempted, fail_ratio);
}

/* Twice the time at the rate limit, because retries and pauses of the host take time too; and the
 * visibility time, after which another worker takes the tasks of a dead one. A shorter deadline
 * would count slow probes as errors. */
int64_t ps_ledger_deadline_ms(const struct ps_config *config, int64_t started_ms, size_t planned)
{
    int64_t span_ms = ps_config_poll_interval_ms(config);

    if (config->cycle_deadline_seconds > 0)
        return started_ms + config->cycle_deadline_seconds * 1000;
    if (config->probe_rate_limit > 0) {
        double probing_ms = 2 * 1000.0 * (double)planned / config->probe_rate_limit;

        if (probing_ms > (double)span_ms)
            span_ms = (int64_t)probing_ms;
    }
    return started_ms + span_ms + config->task_visibility_seconds * 1000;
}

double ps_ledger_success_rate(const struct ps_ledger *ledger)
{
    size_t attempted = attempted_of(ledger);

    return attempted == 0 ? 0 : (double)ps_ledger_hits(ledger) / (double)attempted;
}

char *ps_ledger_summary(const struct ps_ledger *ledger, enum ps_cycle_status status,
                        int64_t finished_ms)
{
    const struct {
        const char *name;
        size_t value;
    } counts[] = {
        {"hot_probes",          ledger->hot                            },
        { "cold_probes",        ledger->cold                           },
        { "errors",             ledger->outcomes[PS_OUTCOME_ERROR]     },
        { "hit_total",          ps_ledger_hits(ledger)                 },
        { "hit_recent",         ledger->outcomes[PS_OUTCOME_HIT_RECENT]},
        { "hit_old",            ledger->outcomes[PS_OUTCOME_HIT_OLD]   },
        { "hit_no_lm",          ledger->outcomes[PS_OUTCOME_HIT_NO_LM] },
        { "miss",               ledger->outcomes[PS_OUTCOME_MISS]      },
        { "skipped_discovered", ledger->skipped_discovered             },
        { "skipped_in_index",   ledger->skipped_in_index               },
        { "deferred",           ledger->outcomes[PS_OUTCOME_DEFERRED]  },
        { "suspect",            ledger->outcomes[PS_OUTCOME_SUSPECT]   },
    };
    int64_t duration_ms = finished_ms > ledger->started_ms ? finished_ms - ledger->started_ms : 0;
    cJSON *summary = cJSON_CreateObject();
    char *text;

    ps_json_add_int(summary, "cycle", ledger->cycle);
    ps_json_add_text(summary, "cycle_status", ps_cycle_status_name(status));
    ps_json_add_int(summary, "cycle_requests", (int64_t)ledger->settled);
    ps_json_add_real(summary, "cycle_duration_s", (double)duration_ms / 1000);
    for (size_t i = 0; i < PS_COUNT_OF(counts); i++)
        ps_json_add_int(summary, counts[i].name, (int64_t)counts[i].value);
    text = ps_json_print(summary);
    cJSON_Delete(summary);
    return text;
}
