/* Parser of .env files: NAME=value lines.
 *
 * io/env.c reads the file and asks for values by name. The syntax is that of the Python service
 * (python-dotenv), so that its .env file keeps working. Errors name the line and never quote a
 * value, because a .env file holds secrets. */
#ifndef PS_CORE_DOTENV_H
#define PS_CORE_DOTENV_H
#include "shared/core/err.h"
#include "shared/core/str.h"

enum {
    PS_DOTENV_VALUE_MAX = 64 * 1024,   /* bytes of one value after expansion of ${…} */
    PS_DOTENV_VALUES_MAX = 1024 * 1024 /* of all values */
};

struct ps_dotenv; /* owned pairs */

/* Returns the value of ${name} outside of the file (in the environment), borrowed until the next
 * call; NULL if unset. */
typedef const char *(*ps_dotenv_lookup_fn)(void *cookie, const char *name);

/* Parses text. A line is blank, a # comment, or [export ]NAME=value. A value is bare (a trailing "
 * # comment" is cut), 'literal', or "with \n \t \" \$ \\ escapes". In bare and "…" values, ${NAME}
 * is the value of lookup or else of an earlier line;
 * ${NAME:-text} is text if that value is missing or empty. Any other ${ is an error, and so is a
 * name without a value. Names are compared without case; a later line wins. lookup may be NULL.
 * Returns NULL with err (CONFIGURATION) that names the line. */
struct ps_dotenv *ps_dotenv_parse(const char *text, size_t len, ps_dotenv_lookup_fn lookup,
                                  void *cookie, struct ps_err *err) PS_MUST_USE;
void ps_dotenv_destroy(struct ps_dotenv *dotenv); /* NULL is fine */
/* Returns the value of name (compared without case), borrowed; NULL if the file does not set it. */
const char *ps_dotenv_get(const struct ps_dotenv *dotenv, const char *name);
/* The names that the file sets, in the order and spelling of their first lines. */
size_t ps_dotenv_len(const struct ps_dotenv *dotenv);
const char *ps_dotenv_name(const struct ps_dotenv *dotenv, size_t i); /* borrowed */

#endif
