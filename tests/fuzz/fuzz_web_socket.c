/* Whatever a WebSocket server sends: the answer to the handshake, then frames, in pieces of any
 * size. */
#include "notifier/core/web_socket.h"
#include "tests/fuzz/input.h"

#include <assert.h>

enum { MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answer(const struct input *input)
{
    struct ps_err err = { .what = "" };
    size_t used = 0;

    if (ps_web_socket_answer(input->len > 0 ? input->data : "", input->len,
                             "dGhlIHNhbXBsZSBub25jZQ==", &used, &err) == PS_WEB_SOCKET_ACCEPTED)
        assert(used > 0 && used <= input->len);
}

static void read_frames(const struct input *input, size_t step)
{
    struct ps_web_socket socket;
    enum ps_web_socket_next next = PS_WEB_SOCKET_NEEDS_BYTES;
    enum ps_web_socket_opcode opcode;
    struct ps_str part;
    struct ps_err err;

    ps_web_socket_init(&socket, MAX);
    for (size_t at = 0; at < input->len && next != PS_WEB_SOCKET_BROKEN; at += step) {
        ps_web_socket_feed(&socket, input->data + at,
                           step < input->len - at ? step : input->len - at);
        assert(!socket.in.full);
        do {
            next = ps_web_socket_next(&socket, &opcode, &part, &err);
            assert(next != PS_WEB_SOCKET_FRAME || part.len <= MAX);
        } while (next == PS_WEB_SOCKET_FRAME);
    }
    ps_web_socket_clear(&socket);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = input_of(data, size);

    read_answer(&input);
    read_frames(&input, 1);
    read_frames(&input, PS_WEB_SOCKET_FEED_MAX);
    return 0;
}
