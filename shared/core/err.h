/* What went wrong, in one value that every fallible function fills. */
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

/* Filled when a function returns false; untouched otherwise. what never holds a secret. */
struct ps_err {
    enum ps_failure category;
    int code; /* HTTP status, errno, CURLcode or a PS_…_ERR_… of the module; 0 for none */
    char what[192];
};

/* Fills err (when not NULL), cutting what at a whole UTF-8 character. Always returns false. */
bool ps_fail(struct ps_err *err, enum ps_failure category, int code, const char *format, ...)
    PS_PRINTF(4, 5);

/* "RATE_LIMIT"; a static string. */
const char *ps_failure_name(enum ps_failure category);
const char *ps_failure_meaning(enum ps_failure category);
bool ps_failure_parse(const char *name, enum ps_failure *out_category) PS_MUST_USE;
/* Category of an HTTP status that is no success: 429 RATE_LIMIT, else NETWORK (504 too: somebody
 * did answer). */
enum ps_failure ps_failure_of_status(int status);

#endif
