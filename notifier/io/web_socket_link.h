/* One WebSocket connection to a server, on the loop. libcurl makes the connection;
 * core/web_socket.h speaks on it. */
#ifndef PS_NOTIFIER_WEB_SOCKET_LINK_H
#define PS_NOTIFIER_WEB_SOCKET_LINK_H
#include "shared/core/err.h"
#include "shared/core/str.h"
#include "shared/io/loop.h"

struct ps_web_socket_link;

struct ps_web_socket_link_options {
    struct ps_loop *loop; /* borrowed */
    const char *url;      /* ws:// or wss://; copied, as all text */
    const char *user_agent;
    const char *ca_file;          /* as of struct ps_http_options */
    const char *proxy, *no_proxy; /* as of struct ps_http_options */
    bool allow_private;
    void *cookie;
    /* All run on the loop, never before ps_web_socket_link_create returned. */
    void (*opened)(void *cookie);
    /* A whole text message; borrowed. The link may not be destroyed in it. */
    void (*text)(void *cookie, struct ps_str text);
    /* Once: the link does nothing any more. It may be destroyed in it. err says why; with err->code
     * 1000 either side closed it in order. */
    void (*ended)(void *cookie, const struct ps_err *err);
};

/* NULL with err where url cannot be read. */
struct ps_web_socket_link *
ps_web_socket_link_create(const struct ps_web_socket_link_options *options,
                          struct ps_err *err) PS_MUST_USE;
void ps_web_socket_link_destroy(
    struct ps_web_socket_link *link); /* no callback runs; NULL is fine */
/* Sends a text message; nothing where the link is not open. */
void ps_web_socket_link_send(struct ps_web_socket_link *link, const char *text);
/* Closes it in order; ended runs when the server agrees, or after two seconds. */
void ps_web_socket_link_close(struct ps_web_socket_link *link);
/* While paused nothing is read, so that the server's sending waits. */
void ps_web_socket_link_pause(struct ps_web_socket_link *link, bool paused);

#endif
