#include "tests/support/raw.h"

#include "tests/support/servers.h"

#include "shared/io/clock.h"
#include "shared/io/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

void ps_test_turn(struct ps_loop *loop)
{
    const struct timespec pause = { 0, 500000 };

    assert_true(event_base_loop(ps_loop_base(loop), EVLOOP_NONBLOCK) >= 0);
    (void)nanosleep(&pause, NULL);
}

void ps_test_raw_open(struct ps_test_raw *raw, struct ps_loop *loop, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

    memset(raw, 0, sizeof(*raw));
    raw->loop = loop;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    raw->text = calloc(1, PS_TEST_RAW_CAP + 1);
    assert_non_null(raw->text);
    raw->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(raw->fd >= 0);
    /* The kernel completes it; the server accepts later. */
    assert_int_equal(connect(raw->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

void ps_test_raw_close(struct ps_test_raw *raw)
{
    if (raw->fd >= 0)
        (void)close(raw->fd);
    raw->fd = -1;
    free(raw->text);
    raw->text = NULL;
}

static void read_some(struct ps_test_raw *raw)
{
    ssize_t got;

    ps_test_turn(raw->loop);
    while (!raw->closed && raw->len < PS_TEST_RAW_CAP) {
        got = recv(raw->fd, raw->text + raw->len, PS_TEST_RAW_CAP - raw->len, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0)
            raw->closed = true;
        else
            raw->len += (size_t)got;
        raw->text[raw->len] = '\0';
    }
}

void ps_test_raw_send(struct ps_test_raw *raw, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(raw->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return; /* the server has closed: what it said before can still be read */
        if (sent > 0) {
            text += sent;
            len -= (size_t)sent;
        }
        read_some(raw);
    }
}

void ps_test_raw_text(struct ps_test_raw *raw, const char *text)
{
    ps_test_raw_send(raw, text, strlen(text));
}

int ps_test_raw_count(const struct ps_test_raw *raw, const char *want)
{
    int count = 0;

    for (const char *at = raw->text; (at = strstr(at, want)) != NULL; at++)
        count++;
    return count;
}

bool ps_test_raw_until(struct ps_test_raw *raw, const char *want, int count, int64_t ms)
{
    int64_t end = ps_clock_mono_ms() + ps_test_paced(ms);

    while (ps_test_raw_count(raw, want) < count && !raw->closed && ps_clock_mono_ms() < end)
        read_some(raw);
    return ps_test_raw_count(raw, want) >= count;
}

bool ps_test_raw_until_closed(struct ps_test_raw *raw, int64_t ms)
{
    int64_t end = ps_clock_mono_ms() + ps_test_paced(ms);

    while (!raw->closed && ps_clock_mono_ms() < end)
        read_some(raw);
    return raw->closed;
}
