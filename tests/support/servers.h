/* A private redis-server in a temporary folder, for one test program; and a loop that runs until a
 * condition holds. Everything here ends the test program with a message when it cannot do its part.
 */
#ifndef PS_TESTS_SERVERS_H
#define PS_TESTS_SERVERS_H
#include "embedded/scripts.h"
#include "shared/io/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct redisReply;
struct ps_test_redis; /* the server */

/* On a free loopback port and a unix socket. config: lines for redis.conf, NULL for none. */
struct ps_test_redis *ps_test_redis_start(const char *config);
void ps_test_redis_destroy(struct ps_test_redis *server); /* ends it, removes the folder */
void ps_test_redis_kill(struct ps_test_redis *server);    /* SIGKILL; what is in memory is gone */
/* Starts what was killed, on the same port, with config when it is not NULL. Waits until it takes
 * connections (not until it has loaded). */
void ps_test_redis_up(struct ps_test_redis *server, const char *config);
void ps_test_redis_pause(struct ps_test_redis *server);  /* SIGSTOP */
void ps_test_redis_resume(struct ps_test_redis *server); /* SIGCONT */
const char *ps_test_redis_url(const struct ps_test_redis *server);
const char *ps_test_redis_unix_url(const struct ps_test_redis *server);
uint16_t ps_test_redis_port(const struct ps_test_redis *server);

/* Runs one command (redisCommand's format) on a connection of its own, blocking, and gives the
   reply as text until the next call: 7, text, nil, [a b [c]]; an error as !WORD, its first word. */
const char *ps_test_redis_do(struct ps_test_redis *server, const char *format, ...);
long long ps_test_redis_int(struct ps_test_redis *server, const char *format, ...);
/* The same for a script; keys and args end with NULL. */
const char *ps_test_redis_script(struct ps_test_redis *server, enum ps_script script,
                                 const char *const *keys, const char *const *args);
/* Number of a line "name:number" of INFO section. */
long long ps_test_redis_info(struct ps_test_redis *server, const char *section, const char *name);

/* A limit of ms milliseconds on a quiet machine, for this one: multiplied by PAPERSCOUT_TEST_PACE,
 * which deploy/test.sh measures. */
int64_t ps_test_paced(int64_t ms);
/* The same limit with the machine as busy as it is now, which is measured: takes 100 ms of
 * processor time. */
int64_t ps_test_paced_now(int64_t ms);

/* Runs the loop until condition(cookie) holds; false when timeout_ms (paced, also
   by how busy the machine is at its end) passed first. */
bool ps_test_run_until(struct ps_loop *loop, bool (*condition)(void *cookie), void *cookie,
                       int64_t timeout_ms);
void ps_test_run_for(struct ps_loop *loop, int64_t ms);
void ps_test_sleep_ms(int64_t ms);

#endif
