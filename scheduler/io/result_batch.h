/* Results read from the stream that are stored together. */
#ifndef PS_SCHEDULER_RESULT_BATCH_H
#define PS_SCHEDULER_RESULT_BATCH_H
#include "scheduler/io/result_rows.h"
#include "shared/io/stream_reader.h"

/* All owned; zeroed is empty. */
struct ps_result_batch {
    char **ids; /* of every entry, junk too */
    size_t entries, ids_size;
    struct ps_result *results;
    size_t len, size;
    size_t told;                /* results that rows are complete for */
    struct ps_outbox_rows rows; /* what they cause; see …_tell_next */
};

/* Adds an entry. One that is no result is told (RESULT-BAD), kept in tasks:dead with the reason,
 * and counts among entries only. */
void ps_result_batch_take(struct ps_result_batch *batch, struct ps_leadership *leadership,
                          const struct ps_stream_entry *entry);
/* Is there a draft that people may want to hear of? */
bool ps_result_batch_has_news(const struct ps_result_batch *batch);
/* Adds to rows what the next draft causes, by the watchlists as they are now; false when none is
 * left. */
bool ps_result_batch_tell_next(struct ps_result_batch *batch,
                               const struct ps_leadership *leadership);
void ps_result_batch_clear(struct ps_result_batch *batch);

#endif
