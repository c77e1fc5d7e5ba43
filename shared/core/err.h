/* The error value that every fallible function fills.
 *
 * A function returns false (or NULL) and describes the failure in one struct ps_err: a category
 * (failure.def; metrics and alerts count by it), a code for programs, a text for people. Modules
 * return errors; only the code that wires them logs. */
#ifndef PS_CORE_ERR_H
#define PS_CORE_ERR_H
#include "shared/core/base.h"

#include <stdbool.h>

enum ps_failure {
#define PS_X(id, meaning) PS_FAILURE_##id,
#include "shared/core/failure.def"
#undef PS_X
    PS_FAILURE_COUNT
};

/* Filled on failure, untouched otherwise. */
struct ps_err {
    enum ps_failure category;
    int code;       /* HTTP status, errno, CURLcode or a PS_…_ERR_… of the module; 0: none */
    char what[192]; /* never contains a secret: it is logged, shown on the page and sent to Slack */
};

/* Fills err, unless it is NULL, and returns false. The text is cut to fit at a whole UTF-8
 * character; the arguments may include err->what itself. */
bool ps_fail(struct ps_err *err, enum ps_failure category, int code, const char *format, ...)
    PS_PRINTF(4, 5);

/* A static string: "RATE_LIMIT". */
const char *ps_failure_name(enum ps_failure category);
/* Returns false, with out_category untouched, if name is not a category. */
bool ps_failure_parse(const char *name, enum ps_failure *out_category) PS_MUST_USE;
/* Returns the category of an HTTP status that is an error: RATE_LIMIT for 429, else NETWORK. A 504
 * is NETWORK and not TIMEOUT, because a server did answer. */
enum ps_failure ps_failure_of_status(int status);

#endif
