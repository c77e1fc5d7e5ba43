/* Verifies Slack's signature of a request: HMAC-SHA256 with the signing secret over the timestamp
 * and the raw body, compared in constant time. A timestamp more than five minutes off is refused,
 * so that a recorded request cannot be sent again later
 * (https://api.slack.com/authentication/verifying-requests-from-slack). Pure; the current time is
 * an argument. */
#ifndef PS_NOTIFIER_SLACK_SIGNATURE_H
#define PS_NOTIFIER_SLACK_SIGNATURE_H
#include "shared/core/str.h"

#include <stdint.h>

enum { PS_SLACK_SIGNATURE_WINDOW_S = 300 };

/* PS_X(identifier, name): what is the matter with a request; the name is for logs and metrics. */
#define PS_SLACK_SIGNATURES(PS_X)                                                                  \
    PS_X(GOOD, "good")                                                                             \
    PS_X(MISSING, "missing")     /* a header is not there, or the timestamp is no number */        \
    PS_X(STALE, "stale")         /* signed more than five minutes ago, or ahead of us */           \
    PS_X(MALFORMED, "malformed") /* another version than v0, or no 64 hexadecimal digits */        \
    PS_X(WRONG, "wrong")

enum ps_slack_signature {
#define PS_X(id, name) PS_SLACK_SIGNATURE_##id,
    PS_SLACK_SIGNATURES(PS_X)
#undef PS_X
};

const char *ps_slack_signature_name(enum ps_slack_signature signature);
/* timestamp, signature: the headers X-Slack-Request-Timestamp and X-Slack-Signature, NULL when
   absent. body: as it came. Takes as long for any signature of the right form. */
enum ps_slack_signature ps_slack_signature_check(const char *secret, const char *timestamp,
                                                 const char *signature, struct ps_str body,
                                                 int64_t wall_s) PS_MUST_USE;

#endif
