/* Whatever stands in a .env file: pairs, or the number of a line. */
#include "shared/core/dotenv.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *look_up(void *cookie, const char *name)
{
    (void)cookie;
    assert(name[0] != '\0');
    return name[0] == 'E' ? "of the environment" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_err err = { .what = "" };
    struct ps_dotenv *dotenv = ps_dotenv_parse((const char *)data, size, look_up, NULL, &err);
    const char *value;

    if (dotenv == NULL) {
        assert(err.category == PS_FAILURE_CONFIGURATION);
        assert(strncmp(err.what, ".env: line ", 11) == 0);
        return 0;
    }
    value = ps_dotenv_get(dotenv, "A");
    assert(value == NULL || strlen(value) <= PS_DOTENV_VALUE_MAX);
    for (size_t i = 0; i < ps_dotenv_len(dotenv); i++)
        assert(ps_dotenv_get(dotenv, ps_dotenv_name(dotenv, i)) != NULL);
    ps_dotenv_destroy(dotenv);
    return 0;
}
