#include "shared/io/clock.h"

#include "shared/core/base.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>
#include <time.h>

/* Linux counts the time of a suspend in CLOCK_BOOTTIME only; see the header for why it must count.
 */
#ifdef CLOCK_BOOTTIME
#define MONO_CLOCK CLOCK_BOOTTIME
#else
#define MONO_CLOCK CLOCK_MONOTONIC
#endif

static int64_t read_us(clockid_t clock)
{
    struct timespec now;
    int rc = clock_gettime(clock, &now);

    assert(rc == 0);
    (void)rc;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t ps_clock_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t ps_clock_mono_ms(void)
{
    return read_us(MONO_CLOCK) / 1000;
}

int64_t ps_clock_mono_us(void)
{
    return read_us(MONO_CLOCK);
}

double ps_clock_random(void)
{
    static uint64_t stock[32]; /* up to 256 bytes, getrandom(2) never returns a part */
    static size_t left = 0;
    ssize_t got;

    while (left == 0) {
        got = getrandom(stock, sizeof(stock), 0);
        assert(got == (ssize_t)sizeof(stock) || errno == EINTR);
        left = got < 0 ? 0 : PS_COUNT_OF(stock);
    }
    /* The upper 53 bits: as many as a double can hold exactly. */
    return (double)(stock[--left] >> 11) * 0x1p-53;
}

int64_t ps_clock_cpu_us(void)
{
    struct timespec used;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}
