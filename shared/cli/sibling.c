#include "shared/cli/sibling.h"

#include "shared/io/print.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_LEN_MAX = 4096, ARGS_MAX = 16, CHUNK = 4096, EXIT_NOT_FOUND = 127 };

/* Writes the path of program beside this executable; false if that folder is unknown or the path
 * too long. */
static bool beside(const char *program, char out_path[PATH_LEN_MAX])
{
    ssize_t len = readlink("/proc/self/exe", out_path, PATH_LEN_MAX - 1);
    char *slash;

    if (len <= 0 || len >= PATH_LEN_MAX - 1)
        return false;
    out_path[len] = '\0';
    slash = strrchr(out_path, '/');
    if (slash == NULL || (size_t)(slash + 1 - out_path) + strlen(program) + 1 > PATH_LEN_MAX)
        return false;
    memcpy(slash + 1, program, strlen(program) + 1);
    return true;
}

/* Writes the path of program: beside this executable, else the first executable in PATH. */
static bool find(const char *program, char out_path[PATH_LEN_MAX])
{
    const char *folders = getenv("PATH");

    if (beside(program, out_path) && access(out_path, X_OK) == 0)
        return true;
    while (folders != NULL && *folders != '\0') {
        size_t len = strcspn(folders, ":");
        int written = snprintf(out_path, PATH_LEN_MAX, "%.*s/%s", len == 0 ? 1 : (int)len,
                               len == 0 ? "." : folders, program);

        if (written > 0 && written < PATH_LEN_MAX && access(out_path, X_OK) == 0)
            return true;
        folders += len + (folders[len] == ':' ? 1 : 0);
    }
    return false;
}

int ps_sibling_become(const char *program, char **argv)
{
    char path[PATH_LEN_MAX];

    if (!find(program, path)) {
        ps_print(stderr,
                 "%s: this command is a part of %s, which is neither beside %s nor in PATH; in "
                 "containers, run it in the container of %s\n",
                 PS_FRONT_NAME, program, PS_FRONT_NAME, program);
        return EXIT_FAILURE;
    }
    argv[0] = path;
    (void)execv(path, argv);
    ps_print(stderr, "%s: %s: %s\n", PS_FRONT_NAME, path, strerror(errno));
    return EXIT_FAILURE;
}

bool ps_sibling_exists(const char *program)
{
    char path[PATH_LEN_MAX];

    return find(program, path);
}

static bool open_pipe(struct ps_buf *out, int fds[2])
{
    fds[0] = fds[1] = -1;
    return out == NULL || pipe(fds) == 0;
}

static void child(const char *path, const char *const *argv, const int out[2], const int err[2])
{
    char *args[ARGS_MAX + 2];
    size_t count = 0;

    args[count++] = (char *)(uintptr_t)path;
    for (; *argv != NULL && count < ARGS_MAX; argv++)
        args[count++] = (char *)(uintptr_t)*argv;
    args[count] = NULL;
    if (out[1] >= 0)
        (void)dup2(out[1], STDOUT_FILENO);
    if (err[1] >= 0)
        (void)dup2(err[1], STDERR_FILENO);
    for (int i = 0; i < 2; i++) {
        if (out[i] >= 0)
            (void)close(out[i]);
        if (err[i] >= 0)
            (void)close(err[i]);
    }
    (void)execv(path, args);
    _exit(EXIT_NOT_FOUND);
}

/* Returns false at the end of the stream. Output beyond the buffer's cap is read and dropped. */
static bool read_some(int fd, struct ps_buf *out)
{
    char chunk[CHUNK];
    ssize_t count = read(fd, chunk, sizeof(chunk));

    if (count > 0)
        (void)ps_buf_add(out, chunk, (size_t)count);
    return count > 0 || (count < 0 && errno == EINTR);
}

static void read_both(int out_fd, struct ps_buf *out, int err_fd, struct ps_buf *err)
{
    struct pollfd fds[2] = {
        {.fd = out_fd,  .events = POLLIN},
        { .fd = err_fd, .events = POLLIN}
    };

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        if (fds[0].fd >= 0 && fds[0].revents != 0 && !read_some(fds[0].fd, out))
            fds[0].fd = -1;
        if (fds[1].fd >= 0 && fds[1].revents != 0 && !read_some(fds[1].fd, err))
            fds[1].fd = -1;
    }
}

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

int ps_sibling_run(const char *program, const char *const *argv, struct ps_buf *out_stdout,
                   struct ps_buf *out_stderr)
{
    char path[PATH_LEN_MAX];
    int out[2], err[2], status = 0;
    pid_t pid = -1;

    if (!find(program, path))
        return EXIT_FAILURE;
    (void)fflush(stdout);
    if (open_pipe(out_stdout, out) && open_pipe(out_stderr, err)) {
        pid = fork();
        if (pid == 0)
            child(path, argv, out, err);
    } else {
        err[0] = err[1] = -1;
    }
    close_fd(out[1]);
    close_fd(err[1]);
    if (pid > 0)
        read_both(out[0], out_stdout, err[0], out_stderr);
    close_fd(out[0]);
    close_fd(err[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) != EXIT_NOT_FOUND
               ? WEXITSTATUS(status)
               : EXIT_FAILURE;
}
