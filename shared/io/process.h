/* This process as the kernel sees it: resource metrics, limits, signal state. */
#ifndef PS_IO_PROCESS_H
#define PS_IO_PROCESS_H
#include "shared/core/metrics.h"

/* Sets the process_… metrics, under the names that all Prometheus clients use. Skips values that
 * cannot be read; reads /proc only, so it never blocks. */
void ps_process_metrics(struct ps_metrics *metrics);

/* Raises the limit of open files to 65536 or to the hard limit: the usual 1024 are fewer than the
 * connections that the settings allow. Only for programs without select(2). */
void ps_process_allow_files(void);

/* Resets what a parent process may have left: an ignored SIGCHLD, which would hide the exit status
 * of our children, and blocked SIGCHLD, SIGTERM and SIGINT, which would keep the program from
 * stopping. */
void ps_process_reset_signals(void);

/* The memory of a daemon holds tokens and passwords: a crash writes no core file, and other
 * processes of the same user cannot trace it or read its memory and environment. For the process'
 * life; a program that it executes is without it, apart from the core file. */
void ps_process_keep_secrets(void);

#endif
