/* Where an answer to a response_url may go.
 *
 * Slack names a URL with each slash command and each interaction, at which an answer is shown in
 * place, for one person. A forged or a stored URL must not make a notifier send a request to
 * another host (server-side request forgery). */
#ifndef PS_NOTIFIER_RESPONSE_URL_H
#define PS_NOTIFIER_RESPONSE_URL_H
#include <stdbool.h>

enum { PS_RESPONSE_URL_MAX = 500 }; /* bytes */

/* Whether url has the scheme of api_url (SLACK_API_URL), no user or password, and its host or
 * "hooks." before it: hooks.slack.com for https://slack.com/api/. */
bool ps_response_url_ok(const char *url, const char *api_url);

#endif
