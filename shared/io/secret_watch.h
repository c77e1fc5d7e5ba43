/* Secrets that change on disk (NAME_FILE) while a program runs. A mounted secret is rotated by an
 * operator or a controller; connections that are made from then on use the new value, without a
 * restart. */
#ifndef PS_IO_SECRET_WATCH_H
#define PS_IO_SECRET_WATCH_H
#include "shared/io/env.h"
#include "shared/io/loop.h"

struct ps_secret_watch;

/* Looks at the files every two seconds. When one has changed and all settings are still valid, the
 * secrets in config are exchanged (their fields' addresses stay; the old texts live until destroy,
 * for modules that borrowed them) and SECRET-CHANGED is logged for each; else SECRET-REJECTED says
 * why, and the old ones stay. component as in ps_config_load; env and config are borrowed. Never
 * NULL.
 */
struct ps_secret_watch *ps_secret_watch_create(struct ps_loop *loop, unsigned component,
                                               struct ps_env *env,
                                               struct ps_config *config) PS_MUST_USE;
void ps_secret_watch_destroy(struct ps_secret_watch *watch); /* NULL is fine */

#endif
