/* The App Home, the modal that adds a watch, and answers in place that need no outbox.
 *
 * A view changes nothing, so nothing here is stored or repeated: a person opens the Home again, and
 * the latest state is published. Requests are capped: a person who types fast, or many who open the
 * Home at once, cost a bounded number of queries and calls (WORKS_MAX); the rest is dropped. */
#ifndef PS_NOTIFIER_APP_HOME_H
#define PS_NOTIFIER_APP_HOME_H
#include "notifier/core/slack_event.h"
#include "notifier/io/slack_api.h"
#include "shared/core/metrics.h"
#include "shared/io/pg.h"

struct ps_app_home;

struct ps_app_home_options {
    struct ps_loop *loop; /* borrowed, as all of these */
    struct ps_pg *pg;
    struct ps_slack_api *api;
    char *const *token; /* where it stands, read for each request: it may be rotated */
};

/* Copies options. */
struct ps_app_home *ps_app_home_create(const struct ps_app_home_options *options) PS_MUST_USE;
void ps_app_home_destroy(struct ps_app_home *home); /* after pg and api; NULL is fine */
/* Handles a request that only shows something: opens or updates a modal, or publishes the Home.
 * Drops it if too many are in flight. Borrows request for the call. */
void ps_app_home_view(struct ps_app_home *home, const struct ps_view_request *request);
/* Publishes the person's Home as it stands now. While one is being published, another one follows
 * it, however often this is called. */
void ps_app_home_publish(struct ps_app_home *home, const char *user);
/* Shows text to one person at a response_url that response_url.h has accepted. */
void ps_app_home_show(struct ps_app_home *home, const char *response_url, const char *text);

#endif
