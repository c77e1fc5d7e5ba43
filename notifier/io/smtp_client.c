#include "notifier/io/smtp_client.h"

#include "shared/core/alloc.h"
#include "shared/io/background.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

enum {
    CONNECT_MS = 10 * 1000,
    ANSWER_S = 45,           /* for each answer of the server: filters run before the last one */
    ANSWERS_MAX = 32 * 1024, /* bytes of all answers of one connection */
    TEXT_SIZE = 160,
    SOCKETS_MAX = 8, /* of one connection: libcurl tries several addresses at once */
    GOOD_BYE = 221,  /* answers of SMTP */
    REFUSED = 400
};

struct job {
    struct ps_smtp *smtp;
    char *url, *ca_file, *from, *to, *mail;
    size_t mail_len, mail_sent;
    ps_smtp_fn fn;
    void *cookie;
    /* The thread's, until it ends. */
    size_t answer_bytes;
    char text[TEXT_SIZE]; /* of the last answer, without its status */
    char error[CURL_ERROR_SIZE];
    int status; /* of the last answer; 0: none */
    CURLcode code;
    atomic_bool sending; /* some of the mail was sent */
    /* The sockets that libcurl has open. A stop shuts them down, which ends what the thread waits
     * for. lock is held for that and while a socket is closed: without it the number could belong
     * to another file by the time it is shut down. */
    pthread_mutex_t lock;
    int sockets[SOCKETS_MAX]; /* -1: free */
    struct job *prev, *next;
};

struct ps_smtp {
    struct ps_background *background;
    struct job *waiting; /* in the order of ps_smtp_send */
    struct job *running;
    size_t running_len;
    /* Loop and threads share only these two and, of each job, sending and sockets. */
    atomic_bool stopping;
    atomic_bool draining; /* no mail's text is begun any more */
};

static char *copy_of(const char *text)
{
    return ps_alloc_text(text == NULL ? "" : text);
}

static void job_destroy(struct job *job)
{
    OPENSSL_cleanse(job->url, strlen(job->url));
    free(job->url);
    free(job->ca_file);
    free(job->from);
    free(job->to);
    free(job->mail);
    (void)pthread_mutex_destroy(&job->lock);
    free(job);
}

/* --- on the thread --------------------------------------------------------------------------- */

static size_t on_read(char *data, size_t size, size_t count, void *cookie)
{
    struct job *job = cookie;
    size_t room = size * count, left = job->mail_len - job->mail_sent;
    size_t len = left < room ? left : room;

    atomic_store(&job->sending, true);
    if (len > 0)
        memcpy(data, job->mail + job->mail_sent, len);
    job->mail_sent += len;
    return len;
}

/* Refuses to rewind, so that libcurl cannot send a mail twice by itself. */
static int on_seek(void *cookie, curl_off_t offset, int origin)
{
    (void)cookie;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

/* May be called on any thread. libcurl stops waiting, as if the server had closed the connection.
 */
static void shut_down(struct job *job, int how)
{
    (void)pthread_mutex_lock(&job->lock);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (job->sockets[i] >= 0)
            (void)shutdown(job->sockets[i], how);
    (void)pthread_mutex_unlock(&job->lock);
}

/* libcurl passes each line of the server's answers here: "250-SIZE 1000", "550 5.1.1 unknown". The
 * answer to the final QUIT does not replace the reason of a refusal. */
static size_t on_answer(char *data, size_t size, size_t count, void *cookie)
{
    struct job *job = cookie;
    size_t len = size * count, text_len = len;
    int status;

    job->answer_bytes += len;
    if (job->answer_bytes > ANSWERS_MAX)
        return 0;
    if (len <= 4 || data[3] != ' ' || data[0] < '2' || data[0] > '5')
        return len;
    status = (data[0] - '0') * 100 + (data[1] - '0') * 10 + (data[2] - '0');
    if (status == GOOD_BYE && job->status >= REFUSED)
        return len;
    while (text_len > 4 && (data[text_len - 1] == '\r' || data[text_len - 1] == '\n'))
        text_len--;
    job->status = status;
    (void)snprintf(job->text, sizeof(job->text), "%.*s", (int)(text_len - 4), data + 4);
    if (job->mail_len > 0 && job->mail_sent == job->mail_len)
        shut_down(job, SHUT_RD); /* the mail is answered; QUIT still goes out, and its
                                    answer is not waited for */
    return len;
}

static bool gives_up(struct job *job)
{
    return atomic_load(&job->smtp->stopping) ||
           (atomic_load(&job->smtp->draining) && !atomic_load(&job->sending));
}

static int on_progress(void *cookie, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct job *job = cookie;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return gives_up(job) ? 1 : 0;
}

/* libcurl calls these two for each socket. */
static curl_socket_t on_open(void *cookie, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct job *job = cookie;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd < 0)
        return CURL_SOCKET_BAD;
    (void)pthread_mutex_lock(&job->lock);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (job->sockets[i] < 0) {
            job->sockets[i] = fd;
            break;
        }
    (void)pthread_mutex_unlock(&job->lock);
    return fd;
}

static int on_close(void *cookie, curl_socket_t fd)
{
    struct job *job = cookie;

    (void)pthread_mutex_lock(&job->lock);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (job->sockets[i] == fd)
            job->sockets[i] = -1;
    (void)close(fd);
    (void)pthread_mutex_unlock(&job->lock);
    return 0;
}

/* A host that can only be this machine: nobody else can read what is sent there. */
static bool is_loopback(const char *url)
{
    CURLU *parts = curl_url();
    char *host = NULL;
    struct in_addr v4;
    bool loopback = false;

    if (parts == NULL)
        abort();
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        loopback = strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
                   (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
    curl_free(host);
    curl_url_cleanup(parts);
    return loopback;
}

static void set(CURLcode code)
{
    if (code != CURLE_OK)
        abort(); /* out of memory, or a libcurl without SMTP */
}

static void set_mail(CURL *easy, struct job *job, struct curl_slist **out_receivers)
{
    if (job->mail == NULL) {
        set(curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP"));
        return;
    }
    *out_receivers = curl_slist_append(NULL, job->to);
    if (*out_receivers == NULL)
        abort();
    set(curl_easy_setopt(easy, CURLOPT_MAIL_FROM, job->from));
    set(curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, *out_receivers));
    set(curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L));
    set(curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read));
    set(curl_easy_setopt(easy, CURLOPT_READDATA, job));
    set(curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek));
}

static void work(void *data)
{
    struct job *job = data;
    struct curl_slist *receivers = NULL;
    CURL *easy = curl_easy_init();

    if (easy == NULL)
        abort();
    set(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    set(curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
    set(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, job->error));
    set(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps"));
    set(curl_easy_setopt(easy, CURLOPT_PROXY, "")); /* not that of the environment either */
    set(curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L));
    set(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)PS_SMTP_LIMIT_MS));
    set(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS));
    set(curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)ANSWER_S));
    set(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_answer));
    set(curl_easy_setopt(easy, CURLOPT_HEADERDATA, job));
    set(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer));
    set(curl_easy_setopt(easy, CURLOPT_WRITEDATA, job));
    set(curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L));
    set(curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress));
    set(curl_easy_setopt(easy, CURLOPT_XFERINFODATA, job));
    set(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open));
    set(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, job));
    set(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close));
    set(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, job));
    set(curl_easy_setopt(easy, CURLOPT_USE_SSL,
                         is_loopback(job->url) ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL));
    if (job->ca_file[0] != '\0')
        set(curl_easy_setopt(easy, CURLOPT_CAINFO, job->ca_file));
    set_mail(easy, job, &receivers);
    job->code = curl_easy_setopt(easy, CURLOPT_URL, job->url);
    if (job->code == CURLE_OK)
        job->code = gives_up(job) ? CURLE_ABORTED_BY_CALLBACK : curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    curl_slist_free_all(receivers);
}

/* --- on the loop ----------------------------------------------------------------------------- */

static enum ps_failure category_of(CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return PS_FAILURE_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_NOT_BUILT_IN:
        return PS_FAILURE_CONFIGURATION;
    default:
        return PS_FAILURE_NETWORK;
    }
}

/* libcurl's texts begin with the command that failed. */
static enum ps_mail_stage stage_of(const struct job *job)
{
    if (job->mail != NULL && job->mail_sent == job->mail_len && job->mail_len > 0)
        return PS_MAIL_DATA;
    if (strncmp(job->error, "RCPT ", 5) == 0)
        return PS_MAIL_RECIPIENT;
    return strncmp(job->error, "DATA ", 5) == 0 ? PS_MAIL_DATA : PS_MAIL_CONNECT;
}

static void start_next(struct ps_smtp *smtp);

static void on_done(void *cookie, void *data)
{
    struct ps_smtp *smtp = cookie;
    struct job *job = data;
    CURLcode code = job->code;
    struct ps_mail_outcome outcome = {
        .taken = code == CURLE_OK,
        /* A connection that ends in the middle leaves the status of an earlier, good answer. */
        .status = job->status >= REFUSED ? job->status : 0,
        .text = job->text,
        .stage = stage_of(job),
        .category = category_of(code),
        .no_tls = code == CURLE_USE_SSL_FAILED,
        .refused_login = code == CURLE_LOGIN_DENIED,
        .bad_certificate = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR,
    };

    smtp->running_len--;
    DL_DELETE(smtp->running, job);
    if (!atomic_load(&smtp->stopping)) {
        job->fn(job->cookie, &outcome);
        start_next(smtp);
    }
    job_destroy(job);
}

static void start_next(struct ps_smtp *smtp)
{
    const struct ps_background_job options = {
        .work = work, .done = on_done, .cookie = smtp, .waits = true
    };
    struct job *job;

    /* At a stop all that wait their turn end at once, without a connection. */
    while ((smtp->running_len < PS_SMTP_JOBS || atomic_load(&smtp->draining)) &&
           (job = smtp->waiting) != NULL) {
        DL_DELETE(smtp->waiting, job);
        DL_APPEND(smtp->running, job);
        smtp->running_len++;
        ps_background_run(smtp->background, &options, job);
    }
}

void ps_smtp_send(struct ps_smtp *smtp, const struct ps_smtp_request *request, ps_smtp_fn fn,
                  void *cookie)
{
    struct job *job = ps_alloc_zero(1, sizeof(*job));

    *job = (struct job){ .smtp = smtp,
                         .url = copy_of(request->url),
                         .ca_file = copy_of(request->ca_file),
                         .from = copy_of(request->from),
                         .to = copy_of(request->to),
                         .mail = request->mail == NULL ? NULL : copy_of(request->mail),
                         .mail_len = request->mail == NULL ? 0 : strlen(request->mail),
                         .fn = fn,
                         .cookie = cookie,
                         .code = CURLE_FAILED_INIT }; /* unless the thread runs */
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        job->sockets[i] = -1;
    if (pthread_mutex_init(&job->lock, NULL) != 0)
        abort();
    DL_APPEND(smtp->waiting, job);
    start_next(smtp);
}

struct ps_smtp *ps_smtp_create(struct ps_loop *loop)
{
    struct ps_smtp *smtp = ps_alloc_zero(1, sizeof(*smtp));

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    atomic_init(&smtp->stopping, false);
    atomic_init(&smtp->draining, false);
    smtp->background = ps_background_create(loop);
    return smtp;
}

void ps_smtp_drain(struct ps_smtp *smtp)
{
    struct job *job;

    atomic_store(&smtp->draining, true);
    DL_FOREACH (smtp->running, job)
        if (!atomic_load(&job->sending))
            shut_down(job, SHUT_RDWR);
    start_next(smtp);
}

void ps_smtp_destroy(struct ps_smtp *smtp)
{
    struct job *job, *next;

    if (smtp == NULL)
        return;
    atomic_store(&smtp->stopping, true);
    DL_FOREACH_SAFE (smtp->waiting, job, next)
        job_destroy(job);
    smtp->waiting = NULL;
    DL_FOREACH (smtp->running, job)
        shut_down(job, SHUT_RDWR);
    ps_background_destroy(smtp->background);
    free(smtp);
    curl_global_cleanup();
}
