#include "notifier/io/slack_identity.h"

#include "shared/core/alloc.h"
#include "shared/core/backoff.h"
#include "shared/core/json.h"
#include "shared/io/clock.h"

#include <stdlib.h>

enum { RETRY_BASE_MS = 2000, RETRY_CAP_MS = 5 * 60 * 1000 };

struct ps_slack_identity {
    struct ps_slack_api *api;
    char *const *token;
    ps_slack_identity_fn fn;
    void *cookie;
    struct ps_timer *ask;
    int failures;
};

static void on_answer(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct ps_slack_identity *identity = cookie;
    const char *team = ps_json_text(reply->json, "team_id");

    if (team != NULL)
        identity->fn(identity->cookie, team, ps_json_text(reply->json, "enterprise_id"));
    else
        ps_timer_set(identity->ask, ps_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, ++identity->failures,
                                                  ps_clock_random()));
}

static void on_ask(void *cookie)
{
    struct ps_slack_identity *identity = cookie;

    ps_slack_api_call(identity->api, *identity->token, "auth.test", "", on_answer, identity);
}

struct ps_slack_identity *ps_slack_identity_start(struct ps_loop *loop, struct ps_slack_api *api,
                                                  char *const *token, ps_slack_identity_fn fn,
                                                  void *cookie)
{
    struct ps_slack_identity *identity = ps_alloc_zero(1, sizeof(*identity));

    identity->api = api;
    identity->token = token;
    identity->fn = fn;
    identity->cookie = cookie;
    identity->ask = ps_timer_create(loop, on_ask, identity);
    ps_timer_set(identity->ask, 0);
    return identity;
}

void ps_slack_identity_destroy(struct ps_slack_identity *identity)
{
    if (identity == NULL)
        return;
    ps_timer_destroy(identity->ask);
    free(identity);
}
