/* An answer over HTTP as notifier/core reads it: what Slack's sink, the webhooks and check-webhooks
 * give to ps_slack_response_read or ps_webhook_answer_read. */
#ifndef PS_NOTIFIER_HTTP_OUTCOME_H
#define PS_NOTIFIER_HTTP_OUTCOME_H
#include "notifier/core/slack_response.h"
#include "shared/io/http_client.h"

/* Makes the outcome from the arguments of a ps_http_fn; borrows from them. */
struct ps_slack_outcome ps_http_outcome(const struct ps_http_reply *reply,
                                        const struct ps_err *err);

#endif
