/* paperscout-worker: takes probe tasks from Redis and finds out whether their URLs exist.
 *
 * This file only names the parts; shared/io/program_main runs them. The path of a task begins in
 * worker/io/worker.h. */
#include "shared/io/program_main.h"
#include "worker/cli/cmd_probe.h"
#include "worker/cli/cmd_read.h"
#include "worker/io/document_child.h"
#include "worker/io/worker.h"
#include "worker/io/worker_health.h"

#include <string.h>

int main(int argc, char **argv)
{
    const struct ps_command commands[] = { ps_cmd_probe, ps_cmd_read };
    const struct ps_program program = {
        .component = PS_COMPONENT_WORKER,
        .name = "paperscout-worker",
        .component_name = "worker",
        .summary =
            "Takes probe tasks from Redis and checks, within the fleet's limits, which URLs exist.",
        .commands = commands,
        .command_count = PS_COUNT_OF(commands),
        .needs_database = false,
        .migrates = false,
        .start = ps_worker_start,
        .on_redis = ps_worker_on_redis,
        .drain = ps_worker_drain,
        .destroy = ps_worker_destroy,
        .fields = ps_worker_health_fields,
        .field_count = PS_WORKER_HEALTH_FIELDS,
        .stuck = ps_worker_stuck,
        .reasons = ps_worker_health_reasons,
        .set_metrics = ps_worker_health_metrics,
        .heartbeat = ps_worker_health_heartbeat,
    };

    /* The document child must run before any setting, and thus any secret, is read. */
    if (argc > 1 && strcmp(argv[1], PS_DOCUMENT_CHILD_COMMAND) == 0)
        ps_document_child_main(argc - 1, argv + 1);
    return ps_program_main(&program, argc, argv);
}
