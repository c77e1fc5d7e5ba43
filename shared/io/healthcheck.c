#include "shared/io/healthcheck.h"

#include "shared/core/alloc.h"
#include "shared/core/log_line.h"
#include "shared/io/command_usage.h"
#include "shared/io/print.h"
#include "shared/io/program.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 16 * 1024 };
/* Shorter than the timeout of every probe that runs this command; see the header. */
static const long timeout_ms = 2000;

/* Drops bytes beyond the cap: the start of a long answer is still worth printing. */
static size_t on_body(char *data, size_t size, size_t count, void *cookie)
{
    struct ps_buf *body = cookie;

    (void)ps_buf_add(body, data, size * count);
    return size * count;
}

/* A daemon that is bound to every address is asked at the loopback address. */
static char *health_url(const struct ps_config *config, const char *path)
{
    const char *host = config->health_bind_host;
    bool v6;

    if (strcmp(host, "0.0.0.0") == 0)
        host = "127.0.0.1";
    else if (strcmp(host, "::") == 0)
        host = "::1";
    v6 = strchr(host, ':') != NULL;
    return ps_alloc_format("http://%s%s%s:%d%s", v6 ? "[" : "", host, v6 ? "]" : "",
                           (int)config->health_port, path);
}

static int request_health(const char *program_name, const char *url)
{
    char error[CURL_ERROR_SIZE] = "";
    CURL *easy = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    struct ps_buf body;
    long status = 0;

    ps_buf_init(&body, ANSWER_MAX);
    if (easy != NULL && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body) == CURLE_OK)
        code = curl_easy_perform(easy);
    if (code == CURLE_OK && curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK) {
        const char *text = ps_buf_str(&body);

        ps_print(stdout, "%s%s", text, strchr(text, '\n') != NULL ? "" : "\n");
    } else {
        ps_print(stderr, "%s: %s: %s\n", program_name, url,
                 error[0] != '\0' ? error : curl_easy_strerror(code));
    }
    ps_buf_clear(&body);
    curl_easy_cleanup(easy);
    if (code != CURLE_OK)
        return PS_EXIT_UNAVAILABLE;
    return status == 200 ? PS_EXIT_OK : PS_EXIT_FAILED;
}

int ps_healthcheck(const char *program_name, unsigned component, int argc, char **argv,
                   struct ps_env *env)
{
    struct ps_config config;
    const char *path = "/livez";
    char *url;
    int status;

    if (argc == 2 && strcmp(argv[1], "ready") == 0)
        path = "/readyz";
    else if (argc == 2 && strcmp(argv[1], "events") == 0)
        path = "/readyz/events";
    else if (argc > 2 || (argc == 2 && strcmp(argv[1], "live") != 0)) {
        return ps_command_usage(program_name, PS_COMMAND_HEALTHCHECK);
    }
    if (!ps_config_load(component, ps_env_get, env, ps_print_fault, &program_name, &config))
        return PS_EXIT_CONFIG;
    if (config.health_port == 0) {
        ps_print(stderr,
                 "%s: HEALTH_PORT=\"0\": the system chose the port; read it in the log event %s\n",
                 program_name, ps_event_name(PS_EVENT_HEALTH_LISTEN));
        ps_config_clear(&config);
        return PS_EXIT_CONFIG;
    }
    url = health_url(&config, path);
    ps_config_clear(&config);
    status = request_health(program_name, url);
    free(url);
    return status;
}
