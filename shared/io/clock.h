/* The only reader of time and of random numbers.
 *
 * core/ takes both as arguments, so that unit tests can state them. The monotonic clock counts the
 * time in which the machine is suspended: a lease that expired during suspend must be expired when
 * its holder wakes up. */
#ifndef PS_IO_CLOCK_H
#define PS_IO_CLOCK_H
#include <stdint.h>

int64_t ps_clock_wall_ms(void); /* since 1970-01-01 UTC; may jump back */
int64_t ps_clock_mono_ms(void); /* never goes back; only differences mean anything */
int64_t ps_clock_mono_us(void);
int64_t ps_clock_cpu_us(void); /* processor time that this thread has used */
double ps_clock_random(void);  /* 0 <= r < 1, from the kernel's random numbers */

#endif
