#include "shared/core/http_validator.h"

#include <stddef.h>

bool ps_http_validator_usable(const char *value)
{
    size_t len = 0;

    if (value == NULL)
        return false;
    for (; value[len] != '\0'; len++) {
        if (value[len] < ' ' || value[len] > '~' || len == PS_HTTP_VALIDATOR_MAX)
            return false;
    }
    return len > 0;
}
