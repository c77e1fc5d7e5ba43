/* Which webhooks a find goes to, as outbox rows. */
#ifndef PS_SCHEDULER_WEBHOOK_ROWS_H
#define PS_SCHEDULER_WEBHOOK_ROWS_H
#include "scheduler/core/notification.h"
#include "shared/core/config.h"
#include "shared/core/webhook.h"

/* Calls fn with the channel ("webhook:NAME", borrowed for the call) of each webhook whose filters
 * accept the find. */
typedef void (*ps_webhook_rows_fn)(void *cookie, const char *channel);
void ps_webhook_rows(const struct ps_config *config, const struct ps_webhook_facts *facts,
                     ps_webhook_rows_fn fn, void *cookie);
/* Makes a row for a webhook of one whose dedupe key is that of the Slack channel: both may exist.
 */
void ps_webhook_row_key(struct ps_outbox_row *row);

#endif
