/* Slack's mrkdwn, as the fleet writes it, in the markup of other services: a heading between
 * asterisks, links <url|label>, and text in which & < > are escaped (shared/core/mrkdwn.h). Text
 * stays text: whatever the target's markup would act on is escaped. */
#ifndef PS_NOTIFIER_MARKUP_H
#define PS_NOTIFIER_MARKUP_H
#include "shared/core/buf.h"

enum ps_markup {
    PS_MARKUP_PLAIN,    /* a link is "label (url)" */
    PS_MARKUP_MARKDOWN, /* CommonMark, as Discord, Mattermost and Teams read it */
    PS_MARKUP_HTML      /* the subset that Matrix clients accept; <br> between lines */
};

/* Adds mrkdwn in another markup. A cut by the cap of out_text happens between lines; returns false
 * then. */
bool ps_markup_convert(const char *mrkdwn, enum ps_markup markup, struct ps_buf *out_text);

#endif
