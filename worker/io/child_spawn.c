/* for close_range, execvpe and pipe2 */
#define _GNU_SOURCE
#include "worker/io/child_spawn.h"

#include "shared/core/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES_MAX = 32, NICE = 10, EXIT_CANNOT_PREPARE = 126 };

static void set_limit(enum __rlimit_resource resource, rlim_t most)
{
    struct rlimit limit = { most, most };

    (void)setrlimit(resource, &limit);
}

/* Runs in the child between fork and exec. Only async-signal-safe calls are allowed here; the one
 * exception is before_exec, which document_child calls from a process with a single thread. */
static void become_program(const struct ps_child_spec *spec, char *const *env, int out_fd,
                           pid_t parent)
{
    int null_fd = open("/dev/null", O_WRONLY);
    sigset_t no_signals;

    (void)sigemptyset(&no_signals);
    (void)sigprocmask(SIG_SETMASK, &no_signals, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGCHLD, SIG_DFL);
    if (null_fd < 0 || dup2(spec->in_fd, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(null_fd, 2) < 0 ||
        chdir("/") != 0)
        _exit(EXIT_CANNOT_PREPARE);
    if (close_range(3, ~0U, 0) != 0) /* a kernel older than 5.9 */
        for (int fd = 3; fd < 1024; fd++)
            (void)close(fd);
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* the parent died before PR_SET_PDEATHSIG took effect */
        _exit(EXIT_CANNOT_PREPARE);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(EXIT_CANNOT_PREPARE);
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_FSIZE, 0);
    set_limit(RLIMIT_NOFILE, FILES_MAX);
    set_limit(RLIMIT_CPU, (rlim_t)spec->cpu_seconds);
    if (spec->memory > 0)
        set_limit(RLIMIT_AS, (rlim_t)spec->memory);
    if (spec->before_exec != NULL)
        spec->before_exec(spec->cookie);
    (void)execvpe(spec->program, spec->argv, env);
    _exit(PS_CHILD_EXIT_NOT_FOUND);
}

pid_t ps_child_spawn(const struct ps_child_spec *spec, int *out_fd, struct ps_err *err)
{
    static char locale[] = "LC_ALL=C.UTF-8";
    const char *path = getenv("PATH");
    char *path_env = ps_alloc_format("PATH=%s", path == NULL ? "/usr/bin:/bin" : path);
    char *const env[] = { path_env, locale, NULL };
    int ends[2] = { -1, -1 };
    pid_t parent = getpid();
    pid_t child = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    int error = errno;

    if (child == 0)
        become_program(spec, env, ends[1], parent);
    free(path_env);
    if (ends[1] >= 0)
        (void)close(ends[1]);
    if (child < 0) {
        if (ends[0] >= 0)
            (void)close(ends[0]);
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, error, "%s cannot be started: %s", spec->argv[0],
                      strerror(error));
        return -1;
    }
    *out_fd = ends[0];
    return child;
}

void ps_child_kill(pid_t child)
{
    if (child > 0 && kill(-child, SIGKILL) != 0)
        (void)kill(child, SIGKILL); /* the child has not created its group yet */
}

bool ps_child_failed(const char *name, int status, struct ps_err *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == PS_CHILD_EXIT_NOT_FOUND)
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, PS_CHILD_ERR_MISSING, "%s cannot be run",
                      name);
    else if (WIFSIGNALED(status))
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, WTERMSIG(status), "%s was ended by signal %d", name,
                      WTERMSIG(status));
    else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        (void)ps_fail(err, PS_FAILURE_UNKNOWN, WEXITSTATUS(status), "%s: exit status %d", name,
                      WEXITSTATUS(status));
    else
        return false;
    return true;
}
