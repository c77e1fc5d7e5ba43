#include "shared/io/secret_watch.h"

#include "shared/core/alloc.h"
#include "shared/io/database_url.h"
#include "shared/io/log.h"

#include <stdlib.h>

enum { LOOK_MS = 2000 }; /* between two looks at the files */

struct ps_secret_watch {
    struct ps_timer *timer;
    unsigned component;
    struct ps_env *env;
    struct ps_config *config;
    uint64_t stamp;            /* of the files as they were read last (ps_env_secret_stamp) */
    struct ps_config *retired; /* owned; hold the secrets that were replaced, because modules may
                                  still borrow them */
    size_t retired_count;
};

static void on_bad(void *cookie, const struct ps_err *err)
{
    (void)cookie;
    PS_LOG(SECRET_REJECTED, F_ERR(err));
}

static void on_changed(void *cookie, const char *name)
{
    (void)cookie;
    PS_LOG(SECRET_CHANGED, F_TEXT("setting", name));
}

/* Loads all settings anew. Fails, after a log line, if one is invalid: a half-written file must not
 * replace a secret that works. */
static bool load(struct ps_secret_watch *watch, struct ps_config *out_config)
{
    struct ps_err err;

    if (!ps_config_load(watch->component, ps_env_get, watch->env, on_bad, NULL, out_config))
        return false;
    if (out_config->database_url[0] == '\0' ||
        ps_database_url_check("DATABASE_URL", out_config->database_url, &err))
        return true;
    on_bad(NULL, &err);
    ps_config_clear(out_config);
    return false;
}

static void on_timer(void *cookie)
{
    struct ps_secret_watch *watch = cookie;
    uint64_t stamp = ps_env_secret_stamp(watch->env);
    struct ps_config fresh;

    ps_timer_set_about(watch->timer, LOOK_MS);
    if (stamp == watch->stamp)
        return;
    watch->stamp = stamp;
    if (!load(watch, &fresh))
        return;
    ps_config_exchange_secrets(watch->config, &fresh, on_changed, NULL);
    watch->retired =
        ps_alloc_array(watch->retired, watch->retired_count + 1, sizeof(*watch->retired));
    watch->retired[watch->retired_count++] = fresh;
}

struct ps_secret_watch *ps_secret_watch_create(struct ps_loop *loop, unsigned component,
                                               struct ps_env *env, struct ps_config *config)
{
    struct ps_secret_watch *watch = ps_alloc_zero(1, sizeof(*watch));

    watch->timer = ps_timer_create(loop, on_timer, watch);
    watch->component = component;
    watch->env = env;
    watch->config = config;
    watch->stamp = ps_env_secret_stamp(env);
    ps_timer_set_about(watch->timer, LOOK_MS);
    return watch;
}

void ps_secret_watch_destroy(struct ps_secret_watch *watch)
{
    if (watch == NULL)
        return;
    ps_timer_destroy(watch->timer);
    for (size_t i = 0; i < watch->retired_count; i++)
        ps_config_clear(&watch->retired[i]);
    free(watch->retired);
    free(watch);
}
