#include "shared/core/err.h"

#include "shared/core/text_normalize.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const failures[PS_FAILURE_COUNT] = {
#define PS_X(id, meaning) #id,
#include "shared/core/failure.def"
#undef PS_X
};

bool ps_fail(struct ps_err *err, enum ps_failure category, int code, const char *format, ...)
{
    /* A separate buffer, because the arguments may include err->what. It is longer than err->what
       by one UTF-8 character, so that ps_utf8_cut sees a complete character at the cut. */
    char text[sizeof(err->what) + 4];
    va_list args;
    size_t len;

    if (err == NULL)
        return false;
    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    len = ps_utf8_cut(text, strlen(text), sizeof(err->what) - 1);
    err->category = category;
    err->code = code;
    memcpy(err->what, text, len);
    err->what[len] = '\0';
    return false;
}

const char *ps_failure_name(enum ps_failure category)
{
    assert((unsigned)category < PS_FAILURE_COUNT);
    return failures[category];
}

bool ps_failure_parse(const char *name, enum ps_failure *out_category)
{
    size_t i;

    for (i = 0; i < PS_FAILURE_COUNT; i++) {
        if (strcmp(name, failures[i]) == 0) {
            *out_category = (enum ps_failure)i;
            return true;
        }
    }
    return false;
}

enum ps_failure ps_failure_of_status(int status)
{
    return status == 429 ? PS_FAILURE_RATE_LIMIT : PS_FAILURE_NETWORK;
}
