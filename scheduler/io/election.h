/* Takes, renews and releases the lease: the timers and scripts around core/lease.h, which decides.
 *
 * The epoch comes from a PostgreSQL sequence and the lease is a Redis key; only both together make
 * a leader (guarantee 2). Everybody else asks leader_writer.h whether they may write. */
#ifndef PS_SCHEDULER_ELECTION_H
#define PS_SCHEDULER_ELECTION_H
#include "shared/io/daemon.h"

struct ps_election;

/* All run on the loop, from a timer or an answer; none before ps_election_create returned. */
struct ps_election_events {
    void (*on_lead)(void *cookie, int64_t epoch);
    void (*on_lost)(void *cookie); /* runs after on_lead only; from here on nothing may be written
                                    */
    /* The key generation as it was when the lease was renewed; "" if it does not exist. */
    void (*on_generation)(void *cookie, const char *generation);
};

struct ps_election *ps_election_create(struct ps_daemon *daemon,
                                       const struct ps_election_events *events,
                                       void *cookie) PS_MUST_USE;
void ps_election_destroy(struct ps_election *election);
bool ps_election_leads(const struct ps_election *election);
/* Gives the leadership up, if there is any, and logs why. The next epoch is a new one. */
void ps_election_step_down(struct ps_election *election, const char *why);
/* A write was refused, because a newer leader exists: gives the leadership up. */
void ps_election_fenced(struct ps_election *election);
/* Releases the lease and takes it no more. on_lost does not run. done runs after Redis answered or
 * failed. */
void ps_election_release(struct ps_election *election, void (*done)(void *cookie), void *cookie);
/* Returns "<instance>:<epoch>" of the leader that was seen last; "" for none. Borrowed. */
const char *ps_election_leader(const struct ps_election *election);
int64_t
ps_election_epoch(const struct ps_election *election); /* of the present or last leadership of this
                                                        * scheduler; 0: it never led */

#endif
