#include "shared/io/clock.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>
#include <time.h>

/* A lease that its holder slept through must be over when it wakes: Linux counts suspend in
 * CLOCK_BOOTTIME only. */
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
    uint64_t bits = 0;
    ssize_t got;

    do
        got = getrandom(&bits, sizeof(bits), 0);
    while (got < 0 && errno == EINTR);
    assert(got == (ssize_t)sizeof(bits));
    return (double)(bits >> 11) * 0x1p-53;
}
