#include "notifier/cli/commands.h"
#include "shared/core/text_normalize.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <string.h>

const struct ps_command ps_notifier_commands[PS_NOTIFIER_COMMANDS] = {
    {"send",         PS_NOTIFIER_SEND_SYNOPSIS,
     "Sends a message by way of the notify list, and waits until Slack has taken it\n(30 s). "
      "Prints its id; says why where it was not sent. --no-wait: only puts it\ninto the list.", ps_cmd_send       },
    { "check-slack", PS_NOTIFIER_CHECK_SLACK_SYNOPSIS,
     "Asks Slack whether this set-up works: the token, its scopes, each configured\n"
      "channel, Socket Mode. Every problem comes with what to do about it. --send:\n"
      "posts one test message into each configured channel.",                                   ps_cmd_check_slack},
    { "dead",        PS_NOTIFIER_DEAD_SYNOPSIS,
     "Messages that were given up. list: one line each, with the reason. show: the\n"
      "whole of it. replay: back into the notify list, to be sent again. drop:\n"
      "forgotten. ID is the id or the number that list prints.",                                ps_cmd_dead       },
    { "queue",       PS_NOTIFIER_QUEUE_SYNOPSIS,
     "What waits to be said: how much, since when, for which channels; who has them,\n"
      "and which of them Slack wants left alone for how long.",                                 ps_cmd_queue      },
    { "watchlist",   PS_NOTIFIER_WATCHLIST_SYNOPSIS,
     "What one person (a Slack user id) is notified about, in the words of Slack.\n"
      "ENTRY: P2300, N5007 or LWG4000 is that paper or issue; 2300 is every paper\n"
      "and issue of that number; Eric Niebler is an author, by whole words;\n"
      "subgroup LEWG is a subgroup; /ranges?/ is a regular expression, searched for\n"
      "in titles, authors and first words. Several papers: P2300, P2301.\n"
      "mute: matches are dropped, now and later, until TIME or until unmute.\n"
      "snooze: matches are kept and sent when TIME has come. Without ENTRY:\n"
      "everything. TIME: 3d, 2h, 1w, until 2026-12-31.\n"
      "digest: matches in one message a day (UTC), at once, or as they are found.",             ps_cmd_watchlist  },
};

int ps_cmd_usage(const char *synopsis)
{
    ps_print(stderr, "usage: paperscout-notifier %s\n", synopsis);
    return PS_EXIT_USAGE;
}

char *ps_cmd_plain(const char *text)
{
    char *plain = ps_utf8_clean(text, strlen(text));

    for (char *c = plain; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    return plain;
}
