/* The tracer against a collector that is slow, dead or back again, and its cost when it is off. */
#define _GNU_SOURCE /* pipe2, syscall */
#include "notifier/io/send_trace.h"
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/tracer.h"
#include "tests/support/servers.h"
#include "worker/io/probe_trace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, ROOM = 2048, CALLS = 100000 };

/* Allocations of this program, counted: CMakeLists.txt lets the linker send each call of malloc,
 * calloc and realloc here. */
static size_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    allocations++;
    return __real_realloc(old, size);
}

static char nothing[] = "";

struct fixture {
    struct ps_loop *loop;
    struct ps_metrics *metrics;
    struct ps_config config;
    struct ps_tracer *tracer;
    char *log; /* what was logged until read_log */
    int log_ends[2];
    int stderr_before;
    double want; /* of result */
    const char *result;
};

/* A port of the loopback that nobody listens on, or with listens one that takes connections and
 * never answers. */
static int open_port(bool listens, uint16_t *out_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&address, &len), 0);
    if (listens)
        assert_int_equal(listen(fd, 8), 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

static void open_tracer(struct fixture *f, uint16_t port)
{
    memset(f, 0, sizeof(*f));
    f->loop = ps_loop_create();
    f->metrics = ps_metrics_create();
    f->config.otel_exporter_otlp_endpoint = ps_alloc_format("http://127.0.0.1:%u", (unsigned)port);
    f->config.otel_exporter_otlp_traces_endpoint = f->config.otel_exporter_otlp_headers = nothing;
    f->config.otel_service_name = f->config.otel_resource_attributes = nothing;
    f->config.http_proxy_url = f->config.http_proxy_except = f->config.http_ca_file = nothing;
    f->config.otel_exporter_otlp_timeout = 10000;
    assert_int_equal(pipe2(f->log_ends, O_CLOEXEC | O_NONBLOCK), 0);
    f->stderr_before = dup(STDERR_FILENO);
    assert_true(dup2(f->log_ends[1], STDERR_FILENO) >= 0);
    f->tracer = ps_tracer_create(&(struct ps_tracer_options){ .loop = f->loop,
                                                              .metrics = f->metrics,
                                                              .config = &f->config,
                                                              .program = "paperscout-test",
                                                              .instance = "t1",
                                                              .user_agent = "test",
                                                              .retry_base_ms = 1 });
    assert_non_null(f->tracer);
}

/* Returns how often word was logged since the last call. */
static int read_log(struct fixture *f, const char *word)
{
    char text[16384];
    ssize_t len = read(f->log_ends[0], text, sizeof(text) - 1);
    int count = 0;

    text[len < 0 ? 0 : len] = '\0';
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}

static void close_tracer(struct fixture *f)
{
    ps_tracer_destroy(f->tracer);
    ps_metrics_destroy(f->metrics);
    ps_loop_destroy(f->loop);
    assert_true(dup2(f->stderr_before, STDERR_FILENO) >= 0);
    (void)close(f->stderr_before);
    (void)close(f->log_ends[0]);
    (void)close(f->log_ends[1]);
    free(f->config.otel_exporter_otlp_endpoint);
}

static void add_spans(struct fixture *f, int count)
{
    const struct ps_trace_context root = ps_trace_of_cycle("test", 1, 1000);

    for (int i = 0; i < count; i++)
        ps_tracer_add(f->tracer, &(struct ps_span){ .name = "probe",
                                                    .kind = PS_SPAN_CLIENT,
                                                    .self = root,
                                                    .start_ms = 1000,
                                                    .end_ms = 1001 });
}

static double counted(const struct fixture *f, const char *result)
{
    return ps_metrics_get(f->metrics, PS_METRIC_TRACE_SPANS, result);
}

static bool reached(void *cookie)
{
    const struct fixture *f = cookie;

    return counted(f, f->result) >= f->want;
}

static bool wait_counted(struct fixture *f, const char *result, double want)
{
    f->result = result;
    f->want = want;
    return ps_test_run_until(f->loop, reached, f, PATIENCE_MS);
}

static void spans_beyond_the_room_are_dropped_and_counted_with_one_line(void **state)
{
    struct fixture f;
    uint16_t port;
    int hanging = open_port(true, &port);

    (void)state;
    open_tracer(&f, port);
    (void)read_log(&f, "TRACE-START");
    add_spans(&f, ROOM);
    assert_true(counted(&f, "dropped") == 0);
    assert_int_equal(read_log(&f, "TRACE-ERROR"), 0);
    add_spans(&f, 1000);
    assert_true(counted(&f, "dropped") == 1000);
    assert_int_equal(read_log(&f, "TRACE-ERROR"), 1);
    ps_test_run_for(f.loop, 50); /* the full request is on its way; the next one fills */
    add_spans(&f, ROOM + 500);
    assert_true(counted(&f, "dropped") == 1500);
    assert_int_equal(read_log(&f, "TRACE-ERROR"), 0);
    assert_true(counted(&f, "sent") == 0 && counted(&f, "failed") == 0);
    close_tracer(&f);
    (void)close(hanging);
}

static void a_span_larger_than_the_room_is_dropped_alone(void **state)
{
    enum { MANY = 700 };
    struct ps_span_attribute attributes[MANY];
    static char text[PS_SPAN_TEXT_MAX];
    struct fixture f;
    uint16_t port;
    int hanging = open_port(true, &port);

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    for (int i = 0; i < MANY; i++)
        attributes[i] = PS_SPAN_TEXT("key", text);
    open_tracer(&f, port);
    ps_tracer_add(f.tracer, &(struct ps_span){ .name = "probe",
                                               .kind = PS_SPAN_CLIENT,
                                               .self = ps_trace_of_cycle("test", 1, 1000),
                                               .attributes = attributes,
                                               .attribute_count = MANY });
    assert_true(counted(&f, "dropped") == 1);
    add_spans(&f, 10);
    assert_true(counted(&f, "dropped") == 1);
    close_tracer(&f);
    (void)close(hanging);
}

static void a_dead_collector_is_given_up_each_time_with_one_line_in_all(void **state)
{
    struct fixture f;
    uint16_t port;
    int unused = open_port(false, &port); /* bound, so that nobody else takes the port */

    (void)state;
    open_tracer(&f, port);
    for (int round = 1; round <= 3; round++) {
        add_spans(&f, 600);
        assert_true(wait_counted(&f, "failed", 600 * round));
    }
    assert_true(counted(&f, "sent") == 0 && counted(&f, "dropped") == 0 &&
                counted(&f, "refused") == 0);
    assert_int_equal(read_log(&f, "TRACE-ERROR"), 1);
    close_tracer(&f);
    (void)close(unused);
}

/* What a worker does after each probe, and a notifier after each message. */
static void end_all(struct ps_task *task, const struct ps_outgoing_message *message)
{
    const struct ps_probe_delivery delivery = { .entry = "1-1", .instance = "w1", .taken_ms = 1 };
    const struct ps_probe_report report = { .outcome = PS_OUTCOME_HIT_RECENT, .url = "u" };
    const struct ps_slack_response reply = { .next = PS_SLACK_SENT };

    task->trace = ps_probe_trace_end(NULL, task, &delivery, &report);
    ps_send_trace_end(NULL, message, &reply);
    ps_tracer_add(NULL, NULL);
}

/* Off is the default: it must cost nothing. A process in strict mode of seccomp is killed at its
 * first system call other than read, write and exit. */
static void without_a_collector_nothing_is_allocated_and_no_system_call_made(void **state)
{
    const struct ps_config none = { .otel_exporter_otlp_endpoint = nothing,
                                    .otel_exporter_otlp_traces_endpoint = nothing };
    char name[] = "1:D1R0.pdf";
    struct ps_task task = { .task = name };
    struct ps_outgoing_message message = { .state = PS_OUTGOING_MESSAGE_SENDING };
    size_t before;
    int64_t began_us, took_us;
    int status;
    pid_t child;

    (void)state;
    assert_null(ps_tracer_create(&(struct ps_tracer_options){ .config = &none }));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        before = allocations;
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
            (void)syscall(SYS_exit, 77);
        for (int i = 0; i < CALLS; i++) {
            end_all(&task, &message);
        }
        (void)syscall(SYS_exit, allocations == before ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    began_us = ps_clock_mono_us();
    for (int i = 0; i < CALLS; i++) {
        end_all(&task, &message);
    }
    took_us = ps_clock_mono_us() - began_us;
    print_message("off: %.1f ns for a probe and a message\n", (double)took_us * 1000 / CALLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_beyond_the_room_are_dropped_and_counted_with_one_line),
        cmocka_unit_test(a_span_larger_than_the_room_is_dropped_alone),
        cmocka_unit_test(a_dead_collector_is_given_up_each_time_with_one_line_in_all),
        cmocka_unit_test(without_a_collector_nothing_is_allocated_and_no_system_call_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
