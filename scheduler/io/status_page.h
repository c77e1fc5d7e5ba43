/* The status page on the health port: its files, /api/fleet, and /api/fleet/events, a stream of
 * the parts that change.
 *
 * It shows what fleet.h keeps in memory and can change nothing. A slow or idle subscriber costs at
 * most its capped backlog (http_stream.h). */
#ifndef PS_SCHEDULER_STATUS_PAGE_H
#define PS_SCHEDULER_STATUS_PAGE_H

#include "shared/io/http_server.h"

struct ps_status_page;
struct ps_scheduler_state;

/* Borrows state; its election exists. public_server (borrowed; NULL for none) gets the readers'
 * half and /livez, and nothing else. */
struct ps_status_page *ps_status_page_create(const struct ps_scheduler_state *state,
                                             struct ps_http_server *public_server) PS_MUST_USE;
/* Call it after redis and pg are destroyed, and before the health port is. NULL is fine. */
void ps_status_page_destroy(struct ps_status_page *page);

#endif
