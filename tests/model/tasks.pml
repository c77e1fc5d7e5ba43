/* Delivery of tasks (guarantees 1 and 3): publish, read, finish, pass on, return, claim, recover, renew, bury, flush.
 *
 * One planned probe of one cycle; the stream `tasks` with its group, the stream `results`, the ledger in PostgreSQL; two
 * workers and one leader, which crash and come back under their old names. A worker may be silent while it lives: its
 * heartbeat is missing, or an entry has been idle for the visibility time. Answers get lost. Redis may lose everything.
 *
 * Promises: the probe has one outcome, counted once; a result is written once unless Redis lost data; when nothing
 * can happen any more the outcome is stored and both streams are empty (nothing lost, no deadlock); a task that kills its
 * worker starts at most DELIVERIES times.
 *
 * Bounds: 2 workers, FAULTS faults, one task, as many entries of it as there can be.
 *
 * deep: -DFAULTS=3
 *
 * guard ACKNOWLEDGE: XACK decides in task_finish.lua and task_bury.lua whose result counts
 * guard PUBLISHED: task_publish.lua adds nothing at a position that was published
 * guard CLAIM: task_claim.lua takes over the entries of a dead worker
 * guard REAP: consumer_reap.lua removes a consumer only when nothing is pending for it
 * guard BURY: ps_held_tasks_take counts deliveries before it starts the probe
 * guard OUTCOME_NULL: the ledger's UPDATE changes only rows without an outcome
 * guard DONE_AFTER_STORE: result_done.lua runs after the commit
 * guard ADOPT: result_adopt.lua takes over what an earlier leader had read
 * guard GENERATION: after a loss of data the leader publishes what has no outcome again
 */
#ifndef ACKNOWLEDGE
#define ACKNOWLEDGE true
#endif
#ifndef PUBLISHED
#define PUBLISHED true
#endif
#ifndef CLAIM
#define CLAIM true
#endif
#ifndef REAP
#define REAP true
#endif
#ifndef BURY
#define BURY true
#endif
#ifndef OUTCOME_NULL
#define OUTCOME_NULL true
#endif
#ifndef DONE_AFTER_STORE
#define DONE_AFTER_STORE true
#endif
#ifndef ADOPT
#define ADOPT true
#endif
#ifndef GENERATION
#define GENERATION true
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#define DELIVERIES 2
#define NONE 2 /* no entry; no worker */

mtype = { task_publish, task_claim, task_recover, task_renew, task_finish, task_bury, task_return, task_withdraw,
          cycle_open, consumer_reap, result_adopt, result_done, generation_set, ps_store_add_results,
          ps_held_tasks_take, ps_task_completion_pass_on,
          done, nothing, lost,
          idle, probing, finishing, passing, burying, returning };
#include "steps.pml"

/* Redis: the cycle's hash, and at most two entries of the task */
bool opened, published;
byte id[2];
bool unread[2], aged[2];
byte owner[2] = NONE;
byte deliveries[2];
bool seen[2]; /* a worker saw a recent hit; another one confirms it */
byte results, results_pending;
/* PostgreSQL */
bool outcome, closed;
/* Ghosts */
byte counted, written, faults;
bool data_lost;
/* Workers */
mtype doing[2] = idle;
byte held[2];
byte held_deliveries[2];
bool held_seen[2];
bool silent[2], gone; /* its heartbeat is missing; one of them never came back */
byte starts;    /* ghost: probes of the entry as it is */
/* The leader */
bool publishing, have, stored, behind; /* behind: Redis' generation is older than PostgreSQL's */

inline entry_of(name, e)
{
    e = (name != 0 && id[0] == name -> 0 : (name != 0 && id[1] == name -> 1 : NONE))
}

#define used(n) (id[0] == n || id[1] == n || held[0] == n || held[1] == n)

/* XADD: an id that is nowhere in use stands for a new one. */
inline add(is_seen)
{
    if
    :: id[0] == 0 -> slot = 0
    :: else -> slot = 1
    fi;
    PROMISE(id[slot] == 0);
    id[slot] = (!used(1) -> 1 : (!used(2) -> 2 : (!used(3) -> 3 : (!used(4) -> 4 : 5))));
    unread[slot] = true; owner[slot] = NONE; deliveries[slot] = 0; aged[slot] = false; seen[slot] = is_seen; starts = 0
}

inline delete(e)
{
    id[e] = 0; unread[e] = false; owner[e] = NONE; deliveries[e] = 0; aged[e] = false; seen[e] = false
}

inline write_result()
{
    results++; written++;
    PROMISE(data_lost || written <= 1)
}

inline let_go(w)
{
    held[w] = 0; held_deliveries[w] = 0; held_seen[w] = false; doing[w] = idle
}

/* ps_held_tasks_take */
inline take(w, e)
{
    held[w] = id[e]; held_seen[w] = seen[e]; held_deliveries[w] = deliveries[e];
    if
    :: BURY && deliveries[e] > DELIVERIES -> doing[w] = burying
    :: else -> doing[w] = probing; starts++; PROMISE(starts <= DELIVERIES)
    fi
}

inline hand_over(w, e)
{
    owner[e] = w; unread[e] = false; aged[e] = false;
    deliveries[e] = (deliveries[e] > DELIVERIES -> deliveries[e] : deliveries[e] + 1);
    if
    :: take(w, e)
    :: atomic { faults < FAULTS && HIDDEN -> faults++ } /* the answer never arrives */
    fi
}

#define is_mine(w) ((id[0] == held[w] && owner[0] == w) || (id[1] == held[w] && owner[1] == w))
#define is_aged(w) ((id[0] == held[w] && aged[0]) || (id[1] == held[w] && aged[1]))

active [2] proctype worker()
{
    byte e, slot;

    end: do
    :: atomic { /* the blocking read */
        held[_pid] == 0 && (unread[0] || unread[1]) ->
        if
        :: unread[0] -> e = 0
        :: else -> e = 1
        fi;
        hand_over(_pid, e); e = 0
       }
    :: atomic { /* task_recover: what is pending for this worker and unknown to it */
        held[_pid] == 0 && ((owner[0] == _pid && id[0] != 0) || (owner[1] == _pid && id[1] != 0)) ->
        if
        :: owner[0] == _pid && id[0] != 0 -> e = 0
        :: else -> e = 1
        fi;
        STEP(task_recover, _pid, done);
        hand_over(_pid, e); e = 0
       }
    :: atomic { /* task_claim: of a dead worker, or one that was idle for too long */
        CLAIM && held[_pid] == 0 && ((owner[0] == 1 - _pid && (aged[0] || silent[1 - _pid])) ||
                                     (owner[1] == 1 - _pid && (aged[1] || silent[1 - _pid]))) ->
        if
        :: owner[0] == 1 - _pid && (aged[0] || silent[1 - _pid]) -> e = 0
        :: else -> e = 1
        fi;
        STEP(task_claim, _pid, done);
        hand_over(_pid, e); e = 0
       }
    :: atomic { /* task_renew, when it changes anything */
        doing[_pid] == probing && is_mine(_pid) && is_aged(_pid) ->
        entry_of(held[_pid], e);
        aged[e] = false; e = 0; STEP(task_renew, _pid, done)
       }
    :: atomic { /* on_claimed_by_other, before the request began */
        doing[_pid] == probing && !is_mine(_pid) -> STEP(task_renew, _pid, lost); let_go(_pid)
       }
    :: atomic { /* on_probe_end */
        doing[_pid] == probing ->
        if
        :: doing[_pid] = finishing
        :: !held_seen[_pid] -> doing[_pid] = passing /* ps_task_completion_pass_on: a recent hit */
        :: HIDDEN && faults < FAULTS -> doing[_pid] = returning /* a clean stop: ps_held_tasks_return_all */
        fi
       }
    :: atomic { /* ps_task_completion_finish, ps_task_completion_bury */
        doing[_pid] == finishing || doing[_pid] == burying ->
        entry_of(held[_pid], e);
        if
        :: e != NONE && owner[e] != NONE ->
            delete(e); write_result();
            if
            :: doing[_pid] == finishing -> STEP(task_finish, _pid, done)
            :: else -> STEP(task_bury, _pid, done)
            fi
        :: else ->
            if
            :: !ACKNOWLEDGE -> write_result()
            :: else
            fi;
            if
            :: doing[_pid] == finishing -> STEP(task_finish, _pid, nothing)
            :: else -> STEP(task_bury, _pid, nothing)
            fi
        fi;
        e = 0;
        if
        :: let_go(_pid)
        :: atomic { faults < FAULTS && HIDDEN -> faults++ } /* the answer is lost: sent again */
        fi
       }
    :: atomic {
        doing[_pid] == passing ->
        entry_of(held[_pid], e);
        if
        :: e != NONE && owner[e] != NONE -> delete(e); add(true); STEP(ps_task_completion_pass_on, _pid, done)
        :: else -> STEP(ps_task_completion_pass_on, _pid, nothing)
        fi;
        e = 0; slot = 0;
        if
        :: let_go(_pid)
        :: atomic { faults < FAULTS && HIDDEN -> faults++ }
        fi
       }
    :: atomic { /* task_return, then the worker stops */
        doing[_pid] == returning ->
        entry_of(held[_pid], e);
        faults++;
        if
        :: e != NONE && owner[e] == _pid ->
            if
            :: seen[e] -> delete(e); add(true)
            :: else -> delete(e); add(false)
            fi;
            STEP(task_return, _pid, done)
        :: else -> STEP(task_return, _pid, nothing)
        fi;
        e = 0; slot = 0; let_go(_pid)
       }
    :: atomic { /* kill -9; it comes back under its old name, perhaps before anybody notices */
        faults < FAULTS && HIDDEN && held[_pid] != 0 -> faults++; let_go(_pid);
        if
        :: silent[_pid] = true
        :: true
        :: !gone -> gone = true; silent[_pid] = true; break /* for good; its tasks are the other's now */
        fi
       }
    :: atomic { silent[_pid] -> silent[_pid] = false } /* its heartbeat is back */
    od
}

/* Time, and consumer_reap, which any worker runs. */
active proctype others()
{
    end: do
    :: atomic { id[0] != 0 && owner[0] != NONE && !aged[0] -> aged[0] = true }
    :: atomic { id[1] != 0 && owner[1] != NONE && !aged[1] -> aged[1] = true }
    :: atomic { faults < FAULTS && HIDDEN && !silent[0] -> faults++; silent[0] = true }
    :: atomic { faults < FAULTS && HIDDEN && !silent[1] -> faults++; silent[1] = true }
    :: atomic { /* XGROUP DELCONSUMER drops what is pending */
        !REAP && (silent[0] && (owner[0] == 0 || owner[1] == 0)) ->
        owner[0] = (owner[0] == 0 -> NONE : owner[0]); owner[1] = (owner[1] == 0 -> NONE : owner[1])
       }
    :: atomic { /* Redis loses everything */
        faults < FAULTS && HIDDEN ->
        faults++; data_lost = true; behind = true; opened = false; published = false;
        delete(0); delete(1); results = 0; results_pending = 0
       }
    od
}

active proctype leader()
{
    byte slot;

    end: do
    :: atomic { /* ps_redis_recovery_seen, generation_set; then the cycle is opened anew */
        GENERATION && behind -> behind = false; publishing = false
       }
    :: atomic { !opened && !behind && !closed -> opened = true; STEP(cycle_open, NONE, done) }
    :: atomic { /* open probes alone are published */
        opened && !publishing && !published && !outcome && !behind -> publishing = true
       }
    :: atomic { /* task_publish */
        publishing && opened ->
        if
        :: published && PUBLISHED -> STEP(task_publish, NONE, nothing)
        :: else -> add(false); published = true; STEP(task_publish, NONE, done)
        fi;
        slot = 0;
        if
        :: publishing = false
        :: atomic { faults < FAULTS && HIDDEN -> faults++ } /* the answer is lost: sent again, by this or the next leader */
        fi
       }
    :: atomic { !opened && publishing -> publishing = false } /* NOCYCLE */
    :: atomic { !have && results > 0 -> results--; results_pending++; have = true }
    :: atomic { /* result_adopt */
        ADOPT && !have && results_pending > 0 -> have = true; STEP(result_adopt, NONE, done)
       }
    :: atomic { /* ps_store_add_results: one transaction */
        have && !stored ->
        if
        :: !outcome || !OUTCOME_NULL -> outcome = true; counted++; PROMISE(counted <= 1)
        :: else
        fi;
        stored = true
       }
    :: atomic { /* result_done */
        have && (stored || !DONE_AFTER_STORE) && results_pending > 0 ->
        results_pending--; STEP(result_done, NONE, done);
        if
        :: stored -> have = false; stored = false
        :: else
        fi
       }
    :: atomic { have && stored && results_pending == 0 -> have = false; stored = false } /* Redis lost them meanwhile */
    :: atomic { /* the deadline: what is open becomes an error; task_withdraw takes back what nobody read */
        faults < FAULTS && HIDDEN && !closed && !outcome && published ->
        faults++; closed = true; outcome = true; counted++; PROMISE(counted <= 1);
        if
        :: unread[0] -> delete(0)
        :: else
        fi;
        if
        :: unread[1] -> delete(1)
        :: else
        fi
       }
    :: atomic { /* the leader dies, and another one goes on */
        faults < FAULTS && HIDDEN && (have || publishing) -> faults++; have = false; stored = false; publishing = false
       }
    od
}

/* Nothing can happen any more: then everything has happened. */
active proctype at_the_end()
{
    end: timeout -> PROMISE(outcome && counted == 1 && id[0] == 0 && id[1] == 0 && results == 0 && results_pending == 0)
}
