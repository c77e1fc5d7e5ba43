#include "scheduler/core/arrival_rates.h"

#include "shared/core/alloc.h"
#include "shared/core/number_set.h"
#include "shared/core/str.h"
#include "shared/core/utc_time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    YEAR_DAYS = 365,
    /* Weights are fitted on the arrivals of this window; those of a year earlier count half. */
    WINDOW_DAYS = 3 * YEAR_DAYS,
    LATE_SIGHTING_DAYS = 3,
    SCALES = 4,
    /* A burst is measured against the mean of this span. */
    MEAN_DAYS = 60,
    /* A saved budget of so many days doubles the spending; overspending lowers it, to half at
     * least. */
    REPAY_DAYS = 20
};
#define BUDGET_LEAST 0.4 /* of the mean budget, in the quietest time */
#define BUDGET_MOST  4.0 /* and in a burst */

/* Upper edges of the bins; the last one is open, but for distances. */
static const int age_days[PS_RATES_AGES - 1] = { 3, 10, 21, 35, 60, 90, 120, 180, 270, 365, 730 };
static const int gap_days[PS_RATES_GAP_AGES - 1] = { 3, 14, 30, 60, 90, 120, 180, 270, 365 };
static const int ahead[PS_RATES_AHEAD] = { 3, 5, 10, 20, 35, 60, 120 };

/* The prior: weights per arrival, and how many arrivals' worth of evidence they stand for. */
static const double prior_next[PS_RATES_REVISIONS][PS_RATES_AGES] = {
    {3e-4,  3e-4, 4e-4, 5e-4, 5e-4,   6e-4,   6e-4,   6e-4, 4e-4, 3e-4, 1.5e-4, 4e-5},
    { 3e-4, 4e-4, 6e-4, 7e-4, 8e-4,   9e-4,   9e-4,   8e-4, 5e-4, 4e-4, 2e-4,   5e-5},
    { 5e-4, 6e-4, 9e-4, 1e-3, 1.2e-3, 1.2e-3, 1.2e-3, 1e-3, 7e-4, 5e-4, 3e-4,   8e-5},
};
static const double prior_gap[PS_RATES_GAP_AGES] = { 1e-2, 1e-2, 9e-3, 9e-3, 6e-3,
                                                     5e-3, 1e-3, 5e-4, 2e-4, 5e-5 };
static const double prior_ahead[PS_RATES_AHEAD] = { 1.2e-2, 8e-3, 3e-3, 1.5e-3, 4e-4, 1e-4, 2e-5 };
#define PRIOR_EVENTS 3.0

static const double scale_days[SCALES] = { 0.05, 0.25, 1.5, 12 };
static const double scale_part[SCALES] = { 0.15, 0.30, 0.30,
                                           0.10 }; /* the rest is the year's mean */

int64_t ps_arrival_spread_ms(int number, int revision)
{
    uint64_t hash = ((uint64_t)number << 10 | (uint64_t)revision) * UINT64_C(0x9E3779B97F4A7C15);

    hash ^= hash >> 32;
    hash *= UINT64_C(0xD6E8FEB86659FD93);
    hash ^= hash >> 32;
    return (int64_t)(hash % (uint64_t)PS_DAY_MS);
}

static int by_number(const void *a, const void *b)
{
    const struct ps_arrival *x = a, *y = b;

    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->revision != y->revision)
        return x->revision < y->revision ? -1 : 1;
    return (int)y->in_index - (int)x->in_index;
}

static int by_time(const void *a, const void *b)
{
    const struct ps_arrival *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return by_number(a, b);
}

/* Rows of one revision are neighbours, the index's first. */
static size_t merge_same(struct ps_arrival *rows, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        struct ps_arrival *last = len > 0 ? &rows[len - 1] : NULL;

        if (last == NULL || last->number != rows[i].number || last->revision != rows[i].revision) {
            rows[len++] = rows[i];
            continue;
        }
        if (rows[i].at_ms == 0)
            continue;
        if (last->in_index) {
            if (last->at_ms == 0 || rows[i].at_ms < last->at_ms + LATE_SIGHTING_DAYS * PS_DAY_MS)
                last->at_ms = rows[i].at_ms;
        } else if (last->at_ms == 0 || rows[i].at_ms < last->at_ms) {
            last->at_ms = rows[i].at_ms;
        }
    }
    return len;
}

static void find_numbers(struct ps_arrivals *arrivals)
{
    arrivals->numbers = ps_alloc_zero(arrivals->len + 1, sizeof(*arrivals->numbers));
    for (size_t i = 0; i < arrivals->len; i++) {
        const struct ps_arrival *row = &arrivals->by_number[i];
        struct ps_number_state *state;

        if (i == 0 || row->number != row[-1].number) {
            state = &arrivals->numbers[arrivals->numbers_len++];
            *state = (struct ps_number_state){ .number = row->number,
                                               .indexed = -1,
                                               .days = PS_NO_DATE };
        }
        state = &arrivals->numbers[arrivals->numbers_len - 1];
        state->revision = row->revision;
        state->at_ms = row->at_ms;
        if (row->in_index)
            state->indexed = row->revision;
    }
}

static struct ps_number_state *find_number(const struct ps_arrivals *arrivals, int number)
{
    size_t low = 0, high = arrivals->numbers_len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (arrivals->numbers[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < arrivals->numbers_len && arrivals->numbers[low].number == number
               ? &arrivals->numbers[low]
               : NULL;
}

const struct ps_number_state *ps_arrivals_number(const struct ps_arrivals *arrivals, int number)
{
    return find_number(arrivals, number);
}

bool ps_arrivals_has(const struct ps_arrivals *arrivals, int number, int revision)
{
    size_t low = 0, high = arrivals->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct ps_arrival *row = &arrivals->by_number[middle];

        if (row->number == number && row->revision == revision)
            return true;
        if (row->number < number || (row->number == number && row->revision < revision))
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* The highest of the numbers that follow on from the frontier by steps of at most gap, among those
 * that lay too far ahead when they came. */
static int follow_on(struct ps_number_set *beyond, int frontier, int gap)
{
    size_t used = 0;

    while (used < beyond->len && beyond->items[used] - frontier <= gap) {
        if (beyond->items[used] > frontier)
            frontier = beyond->items[used];
        used++;
    }
    beyond->len -= used;
    memmove(beyond->items, beyond->items + used, beyond->len * sizeof(*beyond->items));
    return frontier;
}

/* The higher number of the pair that number makes with a neighbour at most gap away; frontier when
 * it makes none. */
static int pair_top(const struct ps_number_set *beyond, int number, int gap, int frontier)
{
    size_t low = 0, high = beyond->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (beyond->items[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low + 1 < beyond->len && beyond->items[low + 1] - number <= gap)
        return beyond->items[low + 1];
    return low > 0 && number - beyond->items[low - 1] <= gap ? number : frontier;
}

/* When the frontier rose to where. Two numbers close to each other carry it over any gap, as the
 * rule of the effective frontier says. */
static void find_steps(struct ps_arrivals *arrivals, int gap)
{
    struct ps_number_set beyond;
    int frontier = 0;

    ps_number_set_init(&beyond);
    arrivals->steps = ps_alloc_zero(arrivals->len + 1, sizeof(*arrivals->steps));
    for (size_t i = 0; i < arrivals->len; i++) {
        int number = arrivals->items[i].number, risen = frontier;

        if (number <= frontier)
            continue;
        ps_number_set_add(&beyond, number);
        risen = pair_top(&beyond, number, gap, frontier);
        risen = follow_on(&beyond, risen, gap);
        if (risen > frontier)
            arrivals->steps[arrivals->steps_len++] =
                (struct ps_frontier_step){ .at_ms = arrivals->items[i].at_ms, .number = risen };
        frontier = risen;
    }
    ps_number_set_clear(&beyond);
}

/* The step with which the frontier passed number; NULL when it has not. */
static const struct ps_frontier_step *step_past(const struct ps_arrivals *arrivals, int number)
{
    size_t low = 0, high = arrivals->steps_len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (arrivals->steps[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < arrivals->steps_len ? &arrivals->steps[low] : NULL;
}

int64_t ps_arrivals_passed_ms(const struct ps_arrivals *arrivals, int number)
{
    const struct ps_frontier_step *step = step_past(arrivals, number);

    return step == NULL ? 0 : step->at_ms;
}

void ps_arrivals_build(const struct ps_indexed *papers, size_t paper_count,
                       const struct ps_sighting *sightings, size_t sighting_count,
                       int gap_threshold, int64_t now_ms, struct ps_arrivals *arrivals)
{
    size_t count = paper_count + sighting_count;
    struct ps_arrival *rows = ps_alloc_zero(count + 1, sizeof(*rows));

    ps_arrivals_clear(arrivals);
    for (size_t i = 0; i < paper_count; i++) {
        int64_t at_ms = papers[i].days == PS_NO_DATE
                            ? 0
                            : papers[i].days * PS_DAY_MS +
                                  ps_arrival_spread_ms(papers[i].number, papers[i].revision);

        rows[i] = (struct ps_arrival){ .at_ms = at_ms > now_ms ? now_ms : at_ms,
                                       .number = papers[i].number,
                                       .revision = (int16_t)papers[i].revision,
                                       .in_index = true };
    }
    for (size_t i = 0; i < sighting_count; i++)
        rows[paper_count + i] = (struct ps_arrival){ .at_ms = sightings[i].at_ms,
                                                     .number = sightings[i].number,
                                                     .revision = sightings[i].revision };
    qsort(rows, count, sizeof(*rows), by_number);
    arrivals->by_number = rows;
    arrivals->len = merge_same(rows, count);
    arrivals->items = ps_alloc_zero(arrivals->len + 1, sizeof(*rows));
    memcpy(arrivals->items, rows, arrivals->len * sizeof(*rows));
    qsort(arrivals->items, arrivals->len, sizeof(*rows), by_time);
    find_numbers(arrivals);
    for (size_t i = 0; i < paper_count; i++) {
        struct ps_number_state *state = find_number(arrivals, papers[i].number);

        if (papers[i].days > state->days)
            state->days = papers[i].days;
    }
    arrivals->frontier = arrivals->numbers_len > 0 ? arrivals->numbers[0].number : 0;
    for (size_t i = 1; i < arrivals->numbers_len; i++)
        if (arrivals->numbers[i].number - arrivals->numbers[i - 1].number <= gap_threshold)
            arrivals->frontier = arrivals->numbers[i].number;
    find_steps(arrivals, gap_threshold);
}

void ps_arrivals_clear(struct ps_arrivals *arrivals)
{
    free(arrivals->items);
    free(arrivals->by_number);
    free(arrivals->numbers);
    free(arrivals->steps);
    *arrivals = (struct ps_arrivals){ 0 };
}

/* First bin whose upper edge lies above; len when none does. */
static int bin_of(const int *edges, int len, double value)
{
    int bin = 0;

    while (bin < len && value >= edges[bin])
        bin++;
    return bin;
}

static int age_bin(double days)
{
    return bin_of(age_days, PS_RATES_AGES - 1, days);
}

/* PS_RATES_AHEAD when it lies too far ahead. */
static int ahead_bin(int distance)
{
    return bin_of(ahead, PS_RATES_AHEAD, distance - 1);
}

static int revision_class(int revision)
{
    return revision < PS_RATES_REVISIONS - 1 ? revision : PS_RATES_REVISIONS - 1;
}

/* The sums of a fit: arrivals (events) and chances of an arrival (exposure), by bin. */
struct fit {
    const struct ps_arrivals *arrivals;
    int32_t first, day;          /* days of the window: first <= d < day */
    double sum[WINDOW_DAYS + 1]; /* weight of the arrivals before each of its days */
    double next_events[PS_RATES_REVISIONS][PS_RATES_AGES];
    double next_exposure[PS_RATES_REVISIONS][PS_RATES_AGES];
    double gap_events[PS_RATES_GAP_AGES], gap_exposure[PS_RATES_GAP_AGES];
    double ahead_events[PS_RATES_AHEAD], ahead_exposure[PS_RATES_AHEAD];
    double skipped, skipped_late, followed, later, first_papers;
};

static double weight_of(const struct fit *fit, int64_t at_ms)
{
    int64_t day = at_ms / PS_DAY_MS;

    if (day < fit->first || day >= fit->day)
        return 0;
    return exp2(-(double)(fit->day - day) / YEAR_DAYS);
}

static void sum_weights(struct fit *fit)
{
    for (size_t i = 0; i < fit->arrivals->len; i++) {
        int64_t at_ms = fit->arrivals->items[i].at_ms;
        double weight = weight_of(fit, at_ms);

        if (weight > 0)
            fit->sum[at_ms / PS_DAY_MS - fit->first + 1] += weight;
    }
    for (int i = 0; i < WINDOW_DAYS; i++)
        fit->sum[i + 1] += fit->sum[i];
}

/* Weight of the arrivals before a moment, in days since 1970. */
static double sum_before(const struct fit *fit, double days)
{
    double at = days - fit->first;
    int whole;

    if (at <= 0)
        return 0;
    if (at >= WINDOW_DAYS)
        return fit->sum[WINDOW_DAYS];
    whole = (int)at;
    return fit->sum[whole] + (at - whole) * (fit->sum[whole + 1] - fit->sum[whole]);
}

/* Adds to the bins of age the arrivals during the time from opened to closed, in days since 1970.
 */
static void expose(const struct fit *fit, double opened, double closed, const int *edges, int bins,
                   double *exposure)
{
    double from = 0;

    for (int bin = 0; bin < bins && opened + from < closed; bin++) {
        double to = bin < bins - 1 ? edges[bin] : 1e9;

        exposure[bin] +=
            sum_before(fit, fmin(opened + to, closed)) - sum_before(fit, opened + from);
        from = to;
    }
}

static void count_next(struct fit *fit)
{
    const struct ps_arrival *rows = fit->arrivals->by_number;

    for (size_t i = 0; i < fit->arrivals->len; i++) {
        bool followed = i + 1 < fit->arrivals->len && rows[i + 1].number == rows[i].number &&
                        rows[i + 1].at_ms < fit->day * PS_DAY_MS;
        double opened = (double)rows[i].at_ms / (double)PS_DAY_MS, closed = fit->day;
        int row = revision_class(rows[i].revision);

        if (rows[i].at_ms == 0 || opened >= fit->day)
            continue;
        if (followed)
            closed = fmax(opened, (double)rows[i + 1].at_ms / (double)PS_DAY_MS);
        expose(fit, opened, closed, age_days, PS_RATES_AGES, fit->next_exposure[row]);
        if (!followed)
            continue;
        if (rows[i + 1].revision == rows[i].revision + 1) {
            fit->next_events[row][age_bin(closed - opened)] += weight_of(fit, rows[i + 1].at_ms);
            fit->followed += weight_of(fit, rows[i + 1].at_ms);
        } else {
            fit->skipped += weight_of(fit, rows[i + 1].at_ms);
        }
    }
}

/* A revision that came before the one below it was a skip when it came. */
static void count_late(struct fit *fit)
{
    const struct ps_arrival *rows = fit->arrivals->by_number;

    for (size_t i = 1; i < fit->arrivals->len; i++) {
        const struct ps_arrival *below = &rows[i - 1], *row = &rows[i];

        if (row->number != below->number || row->revision != below->revision + 1 ||
            row->revision < 2 || row->at_ms == 0 || row->at_ms >= below->at_ms)
            continue;
        fit->skipped += weight_of(fit, row->at_ms);
        fit->skipped_late += weight_of(fit, below->at_ms);
    }
}

/* Numbers that the frontier passed: from then until their first paper. */
static void count_gaps(struct fit *fit, const int64_t *first_ms)
{
    const struct ps_frontier_step *step = fit->arrivals->steps;
    const struct ps_frontier_step *end = step + fit->arrivals->steps_len;
    int number = 1;

    for (; step < end && step->at_ms < fit->day * PS_DAY_MS; step++) {
        double opened = (double)step->at_ms / (double)PS_DAY_MS;

        for (; number <= step->number; number++) {
            double closed = fit->day;

            if (first_ms[number] <= step->at_ms)
                continue;
            if (first_ms[number] < fit->day * PS_DAY_MS) {
                closed = (double)first_ms[number] / (double)PS_DAY_MS;
                fit->gap_events[bin_of(gap_days, PS_RATES_GAP_AGES - 1, closed - opened)] +=
                    weight_of(fit, first_ms[number]);
            }
            expose(fit, opened, closed, gap_days, PS_RATES_GAP_AGES, fit->gap_exposure);
        }
    }
}

/* Numbers above the frontier of each day. */
static void count_ahead(struct fit *fit, const int64_t *first_ms, int top)
{
    const struct ps_arrivals *arrivals = fit->arrivals;
    size_t step = 0;
    int frontier = 0;

    for (int32_t day = fit->first; day < fit->day; day++) {
        double weight = fit->sum[day - fit->first + 1] - fit->sum[day - fit->first];

        while (step < arrivals->steps_len && arrivals->steps[step].at_ms < day * PS_DAY_MS)
            frontier = arrivals->steps[step++].number;
        if (weight <= 0 || frontier == 0)
            continue;
        for (int distance = 1; distance <= ahead[PS_RATES_AHEAD - 1]; distance++) {
            int number = frontier + distance, bin = ahead_bin(distance);

            if (number <= top && first_ms[number] < day * PS_DAY_MS)
                continue;
            fit->ahead_exposure[bin] += weight;
        }
    }
    frontier = 0;
    step = 0;
    for (size_t i = 0; i < arrivals->len && arrivals->items[i].at_ms < fit->day * PS_DAY_MS; i++) {
        const struct ps_arrival *row = &arrivals->items[i];
        double weight = weight_of(fit, row->at_ms);

        while (step < arrivals->steps_len && arrivals->steps[step].at_ms < row->at_ms)
            frontier = arrivals->steps[step++].number;
        if (row->number > frontier && weight > 0 &&
            row->number - frontier <= ahead[PS_RATES_AHEAD - 1])
            fit->ahead_events[ahead_bin(row->number - frontier)] += weight;
    }
}

static void count_fresh(struct fit *fit)
{
    const struct ps_arrivals *arrivals = fit->arrivals;
    int top = arrivals->steps_len > 0 ? arrivals->steps[arrivals->steps_len - 1].number : 0;
    int64_t *first_ms = ps_alloc_array(NULL, (size_t)top + 1, sizeof(*first_ms));

    for (int number = 0; number <= top; number++)
        first_ms[number] = INT64_MAX;
    for (size_t i = 0; i < arrivals->len; i++) { /* by time */
        const struct ps_arrival *row = &arrivals->items[i];

        if (row->number > top || first_ms[row->number] != INT64_MAX)
            continue;
        first_ms[row->number] = row->at_ms;
        fit->first_papers += weight_of(fit, row->at_ms);
        if (row->revision > 0)
            fit->later += weight_of(fit, row->at_ms);
    }
    count_gaps(fit, first_ms);
    count_ahead(fit, first_ms, top);
    free(first_ms);
}

static double smoothed(double events, double exposure, double prior)
{
    return (events + PRIOR_EVENTS) / (exposure + PRIOR_EVENTS / prior);
}

/* sums: of arrivals with decay, one per scale. */
static double activity_of(const double sums[SCALES], double base)
{
    double rest = 1, activity = 0;

    for (int k = 0; k < SCALES; k++) {
        activity += scale_part[k] * sums[k] / scale_days[k];
        rest -= scale_part[k];
    }
    return activity + rest * base;
}

/* Raises the activity around a mailing deadline: authors upload in the last days before it, and
 * some on the day after. */
static double with_deadlines(const struct ps_rates *rates, double activity, double days)
{
    double least = 0;

    for (size_t i = 0; i < rates->deadlines_len; i++) {
        double left = rates->deadlines[i] + 1 - days;

        if (left < -1 || left > 4)
            continue;
        least = fmax(least, rates->base * (left < 2 ? 10 : 3));
    }
    return fmax(activity, least);
}

static double clipped(double factor)
{
    return factor < BUDGET_LEAST ? BUDGET_LEAST : factor > BUDGET_MOST ? BUDGET_MOST : factor;
}

/* The factor by which the square root of the activity is multiplied. It follows the mean of the
 * last months, and is corrected by an account: what was spent beyond the mean budget is saved again
 * over the next weeks, what was saved is spent. The account is recomputed from the arrivals alone,
 * so that it needs no memory of its own. */
static double fit_budget(const struct ps_arrivals *arrivals, const struct ps_rates *rates)
{
    enum { HOURS = 2 * YEAR_DAYS * 24 };
    double sums[SCALES] = { 0 }, decay[SCALES];
    int32_t first = rates->day - 2 * YEAR_DAYS;
    int64_t start_ms = first * PS_DAY_MS;
    double forget = 1 - 1.0 / (24 * MEAN_DAYS);
    double roots = 0, weights = 0, account = 0, factor = 1;
    size_t next = 0;

    for (int k = 0; k < SCALES; k++)
        decay[k] = exp(-1.0 / 24 / scale_days[k]);
    while (next < arrivals->len && arrivals->items[next].at_ms < start_ms)
        next++;
    for (int hour = 0; hour < HOURS; hour++) {
        int64_t end_ms = start_ms + (hour + 1) * (PS_DAY_MS / 24);
        double root =
            sqrt(with_deadlines(rates, activity_of(sums, rates->base), first + hour / 24.0));

        roots = roots * forget + root;
        weights = weights * forget + 1;
        if (hour % 24 == 0)
            factor = weights / roots * fmin(2, fmax(0.5, 1 + account / 24 / REPAY_DAYS));
        account += 1 - clipped(factor * root);
        for (int k = 0; k < SCALES; k++)
            sums[k] *= decay[k];
        for (; next < arrivals->len && arrivals->items[next].at_ms < end_ms; next++)
            for (int k = 0; k < SCALES; k++)
                sums[k] += 1;
    }
    return weights / roots * fmin(2, fmax(0.5, 1 + account / 24 / REPAY_DAYS));
}

void ps_rates_fit_shares(const struct ps_sighting *sightings, size_t count,
                         const struct ps_config *config, struct ps_rates *rates)
{
    enum { REMEMBERED = 1500 };
    size_t exts = config->probe_extensions.len;
    double slow[PS_VARIANTS_MAX] = { 0 }, fast[PS_VARIANTS_MAX] = { 0 };
    double slow_sum = 0, fast_sum = 0, slow_weight = 1, fast_weight = 1;
    size_t first = count > REMEMBERED ? count - REMEMBERED : 0;

    rates->variants = config->probe_prefixes.len * exts;
    if (rates->variants > PS_VARIANTS_MAX)
        rates->variants = PS_VARIANTS_MAX;
    for (size_t i = count; i-- > first;) {
        if (sightings[i].variant >= rates->variants)
            continue;
        slow[sightings[i].variant] += slow_weight;
        fast[sightings[i].variant] += fast_weight;
        slow_weight *= 0.995;
        fast_weight *= 0.85;
    }
    for (size_t v = 0; v < rates->variants; v++) {
        bool draft = strcmp(config->probe_prefixes.items[v / exts], "D") == 0;
        bool pdf = strcmp(config->probe_extensions.items[v % exts], ".pdf") == 0;
        double prior = (draft ? 0.85 : 0.15) * (pdf ? 0.9 : 0.1);

        slow[v] += 3 * prior;
        fast[v] += 0.3 * prior;
        slow_sum += slow[v];
        fast_sum += fast[v];
    }
    for (size_t v = 0; v < rates->variants; v++)
        rates->share[v] = 0.5 * slow[v] / slow_sum + 0.5 * fast[v] / fast_sum;
}

static void read_deadlines(const char *text, struct ps_rates *rates)
{
    struct ps_str rest = ps_str_of(text), part;

    while (rates->deadlines_len < PS_RATES_DEADLINES && ps_str_next(&rest, ',', &part)) {
        char date[PS_UTC_TIME_TEXT];

        part = ps_str_trim(part);
        (void)snprintf(date, sizeof(date), "%.*s", (int)part.len, part.data);
        if (ps_utc_time_parse_date(date, &rates->deadlines[rates->deadlines_len]))
            rates->deadlines_len++;
    }
}

static double base_rate(const struct ps_arrivals *arrivals, int32_t day)
{
    size_t count = 0;

    for (size_t i = arrivals->len; i-- > 0;) {
        int64_t at_day = arrivals->items[i].at_ms / PS_DAY_MS;

        if (at_day < day - YEAR_DAYS)
            break;
        count += at_day < day;
    }
    return ((double)count + 60) / (YEAR_DAYS + 30); /* prior: two a day */
}

void ps_rates_fit(const struct ps_arrivals *arrivals, const struct ps_config *config,
                  int64_t now_ms, struct ps_rates *out_rates)
{
    struct fit *fit = ps_alloc_zero(1, sizeof(*fit));
    struct ps_rates *rates = out_rates;

    *rates = (struct ps_rates){ .day = (int32_t)(now_ms / PS_DAY_MS) };
    fit->arrivals = arrivals;
    fit->day = rates->day;
    fit->first = fit->day - WINDOW_DAYS;
    sum_weights(fit);
    count_next(fit);
    count_late(fit);
    count_fresh(fit);
    for (int row = 0; row < PS_RATES_REVISIONS; row++)
        for (int bin = 0; bin < PS_RATES_AGES; bin++)
            rates->next[row][bin] = smoothed(fit->next_events[row][bin],
                                             fit->next_exposure[row][bin], prior_next[row][bin]);
    for (int bin = 0; bin < PS_RATES_GAP_AGES; bin++)
        rates->gap[bin] = smoothed(fit->gap_events[bin], fit->gap_exposure[bin], prior_gap[bin]);
    for (int bin = 0; bin < PS_RATES_AHEAD; bin++)
        rates->ahead[bin] =
            smoothed(fit->ahead_events[bin], fit->ahead_exposure[bin], prior_ahead[bin]);
    rates->skip = (fit->skipped + 1) / (fit->followed + 30);
    rates->late = (fit->skipped_late + 0.5) / (fit->skipped + 10);
    rates->later = (fit->later + 1) / (fit->first_papers + 15);
    read_deadlines(config->mailing_deadlines, rates);
    rates->base = base_rate(arrivals, rates->day);
    rates->budget = fit_budget(arrivals, rates);
    free(fit);
}

double ps_rates_next(const struct ps_rates *rates, const struct ps_number_state *state,
                     int64_t now_ms)
{
    double days = state->at_ms == 0 ? 1e6 : (double)(now_ms - state->at_ms) / (double)PS_DAY_MS;

    return rates->next[revision_class(state->revision)][age_bin(days)];
}

double ps_rates_fresh(const struct ps_rates *rates, const struct ps_arrivals *arrivals, int number,
                      int64_t now_ms)
{
    const struct ps_frontier_step *step = step_past(arrivals, number);
    int bin;

    if (step != NULL)
        return rates->gap[bin_of(gap_days, PS_RATES_GAP_AGES - 1,
                                 (double)(now_ms - step->at_ms) / (double)PS_DAY_MS)];
    bin = ahead_bin(number - arrivals->frontier);
    return bin < PS_RATES_AHEAD ? rates->ahead[bin] : PS_RATES_FAR_WEIGHT;
}

double ps_rates_activity(const struct ps_rates *rates, const struct ps_arrivals *arrivals,
                         int64_t now_ms)
{
    double sums[SCALES] = { 0 };

    for (size_t i = arrivals->len; i-- > 0;) {
        double days = (double)(now_ms - arrivals->items[i].at_ms) / (double)PS_DAY_MS;

        if (days > 8 * scale_days[SCALES - 1])
            break;
        if (days < 0)
            continue;
        for (int k = 0; k < SCALES; k++)
            if (days < 20 * scale_days[k])
                sums[k] += exp(-days / scale_days[k]);
    }
    return with_deadlines(rates, activity_of(sums, rates->base),
                          (double)now_ms / (double)PS_DAY_MS);
}

double ps_rates_budget_factor(const struct ps_rates *rates, double activity)
{
    return clipped(rates->budget * sqrt(activity));
}
