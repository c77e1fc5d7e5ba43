/* The inside of a Redis connection, shared by redis.c (the link to a server), redis_command.c (the
 * commands on it) and redis_handshake.c (from connected to ready). No other file includes it. One
 * struct holds both parts, because a lost link ends its commands.
 *
 * The life of a link: WAIT → CONNECT → READY → UP → WAIT, or from any of them → DOOMED → WAIT.
 * READY and DOOMED each last until the next turn of the loop: the owner's callback and the end of
 * the link must not run inside a call of the owner or inside a callback of hiredis. */
#ifndef PS_IO_REDIS_PRIVATE_H
#define PS_IO_REDIS_PRIVATE_H
#include "shared/core/url.h"
#include "shared/io/redis.h"
#include "shared/io/redis_tls.h"

#include <hiredis/async.h>
#include <sys/queue.h>

enum ps_redis_phase {
    PS_REDIS_PHASE_WAIT,    /* between two attempts */
    PS_REDIS_PHASE_CONNECT, /* asking Sentinels, resolving, connecting, handshake */
    PS_REDIS_PHASE_READY,   /* handshake done; on_state runs on the next turn of the loop */
    PS_REDIS_PHASE_UP,
    PS_REDIS_PHASE_DOOMED /* no longer usable; closed on the next turn of the loop */
};

enum ps_redis_reported { PS_REDIS_REPORTED_NOTHING, PS_REDIS_REPORTED_UP, PS_REDIS_REPORTED_DOWN };

struct ps_redis_command {
    TAILQ_ENTRY(ps_redis_command) link;
    struct ps_redis *redis;
    ps_redis_fn fn;
    void *cookie;
    int64_t sent_ms;    /* monotonic */
    int64_t timeout_ms; /* see command_timeout_ms of struct ps_redis_options */
    int code;           /* of a command that was refused and never sent: OFFLINE or ENOBUFS */
};
TAILQ_HEAD(ps_redis_commands, ps_redis_command);

struct ps_redis {
    struct ps_loop *loop;
    struct ps_redis_url url;
    char *const *url_source;      /* borrowed; NULL: url never changes */
    char *url_text;               /* owned; what url was parsed from */
    char *where;                  /* owned; host and port, or path, for errors */
    struct ps_sentinel *sentinel; /* owned; NULL: connect to the host of the URL */
    char host[PS_URL_HOST];       /* to connect to: from the URL, a Sentinel, or MOVED */
    uint16_t port;
    bool moved;                   /* host and port come from a MOVED reply of a Redis Cluster */
    char other_host[PS_URL_HOST]; /* the other master that the last answer named; "": none */
    uint16_t other_port;
    struct ps_timer *look; /* asks the Sentinels while the connection is up */
    char *client_name;
    struct ps_redis_tls tls;
    char *ca_file, *cert_file, *key_file; /* what tls borrows */
    int64_t connect_timeout_ms;
    int64_t command_timeout_ms;
    ps_redis_state_fn on_state;
    void *cookie;

    enum ps_redis_phase phase;
    enum ps_redis_reported reported;
    struct ps_err reported_why;   /* the error of the last on_state(false) */
    struct ps_err why;            /* of the last loss */
    redisAsyncContext *context;   /* NULL: no link, or one that hiredis is freeing */
    struct ssl_st *session;       /* a reference to the TLS session of context; NULL: no TLS */
    struct ps_address_walk *walk; /* over the addresses of host */
    char walked[PS_URL_HOST];     /* the host of walk; "" before the first */
    int attempt;                  /* consecutive failed attempts, for the backoff; at most 30 */
    uint64_t ups;                 /* how often the connection came up */
    int64_t up_since_ms;          /* monotonic; 0: not up */

    struct ps_redis_commands sent;    /* oldest first: Redis answers in order */
    int outstanding;                  /* length of sent */
    int64_t answer_ms;                /* monotonic: when the last answer arrived */
    struct ps_redis_commands refused; /* never sent; their callbacks run from later */
    int in_callback;                  /* depth of running ps_redis_fn; destroy asserts 0 */
    const char **argv;                /* scratch of ps_redis_transmit, with lengths */
    size_t *lengths;
    size_t argv_size;

    struct ps_timer *deadline; /* of the attempt to connect, or of the oldest command */
    int64_t deadline_at_ms;    /* monotonic */
    struct ps_timer *retry;    /* the next attempt */
    struct ps_timer *later; /* runs what must not happen inside a call of the owner or of hiredis */
};

/* redis.c: the link */

/* Marks the link as DOOMED because of err; it closes on the next turn of the loop, because the
 * caller may be inside a callback of this link. Does nothing without a link. */
void ps_redis_doom(struct ps_redis *redis, const struct ps_err *err);
/* hiredis reports that context is gone. Ignored if the link was given up before. */
void ps_redis_link_lost(struct ps_redis *redis, const redisAsyncContext *context);
/* Takes the address of the next connection from text, "MOVED slot host:port". All keys of the
 * project are in one slot, so one node holds all of them. */
void ps_redis_follow(struct ps_redis *redis, const char *text);

/* redis_command.c: commands that were sent and wait for their answers */

/* Never NULL. An fn of NULL becomes ps_redis_ignore. */
struct ps_redis_command *ps_redis_command_create(struct ps_redis *redis, int64_t timeout_ms,
                                                 ps_redis_fn fn, void *cookie);
/* Sends command and takes it. On false the link is ending and the caller still owns command. */
bool ps_redis_transmit(struct ps_redis *redis, struct ps_redis_command *command,
                       const struct ps_str *args, size_t count) PS_MUST_USE;
/* Returns when the oldest command times out (monotonic ms); INT64_MAX if none waits. */
int64_t ps_redis_head_due_ms(const struct ps_redis *redis);
/* Sets the deadline for the oldest command, unless an earlier one is set already: the timer then
 * fires early and calls this again. Saves one timer change for each command. */
void ps_redis_fitness_head(struct ps_redis *redis);
/* Runs the callbacks of the commands that were never sent. */
void ps_redis_answer_refused(struct ps_redis *redis);

/* redis_handshake.c: from connected to ready */

/* Sends AUTH, CLIENT SETNAME, SELECT and ROLE where the options ask for them, and PING. If all
 * succeed, the phase becomes READY; otherwise the link is doomed. */
void ps_redis_handshake(struct ps_redis *redis);

#endif
