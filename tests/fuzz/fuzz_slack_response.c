/* Whatever Slack, or a proxy before it, answers: a decision that core/channel queues can act on.
   The first two bytes choose status and Retry-After, the rest is the body. */
#include "notifier/core/slack_response.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = { 200, 201, 301, 400, 401, 404, 408, 413, 429, 500, 503, 0 };
    static const char *const headers[] = {
        NULL, "30", "0", "-1", "99999999999", "", "Mon, 23 Nov 2026 09:05:27 GMT"
    };
    struct ps_slack_outcome answer = { .wall_ms = INT64_C(1795424707000) };
    struct ps_slack_response reply;

    if (size < 2)
        return 0;
    answer.status = statuses[data[0] % PS_COUNT_OF(statuses)];
    answer.retry_after = headers[data[1] % PS_COUNT_OF(headers)];
    answer.body = (const char *)data + 2;
    answer.body_len = size - 2;
    ps_slack_response_read(&answer, &reply);
    assert(memchr(reply.ts, '\0', sizeof(reply.ts)) != NULL);
    assert(memchr(reply.err.what, '\0', sizeof(reply.err.what)) != NULL);
    assert(reply.after_ms >= 0 && reply.after_ms <= PS_SLACK_HOLD_MAX_MS);
    assert(reply.next != PS_SLACK_SENT || answer.status / 100 == 2);
    assert(answer.status != 429 || reply.next == PS_SLACK_LATER);
    assert((reply.next == PS_SLACK_STOP) ==
           (reply.next != PS_SLACK_SENT && reply.err.category == PS_FAILURE_CONFIGURATION));
    assert(reply.next == PS_SLACK_SENT || reply.err.what[0] != '\0');
    return 0;
}
