/* resolv.conf and the hosts file change while a program runs; name servers are real sockets here.
 */
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/resolve.h"

#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000 };

struct answer {
    int calls;
    size_t count;
    char first[64];
};

/* A name server that knows one address for every name. */
struct name_server {
    struct evdns_server_port *port;
    int number;
    unsigned char address[4];
};

static void on_request(struct evdns_server_request *request, void *cookie)
{
    struct name_server *server = cookie;

    for (int i = 0; i < request->nquestions; i++) {
        if (request->questions[i]->type == EVDNS_TYPE_A)
            (void)evdns_server_request_add_a_reply(request, request->questions[i]->name, 1,
                                                   server->address, 1);
    }
    (void)evdns_server_request_respond(request, 0);
}

static void serve(struct ps_loop *loop, struct name_server *server, unsigned char last)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(evutil_make_socket_nonblocking(fd), 0);
    server->number = ntohs(address.sin_port);
    memcpy(server->address, (unsigned char[]){ 10, 9, 8, last }, 4);
    server->port = evdns_add_server_port_with_base(ps_loop_base(loop), fd, 0, on_request, server);
    assert_non_null(server->port);
}

static void put(const char *path, const char *text)
{
    char *fresh = ps_alloc_format("%s.new", path);
    FILE *file = fopen(fresh, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(fresh, path), 0);
    free(fresh);
}

static void use_server(const char *path, int number)
{
    char *text = ps_alloc_format("nameserver 127.0.0.1:%d\noptions timeout:1 attempts:1\n", number);

    put(path, text);
    free(text);
}

static void on_addresses(void *cookie, const char *const *addresses, size_t count,
                         const struct ps_err *err)
{
    struct answer *answer = cookie;

    assert_true((addresses == NULL) == (err != NULL));
    answer->calls++;
    answer->count = count;
    (void)snprintf(answer->first, sizeof(answer->first), "%s", count > 0 ? addresses[0] : "");
}

static const char *look_up(struct ps_loop *loop, const char *name)
{
    static struct answer answer;
    int64_t end = ps_clock_mono_ms() + PATIENCE_MS;

    answer = (struct answer){ 0 };
    (void)ps_resolve_start(loop, name, on_addresses, &answer);
    while (answer.calls == 0 && ps_clock_mono_ms() < end)
        assert_true(event_base_loop(ps_loop_base(loop), EVLOOP_ONCE) >= 0);
    assert_int_equal(answer.calls, 1);
    return answer.first;
}

static void files_that_change_are_read_again(void **state)
{
    char folder[] = "/tmp/paperscout-resolve-XXXXXX";
    struct name_server first, second;
    struct ps_loop *loop = ps_loop_create();
    char *resolv_conf, *hosts;

    (void)state;
    assert_non_null(mkdtemp(folder));
    resolv_conf = ps_alloc_format("%s/resolv.conf", folder);
    hosts = ps_alloc_format("%s/hosts", folder);
    serve(loop, &first, 1);
    serve(loop, &second, 2);
    ps_loop_dns_files(loop, resolv_conf, hosts);
    put(hosts, "10.1.1.1 db.test\n");
    use_server(resolv_conf, first.number);
    assert_string_equal(look_up(loop, "db.test"), "10.1.1.1");
    assert_string_equal(look_up(loop, "other.test"), "10.9.8.1");

    put(hosts, "10.2.2.2 db.test\n");
    assert_string_equal(look_up(loop, "db.test"), "10.2.2.2");
    use_server(resolv_conf, second.number);
    assert_string_equal(look_up(loop, "other.test"), "10.9.8.2");
    put(hosts, "");
    assert_string_equal(look_up(loop, "db.test"), "10.9.8.2");
    assert_string_equal(look_up(loop, "192.0.2.7"), "192.0.2.7");

    evdns_close_server_port(first.port);
    evdns_close_server_port(second.port);
    ps_loop_destroy(loop);
    assert_int_equal(unlink(resolv_conf), 0);
    assert_int_equal(unlink(hosts), 0);
    assert_int_equal(rmdir(folder), 0);
    free(resolv_conf);
    free(hosts);
}

/* Writes over a file, as a bind mount or a restored copy may look: inode, size and time are those
 * of before. */
static void put_unseen(const char *path, int number)
{
    char *text = ps_alloc_format("nameserver 127.0.0.1:%d\noptions timeout:1 attempts:1\n", number);
    struct stat before;
    struct timespec times[2];
    FILE *file;

    assert_int_equal(stat(path, &before), 0);
    assert_int_equal((int64_t)before.st_size, (int64_t)strlen(text));
    file = fopen(path, "r+");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    times[0] = before.st_atim;
    times[1] = before.st_mtim;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    free(text);
}

/* The kernel gives ports of five digits, but for a few. */
static void serve_five_digits(struct ps_loop *loop, struct name_server *server, unsigned char last)
{
    serve(loop, server, last);
    while (server->number < 10000) {
        evdns_close_server_port(server->port);
        serve(loop, server, last);
    }
}

static void a_failed_look_up_reads_the_files_again(void **state)
{
    char folder[] = "/tmp/paperscout-resolve-XXXXXX";
    struct name_server first, second;
    struct ps_loop *loop = ps_loop_create();
    int64_t end = ps_clock_mono_ms() + PATIENCE_MS;
    char *resolv_conf, *hosts;
    int failures = 0;
    const char *found;

    (void)state;
    assert_non_null(mkdtemp(folder));
    resolv_conf = ps_alloc_format("%s/resolv.conf", folder);
    hosts = ps_alloc_format("%s/hosts", folder);
    serve_five_digits(loop, &first, 1);
    serve_five_digits(loop, &second, 2);
    ps_loop_dns_files(loop, resolv_conf, hosts);
    put(hosts, "");
    use_server(resolv_conf, first.number);
    assert_string_equal(look_up(loop, "db.test"), "10.9.8.1");

    put_unseen(resolv_conf, second.number);
    assert_string_equal(look_up(loop, "db.test"), "10.9.8.1"); /* nothing reports the change */
    evdns_close_server_port(first.port);
    while (strcmp(found = look_up(loop, "db.test"), "10.9.8.2") != 0) {
        assert_string_equal(found, "");
        failures++;
        assert_true(ps_clock_mono_ms() < end);
    }
    assert_true(failures > 0);

    evdns_close_server_port(second.port);
    ps_loop_destroy(loop);
    assert_int_equal(unlink(resolv_conf), 0);
    assert_int_equal(unlink(hosts), 0);
    assert_int_equal(rmdir(folder), 0);
    free(resolv_conf);
    free(hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_change_are_read_again),
        cmocka_unit_test(a_failed_look_up_reads_the_files_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
