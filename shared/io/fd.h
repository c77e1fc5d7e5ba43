/* Descriptors that came with the process. */
#ifndef PS_IO_FD_H
#define PS_IO_FD_H

/* Gives a descriptor of its own for what fd writes to, that never blocks; -1 where fd is a file,
 * which never does, or a socket, or the system does not let us. O_NONBLOCK belongs to the open file
 * description, which other descriptors and other processes may share: hence one opened anew. */
int ps_fd_reopen_nonblocking(int fd);

#endif
