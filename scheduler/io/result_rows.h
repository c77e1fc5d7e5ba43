/* The announcements that follow from one result, as rows of the outbox. */
#ifndef PS_SCHEDULER_RESULT_ROWS_H
#define PS_SCHEDULER_RESULT_ROWS_H
#include "scheduler/io/leadership.h"
#include "scheduler/io/outbox_rows.h"

/* Adds rows for a hit: one for the channel if the settings want it, one for each webhook that wants
 * it and one for each person whose watchlist matches. Adds none if the draft was known before.
 * Whether the hit is recent is the caller's question (result_batch.c, is_news). */
void ps_result_rows(const struct ps_leadership *leadership, const struct ps_result *result,
                    struct ps_outbox_rows *list);

/* A draft that was found before and has changed. All borrowed. */
struct ps_updated {
    const char *url, *paper_id;  /* D1234R0 */
    const char *tier_name;       /* tier in which it was found; decides whether the channel is
                                  * notified */
    const char *last_modified;   /* NULL for none */
    const char *front_text;      /* as at its discovery; NULL for none, as the next two */
    const char *title, *authors; /* as stored */
    const char *print;           /* fingerprint of its state (draft_changes.h) */
    bool watchers;               /* whether people are notified: for one of the files of a draft
                                  * only */
};
/* Adds a row for the channel, for each webhook that wants it and, with updated->watchers, for each
 * person whose watchlist matches. */
void ps_update_rows(const struct ps_leadership *leadership, const struct ps_updated *updated,
                    struct ps_outbox_rows *list);

#endif
