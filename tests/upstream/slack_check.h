/* Slack's published rules for messages and for Block Kit: types, required fields, lengths, counts,
   unique ids. The scripted Slack refuses what breaks one, and unit tests ask directly. Written from
   the documentation, and strict: a member that the documentation does not know is an error.
   https://docs.slack.dev/reference/block-kit/blocks,
   https://docs.slack.dev/reference/block-kit/block-elements,
   https://docs.slack.dev/reference/block-kit/composition-objects,
   https://docs.slack.dev/reference/views */
#ifndef PS_UPSTREAM_SLACK_CHECK_H
#define PS_UPSTREAM_SLACK_CHECK_H
#include <cjson/cJSON.h>

/* NULL, or Slack's name of what is wrong with these arguments of chat.postMessage, chat.update or a
   response_url. */
const char *ps_slack_check(const cJSON *arguments);
/* NULL, or Slack's name of what is wrong with a view of views.publish (type home) or views.open and
   views.update (type modal). */
const char *ps_slack_check_view(const cJSON *view);
/* What the last check found, for people; "" for nothing. */
const char *ps_slack_check_why(void);

#endif
