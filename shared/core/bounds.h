/* The smaller and the larger of two numbers. */
#ifndef PS_CORE_BOUNDS_H
#define PS_CORE_BOUNDS_H
#include <stddef.h>
#include <stdint.h>

static inline size_t ps_min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline int64_t ps_min_int(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t ps_max_int(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
