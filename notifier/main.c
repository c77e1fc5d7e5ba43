/* paperscout-notifier: says everything once, at Slack's pace. */
#include "notifier/cli/commands.h"
#include "notifier/io/notifier.h"
#include "notifier/io/notifier_health.h"
#include "shared/io/program_main.h"

int main(int argc, char **argv)
{
    const struct ps_program program = {
        .component = PS_COMPONENT_NOTIFIER,
        .name = "paperscout-notifier",
        .component_name = "notifier",
        .summary = "Sends what the fleet found to Slack, once, at Slack's pace.",
        .commands = ps_notifier_commands,
        .command_count = PS_NOTIFIER_COMMANDS,
        .needs_database = true,
        .migrates = false,
        .takes_events = true,
        .start = ps_notifier_start,
        .on_redis = ps_notifier_on_server,
        .on_database = ps_notifier_on_server,
        .drain = ps_notifier_drain,
        .destroy = ps_notifier_destroy,
        .fields = ps_notifier_fields,
        .field_count = PS_NOTIFIER_FIELDS,
        .stuck = ps_notifier_stuck,
        .reasons = ps_notifier_reasons,
        .set_metrics = ps_notifier_set_metrics,
        .heartbeat = ps_notifier_beat,
        .incidents = ps_notifier_incidents,
    };

    return ps_program_main(&program, argc, argv);
}
