/* One child program on the event loop: bytes in, at most so many bytes out, within so much time. */
#ifndef PS_WORKER_IO_CHILD_PROCESS_H
#define PS_WORKER_IO_CHILD_PROCESS_H
#include "shared/io/loop.h"
#include "worker/io/child_spawn.h"

struct ps_child;

struct ps_child_limits {
    int64_t timeout_ms; /* wall time */
    size_t max_output;  /* bytes of its standard output; more is an error */
};

/* output: borrowed for the call; NULL with err unless the child ended well. Runs on the loop, once,
 * never before ps_child_start returned; the child is gone and reaped then. */
typedef void (*ps_child_fn)(void *cookie, const char *output, size_t len, const struct ps_err *err);

/* Borrows loop; spec for the call alone. NULL with err if there can be no child. */
struct ps_child *ps_child_start(struct ps_loop *loop, const struct ps_child_spec *spec,
                                const struct ps_child_limits *limits, ps_child_fn fn, void *cookie,
                                struct ps_err *err) PS_MUST_USE;
void ps_child_cancel(struct ps_child *child); /* kills it; fn will not run; NULL is fine */

/* Gives a descriptor of a nameless file in memory, -1 with errno if there can be none: input for a
 * child that never touches a disk. */
int ps_child_input_create(void);
/* Appends; false with errno. A child reads from the beginning. */
bool ps_child_input_add(int fd, const char *data, size_t len) PS_MUST_USE;

#endif
