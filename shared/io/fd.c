#include "shared/io/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int ps_fd_reopen_nonblocking(int fd)
{
    struct stat info;
    char path[64];

    if (fstat(fd, &info) != 0 || !(S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)))
        return -1;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
