#include "scheduler/io/forecast.h"

#include "scheduler/core/adaptive_plan.h"
#include "scheduler/core/candidate_pick.h"
#include "scheduler/core/plan.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"
#include "shared/io/background.h"
#include "shared/io/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_MS = 60 * 1000 };

/* The answer for all numbers, of the planner that is in use. */
struct plans {
    bool has_adaptive, has_plan;
    struct ps_adaptive adaptive;
    double threshold; /* of the adaptive planner */
    struct ps_plan plan;
    int64_t next_ms, last_cycle; /* of the classic planner: the next poll, the last cycle */
};

struct ps_forecast {
    const struct ps_leadership *leadership; /* borrowed */
    void (*on_answer)(void *cookie);
    void *cookie;
    bool busy;       /* a batch is out, or its answer is being made */
    int64_t made_ms; /* monotonic; 0: never */
    struct plans plans;
};

static const struct ps_config *config_of(const struct ps_forecast *forecast)
{
    return forecast->leadership->daemon->config;
}

static void clear(struct plans *plans)
{
    if (plans->has_adaptive)
        ps_adaptive_clear(&plans->adaptive);
    if (plans->has_plan)
        ps_plan_clear(&plans->plan);
    *plans = (struct plans){ 0 };
}

/* The answer is computed beside the loop, from everything that is stored. */
struct making {
    struct ps_pg_rows *rows;
    const struct ps_config *config;
    struct ps_paper_index *index;
    struct plans plans; /* the result */
};

static void make_adaptive(struct making *making, const struct ps_url_set *drafts,
                          const struct ps_number_set *watched)
{
    struct ps_probe_times *asked = ps_store_read_asked(making->rows, making->config);
    struct ps_adaptive_source source = { .config = making->config,
                                         .index = making->index,
                                         .probed = asked,
                                         .watched = watched,
                                         .now_ms = ps_clock_wall_ms() };
    struct ps_sighting *sightings = ps_sightings_of(drafts, source.config, &source.sighting_count);
    struct plans *plans = &making->plans;

    source.sightings = sightings;
    ps_adaptive_open(&source, &plans->adaptive);
    plans->threshold = ps_pick_threshold(&plans->adaptive.candidates, source.config,
                                         plans->adaptive.budget, plans->adaptive.now_ms);
    plans->has_adaptive = true;
    free(sightings);
    ps_probe_times_destroy(asked);
}

static void make_classic(struct making *making, const struct ps_url_set *drafts,
                         const struct ps_number_set *watched)
{
    int64_t interval_ms = ps_config_poll_interval_ms(making->config);
    int64_t now_ms = ps_clock_wall_ms();
    struct plans *plans = &making->plans;

    plans->last_cycle = ps_pg_int(making->rows, PS_STORE_LOAD_META, 0, 1, 0);
    plans->next_ms = ps_pg_int(making->rows, PS_STORE_LOAD_META, 0, 2, 0) + interval_ms;
    if (plans->next_ms < now_ms)
        plans->next_ms = now_ms;
    ps_plan_make(&(struct ps_plan_input){ .config = making->config,
                                          .index = making->index,
                                          .discovered = drafts,
                                          .watched = watched,
                                          .cycle = plans->last_cycle + 1,
                                          .today = (int32_t)(plans->next_ms / PS_DAY_MS) },
                 &plans->plan);
    plans->has_plan = true;
}

static void work_make(void *data)
{
    struct making *making = data;
    struct ps_url_set *drafts = ps_store_read_discovered(making->rows);
    struct ps_watchlists *lists = ps_store_read_watch(making->rows, PS_STORE_LOAD_WATCH);

    if (ps_config_adaptive(making->config))
        make_adaptive(making, drafts, ps_watchlists_numbers(lists));
    else
        make_classic(making, drafts, ps_watchlists_numbers(lists));
    ps_watchlists_destroy(lists);
    ps_url_set_destroy(drafts);
}

static void on_made(void *cookie, void *data)
{
    struct ps_forecast *forecast = cookie;
    struct making *making = data;

    clear(&forecast->plans);
    forecast->plans = making->plans;
    forecast->busy = false;
    forecast->made_ms = ps_loop_now(forecast->leadership->daemon->loop);
    ps_pg_rows_destroy(making->rows);
    ps_paper_index_destroy(making->index);
    free(making);
    forecast->on_answer(forecast->cookie);
}

static void on_read(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_forecast *forecast = cookie;
    const struct ps_leadership *leadership = forecast->leadership;
    struct making *making;

    if (err != NULL || leadership->index == NULL) {
        forecast->busy = false;
        forecast->on_answer(forecast->cookie);
        return;
    }
    making = ps_alloc_zero(1, sizeof(*making));
    making->rows = ps_pg_rows_take(rows);
    making->config = config_of(forecast);
    making->index = ps_paper_index_share(leadership->index);
    ps_background_run(
        leadership->daemon->background,
        &(struct ps_background_job){ .work = work_make, .done = on_made, .cookie = forecast },
        making);
}

bool ps_forecast_is_busy(const struct ps_forecast *forecast)
{
    return forecast->busy;
}

void ps_forecast_wanted(struct ps_forecast *forecast)
{
    const struct ps_daemon *daemon = forecast->leadership->daemon;
    bool fresh = forecast->made_ms > 0 && ps_loop_now(daemon->loop) - forecast->made_ms < KEEP_MS;

    if (fresh || forecast->busy || forecast->leadership->index == NULL ||
        !config_of(forecast)->enable_iso_probe || !ps_pg_up(daemon->pg))
        return;
    forecast->busy = true;
    ps_pg_run(daemon->pg, ps_store_peek_since(forecast->leadership->index_version), on_read,
              forecast);
}

static struct ps_reader_ask ask_of(const struct ps_forecast *forecast,
                                   const struct ps_candidate *candidate)
{
    const struct ps_config *config = config_of(forecast);
    size_t exts = config->probe_extensions.len;
    double hours = ps_pick_period_hours(candidate, config, forecast->plans.threshold);
    int64_t next_ms = candidate->last_ms + (int64_t)(hours * 3600 * 1000);
    struct ps_reader_ask ask = { .rate = ps_adaptive_rate(&forecast->plans.adaptive, candidate),
                                 .last_ms = candidate->last_ms,
                                 .next_ms = next_ms > forecast->plans.adaptive.now_ms
                                                ? next_ms
                                                : forecast->plans.adaptive.now_ms };

    (void)snprintf(ask.file, sizeof(ask.file), "%s%04dR%d%s",
                   config->probe_prefixes.items[candidate->variant / exts], candidate->number,
                   candidate->revision, config->probe_extensions.items[candidate->variant % exts]);
    return ask;
}

static size_t read_adaptive(const struct ps_forecast *forecast, int number, bool is_public,
                            struct ps_reader_ask *out_asks, struct ps_buf *out_why)
{
    const struct ps_candidates *candidates = &forecast->plans.adaptive.candidates;
    const struct ps_candidate *best = NULL;
    struct ps_candidate shown;
    size_t len = 0;

    for (size_t i = 0; i < candidates->len; i++) {
        const struct ps_candidate *candidate = &candidates->items[i];

        if (candidate->number != number)
            continue;
        if (best == NULL || candidate->weight > best->weight)
            best = candidate;
        if (len < PS_READER_ASKS)
            out_asks[len++] = ask_of(forecast, candidate);
    }
    if (best == NULL) {
        (void)ps_buf_text(out_why, "It is not asked for: no name of it is left to try, or the "
                                   "number lies too far above the frontier.");
        return 0;
    }
    shown = *best;
    shown.watched =
        best->watched && !is_public; /* the names of people who watch a paper stay private */
    (void)ps_buf_text(out_why, "Each name is asked for as often as its chance deserves: ");
    ps_adaptive_why(&forecast->plans.adaptive, &shown, out_why);
    (void)ps_buf_format(out_why, "; %.2g drafts a day are expected in all.",
                        forecast->plans.adaptive.activity);
    return len;
}

static size_t read_classic(const struct ps_forecast *forecast, int number,
                           struct ps_reader_ask *out_asks, struct ps_buf *out_why)
{
    int64_t divisor = config_of(forecast)->cold_cycle_divisor,
            cycle = forecast->plans.last_cycle + 1;
    int64_t wait = (number - (cycle - 1) % divisor + divisor) % divisor;
    size_t len = 0;
    bool hot = false;

    for (size_t i = 0; i < forecast->plans.plan.len; i++) {
        const struct ps_planned *planned = &forecast->plans.plan.items[i];

        if (planned->number != number)
            continue;
        hot = hot || planned->tier != PS_TIER_COLD;
        if (len < PS_READER_ASKS) {
            struct ps_reader_ask ask = { .next_ms = forecast->plans.next_ms };

            (void)snprintf(ask.file, sizeof(ask.file), "%s", planned->file);
            out_asks[len++] = ask;
        }
    }
    if (hot)
        (void)ps_buf_text(out_why, "The number is hot: it is asked for in every cycle.");
    else if (number > forecast->plans.plan.frontier)
        (void)ps_buf_format(out_why, "It is not asked for: the number lies above the frontier, %d.",
                            forecast->plans.plan.frontier);
    else
        (void)ps_buf_format(out_why,
                            "The number is cold: it is asked for once in %" PRId64
                            " cycles, next in cycle %" PRId64 ".",
                            divisor, cycle + wait);
    return len;
}

size_t ps_forecast_read(const struct ps_forecast *forecast, int number, bool is_public,
                        struct ps_reader_ask *out_asks, struct ps_buf *out_why)
{
    if (forecast->plans.has_adaptive)
        return read_adaptive(forecast, number, is_public, out_asks, out_why);
    if (forecast->plans.has_plan)
        return read_classic(forecast, number, out_asks, out_why);
    return 0;
}

struct ps_forecast *ps_forecast_create(const struct ps_leadership *leadership,
                                       void (*on_answer)(void *cookie), void *cookie)
{
    struct ps_forecast *forecast = ps_alloc_zero(1, sizeof(*forecast));

    forecast->leadership = leadership;
    forecast->on_answer = on_answer;
    forecast->cookie = cookie;
    return forecast;
}

void ps_forecast_destroy(struct ps_forecast *forecast)
{
    if (forecast == NULL)
        return;
    clear(&forecast->plans);
    free(forecast);
}
