/* A sink that sends what belongs to an e-mail address by mail, and everything else to the sink
 * behind it.
 *
 * SMTP_URL and SMTP_FROM are read for each message, so that a rotated password needs no restart.
 * Without them messages to addresses wait, and the log says why. */
#ifndef PS_NOTIFIER_MAIL_SINK_H
#define PS_NOTIFIER_MAIL_SINK_H
#include "notifier/io/sink.h"
#include "shared/core/config.h"
#include "shared/io/loop.h"

/* Borrows loop and config for life; takes other. */
struct ps_sink ps_mail_sink_create(struct ps_loop *loop, const struct ps_config *config,
                                   struct ps_sink other) PS_MUST_USE;

#endif
