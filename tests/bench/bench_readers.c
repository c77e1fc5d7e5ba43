/* bench_readers PORT READERS SECONDS PAUSE_MS PATH…: so many readers on connections that are kept
 * ask for one path after the other and wait PAUSE_MS between two; another connection asks for
 * /livez every 20 ms meanwhile, as probes do. One JSON line: answers a second, and the latencies in
 * milliseconds of both. */
#include "shared/core/alloc.h"
#include "shared/core/str.h"
#include "shared/io/clock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READERS_MAX = 1000, PROBE_PAUSE_MS = 20, HEAD_MAX = 4096 };

struct reader {
    int fd;
    size_t path;        /* of the next request */
    int64_t asked_us;   /* 0: none is out */
    int64_t next_us;    /* when to ask */
    size_t got, wanted; /* bytes of the answer; wanted 0: its head is not complete */
    char head[HEAD_MAX + 1];
};

struct times {
    int64_t *us;
    size_t len, size;
};

static void note(struct times *times, int64_t us)
{
    if (times->len == times->size) {
        times->size = times->size == 0 ? 4096 : 2 * times->size;
        times->us = ps_alloc_array(times->us, times->size, sizeof(*times->us));
    }
    times->us[times->len++] = us;
}

static int by_value(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static double share(const struct times *times, double part)
{
    size_t at = (size_t)((double)times->len * part);

    return times->len == 0 ? 0 : (double)times->us[at < times->len ? at : times->len - 1] / 1000;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("bench_readers: connect");
        exit(1);
    }
    return fd;
}

static void ask(struct reader *reader, const char *path)
{
    char text[1024];
    int len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);

    reader->asked_us = ps_clock_mono_us();
    reader->got = reader->wanted = 0;
    if (len <= 0 || (size_t)len >= sizeof(text) || write(reader->fd, text, (size_t)len) != len) {
        (void)fprintf(stderr, "bench_readers: a request could not be written\n");
        exit(1);
    }
}

/* Returns whether the answer is complete. */
static bool receive(struct reader *reader)
{
    static char dump[65536];
    bool in_head = reader->wanted == 0;
    ssize_t len = in_head ? read(reader->fd, reader->head + reader->got, HEAD_MAX - reader->got)
                          : read(reader->fd, dump, sizeof(dump));
    const char *end, *length;

    if (len <= 0) {
        (void)fprintf(stderr, "bench_readers: the connection was closed\n");
        exit(1);
    }
    reader->got += (size_t)len;
    if (in_head) {
        reader->head[reader->got] = '\0';
        if ((end = strstr(reader->head, "\r\n\r\n")) == NULL)
            return false;
        length = strstr(reader->head, "Content-Length: ");
        if (strncmp(reader->head, "HTTP/1.1 200", 12) != 0 || length == NULL || length > end) {
            (void)fprintf(stderr, "bench_readers: not the answer that was asked for\n");
            exit(1);
        }
        reader->wanted = (size_t)(end + 4 - reader->head) + (size_t)strtoul(length + 16, NULL, 10);
    }
    return reader->got >= reader->wanted;
}

struct run {
    struct reader *readers; /* the last one probes */
    struct pollfd *fds;
    size_t count;
    char **paths;
    size_t path_count;
    int64_t pause_us;
    struct times searches, probes;
};

static void answered(struct run *run, size_t i)
{
    struct reader *reader = &run->readers[i];
    int64_t now_us = ps_clock_mono_us();
    bool probes = i + 1 == run->count;

    note(probes ? &run->probes : &run->searches, now_us - reader->asked_us);
    reader->asked_us = 0;
    reader->next_us = now_us + (probes ? PROBE_PAUSE_MS * 1000 : run->pause_us);
}

static void play(struct run *run, int64_t until_us)
{
    for (int64_t now_us; (now_us = ps_clock_mono_us()) < until_us;) {
        int64_t wait_us = 100 * 1000;

        for (size_t i = 0; i < run->count; i++) {
            struct reader *reader = &run->readers[i];

            if (reader->asked_us == 0 && reader->next_us <= now_us)
                ask(reader,
                    i + 1 == run->count ? "/livez" : run->paths[reader->path++ % run->path_count]);
            else if (reader->asked_us == 0 && reader->next_us - now_us < wait_us)
                wait_us = reader->next_us - now_us;
        }
        if (poll(run->fds, run->count, (int)(wait_us / 1000)) <= 0)
            continue;
        for (size_t i = 0; i < run->count; i++)
            if (run->fds[i].revents != 0 && run->readers[i].asked_us != 0 &&
                receive(&run->readers[i]))
                answered(run, i);
    }
}

static void print(struct run *run, double seconds)
{
    qsort(run->searches.us, run->searches.len, sizeof(int64_t), by_value);
    qsort(run->probes.us, run->probes.len, sizeof(int64_t), by_value);
    (void)printf("{\"answers_per_second\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,"
                 "\"probe_p99_ms\":%.3f,\"probe_max_ms\":%.3f}\n",
                 (double)run->searches.len / seconds, share(&run->searches, 0.5),
                 share(&run->searches, 0.99), share(&run->searches, 1), share(&run->probes, 0.99),
                 share(&run->probes, 1));
}

int main(int argc, char **argv)
{
    struct run run = { .count = 0 };
    int64_t port, readers, seconds, pause_ms;
    int64_t began_us;

    if (argc < 6 || !ps_str_int(ps_str_of(argv[1]), 1, 65535, &port) ||
        !ps_str_int(ps_str_of(argv[2]), 1, READERS_MAX, &readers) ||
        !ps_str_int(ps_str_of(argv[3]), 1, 3600, &seconds) ||
        !ps_str_int(ps_str_of(argv[4]), 0, 60000, &pause_ms)) {
        (void)fprintf(stderr, "usage: bench_readers PORT READERS SECONDS PAUSE_MS PATH...\n");
        return 64;
    }
    run.count = (size_t)readers + 1;
    run.readers = ps_alloc_zero(run.count, sizeof(*run.readers));
    run.fds = ps_alloc_zero(run.count, sizeof(*run.fds));
    run.paths = argv + 5;
    run.path_count = (size_t)argc - 5;
    run.pause_us = pause_ms * 1000;
    began_us = ps_clock_mono_us();
    for (size_t i = 0; i < run.count; i++) {
        run.readers[i].fd = run.fds[i].fd = connect_to((uint16_t)port);
        run.fds[i].events = POLLIN;
        run.readers[i].path = i;
        /* People do not press their keys at the same moment. */
        run.readers[i].next_us = began_us + run.pause_us * (int64_t)i / readers;
    }
    play(&run, began_us + seconds * 1000000);
    print(&run, (double)(ps_clock_mono_us() - began_us) / 1e6);
    for (size_t i = 0; i < run.count; i++)
        (void)close(run.readers[i].fd);
    free(run.searches.us);
    free(run.probes.us);
    free(run.readers);
    free(run.fds);
    return 0;
}
