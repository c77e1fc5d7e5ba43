/* The source of the settings: environment variables, .env and secret files.
 *
 * core/config asks for each setting by name through ps_env_get and holds no I/O itself. The
 * environment wins over .env, also where .env expands ${NAME}. Names are compared without case; in
 * the environment the exact name wins. Secrets are wiped from memory when they are replaced and on
 * destroy. */
#ifndef PS_IO_ENV_H
#define PS_IO_ENV_H
#include "shared/core/config.h"

struct ps_env;

/* Reads .env of the working directory if the file exists (at most 256 KiB). Returns NULL with err
 * (PS_FAILURE_CONFIGURATION) if the file cannot be read or parsed. */
struct ps_env *ps_env_create(struct ps_err *err) PS_MUST_USE;
void ps_env_destroy(struct ps_env *env); /* wipes the secrets; NULL is fine */

/* A ps_config_get_fn; the cookie is the ps_env. *out_value is NULL for a setting without a value;
 * it is borrowed until the next ps_env_get or destroy. For a secret, NAME_FILE holds the path of a
 * file (at most 64 KiB) whose content, without one line end, is the value. Fails if both NAME and
 * NAME_FILE are set or if the file cannot be read. */
bool ps_env_get(void *env, const char *name, const char **out_value, struct ps_err *err);

/* Returns a number that changes when a file that a NAME_FILE names is replaced or written. Costs
 * one stat(2) for each such file, so a daemon can call it every few seconds. */
uint64_t ps_env_secret_stamp(const struct ps_env *env);

/* Returns whether LOG_FORMAT asks for JSON. The daemon needs this before it checks the settings,
 * because the errors of that check must have the right format too. env is NULL if .env cannot be
 * read; then the environment alone decides. */
bool ps_env_logs_json(struct ps_env *env);

/* name is not a setting; nearest is the setting that it resembles; text is a sentence with both and
 * the place. All are borrowed for the call. */
typedef void (*ps_env_misspelt_fn)(void *cookie, const char *name, const char *nearest,
                                   const char *text);
/* Calls fn, before it returns, for each name in .env or in the environment that resembles a setting
 * without being one; at most 20 times. Reads names only, no values. */
void ps_env_misspelt(const struct ps_env *env, ps_env_misspelt_fn fn, void *cookie);

#endif
