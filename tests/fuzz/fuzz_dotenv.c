/* Whatever stands in a .env file: pairs, or the number of a line. */
#include "shared/core/dotenv.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_err err = { .what = "" };
    struct ps_dotenv *dotenv = ps_dotenv_parse((const char *)data, size, &err);
    const char *value;

    if (dotenv == NULL) {
        assert(err.category == PS_FAILURE_CONFIGURATION);
        assert(strncmp(err.what, ".env line ", 10) == 0);
        return 0;
    }
    value = ps_dotenv_get(dotenv, "A");
    assert(value == NULL || strlen(value) < size);
    ps_dotenv_destroy(dotenv);
    return 0;
}
