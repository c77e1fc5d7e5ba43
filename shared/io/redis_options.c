#include "shared/io/redis_options.h"

#include "shared/core/alloc.h"
#include "shared/core/config.h"
#include "shared/core/endpoints.h"
#include "shared/core/url.h"
#include "shared/io/redis_tls.h"

struct ps_redis_options ps_redis_options_of(const struct ps_config *config)
{
    return (struct ps_redis_options){ .url = config->redis_url,
                                      .url_source = &config->redis_url,
                                      .sentinel_password_source = &config->redis_sentinel_password,
                                      .ca_file = config->redis_ca_file,
                                      .cert_file = config->redis_cert_file,
                                      .key_file = config->redis_cert_key_file,
                                      .sentinels = config->redis_sentinels,
                                      .master = config->redis_sentinel_master,
                                      .sentinel_user = config->redis_sentinel_user,
                                      .sentinel_password = config->redis_sentinel_password };
}

bool ps_redis_options_sentinels(const struct ps_redis_options *options)
{
    return options->sentinels != NULL && options->sentinels[0] != '\0';
}

bool ps_redis_options_url(const struct ps_redis_options *options, struct ps_redis_url *out_url,
                          struct ps_err *err)
{
    if (options->target == NULL)
        return ps_redis_url_parse(options->url, out_url, err);
    *out_url = *options->target;
    out_url->user = ps_alloc_text(options->target->user);
    out_url->password = ps_alloc_text(options->target->password);
    return true;
}

static bool check_sentinels(const struct ps_redis_options *options, const struct ps_redis_url *url,
                            struct ps_err *err)
{
    struct ps_endpoints sentinels;
    struct ps_err why;
    bool none;

    if (!ps_redis_options_sentinels(options))
        return true;
    if (!ps_endpoints_parse(options->sentinels, 0, &sentinels, &why))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "REDIS_SENTINELS: %s", why.what);
    none = sentinels.len == 0;
    ps_endpoints_clear(&sentinels);
    if (none)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "REDIS_SENTINELS: nothing but blanks; host:port, host:port ... is allowed");
    if (url->is_unix)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "REDIS_SENTINELS: REDIS_URL must be redis:// or rediss:// then");
    return true;
}

bool ps_redis_options_check(const struct ps_redis_options *options, struct ps_err *err)
{
    const struct ps_redis_tls tls = { .ca_file = options->ca_file,
                                      .cert_file = options->cert_file,
                                      .key_file = options->key_file };
    struct ps_redis_url url;
    bool ok;

    if (!ps_redis_options_url(options, &url, err))
        return false;
    ok = check_sentinels(options, &url, err) && (!url.tls || ps_redis_tls_check(&tls, err));
    ps_redis_url_clear(&url);
    return ok;
}
