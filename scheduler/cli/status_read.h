/* Reads from Redis and PostgreSQL what `status` shows. */
#ifndef PS_SCHEDULER_STATUS_READ_H
#define PS_SCHEDULER_STATUS_READ_H
#include "shared/core/json.h"
#include "shared/io/cli_session.h"

enum { PS_STATUS_CYCLES = 5 };

/* Gives an object: what ps_fleet_redis_read reads, standbys, workers, papers, discovered,
 * outbox_pending, poll_count, last_successful_poll, index_fetched_at, cycles (newest first),
 * verdict and troubles (scheduler/core/fleet_incidents.h). NULL with err where a server does not
 * answer. */
cJSON *ps_status_read(struct ps_cli_session *sync, struct ps_err *err) PS_MUST_USE;

#endif
