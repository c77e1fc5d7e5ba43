/* Sends mails to one mail server with libcurl, each on a thread beside the loop.
 *
 * HTTP requests run on the loop, mail cannot: at the end of a connection libcurl sends QUIT and
 * blocks until the answer or the time limit, with a multi handle too. A mail server that hangs
 * would stop the loop. So each mail is a job (shared/io/background.h) with a connection of its own;
 * at most PS_SMTP_JOBS run at once, the others wait their turn.
 *
 * Guarantees: a mail is sent at most once for each call; it ends PS_SMTP_LIMIT_MS after its thread
 * began, at the latest; the answer that is kept has a cap; user and password go only to the mail
 * server, and only over TLS or to this machine. */
#ifndef PS_NOTIFIER_SMTP_CLIENT_H
#define PS_NOTIFIER_SMTP_CLIENT_H
#include "notifier/core/mail_message.h"
#include "shared/io/loop.h"

/* The limit lies well below the two minutes for which a claim is respected. */
enum { PS_SMTP_JOBS = 4, PS_SMTP_LIMIT_MS = 60 * 1000 };

struct ps_smtp;

/* Everything is copied. */
struct ps_smtp_request {
    const char *url;     /* smtp:// or smtps://, with user and password */
    const char *ca_file; /* certificates trusted instead of the system's; "": the system's */
    const char *from, *to;
    const char *mail; /* NULL: connect, log in and leave */
};

/* Runs on the loop, exactly once, never before ps_smtp_send returned; outcome is borrowed. */
typedef void (*ps_smtp_fn)(void *cookie, const struct ps_mail_outcome *outcome);

/* Borrows loop. */
struct ps_smtp *ps_smtp_create(struct ps_loop *loop) PS_MUST_USE;
/* Call it when the program stops. A mail whose text has not begun to leave ends with an error of
 * the network. One whose text is being sent goes on, because the server may have taken it. */
void ps_smtp_drain(struct ps_smtp *smtp);
/* Aborts all mails; their fn does not run. Takes a second or two at most. NULL is fine. */
void ps_smtp_destroy(struct ps_smtp *smtp);
void ps_smtp_send(struct ps_smtp *smtp, const struct ps_smtp_request *request, ps_smtp_fn fn,
                  void *cookie);

#endif
