/* A name server that is away holds up the request that waits for it, and nothing else. */
/* RTLD_NEXT needs it. */
#define _GNU_SOURCE
#include "shared/io/clock.h"
#include "shared/io/http_client.h"

#include <dlfcn.h>
#include <event2/event.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { AWAY_SECONDS = 4, CALLS = 5 };

typedef int (*lookup_fn)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* curl's threads look names up with the C library's, which waits so long for name servers that are
 * away: this one is found before it. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    static const char away[] = "away.invalid";
    struct timespec wait = { .tv_sec = AWAY_SECONDS };
    lookup_fn next;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");

    if (name != NULL && strcmp(name, away) == 0) {
        (void)nanosleep(&wait, NULL);
        return EAI_AGAIN;
    }
    memcpy(&next, &found, sizeof(next));
    return next(name, service, hints, out);
}

struct rig {
    struct ps_loop *loop;
    struct ps_http *http;
    int answered;
    int timeouts;
    int64_t turned_ms; /* when the loop turned last */
    int64_t worst_ms;  /* the longest it did not */
};

static void on_answer(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct rig *rig = cookie;

    (void)reply;
    rig->answered++;
    rig->timeouts += err != NULL && err->category == PS_FAILURE_TIMEOUT;
}

static void on_beat(evutil_socket_t fd, short what, void *cookie)
{
    struct rig *rig = cookie;
    int64_t now = ps_clock_mono_ms();

    (void)fd;
    (void)what;
    if (now - rig->turned_ms > rig->worst_ms)
        rig->worst_ms = now - rig->turned_ms;
    rig->turned_ms = now;
}

static struct ps_http_call *ask(struct rig *rig, int64_t timeout_ms)
{
    struct ps_http_request request = { .method = PS_HTTP_HEAD,
                                       .url = "http://away.invalid/x.pdf",
                                       .timeout_ms = timeout_ms };
    struct ps_err err;
    struct ps_http_call *call = ps_http_send(rig->http, &request, on_answer, rig, &err);

    assert_non_null(call);
    return call;
}

static void turn(struct rig *rig, int answers, int64_t ms)
{
    int64_t end = ps_clock_mono_ms() + ms;

    while (rig->answered < answers && ps_clock_mono_ms() < end)
        (void)event_base_loop(ps_loop_base(rig->loop), EVLOOP_ONCE);
    on_beat(-1, 0, rig);
}

static void a_lookup_that_hangs_stops_no_loop(void **state)
{
    struct rig rig = { .loop = ps_loop_create() };
    struct ps_http_options options = { .user_agent = "test", .allow_private = true };
    struct event *beat = event_new(ps_loop_base(rig.loop), -1, EV_PERSIST, on_beat, &rig);
    struct timeval often = { .tv_usec = 20000 };
    struct ps_http_call *calls[CALLS];

    (void)state;
    rig.http = ps_http_create(rig.loop, &options);
    (void)event_add(beat, &often);
    rig.turned_ms = ps_clock_mono_ms();
    for (int i = 0; i < CALLS; i++)
        (void)ask(&rig, 300);
    turn(&rig, CALLS, 10000);
    assert_int_equal(rig.timeouts, CALLS);
    for (int i = 0; i < CALLS; i++)
        calls[i] = ask(&rig, 60000);
    turn(&rig, CALLS + 1, 200);
    for (int i = 0; i < CALLS; i++)
        ps_http_cancel(calls[i]);
    (void)ask(&rig, 60000);
    turn(&rig, CALLS + 1, 200);
    ps_http_destroy(rig.http);
    on_beat(-1, 0, &rig);
    if (rig.worst_ms >= 1500)
        fail_msg("the loop stood still for %lld ms", (long long)rig.worst_ms);
    event_free(beat);
    ps_loop_destroy(rig.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lookup_that_hangs_stops_no_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
