#include "notifier/cli/commands.h"
#include "shared/core/text_normalize.h"
#include "shared/io/command_usage.h"

#include <stdio.h>
#include <string.h>

const struct ps_command ps_notifier_commands[PS_NOTIFIER_COMMANDS] = {
    {&ps_command_texts[PS_COMMAND_SEND],            ps_cmd_send          },
    { &ps_command_texts[PS_COMMAND_CHECK_SLACK],    ps_cmd_check_slack   },
    { &ps_command_texts[PS_COMMAND_CHECK_WEBHOOKS], ps_cmd_check_webhooks},
    { &ps_command_texts[PS_COMMAND_DEAD],           ps_cmd_dead          },
    { &ps_command_texts[PS_COMMAND_QUEUE],          ps_cmd_queue         },
    { &ps_command_texts[PS_COMMAND_WATCHLIST],      ps_cmd_watchlist     },
};

int ps_cmd_usage(enum ps_command_id command)
{
    return ps_command_usage("paperscout-notifier", command);
}

char *ps_cmd_plain(const char *text)
{
    char *plain = ps_utf8_clean(text, strlen(text));

    for (char *c = plain; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    return plain;
}
