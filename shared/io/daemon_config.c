#include "shared/io/daemon_config.h"

#include "shared/io/database_url.h"
#include "shared/io/redis.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Forwards each fault and remembers whether one of them concerns DATABASE_URL. */
struct fault_forward {
    ps_config_bad_fn bad;
    void *cookie;
    bool database;
};

static void on_bad(void *cookie, const struct ps_err *err)
{
    struct fault_forward *forward = cookie;

    forward->database = forward->database || strncmp(err->what, "DATABASE_URL", 12) == 0;
    forward->bad(forward->cookie, err);
}

bool ps_daemon_config_check_database(const char *url, struct ps_err *err)
{
    if (url[0] == '\0')
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "DATABASE_URL: required; postgresql://user:password@host:port/name");
    return ps_database_url_check("DATABASE_URL", url, err);
}

bool ps_daemon_config_load(unsigned component, bool needs_database, struct ps_env *env,
                           ps_config_bad_fn bad, void *cookie, struct ps_config *out_config)
{
    struct fault_forward forward = { .bad = bad, .cookie = cookie };
    struct ps_config config;
    struct ps_err err;
    const char *url = NULL;
    bool ok = ps_config_load(component, ps_env_get, env, on_bad, &forward, &config);

    if (ok) {
        const struct ps_redis_options redis = ps_redis_options_of(&config);

        ok = ps_redis_options_check(&redis, &err);
        if (!ok)
            bad(cookie, &err);
        /* Without this check the program would start, and every https:// request would fail one by
         * one. */
        if (config.http_ca_file[0] != '\0' && access(config.http_ca_file, R_OK) != 0) {
            (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, errno, "HTTP_CA_FILE=\"%s\": %s",
                          config.http_ca_file, strerror(errno));
            bad(cookie, &err);
            ok = false;
        }
    }
    /* Check DATABASE_URL even if another setting is wrong, so that all faults are reported at once.
     */
    if (needs_database && !forward.database &&
        (!ps_env_get(env, "DATABASE_URL", &url, &err) ||
         !ps_daemon_config_check_database(url != NULL ? url : "", &err))) {
        bad(cookie, &err);
        ok = false;
    }
    if (ok)
        *out_config = config;
    else
        ps_config_clear(&config);
    return ok;
}
