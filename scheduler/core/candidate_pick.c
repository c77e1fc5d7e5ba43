#include "scheduler/core/candidate_pick.h"

#include "scheduler/core/control_probes.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"

#include <math.h>
#include <stdlib.h>

enum {
    NEVER_ASKED_HOURS = 2, /* what a name that was never asked for counts as */
    FLOOR_HOURS = 24,      /* every candidate is asked for at least once in so many hours */
    FLOOR_FROM_HOURS = 11  /* those not asked for in so long share the floor's part of a cycle */
};
#define WATCHED_SHARE  0.2 /* of a cycle, at most, beyond what the numbers deserve unwatched */
#define WATCHED_WEIGHT 16  /* four times as often */
#define HOUR_MS        (PS_DAY_MS / 24)

struct ps_pick_moment ps_pick_moment_of(const struct ps_config *config, int64_t last_ms,
                                        int64_t now_ms)
{
    int64_t interval_ms = ps_config_poll_interval_ms(config);
    int64_t most_ms = 2 * interval_ms > HOUR_MS / 2 ? 2 * interval_ms : HOUR_MS / 2;
    struct ps_pick_moment moment = { .last_ms = last_ms, .now_ms = now_ms };

    if (last_ms == 0 || last_ms >= now_ms) /* the first one, or the clock was set back */
        moment.last_ms = now_ms - interval_ms;
    else if (now_ms - last_ms > most_ms)
        moment.last_ms = now_ms - most_ms;
    return moment;
}

size_t ps_pick_budget(const struct ps_config *config, const struct ps_rates *rates, double activity,
                      const struct ps_pick_moment *moment)
{
    double per_ms = (double)config->probe_budget_per_day * ps_rates_budget_factor(rates, activity) /
                    (double)PS_DAY_MS;
    int64_t day_ms = moment->last_ms - moment->last_ms % PS_DAY_MS;

    /* The probes that are due from the start of the day until now, minus those that were due until
     * the last cycle. So no fraction of a probe is lost, even if a cycle takes seconds. */
    return (size_t)(floor(per_ms * (double)(moment->now_ms - day_ms)) -
                    floor(per_ms * (double)(moment->last_ms - day_ms)));
}

size_t ps_pick_plan_budget(const struct ps_config *config, const struct ps_rates *rates,
                           double activity, const struct ps_pick_moment *moment)
{
    size_t budget = ps_pick_budget(config, rates, activity, moment);

    return budget - ps_control_probes_share(config, budget);
}

struct picker {
    const struct ps_candidates *candidates;
    int64_t now_ms, least_ms; /* least_ms: once per cycle */
    double *scores;           /* by candidate; 0: not now */
    double *scratch;
    size_t *picked;
    size_t len;
};

/* How long a draft may have waited under the name. A name that was never asked for may hold one for
 * long, but news is what matters: otherwise a fresh installation would look through all old names
 * before it returned to the likely ones. */
int64_t ps_pick_waited_ms(const struct ps_candidate *candidate, int64_t now_ms)
{
    int64_t from_ms =
        candidate->last_ms > candidate->since_ms ? candidate->last_ms : candidate->since_ms;
    int64_t most_ms = candidate->last_ms == 0 ? NEVER_ASKED_HOURS * HOUR_MS : PS_DAY_MS;
    int64_t waited = now_ms - from_ms;

    return waited < 0 ? 0 : waited > most_ms ? most_ms : waited;
}

static double score_of(const struct picker *picker, const struct ps_candidate *candidate)
{
    double hours;

    if (picker->now_ms - candidate->last_ms < picker->least_ms && candidate->last_ms != 0 &&
        candidate->last_ms <= picker->now_ms)
        return 0;
    hours = (double)ps_pick_waited_ms(candidate, picker->now_ms) / (double)HOUR_MS;
    return candidate->weight * hours * hours;
}

/* The k-th largest of values (k from 1), which are put out of order. */
static double kth_largest(double *values, size_t len, size_t k)
{
    size_t low = 0, high = len - 1;

    while (low < high) {
        double pivot = values[low + (high - low) / 2];
        size_t i = low, j = high;

        for (;;) {
            while (values[i] > pivot)
                i++;
            while (values[j] < pivot)
                j--;
            if (i >= j)
                break;
            double swap = values[i];
            values[i++] = values[j];
            values[j--] = swap;
        }
        if (k - 1 <= j)
            high = j;
        else
            low = j + 1;
    }
    return values[k - 1];
}

static void take(struct picker *picker, size_t i)
{
    picker->picked[picker->len++] = i;
    picker->scores[i] = 0;
}

/* The k-th best score among the candidates of no user's wish alone; 0 when there are fewer. */
static double kth_score(struct picker *picker, size_t k)
{
    const struct ps_candidate *items = picker->candidates->items;
    size_t len = 0;

    for (size_t i = 0; i < picker->candidates->len; i++)
        if (picker->scores[i] > 0 && !items[i].watched_only)
            picker->scratch[len++] = picker->scores[i];
    return k == 0 || k > len ? 0 : kth_largest(picker->scratch, len, k);
}

/* Does it deserve its watchers' part of the budget now? A number that is asked for because it is
 * watched, and for no other reason, does so once a day at least while that part lasts. */
static bool watched_due(const struct picker *picker, size_t i, double least)
{
    const struct ps_candidate *candidate = &picker->candidates->items[i];

    if (!candidate->watched || picker->scores[i] <= 0)
        return false;
    return picker->scores[i] > least ||
           (candidate->watched_only &&
            picker->now_ms - candidate->last_ms > (FLOOR_HOURS - 1) * HOUR_MS);
}

/* Watched numbers count for more, within a fixed part of the budget: all users together cannot
 * displace the rest. */
static void take_watched(struct picker *picker, size_t budget)
{
    double least = kth_score(picker, budget) / WATCHED_WEIGHT, best = 0;
    size_t most = (size_t)(WATCHED_SHARE * (double)budget), len = 0;

    for (size_t i = 0; i < picker->candidates->len; i++)
        if (watched_due(picker, i, least))
            picker->scratch[len++] = picker->scores[i];
    if (len == 0 || most == 0)
        return;
    if (most < len)
        best = kth_largest(picker->scratch, len, most);
    for (size_t i = 0; i < picker->candidates->len && most > 0; i++) {
        if (watched_due(picker, i, least) && picker->scores[i] >= best) {
            take(picker, i);
            most--;
        }
    }
}

static void take_best(struct picker *picker, size_t count)
{
    double least = kth_score(picker, count);

    for (size_t i = 0; i < picker->candidates->len && count > 0; i++) {
        if (picker->scores[i] > 0 && picker->scores[i] >= least &&
            !picker->candidates->items[i].watched_only) {
            take(picker, i);
            count--;
        }
    }
}

/* Those not asked for in a long time, the oldest first: a steady part of each cycle keeps every
 * candidate within the floor, and spreads them over the day. */
static void take_floor(struct picker *picker, size_t budget, int64_t cycle_ms)
{
    const struct ps_candidates *candidates = picker->candidates;
    int64_t span_ms = (FLOOR_HOURS - FLOOR_FROM_HOURS) * HOUR_MS - HOUR_MS / 2;
    size_t old = 0, due = 0, quota, len = 0;
    double least;

    for (size_t i = 0; i < candidates->len; i++) {
        const struct ps_candidate *candidate = &candidates->items[i];
        int64_t since_ms = picker->now_ms - candidate->last_ms;

        if (candidate->watched_only || since_ms < FLOOR_FROM_HOURS * HOUR_MS)
            continue;
        old++;
        picker->scratch[len++] = (double)since_ms;
        if (candidate->last_ms != 0 && since_ms + cycle_ms > FLOOR_HOURS * HOUR_MS)
            due++;
    }
    if (len == 0)
        return;
    quota = (size_t)((int64_t)old * cycle_ms / span_ms) + 1;
    if (quota < due)
        quota = due;
    if (quota > budget / 2)
        quota = budget / 2;
    if (quota == 0)
        return;
    if (quota > len)
        quota = len;
    least = kth_largest(picker->scratch, len, quota);
    for (size_t i = 0; i < candidates->len && quota > 0; i++) {
        const struct ps_candidate *candidate = &candidates->items[i];

        if (!candidate->watched_only && (double)(picker->now_ms - candidate->last_ms) >= least) {
            take(picker, i);
            quota--;
        }
    }
}

struct order {
    double score;
    size_t at;
};

static int by_score(const void *a, const void *b)
{
    const struct order *x = a, *y = b;

    if (x->score > y->score)
        return -1;
    if (x->score < y->score)
        return 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

size_t *ps_pick_best(const struct ps_candidates *candidates, const struct ps_config *config,
                     size_t budget, const struct ps_pick_moment *moment, size_t *out_count)
{
    struct picker picker = { .candidates = candidates,
                             .now_ms = moment->now_ms,
                             .least_ms = ps_config_poll_interval_ms(config) / 2 };
    struct order *order;

    if (budget > candidates->len)
        budget = candidates->len;
    picker.scores = ps_alloc_array(NULL, candidates->len + 1, sizeof(double));
    picker.scratch = ps_alloc_array(NULL, candidates->len + 1, sizeof(double));
    picker.picked = ps_alloc_array(NULL, budget + 1, sizeof(size_t));
    for (size_t i = 0; i < candidates->len; i++)
        picker.scores[i] = score_of(&picker, &candidates->items[i]);
    take_floor(&picker, budget, moment->now_ms - moment->last_ms);
    take_watched(&picker, budget - picker.len);
    take_best(&picker, budget - picker.len);
    order = ps_alloc_array(NULL, picker.len + 1, sizeof(*order));
    for (size_t i = 0; i < picker.len; i++)
        order[i] = (struct order){ .score = score_of(&picker, &candidates->items[picker.picked[i]]),
                                   .at = picker.picked[i] };
    qsort(order, picker.len, sizeof(*order), by_score);
    for (size_t i = 0; i < picker.len; i++)
        picker.picked[i] = order[i].at;
    free(order);
    free(picker.scores);
    free(picker.scratch);
    *out_count = picker.len;
    return picker.picked;
}

double ps_pick_threshold(const struct ps_candidates *candidates, const struct ps_config *config,
                         size_t budget, int64_t now_ms)
{
    size_t len = candidates->len;
    struct picker picker = { .candidates = candidates,
                             .now_ms = now_ms + ps_config_poll_interval_ms(config) };
    double threshold = 0;

    if (len == 0 || budget == 0)
        return 0;
    picker.scratch = ps_alloc_array(NULL, len, sizeof(double));
    for (size_t i = 0; i < len; i++)
        picker.scratch[i] = score_of(&picker, &candidates->items[i]);
    threshold = kth_largest(picker.scratch, len, budget < len ? budget : len);
    free(picker.scratch);
    return threshold;
}

double ps_pick_period_hours(const struct ps_candidate *candidate, const struct ps_config *config,
                            double threshold)
{
    double weight = candidate->weight * (candidate->watched ? WATCHED_WEIGHT : 1);
    double least = (double)ps_config_poll_interval_ms(config) / (double)HOUR_MS;
    double hours = weight > 0 ? sqrt(threshold / weight) : FLOOR_HOURS;

    return fmin(FLOOR_HOURS, fmax(least, hours));
}
