/* Counts that Redis and PostgreSQL hold, so that health and metrics read memory only (guarantee 8):
 * read every two seconds while there is work, after each change, and when somebody looks. Without
 * work they are at most a minute old. */
#ifndef PS_SCHEDULER_STATS_H
#define PS_SCHEDULER_STATS_H
#include "scheduler/core/ledger.h"
#include "shared/core/json.h"
#include "shared/io/daemon.h"

/* Times in ms since 1970, 0 for none; -1: not read yet. */
struct ps_stats_now {
    int64_t tasks_length, tasks_pending;        /* of the stream, of group workers */
    int64_t results_length, results_pending;    /* results not yet in the ledger */
    int64_t workers;                            /* with a heartbeat */
    int64_t tasks_oldest_ms, results_oldest_ms; /* age of the oldest one pending */
    int64_t tasks_dead, notify_dead;            /* dead letters kept */
    int64_t notify_length;
    double host_rate;      /* requests a second at the host of the drafts, after cuts; below 0: no
                            * limit */
    int64_t host_pause_ms; /* what is left of the pause that the host asked for */
    int64_t papers, discovered, outbox_pending, poll_count;
    int64_t last_good_ms, index_fetched_ms;
    /* The cycle that was closed last: */
    int64_t last_started_ms, last_finished_ms;
    char last_status[16]; /* "" for none */
    char *last_error;     /* NULL for none */
    char *last_summary;   /* JSON; NULL for none */
    char *last_cause,
        *last_failures;   /* why it failed in words, errors by category; NULL for none */
    int64_t index_missed; /* polls, two at most, since then */
    char *index_refused;  /* why the newest download was refused; NULL: it was not */
    char *open_std_lost;  /* what the page of open-std.org lacks; NULL: it is whole */
    int64_t dead_messages, oldest_message_ms, news_late_ms;
    int64_t paused_ms;                 /* since when an operator paused probing; 0: it goes on */
    char *paused_why;                  /* "" or NULL: no reason was given */
    int64_t wanted_ms;                 /* when an operator asked for a poll; 0: nobody did */
    int64_t redis_read_ms, pg_read_ms; /* monotonic; when the answers came; 0 for never */
};

struct ps_stats;

/* Borrows daemon; reads for the first time as soon as the servers are connected. */
struct ps_stats *ps_stats_create(struct ps_daemon *daemon) PS_MUST_USE;
void ps_stats_destroy(struct ps_stats *stats); /* after redis and pg are gone; NULL is fine */
/* Returns the numbers as read last, borrowed until destroy; the same memory is updated. */
const struct ps_stats_now *ps_stats_now(const struct ps_stats *stats);
/* This scheduler has just stored something: reads PostgreSQL again at once, and signals it. */
void ps_stats_changed(struct ps_stats *stats);

/* Somebody looks at the numbers: reads them again soon, unless they are fresh. */
void ps_stats_looked_at(struct ps_stats *stats);
/* Whether this scheduler runs a cycle: until it ends the numbers are read often. */
void ps_stats_cycle(struct ps_stats *stats, bool runs);

/* A closed cycle; borrowed. error and summary: NULL for none. */
struct ps_stats_cycle {
    enum ps_cycle_status status;
    int64_t started_ms, finished_ms;
    const char *error, *summary;
    int64_t discovered; /* URLs in all */
};

/* This scheduler has closed a cycle: shows it at once, and reads the rest again. */
void ps_stats_closed(struct ps_stats *stats, const struct ps_stats_cycle *cycle);

#endif
