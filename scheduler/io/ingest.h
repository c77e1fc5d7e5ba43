/* Reads results and puts each into the ledger once, with what it causes, in one transaction for
 * each batch (promises 1 and 4). */
#ifndef PS_SCHEDULER_INGEST_H
#define PS_SCHEDULER_INGEST_H
#include "scheduler/io/leadership.h"

enum { PS_INGEST_BATCH = 500 /* results a transaction */ };

struct ps_ingest;

/* fn: probes of office->run settled. Runs on the loop. */
struct ps_ingest *ps_ingest_create(struct ps_leadership *leadership, void (*fn)(void *cookie),
                                   void *cookie) PS_MUST_USE;
void ps_ingest_destroy(struct ps_ingest *ingest); /* after redis and pg are gone; NULL is fine */
/* Reads as the consumer "<instance>:<epoch>", and takes over what earlier leaders left unfinished.
 */
void ps_ingest_start(struct ps_ingest *ingest);
/* Must not be called from a callback of the stream reader. */
void ps_ingest_stop(struct ps_ingest *ingest);

#endif
