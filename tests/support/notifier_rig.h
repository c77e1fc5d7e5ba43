/* Notifiers without their program: in the test's own loop, on a private Redis and PostgreSQL,
   beside a Slack of the test's own. */
#ifndef PS_TESTS_SUPPORT_NOTIFIER_RIG_H
#define PS_TESTS_SUPPORT_NOTIFIER_RIG_H
#include "tests/support/fake_slack.h"

#include <stdbool.h>

struct ps_daemon;
struct redisReply;
struct notifier_rig;
struct nrig_notifier; /* one notifier */

struct notifier_rig *notifier_rig_create(void); /* the schema is there */
void notifier_rig_destroy(struct notifier_rig *rig);
/* Between two tests: notifiers killed, keys and rows gone, a fresh Slack. */
void notifier_rig_reset(struct notifier_rig *rig);
struct fake_slack *notifier_rig_slack(struct notifier_rig *rig);
struct ps_loop *notifier_rig_loop(struct notifier_rig *rig);
const char *notifier_rig_redis_url(const struct notifier_rig *rig);
const char *notifier_rig_pg_url(const struct notifier_rig *rig);

/* settings: "NAME=value" …, NULL-terminated; NULL for none. Slack is the sink, with 20 ms between
   two messages of a channel, unless they say otherwise. */
struct nrig_notifier *nrig_start(struct notifier_rig *rig, const char *name,
                                 const char *const *settings);
void nrig_signal(struct nrig_notifier *notifier, int count); /* as SIGTERM does */
/* What the test's own ps_daemon_drained calls: io/daemon's is not linked where notifiers run. */
void nrig_on_drained(struct ps_daemon *daemon);
bool nrig_drained(const struct nrig_notifier *notifier);
/* As SIGKILL would: nothing more is said to Redis or PostgreSQL, and its heartbeat is over. */
void nrig_kill(struct nrig_notifier *notifier);
void *nrig_self(struct nrig_notifier *notifier); /* the struct ps_notifier */
double nrig_metric(const struct nrig_notifier *notifier, int metric);

/* Turns the loop until fn(cookie) is true; false when it was not within ms. */
bool nrig_until(struct notifier_rig *rig, bool (*fn)(void *cookie), void *cookie, int64_t ms);
void nrig_turn(struct notifier_rig *rig, int64_t ms);

/* A command on a connection of the test's own; borrowed until the next. Keys are written whole. */
const struct redisReply *nrig_redis(struct notifier_rig *rig, const char *format, ...);
int64_t nrig_number(struct notifier_rig *rig, const char *format, ...);
/* One statement; the first column of its first row as text, "" when there is none; borrowed. */
const char *nrig_sql(struct notifier_rig *rig, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A row in the outbox and its message "o<id>" at the end of the list; gives the id. */
int64_t nrig_outbox(struct notifier_rig *rig, const char *channel, const char *text);
/* A message that the outbox does not know. */
void nrig_manual(struct notifier_rig *rig, const char *id, const char *channel, const char *text);
/* The list and every in-flight list are empty. */
bool nrig_idle(void *rig);

#endif
