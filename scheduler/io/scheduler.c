/* The life of a scheduler:
 *
 * standby: every second reads what is new in the index → on_lead: loads the mirrors → on_loaded:
 * starts relay, retention, ingest and poll → on_lost: stops them on the next turn of the loop, and
 * stands by
 *
 * A part must not be stopped from within its own callback, so losing the lease and reading the
 * mirrors again both go through the timer `stop`. Until it has run, the parts still exist but
 * their writers drop every answer, because the epoch is gone. */
#include "scheduler/io/scheduler.h"

#include "scheduler/io/ingest.h"
#include "scheduler/io/leader_writer.h"
#include "scheduler/io/mirror_load.h"
#include "scheduler/io/poll.h"
#include "scheduler/io/redis_recovery.h"
#include "scheduler/io/retention.h"
#include "scheduler/io/scheduler_incidents.h"
#include "scheduler/io/scheduler_state.h"
#include "scheduler/io/status_page.h"
#include "scheduler/io/store.h"
#include "shared/core/alloc.h"
#include "shared/core/stall_detector.h"
#include "shared/io/background.h"
#include "shared/io/clock.h"
#include "shared/io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RELOAD_MS = 1000,
    WARM_MS = 1000,
    WARM_SELDOM_MS = 60 * 1000, /* with signals */
    LOOK_MS = 1000,
    OUTAGE_LOOKS = 3, /* looks in a row that make an outage; a start needs fewer */
    STUCK_MIN_MS = 60 * 1000,
    STUCK_ALONE_MS = PS_STALL_DETECTOR_CARRY_MS /* without a live worker; the last heartbeat also
                                                   took some time to expire */
};

struct ps_scheduler {
    struct ps_scheduler_state state; /* first: "self" of the program's functions points to it */
    struct ps_daemon *daemon;        /* borrowed */
    struct ps_leadership leadership;
    struct ps_election *election;
    struct ps_publish *publish;
    struct ps_ingest *ingest;
    struct ps_outbox_relay *relay;
    struct ps_retention *retention;
    struct ps_poll *poll;
    struct ps_alarms *alarms;
    struct ps_redis_recovery *rebuild;
    struct ps_stats *stats;
    struct ps_status_page *page;
    struct ps_http_server *public_server; /* PUBLIC_PORT; NULL for none */
    struct ps_timer *stop;           /* stops the leader's parts outside of their own callbacks */
    struct ps_leader_writer *loader; /* reads the mirrors */
    struct ps_timer *warm;           /* reads what is new in the index while standing by */
    struct ps_timer *look;           /* for progress */
    struct ps_stall_detector progress;
    int64_t results_seen_ms;        /* when the stream of results was read that was judged last */
    int64_t warmed_ms;              /* monotonic; when that was asked last; 0: at once */
    bool warming;                   /* such a read is outstanding */
    bool loaded;                    /* the parts run */
    uint64_t reloads, load_number;  /* readings asked for; the one that is under way */
    int64_t load_known, warm_known; /* version of the index from which the reading starts */
    bool draining;
    bool paused_logged; /* the log says that probing is paused */
    char leader[160];   /* as seen last */
    int outage_looks;   /* in a row */
};

static void stop_parts(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;

    ps_timer_cancel(scheduler->stop);
    scheduler->loaded = false;
    ps_poll_stop(scheduler->poll);
    ps_publish_stop(scheduler->publish);
    ps_ingest_stop(scheduler->ingest);
    ps_outbox_relay_stop(scheduler->relay);
    ps_retention_stop(scheduler->retention);
    ps_leadership_clear(&scheduler->leadership);
}

static void on_generation(void *cookie, const char *generation)
{
    struct ps_scheduler *scheduler = cookie;

    if (scheduler->loaded)
        ps_redis_recovery_seen(scheduler->rebuild, generation);
}

static void on_generation_read(void *cookie, const struct redisReply *reply)
{
    const char *generation = reply == NULL ? NULL : ps_redis_reply_text(reply, NULL);

    if (reply != NULL)
        on_generation(cookie, generation == NULL ? "" : generation);
}

static void start_parts(struct ps_scheduler *scheduler)
{
    scheduler->loaded = true;
    ps_outbox_relay_start(scheduler->relay);
    ps_retention_start(scheduler->retention);
    ps_ingest_start(scheduler->ingest);
    ps_poll_start(scheduler->poll);
    /* Sooner than with the next renewal of the lease. */
    PS_LEADER_COMMAND(scheduler->loader, on_generation_read, "GET",
                      ps_key(scheduler->daemon->keys, PS_KEY_GENERATION));
}

/* Returns whether the finished load may be used. If another load was requested meanwhile, its data
 * is out of date; the loader's timer starts the next load. */
static bool is_due(const struct ps_scheduler *scheduler)
{
    return !scheduler->loaded && scheduler->load_number == scheduler->reloads;
}

static void on_built(void *cookie, void *job)
{
    struct ps_scheduler *scheduler = cookie;

    if (!is_due(scheduler))
        return;
    if (ps_mirror_load_install(job, &scheduler->leadership))
        start_parts(scheduler);
    else
        ps_leader_writer_wait(scheduler->loader, 0);
}

static void on_loaded(void *cookie, const struct ps_pg_rows *rows)
{
    static const struct ps_leader_work work = { ps_mirror_load_work, on_built,
                                                ps_mirror_load_destroy };
    struct ps_scheduler *scheduler = cookie;

    if (is_due(scheduler))
        ps_leader_writer_work(
            scheduler->loader, &work,
            ps_mirror_load_create(&scheduler->leadership, rows, scheduler->load_known, true));
}

static void load(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;
    struct ps_pg_batch *batch;

    if (scheduler->loaded)
        return;
    scheduler->load_number = scheduler->reloads;
    scheduler->load_known = scheduler->leadership.index_version;
    batch = ps_leader_writer_begin(scheduler->loader);
    ps_store_add_load(batch, scheduler->load_known);
    ps_leader_writer_run(scheduler->loader, batch, "what is stored was not read", on_loaded);
}

static void on_warmed(void *cookie, void *job)
{
    struct ps_scheduler *scheduler = cookie;

    scheduler->warming = false;
    if (!ps_leadership_held(&scheduler->leadership))
        (void)ps_mirror_load_install(job, &scheduler->leadership);
    ps_mirror_load_destroy(job);
}

static void on_warm(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_scheduler *scheduler = cookie;
    const struct ps_background_job job = { .work = ps_mirror_load_work,
                                           .done = on_warmed,
                                           .cookie = scheduler };

    /* Without an answer there is nothing to do: the daemon reports a database that is away. */
    if (err == NULL && !ps_leadership_held(&scheduler->leadership))
        ps_background_run(
            scheduler->daemon->background, &job,
            ps_mirror_load_create(&scheduler->leadership, rows, scheduler->warm_known, false));
    else
        scheduler->warming = false;
}

/* A part asks from within its own callback, so the parts are stopped on the next turn. */
static void reload(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;

    scheduler->reloads++;
    scheduler->loaded = false;
    ps_timer_set(scheduler->stop, 0);
    ps_leader_writer_wait(scheduler->loader, RELOAD_MS);
}

/* PostgreSQL came back without its newest transactions: the mirrors are ahead of it. A diff
 * against them would never be stored, and never announced. Everything is read again. */
static void on_restored(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;

    PS_LOG(DB_RESTORED, F_TEXT("what", "PostgreSQL was restored or failed over; all that was read "
                                       "from it before is read anew, under a new epoch"));
    /* A version newer than any stored one, so that the next load replaces the whole index. It runs
     * when no part uses the index. */
    scheduler->leadership.index_version = INT64_MAX;
    scheduler->warmed_ms = 0;
    /* The restored database issues cycle numbers again. Only a new epoch distinguishes the new
     * cycles from the old ones. */
    ps_election_step_down(scheduler->election, "PostgreSQL was restored");
}

static void warm(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;
    int64_t now_ms = ps_loop_now(scheduler->daemon->loop);

    ps_timer_set_about(scheduler->warm, WARM_MS);
    if (scheduler->warming || ps_leadership_held(&scheduler->leadership) || scheduler->draining ||
        !ps_pg_up(scheduler->daemon->pg) ||
        (scheduler->warmed_ms != 0 &&
         now_ms - scheduler->warmed_ms <
             ps_signals_period(scheduler->daemon->signals, WARM_MS, WARM_SELDOM_MS)))
        return;
    scheduler->warming = true;
    scheduler->warmed_ms = now_ms;
    scheduler->warm_known = scheduler->leadership.index_version;
    ps_pg_run(scheduler->daemon->pg, ps_store_warm(scheduler->warm_known), on_warm, scheduler);
}

static void on_library(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;

    scheduler->warmed_ms = 0; /* a read that is outstanding may be too old */
    ps_timer_set(scheduler->warm, 0);
}

static void on_lead(void *cookie, int64_t epoch)
{
    struct ps_scheduler *scheduler = cookie;

    if (ps_timer_pending(scheduler->stop))
        stop_parts(scheduler);
    ps_leadership_take(&scheduler->leadership, epoch);
    (void)ps_leader_writer_start(scheduler->loader); /* always starts: it follows no mirror */
    load(scheduler);
    ps_stats_changed(scheduler->stats);
}

static void on_lost(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;

    ps_leadership_end(&scheduler->leadership);
    ps_leader_writer_stop(scheduler->loader);
    ps_timer_set(scheduler->stop, 0);
}

static void on_settled(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;

    ps_poll_settled(scheduler->poll);
}

static void on_crowded(void *cookie, size_t from, const char *why)
{
    struct ps_scheduler *scheduler = cookie;

    ps_poll_shed(scheduler->poll, from, why);
}

/* After an outage of a server, or of the leadership, the fleet needs the time for a poll. Delays in
 * that time are not reported again; the outage was. */
static void see_outage(struct ps_scheduler *scheduler)
{
    static const enum ps_incident outages[] = {
        PS_INCIDENT_REDIS_DOWN,    PS_INCIDENT_REDIS_REFUSES_WRITES,    PS_INCIDENT_REDIS_UNFIT,
        PS_INCIDENT_POSTGRES_DOWN, PS_INCIDENT_POSTGRES_REFUSES_WRITES, PS_INCIDENT_NO_LEADER,
        PS_INCIDENT_NO_WORKERS,    PS_INCIDENT_POSTGRES_ENCODING
    };
    const struct ps_incident_set *view = ps_incident_monitor_view(scheduler->daemon->incidents);
    bool away = false;

    for (size_t i = 0; i < PS_COUNT_OF(outages); i++)
        away = away || ps_incidents_present(view, outages[i]);
    /* Set on each look during the outage, so that afterwards it holds the time of its end. */
    if (scheduler->outage_looks >= OUTAGE_LOOKS)
        scheduler->state.recovered_ms = ps_clock_wall_ms();
    scheduler->outage_looks = away ? scheduler->outage_looks + 1 : 0;
}

/* The leader carries out the operator's wishes, whether they came from a command, a page or Slack,
 * and logs each once. */
static void follow_operator(struct ps_scheduler *scheduler)
{
    const struct ps_stats_now *now = ps_stats_now(scheduler->stats);
    struct ps_leadership *leadership = &scheduler->leadership;
    bool paused = now->paused_ms > 0;

    if (now->pg_read_ms == 0 || !ps_leader_writer_leads(scheduler->loader))
        return;
    leadership->probing_paused = paused;
    if (paused && !scheduler->paused_logged) {
        PS_LOG(PROBING_PAUSED, F_TEXT("why", now->paused_why));
        ps_publish_paused(scheduler->publish);
    }
    if (!paused && scheduler->paused_logged)
        PS_LOG(PROBING_RESUMED, F_INT("epoch", leadership->epoch));
    scheduler->paused_logged = paused;
    if (now->wanted_ms > 0)
        ps_poll_now(scheduler->poll);
}

/* A server that is away, or a host that asked for a pause, does not count as being stuck. */
static void on_look(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;
    const struct ps_daemon *daemon = scheduler->daemon;
    const struct ps_stats_now *now = ps_stats_now(scheduler->stats);
    const char *leader = ps_election_leader(scheduler->election);
    bool work =
        scheduler->leadership.run != NULL && (now->tasks_length > 0 || now->results_length > 0);
    bool blocked = !ps_leadership_held(&scheduler->leadership) || !ps_redis_up(daemon->redis) ||
                   !ps_pg_up(daemon->pg) || now->host_pause_ms > 0;
    const struct ps_stall_sample sample = { .blocked = blocked,
                                            .idle = !work,
                                            .progress_counter = scheduler->leadership.results };

    ps_stats_cycle(scheduler->stats, scheduler->leadership.run != NULL);
    if (now->redis_read_ms != scheduler->results_seen_ms)
        ps_ingest_undelivered(scheduler->ingest, now->results_length > now->results_pending);
    scheduler->results_seen_ms = now->redis_read_ms;
    ps_stall_detector_step(&scheduler->progress, &sample, ps_loop_now(daemon->loop));
    ps_timer_set_about(scheduler->look, LOOK_MS);
    /* A new leader gets time for its first poll before the poll counts as missed. */
    if (leader[0] != '\0' && strcmp(leader, scheduler->leader) != 0) {
        (void)snprintf(scheduler->leader, sizeof(scheduler->leader), "%s", leader);
        scheduler->state.settled_ms = ps_clock_wall_ms();
    }
    see_outage(scheduler);
    follow_operator(scheduler);
}

/* This port is public, so requests may name any host. */
static bool open_public(const struct ps_daemon *daemon, struct ps_http_server **out_server,
                        struct ps_err *err)
{
    const struct ps_http_server_options options = { .host = daemon->config->public_bind_host,
                                                    .port = (uint16_t)daemon->config->public_port };
    struct ps_err cause;

    if (!daemon->config->public_page || options.port == 0)
        return true;
    *out_server = ps_http_server_create(daemon->loop, &options, &cause);
    if (*out_server == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, cause.code,
                       "PUBLIC_BIND_HOST=\"%s\" PUBLIC_PORT=\"%d\": %s", options.host,
                       (int)options.port, cause.what);
    PS_LOG(PAGE_LISTEN, F_TEXT("host", options.host),
           F_INT("port", ps_http_server_port(*out_server)));
    return true;
}

bool ps_scheduler_start(struct ps_daemon *daemon, void **out_self, struct ps_err *err)
{
    const struct ps_election_events events = { .on_lead = on_lead,
                                               .on_lost = on_lost,
                                               .on_generation = on_generation };
    struct ps_scheduler *scheduler = ps_alloc_zero(1, sizeof(*scheduler));
    struct ps_leadership *leadership = &scheduler->leadership;

    if (!open_public(daemon, &scheduler->public_server, err)) {
        free(scheduler);
        return false;
    }
    scheduler->daemon = daemon;
    leadership->daemon = daemon;
    leadership->index_version = PS_STORE_NO_INDEX;
    leadership->reload = reload;
    leadership->reload_cookie = scheduler;
    scheduler->stop = ps_timer_create(daemon->loop, stop_parts, scheduler);
    scheduler->loader =
        ps_leader_writer_create(&(struct ps_leader_writer_options){ .leadership = leadership,
                                                                    .cookie = scheduler,
                                                                    .event = PS_EVENT_DB_ERROR,
                                                                    .retry_ms = RELOAD_MS,
                                                                    .step = load });
    scheduler->warm = ps_timer_create(daemon->loop, warm, scheduler);
    ps_timer_set(scheduler->warm, 0);
    scheduler->look = ps_timer_create(daemon->loop, on_look, scheduler);
    ps_timer_set_about(scheduler->look, LOOK_MS);
    ps_stall_detector_init(&scheduler->progress, ps_loop_now(daemon->loop));
    ps_signals_listen(daemon->signals, PS_SIGNAL_LIBRARY, on_library, scheduler);
    ps_pg_on_restored(daemon->pg, on_restored, scheduler);
    scheduler->publish = ps_publish_create(leadership, on_crowded, scheduler);
    scheduler->ingest = ps_ingest_create(leadership, on_settled, scheduler);
    scheduler->relay = ps_outbox_relay_create(leadership);
    scheduler->retention = ps_retention_create(leadership);
    scheduler->rebuild = ps_redis_recovery_create(leadership, scheduler->publish, scheduler->relay);
    scheduler->stats = ps_stats_create(daemon);
    scheduler->poll = ps_poll_create(&(struct ps_poll_parts){ .leadership = leadership,
                                                              .publish = scheduler->publish,
                                                              .relay = scheduler->relay,
                                                              .stats = scheduler->stats });
    scheduler->election = ps_election_create(daemon, &events, scheduler);
    leadership->election = scheduler->election;
    scheduler->state.settled_ms = ps_clock_wall_ms();
    scheduler->state.daemon = daemon;
    scheduler->state.leadership = leadership;
    scheduler->state.election = scheduler->election;
    scheduler->state.stats = scheduler->stats;
    scheduler->state.relay = scheduler->relay;
    scheduler->alarms = ps_scheduler_alarms_create(&scheduler->state);
    scheduler->state.alarms = scheduler->alarms;
    scheduler->page = ps_status_page_create(&scheduler->state, scheduler->public_server);
    PS_LOG(SCHEDULER_START, F_TEXT("instance_id", daemon->instance),
           F_REAL("interval_seconds", (double)ps_config_poll_interval_ms(daemon->config) / 1000),
           F_INT("leader_ttl_ms", daemon->config->leader_ttl_ms));
    *out_self = scheduler;
    return true;
}

static void on_released(void *cookie)
{
    struct ps_scheduler *scheduler = cookie;

    PS_LOG(SCHEDULER_STOP, F_INT("epoch", ps_election_epoch(scheduler->election)));
    ps_daemon_drained(scheduler->daemon);
}

/* Outstanding transactions may or may not be committed. The next leader can start from either
 * state. */
void ps_scheduler_drain(void *self, int count)
{
    struct ps_scheduler *scheduler = self;

    if (count > 1)
        return;
    scheduler->draining = true;
    ps_leadership_end(&scheduler->leadership);
    ps_leader_writer_stop(scheduler->loader);
    stop_parts(scheduler);
    ps_election_release(scheduler->election, on_released, scheduler);
}

void ps_scheduler_destroy(void *self)
{
    struct ps_scheduler *scheduler = self;

    if (scheduler == NULL)
        return;
    ps_leadership_end(&scheduler->leadership);
    ps_status_page_destroy(scheduler->page);
    ps_http_server_destroy(scheduler->public_server);
    ps_poll_destroy(scheduler->poll);
    ps_ingest_destroy(scheduler->ingest);
    ps_publish_destroy(scheduler->publish);
    ps_alarms_destroy(scheduler->alarms);
    ps_redis_recovery_destroy(scheduler->rebuild);
    ps_outbox_relay_destroy(scheduler->relay);
    ps_retention_destroy(scheduler->retention);
    ps_stats_destroy(scheduler->stats);
    ps_leadership_clear(&scheduler->leadership);
    ps_paper_index_destroy(scheduler->leadership.index);
    ps_election_destroy(scheduler->election);
    ps_timer_destroy(scheduler->stop);
    ps_leader_writer_destroy(scheduler->loader);
    ps_timer_destroy(scheduler->warm);
    ps_timer_destroy(scheduler->look);
    free(scheduler);
}

bool ps_scheduler_stuck(void *self)
{
    const struct ps_scheduler *scheduler = self;
    int64_t patience_ms = 2000 * scheduler->daemon->config->task_visibility_seconds;

    if (patience_ms < STUCK_MIN_MS)
        patience_ms = STUCK_MIN_MS;
    if (ps_stats_now(scheduler->stats)->workers == 0)
        patience_ms = STUCK_ALONE_MS;
    return ps_stall_detector_stuck(&scheduler->progress, patience_ms);
}
