/* Any answer of a site gives a valid outcome, and a pause within the limits. Lines: attempt,
   status, URLs, headers, then the body. */
#include "tests/fuzz/input.h"
#include "worker/core/probe_outcome.h"

#include <assert.h>

enum { ATTEMPTS_MAX = 3, BACKOFF_MS = 500, BACKOFF_CAP_MS = 60000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ps_probe_outcome *outcome, int attempt)
{
    assert(ps_outcome_name(outcome->outcome) != NULL);
    assert(outcome->delay_ms >= 0);
    assert(!outcome->failed || outcome->err.what[0] != '\0');
    switch (outcome->next) {
    case PS_PROBE_OUTCOME_FINAL:
        assert(outcome->delay_ms == 0);
        break;
    case PS_PROBE_OUTCOME_RETRY:
        assert(attempt < ATTEMPTS_MAX && outcome->delay_ms <= BACKOFF_CAP_MS);
        break;
    case PS_PROBE_OUTCOME_DEFER:
        assert(outcome->delay_ms >= 1000 && outcome->delay_ms <= PS_PROBE_OUTCOME_PAUSE_MAX_MS);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ps_probe_outcome_rules rules = { .modified_within_ms = 86400000,
                                                         .max_attempts = ATTEMPTS_MAX,
                                                         .backoff_ms = BACKOFF_MS,
                                                         .backoff_cap_ms = BACKOFF_CAP_MS };
    static const int64_t now_ms = 1785000000000;
    struct input input = input_of(data, size);
    int attempt = 1 + abs(input_number(&input)) % ATTEMPTS_MAX;
    int status = input_number(&input);
    char *url = input_line(&input), *effective = input_line(&input), *type = input_line(&input);
    char *modified = input_line(&input), *retry = input_line(&input), *date = input_line(&input);
    char *body = ps_alloc_copy(input.len > 0 ? input.data : "", input.len);
    struct ps_answer answer = { .status = status,
                                .url = url == NULL ? "" : url,
                                .effective_url = effective,
                                .content_type = type,
                                .last_modified = modified,
                                .retry_after = retry,
                                .date = date,
                                .body = body,
                                .body_len = input.len };
    struct ps_probe_outcome outcome;
    struct ps_str ext = ps_url_ext(answer.url);

    assert(ext.len <= strlen(answer.url));
    assert(ps_retry_after_ms(retry, now_ms) >= 1000);
    assert(ps_retry_after_ms(retry, now_ms) <= PS_PROBE_OUTCOME_PAUSE_MAX_MS);
    assert(ps_range_total(retry) >= -1);
    for (int confirm = 0; confirm < 2; confirm++) {
        answer.confirm = confirm == 1;
        outcome = ps_probe_outcome_of(&answer, &rules, attempt, now_ms, 0.5);
        check(&outcome, attempt);
    }
    free(url);
    free(effective);
    free(type);
    free(modified);
    free(retry);
    free(date);
    free(body);
    return 0;
}
