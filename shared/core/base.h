/* Compiler attributes shared by every header. */
#ifndef PS_CORE_BASE_H
#define PS_CORE_BASE_H

#define PS_MUST_USE           __attribute__((warn_unused_result))
#define PS_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define PS_UNUSED             __attribute__((unused))
#define PS_COUNT_OF(array)    (sizeof(array) / sizeof((array)[0]))

#endif
