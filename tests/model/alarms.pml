/* Alarm routes and their durable record (guarantee 11).
 *
 * One incident, two programs that see it; PostgreSQL and Redis take writes or do not, at any time; programs crash and come
 * back. The record of the alarm is a row of `alarms`, a field of the Redis hash while PostgreSQL takes no writes, or a
 * program's memory while neither does. The one that claims the record tells people; when PostgreSQL takes writes again the
 * record moves there, and there it is ended with one all-clear.
 *
 * Promises: people read one alert of an incident, unless neither store took writes (then one of each program) or the one that
 * told them died before it could write that down; as many all-clears as incidents that they were told of, at the latest when
 * both stores take writes again and nothing can happen any more (no lost all-clear, and none twice).
 *
 * The interval after which an alert is repeated does not pass here. Bounds: 2 programs, one incident, FAULTS faults: a store
 * that changes its mind, a crash, a lost answer.
 *
 * deep: -DFAULTS=5
 *
 * guard CLAIM_PG: of two programs one gets the row (claim_in_postgres)
 * guard CLAIM_REDIS: of two programs one gets the field (alarm_claim.lua)
 * guard END_ONCE: the row is ended once (end_in_postgres)
 * guard SEEN: the row is ended only when no program sees the incident (ps_alarms_seen)
 * guard MOVE: a record of Redis moves to PostgreSQL (move_home)
 * guard MOVE_LOCAL: a record of a program's memory moves to PostgreSQL (move_home)
 * guard KEEP: a record is dropped where it was when PostgreSQL has it, never before (alarm_end.lua, on_moved)
 * guard KEEP_LOCAL: the same of a record in memory
 * guard AFTER_CLEAR: a record that moves does not raise an alarm that was cleared meanwhile
 */
#ifndef CLAIM_PG
#define CLAIM_PG true
#endif
#ifndef CLAIM_REDIS
#define CLAIM_REDIS true
#endif
#ifndef END_ONCE
#define END_ONCE true
#endif
#ifndef SEEN
#define SEEN true
#endif
#ifndef MOVE
#define MOVE true
#endif
#ifndef MOVE_LOCAL
#define MOVE_LOCAL true
#endif
#ifndef KEEP
#define KEEP true
#endif
#ifndef KEEP_LOCAL
#define KEEP_LOCAL true
#endif
#ifndef AFTER_CLEAR
#define AFTER_CLEAR true
#endif
#ifndef FAULTS
#define FAULTS 3
#endif
#define TIMES 2 /* the incident comes so often */

mtype = { alarm_claim, alarm_end, claim_in_postgres, end_in_postgres, move_home, alert_without_postgres,
          won, not_won, done, nothing, idle, ending, moving, dropping, moving_local };
#include "steps.pml"

bool pg = true, redis = true;      /* takes writes */
bool present = true;
byte time = 1;                     /* counts beginnings of the incident: stands for the clock */
/* The record in PostgreSQL: raised, and the time when it was cleared last */
bool row;
byte row_cleared;
/* The record in Redis */
bool field;
byte field_time;
/* Programs */
mtype state[2] = idle;
bool sees[2] = true;
byte memory[2], memory_time[2];      /* 1: told by itself, 2: it knows that another one told */
byte moved_time[2];
/* Ghosts */
bool told;                         /* people read an alert, and no all-clear yet */
bool unstored;                     /* told while neither store took writes, or the store that knows was away */
bool forgotten;                    /* a program died that alone knew */
byte faults;

#define me _pid
#define other (1 - _pid)

inline alert()
{
    PROMISE(!told || unstored);
    told = true
}

active [2] proctype program()
{
    end: do
    :: atomic { sees[me] != present -> sees[me] = present } /* incident_monitor */
    /* PS_ALARM_NOTIFY: the record by which this program decides is the row, else its own */
    :: atomic {
        state[me] == idle && sees[me] && pg && memory[me] == 0 && !(redis && field) && (!row || !CLAIM_PG) &&
            (row_cleared < time || !AFTER_CLEAR) ->
        unstored = unstored || (field && !redis) || memory[other] == 1;
        alert(); row = true; STEP(claim_in_postgres, me, won)
       }
    :: atomic { /* claim_in_redis */
        state[me] == idle && sees[me] && !pg && redis && memory[me] == 0 && row_cleared < time ->
        memory_time[me] = time;
        if
        :: field && CLAIM_REDIS -> memory[me] = 2; STEP(alarm_claim, me, not_won)
        :: else ->
            unstored = unstored || row || memory[other] == 1; /* the row cannot be asked */
            alert(); memory[me] = 1; field = true; field_time = time; STEP(alarm_claim, me, won)
        fi
       }
    :: atomic {
        state[me] == idle && sees[me] && !pg && !redis && memory[me] == 0 && row_cleared < time ->
        unstored = true; alert(); memory[me] = 1; memory_time[me] = time; STEP(alert_without_postgres, me, done)
       }
    /* move_home: from Redis */
    :: atomic {
        MOVE && state[me] == idle && pg && redis && field ->
        state[me] = moving; moved_time[me] = field_time;
        if
        :: KEEP
        :: !KEEP -> field = false; field_time = 0
        fi
       }
    :: atomic { /* move_record */
        state[me] == moving ->
        if
        :: pg ->
            if
            :: row_cleared < moved_time[me] || !AFTER_CLEAR -> row = true; STEP(move_home, me, done)
            :: else -> STEP(move_home, me, nothing)
            fi;
            state[me] = dropping
        :: else -> state[me] = idle
        fi
       }
    :: atomic { /* alarm_end: only the record that was moved */
        state[me] == dropping ->
        if
        :: redis && field && field_time == moved_time[me] && KEEP -> field = false; field_time = 0; STEP(alarm_end, 2, done)
        :: else
        fi;
        state[me] = idle; moved_time[me] = 0
       }
    /* move_home: from memory */
    :: atomic {
        MOVE_LOCAL && state[me] == idle && pg && memory[me] != 0 && !(redis && field) ->
        if
        :: memory[me] == 1 ->
            state[me] = moving_local; moved_time[me] = memory_time[me];
            if
            :: KEEP_LOCAL
            :: !KEEP_LOCAL -> memory[me] = 0; memory_time[me] = 0
            fi
        :: else -> memory[me] = 0; memory_time[me] = 0
        fi
       }
    :: atomic { /* move_record */
        state[me] == moving_local ->
        if
        :: pg ->
            if
            :: row_cleared < moved_time[me] || !AFTER_CLEAR -> row = true; STEP(move_home, me, done)
            :: else -> STEP(move_home, me, nothing)
            fi;
            memory[me] = 0; memory_time[me] = 0
        :: else
        fi;
        state[me] = idle; moved_time[me] = 0
       }
    /* PS_ALARM_OVER */
    :: atomic { state[me] == idle && pg && row && !sees[me] && memory[me] == 0 && !(redis && field) -> state[me] = ending }
    :: atomic { /* end_in_postgres */
        state[me] == ending ->
        if
        :: pg && (row || !END_ONCE) && (!sees[other] || !SEEN) && (!present || !SEEN) ->
            PROMISE(told); PROMISE(!present); told = false; unstored = false;
            row = false; row_cleared = time; STEP(end_in_postgres, me, done)
        :: else -> STEP(end_in_postgres, me, nothing)
        fi;
        state[me] = idle
       }
    :: atomic { /* kill -9 */
        faults < FAULTS && HIDDEN && (memory[me] != 0 || state[me] != idle) ->
        faults++;
        forgotten = forgotten || (memory[me] == 1 && !row && !(field && row_cleared < field_time));
        memory[me] = 0; memory_time[me] = 0; state[me] = idle; moved_time[me] = 0
       }
    od
}

active proctype world()
{
    end: do
    :: atomic { faults < FAULTS && HIDDEN && pg -> faults++; pg = false }
    :: atomic { faults < FAULTS && HIDDEN && redis -> faults++; redis = false }
    :: atomic { !pg -> pg = true }
    :: atomic { !redis -> redis = true }
    :: atomic { present -> present = false }
    :: atomic { !present && time < TIMES && !sees[0] && !sees[1] -> present = true; time++ }
    od
}

active proctype at_the_end()
{
    end: timeout -> PROMISE(!field && !row && memory[0] == 0 && memory[1] == 0 && (!told || forgotten))
}
