/* Parses the envelopes that Slack sends over a Socket Mode connection, and formats their
 * acknowledgements.
 *
 * Place in the data flow: web_socket_link passes a text, socket_mode has the event stored and
 * acknowledges it afterwards. An envelope without an acknowledgement is sent again, perhaps to
 * another notifier. Pure. */
#ifndef PS_NOTIFIER_SOCKET_ENVELOPE_H
#define PS_NOTIFIER_SOCKET_ENVELOPE_H
#include "notifier/core/slack_event.h"

#include <stdint.h>

enum ps_socket_kind {
    PS_SOCKET_HELLO,      /* the connection is in use from now on */
    PS_SOCKET_DISCONNECT, /* Slack closes it soon, or has Socket Mode switched off */
    PS_SOCKET_EVENT,      /* an envelope: to be acknowledged once it is stored */
    PS_SOCKET_OTHER       /* an envelope that asks nothing of us: to be acknowledged at once */
};

struct ps_socket_envelope {
    enum ps_socket_kind kind;
    bool disabled;    /* DISCONNECT: Socket Mode is switched off (link_disabled) */
    int64_t lasts_ms; /* HELLO: how long the connection is going to last; 0: Slack does not say */
    char *id;         /* EVENT, OTHER: envelope_id; owned */
    struct ps_slack_event event; /* EVENT */
};

/* False with err (UNKNOWN) where it is nothing that Slack sends; out_envelope is as after clear
 * then. An envelope whose payload cannot be read is OTHER: sending it again would not make it
 * better. */
bool ps_socket_envelope_read(const char *text, size_t len, struct ps_socket_envelope *out_envelope,
                             struct ps_err *err) PS_MUST_USE;
void ps_socket_envelope_clear(struct ps_socket_envelope *envelope);
/* Gives {"envelope_id": …, "payload": …}; body is the payload as JSON, which Slack shows to the
 * person who typed a slash command or submitted a modal; NULL for none. */
char *ps_socket_envelope_acknowledge(const char *id, const char *body) PS_MUST_USE;

#endif
