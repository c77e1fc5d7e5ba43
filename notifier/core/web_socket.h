/* The client's side of WebSocket (RFC 6455): the handshake's text and the frames, without I/O.
 *
 * Debian 12 has no WebSocket library that fits this program: its libwebsockets knows libev, libuv
 * and glib but not libevent, and resolves names on the loop; its libcurl is built without
 * WebSocket. So libcurl makes the connection (names, proxy, TLS and its verification, as for every
 * other request), and this module does the rest. No extension is offered, so that a frame with a
 * reserved bit is an error. */
#ifndef PS_NOTIFIER_WEB_SOCKET_H
#define PS_NOTIFIER_WEB_SOCKET_H
#include "shared/core/buf.h"
#include "shared/core/err.h"
#include "shared/core/str.h"

#include <stdint.h>

enum {
    PS_WEB_SOCKET_NONCE = 16,        /* random bytes of a handshake */
    PS_WEB_SOCKET_KEY = 24 + 1,      /* their text, with the NUL */
    PS_WEB_SOCKET_MASK = 4,          /* random bytes of a frame */
    PS_WEB_SOCKET_HEAD_MAX = 16384,  /* bytes of the handshake's answer */
    PS_WEB_SOCKET_CONTROL_MAX = 125, /* bytes of a ping */
    PS_WEB_SOCKET_FEED_MAX = 16384   /* bytes of one ps_web_socket_feed */
};

enum ps_web_socket_opcode {
    PS_WEB_SOCKET_MORE = 0, /* a further part of a message */
    PS_WEB_SOCKET_TEXT = 1,
    PS_WEB_SOCKET_BINARY = 2,
    PS_WEB_SOCKET_CLOSE = 8,
    PS_WEB_SOCKET_PING = 9,
    PS_WEB_SOCKET_PONG = 10
};

/* Reads what the server sends. Holds at most max bytes of a message and one frame's header. */
struct ps_web_socket {
    struct ps_buf in;      /* bytes that are not used yet */
    struct ps_buf message; /* parts of a message that is not whole yet */
    struct ps_buf whole;   /* what ps_web_socket_next gave last */
    size_t max;
    bool in_message;                  /* its first part has come */
    enum ps_web_socket_opcode opcode; /* of that */
};

enum { PS_WEB_SOCKET_URL_MAX = 2048 };

/* Splits wss://host[:port]/path?query (or ws://), in memory that clear frees. False with err
 * (UNKNOWN), which does not quote the URL, because it may hold a ticket. */
struct ps_web_socket_url {
    bool secure;
    char *host;   /* with its port where there is one */
    char *target; /* path and query */
};
bool ps_web_socket_url_parse(const char *text, struct ps_web_socket_url *out_url,
                             struct ps_err *err) PS_MUST_USE;
void ps_web_socket_url_clear(struct ps_web_socket_url *url);

/* Text for Sec-WebSocket-Key. */
void ps_web_socket_key(const unsigned char nonce[PS_WEB_SOCKET_NONCE],
                       char out_key[PS_WEB_SOCKET_KEY]);
/* The request that asks for a WebSocket. target: path and query; host: with its port where it is
 * not the usual one. */
void ps_web_socket_request(const char *host, const char *target, const char *key,
                           const char *user_agent, struct ps_buf *out_request);
/* The server's answer to it. out_used (ACCEPTED): bytes of the answer; frames may follow. */
enum ps_web_socket_answer {
    PS_WEB_SOCKET_INCOMPLETE,
    PS_WEB_SOCKET_ACCEPTED,
    PS_WEB_SOCKET_REFUSED /* err */
};
enum ps_web_socket_answer ps_web_socket_answer(const char *data, size_t len, const char *key,
                                               size_t *out_used, struct ps_err *err) PS_MUST_USE;

/* socket is the caller's memory. max: bytes of a message; a longer one is BROKEN. */
void ps_web_socket_init(struct ps_web_socket *socket, size_t max);
void ps_web_socket_clear(struct ps_web_socket *socket); /* frees the buffers */
/* Takes at most PS_WEB_SOCKET_FEED_MAX bytes of the connection. Call ps_web_socket_next until it
 * gives PS_WEB_SOCKET_NEEDS_BYTES afterwards: then at most max and a header are held. */
void ps_web_socket_feed(struct ps_web_socket *socket, const char *data, size_t len);

enum ps_web_socket_next {
    PS_WEB_SOCKET_NEEDS_BYTES,
    PS_WEB_SOCKET_FRAME, /* out_opcode, and the text or payload */
    PS_WEB_SOCKET_BROKEN /* err: the connection must be closed */
};
/* A whole message (TEXT, BINARY), or a CLOSE, PING or PONG, which may come between the parts of a
 * message. out_data is borrowed until the next call. */
enum ps_web_socket_next ps_web_socket_next(struct ps_web_socket *socket,
                                           enum ps_web_socket_opcode *out_opcode,
                                           struct ps_str *out_data, struct ps_err *err) PS_MUST_USE;
/* Appends one whole frame. */
void ps_web_socket_frame(enum ps_web_socket_opcode opcode,
                         const unsigned char mask[PS_WEB_SOCKET_MASK], const char *data, size_t len,
                         struct ps_buf *out_frame);
/* The code of a CLOSE's payload; 1005 for none. */
int ps_web_socket_close_code(struct ps_str payload);

#endif
