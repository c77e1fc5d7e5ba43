/* What libpq would refuse in a database URL only once it connects: a setting that can never work
 * must end the program at start (status 78), not look like a server that is away. */
#ifndef PS_IO_DATABASE_URL_H
#define PS_IO_DATABASE_URL_H
#include "shared/core/err.h"

/* text: a URL, or keyword=value pairs, as libpq reads them. False with err (CONFIGURATION) naming
 * the setting ("DATABASE_URL") and the part that is wrong. The text and its parts are never quoted:
 * a password with an unescaped '/' or '@' ends up in any of them. */
bool ps_database_url_check(const char *setting, const char *text, struct ps_err *err) PS_MUST_USE;

#endif
