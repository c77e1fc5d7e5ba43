/* Takes, keeps and leaves the lease: timers and scripts around core/lease.h (promise 2). */
#ifndef PS_SCHEDULER_ELECTION_H
#define PS_SCHEDULER_ELECTION_H
#include "shared/io/daemon.h"

struct ps_election;

/* All run on the loop, from a timer or an answer; none before create returned. */
struct ps_election_events {
    void (*on_lead)(void *cookie, int64_t epoch);
    void (*on_lost)(void *cookie); /* after on_lead only; nothing may be written any more */
    /* The generation key as it was when the lease was renewed; "" when it is not there. */
    void (*on_generation)(void *cookie, const char *generation);
};

struct ps_election *ps_election_create(struct ps_daemon *daemon,
                                       const struct ps_election_events *events,
                                       void *cookie) PS_MUST_USE;
void ps_election_destroy(struct ps_election *election);
bool ps_election_leads(const struct ps_election *election);
/* Gives leadership up, when there is any, because of why; the next epoch is a new one. */
void ps_election_step_down(struct ps_election *election, const char *why);
/* A write was refused: a newer leader exists. */
void ps_election_fenced(struct ps_election *election);
/* Leaves the lease and takes it no more; on_lost does not run. done runs after Redis answered or
 * failed. */
void ps_election_release(struct ps_election *election, void (*done)(void *cookie), void *cookie);
/* "<instance>:<epoch>" of the leader as last seen; "" for none. Borrowed. */
const char *ps_election_leader(const struct ps_election *election);
int64_t
ps_election_epoch(const struct ps_election *election); /* led with now or last; 0 for never */

#endif
