/* The published limits of chat.postMessage and of Block Kit, as far as Paperscout uses them. */
#ifndef PS_UPSTREAM_SLACK_CHECK_H
#define PS_UPSTREAM_SLACK_CHECK_H
#include <cjson/cJSON.h>

/* NULL, or Slack's name of what is wrong with these arguments.
   https://docs.slack.dev/reference/methods/chat.postMessage,
   https://docs.slack.dev/reference/block-kit/blocks */
const char *ps_slack_check(const cJSON *arguments);

#endif
