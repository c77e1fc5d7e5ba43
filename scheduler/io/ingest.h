/* Reads the stream results and puts each result into the ledger once.
 *
 * One transaction for each batch stores the results, the drafts that they found, and the
 * announcements that follow (guarantees 1 and 4). Only after the commit are the entries
 * acknowledged in Redis, so a result may be read again but is never lost; the ledger counts it
 * once. */
#ifndef PS_SCHEDULER_INGEST_H
#define PS_SCHEDULER_INGEST_H
#include "scheduler/io/leadership.h"

enum { PS_INGEST_BATCH = 500 /* results in one transaction */ };

struct ps_ingest;

/* fn: probes of leadership->run were settled. Runs on the loop. */
struct ps_ingest *ps_ingest_create(struct ps_leadership *leadership, void (*fn)(void *cookie),
                                   void *cookie) PS_MUST_USE;
void ps_ingest_destroy(struct ps_ingest *ingest); /* after redis and pg are gone; NULL is fine */
/* Reads as the consumer "<instance>:<epoch>". Takes over the entries that earlier leaders did not
 * finish. */
void ps_ingest_start(struct ps_ingest *ingest);
/* Whether the stream of results, when looked at now, held entries that nobody has read; see
 * ps_stream_reader_undelivered. */
void ps_ingest_undelivered(struct ps_ingest *ingest, bool undelivered);
/* Must not be called from a callback of the stream reader, which it destroys. */
void ps_ingest_stop(struct ps_ingest *ingest);

#endif
