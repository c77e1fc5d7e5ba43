/*
 * The adaptive planner: which names to ask for in one cycle, most urgent first.
 *
 * With arrival rate r and time t since the last probe, a name has cost people r * t * t / 2 hours
 * of waiting in the mean. Asking where this is largest gives each name a frequency in proportion to
 * the square root of its rate, which makes the mean delay least for a given number of requests; and
 * it needs no memory but the time of each name's last probe.
 *
 * Pure: scheduler, `plan` and `simulate` call it with the same arguments and get the same answer.
 */
#ifndef PS_SCHEDULER_ADAPTIVE_PLAN_H
#define PS_SCHEDULER_ADAPTIVE_PLAN_H
#include "scheduler/core/arrival_rates.h"
#include "scheduler/core/plan.h"
#include "shared/core/buf.h"
#include "shared/core/number_set.h"
#include "shared/core/task.h"

/* A name as a number: paper number, revision, variant. */
typedef uint64_t ps_draft_key;

ps_draft_key ps_draft_key_of(int number, int revision, unsigned variant);
/* The number, revision and variant that a draft's URL or file name says; false when it says none.
 * The variant is PS_VARIANT_OTHER where prefix or extension are not configured. at_ms becomes 0. */
enum { PS_VARIANT_OTHER = 255 };
bool ps_sighting_parse(const struct ps_config *config, const char *url,
                       struct ps_sighting *out_sighting) PS_MUST_USE;
uint8_t ps_variant_of(const struct ps_config *config, const char *prefix, const char *ext);
/* The drafts of a set, sorted. Gives an array to free. */
struct ps_sighting *ps_sightings_of(const struct ps_url_set *drafts, const struct ps_config *config,
                                    size_t *out_count) PS_MUST_USE;
/* Puts sightings in the order that the model reads them in: by time. */
void ps_sightings_sort(struct ps_sighting *sightings, size_t count);

/* When each name was asked for last: a hash table. */
struct ps_probe_times;

struct ps_probe_times *ps_probe_times_create(void) PS_MUST_USE;
void ps_probe_times_destroy(struct ps_probe_times *times); /* NULL is fine */
void ps_probe_times_set(struct ps_probe_times *times, ps_draft_key key, int64_t at_ms);
/* 0 when it was never asked for. */
int64_t ps_probe_times_get(const struct ps_probe_times *times, ps_draft_key key);
size_t ps_probe_times_len(const struct ps_probe_times *times);

/* Why a name is a candidate. */
enum ps_candidate_kind {
    PS_CANDIDATE_NEXT,    /* the revision after the latest */
    PS_CANDIDATE_SKIP,    /* one further */
    PS_CANDIDATE_VARIANT, /* another name of a draft that was found */
    PS_CANDIDATE_NEW,     /* an unknown number up to the frontier's window */
    PS_CANDIDATE_SCOUT,   /* an unknown number beyond it: numbers may jump */
    PS_CANDIDATE_KINDS
};

struct ps_candidate {
    int64_t last_ms;  /* asked for last; 0: never */
    int64_t since_ms; /* it may have been there since; 0: not known */
    double weight;    /* probability that the next arrival is this name */
    int32_t number;
    int16_t revision;
    uint8_t variant;
    uint8_t tier; /* enum ps_tier, as the classic plan names it */
    uint8_t kind; /* enum ps_candidate_kind */
    bool watched;
    bool watched_only; /* a candidate because people watch its number, and for no other reason */
};

/* Borrowed for the call. */
struct ps_adaptive_input {
    const struct ps_config *config;
    const struct ps_arrivals *arrivals;
    const struct ps_rates *rates;
    const struct ps_probe_times *probed;
    const struct ps_probe_times *excluded; /* names that are not asked for: discovered, or ids of
                                              the index other than P papers */
    const struct ps_number_set *watched;
    int64_t now_ms;
};

struct ps_candidates {
    struct ps_candidate *items; /* by number; of one name each */
    size_t len, size;
    size_t skipped_discovered;
};

/* All names that may be asked for. Frees what out_candidates held before. */
void ps_candidates_build(const struct ps_adaptive_input *input, struct ps_candidates *candidates);
void ps_candidates_clear(struct ps_candidates *candidates);

/* How many to ask for in the cycle that begins at now_ms, for this expected activity. */
size_t ps_adaptive_budget(const struct ps_config *config, const struct ps_rates *rates,
                          double activity, int64_t now_ms);

/* Indexes of the candidates to ask for now, most urgent first; at most budget. Gives an array to
 * free. */
size_t *ps_adaptive_pick(const struct ps_candidates *candidates, const struct ps_config *config,
                         size_t budget, int64_t now_ms, size_t *out_count) PS_MUST_USE;

/* All of the above at one moment. Borrowed for the call. */
struct ps_adaptive_source {
    const struct ps_config *config;
    const struct ps_paper_index *index;
    const struct ps_sighting *sightings; /* sorted */
    size_t sighting_count;
    const struct ps_probe_times *probed;
    const struct ps_number_set *watched;
    int64_t now_ms;
};

/* Caller's memory. */
struct ps_adaptive {
    struct ps_arrivals arrivals;
    struct ps_rates rates;
    struct ps_candidates candidates;
    double activity; /* expected arrivals per day */
    size_t budget;   /* of this cycle */
    int64_t now_ms;
};

void ps_adaptive_open(const struct ps_adaptive_source *source, struct ps_adaptive *adaptive);
void ps_adaptive_clear(struct ps_adaptive *adaptive);
/* The cycle's plan. All its items are hot: they are few, and in order of urgency. Rechecks of
 * drafts found before are not bound to slices of numbers. */
void ps_adaptive_plan_make(const struct ps_adaptive *adaptive, const struct ps_config *config,
                           struct ps_plan *out_plan);
/* Arrivals per day that are expected under a candidate's name. */
double ps_adaptive_rate(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate);
/* Minutes of waiting that a probe now is expected to end: rate * time since the last probe squared,
 * halved. */
double ps_adaptive_gain(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate);
/* Hours between two probes of a candidate at the present budget, least urgent score of a cycle:
 * ps_adaptive_threshold. Between one cycle and a day. */
double ps_adaptive_period_hours(const struct ps_candidate *candidate,
                                const struct ps_config *config, double threshold);
double ps_adaptive_threshold(const struct ps_adaptive *adaptive, const struct ps_config *config);
/* Adds in a few words, for people, why a candidate is asked for as often as it is. */
void ps_adaptive_why(const struct ps_adaptive *adaptive, const struct ps_candidate *candidate,
                     struct ps_buf *out_text);
const char *ps_candidate_kind_name(enum ps_candidate_kind kind); /* next skip variant new scout */

#endif
