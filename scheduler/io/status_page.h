/* The status page on the health port: its files, /api/fleet, and /api/fleet/events, which tells
 * what changes as it changes. */
#ifndef PS_SCHEDULER_STATUS_PAGE_H
#define PS_SCHEDULER_STATUS_PAGE_H

struct ps_status_page;
struct ps_scheduler_state;

/* state is borrowed; its election exists. */
struct ps_status_page *ps_status_page_create(const struct ps_scheduler_state *state);
/* After redis and pg are gone, before the health port is: NULL is fine. */
void ps_status_page_destroy(struct ps_status_page *page);

#endif
