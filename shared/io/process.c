#include "shared/io/process.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void set_cpu(struct ps_metrics *metrics)
{
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used) != 0)
        return;
    ps_metrics_set(metrics, PS_METRIC_PROCESS_CPU, NULL,
                   (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

/* /proc/self/statm: pages of address space, pages resident (proc(5)). */
static void set_memory(struct ps_metrics *metrics)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long size, resident;
    long page = sysconf(_SC_PAGESIZE);

    if (file == NULL)
        return;
    if (page > 0 && fscanf(file, "%lu %lu", &size, &resident) == 2) {
        ps_metrics_set(metrics, PS_METRIC_PROCESS_VSZ, NULL, (double)size * (double)page);
        ps_metrics_set(metrics, PS_METRIC_PROCESS_RSS, NULL, (double)resident * (double)page);
    }
    (void)fclose(file);
}

static void set_files(struct ps_metrics *metrics)
{
    DIR *dir = opendir("/proc/self/fd");
    struct rlimit limit;
    double open = -1; /* do not count the descriptor that reads the directory */

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        ps_metrics_set(metrics, PS_METRIC_PROCESS_FDS_MAX, NULL, (double)limit.rlim_cur);
    if (dir == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        open += entry->d_name[0] != '.';
    (void)closedir(dir);
    ps_metrics_set(metrics, PS_METRIC_PROCESS_FDS, NULL, open);
}

void ps_process_allow_files(void)
{
    enum { WANTED = 65536 };
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < WANTED ? limit.rlim_max : WANTED;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* on failure the old limit stays */
}

void ps_process_metrics(struct ps_metrics *metrics)
{
    set_cpu(metrics);
    set_memory(metrics);
    set_files(metrics);
}

void ps_process_reset_signals(void)
{
    struct sigaction default_action = { .sa_handler = SIG_DFL };
    sigset_t signals;

    (void)sigaction(SIGCHLD, &default_action, NULL);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGCHLD);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

void ps_process_keep_secrets(void)
{
    const struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none); /* what is refused leaves all as it was */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
