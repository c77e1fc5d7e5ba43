#include "notifier/cli/commands.h"
#include "shared/core/text_normalize.h"

#include <stdio.h>
#include <string.h>

const struct ps_command ps_notifier_commands[PS_NOTIFIER_COMMANDS] = {
    {"send",       PS_NOTIFIER_SEND_SYNOPSIS,      "Puts a message into the notify list and prints its id.",
     ps_cmd_send                                                                                                             },
    { "dead",      PS_NOTIFIER_DEAD_SYNOPSIS,
     "Messages that were given up. list: one line each, with the reason. show: the\n"
      "whole of it. replay: back into the notify list, to be sent again. drop:\n"
      "forgotten. ID is the id or the number that list prints.",                                             ps_cmd_dead     },
    { "queue",     PS_NOTIFIER_QUEUE_SYNOPSIS,
     "What waits to be said: how much, since when, for which channels; who has them,\n"
      "and which of them Slack wants left alone for how long.",                                              ps_cmd_queue    },
    { "watchlist", PS_NOTIFIER_WATCHLIST_SYNOPSIS,
     "What one person (a Slack user id) is told about. An entry of digits is a paper\n"
      "number, any other part of an author's name.",                                                         ps_cmd_watchlist},
};

int ps_cmd_usage(const char *synopsis)
{
    (void)fprintf(stderr, "usage: paperscout-notifier %s\n", synopsis);
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
