/* Whatever comes as a text over Socket Mode. */
#include "notifier/core/socket_envelope.h"
#include "tests/fuzz/input.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = input_of(data, size);
    struct ps_socket_envelope envelope;
    struct ps_err err;

    if (ps_socket_envelope_read(input.len > 0 ? input.data : "", input.len, &envelope, &err)) {
        assert((envelope.kind != PS_SOCKET_EVENT && envelope.kind != PS_SOCKET_OTHER) ||
               envelope.id != NULL);
        ps_socket_envelope_clear(&envelope);
    }
    return 0;
}
