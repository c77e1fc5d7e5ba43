/* Limits what a bug in a parser can do to the machine.
 *
 * Place in the data flow: document_child applies it to itself before it parses, and to poppler's
 * programs before it executes them.
 *
 * With Landlock a process reads files only where programs and fonts are, writes none, and executes
 * only the named programs. With seccomp it has no sockets, no ptrace and related calls, cannot open
 * a file for writing and cannot signal, slow down or limit other processes. A process of root
 * becomes nobody first, where nobody may execute the programs. All are best effort: on a kernel
 * without them the limits of child_spawn still hold, and WORKER-START says what the kernel offers.
 */
#ifndef PS_WORKER_IO_SANDBOX_H
#define PS_WORKER_IO_SANDBOX_H

enum ps_sandbox {
    PS_SANDBOX_PARSER,  /* this process parses: it executes no program and creates no process */
    PS_SANDBOX_PROGRAM, /* this process executes one of the named programs next */
};

/* Locks the calling process for the rest of its life. programs lists the paths that may be
 * executed, ended by NULL; it is used with PS_SANDBOX_PROGRAM only. PR_SET_NO_NEW_PRIVS must have
 * been set (child_spawn does). Open descriptors stay usable. */
void ps_sandbox_enter(enum ps_sandbox kind, const char *const *programs);

/* Describes what the kernel offers, for the log: "Landlock 7, seccomp". Borrowed. */
const char *ps_sandbox_describe(void);

#endif
