/*
 * POST /api/admin: what an operator may do from the page. Without ADMIN_TOKEN there is no such
 * route.
 *
 *   {"action":"pause","reason":"…"}  {"action":"resume"}  {"action":"poll-now"}
 *   {"action":"retry-message","id":"o12"}  {"action":"drop-message","id":"o12"}
 *   {"action":"drop-task","id":"1780000000000-0"}     an entry of tasks:dead
 *
 * A request needs the token as "Authorization: Bearer …". A browser sends that header, and the type
 * application/json, to no other site without asking it first, and this server allows nobody; where
 * the browser names an Origin it must be the host asked. So a page of somebody else can use neither
 * the operator's network nor their session. The token is compared in constant time. Each action is
 * logged, and each refusal.
 *
 * Messages: PostgreSQL is the truth; the row changes first, then the copy in Redis goes. A task
 * that was given up counts as an error, and the next cycle asks for it again; there is nothing to
 * retry.
 */
#ifndef PS_SCHEDULER_ADMIN_ACTIONS_H
#define PS_SCHEDULER_ADMIN_ACTIONS_H
#include "shared/io/daemon.h"

/* Adds the route to daemon's server where ADMIN_TOKEN is set; borrows daemon. */
void ps_admin_actions_start(const struct ps_daemon *daemon);

#endif
