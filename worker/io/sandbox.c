/* for syscall() and O_PATH */
#define _GNU_SOURCE
#include "worker/io/sandbox.h"

#include "shared/core/base.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock rights and fields that the headers of Debian 12 do not name. A kernel refuses rights
 * that it does not know, so each is used only from its ABI version on. */
#define FS_TRUNCATE (UINT64_C(1) << 14) /* ABI 3 */
#define FS_IOCTL    (UINT64_C(1) << 15) /* ABI 5 */
#define FS_ABI_1    ((UINT64_C(1) << 13) - 1)
#define FS_REFER    (UINT64_C(1) << 13) /* ABI 2 */
#define NET_TCP     UINT64_C(3)         /* bind and connect, ABI 4 */
#define SCOPE_ALL   UINT64_C(3)         /* abstract Unix sockets and signals, ABI 6 */

enum { NOBODY = 65534 }; /* the user and the group that own no file */

struct ruleset {
    uint64_t handled_fs, handled_net, scoped;
};

/* Programs, their libraries, fonts and what the C library reads. A path that does not exist is
 * skipped. Never add configuration, secrets or /proc. */
static const char *const readable[] = {
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/nix/store",
    "/opt",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/localtime",
    "/dev/null",
    "/dev/urandom",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/var/cache/fontconfig",
};

/* The dynamic loaders, which the kernel executes on behalf of a program. */
static const char *const loaders[] = {
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-linux-armhf.so.3",
    "/lib64/ld64.so.2",
    "/lib/ld64.so.1",
    "/lib/ld-linux-riscv64-lp64d.so.1",
};

static int landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version < 0 ? 0 : (int)version;
}

static void allow(int ruleset, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = { .allowed_access = access };

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
        /* Landlock refuses the right to list a directory on a path that is a file. */
        rule.allowed_access &= ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
        (void)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    (void)close(rule.parent_fd);
}

static void restrict_files(const char *const *programs)
{
    static const size_t sizes[] = { 0, 8, 8, 8, 16, 16, 24 };
    int version = landlock_version();
    struct ruleset rules = { FS_ABI_1, NET_TCP, SCOPE_ALL };
    size_t size = version < (int)PS_COUNT_OF(sizes) ? sizes[version] : sizeof(rules);
    int ruleset;

    if (version == 0)
        return;
    rules.handled_fs |= (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0) |
                        (version >= 5 ? FS_IOCTL : 0);
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0)
        return;
    for (size_t i = 0; i < PS_COUNT_OF(readable); i++)
        allow(ruleset, readable[i], LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
    for (size_t i = 0; programs != NULL && i < PS_COUNT_OF(loaders); i++)
        allow(ruleset, loaders[i], LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE);
    for (; programs != NULL && *programs != NULL; programs++)
        allow(ruleset, *programs, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE);
    (void)syscall(SYS_landlock_restrict_self, ruleset, 0);
    (void)close(ruleset);
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define X32_BIT      0x40000000U
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE
/* System calls that are refused in both kinds: those that reach the network or other processes,
 * change files, or reach rarely used kernel code. Calls that an architecture lacks are left out. */
static const unsigned refused[] = {
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_userfaultfd,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_memfd_create,
    SYS_execveat,
    SYS_personality,
    SYS_quotactl,
    SYS_acct,
    SYS_swapon,
    SYS_reboot,
    SYS_truncate,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_fchmodat,
    SYS_fchownat,
    SYS_fchmod,
    SYS_fchown,
    SYS_setxattr,
    SYS_fsetxattr,
    SYS_utimensat,
    SYS_io_setup,
    /* These take the id of a process: they would slow the worker down, or pin it, for good. */
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_sched_setscheduler,
    SYS_sched_setparam,
    SYS_sched_setattr,
    SYS_sched_setaffinity,
    SYS_setpgid,
    SYS_setsid,
    SYS_kcmp,
    SYS_migrate_pages,
    SYS_move_pages,
    SYS_get_robust_list,
    /* Ways to other processes that neither a path nor a socket guards. */
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_msgget,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_msgctl,
    SYS_semget,
    SYS_semop,
    SYS_semtimedop,
    SYS_semctl,
    SYS_mq_open,
    SYS_mq_unlink,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_fanotify_init,
#ifdef SYS_process_madvise
    SYS_process_madvise,
#endif
#ifdef SYS_process_mrelease
    SYS_process_mrelease,
#endif
#ifdef SYS_io_uring_setup
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
#endif
#ifdef SYS_pidfd_open
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
#ifdef __x86_64__
    SYS_unlink,
    SYS_rename,
    SYS_link,
    SYS_symlink,
    SYS_mkdir,
    SYS_rmdir,
    SYS_mknod,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_creat,
    SYS_fork,
    SYS_vfork,
    SYS_utime,
    SYS_utimes,
    SYS_inotify_init,
#endif
};

enum { WRITING = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, PROGRAM_MAX = 512 };
enum { THREAD = 0x00010000 /* CLONE_THREAD */ };

struct program {
    struct sock_filter lines[PROGRAM_MAX];
    unsigned short len;
};

static void add(struct program *program, unsigned code, unsigned k, unsigned jump_true,
                unsigned jump_false)
{
    program->lines[program->len++] =
        (struct sock_filter){ (uint16_t)code, (uint8_t)jump_true, (uint8_t)jump_false, k };
}

/* Loads a word of struct seccomp_data. */
static void load(struct program *program, size_t offset)
{
    add(program, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void add_return(struct program *program, unsigned action)
{
    add(program, BPF_RET | BPF_K, action, 0, 0);
}

/* Makes the system call fail with error. */
static void refuse(struct program *program, long number, int error)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
    add_return(program, SECCOMP_RET_ERRNO | (unsigned)error);
}

/* Refuses the call by the bits of one of its arguments: if none of them is set when they are
 * required, or if any of them is set when they are not. */
static void refuse_by_bits(struct program *program, long number, unsigned argument, unsigned bits,
                           bool required)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 4);
    load(program, offsetof(struct seccomp_data, args) + (size_t)argument * sizeof(uint64_t));
    add(program, BPF_JMP | BPF_JSET | BPF_K, bits, required ? 1 : 0, required ? 0 : 1);
    add_return(program, SECCOMP_RET_ERRNO | EPERM);
    add_return(program, SECCOMP_RET_ALLOW);
}

/* The filter checks the architecture first: system call numbers mean something else in another one,
 * and in the x32 ABI, and would bypass the filter. */
static void restrict_calls(enum ps_sandbox kind)
{
    struct program program = { .len = 0 };
    struct sock_fprog filter;

    load(&program, offsetof(struct seccomp_data, arch));
    add(&program, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    add_return(&program, SECCOMP_RET_KILL_PROCESS);
    load(&program, offsetof(struct seccomp_data, nr));
#ifdef X32_BIT
    add(&program, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    add_return(&program, SECCOMP_RET_KILL_PROCESS);
    refuse_by_bits(&program, SYS_open, 1, WRITING, false);
#endif
    refuse_by_bits(&program, SYS_openat, 2, WRITING, false);
    /* Limits of this process (0), which libc reads; never those of the worker. */
    refuse_by_bits(&program, SYS_prlimit64, 0, UINT32_MAX, false);
    /* A process may create threads (libraries do) but no processes. */
    refuse_by_bits(&program, SYS_clone, 0, THREAD, true);
    refuse(
        &program, SYS_clone3,
        ENOSYS); /* its flags are in memory, which a filter cannot read; libc falls back to clone */
#ifdef SYS_openat2
    refuse(&program, SYS_openat2, ENOSYS);
#endif
    for (size_t i = 0; i < PS_COUNT_OF(refused); i++)
        refuse(&program, refused[i], EPERM);
    if (kind == PS_SANDBOX_PARSER)
        refuse(&program, SYS_execve, EPERM);
    add_return(&program, SECCOMP_RET_ALLOW);
    filter = (struct sock_fprog){ .len = program.len, .filter = program.lines };
    (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}
#else
static void restrict_calls(enum ps_sandbox kind)
{
    (void)kind;
}
#endif

/* Whether the user that a sandbox runs as may execute every program. A root who keeps poppler in a
 * folder of their own still gets documents read, as root. */
static bool nobody_may_run(const char *const *programs)
{
    bool may = true;

    if (seteuid(NOBODY) != 0)
        return false;
    for (; programs != NULL && *programs != NULL; programs++)
        may = may && faccessat(AT_FDCWD, *programs, X_OK, AT_EACCESS) == 0;
    return seteuid(0) == 0 && may;
}

/* A worker that root started (deploy/up.sh in a container) reads documents as nobody: the filters
 * below may miss something that root may do. */
static void leave_root(const char *const *programs)
{
    if (geteuid() != 0)
        return;
    if (nobody_may_run(programs)) {
        (void)setgroups(0, NULL);
        /* The group first: afterwards there is no right to change it. Where a container knows no
         * such group, the reader stays root, and the filters have to do. */
        if (setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0)
            _exit(EXIT_FAILURE); /* the group has changed and the user has not */
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* each change of the user cleared it */
}

void ps_sandbox_enter(enum ps_sandbox kind, const char *const *programs)
{
    leave_root(kind == PS_SANDBOX_PROGRAM ? programs : NULL);
    restrict_files(kind == PS_SANDBOX_PROGRAM ? programs : NULL);
    restrict_calls(kind);
}

const char *ps_sandbox_describe(void)
{
    static char text[64];
    bool seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
    int version = landlock_version();

#ifndef ARCHITECTURE
    seccomp = false;
#endif
    if (version > 0)
        (void)snprintf(text, sizeof(text), "Landlock %d%s", version, seccomp ? ", seccomp" : "");
    else
        (void)snprintf(text, sizeof(text), "%s", seccomp ? "seccomp" : "none");
    return text;
}
