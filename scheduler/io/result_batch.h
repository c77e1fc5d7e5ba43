/* Results that were read from the stream and are stored together (io/ingest.h). */
#ifndef PS_SCHEDULER_RESULT_BATCH_H
#define PS_SCHEDULER_RESULT_BATCH_H
#include "scheduler/io/result_rows.h"
#include "shared/io/stream_reader.h"

/* Owns everything; zeroed is empty. */
struct ps_result_batch {
    char **ids; /* of every entry, also of those that are no result */
    size_t entries, ids_size;
    struct ps_result *results;
    int64_t *added_ms; /* when each was added to the stream, by Redis' clock */
    size_t len, size;
    size_t matched;             /* results whose announcements are in rows already */
    struct ps_outbox_rows rows; /* announcements that follow from them */
};

/* Adds an entry. One that is no result is reported (RESULT-BAD), kept in tasks:dead with the
 * reason, and counts among the entries only, so that it is acknowledged. */
void ps_result_batch_take(struct ps_result_batch *batch, struct ps_leadership *leadership,
                          const struct ps_stream_entry *entry);
/* Whether there is a draft that may have to be announced. */
bool ps_result_batch_has_news(const struct ps_result_batch *batch);
/* Adds the announcements of the next draft to rows, by the watchlists as they are now. Returns
 * false if there is no further draft. */
bool ps_result_batch_match_next(struct ps_result_batch *batch,
                                const struct ps_leadership *leadership);
void ps_result_batch_clear(struct ps_result_batch *batch); /* frees everything; empty afterwards */

#endif
