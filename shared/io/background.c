#include "shared/io/background.h"

#include "shared/core/alloc.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

struct job {
    TAILQ_ENTRY(job) next;
    struct ps_background_job options;
    void *data;
    int finished_fd;
    bool threaded;
    pthread_t thread;
};

struct ps_background {
    struct event *readable;
    int finished[2]; /* a pipe: each job writes its address when its work is done */
    TAILQ_HEAD(, job) jobs;
};

static void report(struct job *job)
{
    ssize_t written;

    /* The pipe has room for thousands of addresses, and one address is written whole. */
    do
        written = write(job->finished_fd, &job, sizeof(job));
    while (written < 0 && errno == EINTR);
    if (written != (ssize_t)sizeof(job))
        abort();
}

static void *run(void *cookie)
{
    struct job *job = cookie;

    job->options.work(job->data);
    report(job);
    return NULL;
}

/* pthread_join makes everything that the thread wrote visible here. */
static void finish(struct ps_background *background, struct job *job)
{
    if (job->threaded && pthread_join(job->thread, NULL) != 0)
        abort();
    TAILQ_REMOVE(&background->jobs, job, next);
    job->options.done(job->options.cookie, job->data);
    free(job);
}

static void on_finished(evutil_socket_t fd, short what, void *cookie)
{
    struct ps_background *background = cookie;
    struct job *job;

    (void)what;
    if (read(fd, &job, sizeof(job)) == (ssize_t)sizeof(job))
        finish(background, job);
}

struct ps_background *ps_background_create(struct ps_loop *loop)
{
    struct ps_background *background = ps_alloc_zero(1, sizeof(*background));

    TAILQ_INIT(&background->jobs);
    if (pipe(background->finished) != 0)
        abort();
    for (int i = 0; i < 2; i++)
        if (fcntl(background->finished[i], F_SETFD, FD_CLOEXEC) != 0 ||
            fcntl(background->finished[i], F_SETFL, O_NONBLOCK) != 0)
            abort();
    background->readable = event_new(ps_loop_base(loop), background->finished[0],
                                     EV_READ | EV_PERSIST, on_finished, background);
    if (background->readable == NULL || event_add(background->readable, NULL) != 0)
        abort();
    return background;
}

void ps_background_destroy(struct ps_background *background)
{
    struct job *job;

    if (background == NULL)
        return;
    event_free(background->readable);
    while ((job = TAILQ_FIRST(&background->jobs)) != NULL)
        finish(background, job);
    (void)close(background->finished[0]);
    (void)close(background->finished[1]);
    free(background);
}

/* Signals are the loop's: the thread blocks all of them. */
static bool start_thread(struct job *job)
{
    sigset_t all, before;
    bool started;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&job->thread, NULL, run, job) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

void ps_background_run(struct ps_background *background, const struct ps_background_job *options,
                       void *data)
{
    struct job *job = ps_alloc_zero(1, sizeof(*job));

    job->options = *options;
    job->data = data;
    job->finished_fd = background->finished[1];
    job->threaded = true;
    TAILQ_INSERT_TAIL(&background->jobs, job, next);
    if (!start_thread(job)) {
        job->threaded = false;
        if (options->waits)
            report(job);
        else
            (void)run(job);
    }
}
