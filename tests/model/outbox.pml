/* From the outbox to Slack (guarantees 4 and 5): push, take, claim, admit, look, send, mark, acknowledge; two notifiers.
 *
 * One message: a row of the outbox, or one that somebody pushed to the list and that no outbox knows. PostgreSQL has the
 * row and its claim; Redis has the list, the in-flight lists and the channel; Slack has what was posted. Programs crash and
 * come back under their old names; a notifier that lives may lose its heartbeat; answers get lost; Redis loses everything.
 *
 * Promises: a message is posted at most once where Slack can be asked (can_look); otherwise at most once more for each send
 * that was repeated without knowing (MQ-REPEATED, the named ambiguity). When nothing can happen any more, the message is
 * posted and marked, and neither list holds it; only what no outbox knows may be gone with a Redis that lost everything.
 *
 * Assumptions about time: a request to Slack ends before the claim on its message may be taken over (30 s, 2 minutes), before
 * its notifier's heartbeat is missed, and before a restarted notifier looks. A claim (PS_CHANNEL_QUEUES_CLAIM_MS) and an
 * admission (PS_CHANNEL_QUEUES_ADMIT_MS) are made anew before others may take them over.
 *
 * Bounds: 2 notifiers, one message, FAULTS faults.
 *
 * deep: -DFAULTS=3
 *
 * guard CLAIM: ps_sql_claim_take leaves a row alone that another notifier claimed not long ago
 * guard CLAIM_DOUBT: ps_channel_queues_claimed doubts a message that was claimed before
 * guard SENT: ps_sql_claim_take finds a message that was sent before
 * guard MARK: channel_admit.lua knows of a send whose end is not known
 * guard LOST: channel_admit.lua doubts what is not in the in-flight list any more
 * guard RECLAIM: message_reclaim.lua brings back what a dead notifier held
 * guard OWN_RECLAIM: a notifier that starts brings back what it held in an earlier life
 * guard QUEUED: the row is marked as queued after the push, never before
 * guard GENERATION: after a loss of data what is not sent is queued again
 * guard MARK_FIRST: ps_outbox_claims_sent runs before message_acknowledge.lua
 * guard TAKE_MARK: the mark of a send names the copy in memory (ps_channel_lock_admit), not the notifier's life alone
 * guard ANSWER_DOUBT: ps_channel_queues_answered doubts a message whose answer was lost
 */
#ifndef CLAIM
#define CLAIM true
#endif
#ifndef CLAIM_DOUBT
#define CLAIM_DOUBT true
#endif
#ifndef SENT
#define SENT true
#endif
#ifndef MARK
#define MARK true
#endif
#ifndef LOST
#define LOST true
#endif
#ifndef RECLAIM
#define RECLAIM true
#endif
#ifndef OWN_RECLAIM
#define OWN_RECLAIM true
#endif
#ifndef QUEUED
#define QUEUED true
#endif
#ifndef GENERATION
#define GENERATION true
#endif
#ifndef MARK_FIRST
#define MARK_FIRST true
#endif
#ifndef TAKE_MARK
#define TAKE_MARK true
#endif
#ifndef ANSWER_DOUBT
#define ANSWER_DOUBT true
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#define NOBODY 2
#define COPIES 3

mtype = { message_push, message_take, message_reclaim, message_acknowledge, channel_admit,
          ps_outbox_claims_take, ps_outbox_claims_sent, ps_outbox_claims_release, ps_channel_queues_looked, on_reply,
          ps_sql_outbox_queued, done, nothing, mine, kept, inherited, taken, sent_before, elsewhere, found, absent, unanswered,
          idle, waiting, ready, sending, marking, closing };
#include "steps.pml"

bool of_outbox, can_look;
/* PostgreSQL */
bool queued, sent;
byte claimed_by = NOBODY, claim_age; /* 1: 30 s, 2: 2 minutes */
/* Redis */
byte listed, inflight[2];
byte holder = NOBODY;
byte sending_mark = 255;             /* 64 * notifier + copy */
bool lost_data, behind;
/* Slack */
byte posts, repeated;
bool posting[2];
/* Notifiers */
mtype state[2] = idle;
byte held[2];                        /* copies in memory: the message and its duplicates */
bool claimed[2], stale[2], admitted[2], doubtful[2], silent[2], began[2] = true, unheard[2], gone;
byte copy[2];                        /* of the message, or life of the notifier: what the mark names */
byte faults;

#define NO_MARK 255
#define me _pid
#define other (1 - _pid)
#define my_mark (64 * _pid + copy[_pid])

inline let_go(n)
{
    state[n] = idle; held[n] = 0; claimed[n] = false; stale[n] = false; admitted[n] = false; doubtful[n] = false;
    copy[n] = (TAKE_MARK -> copy[n] + 1 : copy[n])
}

inline post()
{
    posts++;
    PROMISE(posts <= 1 + (can_look -> 0 : repeated) || (lost_data && !of_outbox))
}

active [2] proctype notifier()
{
    end: do
    :: atomic { /* message_reclaim: of a dead one; and of an earlier life of one's own */
        RECLAIM && silent[other] && inflight[other] > 0 ->
        listed = listed + inflight[other]; inflight[other] = 0; STEP(message_reclaim, me, done)
       }
    :: atomic {
        !began[me] -> began[me] = true;
        if
        :: OWN_RECLAIM && inflight[me] > 0 -> listed = listed + inflight[me]; inflight[me] = 0; STEP(message_reclaim, me, done)
        :: else
        fi
       }
    :: atomic { /* message_take: the channel is free, or its holder is dead and holds nothing any more */
        began[me] && !silent[me] && listed > 0 && (holder == NOBODY || holder == me || (silent[other] && inflight[other] == 0)) ->
        listed--; inflight[me]++; holder = me; STEP(message_take, me, done);
        if
        :: held[me]++ /* ps_channel_queues_add: the second one shares the end of the first */
        :: atomic { faults < FAULTS && HIDDEN -> faults++; unheard[me] = true } /* the answer is lost */
        fi;
        if
        :: held[me] > 0 && state[me] == idle -> state[me] = waiting
        :: else
        fi
       }
    :: atomic { /* on_recovered: what is in the own in-flight list and unknown */
        unheard[me] && inflight[me] > held[me] -> held[me] = inflight[me]; unheard[me] = false;
        if
        :: state[me] == idle -> state[me] = waiting
        :: else
        fi
       }
    :: atomic { /* ps_outbox_claims_take, ps_channel_queues_claimed */
        of_outbox && state[me] == waiting && (!claimed[me] || stale[me]) && (sent || claimed_by != other || claim_age == 2 ||
                                                             (claim_age == 1 && silent[other]) || !CLAIM) ->
        if
        :: sent && SENT -> STEP(ps_outbox_claims_take, me, sent_before); state[me] = closing
        :: else ->
            if
            :: claimed_by == NOBODY -> STEP(ps_outbox_claims_take, me, mine)
            :: claimed_by == me -> doubtful[me] = doubtful[me] || (CLAIM_DOUBT && !claimed[me]); STEP(ps_outbox_claims_take, me, kept)
            :: claimed_by == other -> doubtful[me] = doubtful[me] || CLAIM_DOUBT; STEP(ps_outbox_claims_take, me, inherited)
            fi;
            PROMISE(!sent); /* what is marked is nobody's to send */
            claimed_by = me; claim_age = 0; claimed[me] = true; stale[me] = false
        fi
       }
    :: atomic { /* another one has it: deferred, until the claim is requested again */
        of_outbox && state[me] == waiting && claimed[me] && stale[me] && !sent && claimed_by == other && claim_age == 0 ->
        claimed[me] = false; stale[me] = false; STEP(ps_outbox_claims_take, me, taken)
       }
    :: atomic { /* channel_admit, ps_channel_queues_admitted */
        !silent[me] && state[me] == waiting && ((claimed[me] && !stale[me]) || !of_outbox) && !admitted[me] &&
            (holder != other || silent[other]) ->
        holder = me; admitted[me] = true;
        doubtful[me] = doubtful[me] || (MARK && sending_mark != NO_MARK && sending_mark != my_mark) ||
                       (LOST && !of_outbox && inflight[me] == 0);
        sending_mark = my_mark; state[me] = ready; STEP(channel_admit, me, done)
       }
    :: atomic { /* the channel is with another: ps_outbox_claims_release */
        !silent[me] && state[me] == waiting && claimed[me] && holder == other && !silent[other] ->
        STEP(channel_admit, me, elsewhere);
        if
        :: claimed_by == me && !sent && doubtful[me] -> claim_age = 2
        :: claimed_by == me && !sent && !doubtful[me] -> claimed_by = NOBODY; claim_age = 0
        :: else
        fi;
        claimed[me] = false; stale[me] = false
       }
    :: atomic { /* ps_channel_queues_looked */
        state[me] == ready && doubtful[me] && can_look && !posting[0] && !posting[1] ->
        doubtful[me] = false;
        if
        :: posts > 0 -> state[me] = marking; STEP(ps_channel_queues_looked, me, found)
        :: else -> STEP(ps_channel_queues_looked, me, absent)
        fi
       }
    :: atomic { /* send_now, with a claim and an admission that are fresh */
        state[me] == ready && admitted[me] && ((claimed[me] && !stale[me]) || !of_outbox) && (!doubtful[me] || !can_look) && !posting[me] ->
        if
        :: doubtful[me] -> doubtful[me] = false; repeated++
        :: else
        fi;
        state[me] = sending; admitted[me] = false; posting[me] = true
       }
    :: atomic { /* on_reply: Slack has it */
        state[me] == sending && posting[me] -> post(); posting[me] = false; state[me] = marking; STEP(on_reply, me, done)
       }
    :: atomic { /* its answer is lost, or Slack never got it */
        faults < FAULTS && state[me] == sending && posting[me] -> faults++; posting[me] = false;
        if
        :: post()
        :: true
        fi;
        doubtful[me] = ANSWER_DOUBT; state[me] = waiting; STEP(on_reply, me, unanswered)
       }
    :: atomic { /* Slack took nothing, and said so: channel_answer */
        faults < FAULTS && HIDDEN && state[me] == sending && posting[me] ->
        faults++; posting[me] = false; sending_mark = NO_MARK; state[me] = waiting
       }
    :: atomic { /* ps_outbox_claims_sent */
        state[me] == marking && of_outbox && MARK_FIRST -> sent = true; state[me] = closing; STEP(ps_outbox_claims_sent, me, done)
       }
    :: atomic { state[me] == marking && (!of_outbox || !MARK_FIRST) -> state[me] = closing }
    :: atomic { /* message_acknowledge, of the message and of each duplicate */
        !silent[me] && state[me] == closing && held[me] > 0 ->
        if
        :: inflight[me] > 0 -> inflight[me]--; sending_mark = NO_MARK; STEP(message_acknowledge, me, done)
        :: else -> STEP(message_acknowledge, me, nothing)
        fi;
        held[me]--
       }
    :: atomic {
        state[me] == closing && held[me] == 0 ->
        if
        :: !MARK_FIRST && of_outbox && !sent ->
            if
            :: sent = true
            :: atomic { faults < FAULTS && HIDDEN -> faults++; copy[me] = copy[me] + (TAKE_MARK -> 0 : 1) } /* it dies in between */
            fi
        :: else
        fi;
        let_go(me);
        holder = (holder == me -> NOBODY : holder)
       }
    :: atomic { /* kill -9 */
        faults < FAULTS && HIDDEN && (held[me] > 0 || inflight[me] > 0) ->
        faults++; let_go(me); began[me] = false; copy[me] = copy[me] + (TAKE_MARK -> 0 : 1);
        unheard[me] = false;
        if
        :: silent[me] = true
        :: true
        :: !gone -> gone = true; silent[me] = true; break /* for good; what it held is the other's now */
        fi
       }
    :: atomic { silent[me] -> silent[me] = false }
    :: atomic { /* it is stopped, or cut off, for so long that its heartbeat is missed; its admission and its claim are old then */
        faults < FAULTS && HIDDEN && !silent[me] && !posting[me] && held[me] > 0 ->
        faults++; silent[me] = true;
        stale[me] = claimed[me]; admitted[me] = false;
        if
        :: state[me] == ready -> state[me] = waiting
        :: else
        fi
       }
    od
}

active proctype relay()
{
    bool pushed;

    atomic {
        if
        :: can_look = true
        :: can_look = false
        fi;
        if
        :: of_outbox = true
        :: of_outbox = false; queued = true; listed = 1 /* paperscout-notifier send */
        fi
    };
    end: do
    :: atomic { /* ps_outbox_relay: look, push */
        of_outbox && !queued && !sent && !behind && !pushed && listed + inflight[0] + inflight[1] < COPIES ->
        if
        :: QUEUED -> listed++; pushed = true; STEP(message_push, NOBODY, done)
        :: else -> queued = true
        fi
       }
    :: atomic { pushed -> pushed = false; queued = true; STEP(ps_sql_outbox_queued, NOBODY, done) }
    :: atomic { !QUEUED && queued && !pushed && listed + inflight[0] + inflight[1] == 0 && !sent && faults < FAULTS && posts == 0 ->
        if
        :: listed++; pushed = true
        :: faults++; break
        fi
       }
    :: atomic { /* the leader dies in between */
        pushed && faults < FAULTS && HIDDEN -> faults++; pushed = false
       }
    :: atomic { /* Redis loses everything; ps_sql_outbox_requeue queues again what is not sent */
        faults < FAULTS && HIDDEN ->
        faults++; lost_data = true; listed = 0; inflight[0] = 0; inflight[1] = 0; holder = NOBODY; sending_mark = NO_MARK;
        behind = true
       }
    :: atomic { behind && GENERATION -> behind = false; pushed = false; queued = sent }
    :: atomic { /* nobody renews it: channel_keep.lua is for those who hold messages of the channel */
        (holder == 0 && held[0] == 0 && !posting[0]) || (holder == 1 && held[1] == 0 && !posting[1]) -> holder = NOBODY
       }
    od
}

#define died_while_posting(n) (posting[n] && state[n] != sending)

active proctype clock()
{
    end: do
    :: atomic { /* the request of a notifier that died arrives, or does not */
        died_while_posting(0) || died_while_posting(1) ->
        if
        :: died_while_posting(0) -> posting[0] = false
        :: else -> posting[1] = false
        fi;
        if
        :: post()
        :: true
        fi
       }
    :: atomic { /* the claim of a notifier that does not renew it */
        claimed_by != NOBODY && !sent && claim_age < 2 && (claimed_by != 0 || !claimed[0] || stale[0]) &&
            (claimed_by != 1 || !claimed[1] || stale[1]) && !posting[0] && !posting[1] -> claim_age++
       }
    od
}

active proctype at_the_end()
{
    end: timeout ->
    PROMISE((posts > 0 && (sent || !of_outbox) && listed == 0 && inflight[0] == 0 && inflight[1] == 0) ||
            (lost_data && !of_outbox))
}
