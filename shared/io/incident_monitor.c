#include "shared/io/incident_monitor.h"

#include "embedded/shared_sql.h"
#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/str.h"
#include "shared/io/clock.h"
#include "shared/io/redis_script.h"
#include "shared/io/signal_look.h"

#include <hiredis/hiredis.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 1000,  /* between two looks at this program's own state */
    EVERY_MS = 2000, /* between two exchanges with a server while something is wrong */
    /* The same while nothing is wrong and signals arrive. Other programs signal what they observe,
     * and the heartbeat shows that Redis takes writes. */
    REDIS_IDLE_MS = 60 * 1000,
    PROOF_MS = 6 * 1000,             /* after so long without a heartbeat, an exchange proves it */
    PRESENCE_MIN_MS = 1000,          /* between two looks at who is alive, at least … */
    PRESENCE_MAX_MS = 8 * 1000,      /* … at most … */
    PRESENCE_PATIENT_MS = 15 * 1000, /* … and at most in a program that raises no alarm */
    MISSING_MS = 8 * 1000, /* a component is missing after so long: a failover takes seconds */
    FRESH_MS = 10 * 1000,  /* an answer is proof for so long */
    SHARED_MS = 10 * 1000, /* an observation lives in Redis so long after it is due again */
    ANSWER_MS = 8 * 1000,  /* PostgreSQL hangs if an answer is outstanding for so long */
    MEMORY_SHARE = 85      /* percent of maxmemory from which redis_memory is present */
};

/* Statements of the exchange with PostgreSQL. */
enum { WRITE_CHECK, TOUCH, RECORDS, LOOK };

#define YEAR_10000_MS 253402300800000.0

struct ps_incident_monitor {
    struct ps_incident_monitor_options options;
    struct ps_timer *timer;
    int64_t created_ms; /* monotonic */
    struct ps_incident_set own, shared, view;
    /* The exchanges with the servers. This file judges every second whether one is due; a signal
     * asks for both. */
    struct ps_signal_look *redis_look, *pg_look;

    bool signal; /* the exchange under way shares what others do not know yet */
    int64_t redis_asked_ms, redis_wrote_ms, redis_read_ms; /* monotonic; 0: never */
    bool unshared;                                         /* the last exchange failed */
    bool sent[PS_INCIDENT_COUNT];                          /* what the last exchange shared */
    char redis_refusal[PS_INCIDENT_CAUSE];                 /* "": the last write was taken */
    int64_t leader, schedulers, workers, notifiers;        /* counts as read last; -1: not read */
    int64_t no_leader_ms, no_workers_ms, no_notifier_ms; /* since when there is none; 0: there is */
    int64_t clock_ms;   /* Redis' wall clock minus this program's monotonic clock */
    int presence_out;   /* answers that are awaited */
    bool leads;         /* this program, as it said last */
    int64_t lease_ms;   /* monotonic: when the lease can have ended: to be looked at then */
    int64_t members_ms; /* monotonic: when to look next at who is alive */
    struct ps_alarm_record in_redis[PS_INCIDENT_COUNT]; /* known: Redis keeps it; as read last */

    bool pg_failed; /* the last exchange */
    bool pg_late;   /* its answer took longer than ANSWER_MS: until one comes in time, it hangs */
    int64_t pg_asked_ms, pg_wrote_ms;
    int64_t pg_pause_ms; /* until the next exchange, while nothing is wrong */
    bool utf8;
    char encoding[32];
    bool recorded;
    int64_t recorded_ms;
    struct ps_alarm_record records[PS_INCIDENT_COUNT];
};

static int64_t now_of(const struct ps_incident_monitor *monitor)
{
    return ps_loop_now(monitor->options.loop);
}

static void keep_text(char out_text[PS_INCIDENT_CAUSE], const char *text)
{
    (void)snprintf(out_text, PS_INCIDENT_CAUSE, "%s", text);
}

static void read_shared(struct ps_incident_monitor *monitor, const struct redisReply *list)
{
    monitor->shared = (struct ps_incident_set){ 0 };
    for (size_t i = 0; i + 2 < list->elements; i += 3) {
        const char *name = ps_redis_reply_text(list->element[i], NULL);
        const char *since = ps_redis_reply_text(list->element[i + 1], NULL);
        enum ps_incident incident;

        if (name == NULL || !ps_incident_parse(name, &incident))
            continue; /* of another version */
        ps_incidents_note(&monitor->shared, incident, true,
                          ps_redis_reply_text(list->element[i + 2], NULL));
        ps_incidents_began(&monitor->shared, incident,
                           since == NULL ? 0 : strtoll(since, NULL, 10));
    }
}

/* Redis_ms is Redis' clock, which the records are kept by. */
static void read_alarms(struct ps_incident_monitor *monitor, const struct redisReply *list,
                        int64_t redis_ms)
{
    memset(monitor->in_redis, 0, sizeof(monitor->in_redis));
    for (size_t i = 0; i + 1 < list->elements; i += 2) {
        const char *name = ps_redis_reply_text(list->element[i], NULL);
        const char *json = ps_redis_reply_text(list->element[i + 1], NULL);
        cJSON *record = json == NULL ? NULL : ps_json_parse(json, strlen(json), NULL);
        enum ps_incident incident;

        if (name != NULL && ps_incident_parse(name, &incident))
            ps_alarm_record_read(&monitor->in_redis[incident], record, redis_ms);
        cJSON_Delete(record);
    }
}

static void observe(struct ps_incident_monitor *monitor);

static void on_shared(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_incident_monitor *monitor = cookie;

    monitor->unshared = err != NULL;
    ps_signal_look_rest(monitor->redis_look, PS_SIGNAL_LOOK_NEVER);
    if (err != NULL) {
        if (err->code == PS_REDIS_ERR_REPLY)
            ps_incident_monitor_wrote(monitor, err);
        return;
    }
    ps_incident_monitor_wrote(monitor, NULL);
    monitor->redis_read_ms = now_of(monitor);
    if (monitor->signal)
        ps_signals_send(monitor->options.signals, PS_SIGNAL_INCIDENTS);
    monitor->signal = false;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 7)
        return;
    monitor->leader = ps_redis_reply_int(reply->element[0], -1);
    monitor->schedulers = ps_redis_reply_int(reply->element[1], -1);
    monitor->workers = ps_redis_reply_int(reply->element[2], -1);
    monitor->notifiers = ps_redis_reply_int(reply->element[3], -1);
    read_shared(monitor, reply->element[4]);
    read_alarms(monitor, reply->element[5], ps_redis_reply_int(reply->element[6], 0));
    monitor->clock_ms = ps_redis_reply_int(reply->element[6], 0) - now_of(monitor);
    monitor->lease_ms = monitor->members_ms = now_of(monitor) + PRESENCE_MIN_MS;
    observe(monitor);
}

void ps_incident_monitor_wrote(struct ps_incident_monitor *monitor, const struct ps_err *err)
{
    if (err != NULL) {
        keep_text(monitor->redis_refusal, err->what);
        return;
    }
    monitor->redis_refusal[0] = '\0';
    monitor->redis_wrote_ms = now_of(monitor);
}

/* Returns whether signals arrive and nothing is wrong or unknown. Only then the servers are asked
 * seldom. */
static bool is_idle(const struct ps_incident_monitor *monitor)
{
    bool quiet = ps_signals_arrive(monitor->options.signals) && monitor->redis_refusal[0] == '\0' &&
                 monitor->leader > 0 && monitor->schedulers != 0 && monitor->workers > 0 &&
                 monitor->notifiers > 0 &&
                 (monitor->options.pg == NULL ||
                  (monitor->pg_wrote_ms > 0 && !monitor->pg_failed && !monitor->pg_late));

    for (int i = 0; quiet && i < PS_INCIDENT_COUNT; i++)
        quiet = !monitor->in_redis[i].known && !monitor->records[i].raised &&
                (!ps_incidents_present(&monitor->view, (enum ps_incident)i) ||
                 ps_incident_row((enum ps_incident)i)->severity == PS_SEVERITY_NOTE);
    return quiet;
}

/* Whether what this program observes differs from what it shared last. */
static bool is_news(const struct ps_incident_monitor *monitor)
{
    for (int i = 0; i < PS_INCIDENT_COUNT; i++)
        if (monitor->sent[i] != ps_incidents_present(&monitor->own, (enum ps_incident)i))
            return true;
    return monitor->unshared;
}

/* The exchange with Redis: writes what this program observes and reads what all others observe, in
 * one script. It is also the proof that Redis takes writes. */
static void share(struct ps_incident_monitor *monitor)
{
    const struct ps_keys *names = monitor->options.keys;
    const char *keys[4] = { ps_key(names, PS_KEY_INCIDENTS), ps_key(names, PS_KEY_ALARMS),
                            ps_key(names, PS_KEY_LEADER), ps_key(names, PS_KEY_INSTANCES) };
    struct ps_str args[2 + 2 * PS_INCIDENT_COUNT];
    char life[24];
    size_t count = 0;

    (void)snprintf(life, sizeof(life), "%d",
                   is_idle(monitor) ? REDIS_IDLE_MS + SHARED_MS : SHARED_MS);
    monitor->signal = is_news(monitor);
    args[count++] = ps_str_of(monitor->options.instance);
    args[count++] = ps_str_of(life);
    for (int i = 0; i < PS_INCIDENT_COUNT; i++) {
        monitor->sent[i] = ps_incidents_present(&monitor->own, (enum ps_incident)i);
        if (!monitor->sent[i])
            continue;
        args[count++] = ps_str_of(ps_incident_row((enum ps_incident)i)->name);
        args[count++] = ps_str_of(monitor->own.items[i].cause);
    }
    monitor->redis_asked_ms = now_of(monitor);
    ps_script_run(monitor->options.redis, PS_SCRIPT_INCIDENT_SHARE, keys, 4, args, count, on_shared,
                  monitor);
}

/* Counts who is alive, by component. Sets *next_ms to the time at which the last heartbeat of a
 * component ends: no component can disappear earlier, so no look is needed before. */
static void read_members(struct ps_incident_monitor *monitor, const struct redisReply *list,
                         int64_t *next_ms)
{
    static const char *const names[] = { "scheduler:", "worker:", "notifier:" };
    int64_t *const counts[] = { &monitor->schedulers, &monitor->workers, &monitor->notifiers };
    int64_t redis_ms = now_of(monitor) + monitor->clock_ms;
    int64_t count[3] = { 0 }, left_ms[3] = { 0 };

    for (size_t i = 0; i + 1 < list->elements; i += 2) {
        const char *member = ps_redis_reply_text(list->element[i], NULL);
        const char *score = ps_redis_reply_text(list->element[i + 1], NULL);
        double ends_ms = score == NULL ? 0 : strtod(score, NULL); /* "inf", in a hostile Redis */
        int64_t left = (int64_t)fmin(fmax(ends_ms, 0), YEAR_10000_MS) - redis_ms;

        for (size_t k = 0; member != NULL && left > 0 && k < PS_COUNT_OF(names); k++) {
            if (strncmp(member, names[k], strlen(names[k])) != 0)
                continue;
            count[k]++;
            left_ms[k] = left > left_ms[k] ? left : left_ms[k];
        }
    }
    for (size_t k = 0; k < PS_COUNT_OF(names); k++) {
        *counts[k] = count[k];
        *next_ms = left_ms[k] < *next_ms ? left_ms[k] : *next_ms;
    }
}

static int64_t at_least(int64_t ms, int64_t least_ms)
{
    return ms < least_ms ? least_ms : ms;
}

static void on_members(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_incident_monitor *monitor = cookie;
    int64_t next_ms = monitor->options.patient ? PRESENCE_PATIENT_MS : PRESENCE_MAX_MS;

    monitor->presence_out--;
    if (err != NULL || reply->type != REDIS_REPLY_ARRAY)
        return;
    read_members(monitor, reply, &next_ms);
    /* The leader looks in time, and signals what it misses. */
    if (is_idle(monitor) && !monitor->leads)
        next_ms = PRESENCE_PATIENT_MS;
    monitor->members_ms = now_of(monitor) + at_least(next_ms, PRESENCE_MIN_MS);
}

/* left_ms is Redis' answer to PTTL: -2 where the lease is gone, -1 where it has no end. */
static void read_lease(struct ps_incident_monitor *monitor, int64_t left_ms)
{
    int64_t next_ms = left_ms < 0 || left_ms > PRESENCE_MAX_MS ? PRESENCE_MAX_MS : left_ms;

    monitor->leader = left_ms != -2;
    if (monitor->leader == 0)
        monitor->members_ms = now_of(monitor); /* nobody else looks in time */
    if (monitor->options.patient && is_idle(monitor))
        next_ms = PRESENCE_PATIENT_MS;
    monitor->lease_ms = now_of(monitor) + at_least(next_ms, PRESENCE_MIN_MS);
}

static void on_lease(void *cookie, const struct redisReply *reply, const struct ps_err *err)
{
    struct ps_incident_monitor *monitor = cookie;

    monitor->presence_out--;
    if (err == NULL)
        read_lease(monitor, ps_redis_reply_int(reply, -2));
}

void ps_incident_monitor_lease(struct ps_incident_monitor *monitor, int64_t left_ms, bool leads)
{
    monitor->leads = leads;
    read_lease(monitor, left_ms);
}

/* While nothing is wrong the exchange is seldom, so who is alive is read by itself: whether
 * somebody leads when the lease can have ended, and the others when the last heartbeat of a
 * component can have ended. */
static void look_presence(struct ps_incident_monitor *monitor)
{
    const struct ps_keys *keys = monitor->options.keys;
    int64_t now_ms = now_of(monitor);

    if (now_ms >= monitor->lease_ms) {
        monitor->presence_out++;
        monitor->lease_ms = now_ms + PRESENCE_MAX_MS;
        PS_REDIS(monitor->options.redis, on_lease, monitor, "PTTL", ps_key(keys, PS_KEY_LEADER));
    }
    if (now_ms >= monitor->members_ms) {
        monitor->presence_out++;
        monitor->members_ms = now_ms + PRESENCE_MAX_MS;
        PS_REDIS(monitor->options.redis, on_members, monitor, "ZRANGE",
                 ps_key(keys, PS_KEY_INSTANCES), "0", "999", "REV", "WITHSCORES");
    }
}

static void read_record(struct ps_incident_monitor *monitor, const struct ps_pg_rows *rows, int row)
{
    const char *ts = ps_pg_text(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_SLACK_TS);
    const char *channel = ps_pg_text(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_SLACK_CHANNEL);
    enum ps_incident incident;
    struct ps_alarm_record *record;

    if (!ps_incident_parse(ps_pg_text(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_INCIDENT), &incident))
        return;
    record = &monitor->records[incident];
    record->known = true;
    record->raised = ps_pg_bool(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_RAISED);
    record->confirmed = ps_pg_bool(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_CONFIRMED);
    record->notified_ago_ms = ps_pg_int(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_NOTIFIED_AGO_MS, 0);
    record->seen_ms = ps_pg_int(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_SEEN_AGO_MS, 0);
    record->route = (enum ps_alarm_route)ps_pg_int(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_ROUTE, 0);
    record->times = ps_pg_int(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_TIMES, 1);
    record->raised_ms = ps_pg_int(rows, RECORDS, row, PS_SQL_ALARMS_LOAD_RAISED_AT, 0);
    (void)snprintf(record->slack_ts, sizeof(record->slack_ts), "%s", ts == NULL ? "" : ts);
    (void)snprintf(record->slack_channel, sizeof(record->slack_channel), "%s",
                   channel == NULL ? "" : channel);
}

static void on_records(void *cookie, const struct ps_pg_rows *rows, const struct ps_err *err)
{
    struct ps_incident_monitor *monitor = cookie;
    const char *encoding;

    ps_signal_look_rest(monitor->pg_look, PS_SIGNAL_LOOK_NEVER);
    monitor->pg_pause_ms = monitor->options.pg_idle_ms * 4 / 5 +
                           (int64_t)(ps_clock_random() * (double)monitor->options.pg_idle_ms * 0.4);
    monitor->pg_late = now_of(monitor) - monitor->pg_asked_ms >= ANSWER_MS;
    monitor->pg_failed = err != NULL;
    if (err != NULL)
        return; /* ps_pg_why says why */
    monitor->pg_wrote_ms = now_of(monitor);
    encoding = ps_pg_text(rows, WRITE_CHECK, 0, PS_SQL_WRITE_CHECK_ENCODING);
    monitor->utf8 = encoding == NULL || strcmp(encoding, "UTF8") == 0;
    (void)snprintf(monitor->encoding, sizeof(monitor->encoding), "%s",
                   encoding == NULL ? "" : encoding);
    memset(monitor->records, 0, sizeof(monitor->records));
    for (int i = 0; i < ps_pg_row_count(rows, RECORDS); i++)
        read_record(monitor, rows, i);
    monitor->recorded = true;
    monitor->recorded_ms = now_of(monitor);
    ps_pg_looked(monitor->options.pg, rows, LOOK);
}

/* The incidents that this program sees, as an array of PostgreSQL. */
static char *names_of(const struct ps_incident_set *set)
{
    struct ps_buf names;
    char *text;

    ps_buf_init(&names, 4096);
    (void)ps_buf_char(&names, '{');
    for (int i = 0; i < PS_INCIDENT_COUNT; i++)
        if (ps_incidents_present(set, (enum ps_incident)i))
            (void)ps_buf_format(&names, "%s%s", names.len > 1 ? "," : "",
                                ps_incident_row((enum ps_incident)i)->name);
    (void)ps_buf_char(&names, '}');
    text = ps_alloc_text(ps_buf_str(&names));
    ps_buf_clear(&names);
    return text;
}

/* The exchange with PostgreSQL, one transaction: writes (the proof that it takes writes), marks the
 * records of present incidents as seen, reads all records. */
static void check_postgres(struct ps_incident_monitor *monitor)
{
    struct ps_pg_batch *batch = ps_pg_batch_create();
    char *names = names_of(&monitor->own);

    ps_sql_write_check(batch);
    ps_sql_alarms_seen(batch, names);
    ps_sql_alarms_load(batch);
    ps_sql_pg_ping(batch);
    monitor->pg_asked_ms = now_of(monitor);
    ps_pg_run(monitor->options.pg, batch, on_records, monitor);
    free(names);
}

static void observe_redis(const struct ps_incident_monitor *monitor, struct ps_incident_set *set)
{
    const struct ps_redis *redis = monitor->options.redis;
    const struct ps_redis_info *info = ps_redis_fitness_info(monitor->options.redis_fitness);
    const char *fault = ps_redis_fitness_fault(monitor->options.redis_fitness);
    char text[PS_INCIDENT_CAUSE];

    if (!ps_redis_up(redis)) {
        ps_incidents_note(set, PS_INCIDENT_REDIS_DOWN, true, ps_redis_why(redis));
        return;
    }
    ps_incidents_note(set, PS_INCIDENT_REDIS_DOWN, false, NULL);
    if (monitor->redis_asked_ms > 0)
        ps_incidents_note(set, PS_INCIDENT_REDIS_REFUSES_WRITES, monitor->redis_refusal[0] != '\0',
                          monitor->redis_refusal);
    if (info == NULL)
        return;
    ps_incidents_note(set, PS_INCIDENT_REDIS_UNFIT, fault != NULL, fault);
    ps_incidents_note(set, PS_INCIDENT_REDIS_NO_AOF, !info->aof, NULL);
    (void)snprintf(text, sizeof(text), "it uses %lld of %lld MiB",
                   (long long)(info->used_memory >> 20), (long long)(info->max_memory >> 20));
    ps_incidents_note(
        set, PS_INCIDENT_REDIS_MEMORY,
        info->max_memory > 0 && info->used_memory / MEMORY_SHARE > info->max_memory / 100, text);
}

/* SQLSTATE 25006 read only, 42501 a missing right, 53 no disk or memory, 58 an I/O error. */
static bool is_refusal(const char *why)
{
    static const char *const texts[] = { "SQLSTATE 25006", "SQLSTATE 42501",  "SQLSTATE 53100",
                                         "SQLSTATE 58",    "takes no writes", "permission denied" };

    for (size_t i = 0; i < PS_COUNT_OF(texts); i++)
        if (strstr(why, texts[i]) != NULL)
            return true;
    return false;
}

static void observe_postgres(const struct ps_incident_monitor *monitor, struct ps_incident_set *set)
{
    const char *why = ps_pg_why(monitor->options.pg);
    bool up = ps_pg_up(monitor->options.pg), refused = why[0] != '\0' && (up || is_refusal(why));
    bool hangs = monitor->pg_late || ps_pg_silent_ms(monitor->options.pg) >= ANSWER_MS ||
                 (ps_signal_look_out(monitor->pg_look) &&
                  now_of(monitor) - monitor->pg_asked_ms >= ANSWER_MS);
    /* PostgreSQL refused a character that its encoding lacks, or a program refuses to work with a
     * database of that encoding. */
    bool encoding =
        strstr(why, "SQLSTATE 22P05") != NULL || strstr(why, "has the encoding") != NULL;

    /* A program that still connects for the first time has seen no fault. Without this, everybody
     * reads for some seconds that PostgreSQL is away whenever a program starts. */
    if (!up && why[0] == '\0' && monitor->pg_asked_ms == 0 &&
        now_of(monitor) - monitor->created_ms < ANSWER_MS)
        return;
    if (up && hangs)
        why = "it does not answer";
    ps_incidents_note(set, PS_INCIDENT_POSTGRES_DOWN, up ? hangs : !refused && !encoding, why);
    ps_incidents_note(set, PS_INCIDENT_POSTGRES_ENCODING,
                      encoding || (monitor->pg_wrote_ms > 0 && !monitor->utf8),
                      encoding ? why : monitor->encoding);
    ps_incidents_note(set, PS_INCIDENT_POSTGRES_REFUSES_WRITES, refused && !encoding, why);
}

static bool is_fresh(const struct ps_incident_monitor *monitor, int64_t wrote_ms)
{
    return wrote_ms > 0 && now_of(monitor) - wrote_ms < FRESH_MS;
}

/* Returns whether count has been 0 for MISSING_MS. A shorter absence is normal: a failover takes
 * seconds, and so does the first heartbeat after Redis was away. */
static bool missing(struct ps_incident_monitor *monitor, int64_t count, int64_t *since_ms)
{
    if (count != 0)
        *since_ms = 0;
    else if (*since_ms == 0)
        *since_ms = now_of(monitor);
    return *since_ms > 0 && now_of(monitor) - *since_ms >= MISSING_MS;
}

/* Who is alive is known from Redis, so nothing is noted unless Redis took a write a moment ago: an
 * old count proves nothing. */
static void observe_fleet(struct ps_incident_monitor *monitor, struct ps_incident_set *set)
{
    if (!is_fresh(monitor, monitor->redis_wrote_ms)) {
        monitor->no_leader_ms = monitor->no_workers_ms = monitor->no_notifier_ms = 0;
        return;
    }
    ps_incidents_note(set, PS_INCIDENT_NO_LEADER,
                      missing(monitor, monitor->leader, &monitor->no_leader_ms), NULL);
    ps_incidents_note(set, PS_INCIDENT_NO_WORKERS,
                      missing(monitor, monitor->workers, &monitor->no_workers_ms), NULL);
    ps_incidents_note(set, PS_INCIDENT_NO_NOTIFIER,
                      missing(monitor, monitor->notifiers, &monitor->no_notifier_ms), NULL);
}

static void observe(struct ps_incident_monitor *monitor)
{
    struct ps_incident_set own = { 0 }, view;
    int64_t wall_ms = ps_clock_wall_ms();

    observe_redis(monitor, &own);
    if (monitor->options.pg != NULL)
        observe_postgres(monitor, &own);
    observe_fleet(monitor, &own);
    monitor->options.observe(monitor->options.cookie, &own);
    ps_incidents_since(&own, &monitor->own, wall_ms);
    monitor->own = view = own;
    if (is_fresh(monitor, monitor->redis_wrote_ms))
        ps_incidents_merge(&view, &monitor->shared);
    ps_incidents_since(&view, &monitor->view, wall_ms);
    monitor->view = view;
}

static bool is_due(const struct ps_incident_monitor *monitor, int64_t asked_ms, int64_t idle_ms)
{
    int64_t since_ms = now_of(monitor) - asked_ms;

    return since_ms >= idle_ms || (since_ms >= EVERY_MS && !is_idle(monitor));
}

static bool redis_is_due(const struct ps_incident_monitor *monitor)
{
    int64_t now_ms = now_of(monitor);

    return is_due(monitor, monitor->redis_asked_ms, REDIS_IDLE_MS) ||
           (is_news(monitor) && !monitor->unshared) ||
           (now_ms - monitor->redis_asked_ms >= EVERY_MS &&
            (monitor->unshared || now_ms - monitor->redis_wrote_ms >= PROOF_MS));
}

static void on_redis_look(void *cookie)
{
    struct ps_incident_monitor *monitor = cookie;

    if (ps_redis_up(monitor->options.redis))
        share(monitor);
    else
        ps_signal_look_rest(monitor->redis_look, PS_SIGNAL_LOOK_NEVER); /* it will be due */
}

static void on_pg_look(void *cookie)
{
    struct ps_incident_monitor *monitor = cookie;

    if (ps_pg_up(monitor->options.pg))
        check_postgres(monitor);
    else
        ps_signal_look_rest(monitor->pg_look, PS_SIGNAL_LOOK_NEVER); /* the same */
}

static void on_timer(void *cookie)
{
    struct ps_incident_monitor *monitor = cookie;

    ps_timer_set_about(monitor->timer, LOOK_MS);
    observe(monitor);
    if (ps_redis_up(monitor->options.redis) && !ps_signal_look_out(monitor->redis_look)) {
        if (redis_is_due(monitor))
            ps_signal_look_want(monitor->redis_look);
        else if (monitor->presence_out == 0)
            look_presence(monitor);
    }
    if (monitor->options.pg != NULL && ps_pg_up(monitor->options.pg) &&
        !ps_signal_look_out(monitor->pg_look) &&
        is_due(monitor, monitor->pg_asked_ms, monitor->pg_pause_ms))
        ps_signal_look_want(monitor->pg_look);
}

/* Before the exchanges that the same signal asks for. */
static void on_signal(void *cookie)
{
    observe(cookie);
}

static struct ps_signal_look *create_look(struct ps_incident_monitor *monitor,
                                          void (*fn)(void *cookie))
{
    struct ps_signal_look *look =
        ps_signal_look_create(&(struct ps_signal_look_options){ .loop = monitor->options.loop,
                                                                .signals = monitor->options.signals,
                                                                .signal = PS_SIGNAL_INCIDENTS,
                                                                .fn = fn,
                                                                .cookie = monitor });

    ps_signal_look_rest(look, PS_SIGNAL_LOOK_NEVER);
    return look;
}

struct ps_incident_monitor *
ps_incident_monitor_create(const struct ps_incident_monitor_options *options)
{
    struct ps_incident_monitor *monitor = ps_alloc_zero(1, sizeof(*monitor));

    monitor->options = *options;
    monitor->created_ms = now_of(monitor);
    monitor->leader = monitor->schedulers = monitor->workers = monitor->notifiers = -1;
    monitor->redis_look = create_look(monitor, on_redis_look);
    if (options->pg != NULL)
        monitor->pg_look = create_look(monitor, on_pg_look);
    monitor->timer = ps_timer_create(options->loop, on_timer, monitor);
    ps_timer_set_about(monitor->timer, LOOK_MS);
    ps_signals_listen(options->signals, PS_SIGNAL_INCIDENTS, on_signal, monitor);
    return monitor;
}

void ps_incident_monitor_destroy(struct ps_incident_monitor *monitor)
{
    if (monitor == NULL)
        return;
    ps_signal_look_destroy(monitor->redis_look);
    ps_signal_look_destroy(monitor->pg_look);
    ps_timer_destroy(monitor->timer);
    free(monitor);
}

const struct ps_incident_set *ps_incident_monitor_view(const struct ps_incident_monitor *monitor)
{
    return &monitor->view;
}

const struct ps_alarm_record *ps_incident_monitor_record(const struct ps_incident_monitor *monitor,
                                                         enum ps_incident incident,
                                                         struct ps_alarm_record *out_record)
{
    int64_t ago_ms = now_of(monitor) - monitor->recorded_ms;

    if (!monitor->recorded)
        return NULL;
    *out_record = monitor->records[incident];
    out_record->notified_ago_ms += ago_ms;
    out_record->seen_ms += ago_ms;
    return out_record;
}

bool ps_incident_monitor_in_redis(const struct ps_incident_monitor *monitor,
                                  enum ps_incident incident, struct ps_alarm_record *out_record)
{
    if (!monitor->in_redis[incident].known)
        return false;
    if (out_record != NULL) {
        *out_record = monitor->in_redis[incident];
        out_record->notified_ago_ms += now_of(monitor) - monitor->redis_read_ms;
    }
    return true;
}

/* By our own write alone: where the server refuses another one, the alarm record can still be kept
 * there, and all programs keep it in one place. */
bool ps_incident_monitor_pg_writes(const struct ps_incident_monitor *monitor)
{
    return monitor->options.pg != NULL && ps_pg_up(monitor->options.pg) && !monitor->pg_failed &&
           monitor->pg_wrote_ms > 0 &&
           now_of(monitor) - monitor->pg_wrote_ms < FRESH_MS + monitor->pg_pause_ms &&
           !(ps_signal_look_out(monitor->pg_look) &&
             now_of(monitor) - monitor->pg_asked_ms >= ANSWER_MS);
}

bool ps_incident_monitor_pg_unknown(const struct ps_incident_monitor *monitor)
{
    return monitor->options.pg != NULL && monitor->pg_wrote_ms == 0 && !monitor->pg_failed &&
           now_of(monitor) - monitor->created_ms < ANSWER_MS;
}

bool ps_incident_monitor_redis_writes(const struct ps_incident_monitor *monitor)
{
    return ps_redis_up(monitor->options.redis) && is_fresh(monitor, monitor->redis_wrote_ms) &&
           monitor->redis_refusal[0] == '\0';
}

void ps_incident_monitor_refresh(struct ps_incident_monitor *monitor)
{
    ps_signal_look_want(monitor->redis_look);
    if (monitor->pg_look != NULL)
        ps_signal_look_want(monitor->pg_look);
}
