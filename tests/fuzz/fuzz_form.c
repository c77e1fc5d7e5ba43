/* Whatever a slash command's body holds. The first line is the field's name. */
#include "notifier/core/form.h"
#include "tests/fuzz/input.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = input_of(data, size);
    char *name = input_line(&input);
    char *form = ps_alloc_copy(input.len > 0 ? input.data : "", input.len);
    char *value = ps_form_value(form, input.len, name == NULL ? "" : name);

    assert(value == NULL || strlen(value) <= input.len);
    free(value);
    free(form);
    free(name);
    return 0;
}
