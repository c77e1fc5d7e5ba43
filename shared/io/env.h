/* Environment, .env and NAME_FILE secrets: the getter that core/config asks. */
#ifndef PS_IO_ENV_H
#define PS_IO_ENV_H
#include "shared/core/config.h"

struct ps_env;

/* Reads .env of the working directory when there is one (cap 256 KiB). The environment wins over
 * .env, in its ${NAME}s too. The case of a name's letters does not count; in the environment the
 * exact name comes first. */
struct ps_env *ps_env_create(struct ps_err *err) PS_MUST_USE;
void ps_env_destroy(struct ps_env *env); /* wipes what it held */
/* A ps_config_get_fn; cookie is the ps_env. For a secret, NAME_FILE names a file (cap 64 KiB) whose
   content, one newline at the end cut, is the value; NAME and NAME_FILE both set is an error. */
bool ps_env_get(void *env, const char *name, const char **out_value, struct ps_err *err);
/* A number that changes when a file that some NAME_FILE names is replaced or written, for a daemon
 * that looks often: it costs a stat for each such file. */
uint64_t ps_env_secret_stamp(const struct ps_env *env);
/* Whether LOG_FORMAT asks for JSON, before the settings are checked: what is wrong with them has to
 * be logged in the right form too. env may be NULL (an unreadable .env): the environment alone
 * then. */
bool ps_env_logs_json(struct ps_env *env);

/* text: a sentence that names where name stands, name, and the setting that it resembles. */
typedef void (*ps_env_slip_fn)(void *cookie, const char *name, const char *nearest,
                               const char *text);
/* Calls fn for each name in .env or the environment that is no setting but resembles one; at most
 * 20 times. Values are not looked at. */
void ps_env_slips(const struct ps_env *env, ps_env_slip_fn fn, void *cookie);

#endif
