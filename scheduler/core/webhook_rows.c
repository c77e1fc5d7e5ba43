#include "scheduler/core/webhook_rows.h"

#include "shared/core/alloc.h"

#include <stdlib.h>

void ps_webhook_rows(const struct ps_config *config, const struct ps_webhook_facts *facts,
                     enum ps_message_kind other, ps_webhook_rows_fn fn, void *cookie)
{
    struct ps_webhook_facts second = *facts;
    const struct ps_webhook_settings settings = { .url = config->webhook_url,
                                                  .secret = "",
                                                  .format = config->webhook_format,
                                                  .list = config->webhooks,
                                                  .new_papers = config->notify_on_new_paper };
    struct ps_webhooks *webhooks;
    struct ps_err err;

    second.kind = other;
    if (config->webhook_url[0] == '\0' && config->webhooks[0] == '\0')
        return;
    webhooks = ps_alloc_zero(1, sizeof(*webhooks));
    if (!ps_webhooks_parse(&settings, webhooks,
                           &err)) /* a rotated file with an error: the notifier reports it */
        webhooks->len = 0;
    for (size_t i = 0; i < webhooks->len; i++) {
        bool first = ps_webhook_wants(&webhooks->items[i], facts);
        char *channel;

        if (!first && !ps_webhook_wants(&webhooks->items[i], &second))
            continue;
        channel = ps_alloc_format("%s%s", PS_WEBHOOK_CHANNEL, webhooks->items[i].name);
        fn(cookie, channel, first ? facts->kind : other);
        free(channel);
    }
    ps_webhooks_clear(webhooks);
    free(webhooks);
}

void ps_webhook_row_key(struct ps_outbox_row *row)
{
    char *key = ps_alloc_format("%s:%s", row->channel, row->dedupe_key);

    free(row->dedupe_key);
    row->dedupe_key = key;
}
