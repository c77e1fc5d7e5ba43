#include "worker/io/probe_kit.h"

void ps_probe_kit_init(struct ps_probe_kit *kit, const struct ps_probe_kit_options *options)
{
    const struct ps_config *config = options->config;
    const char *own_name =
        config->user_agent[0] == '\0' ? "paperscout/" PS_VERSION : config->user_agent;
    int64_t timeout_ms = (int64_t)(config->http_timeout_seconds * 1000);
    struct ps_http_options http = { .user_agent = options->user_agent != NULL ? options->user_agent
                                                                              : own_name,
                                    .proxy = config->http_proxy_url,
                                    .no_proxy = config->http_proxy_except,
                                    .http2 = config->http_use_http2,
                                    .allow_private = config->allow_private_upstreams,
                                    .max_connections = (int)config->http_concurrency,
                                    .ca_file = config->http_ca_file };
    struct ps_rate_limiter_options limiter = { .loop = options->loop,
                                               .redis = options->redis,
                                               .keys = options->keys,
                                               .instance = options->instance,
                                               .metrics = options->metrics,
                                               .failures = options->failures,
                                               .rate = config->probe_rate_limit,
                                               .floor = config->probe_rate_floor,
                                               .burst = config->probe_rate_burst,
                                               .slots = (size_t)config->http_concurrency,
                                               .host_cap = (size_t)config->probe_host_concurrency,
                                               .timeout_ms = timeout_ms };
    struct ps_prober_options prober = {
        .loop = options->loop,
        .timeout_ms = timeout_ms,
        .end_on_pause = options->for_people,
        .rules = {.modified_within_ms = (int64_t)(config->alert_modified_hours * 3600000),
                  .max_attempts = (int)config->probe_max_attempts,
                  .backoff_ms = config->probe_backoff_ms,
                  .backoff_cap_ms = PS_PROBE_BACKOFF_CAP_MS},
    };
    struct ps_document_parser_options parser = { .loop = options->loop };
    struct ps_document_reader_options reader = { .loop = options->loop, .timeout_ms = timeout_ms };

    *kit = (struct ps_probe_kit){ 0 };
    kit->http = reader.http = prober.http = ps_http_create(options->loop, &http);
    kit->limiter = reader.limiter = prober.limiter = ps_rate_limiter_create(&limiter);
    if (!options->for_people) {
        kit->parser = reader.parser = ps_document_parser_create(&parser);
        kit->reader = prober.reader = ps_document_reader_create(&reader);
    }
    kit->prober = ps_prober_create(&prober);
}

void ps_probe_kit_clear(struct ps_probe_kit *kit)
{
    ps_prober_destroy(kit->prober);
    ps_document_reader_destroy(kit->reader);
    ps_document_parser_destroy(kit->parser);
    ps_rate_limiter_destroy(kit->limiter);
    ps_http_destroy(kit->http);
    *kit = (struct ps_probe_kit){ 0 };
}
