/* A sink that sends what belongs to a webhook ("webhook:NAME") there, and everything else to the
 * sink behind it.
 *
 * The settings are read again when a secret changes, so that a rotated URL or a new webhook needs
 * no restart. The structured part of a message comes from its outbox rows. */
#ifndef PS_NOTIFIER_WEBHOOKS_H
#define PS_NOTIFIER_WEBHOOKS_H
#include "notifier/io/sink.h"
#include "shared/core/config.h"
#include "shared/io/loop.h"
#include "shared/io/pg.h"

struct ps_webhooks_options {
    const struct ps_config *config; /* borrowed for life: secrets may change in it */
    struct ps_pg *pg;               /* borrowed */
    const char *user_agent;         /* copied */
    struct ps_sink other;           /* taken */
};

/* Copies options; takes options->other, which is destroyed with the sink that is returned. */
struct ps_sink ps_webhooks_create(struct ps_loop *loop,
                                  const struct ps_webhooks_options *options) PS_MUST_USE;
/* Whether the settings name a webhook. */
bool ps_webhooks_configured(const struct ps_config *config);

#endif
