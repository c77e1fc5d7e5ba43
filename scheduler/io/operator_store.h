/* Requests of an operator to the fleet, as columns of the table meta: pause and resume probing,
 * poll now.
 *
 * PostgreSQL holds these requests ("wishes"), so that they survive every restart and every new
 * leader, and so that a command, the page and any scheduler may write them without knowing who
 * leads. Each scheduler reads them with its statistics (stats.h): when the signal `stats` arrives,
 * and on a timer. The leader acts on them. None of the writes carries an epoch: they belong to
 * people, not to a leader. */
#ifndef PS_SCHEDULER_OPERATOR_STORE_H
#define PS_SCHEDULER_OPERATOR_STORE_H
#include "shared/io/pg.h"

#include <stdint.h>

enum { PS_OPERATOR_WHY_BYTES = 200 /* of a pause's reason, after cleaning */ };

struct ps_operator_wishes {
    int64_t paused_ms; /* wall clock: since when probing is paused; 0: it is not */
    const char *why;   /* "" where nobody gave a reason; borrowed from the rows */
    int64_t wanted_ms; /* wall clock: when somebody asked for a poll; 0: nobody did */
};

/* Adds the statement wishes_read. */
void ps_operator_add_wishes(struct ps_pg_batch *batch);
/* Reads the row of that statement, whose index in the batch is statement. why borrows from rows. */
struct ps_operator_wishes ps_operator_wishes_read(const struct ps_pg_rows *rows, size_t statement);

/* Gives the batch that pauses probing. If probing is paused already, the pause keeps its start and
 * gets the new reason. why is copied, cleaned of control characters and cut to
 * PS_OPERATOR_WHY_BYTES; NULL or "": no reason. The batch returns the wishes. */
struct ps_pg_batch *ps_operator_pause(const char *why) PS_MUST_USE;
/* Gives the batch that resumes probing. It returns one row if probing was paused, otherwise none.
 */
struct ps_pg_batch *ps_operator_resume(void) PS_MUST_USE;
/* Gives the batch that asks the leader for a poll at once. */
struct ps_pg_batch *ps_operator_poll_now(void) PS_MUST_USE;

#endif
