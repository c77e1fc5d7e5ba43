/* One event loop a program, its timers and its end. */
#ifndef PS_IO_LOOP_H
#define PS_IO_LOOP_H
#include "shared/core/err.h"

#include <stdint.h>

struct event_base;
struct evdns_base;
struct ps_loop;
struct ps_timer;

/* Gives a loop; aborts when libevent cannot make one. SIGPIPE is ignored from here on. */
struct ps_loop *ps_loop_create(void) PS_MUST_USE;
void ps_loop_destroy(struct ps_loop *loop);
struct event_base *ps_loop_base(struct ps_loop *loop); /* borrowed */
/* Borrowed; made on first use; honours the hosts file and resolv.conf, which are read again when
 * one of them has changed, or after ps_loop_dns_doubt. Call it for each look-up. */
struct evdns_base *ps_loop_dns(struct ps_loop *loop);
/* A look-up failed: perhaps what was read is out of date. At most one reading a second follows. */
void ps_loop_dns_doubt(struct ps_loop *loop);
/* Other files than /etc/resolv.conf and /etc/hosts; before the first ps_loop_dns. Borrowed. */
void ps_loop_dns_files(struct ps_loop *loop, const char *resolv_conf, const char *hosts);
int64_t ps_loop_now(const struct ps_loop *loop); /* monotonic ms, read now */
int ps_loop_run(struct ps_loop *loop);           /* until ps_loop_stop; the code given there */
void ps_loop_stop(struct ps_loop *loop, int exit_code); /* first call wins */
/* How many ms late the loop's own 250 ms tick is: the worse of the last one and the one that is due
 * now. What /livez looks at. */
int64_t ps_loop_lag_ms(const struct ps_loop *loop);

/* count: 1 for the first SIGTERM or SIGINT, 2 for the second, … Runs on the loop. To be set once;
 * from ps_loop_destroy on both signals are ignored. */
typedef void (*ps_signal_fn)(void *cookie, int count);
void ps_loop_on_terminate(struct ps_loop *loop, ps_signal_fn fn, void *cookie);

typedef void (*ps_timer_fn)(void *cookie);
/* One-shot timer; fn runs on the loop and may set or destroy it. Borrows cookie. */
struct ps_timer *ps_timer_create(struct ps_loop *loop, ps_timer_fn fn, void *cookie) PS_MUST_USE;
void ps_timer_destroy(struct ps_timer *timer); /* NULL is fine */
void ps_timer_set(struct ps_timer *timer,
                  int64_t delay_ms); /* replaces what was set; < 0 counts as 0 */
void ps_timer_cancel(struct ps_timer *timer);
bool ps_timer_pending(const struct ps_timer *timer);

#endif
