/* The mail that carries one message to one address, without sending it, and what the answer of the
 * mail server means.
 *
 * The mail is plain text in UTF-8. The same message always gives the same mail with the same
 * Message-ID, so that a mail program shows a repetition once. No text of a message, which strangers
 * write, and no address can add a header or a command: headers have only printable ASCII. Pure. */
#ifndef PS_NOTIFIER_MAIL_MESSAGE_H
#define PS_NOTIFIER_MAIL_MESSAGE_H
#include "notifier/core/outgoing_message.h"
#include "shared/core/mailbox.h"

/* Gives the mail with CRLF at the end of each line, not yet dot-stuffed (libcurl does it), owned by
 * the caller. message->content.channel is an address. */
char *ps_mail_make(const struct ps_outgoing_message *message,
                   const struct ps_mailbox *from) PS_MUST_USE;
/* Gives the subject as people read it: the text's heading and the first papers in it, without line
 * breaks. */
char *ps_mail_subject(const char *text) PS_MUST_USE;

/* How far a mail came. */
enum ps_mail_stage {
    PS_MAIL_CONNECT,   /* greeting, STARTTLS, log-in, sender */
    PS_MAIL_RECIPIENT, /* the server was asked whether it takes mail for the address */
    PS_MAIL_DATA       /* the mail itself was sent, as a whole */
};

/* Borrowed for the call. */
struct ps_mail_outcome {
    bool taken;               /* the server has taken the mail */
    int status;               /* of its last answer; 0: none */
    const char *text;         /* of that answer, or of the transport fault */
    enum ps_mail_stage stage; /* in which it failed */
    enum ps_failure category; /* of the fault */
    bool no_tls,
        refused_login; /* the server offers no STARTTLS; does not accept user or password */
    bool bad_certificate;
};

/* Taken is SENT. An answer of 4xx, no answer: RETRY. 5xx about the recipient or the mail: NEVER.
 * What concerns every mail (log-in, TLS, sender, settings): STOP until it is repaired. A mail that
 * left as a whole without an answer is doubtful: it is sent again with the same Message-ID. */
void ps_mail_outcome_read(const struct ps_mail_outcome *outcome,
                          struct ps_slack_response *out_reply);

#endif
