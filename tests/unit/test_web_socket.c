#include "notifier/core/web_socket.h"
#include "shared/core/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 6455, 1.3: the example of a key and of what is answered to it. */
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char good[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                           "Connection: keep-alive, Upgrade\r\n"
                           "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static void the_example_of_the_rfc(void **state)
{
    static const unsigned char nonce[PS_WEB_SOCKET_NONCE + 1] = "the sample nonce";
    char text[PS_WEB_SOCKET_KEY];
    size_t used = 0;
    struct ps_err err;

    (void)state;
    ps_web_socket_key(nonce, text);
    assert_string_equal(text, key);
    assert_int_equal(ps_web_socket_answer(good, sizeof(good) - 1, key, &used, &err),
                     PS_WEB_SOCKET_ACCEPTED);
    assert_int_equal(used, sizeof(good) - 1);
    for (size_t len = 0; len < sizeof(good) - 1; len++)
        assert_int_equal(ps_web_socket_answer(good, len, key, &used, &err),
                         PS_WEB_SOCKET_INCOMPLETE);
}

static void answers_that_are_refused(void **state)
{
    static const struct {
        const char *answer, *why;
    } rows[] = {
        {"HTTP/1.1 403 Forbidden\r\n\r\n",                                          "403"      },
        { "HTTP/1.0 101 Switching\r\n\r\n",                                         "HTTP/1.1" },
        { "SSH-2.0-x\r\n\r\n",                                                      "HTTP/1.1" },
        { "HTTP/1.1 101 S\r\n\r\n",                                                 "upgrade"  },
        { "HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",          "upgrade"  },
        { "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",    "Accept"   },
        { "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",    "Accept"   },
        { "HTTP/1.1 101 S\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "extension"},
    };
    char *flood = ps_alloc_zero(1, PS_WEB_SOCKET_HEAD_MAX + 1);
    struct ps_err err;
    size_t used;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        assert_int_equal(
            ps_web_socket_answer(rows[i].answer, strlen(rows[i].answer), key, &used, &err),
            PS_WEB_SOCKET_REFUSED);
        assert_non_null(strstr(err.what, rows[i].why));
    }
    memset(flood, 'x', PS_WEB_SOCKET_HEAD_MAX);
    assert_int_equal(ps_web_socket_answer(flood, PS_WEB_SOCKET_HEAD_MAX, key, &used, &err),
                     PS_WEB_SOCKET_REFUSED);
    free(flood);
}

static void addresses(void **state)
{
    static const struct {
        const char *text, *host, *target;
        bool secure;
    } rows[] = {
        {"wss://wss-primary.slack.com/link/?ticket=1&app_id=2", "wss-primary.slack.com",
         "/link/?ticket=1&app_id=2",                                                            true },
        { "ws://127.0.0.1:80",                                  "127.0.0.1:80",          "/",   false},
        { "ws://[::1]:80?a",                                    "[::1]:80",              "/?a", false},
    };
    static const char *const wrong[] = { "",
                                         "https://a/",
                                         "wss://",
                                         "wss:///x",
                                         "wss://a@b/",
                                         "wss://a/b c",
                                         "wss://a/\r\nHost: b",
                                         "wss://\xc3\xa9/" };
    struct ps_web_socket_url url;
    struct ps_err err;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        assert_true(ps_web_socket_url_parse(rows[i].text, &url, &err));
        assert_string_equal(url.host, rows[i].host);
        assert_string_equal(url.target, rows[i].target);
        assert_int_equal(url.secure, rows[i].secure);
        ps_web_socket_url_clear(&url);
    }
    for (size_t i = 0; i < PS_COUNT_OF(wrong); i++)
        assert_false(ps_web_socket_url_parse(wrong[i], &url, &err));
}

/* Frames of a server: a text, a ping within a text of three parts, a long text, a close. */
static size_t stream(char *out)
{
    static const char parts[] = "\x81\x02hi"
                                "\x01\x01"
                                "a"
                                "\x89\x01!"
                                "\x00\x01"
                                "b"
                                "\x80\x01"
                                "c";
    size_t len = sizeof(parts) - 1;

    memcpy(out, parts, len);
    memcpy(out + len, "\x81\x7e\x01\x00", 4);
    memset(out + len + 4, 'x', 256);
    len += 260;
    memcpy(out + len, "\x88\x02\x03\xe9", 4);
    return len + 4;
}

static void any_split_gives_the_same(void **state)
{
    char bytes[512];
    size_t len = stream(bytes);

    (void)state;
    for (size_t step = 1; step <= len; step++) {
        struct ps_web_socket socket;
        enum ps_web_socket_opcode opcode;
        struct ps_str data;
        struct ps_err err;
        struct ps_buf seen;

        ps_buf_init(&seen, 256);
        ps_web_socket_init(&socket, 1000);
        for (size_t at = 0; at < len; at += step) {
            ps_web_socket_feed(&socket, bytes + at, step < len - at ? step : len - at);
            while (ps_web_socket_next(&socket, &opcode, &data, &err) == PS_WEB_SOCKET_FRAME) {
                (void)ps_buf_format(&seen, "%d:%.3s:%zu ", (int)opcode,
                                    opcode == PS_WEB_SOCKET_CLOSE ? "" : data.data, data.len);
                if (opcode == PS_WEB_SOCKET_CLOSE)
                    assert_int_equal(ps_web_socket_close_code(data), 1001);
            }
        }
        assert_string_equal(ps_buf_str(&seen), "1:hi:2 9:!:1 1:abc:3 1:xxx:256 8::2 ");
        ps_buf_clear(&seen);
        ps_web_socket_clear(&socket);
    }
}

static void frames_that_break_the_connection(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *why;
    } rows[] = {
        {"\x81\x81\0\0\0\0x",                         7,   "masked"    },
        { "\xc1\x01x",                                3,   "reserved"  },
        { "\x83\x01x",                                3,   "opcode"    },
        { "\x80\x01x",                                3,   "no message"},
        { "\x01\x01x\x81\x01x",                       6,   "within"    },
        { "\x09\x01x",                                3,   "control"   },
        { "\x89\x7e\x00\x7e",                         4,   "control"   },
        { "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10,  "too long"  },
        { "\x81\x65",                                 2,   "too long"  },
        { "\x01\x60xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
          "xxxxxxxxxxxxxxxx\x80\x60",        100, "too long"  },
        { "\x81\x01\xff",                             3,   "UTF-8"     },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        struct ps_web_socket socket;
        enum ps_web_socket_opcode opcode;
        struct ps_str data;
        struct ps_err err;

        ps_web_socket_init(&socket, 100);
        ps_web_socket_feed(&socket, rows[i].bytes, rows[i].len);
        assert_int_equal(ps_web_socket_next(&socket, &opcode, &data, &err), PS_WEB_SOCKET_BROKEN);
        assert_non_null(strstr(err.what, rows[i].why));
        ps_web_socket_clear(&socket);
    }
}

static void what_we_send(void **state)
{
    static const unsigned char mask[PS_WEB_SOCKET_MASK] = { 0x37, 0xfa, 0x21, 0x3d };
    static const size_t lens[] = { 0, 5, 125, 126, 65535, 65536 };
    static const size_t heads[] = { 2, 2, 2, 4, 4, 10 };
    struct ps_buf out;
    char *data = ps_alloc_zero(1, 65536);

    (void)state;
    ps_buf_init(&out, 100000);
    ps_web_socket_frame(PS_WEB_SOCKET_TEXT, mask, "Hello", 5, &out); /* RFC 6455, 5.7 */
    assert_memory_equal(out.data, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
    for (size_t i = 0; i < PS_COUNT_OF(lens); i++) {
        ps_buf_reset(&out);
        ps_web_socket_frame(PS_WEB_SOCKET_TEXT, mask, data, lens[i], &out);
        assert_int_equal(out.len, heads[i] + PS_WEB_SOCKET_MASK + lens[i]);
    }
    free(data);
    ps_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc),
        cmocka_unit_test(answers_that_are_refused),
        cmocka_unit_test(addresses),
        cmocka_unit_test(any_split_gives_the_same),
        cmocka_unit_test(frames_that_break_the_connection),
        cmocka_unit_test(what_we_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
