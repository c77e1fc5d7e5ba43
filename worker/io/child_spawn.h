/* Starts a child program with limits.
 *
 * Place in the data flow: child_process starts the document child with it; that child starts
 * poppler's programs with it.
 *
 * A child parses hostile input, so it gets standard input and output and nothing else of ours: no
 * other descriptor, no environment but PATH and a UTF-8 locale (secrets live in ours), no new
 * privilege through a set-user-ID program, and / as its working directory. It can neither write a
 * file nor dump core, it dies with its parent, and it runs at a lower priority than the event loop.
 * Each of these is there because a compromised child would otherwise use it; remove none. */
#ifndef PS_WORKER_IO_CHILD_SPAWN_H
#define PS_WORKER_IO_CHILD_SPAWN_H
#include "shared/core/err.h"

#include <stddef.h>
#include <sys/types.h>

enum {
    PS_CHILD_EXIT_NOT_FOUND = 127, /* exit status: the program could not be executed */
    PS_CHILD_ERR_MISSING = 30001,  /* err->code: there is no such program */
};

struct ps_child_spec {
    const char *program;               /* a path; searched in PATH if it has no slash */
    char *const *argv;                 /* argv[0] included, ended by NULL */
    int in_fd;                         /* standard input, borrowed */
    int cpu_seconds;                   /* CPU time, then the kernel kills it */
    size_t memory;                     /* bytes of address space; 0: no limit */
    void (*before_exec)(void *cookie); /* runs in the child just before exec; may be NULL */
    void *cookie;
};

/**
 * ps_child_spawn(spec, out_fd, err): Start a child in a process group of its own and return its
 * process id. Set ${out_fd} to the reading end of its standard output, owned by the caller. Return
 * -1 with err if no process can be created. A program that does not exist is reported by its exit
 * status. Borrows spec for the call.
 */
pid_t ps_child_spawn(const struct ps_child_spec *spec, int *out_fd, struct ps_err *err) PS_MUST_USE;

/* Kills the child and every process that it started. The caller must still reap it. */
void ps_child_kill(pid_t child);

/**
 * ps_child_failed(name, status, err): Return whether a child that ended by itself with the wait
 * status ${status} failed. Set ${err} then; ${name} is the name of the program in its text.
 */
bool ps_child_failed(const char *name, int status, struct ps_err *err);

#endif
