/* The only reader of time and randomness. */
#ifndef PS_IO_CLOCK_H
#define PS_IO_CLOCK_H
#include <stdint.h>

int64_t ps_clock_wall_ms(void); /* since 1970 */
int64_t ps_clock_mono_ms(void); /* never goes back; counts through suspend where the system can */
int64_t ps_clock_mono_us(void);
double ps_clock_random(void); /* 0 <= r < 1, from the kernel's random numbers */

#endif
