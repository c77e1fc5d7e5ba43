#include "shared/io/env.h"

#include "shared/core/alloc.h"
#include "shared/core/dotenv.h"
#include "shared/core/setting_names.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

enum {
    DOTENV_MAX = 256 * 1024,
    SECRET_FILE_MAX = 64 * 1024,
    MISSPELT_MAX = 20,
    NAME_MAX_LEN = 128
};

struct ps_env {
    struct ps_dotenv *dotenv; /* NULL where there is no .env */
    char *secret;             /* content of the last NAME_FILE */
    size_t secret_size;
};

static void wipe_free(char *data, size_t size)
{
    if (data != NULL)
        OPENSSL_cleanse(data, size);
    free(data);
}

/* Returns the content and a NUL in a block of cap + 1 bytes, or NULL with errno set; EFBIG if the
 * file is longer than cap. The caller wipes all cap + 1 bytes: the size of the block does not
 * depend on the length of the secret. */
static char *read_whole_file(const char *path, size_t cap, size_t *out_len)
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

/* Returns the value of name in the environment. Where several names differ in case only, the exact
 * name wins. */
static const char *get_from_environment(void *cookie, const char *name)
{
    const char *value = getenv(name);
    size_t len = strlen(name);

    (void)cookie;
    for (char **pair = environ; value == NULL && *pair != NULL; pair++)
        if (strncasecmp(*pair, name, len) == 0 && (*pair)[len] == '=')
            value = *pair + len + 1;
    return value;
}

struct ps_env *ps_env_create(struct ps_err *err)
{
    struct ps_env *env = NULL;
    struct ps_dotenv *dotenv = NULL;
    struct stat info;
    struct ps_err fault;
    size_t len = 0;
    char *text = read_whole_file(".env", DOTENV_MAX, &len);

    if (text == NULL && errno != ENOENT) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, errno, ".env: %s", strerror(errno));
        return NULL;
    }
    /* Everybody who can write to .env can have our secrets sent to a server of theirs. */
    if (text != NULL && stat(".env", &info) == 0 && S_ISREG(info.st_mode) &&
        (info.st_mode & S_IWOTH) != 0) {
        wipe_free(text, DOTENV_MAX + 1);
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                      ".env: every user of this machine can write to it; chmod o-w .env");
        return NULL;
    }
    if (text != NULL) {
        dotenv = ps_dotenv_parse(text, len, get_from_environment, NULL, &fault);
        wipe_free(text, DOTENV_MAX + 1);
        if (dotenv == NULL) {
            *err = fault;
            return NULL;
        }
    }
    env = ps_alloc_zero(1, sizeof(*env));
    env->dotenv = dotenv;
    return env;
}

static void wipe_secret(struct ps_env *env)
{
    wipe_free(env->secret, env->secret_size);
    env->secret = NULL;
    env->secret_size = 0;
}

void ps_env_destroy(struct ps_env *env)
{
    if (env == NULL)
        return;
    wipe_secret(env);
    ps_dotenv_destroy(env->dotenv);
    free(env);
}

/* Returns NULL for an empty value too. */
static const char *get_value(const struct ps_env *env, const char *name)
{
    const char *value = get_from_environment(NULL, name);

    if (value == NULL && env->dotenv != NULL)
        value = ps_dotenv_get(env->dotenv, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Errors name the path, which is not a secret, and never the content of the file. */
static bool read_secret(struct ps_env *env, const char *name, const char *path, struct ps_err *err)
{
    size_t len = 0;
    char *text = read_whole_file(path, SECRET_FILE_MAX, &len);

    if (text == NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, errno, "%s_FILE=\"%.80s\": %s", name, path,
                       strerror(errno));
    env->secret = text;
    env->secret_size = SECRET_FILE_MAX + 1;
    if (memchr(text, '\0', len) != NULL) {
        wipe_secret(env);
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "%s_FILE=\"%.80s\": contains a NUL byte; expected a text file", name, path);
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
    const char *value = get_value(env, name);
    const char *path = NULL;

    if (ps_config_is_secret(name)) {
        char *file_name = ps_alloc_format("%s_FILE", name);

        path = get_value(env, file_name);
        free(file_name);
    }
    wipe_secret(env);
    if (value != NULL && path != NULL)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "%s and %s_FILE: both are set; set only one of them", name, name);
    if (path != NULL) {
        if (!read_secret(env, name, path, err))
            return false;
        value = env->secret;
    }
    *out_value = value;
    return true;
}

/* FNV-1a. */
static uint64_t mix(uint64_t stamp, int64_t value)
{
    for (size_t i = 0; i < sizeof(value); i++) {
        stamp ^= (uint64_t)value >> (i * 8) & 0xff;
        stamp *= UINT64_C(1099511628211);
    }
    return stamp;
}

static uint64_t stamp_of(const struct ps_env *env, const char *name, uint64_t stamp)
{
    char *file_name = ps_alloc_format("%s_FILE", name);
    const char *path = get_value(env, file_name);
    struct stat info;

    free(file_name);
    if (path == NULL)
        return stamp;
    if (stat(path, &info) != 0)
        return mix(stamp, -1);
    stamp = mix(stamp, (int64_t)info.st_ino);
    stamp = mix(stamp, (int64_t)info.st_size);
    stamp = mix(stamp, (int64_t)info.st_mtim.tv_sec);
    return mix(stamp, (int64_t)info.st_mtim.tv_nsec);
}

uint64_t ps_env_secret_stamp(const struct ps_env *env)
{
    static const char *const names[] = {
#define PS_X(field, name, type, def, min, max, options, who, help) #name,
#include "shared/core/config.def"
#undef PS_X
    };
    uint64_t stamp = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < PS_COUNT_OF(names); i++) {
        if (ps_config_is_secret(names[i]))
            stamp = stamp_of(env, names[i], stamp);
    }
    return stamp;
}

bool ps_env_logs_json(struct ps_env *env)
{
    const char *value = get_from_environment(NULL, "LOG_FORMAT");

    if ((value == NULL || value[0] == '\0') && env != NULL)
        value = get_value(env, "LOG_FORMAT");
    return ps_str_is_fold(ps_str_trim(ps_str_of(value)), "json");
}

/* Reports name if it resembles a setting. Returns the number of reports, 0 or 1. */
static size_t report_if_misspelt(const char *name, enum ps_setting_place place,
                                 ps_env_misspelt_fn fn, void *cookie)
{
    const char *nearest = ps_setting_nearest(name, place);
    char *text;

    if (nearest == NULL)
        return 0;
    text = ps_alloc_format("%s: %.*s is not a setting and has no effect; did you mean %s?",
                           place == PS_SETTING_IN_FILE ? ".env" : "environment", NAME_MAX_LEN, name,
                           nearest);
    fn(cookie, name, nearest, text);
    free(text);
    return 1;
}

void ps_env_misspelt(const struct ps_env *env, ps_env_misspelt_fn fn, void *cookie)
{
    const struct ps_dotenv *file = env->dotenv;
    size_t count = 0;

    for (size_t i = 0; file != NULL && i < ps_dotenv_len(file) && count < MISSPELT_MAX; i++)
        count += report_if_misspelt(ps_dotenv_name(file, i), PS_SETTING_IN_FILE, fn, cookie);
    for (char **pair = environ; *pair != NULL && count < MISSPELT_MAX; pair++) {
        const char *end = strchr(*pair, '=');
        char *name;

        if (end == NULL || end - *pair > NAME_MAX_LEN)
            continue;
        name = ps_alloc_copy(*pair, (size_t)(end - *pair));
        if (file == NULL || ps_dotenv_get(file, name) == NULL) /* else reported above */
            count += report_if_misspelt(name, PS_SETTING_IN_ENVIRONMENT, fn, cookie);
        free(name);
    }
}
