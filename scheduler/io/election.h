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
    /* This scheduler leads from now on, with this epoch. */
    void (*on_lead)(void *cookie, int64_t epoch);
    /* It leads no more and must write nothing. Runs only after on_lead, once for each. */
    void (*on_lost)(void *cookie);
    /* Runs after each renewal of the lease with the key `generation` as the renewal saw it; "" if
     * the key does not exist (redis_recovery.h). Borrowed for the call. */
    void (*on_generation)(void *cookie, const char *generation);
};

/* Begins to try for the lease. Borrows daemon and cookie, copies events. */
struct ps_election *ps_election_create(struct ps_daemon *daemon,
                                       const struct ps_election_events *events,
                                       void *cookie) PS_MUST_USE;
void ps_election_destroy(struct ps_election *election);
/* Returns whether this scheduler may act as the leader now, by its own clock. */
bool ps_election_leads(const struct ps_election *election);
/* Gives up the leadership, if this scheduler has it, and logs why. on_lost runs. If it leads again
 * later, it does so with a new epoch. */
void ps_election_step_down(struct ps_election *election, const char *why);
/* Gives up the leadership because a write was refused: a newer leader exists. */
void ps_election_fenced(struct ps_election *election);
/* Releases the lease and does not try for it again: for a clean stop. on_lost does not run. done
 * runs on the loop after Redis answered or failed. */
void ps_election_release(struct ps_election *election, void (*done)(void *cookie), void *cookie);
/* Returns "<instance>:<epoch>" of the leader that was seen last; "" for none. Borrowed. */
const char *ps_election_leader(const struct ps_election *election);
int64_t
ps_election_epoch(const struct ps_election *election); /* of the present or last leadership of this
                                                        * scheduler; 0: it never led */

#endif
