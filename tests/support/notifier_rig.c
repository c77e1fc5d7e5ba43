#include "tests/support/notifier_rig.h"

#include "notifier/io/notifier.h"
#include "notifier/io/notifier_health.h"
#include "shared/core/alloc.h"
#include "shared/core/message.h"
#include "shared/io/clock.h"
#include "tests/support/pg_server.h"
#include "tests/support/servers.h"

#include <assert.h>
#include <event2/event.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

struct nrig_notifier {
    struct ps_daemon daemon; /* first: nrig_on_drained is given its address */
    struct ps_config config;
    struct notifier_rig *rig;
    char *name;
    void *self;
    bool drained;
    struct nrig_notifier *prev, *next;
};

struct notifier_rig {
    struct ps_loop *loop;
    struct fake_slack *slack;
    char folder[64], redis_url[128];
    pid_t redis;
    struct ps_test_pg *pg;
    redisContext *look;
    redisReply *reply;
    PGconn *sql;
    PGresult *rows;
    struct ps_timer *pulse; /* so that a turn of the loop ends */
    struct nrig_notifier *notifiers;
};

void nrig_on_drained(struct ps_daemon *daemon)
{
    struct nrig_notifier *notifier = (struct nrig_notifier *)(void *)daemon;

    notifier->drained = true;
    ps_heartbeat_remove(daemon->heartbeat, NULL, NULL);
}

static void on_pulse(void *cookie)
{
    struct notifier_rig *rig = cookie;

    ps_timer_set(rig->pulse, 5);
}

/* A private server on a unix socket; it ends with the test program, however that ends. */
static void start_redis(struct notifier_rig *rig)
{
    const struct timespec pause = { 0, 20 * 1000000L };
    char path[96];

    (void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/paperscout-notifier-XXXXXX");
    if (mkdtemp(rig->folder) == NULL)
        abort();
    (void)snprintf(path, sizeof(path), "%s/redis.sock", rig->folder);
    (void)snprintf(rig->redis_url, sizeof(rig->redis_url), "unix://%s", path);
    rig->redis = fork();
    if (rig->redis == 0) {
        int null = open("/dev/null", O_WRONLY);

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(null, STDOUT_FILENO);
        (void)execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--save",
                     "", "--appendonly", "no", "--dir", rig->folder, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 500; i++) {
        rig->look = redisConnectUnix(path);
        if (rig->look != NULL && rig->look->err == 0)
            return;
        redisFree(rig->look);
        (void)nanosleep(&pause, NULL);
    }
    abort();
}

static void stop_redis(struct notifier_rig *rig)
{
    char path[96];

    (void)kill(rig->redis, SIGKILL);
    (void)waitpid(rig->redis, NULL, 0);
    (void)snprintf(path, sizeof(path), "%s/redis.sock", rig->folder);
    (void)unlink(path);
    (void)rmdir(rig->folder);
}

static void migrate(struct notifier_rig *rig)
{
    struct ps_pg_options options = { .url = ps_test_pg_url(rig->pg),
                                     .application_name = "rig",
                                     .max = 1 };
    struct ps_err err;
    struct ps_pg *pg = ps_pg_create(rig->loop, &options, true, NULL, NULL, &err);

    assert(pg != NULL);
    for (int i = 0; i < 4000 && !ps_pg_up(pg); i++)
        nrig_turn(rig, 5);
    assert(ps_pg_up(pg));
    ps_pg_destroy(pg);
}

struct notifier_rig *notifier_rig_create(void)
{
    struct notifier_rig *rig = ps_alloc_zero(1, sizeof(*rig));

    rig->loop = ps_loop_create();
    rig->pulse = ps_timer_create(rig->loop, on_pulse, rig);
    ps_timer_set(rig->pulse, 0);
    rig->slack = fake_slack_create(rig->loop);
    start_redis(rig);
    rig->pg = ps_test_pg_start();
    migrate(rig);
    rig->sql = PQconnectdb(ps_test_pg_url(rig->pg));
    assert(PQstatus(rig->sql) == CONNECTION_OK);
    return rig;
}

void notifier_rig_destroy(struct notifier_rig *rig)
{
    while (rig->notifiers != NULL)
        nrig_kill(rig->notifiers);
    if (rig->reply != NULL)
        freeReplyObject(rig->reply);
    PQclear(rig->rows);
    PQfinish(rig->sql);
    redisFree(rig->look);
    fake_slack_destroy(rig->slack);
    ps_test_pg_destroy(rig->pg);
    stop_redis(rig);
    ps_timer_destroy(rig->pulse);
    ps_loop_destroy(rig->loop);
    free(rig);
}

void notifier_rig_reset(struct notifier_rig *rig)
{
    while (rig->notifiers != NULL)
        nrig_kill(rig->notifiers);
    (void)nrig_redis(rig, "FLUSHALL");
    (void)nrig_sql(rig, "TRUNCATE outbox, watchlist, watch_rule, mute, digest RESTART IDENTITY");
    fake_slack_destroy(rig->slack);
    rig->slack = fake_slack_create(rig->loop);
}

struct fake_slack *notifier_rig_slack(struct notifier_rig *rig)
{
    return rig->slack;
}

struct ps_loop *notifier_rig_loop(struct notifier_rig *rig)
{
    return rig->loop;
}

const char *notifier_rig_redis_url(const struct notifier_rig *rig)
{
    return rig->redis_url;
}

const char *notifier_rig_pg_url(const struct notifier_rig *rig)
{
    return ps_test_pg_url(rig->pg);
}

struct settings {
    const struct notifier_rig *rig;
    const char *const *given;
};

static bool get_setting(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    const struct settings *settings = cookie;
    size_t len = strlen(name);

    (void)err;
    *out_value = NULL;
    for (size_t i = 0; settings->given != NULL && settings->given[i] != NULL; i++) {
        if (strncmp(settings->given[i], name, len) == 0 && settings->given[i][len] == '=') {
            *out_value = settings->given[i] + len + 1;
            return true;
        }
    }
    if (strcmp(name, "REDIS_URL") == 0)
        *out_value = settings->rig->redis_url;
    else if (strcmp(name, "DATABASE_URL") == 0)
        *out_value = ps_test_pg_url(settings->rig->pg);
    else if (strcmp(name, "SLACK_BOT_TOKEN") == 0)
        *out_value = "xoxb-of-the-test";
    else if (strcmp(name, "SLACK_API_URL") == 0)
        *out_value = fake_slack_url(settings->rig->slack);
    else if (strcmp(name, "SLACK_CHANNEL_INTERVAL_MS") == 0)
        *out_value = "20";
    return true;
}

static void print_bad(void *cookie, const struct ps_err *err)
{
    (void)cookie;
    (void)fprintf(stderr, "%s\n", err->what);
}

static void on_redis(void *cookie, bool up, const struct ps_err *err)
{
    struct nrig_notifier *notifier = cookie;

    (void)err;
    if (up)
        ps_heartbeat_beat(notifier->daemon.heartbeat);
    if (notifier->self != NULL)
        ps_notifier_on_server(notifier->self, up);
}

static void on_database(void *cookie, bool up, const struct ps_err *err)
{
    struct nrig_notifier *notifier = cookie;

    (void)err;
    if (notifier->self != NULL)
        ps_notifier_on_server(notifier->self, up);
}

static void observe(void *cookie, struct ps_incident_set *set)
{
    struct nrig_notifier *notifier = cookie;

    if (notifier->self != NULL)
        ps_notifier_incidents(notifier->self, set);
}

static void open_servers(struct nrig_notifier *notifier)
{
    struct ps_daemon *daemon = &notifier->daemon;
    struct ps_redis_options redis = { .url = notifier->config.redis_url,
                                      .client_name = notifier->name };
    struct ps_pg_options pg = { .url = notifier->config.database_url,
                                .application_name = notifier->name,
                                .max = (int)notifier->config.db_pool_max };
    struct ps_err err;

    daemon->redis = ps_redis_create(daemon->loop, &redis, on_redis, notifier, &err);
    assert(daemon->redis != NULL);
    daemon->redis_fitness = ps_redis_fitness_create(daemon->loop, daemon->redis);
    daemon->failures =
        ps_failure_log_create(daemon->redis, daemon->keys, daemon->metrics, daemon->component);
    daemon->heartbeat = ps_heartbeat_create(daemon->loop, daemon->redis, daemon->keys, "notifier",
                                            daemon->instance, NULL, NULL);
    daemon->pg = ps_pg_create(daemon->loop, &pg, false, on_database, notifier, &err);
    assert(daemon->pg != NULL);
    daemon->incidents = ps_incident_monitor_create(
        &(struct ps_incident_monitor_options){ .loop = daemon->loop,
                                               .redis = daemon->redis,
                                               .redis_fitness = daemon->redis_fitness,
                                               .pg = daemon->pg,
                                               .keys = daemon->keys,
                                               .instance = daemon->instance,
                                               .cookie = notifier,
                                               .observe = observe });
}

struct nrig_notifier *nrig_start(struct notifier_rig *rig, const char *name,
                                 const char *const *settings)
{
    struct nrig_notifier *notifier = ps_alloc_zero(1, sizeof(*notifier));
    struct settings given = { rig, settings };
    struct ps_err err;
    bool ok = ps_config_load(PS_COMPONENT_NOTIFIER, get_setting, &given, print_bad, NULL,
                             &notifier->config);

    assert(ok);
    notifier->rig = rig;
    notifier->name = ps_alloc_text(name);
    notifier->daemon =
        (struct ps_daemon){ .component = "notifier",
                            .instance = notifier->name,
                            .user_agent = "paperscout/test",
                            .launched_ms = ps_clock_wall_ms(),
                            .config = &notifier->config,
                            .keys = ps_keys_create(notifier->config.redis_key_prefix),
                            .loop = rig->loop,
                            .metrics = ps_metrics_create() };
    open_servers(notifier);
    ok = ps_notifier_start(&notifier->daemon, &notifier->self, &err);
    assert(ok);
    DL_APPEND(rig->notifiers, notifier);
    return notifier;
}

void nrig_signal(struct nrig_notifier *notifier, int count)
{
    ps_notifier_drain(notifier->self, count);
}

bool nrig_drained(const struct nrig_notifier *notifier)
{
    return notifier->drained;
}

void nrig_kill(struct nrig_notifier *notifier)
{
    struct ps_daemon *daemon = &notifier->daemon;
    struct notifier_rig *rig = notifier->rig;

    ps_pg_destroy(daemon->pg);
    ps_redis_destroy(daemon->redis);
    ps_notifier_destroy(notifier->self);
    ps_incident_monitor_destroy(daemon->incidents);
    ps_redis_fitness_destroy(daemon->redis_fitness);
    ps_heartbeat_destroy(daemon->heartbeat);
    ps_failure_log_destroy(daemon->failures);
    ps_metrics_destroy(daemon->metrics);
    (void)nrig_redis(rig, "DEL paperscout:instance:notifier:%s", notifier->name);
    ps_keys_destroy(daemon->keys);
    ps_config_clear(&notifier->config);
    DL_DELETE(rig->notifiers, notifier);
    free(notifier->name);
    free(notifier);
}

void *nrig_self(struct nrig_notifier *notifier)
{
    return notifier->self;
}

double nrig_metric(const struct nrig_notifier *notifier, int metric)
{
    return ps_metrics_get(notifier->daemon.metrics, (enum ps_metric)metric, NULL);
}

static bool turn_until(struct notifier_rig *rig, bool (*fn)(void *cookie), void *cookie, int64_t ms)
{
    int64_t end_ms = ps_loop_now(rig->loop) + ms;

    while (!fn(cookie)) {
        if (ps_loop_now(rig->loop) > end_ms)
            return false;
        (void)event_base_loop(ps_loop_base(rig->loop), EVLOOP_ONCE);
    }
    return true;
}

bool nrig_until(struct notifier_rig *rig, bool (*fn)(void *cookie), void *cookie, int64_t ms)
{
    int64_t given_ms = ps_test_paced(ms), more_ms;

    if (turn_until(rig, fn, cookie, given_ms))
        return true;
    more_ms = ps_test_paced_now(ms) - given_ms;
    return more_ms > 0 && turn_until(rig, fn, cookie, more_ms);
}

static bool never(void *cookie)
{
    (void)cookie;
    return false;
}

void nrig_turn(struct notifier_rig *rig, int64_t ms)
{
    (void)turn_until(rig, never, NULL, ms);
}

static const struct redisReply *command(struct notifier_rig *rig, const char *format, va_list args)
{
    if (rig->reply != NULL)
        freeReplyObject(rig->reply);
    rig->reply = redisvCommand(rig->look, format, args);
    assert(rig->reply != NULL && rig->reply->type != REDIS_REPLY_ERROR);
    return rig->reply;
}

const struct redisReply *nrig_redis(struct notifier_rig *rig, const char *format, ...)
{
    const struct redisReply *reply;
    va_list args;

    va_start(args, format);
    reply = command(rig, format, args);
    va_end(args);
    return reply;
}

int64_t nrig_number(struct notifier_rig *rig, const char *format, ...)
{
    const struct redisReply *reply;
    va_list args;

    va_start(args, format);
    reply = command(rig, format, args);
    va_end(args);
    return ps_redis_reply_int(reply, -1);
}

const char *nrig_sql(struct notifier_rig *rig, const char *format, ...)
{
    char text[8192];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    PQclear(rig->rows);
    rig->rows = PQexec(rig->sql, text);
    if (PQresultStatus(rig->rows) != PGRES_COMMAND_OK &&
        PQresultStatus(rig->rows) != PGRES_TUPLES_OK) {
        (void)fprintf(stderr, "%s: %s\n", text, PQerrorMessage(rig->sql));
        assert(false);
    }
    return PQntuples(rig->rows) > 0 ? PQgetvalue(rig->rows, 0, 0) : "";
}

static void push(struct notifier_rig *rig, const char *id, const char *channel, const char *text)
{
    struct ps_message content = { .id = ps_alloc_text(id),
                                  .kind = PS_MESSAGE_DRAFT,
                                  .channel = ps_alloc_text(channel),
                                  .text = ps_alloc_text(text),
                                  .created_ms = ps_clock_wall_ms() };
    char *json = ps_message_format(&content);

    (void)nrig_redis(rig, "RPUSH paperscout:notify %s", json);
    free(json);
    ps_message_clear(&content);
}

int64_t nrig_outbox(struct notifier_rig *rig, const char *channel, const char *text)
{
    char id[32];
    int64_t row = strtoll(nrig_sql(rig,
                                   "INSERT INTO outbox (dedupe_key, kind, channel, data, queued_at)"
                                   " VALUES ('%s/%s/' || random(), 'draft', '%s', '{}', now())"
                                   " RETURNING id",
                                   channel, text, channel),
                          NULL, 10);

    (void)nrig_sql(rig, "UPDATE outbox SET message_id = 'o%lld' WHERE id = %lld", (long long)row,
                   (long long)row);
    (void)snprintf(id, sizeof(id), "o%lld", (long long)row);
    push(rig, id, channel, text);
    return row;
}

void nrig_manual(struct notifier_rig *rig, const char *id, const char *channel, const char *text)
{
    push(rig, id, channel, text);
}

bool nrig_idle(void *cookie)
{
    return nrig_number(cookie, "EVAL %s 0",
                       "local n = redis.call('LLEN', 'paperscout:notify') "
                       "for _, k in ipairs(redis.call('KEYS', 'paperscout:notify:inflight:*')) do "
                       "n = n + redis.call('LLEN', k) end return n") == 0;
}
