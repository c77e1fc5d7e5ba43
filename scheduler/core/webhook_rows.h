/* Which webhooks a find goes to, as outbox rows. */
#ifndef PS_SCHEDULER_WEBHOOK_ROWS_H
#define PS_SCHEDULER_WEBHOOK_ROWS_H
#include "scheduler/core/notification.h"
#include "shared/core/config.h"
#include "shared/core/webhook.h"

/* Calls fn with the channel ("webhook:NAME", borrowed for the call) of each webhook whose filters
 * accept the find, and with the kind as which it is accepted: that of facts, or else other, for a
 * find that is of two kinds (a paper that was a draft is a new paper too). */
typedef void (*ps_webhook_rows_fn)(void *cookie, const char *channel, enum ps_message_kind kind);
void ps_webhook_rows(const struct ps_config *config, const struct ps_webhook_facts *facts,
                     enum ps_message_kind other, ps_webhook_rows_fn fn, void *cookie);
/* Makes a row for a webhook of one whose dedupe key is that of the Slack channel: both may exist.
 */
void ps_webhook_row_key(struct ps_outbox_row *row);

#endif
