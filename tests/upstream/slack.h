/* Slack as far as Paperscout knows it: the requests it received, and the history that it returns.
 */
#ifndef PS_UPSTREAM_SLACK_H
#define PS_UPSTREAM_SLACK_H
#include "tests/upstream/answer.h"

struct ps_slack;

struct ps_slack *ps_slack_create(void) PS_MUST_USE;
void ps_slack_destroy(struct ps_slack *slack);
void ps_slack_reset(struct ps_slack *slack);
/* out_answer is initialised. */
void ps_slack_outcome(struct ps_slack *slack, struct ps_scenario *scenario,
                      const struct ps_user_command *ask, struct ps_answer *out_answer);
/* An incoming webhook: /hooks/ and anything. */
bool ps_slack_is_hook(struct ps_str path);
void ps_slack_hook(struct ps_slack *slack, struct ps_scenario *scenario,
                   const struct ps_user_command *ask, struct ps_answer *out_answer);
/* Gives {"messages": […], "refused": […], "hooks": […]}, each in the order they came. */
cJSON *ps_slack_json(const struct ps_slack *slack) PS_MUST_USE;

#endif
