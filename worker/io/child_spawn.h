/* A child program with limits: what both the worker and its document reader start programs with.
 *
 * A child gets standard input and output and nothing else of ours: no other descriptor, no
 * environment (secrets live there) but PATH and a UTF-8 locale, no privilege that a set-user-ID
 * program could give it, and the folder / as its own. It can write no file and dump no core, and
 * dies with its parent. It runs with less priority than the event loop. */
#ifndef PS_WORKER_IO_CHILD_SPAWN_H
#define PS_WORKER_IO_CHILD_SPAWN_H
#include "shared/core/err.h"

#include <stddef.h>
#include <sys/types.h>

enum { PS_CHILD_EXIT_NOT_FOUND = 127 }; /* exit status: the program could not be executed */

struct ps_child_spec {
    const char *program;               /* path; searched in PATH if it has no slash */
    char *const *argv;                 /* argv[0] included, ended by NULL */
    int in_fd;                         /* standard input, borrowed */
    int cpu_seconds;                   /* CPU time */
    size_t memory;                     /* bytes of address space; 0: no limit */
    void (*before_exec)(void *cookie); /* runs in the child, last before exec; NULL for none */
    void *cookie;
};

/**
 * ps_child_spawn(spec, out_fd, err): Start a child in a process group of its own and return its id;
 * ${out_fd}, owned by the caller, is the reading end of its standard output. Return -1 with err if
 * there can be no child.
 */
pid_t ps_child_spawn(const struct ps_child_spec *spec, int *out_fd, struct ps_err *err) PS_MUST_USE;

/* Ends the child and what it started. */
void ps_child_kill(pid_t child);

/**
 * ps_child_failed(name, status, err): Whether a child that ended by itself with the wait status
 * ${status} failed; then ${err} says how.
 */
bool ps_child_failed(const char *name, int status, struct ps_err *err);

enum { PS_CHILD_ERR_MISSING = 30001 }; /* err->code: there is no such program */

#endif
