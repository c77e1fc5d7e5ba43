/* The notifier's commands for people. */
#ifndef PS_NOTIFIER_COMMANDS_H
#define PS_NOTIFIER_COMMANDS_H
#include "shared/io/daemon.h"

enum { PS_NOTIFIER_COMMANDS = 5, PS_NOTIFIER_WAIT_MS = 5000 /* for a server */ };
extern const struct ps_command ps_notifier_commands[PS_NOTIFIER_COMMANDS];

int ps_cmd_send(int argc, char **argv, void *env);
int ps_cmd_dead(int argc, char **argv, void *env);
int ps_cmd_queue(int argc, char **argv, void *env);
int ps_cmd_check_slack(int argc, char **argv, void *env);
int ps_cmd_watchlist(int argc, char **argv, void *env);

#define PS_NOTIFIER_CHECK_SLACK_SYNOPSIS "check-slack [--send]"
#define PS_NOTIFIER_SEND_SYNOPSIS        "send [--no-wait] CHANNEL TEXT"
#define PS_NOTIFIER_DEAD_SYNOPSIS        "dead list | dead show|replay|drop ID|--all"
#define PS_NOTIFIER_QUEUE_SYNOPSIS       "queue [--json]"
#define PS_NOTIFIER_WATCHLIST_SYNOPSIS                                                             \
    "watchlist USER list [--json] | watchlist USER add|remove ENTRY | watchlist USER mute|snooze " \
    "[ENTRY] [TIME] | watchlist USER unmute [ENTRY] | watchlist USER digest daily [HH:MM]|now|off"
/* Says how the command is used; gives PS_EXIT_USAGE. */
int ps_cmd_usage(const char *synopsis);
/* Gives text of strangers as one line that a terminal shows and does not obey. */
char *ps_cmd_plain(const char *text) PS_MUST_USE;

#endif
