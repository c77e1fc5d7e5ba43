/* File descriptors that the process inherited. */
#ifndef PS_IO_FD_H
#define PS_IO_FD_H

/* Opens a second descriptor for the pipe or terminal that fd writes to; the new one never blocks.
 * The caller closes it. Returns -1 if fd is a regular file (which never blocks), a socket, or
 * cannot be opened.
 *
 * Setting O_NONBLOCK on fd itself would be wrong: the flag belongs to the open file description,
 * which other processes may share. */
int ps_fd_reopen_nonblocking(int fd);

#endif
