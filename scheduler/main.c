/* paperscout-scheduler: plans the probes, keeps the ledger, decides what is announced. */
#include "scheduler/cli/cmd_accept_index.h"
#include "scheduler/cli/cmd_diff.h"
#include "scheduler/cli/cmd_explain.h"
#include "scheduler/cli/cmd_finds.h"
#include "scheduler/cli/cmd_history.h"
#include "scheduler/cli/cmd_import.h"
#include "scheduler/cli/cmd_migrate.h"
#include "scheduler/cli/cmd_operator.h"
#include "scheduler/cli/cmd_plan.h"
#include "scheduler/cli/cmd_search.h"
#include "scheduler/cli/cmd_simulate.h"
#include "scheduler/cli/cmd_status.h"
#include "scheduler/io/scheduler.h"
#include "scheduler/io/scheduler_health.h"
#include "scheduler/io/scheduler_incidents.h"
#include "shared/io/program_main.h"

int main(int argc, char **argv)
{
    const struct ps_command commands[] = { ps_cmd_plan,    ps_cmd_simulate,     ps_cmd_diff,
                                           ps_cmd_status,  ps_cmd_finds,        ps_cmd_search,
                                           ps_cmd_history, ps_cmd_explain,      ps_cmd_import,
                                           ps_cmd_migrate, ps_cmd_accept_index, ps_cmd_pause,
                                           ps_cmd_resume,  ps_cmd_poll_now };
    const struct ps_program program = {
        .component = PS_COMPONENT_SCHEDULER,
        .name = "paperscout-scheduler",
        .component_name = "scheduler",
        .summary =
            "Finds new C++ committee papers and drafts, and decides what is announced to whom.",
        .commands = commands,
        .command_count = PS_COUNT_OF(commands),
        .needs_database = true,
        .migrates = true,
        .start = ps_scheduler_start,
        .drain = ps_scheduler_drain,
        .destroy = ps_scheduler_destroy,
        .fields = ps_scheduler_fields,
        .field_count = PS_SCHEDULER_FIELDS,
        .stuck = ps_scheduler_stuck,
        .reasons = ps_scheduler_reasons,
        .set_metrics = ps_scheduler_set_metrics,
        .heartbeat = ps_scheduler_beat,
        .incidents = ps_scheduler_incidents,
    };

    return ps_program_main(&program, argc, argv);
}
