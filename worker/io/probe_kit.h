/* A prober and what it stands on, made from the settings. */
#ifndef PS_WORKER_IO_PROBE_KIT_H
#define PS_WORKER_IO_PROBE_KIT_H
#include "shared/core/config.h"
#include "worker/io/prober.h"

enum { PS_PROBE_BACKOFF_CAP_MS = 30000 }; /* between two attempts */

struct ps_probe_kit {
    struct ps_http *http;
    struct ps_rate_limiter *limiter;
    struct ps_document_parser *parser; /* NULL where no document is read */
    struct ps_document_reader *reader; /* the same */
    struct ps_prober *prober;
};

/* All borrowed until ps_probe_kit_clear. */
struct ps_probe_kit_options {
    struct ps_loop *loop;
    const struct ps_config *config;
    const char *user_agent;
    struct ps_redis *redis; /* NULL: no fleet, and then no keys nor instance */
    const struct ps_keys *keys;
    const char *instance;
    struct ps_metrics *metrics;      /* NULL: nobody counts */
    struct ps_failure_log *failures; /* NULL: nobody keeps them */
    bool for_people;                 /* no document is read; a pause ends the probe */
};

void ps_probe_kit_init(struct ps_probe_kit *kit, const struct ps_probe_kit_options *options);
void ps_probe_kit_clear(
    struct ps_probe_kit *kit); /* after redis is gone, with no probe under way */

#endif
