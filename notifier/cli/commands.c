#include "notifier/cli/commands.h"

#include <stdio.h>

const struct ps_command ps_notifier_commands[PS_NOTIFIER_COMMANDS] = {
    {"send",       PS_NOTIFIER_SEND_SYNOPSIS,      "Puts a message into the notify list and prints its id.",
     ps_cmd_send                                                                                                             },
    { "dead",      PS_NOTIFIER_DEAD_SYNOPSIS,
     "Messages that were given up. list: one line each, with the reason. replay:\n"
      "back into the notify list, to be sent again. drop: forgotten. ID is the id or\n"
      "the number that list prints.",                                                                        ps_cmd_dead     },
    { "watchlist", PS_NOTIFIER_WATCHLIST_SYNOPSIS,
     "What one person (a Slack user id) is told about. An entry of digits is a paper\n"
      "number, any other part of an author's name.",                                                         ps_cmd_watchlist},
};

int ps_cmd_usage(const char *synopsis)
{
    (void)fprintf(stderr, "usage: paperscout-notifier %s\n", synopsis);
    return PS_EXIT_USAGE;
}
