/* The text of a .env file: NAME=value lines. */
#ifndef PS_CORE_DOTENV_H
#define PS_CORE_DOTENV_H
#include "shared/core/err.h"
#include "shared/core/str.h"

enum {
    PS_DOTENV_VALUE_MAX = 64 * 1024,   /* bytes of one value once its ${…} are expanded */
    PS_DOTENV_VALUES_MAX = 1024 * 1024 /* of all values */
};

struct ps_dotenv; /* owned pairs */

/* Gives what ${name} stands for outside of the file (the environment's value), borrowed until the
 * next call; NULL for nothing. */
typedef const char *(*ps_dotenv_lookup_fn)(void *cookie, const char *name);

/* Lines: blank, # comment, [export ]NAME=value; value bare (trailing " # comment" cut), 'literal',
   or "with \n \t \" \$ \\ escapes". In bare and "…" values ${NAME} is what lookup gives for the
   name, else the value of an earlier line; ${NAME:-text} is text where that is missing or empty.
   Any other
   ${ and a name that nothing sets are errors. Names differ in more than the case of their letters;
   a later line wins. lookup may be NULL. Gives pairs, or NULL with err naming the line number
   (CONFIGURATION; never a value). */
struct ps_dotenv *ps_dotenv_parse(const char *text, size_t len, ps_dotenv_lookup_fn lookup,
                                  void *cookie, struct ps_err *err) PS_MUST_USE;
void ps_dotenv_destroy(struct ps_dotenv *dotenv); /* NULL is fine */
/* Borrowed; NULL when not there. The case of letters does not count. */
const char *ps_dotenv_get(const struct ps_dotenv *dotenv, const char *name);
/* The names that the file sets, in the spelling and order of their first lines. */
size_t ps_dotenv_len(const struct ps_dotenv *dotenv);
const char *ps_dotenv_name(const struct ps_dotenv *dotenv, size_t i); /* borrowed */

#endif
