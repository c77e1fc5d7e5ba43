#include "notifier/core/web_socket.h"

#include "shared/core/alloc.h"
#include "shared/core/text_normalize.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first two bytes of a frame and the lengths are those of RFC 6455, section 5.2. */
enum {
    HASH_BYTES = 20,      /* of SHA-1 */
    ACCEPT_TEXT = 28 + 1, /* its Base64, with the NUL */
    FINAL = 0x80,         /* first byte: the last part of a message */
    RESERVED = 0x70,      /* first byte: bits of extensions, which are never offered */
    OPCODE = 0x0f,        /* first byte */
    MASKED = 0x80,        /* second byte: set in every frame of a client, in none of a server */
    SHORT_LEN = 125,      /* the longest payload whose length is in the second byte */
    LEN_16 = 126,         /* second byte: the length follows in two bytes … */
    LEN_64 = 127,         /* … or in eight */
    HEADER_MAX = 10,      /* bytes of a header without a mask */
    NO_CODE = 1005        /* section 7.4.1: a CLOSE without a code */
};

/* --- URL ------------------------------------------------------------------------------------ */

static bool wrong_url(struct ps_err *err)
{
    return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "the address of the WebSocket cannot be read");
}

bool ps_web_socket_url_parse(const char *text, struct ps_web_socket_url *out_url,
                             struct ps_err *err)
{
    static const char host_chars[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
    bool secure = strncmp(text, "wss://", 6) == 0;
    const char *host = text + (secure ? 6 : 5), *target;
    size_t len;

    if ((!secure && strncmp(text, "ws://", 5) != 0) || strlen(text) > PS_WEB_SOCKET_URL_MAX)
        return wrong_url(err);
    len = strspn(host, host_chars);
    target = host + len;
    if (len == 0 || (*target != '\0' && *target != '/' && *target != '?'))
        return wrong_url(err);
    for (const char *c = target; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return wrong_url(err);
    *out_url = (struct ps_web_socket_url){ .secure = secure,
                                           .host = ps_alloc_copy(host, len),
                                           .target = ps_alloc_format(
                                               "%s%s", *target == '/' ? "" : "/", target) };
    return true;
}

void ps_web_socket_url_clear(struct ps_web_socket_url *url)
{
    free(url->host);
    free(url->target);
    *url = (struct ps_web_socket_url){ 0 };
}

/* --- handshake ------------------------------------------------------------------------------ */

void ps_web_socket_key(const unsigned char nonce[PS_WEB_SOCKET_NONCE],
                       char out_key[PS_WEB_SOCKET_KEY])
{
    unsigned char text[PS_WEB_SOCKET_KEY];

    (void)EVP_EncodeBlock(text, nonce, PS_WEB_SOCKET_NONCE);
    memcpy(out_key, text, sizeof(text));
}

/* RFC 6455, 4.2.2: SHA-1 of the key and a fixed text. */
static void accept_of(const char *key, char out_text[ACCEPT_TEXT])
{
    static const char fixed[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char *text = ps_alloc_format("%s%s", key, fixed);
    unsigned char hash[EVP_MAX_MD_SIZE], encoded[ACCEPT_TEXT];
    unsigned len = 0;

    if (EVP_Digest(text, strlen(text), hash, &len, EVP_sha1(), NULL) != 1 || len != HASH_BYTES)
        abort();
    (void)EVP_EncodeBlock(encoded, hash, HASH_BYTES);
    memcpy(out_text, encoded, sizeof(encoded));
    free(text);
}

void ps_web_socket_request(const char *host, const char *target, const char *key,
                           const char *user_agent, struct ps_buf *out_request)
{
    (void)ps_buf_format(
        out_request,
        "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\nUser-Agent: %s\r\n\r\n",
        target, host, key, user_agent);
}

/* Whether a list such as "keep-alive, Upgrade" has the word. */
static bool lists(struct ps_str list, const char *word)
{
    struct ps_str part;

    while (ps_str_next(&list, ',', &part))
        if (ps_str_is_fold(ps_str_trim(part), word))
            return true;
    return false;
}

static bool refuse(struct ps_err *err, int status, const char *why)
{
    return ps_fail(err, PS_FAILURE_NETWORK, status, "no WebSocket: %s", why);
}

/* Checks the server's answer by the list of RFC 6455, section 4.1. Sec-WebSocket-Accept proves that
 * the server has read this request: a cached answer cannot have it. */
static bool read_head(struct ps_str head, const char *key, struct ps_err *err)
{
    char accept[ACCEPT_TEXT];
    struct ps_str line, name;
    bool upgrade = false, connection = false, accepted = false;
    int64_t status = 0;

    accept_of(key, accept);
    (void)ps_str_next(&head, '\n', &line);
    if (line.len < 12 || memcmp(line.data, "HTTP/1.1 ", 9) != 0 ||
        !ps_str_int((struct ps_str){ line.data + 9, 3 }, 100, 999, &status))
        return refuse(err, 0, "the answer is not HTTP/1.1");
    if (status != 101) {
        char text[32];

        (void)snprintf(text, sizeof(text), "HTTP status %d", (int)status);
        return refuse(err, (int)status, text);
    }
    while (ps_str_next(&head, '\n', &line)) {
        struct ps_str value = line;

        (void)ps_str_next(&value, ':', &name);
        value = ps_str_trim(value);
        if (ps_str_is_fold(name, "Upgrade"))
            upgrade = lists(value, "websocket");
        else if (ps_str_is_fold(name, "Connection"))
            connection = lists(value, "upgrade");
        else if (ps_str_is_fold(name, "Sec-WebSocket-Accept"))
            accepted = ps_str_is(value, accept);
        else if (ps_str_is_fold(name, "Sec-WebSocket-Extensions") ||
                 ps_str_is_fold(name, "Sec-WebSocket-Protocol"))
            return refuse(err, 101, "the server uses an extension that was not offered");
    }
    if (!upgrade || !connection)
        return refuse(err, 101, "the answer names no upgrade");
    return accepted || refuse(err, 101, "Sec-WebSocket-Accept does not fit the key");
}

enum ps_web_socket_answer ps_web_socket_answer(const char *data, size_t len, const char *key,
                                               size_t *out_used, struct ps_err *err)
{
    const char *end = NULL;

    for (size_t i = 0; end == NULL && i + 4 <= len && i + 4 <= PS_WEB_SOCKET_HEAD_MAX; i++)
        if (memcmp(data + i, "\r\n\r\n", 4) == 0)
            end = data + i + 4;

    if (end == NULL && len < PS_WEB_SOCKET_HEAD_MAX)
        return PS_WEB_SOCKET_INCOMPLETE;
    if (end == NULL) {
        (void)refuse(err, 0, "the answer's headers are too long");
        return PS_WEB_SOCKET_REFUSED;
    }
    if (!read_head((struct ps_str){ data, (size_t)(end - data) }, key, err))
        return PS_WEB_SOCKET_REFUSED;
    *out_used = (size_t)(end - data);
    return PS_WEB_SOCKET_ACCEPTED;
}

/* --- frames --------------------------------------------------------------------------------- */

void ps_web_socket_init(struct ps_web_socket *socket, size_t max)
{
    *socket = (struct ps_web_socket){ .max = max };
    ps_buf_init(&socket->in, max + PS_WEB_SOCKET_FEED_MAX + HEADER_MAX);
    ps_buf_init(&socket->message, max);
    ps_buf_init(&socket->whole, max);
}

void ps_web_socket_clear(struct ps_web_socket *socket)
{
    ps_buf_clear(&socket->in);
    ps_buf_clear(&socket->message);
    ps_buf_clear(&socket->whole);
}

void ps_web_socket_feed(struct ps_web_socket *socket, const char *data, size_t len)
{
    (void)ps_buf_add(&socket->in, data, len);
}

static enum ps_web_socket_next broken(struct ps_err *err, const char *why)
{
    (void)ps_fail(err, PS_FAILURE_NETWORK, 0, "WebSocket: %s", why);
    return PS_WEB_SOCKET_BROKEN;
}

/* Header length, or 0 while it is not whole. */
static size_t read_length(const unsigned char *data, size_t len, uint64_t *out_length)
{
    size_t digits;

    if (len < 2)
        return 0;
    *out_length = data[1] & ~(unsigned)MASKED;
    if (*out_length <= SHORT_LEN)
        return 2;
    digits = *out_length == LEN_16 ? 2 : 8;
    if (len < 2 + digits)
        return 0;
    *out_length = 0;
    for (size_t i = 0; i < digits; i++)
        *out_length = *out_length << 8 | data[2 + i];
    return 2 + digits;
}

/* Returns what RFC 6455 (sections 5.2, 5.4 and 5.5) forbids about this frame; NULL for a valid
 * one. The length is checked before the payload arrives, so that no server can fill the memory. */
static const char *fault_of(const struct ps_web_socket *socket, const unsigned char *head,
                            uint64_t length)
{
    enum ps_web_socket_opcode opcode = (enum ps_web_socket_opcode)(head[0] & OPCODE);

    if ((head[0] & RESERVED) != 0)
        return "a reserved bit is set";
    if ((head[1] & MASKED) != 0)
        return "a frame of the server is masked";
    switch (opcode) {
    case PS_WEB_SOCKET_CLOSE:
    case PS_WEB_SOCKET_PING:
    case PS_WEB_SOCKET_PONG:
        if ((head[0] & FINAL) == 0 || length > PS_WEB_SOCKET_CONTROL_MAX)
            return "a control frame is too long or in parts";
        return NULL;
    case PS_WEB_SOCKET_TEXT:
    case PS_WEB_SOCKET_BINARY:
        if (socket->in_message)
            return "a message begins within another";
        break;
    case PS_WEB_SOCKET_MORE:
        if (!socket->in_message)
            return "a part of no message";
        break;
    default:
        return "an unknown opcode";
    }
    return length > socket->max - socket->message.len ? "a message is too long" : NULL;
}

/* Removes len bytes from the front. */
static void drop(struct ps_buf *buf, size_t len)
{
    size_t rest = buf->len - len;

    if (rest > 0)
        memmove(buf->data, buf->data + len, rest);
    buf->len = rest;
    if (buf->data != NULL)
        buf->data[rest] = '\0';
}

enum ps_web_socket_next ps_web_socket_next(struct ps_web_socket *socket,
                                           enum ps_web_socket_opcode *out_opcode,
                                           struct ps_str *out_data, struct ps_err *err)
{
    for (;;) {
        const unsigned char *head = (const unsigned char *)ps_buf_str(&socket->in);
        uint64_t length = 0;
        size_t header = read_length(head, socket->in.len, &length);
        enum ps_web_socket_opcode opcode;
        const char *fault;
        bool final, given;

        if (header == 0)
            return PS_WEB_SOCKET_NEEDS_BYTES;
        fault = fault_of(socket, head, length);
        if (fault != NULL)
            return broken(err, fault);
        if (socket->in.len - header < length)
            return PS_WEB_SOCKET_NEEDS_BYTES;
        opcode = (enum ps_web_socket_opcode)(head[0] & OPCODE);
        final = (head[0] & FINAL) != 0;
        ps_buf_reset(&socket->whole);
        given = (opcode & 8) != 0; /* a control frame */
        if (given) {
            (void)ps_buf_add(&socket->whole, socket->in.data + header, (size_t)length);
        } else { /* a part of a message */
            if (opcode != PS_WEB_SOCKET_MORE)
                socket->opcode = opcode;
            socket->in_message = !final;
            (void)ps_buf_add(&socket->message, socket->in.data + header, (size_t)length);
        }
        if (!given && final) {
            struct ps_buf empty = socket->whole;

            socket->whole = socket->message;
            socket->message = empty;
            opcode = socket->opcode;
            given = true;
        }
        drop(&socket->in, header + (size_t)length);
        if (!given)
            continue;
        *out_opcode = opcode;
        *out_data = (struct ps_str){ ps_buf_str(&socket->whole), socket->whole.len };
        if (opcode == PS_WEB_SOCKET_TEXT && !ps_utf8_valid(out_data->data, out_data->len))
            return broken(err, "a text is not UTF-8");
        return PS_WEB_SOCKET_FRAME;
    }
}

void ps_web_socket_frame(enum ps_web_socket_opcode opcode,
                         const unsigned char mask[PS_WEB_SOCKET_MASK], const char *data, size_t len,
                         struct ps_buf *out_frame)
{
    unsigned char head[HEADER_MAX] = { (unsigned char)(FINAL | opcode) };
    size_t size = 2, digits = len > UINT16_MAX ? 8 : len > SHORT_LEN ? 2 : 0;

    head[1] = (unsigned char)(MASKED | (digits == 8 ? LEN_64 : digits == 2 ? LEN_16 : (int)len));
    for (size_t i = 0; i < digits; i++)
        head[size++] = (unsigned char)((uint64_t)len >> (8 * (digits - 1 - i)));
    (void)ps_buf_add(out_frame, head, size);
    (void)ps_buf_add(out_frame, mask, PS_WEB_SOCKET_MASK);
    for (size_t i = 0; i < len; i++)
        (void)ps_buf_char(out_frame, (char)((unsigned char)data[i] ^ mask[i % PS_WEB_SOCKET_MASK]));
}

int ps_web_socket_close_code(struct ps_str payload)
{
    if (payload.len < 2)
        return NO_CODE;
    return (unsigned char)payload.data[0] << 8 | (unsigned char)payload.data[1];
}
