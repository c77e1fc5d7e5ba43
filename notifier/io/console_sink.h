/* The console sink: one JSON line a message on standard output. */
#ifndef PS_NOTIFIER_CONSOLE_SINK_H
#define PS_NOTIFIER_CONSOLE_SINK_H
#include "notifier/io/sink.h"
#include "shared/io/loop.h"

/* Writes to fd (borrowed), never blocking the loop: a message counts as sent once its line is
   written, and as many wait as the caller sends. A reader that went away is a CONFIGURATION fault:
   messages wait. */
struct ps_sink ps_console_sink_create(struct ps_loop *loop, int fd) PS_MUST_USE;
/* The same in shadow mode: each line's object begins with "shadow":true. */
struct ps_sink ps_console_sink_create_shadow(struct ps_loop *loop, int fd) PS_MUST_USE;

#endif
