/* The text of a .env file: NAME=value lines. */
#ifndef PS_CORE_DOTENV_H
#define PS_CORE_DOTENV_H
#include "shared/core/err.h"
#include "shared/core/str.h"

struct ps_dotenv; /* owned pairs */

/* Lines: blank, # comment, [export ]NAME=value; value bare (trailing " # comment" cut), 'literal'
   or "with \n \t \" \\ escapes". A later line wins. Gives pairs, or NULL with err naming the line
   number (CONFIGURATION; never the value). */
struct ps_dotenv *ps_dotenv_parse(const char *text, size_t len, struct ps_err *err) PS_MUST_USE;
void ps_dotenv_destroy(struct ps_dotenv *dotenv);
const char *ps_dotenv_get(const struct ps_dotenv *dotenv,
                          const char *name); /* borrowed; NULL when not there */

#endif
