/* Runs one child program on the event loop, with limits on its output and its time.
 *
 * Place in the data flow: document_parser -> this -> child_spawn.
 *
 * The input is a nameless file in memory that is complete before the child starts. So the loop
 * never waits for the child to read, and nothing is written to a disk. */
#ifndef PS_WORKER_IO_CHILD_PROCESS_H
#define PS_WORKER_IO_CHILD_PROCESS_H
#include "shared/io/loop.h"
#include "worker/io/child_spawn.h"

struct ps_child;

struct ps_child_limits {
    int64_t timeout_ms; /* wall time */
    size_t max_output;  /* bytes of standard output; more is an error */
};

/* output is borrowed for the call; it is NULL with err when the child failed. Runs on the loop,
 * once, never before ps_child_start returned, after the process was reaped. The child is freed
 * after it. */
typedef void (*ps_child_fn)(void *cookie, const char *output, size_t len, const struct ps_err *err);

/* Borrows loop for the life of the child, spec and limits for the call. Returns NULL with err if no
 * process can be created. */
struct ps_child *ps_child_start(struct ps_loop *loop, const struct ps_child_spec *spec,
                                const struct ps_child_limits *limits, ps_child_fn fn, void *cookie,
                                struct ps_err *err) PS_MUST_USE;
/* Kills the process and frees the child; fn is never called. NULL is allowed. */
void ps_child_cancel(struct ps_child *child);

/* Creates the input for a child: the descriptor of an empty file in memory, owned by the caller.
 * Returns -1 with errno on failure. */
int ps_child_input_create(void);
/* Appends to it. Returns false with errno when there is no memory. */
bool ps_child_input_add(int fd, const char *data, size_t len) PS_MUST_USE;

#endif
