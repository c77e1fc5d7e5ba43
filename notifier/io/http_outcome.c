#include "notifier/io/http_outcome.h"

#include "shared/io/clock.h"

struct ps_slack_outcome ps_http_outcome(const struct ps_http_reply *reply, const struct ps_err *err)
{
    return (struct ps_slack_outcome){ .status = reply->status,
                                      .body = reply->body,
                                      .body_len = reply->body_len,
                                      .retry_after = reply->retry_after,
                                      .fault = err,
                                      .left = reply->sent,
                                      .wall_ms = ps_clock_wall_ms() };
}
