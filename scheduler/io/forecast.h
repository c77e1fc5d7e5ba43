/* When each name is asked for next, and why: `explain` for the readers' pages, on every scheduler.
 *
 * The planner's answer needs the drafts, the watched numbers and the time of each name's last
 * probe. They are read from PostgreSQL when somebody asks, at most once in a minute, and the answer
 * for all numbers is kept for that minute: a page must not cost a plan. */
#ifndef PS_SCHEDULER_FORECAST_H
#define PS_SCHEDULER_FORECAST_H
#include "scheduler/core/reader_pages.h"
#include "scheduler/io/leadership.h"

struct ps_forecast;

/* leadership is borrowed: its index is read, its daemon, and nothing else. on_answer runs on the
 * loop after each reading, good or not, with cookie. */
struct ps_forecast *ps_forecast_create(const struct ps_leadership *leadership,
                                       void (*on_answer)(void *cookie), void *cookie) PS_MUST_USE;
void ps_forecast_destroy(
    struct ps_forecast *forecast); /* after pg and the jobs are gone; NULL is fine */

/* Asks for a fresh answer unless there is one. */
void ps_forecast_wanted(struct ps_forecast *forecast);
/* An answer was asked for, and on_answer will run. */
bool ps_forecast_is_busy(const struct ps_forecast *forecast);
/* Writes the names of number to out_asks (at most PS_READER_ASKS), returns how many, and adds to
 * out_why why. Nothing is known before the first answer: 0, and no text. */
size_t ps_forecast_read(const struct ps_forecast *forecast, int number, bool is_public,
                        struct ps_reader_ask *out_asks, struct ps_buf *out_why);

#endif
