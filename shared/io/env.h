/* Environment, .env and NAME_FILE secrets: the getter that core/config asks. */
#ifndef PS_IO_ENV_H
#define PS_IO_ENV_H
#include "shared/core/config.h"

struct ps_env;

/* Reads .env of the working directory when there is one (cap 256 KiB). The environment wins over
 * .env. */
struct ps_env *ps_env_create(struct ps_err *err) PS_MUST_USE;
void ps_env_destroy(struct ps_env *env); /* wipes what it held */
/* A ps_config_get_fn; cookie is the ps_env. For a secret, NAME_FILE names a file (cap 64 KiB) whose
   content, one newline at the end cut, is the value; NAME and NAME_FILE both set is an error. */
bool ps_env_get(void *env, const char *name, const char **out_value, struct ps_err *err);

#endif
