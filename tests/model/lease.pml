/* Lease, epoch and fence over two stores (guarantee 2).
 *
 * Two schedulers; Redis holds the lease and the newest epoch; PostgreSQL gives out epochs, and stores the fence and
 * the newest cycle. Requests travel: each may arrive late, its answer may be lost, and what was sent before a crash or a
 * broken connection may still run afterwards. A scheduler may pause at any point: no step has to follow another.
 * Redis may fail over to a replica without its newest writes.
 *
 * Time runs in ticks. The lease lives TTL ticks from the moment when Redis runs the script; its holder acts for SAFE ticks
 * from the moment when it sent the request (ps_lease_taken). Monotonic clocks run at one rate.
 *
 * Bounds: 2 schedulers, EPOCHS elections, CYCLES cycles, FAULTS faults. Not modelled: PostgreSQL restored to an older
 * state (the epoch then goes on after the newest that Redis knows: catch_up).
 *
 * deep: -DEPOCHS=3 -DFAULTS=0
 *
 * guard FENCE_REDIS: cycle_open.lua and task_publish.lua compare the epoch
 * guard RAISE: each script of a leader stores a newer epoch, not cycle_open.lua alone
 * guard FENCE_PG: ps_fence raises PS001
 * guard FENCE_LOAD: the transaction in which a new leader reads begins with ps_fence
 * guard SENT_TIME: the lease counts from when the request left
 * guard NEWER: lease_take.lua refuses an epoch that is not newer than the newest seen
 * guard HELD: lease_take.lua leaves a lease alone that another holds
 * guard KEEP_OWNER: lease_keep.lua renews only the value of its caller
 * guard RELEASE_OWNER [-DEPOCHS=3 -DFAULTS=0]: lease_release.lua deletes only the value of its caller
 * guard UNSURE: after a broken commit the leader reads everything again
 */
#ifndef FENCE_REDIS
#define FENCE_REDIS true
#endif
#ifndef RAISE
#define RAISE true
#endif
#ifndef FENCE_PG
#define FENCE_PG true
#endif
#ifndef FENCE_LOAD
#define FENCE_LOAD true
#endif
#ifndef SENT_TIME
#define SENT_TIME true
#endif
#ifndef NEWER
#define NEWER true
#endif
#ifndef HELD
#define HELD true
#endif
#ifndef KEEP_OWNER
#define KEEP_OWNER true
#endif
#ifndef RELEASE_OWNER
#define RELEASE_OWNER true
#endif
#ifndef UNSURE
#define UNSURE true
#endif
#define N 2
#define NOBODY 2
#ifndef EPOCHS
#define EPOCHS 2
#endif
#define CYCLES 2
#ifndef FAULTS
#define FAULTS 1
#endif
#define TTL 2
#define SAFE 1

mtype = { none, lease_take, lease_keep, lease_release, cycle_open, task_publish, ps_fence,
          granted, refused, too_old, fenced, done, failed,
          standby, taking, leader, read_all, open_cycle };
#include "steps.pml"

/* PostgreSQL */
byte sequence, meta_epoch, cycles;
byte newest_committed; /* ghost: of all transactions */
/* Redis */
byte holder = NOBODY, holder_epoch, redis_epoch, lease_left;
byte newest_written, newest_granted; /* ghosts */
bool lost_writes;
byte faults;

/* Schedulers: what each believes, and what it has under way */
mtype state[N] = standby;
byte epoch[N], candidate[N], safe_left[N], mirror[N];
bool loaded[N];
mtype request[N] = none, answer[N] = none; /* of the lease */
byte request_epoch[N], request_safe[N];
byte writing[N];            /* epoch of a script on its way to Redis; 0: none */

/* Transactions: tx[i] is the one of scheduler i; tx[2] is one whose connection broke and that still runs. */
#define ORPHAN 2
mtype tx[3] = none;
byte tx_epoch[3], tx_cycle[3];
bool tx_locked[3];

#define believes(i) (state[i] == leader && safe_left[i] > 0)

inline forget(i)
{
    state[i] = standby; loaded[i] = false; mirror[i] = 0; safe_left[i] = 0
}

inline end_tx(t)
{
    tx[t] = none; tx_locked[t] = false; tx_epoch[t] = 0; tx_cycle[t] = 0
}

/* The connection ends; what was sent may still run, or not. */
inline orphan(i)
{
    if
    :: tx[i] == open_cycle && tx[ORPHAN] == none ->
        tx[ORPHAN] = tx[i]; tx_epoch[ORPHAN] = tx_epoch[i]; tx_cycle[ORPHAN] = tx_cycle[i];
        tx_locked[ORPHAN] = tx_locked[i]
    :: true
    fi;
    end_tx(i)
}

active [N] proctype scheduler()
{
    byte i = _pid;

    end: do
    /* on_leader_seen, on_epoch: nobody leads; an epoch is drawn and the lease asked for */
    :: atomic {
        state[i] == standby && holder == NOBODY && sequence < EPOCHS && request[i] == none && answer[i] == none ->
        sequence++; candidate[i] = sequence;
        request[i] = lease_take; request_epoch[i] = candidate[i]; request_safe[i] = SAFE; state[i] = taking
       }
    :: atomic { /* on_take, ps_lease_taken */
        state[i] == taking && request[i] == none ->
        if
        :: answer[i] == granted && (request_safe[i] > 0 || !SENT_TIME) ->
            state[i] = leader; epoch[i] = candidate[i]; safe_left[i] = (SENT_TIME -> request_safe[i] : SAFE);
            PROMISE(lost_writes || !believes(1 - i))
        :: answer[i] == too_old -> sequence = (redis_epoch > sequence -> redis_epoch : sequence); state[i] = standby
        :: else -> state[i] = standby
        fi;
        answer[i] = none; candidate[i] = 0; request_safe[i] = 0
       }
    :: atomic { /* renew */
        believes(i) && request[i] == none && answer[i] == none ->
        request[i] = lease_keep; request_epoch[i] = epoch[i]; request_safe[i] = SAFE
       }
    :: atomic { /* on_renew */
        state[i] != taking && request[i] == none && answer[i] != none ->
        if
        :: state[i] == leader && answer[i] == granted && request_safe[i] > safe_left[i] ->
            safe_left[i] = request_safe[i];
            PROMISE(lost_writes || !believes(1 - i))
        :: state[i] == leader && answer[i] == refused -> forget(i)
        :: else
        fi;
        answer[i] = none; request_safe[i] = 0
       }
    :: atomic { /* ps_election_release: a clean stop */
        believes(i) && request[i] == none && answer[i] == none && tx[i] == none ->
        request[i] = lease_release; request_epoch[i] = epoch[i]; forget(i)
       }
    :: atomic { /* a script of the leader: published, opened, marked */
        believes(i) && loaded[i] && writing[i] == 0 -> writing[i] = epoch[i]
       }
    :: atomic { /* ps_store_add_load */
        believes(i) && !loaded[i] && tx[i] == none -> tx[i] = read_all; tx_epoch[i] = epoch[i]
       }
    :: atomic { /* ps_store_add_cycle: the next cycle, from what is held in memory */
        believes(i) && loaded[i] && mirror[i] < CYCLES && tx[i] == none ->
        tx[i] = open_cycle; tx_epoch[i] = epoch[i]; tx_cycle[i] = mirror[i] + 1
       }
    /* Faults */
    :: atomic { /* the connection to PostgreSQL breaks while a transaction is under way: ps_leadership_overtaken */
        faults < FAULTS && HIDDEN && tx[i] != none ->
        faults++;
        if /* without the guard it takes the commit for done */
        :: !UNSURE && loaded[i] -> mirror[i] = tx_cycle[i]
        :: else -> loaded[i] = false
        fi;
        orphan(i)
       }
    :: atomic { /* kill -9, and a new start under the old name */
        faults < FAULTS && HIDDEN && state[i] != standby ->
        faults++; orphan(i); forget(i); answer[i] = none; candidate[i] = 0
       }
    od
}

/* One at a time, as Redis does. */
inline run_lease_script(i)
{
    if
    :: request[i] == lease_take ->
        if
        :: HELD && holder != NOBODY -> answer[i] = refused
        :: else ->
            if
            :: NEWER && request_epoch[i] <= redis_epoch -> answer[i] = too_old
            :: else ->
                holder = i; holder_epoch = request_epoch[i]; redis_epoch = request_epoch[i]; lease_left = TTL;
                PROMISE(lost_writes || request_epoch[i] > newest_granted);
                newest_granted = (request_epoch[i] > newest_granted -> request_epoch[i] : newest_granted);
                answer[i] = granted
            fi
        fi;
        STEP(lease_take, i, answer[i])
    :: request[i] == lease_keep ->
        if
        :: holder == i && holder_epoch == request_epoch[i] -> lease_left = TTL; answer[i] = granted
        :: !KEEP_OWNER && holder != NOBODY && !(holder == i && holder_epoch == request_epoch[i]) ->
            lease_left = TTL; answer[i] = granted
        :: else -> answer[i] = refused
        fi;
        PROMISE(answer[i] != granted || request_epoch[i] == holder_epoch);
        STEP(lease_keep, i, answer[i])
    :: request[i] == lease_release ->
        if
        :: holder == i && holder_epoch == request_epoch[i] -> holder = NOBODY; lease_left = 0; holder_epoch = 0; answer[i] = granted
        :: !RELEASE_OWNER && holder != NOBODY && !(holder == i && holder_epoch == request_epoch[i]) ->
            holder = NOBODY; lease_left = 0; holder_epoch = 0; answer[i] = granted
        :: else -> answer[i] = refused
        fi;
        STEP(lease_release, i, answer[i])
    fi;
    request[i] = none; request_epoch[i] = 0
}

inline run_leader_script(i)
{
    if
    :: FENCE_REDIS && writing[i] < redis_epoch ->
        if
        :: true -> STEP(cycle_open, i, fenced)
        :: true -> STEP(task_publish, i, fenced)
        fi;
        if
        :: state[i] == leader && epoch[i] == writing[i] -> forget(i) /* ps_leadership_failed */
        :: else
        fi
    :: else ->
        PROMISE(writing[i] >= newest_written);
        newest_written = (writing[i] > newest_written -> writing[i] : newest_written);
        if
        :: redis_epoch = writing[i]; STEP(cycle_open, i, done)
        :: redis_epoch = (RAISE -> writing[i] : redis_epoch); STEP(task_publish, i, done)
        fi
    fi;
    writing[i] = 0
}

active proctype redis()
{
    byte i;

    end: do
    :: atomic { request[0] != none -> run_lease_script(0) }
    :: atomic { request[1] != none -> run_lease_script(1) }
    :: atomic { writing[0] != 0 -> run_leader_script(0) }
    :: atomic { writing[1] != 0 -> run_leader_script(1) }
    :: atomic { /* a request or its answer is lost with its connection */
        faults < FAULTS && HIDDEN -> faults++;
        if
        :: request[0] != none -> request[0] = none; request_epoch[0] = 0
        :: request[1] != none -> request[1] = none; request_epoch[1] = 0
        :: answer[0] != none && state[0] != taking -> answer[0] = none
        :: answer[1] != none && state[1] != taking -> answer[1] = none
        :: answer[0] != none && state[0] == taking -> answer[0] = refused
        :: answer[1] != none && state[1] == taking -> answer[1] = refused
        :: else
        fi
       }
    :: atomic { /* a replica without the newest writes takes over */
        faults < FAULTS && HIDDEN && redis_epoch > 0 ->
        faults++; lost_writes = true; holder = NOBODY; holder_epoch = 0; lease_left = 0; newest_written = 0;
        if
        :: redis_epoch--
        :: redis_epoch = 0
        :: skip
        fi
       }
    od
}

/* The clocks of all, which run at one rate. */
active proctype tick()
{
    end: do
    :: atomic {
        lease_left > 0 || safe_left[0] > 0 || safe_left[1] > 0 || request_safe[0] > 0 || request_safe[1] > 0 ->
        safe_left[0] = (safe_left[0] > 0 -> safe_left[0] - 1 : 0);
        safe_left[1] = (safe_left[1] > 0 -> safe_left[1] - 1 : 0);
        request_safe[0] = (request_safe[0] > 0 -> request_safe[0] - 1 : 0);
        request_safe[1] = (request_safe[1] > 0 -> request_safe[1] - 1 : 0);
        lease_left = (lease_left > 0 -> lease_left - 1 : 0);
        if /* ps_lease_step: step down by the own clock */
        :: state[0] == leader && safe_left[0] == 0 -> forget(0)
        :: else
        fi;
        if
        :: state[1] == leader && safe_left[1] == 0 -> forget(1)
        :: else
        fi;
        if
        :: lease_left == 0 -> holder = NOBODY; holder_epoch = 0
        :: else
        fi
       }
    od
}

/* Is the answer for the term in which it was asked for? */
#define mine(t) (t != ORPHAN && state[t] == leader && epoch[t] == tx_epoch[t])
#define alone(t) ((t == 0 || !tx_locked[0]) && (t == 1 || !tx_locked[1]) && (t == 2 || !tx_locked[2]))

/* The row of the epoch is shared by transactions of one epoch; the one that stores a newer epoch waits for them. */
inline fence(t)
{
    if
    :: FENCE_PG && tx_epoch[t] < meta_epoch && (FENCE_LOAD || tx[t] != read_all) ->
        STEP(ps_fence, tx_epoch[t], fenced);
        if
        :: mine(t) -> forget(t) /* ps_election_fenced */
        :: else
        fi;
        end_tx(t)
    :: else ->
        tx_locked[t] = true;
        STEP(ps_fence, tx_epoch[t], done);
        meta_epoch = (tx_epoch[t] > meta_epoch && (FENCE_LOAD || tx[t] != read_all) -> tx_epoch[t] : meta_epoch)
    fi
}

inline commit(t)
{
    if
    :: tx[t] == open_cycle && tx_cycle[t] <= cycles -> /* the primary key of cycles */
        if
        :: mine(t) -> loaded[t] = false /* ps_leadership_overtaken */
        :: else
        fi
    :: tx[t] == open_cycle && tx_cycle[t] > cycles ->
        PROMISE(tx_cycle[t] == cycles + 1);
        PROMISE(tx_epoch[t] >= newest_committed);
        newest_committed = tx_epoch[t];
        cycles = tx_cycle[t];
        if
        :: mine(t) && loaded[t] -> mirror[t] = cycles
        :: else
        fi
    :: tx[t] == read_all ->
        newest_committed = (tx_epoch[t] > newest_committed -> tx_epoch[t] : newest_committed);
        if
        :: mine(t) -> loaded[t] = true; mirror[t] = cycles
        :: else
        fi
    fi;
    end_tx(t)
}

active [3] proctype backend()
{
    byte t = _pid - N - 2;

    end: do
    :: atomic { tx[t] != none && !tx_locked[t] && (tx_epoch[t] <= meta_epoch || alone(t)) -> fence(t) }
    :: atomic { tx[t] != none && tx_locked[t] -> commit(t) }
    od
}
