/* The status page on the health port: its files, /api/fleet, and /api/fleet/events, which tells
 * what changes as it changes. */
#ifndef PS_SCHEDULER_PAGE_H
#define PS_SCHEDULER_PAGE_H

struct ps_page;
struct ps_scheduler;

/* scheduler is borrowed; its election exists. */
struct ps_page *ps_page_create(struct ps_scheduler *scheduler);
/* After redis and pg are gone, before the health port is: NULL is fine. */
void ps_page_destroy(struct ps_page *page);

#endif
