/* Lookups at name servers that are real sockets here: files that change while a program runs,
 * truncated answers, questions that are dropped. */
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/resolve.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <event2/listener.h>
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

enum { PATIENCE_MS = 20000, HEADER = 12, RECORD = 16, TCP_ADDRESSES = 4000 };

struct answer {
    int calls;
    size_t count;
    char first[64], last[64];
};

/* A name server that knows the same addresses for every name. */
struct name_server {
    struct evdns_server_port *port;
    struct evconnlistener *listener; /* NULL: UDP only */
    unsigned char address[4];
    int udp_addresses; /* an answer with more than 30 is truncated */
    int questions;     /* over UDP */
    int tcp_answers;   /* sent */
    int tcp_links;     /* open */
    bool drops_ipv6;
};

static uint16_t port_number; /* of every name server: resolv.conf names no port */

static void on_request(struct evdns_server_request *request, void *cookie)
{
    struct name_server *server = cookie;

    server->questions++;
    for (int i = 0; i < request->nquestions; i++) {
        if (request->questions[i]->type != EVDNS_TYPE_A && server->drops_ipv6) {
            (void)evdns_server_request_drop(request);
            return;
        }
        for (int n = 0; n < server->udp_addresses && request->questions[i]->type == EVDNS_TYPE_A;
             n++)
            (void)evdns_server_request_add_a_reply(request, request->questions[i]->name, 1,
                                                   server->address, 1);
    }
    (void)evdns_server_request_respond(request, 0);
}

static int bound_socket(int type, const char *host, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, type, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
    if (bind(fd, (const struct sockaddr *)&address, size) != 0) {
        assert_int_equal(close(fd), 0);
        return -1;
    }
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(evutil_make_socket_nonblocking(fd), 0);
    port_number = ntohs(address.sin_port);
    return fd;
}

/* Binds both sockets to one port that is free at both addresses. */
static void bind_pair(const char *first_host, const char *second_host, int second_type, int fds[2])
{
    for (int attempt = 0; attempt < 50; attempt++) {
        fds[0] = bound_socket(SOCK_DGRAM, first_host, 0);
        assert_true(fds[0] >= 0);
        fds[1] = bound_socket(second_type, second_host, port_number);
        if (fds[1] >= 0)
            return;
        assert_int_equal(close(fds[0]), 0);
    }
    fail_msg("no port is free at %s and %s", first_host, second_host);
}

static void serve(struct ps_loop *loop, struct name_server *server, int fd, unsigned char last)
{
    *server = (struct name_server){
        .address = {10, 9, 8, last},
          .udp_addresses = 1
    };
    server->port = evdns_add_server_port_with_base(ps_loop_base(loop), fd, 0, on_request, server);
    assert_non_null(server->port);
}

/* Answers one question: the length, the header, the question, and TCP_ADDRESSES records. */
static void on_tcp_question(struct bufferevent *link, void *cookie)
{
    struct name_server *server = cookie;
    struct evbuffer *in = bufferevent_get_input(link), *out = bufferevent_get_output(link);
    unsigned char *asked = evbuffer_pullup(in, -1);
    size_t size = evbuffer_get_length(in), name = 2 + HEADER, question, length;
    int records;

    if (size < 2 || size < 2 + (size_t)(asked[0] << 8 | asked[1]))
        return;
    while (asked[name] != 0)
        name += 1 + (size_t)asked[name];
    question = name + 5 - 2 - HEADER; /* with type and class */
    records = asked[name + 2] == EVDNS_TYPE_A ? TCP_ADDRESSES : 0;
    length = HEADER + question + (size_t)records * RECORD;
    (void)evbuffer_add(out, (unsigned char[]){ (unsigned char)(length >> 8), length & 255 }, 2);
    (void)evbuffer_add(out, asked + 2, 2);
    (void)evbuffer_add(out,
                       (unsigned char[]){ 0x81, 0x80, 0, 1, (unsigned char)(records >> 8),
                                          (unsigned char)(records & 255), 0, 0, 0, 0 },
                       10);
    (void)evbuffer_add(out, asked + 2 + HEADER, question);
    for (int n = 0; n < records; n++)
        (void)evbuffer_add(out,
                           (unsigned char[]){ 0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 7,
                                              (unsigned char)(n >> 8), (unsigned char)(n & 255) },
                           RECORD);
    (void)evbuffer_drain(in, 2 + (size_t)(asked[0] << 8 | asked[1]));
    server->tcp_answers++;
    if (evbuffer_get_length(in) > 0)
        on_tcp_question(link, cookie);
}

static void on_tcp_end(struct bufferevent *link, short what, void *cookie)
{
    (void)what;
    ((struct name_server *)cookie)->tcp_links--;
    bufferevent_free(link);
}

static void on_tcp_connection(struct evconnlistener *listener, evutil_socket_t fd,
                              struct sockaddr *peer, int size, void *cookie)
{
    struct bufferevent *link =
        bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);

    (void)peer;
    (void)size;
    assert_non_null(link);
    ((struct name_server *)cookie)->tcp_links++;
    bufferevent_setcb(link, on_tcp_question, NULL, on_tcp_end, cookie);
    assert_int_equal(bufferevent_enable(link, EV_READ | EV_WRITE), 0);
}

static void serve_tcp(struct ps_loop *loop, struct name_server *server, int fd)
{
    assert_int_equal(listen(fd, 8), 0);
    server->listener = evconnlistener_new(ps_loop_base(loop), on_tcp_connection, server,
                                          LEV_OPT_CLOSE_ON_FREE, 0, fd);
    assert_non_null(server->listener);
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

static void use_server(const char *path, const char *host)
{
    char *text = ps_alloc_format("nameserver %s\noptions timeout:1 attempts:1\n", host);

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
    (void)snprintf(answer->last, sizeof(answer->last), "%s", count > 0 ? addresses[count - 1] : "");
}

static struct answer answer;

static const char *look_up(struct ps_loop *loop, const char *resolv_conf, const char *name)
{
    const struct ps_resolve_source source = { .resolv_conf = resolv_conf, .port = port_number };
    int64_t end = ps_clock_mono_ms() + PATIENCE_MS;

    answer = (struct answer){ 0 };
    (void)ps_resolve_start_from(loop, &source, name, on_addresses, &answer);
    while (answer.calls == 0 && ps_clock_mono_ms() < end)
        assert_true(event_base_loop(ps_loop_base(loop), EVLOOP_ONCE) >= 0);
    assert_int_equal(answer.calls, 1);
    return answer.first;
}

/* A folder with a resolv.conf and an empty hosts file, which lookups use from now on. */
struct files {
    char folder[64];
    char *resolv_conf, *hosts;
};

static void files_create(struct files *files)
{
    (void)snprintf(files->folder, sizeof(files->folder), "/tmp/paperscout-resolve-XXXXXX");
    assert_non_null(mkdtemp(files->folder));
    files->resolv_conf = ps_alloc_format("%s/resolv.conf", files->folder);
    files->hosts = ps_alloc_format("%s/hosts", files->folder);
    put(files->hosts, "");
    assert_int_equal(setenv("CARES_HOSTS", files->hosts, 1), 0);
}

static void files_remove(struct files *files)
{
    assert_int_equal(unlink(files->resolv_conf), 0);
    assert_int_equal(unlink(files->hosts), 0);
    assert_int_equal(rmdir(files->folder), 0);
    free(files->resolv_conf);
    free(files->hosts);
}

static void files_that_change_are_read_again(void **state)
{
    struct files files;
    struct name_server first, second;
    int fds[2];
    struct ps_loop *loop = ps_loop_create();
    const char *resolv_conf;

    (void)state;
    files_create(&files);
    resolv_conf = files.resolv_conf;
    bind_pair("127.0.0.2", "127.0.0.3", SOCK_DGRAM, fds);
    serve(loop, &first, fds[0], 1);
    serve(loop, &second, fds[1], 2);
    put(files.hosts, "10.1.1.1 db.test\n");
    use_server(resolv_conf, "127.0.0.2");
    assert_string_equal(look_up(loop, resolv_conf, "db.test"), "10.1.1.1");
    assert_string_equal(look_up(loop, resolv_conf, "other.test"), "10.9.8.1");

    put(files.hosts, "10.2.2.2 db.test\n");
    assert_string_equal(look_up(loop, resolv_conf, "db.test"), "10.2.2.2");
    use_server(resolv_conf, "127.0.0.3");
    assert_string_equal(look_up(loop, resolv_conf, "other.test"), "10.9.8.2");
    put(files.hosts, "");
    assert_string_equal(look_up(loop, resolv_conf, "db.test"), "10.9.8.2");

    evdns_close_server_port(first.port);
    evdns_close_server_port(second.port);
    ps_loop_destroy(loop);
    files_remove(&files);
}

/* Writes over a file, as a bind mount or a restored copy may look: inode, size and time are those
 * of before. */
static void put_unseen(const char *path, const char *host)
{
    char *text = ps_alloc_format("nameserver %s\noptions timeout:1 attempts:1\n", host);
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

static void a_change_that_no_attribute_shows_is_read(void **state)
{
    struct files files;
    struct name_server first, second;
    int fds[2];
    struct ps_loop *loop = ps_loop_create();

    (void)state;
    files_create(&files);
    bind_pair("127.0.0.2", "127.0.0.3", SOCK_DGRAM, fds);
    serve(loop, &first, fds[0], 1);
    serve(loop, &second, fds[1], 2);
    use_server(files.resolv_conf, "127.0.0.2");
    assert_string_equal(look_up(loop, files.resolv_conf, "db.test"), "10.9.8.1");
    put_unseen(files.resolv_conf, "127.0.0.3");
    assert_string_equal(look_up(loop, files.resolv_conf, "db.test"), "10.9.8.2");

    evdns_close_server_port(first.port);
    evdns_close_server_port(second.port);
    assert_string_equal(look_up(loop, files.resolv_conf, "db.test"), ""); /* nobody answers */
    ps_loop_destroy(loop);
    files_remove(&files);
}

/* Cloud load balancers and headless services have dozens of addresses. The limit is PS_RESOLVE_MAX.
 */
static void a_truncated_answer_is_asked_for_over_tcp(void **state)
{
    struct files files;
    struct name_server server;
    struct ps_loop *loop = ps_loop_create();
    int64_t end = ps_clock_mono_ms() + PATIENCE_MS;
    int fds[2];

    (void)state;
    files_create(&files);
    bind_pair("127.0.0.2", "127.0.0.2", SOCK_STREAM, fds);
    serve(loop, &server, fds[0], 1);
    serve_tcp(loop, &server, fds[1]);
    server.udp_addresses = 40;
    use_server(files.resolv_conf, "127.0.0.2");
    assert_string_equal(look_up(loop, files.resolv_conf, "many.test"), "10.7.0.0");
    assert_int_equal(answer.count, PS_RESOLVE_MAX);
    assert_string_equal(answer.last, "10.7.0.31");
    assert_int_equal(server.tcp_answers, 1); /* the answer without IPv6 addresses is short */
    while (server.tcp_links > 0 && ps_clock_mono_ms() < end)
        assert_true(event_base_loop(ps_loop_base(loop), EVLOOP_ONCE) >= 0);
    assert_int_equal(server.tcp_links, 0); /* the lookup closed its connection */

    evconnlistener_free(server.listener);
    evdns_close_server_port(server.port);
    ps_loop_destroy(loop);
    files_remove(&files);
}

static void a_server_that_drops_questions_for_ipv6_suffices(void **state)
{
    struct files files;
    struct name_server server;
    struct ps_loop *loop = ps_loop_create();
    int64_t began_ms = ps_clock_mono_ms();

    (void)state;
    files_create(&files);
    serve(loop, &server, bound_socket(SOCK_DGRAM, "127.0.0.2", 0), 1);
    server.drops_ipv6 = true;
    use_server(files.resolv_conf, "127.0.0.2");
    assert_string_equal(look_up(loop, files.resolv_conf, "db.test"), "10.9.8.1");
    print_message("found after %d ms\n", (int)(ps_clock_mono_ms() - began_ms));

    evdns_close_server_port(server.port);
    ps_loop_destroy(loop);
    files_remove(&files);
}

static void a_numeric_address_asks_nobody(void **state)
{
    struct files files;
    struct name_server server;
    struct ps_loop *loop = ps_loop_create();

    (void)state;
    files_create(&files);
    serve(loop, &server, bound_socket(SOCK_DGRAM, "127.0.0.2", 0), 1);
    use_server(files.resolv_conf, "127.0.0.2");
    assert_string_equal(look_up(loop, files.resolv_conf, "192.0.2.7"), "192.0.2.7");
    assert_string_equal(look_up(loop, files.resolv_conf, "::1"), "::1");
    /* The server answers in turn: a question for one of those would have come before this one. */
    assert_string_equal(look_up(loop, files.resolv_conf, "db.test"), "10.9.8.1");
    assert_int_equal(server.questions, 2); /* for addresses of both kinds */

    evdns_close_server_port(server.port);
    ps_loop_destroy(loop);
    files_remove(&files);
}

static void never(void *cookie, const char *const *addresses, size_t count,
                  const struct ps_err *err)
{
    (void)cookie;
    (void)addresses;
    (void)count;
    (void)err;
    fail();
}

static void a_cancelled_lookup_runs_no_callback(void **state)
{
    struct files files;
    struct name_server server;
    struct ps_loop *loop = ps_loop_create();
    struct ps_resolve_source source;
    struct ps_resolve *one, *two;

    (void)state;
    files_create(&files);
    serve(loop, &server, bound_socket(SOCK_DGRAM, "127.0.0.2", 0), 1);
    use_server(files.resolv_conf, "127.0.0.2");
    source = (struct ps_resolve_source){ .resolv_conf = files.resolv_conf, .port = port_number };
    one = ps_resolve_start_from(loop, &source, "one.test", never, NULL);
    two = ps_resolve_start_from(loop, &source, "192.0.2.1", never, NULL);
    ps_resolve_cancel(one);
    ps_resolve_cancel(two); /* its answer is there and not delivered */
    ps_resolve_cancel(NULL);
    assert_string_equal(look_up(loop, files.resolv_conf, "db.test"), "10.9.8.1");

    evdns_close_server_port(server.port);
    ps_loop_destroy(loop);
    files_remove(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_change_are_read_again),
        cmocka_unit_test(a_change_that_no_attribute_shows_is_read),
        cmocka_unit_test(a_truncated_answer_is_asked_for_over_tcp),
        cmocka_unit_test(a_server_that_drops_questions_for_ipv6_suffices),
        cmocka_unit_test(a_numeric_address_asks_nobody),
        cmocka_unit_test(a_cancelled_lookup_runs_no_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
