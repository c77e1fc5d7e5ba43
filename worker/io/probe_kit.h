/* A prober with everything that it needs, built from the settings.
 *
 * Used by the worker and by the commands `probe` and `read`, so that all three have the same limits
 * and the same guards. The parts are created and destroyed in the order of their dependencies. */
#ifndef PS_WORKER_IO_PROBE_KIT_H
#define PS_WORKER_IO_PROBE_KIT_H
#include "shared/core/config.h"
#include "worker/io/prober.h"

enum { PS_PROBE_BACKOFF_CAP_MS = 30000 }; /* longest delay between two attempts */

/* Owned by the caller; the parts are owned by the kit. */
struct ps_probe_kit {
    struct ps_http *http;
    struct ps_rate_limiter *limiter;
    struct ps_document_parser *parser; /* NULL for people's commands */
    struct ps_document_reader *reader; /* NULL for people's commands */
    struct ps_prober *prober;
};

/* All borrowed until ps_probe_kit_clear. */
struct ps_probe_kit_options {
    struct ps_loop *loop;
    const struct ps_config *config;
    const char *user_agent; /* NULL: the setting USER_AGENT, or the program's name and version */
    struct ps_redis *redis; /* NULL: no fleet; keys and instance are NULL then, too */
    const struct ps_keys *keys;
    const char *instance;
    struct ps_metrics *metrics;      /* NULL: nothing is counted */
    struct ps_failure_log *failures; /* NULL: failures are not recorded */
    bool for_people;                 /* documents are not read; a pause ends the probe */
};

/* Creates the parts; kit is the caller's memory. */
void ps_probe_kit_init(struct ps_probe_kit *kit, const struct ps_probe_kit_options *options);
/* Call it after options.redis was destroyed, with no probe under way. */
void ps_probe_kit_clear(struct ps_probe_kit *kit);

#endif
