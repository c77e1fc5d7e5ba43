/* The request that carries one message to one webhook, without sending it.
 *
 * Format json is a CloudEvents 1.0 event in structured mode, signed as Standard Webhooks describe
 * (webhook-id, webhook-timestamp, webhook-signature); the schema is in notifier/WEBHOOKS.md and may
 * only grow. The other formats are what Discord, Mattermost, Microsoft Teams and Matrix take. Every
 * request has the message's id, so that a receiver can drop a repetition. */
#ifndef PS_NOTIFIER_WEBHOOK_BODY_H
#define PS_NOTIFIER_WEBHOOK_BODY_H
#include "notifier/core/outgoing_message.h"
#include "shared/core/webhook.h"

enum { PS_WEBHOOK_HEADERS_MAX = 8, PS_WEBHOOK_ITEMS_MAX = 500 };

/* The outbox rows of the message: JSON objects, borrowed. */
struct ps_webhook_items {
    const char *data[PS_WEBHOOK_ITEMS_MAX];
    size_t len;
};

/* All owned. */
struct ps_webhook_request {
    char *url;
    char *body;
    char *headers[PS_WEBHOOK_HEADERS_MAX]; /* NULL-terminated */
    bool put;                              /* PUT instead of POST */
};

/* wall_ms: now; it is signed, so that a receiver can refuse an old request. */
void ps_webhook_request_make(const struct ps_webhook *webhook,
                             const struct ps_outgoing_message *message,
                             const struct ps_webhook_items *items, int64_t wall_ms,
                             struct ps_webhook_request *out_request);
void ps_webhook_request_clear(struct ps_webhook_request *request); /* wipes the secrets */

/* Writes "v1," and the Base64 of HMAC-SHA256 over "id.timestamp.body". A secret that begins with
 * "whsec_" is Base64 of the key; any other is the key itself. */
enum { PS_WEBHOOK_SIGNATURE_TEXT = 64 };
void ps_webhook_sign(const char *secret, const char *id, int64_t timestamp_s, const char *body,
                     char out_signature[PS_WEBHOOK_SIGNATURE_TEXT]);

/* What an answer means for the message. A status of 2xx is "taken"; 429, or 503 with Retry-After:
 * this webhook waits; 408, 425, 5xx and no answer: tried again with the same id; 401, 403, 404,
 * 407, 410 and redirects: the webhook stands still until its settings or its receiver are repaired;
 * any other 4xx: this message will never be taken. */
void ps_webhook_answer_read(const struct ps_slack_outcome *answer,
                            struct ps_slack_response *out_reply);

#endif
