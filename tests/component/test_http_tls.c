/* The HTTP client against a real nginx with TLS and HTTP/2. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "shared/core/alloc.h"
#include "shared/io/clock.h"
#include "shared/io/http_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

static char folder[] = "/tmp/ps-tls-XXXXXX";
static char *certificate;
static unsigned tls_port, plain_port;
static pid_t nginx;

struct answer {
    int calls;
    bool ok;
    struct ps_err err;
    int status, version, redirects;
    char url[128];
};

static pid_t spawn(const char *const *argv)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        char *copy[24] = { NULL };
        int null = open("/dev/null", O_RDWR);

        for (size_t i = 0; argv[i] && i < 23; i++)
            copy[i] = strdup(argv[i]);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)execvp(copy[0], copy);
        _exit(127);
    }
    return pid;
}

static unsigned free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static bool listens(unsigned port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool there;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    there = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    (void)close(fd);
    return there;
}

static void make_certificate(const char *key)
{
    int status = -1;
    pid_t pid = spawn((const char *const[]){
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
        "-out", certificate, NULL });

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void write_settings(const char *path, const char *key)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    (void)fprintf(file,
                  "worker_processes 1; daemon off; pid %s/pid; error_log %s/error;\n"
                  "events { worker_connections 256; }\n"
                  "http { access_log off; client_body_temp_path %s/b; proxy_temp_path %s/p;\n"
                  "fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s;\n",
                  folder, folder, folder, folder, folder, folder, folder);
    (void)fprintf(file,
                  "server { listen 127.0.0.1:%u ssl http2; ssl_certificate %s; "
                  "ssl_certificate_key %s;\n"
                  "location / { return 204; }\n"
                  "location /down { return 302 http://127.0.0.1:%u/; }\n"
                  "location /along { return 302 https://127.0.0.1:%u/end; } }\n",
                  tls_port, certificate, key, plain_port, tls_port);
    (void)fprintf(file,
                  "server { listen 127.0.0.1:%u; location / { return 204; }\n"
                  "location /up { return 302 https://127.0.0.1:%u/end; } } }\n",
                  plain_port, tls_port);
    assert_int_equal(fclose(file), 0);
}

static int start_nginx(void **state)
{
    const struct timespec pause = { 0, 20000000 };
    char *settings, *key;

    (void)state;
    assert_non_null(mkdtemp(folder));
    certificate = ps_alloc_format("%s/cert.pem", folder);
    key = ps_alloc_format("%s/key.pem", folder);
    settings = ps_alloc_format("%s/nginx.conf", folder);
    make_certificate(key);
    tls_port = free_port();
    do
        plain_port = free_port();
    while (plain_port == tls_port);
    write_settings(settings, key);
    nginx = spawn((const char *const[]){ "nginx", "-e", "/dev/null", "-c", settings, NULL });
    for (int i = 0; i < 250 && !listens(plain_port); i++)
        (void)nanosleep(&pause, NULL);
    free(settings);
    free(key);
    return listens(plain_port) && listens(tls_port) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int stop_nginx(void **state)
{
    (void)state;
    (void)kill(nginx, SIGTERM);
    while (waitpid(nginx, NULL, 0) < 0 && errno == EINTR) {
    }
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(certificate);
    return 0;
}

static void on_reply(void *cookie, const struct ps_http_reply *reply, const struct ps_err *err)
{
    struct answer *answer = cookie;

    answer->calls++;
    answer->ok = !err;
    if (err)
        answer->err = *err;
    answer->status = reply->status;
    answer->version = reply->http_version;
    answer->redirects = reply->redirects;
    (void)snprintf(answer->url, sizeof(answer->url), "%s", reply->effective_url);
}

static void send_to(struct ps_http *http, const char *scheme, const char *path,
                    struct answer *answer)
{
    char *url = ps_alloc_format("%s://127.0.0.1:%u%s", scheme,
                                scheme[4] == 's' ? tls_port : plain_port, path);
    struct ps_http_request request = { .url = url, .timeout_ms = 5000, .max_redirects = 3 };

    memset(answer, 0, sizeof(*answer));
    assert_non_null(ps_http_send(http, &request, on_reply, answer, NULL));
    free(url);
}

static void wait_for(struct ps_loop *loop, const struct answer *answer)
{
    int64_t end = ps_clock_mono_ms() + PATIENCE_MS;

    while (answer->calls == 0 && ps_clock_mono_ms() < end)
        assert_true(event_base_loop(ps_loop_base(loop), EVLOOP_ONCE) >= 0);
    assert_int_equal(answer->calls, 1);
}

static void never_from_https_to_http(void **state)
{
    struct ps_http_options options = { .user_agent = "t",
                                       .allow_private = true,
                                       .ca_file = certificate };
    struct ps_loop *loop = ps_loop_create();
    struct ps_http *http = ps_http_create(loop, &options);
    struct answer answer;

    (void)state;
    send_to(http, "https", "/down", &answer);
    wait_for(loop, &answer);
    assert_false(answer.ok);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK);
    assert_int_equal(answer.status, 302);
    send_to(http, "https", "/along", &answer);
    wait_for(loop, &answer);
    assert_true(answer.ok);
    assert_int_equal(answer.status, 204);
    send_to(http, "http", "/up", &answer); /* on the same handle */
    wait_for(loop, &answer);
    assert_true(answer.ok);
    assert_int_equal(answer.redirects, 1);
    assert_int_equal(strncmp(answer.url, "https:", 6), 0);
    ps_http_destroy(http);
    ps_loop_destroy(loop);
}

static void http2_requests_share_a_connection(void **state)
{
    struct ps_http_options options = {
        .user_agent = "t", .http2 = true, .allow_private = true, .ca_file = certificate
    };
    struct ps_loop *loop = ps_loop_create();
    struct ps_http *http = ps_http_create(loop, &options);
    struct answer answers[50];

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++)
        send_to(http, "https", "/x", &answers[i]);
    for (size_t i = 0; i < PS_COUNT_OF(answers); i++) {
        wait_for(loop, &answers[i]);
        assert_true(answers[i].ok);
        assert_int_equal(answers[i].version, 2);
    }
    assert_int_equal(ps_http_connections_opened(http), 1);
    send_to(http, "http", "/x", &answers[0]);
    wait_for(loop, &answers[0]);
    assert_int_equal(answers[0].version, 11);
    ps_http_destroy(http);
    ps_loop_destroy(loop);
}

static void a_certificate_nobody_vouches_for_is_refused(void **state)
{
    struct ps_http_options options = { .user_agent = "t", .allow_private = true };
    struct ps_loop *loop = ps_loop_create();
    struct ps_http *http = ps_http_create(loop, &options);
    struct answer answer;

    (void)state;
    send_to(http, "https", "/x", &answer);
    wait_for(loop, &answer);
    assert_false(answer.ok);
    assert_int_equal(answer.err.category, PS_FAILURE_NETWORK);
    assert_int_equal(answer.err.code, PS_HTTP_ERR_TLS);
    ps_http_destroy(http);
    options.ca_file = "/nowhere/ca.pem";
    http = ps_http_create(loop, &options);
    send_to(http, "https", "/x", &answer);
    wait_for(loop, &answer);
    assert_int_equal(answer.err.category, PS_FAILURE_CONFIGURATION);
    ps_http_destroy(http);
    ps_loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_from_https_to_http),
        cmocka_unit_test(http2_requests_share_a_connection),
        cmocka_unit_test(a_certificate_nobody_vouches_for_is_refused),
    };

    return cmocka_run_group_tests(tests, start_nginx, stop_nginx);
}
