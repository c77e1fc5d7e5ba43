/* Decides which webhooks get a find. The filters are those of shared/core/webhook.h; each webhook
 * that accepts gets its own outbox row. Pure. */
#ifndef PS_SCHEDULER_WEBHOOK_ROWS_H
#define PS_SCHEDULER_WEBHOOK_ROWS_H
#include "scheduler/core/notification.h"
#include "shared/core/config.h"
#include "shared/core/webhook.h"

/* channel: "webhook:NAME", borrowed for the call; kind: the kind as which the webhook accepts. */
typedef void (*ps_webhook_rows_fn)(void *cookie, const char *channel, enum ps_message_kind kind);
/* Calls fn, before it returns, for each webhook whose filters accept the find, as the kind of facts
 * or else as other. A find may be of two kinds: a paper that was a draft is a new paper too. */
void ps_webhook_rows(const struct ps_config *config, const struct ps_webhook_facts *facts,
                     enum ps_message_kind other, ps_webhook_rows_fn fn, void *cookie);
/* Puts the webhook's channel in front of the dedupe key, which is that of the Slack channel's row.
 * Otherwise only one of the two rows could exist. */
void ps_webhook_row_key(struct ps_outbox_row *row);

#endif
