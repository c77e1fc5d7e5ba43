/* What the files of io/redis share; nobody else includes it. One struct: the link to a server
 * (redis.c) and the commands on it (redis_command.c) fall together. */
#ifndef PS_IO_REDIS_PRIVATE_H
#define PS_IO_REDIS_PRIVATE_H
#include "shared/core/url.h"
#include "shared/io/redis.h"
#include "shared/io/redis_tls.h"

#include <hiredis/async.h>
#include <sys/queue.h>

enum ps_redis_phase {
    PS_REDIS_PHASE_WAIT,    /* between two tries */
    PS_REDIS_PHASE_CONNECT, /* looking up, connecting, greeting */
    PS_REDIS_PHASE_READY,   /* greeted; reported on the loop's next turn */
    PS_REDIS_PHASE_UP,
    PS_REDIS_PHASE_DOOMED /* to be torn down on the loop's next turn */
};

enum ps_redis_reported { PS_REDIS_REPORTED_NOTHING, PS_REDIS_REPORTED_UP, PS_REDIS_REPORTED_DOWN };

struct ps_redis_command {
    TAILQ_ENTRY(ps_redis_command) link;
    struct ps_redis *redis;
    ps_redis_fn fn;
    void *cookie;
    int64_t sent_ms;
    int64_t timeout_ms;
    int code; /* of a command that was refused: never sent */
};
TAILQ_HEAD(ps_redis_commands, ps_redis_command);

struct ps_redis {
    struct ps_loop *loop;
    struct ps_redis_url url;
    char *const *url_source;      /* borrowed; NULL: url never changes */
    char *url_text;               /* owned; what url was parsed from */
    char *where;                  /* for errors: host and port, or path */
    struct ps_sentinel *sentinel; /* NULL: the URL says where */
    char host[PS_URL_HOST];       /* where to connect to; of the URL, or what Sentinel said */
    uint16_t port;
    bool moved;                   /* host and port are what a node of a Redis Cluster named */
    char other_host[PS_URL_HOST]; /* another master that the last look found, once; "" for none */
    uint16_t other_port;
    struct ps_timer *look;
    char *client_name;
    struct ps_redis_tls tls;
    char *ca_file, *cert_file, *key_file; /* what tls borrows */
    int64_t connect_timeout_ms;
    int64_t command_timeout_ms;
    ps_redis_state_fn on_state;
    void *cookie;

    enum ps_redis_phase phase;
    enum ps_redis_reported reported;
    struct ps_err reported_why;   /* of PS_REDIS_REPORTED_DOWN */
    struct ps_err why;            /* of the last loss */
    redisAsyncContext *context;   /* NULL once we have let go of it */
    struct ssl_st *session;       /* of the context, where it is TLS */
    struct ps_address_walk *walk; /* over the addresses of host */
    char walked[PS_URL_HOST];     /* the host that it walks over; "" before the first */
    int attempt;
    uint64_t ups;
    int64_t up_since_ms;

    struct ps_redis_commands sent; /* oldest first, as Redis answers */
    int outstanding;
    int64_t answer_ms; /* when the last answer came */
    struct ps_redis_commands refused;
    int in_callback;
    const char **argv; /* scratch */
    size_t *lengths;
    size_t argv_size;

    struct ps_timer *deadline;
    int64_t deadline_at_ms;
    struct ps_timer *retry;
    struct ps_timer *later; /* what must not happen inside the owner's call */
};

/* redis.c: the link */

/* Tears down on the loop's next turn: we may be inside a callback of this very link. */
void ps_redis_doom(struct ps_redis *redis, const struct ps_err *err);
/* hiredis says that context is gone. */
void ps_redis_link_lost(struct ps_redis *redis, const redisAsyncContext *context);
/* text: "MOVED slot host:port". All our keys are in one slot, so the next connection goes there. */
void ps_redis_follow(struct ps_redis *redis, const char *text);

/* redis_command.c: what was sent and waits for its answer */

struct ps_redis_command *ps_redis_command_create(struct ps_redis *redis, int64_t timeout_ms,
                                                 ps_redis_fn fn, void *cookie);
/* Takes command, unless it answers false: the link is going. */
bool ps_redis_transmit(struct ps_redis *redis, struct ps_redis_command *command,
                       const struct ps_str *args, size_t count) PS_MUST_USE;
int64_t ps_redis_head_due_ms(const struct ps_redis *redis); /* INT64_MAX: nothing waits */
/* Sets the deadline's timer for the oldest command: forward only; when it fires early it looks
 * again. */
void ps_redis_fitness_head(struct ps_redis *redis);
/* Calls back the owners of commands that were never sent. */
void ps_redis_answer_refused(struct ps_redis *redis);

/* redis_greet.c: from connected to ready */

/* Sends AUTH, CLIENT SETNAME, SELECT, ROLE and PING as they are called for; then the phase is
 * READY, or the link is doomed. */
void ps_redis_handshake(struct ps_redis *redis);

#endif
