#include "shared/io/env.h"

#include "shared/core/alloc.h"
#include "shared/core/dotenv.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DOTENV_MAX = 256 * 1024, SECRET_FILE_MAX = 64 * 1024 };

struct ps_env {
    struct ps_dotenv *dotenv; /* NULL where there is no .env */
    char *secret;             /* what the last NAME_FILE held */
    size_t secret_size;
};

static void wipe_free(char *data, size_t size)
{
    if (data != NULL)
        OPENSSL_cleanse(data, size);
    free(data);
}

/* Gives the content (cap bytes at most, a NUL after it) in a block of cap + 1 bytes. errno says why
   not; EFBIG for too much. */
static char *read_whole(const char *path, size_t cap, size_t *out_len)
{
    char *data;
    size_t len = 0;
    ssize_t got = 0;
    int saved;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    data = ps_alloc(cap + 1);
    while (len <= cap) {
        got = read(fd, data + len, cap + 1 - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    saved = got < 0 ? errno : EFBIG;
    (void)close(fd);
    if (got < 0 || len > cap) {
        wipe_free(data, cap + 1);
        errno = saved;
        return NULL;
    }
    data[len] = '\0';
    *out_len = len;
    return data;
}

struct ps_env *ps_env_create(struct ps_err *err)
{
    struct ps_env *env = NULL;
    struct ps_dotenv *dotenv = NULL;
    struct ps_err fault;
    size_t len = 0;
    char *text = read_whole(".env", DOTENV_MAX, &len);

    if (text == NULL && errno != ENOENT) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, errno, ".env: %s", strerror(errno));
        return NULL;
    }
    if (text != NULL) {
        dotenv = ps_dotenv_parse(text, len, &fault);
        wipe_free(text, DOTENV_MAX + 1);
        if (dotenv == NULL) {
            (void)ps_fail(err, fault.category, fault.code, ".env: %s", fault.what);
            return NULL;
        }
    }
    env = ps_alloc_zero(1, sizeof(*env));
    env->dotenv = dotenv;
    return env;
}

static void forget_secret(struct ps_env *env)
{
    wipe_free(env->secret, env->secret_size);
    env->secret = NULL;
    env->secret_size = 0;
}

void ps_env_destroy(struct ps_env *env)
{
    if (env == NULL)
        return;
    forget_secret(env);
    ps_dotenv_destroy(env->dotenv);
    free(env);
}

static const char *look_up(const struct ps_env *env, const char *name)
{
    const char *value = getenv(name);

    if (value == NULL && env->dotenv != NULL)
        value = ps_dotenv_get(env->dotenv, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The path is no secret and is named in errors; what the file holds never is. */
static bool read_secret(struct ps_env *env, const char *name, const char *path, struct ps_err *err)
{
    size_t len = 0;
    char *text = read_whole(path, SECRET_FILE_MAX, &len);

    if (text == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, errno, "%s_FILE=\"%.80s\": %s", name, path,
                       strerror(errno));
    env->secret = text;
    env->secret_size = SECRET_FILE_MAX + 1;
    if (memchr(text, '\0', len) != NULL) {
        forget_secret(env);
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "%s_FILE=\"%.80s\": a text file, without NUL bytes", name, path);
    }
    if (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    if (len > 0 && text[len - 1] == '\r')
        text[--len] = '\0';
    return true;
}

bool ps_env_get(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    struct ps_env *env = cookie;
    const char *value = look_up(env, name);
    const char *path = NULL;

    if (ps_config_is_secret(name)) {
        char *file_name = ps_alloc_format("%s_FILE", name);

        path = look_up(env, file_name);
        free(file_name);
    }
    forget_secret(env);
    if (value != NULL && path != NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s and %s_FILE: only one of the two",
                       name, name);
    if (path != NULL) {
        if (!read_secret(env, name, path, err))
            return false;
        value = env->secret;
    }
    *out_value = value;
    return true;
}
