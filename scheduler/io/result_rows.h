/* What one result is worth telling, as rows of the outbox. */
#ifndef PS_SCHEDULER_RESULT_ROWS_H
#define PS_SCHEDULER_RESULT_ROWS_H
#include "scheduler/io/leadership.h"
#include "scheduler/io/outbox_rows.h"

/* For a hit that is recent, or whose age nobody knows: what the channel and every watcher it
 * matches are told. None when the draft was known before. */
void ps_result_rows(const struct ps_leadership *leadership, const struct ps_result *result,
                    struct ps_outbox_rows *list);

/* A draft found before that has changed. All borrowed. */
struct ps_updated {
    const char *url, *paper_id;  /* D1234R0 */
    const char *tier_name;       /* that it was found in: decides whether the channel hears of it */
    const char *last_modified;   /* NULL for none */
    const char *front_text;      /* as when it was found; NULL for none, as the next two */
    const char *title, *authors; /* as stored */
    const char *print;           /* of its state, as recheck.h makes it */
    bool watchers;               /* tell people too: once of a draft, not of each of its files */
};
/* Adds what is told of it to the channel and to each person whose watchlist matches. */
void ps_update_rows(const struct ps_leadership *leadership, const struct ps_updated *updated,
                    struct ps_outbox_rows *list);

#endif
