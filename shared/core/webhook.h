/* The webhooks that messages go to, beside Slack: WEBHOOK_URL, or several in WEBHOOKS.
 *
 * The scheduler decides which find goes to which webhook (ps_webhook_wants) and writes outbox rows
 * whose channel is "webhook:NAME"; the notifier finds the webhook of that name and sends. Both read
 * the same settings with this module, so that a name means the same to both. */
#ifndef PS_CORE_WEBHOOK_H
#define PS_CORE_WEBHOOK_H
#include "shared/core/err.h"
#include "shared/core/message.h"

#include <stdbool.h>
#include <stddef.h>

#define PS_WEBHOOK_CHANNEL "webhook:"
enum {
    PS_WEBHOOKS_MAX = 32,
    PS_WEBHOOK_NAME_MAX = 32,
    PS_WEBHOOK_FILTERS_MAX = 64, /* subgroups or authors of one webhook */
    PS_WEBHOOK_LIST_BYTES_MAX = 16 * 1024
};

/* PS_X(identifier, name in settings) */
#define PS_WEBHOOK_FORMATS(PS_X)                                                                   \
    PS_X(JSON, "json")                                                                             \
    PS_X(DISCORD, "discord")                                                                       \
    PS_X(MATTERMOST, "mattermost")                                                                 \
    PS_X(TEAMS, "teams")                                                                           \
    PS_X(MATRIX, "matrix")

enum ps_webhook_format {
#define PS_X(id, name) PS_WEBHOOK_##id,
    PS_WEBHOOK_FORMATS(PS_X)
#undef PS_X
        PS_WEBHOOK_FORMAT_COUNT
};
const char *ps_webhook_format_name(enum ps_webhook_format format); /* its name in settings */

/* All owned. */
struct ps_webhook {
    char name[PS_WEBHOOK_NAME_MAX + 1];
    char *url;    /* secret; "" if the settings have none, which only a notifier needs */
    char *secret; /* "" for none */
    enum ps_webhook_format format;
    unsigned kinds;   /* bits 1 << enum ps_message_kind */
    char **subgroups; /* stored names (subgroup.h); none: any */
    size_t subgroup_count;
    char **authors; /* none: any */
    size_t author_count;
};

struct ps_webhooks {
    struct ps_webhook items[PS_WEBHOOKS_MAX];
    size_t len;
};

/* The settings, borrowed for the call. */
struct ps_webhook_settings {
    const char *url, *secret,
        *format;      /* WEBHOOK_URL, WEBHOOK_SECRET, WEBHOOK_FORMAT: the webhook "default" */
    const char *list; /* WEBHOOKS: JSON */
    bool sends;       /* each webhook needs a URL */
    bool new_papers;  /* NOTIFY_ON_NEW_PAPER: a webhook without kinds gets new papers too */
};

/* Parses the settings. On false err (CONFIGURATION) names the setting, the webhook and what is
 * allowed, never a URL or a secret, and *out_webhooks is empty. On true the caller owns
 * out_webhooks. */
bool ps_webhooks_parse(const struct ps_webhook_settings *settings, struct ps_webhooks *out_webhooks,
                       struct ps_err *err) PS_MUST_USE;
void ps_webhooks_clear(struct ps_webhooks *webhooks); /* frees the texts; empty afterwards */
/* Returns the webhook of an outbox channel "webhook:NAME"; NULL if there is none. */
const struct ps_webhook *ps_webhooks_find(const struct ps_webhooks *webhooks, const char *channel);
/* Whether a channel belongs to a webhook, configured or not. */
bool ps_webhook_is_channel(const char *channel);

/* What is known about a find; NULL for unknown. */
struct ps_webhook_facts {
    enum ps_message_kind kind;
    const char *authors, *subgroup;
};
/* Returns whether the webhook's filters accept the find: its kind, one of its subgroups and one of
 * its authors, as far as the webhook names any. Authors match by whole words, as watch rules do. */
bool ps_webhook_wants(const struct ps_webhook *webhook, const struct ps_webhook_facts *facts);

#endif
