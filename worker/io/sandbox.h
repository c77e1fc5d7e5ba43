/* Locks a process that handles a hostile document: what a parser bug can still do after it.
 *
 * Applied by the child that reads a document (document_child), on itself and on poppler's programs.
 * Where the kernel has Landlock, files can be read only where programs and fonts are, none can be
 * written, and only the named programs can be executed. Where it has seccomp, there are no sockets,
 * no ptrace and its relatives, no opening for writing, no signals to others. Both are best effort:
 * on a kernel without them the limits of child_spawn still hold. */
#ifndef PS_WORKER_IO_SANDBOX_H
#define PS_WORKER_IO_SANDBOX_H

enum ps_sandbox {
    PS_SANDBOX_PARSER,  /* this process parses: it executes nothing and makes no process */
    PS_SANDBOX_PROGRAM, /* one of programs is executed next */
};

/* programs: paths that may be executed, ended by NULL; of PS_SANDBOX_PROGRAM only. Needs
 * PR_SET_NO_NEW_PRIVS to have been set. Descriptors that are open stay usable. */
void ps_sandbox_enter(enum ps_sandbox kind, const char *const *programs);

/* What the kernel offers, for people: "Landlock 7, seccomp". Borrowed. */
const char *ps_sandbox_describe(void);

#endif
