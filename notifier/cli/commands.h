/* The notifier's commands for people. */
#ifndef PS_NOTIFIER_COMMANDS_H
#define PS_NOTIFIER_COMMANDS_H
#include "shared/io/daemon.h"

enum { PS_NOTIFIER_COMMANDS = 6, PS_NOTIFIER_WAIT_MS = 5000 /* for a server */ };
extern const struct ps_command ps_notifier_commands[PS_NOTIFIER_COMMANDS];

int ps_cmd_send(int argc, char **argv, void *env);
int ps_cmd_dead(int argc, char **argv, void *env);
int ps_cmd_queue(int argc, char **argv, void *env);
int ps_cmd_check_webhooks(int argc, char **argv, void *env);
int ps_cmd_check_slack(int argc, char **argv, void *env);
int ps_cmd_watchlist(int argc, char **argv, void *env);

/* Prints how the command is used; returns PS_EXIT_USAGE. */
int ps_cmd_usage(enum ps_command_id command);
/* Gives text of strangers as one line that a terminal shows and does not obey. */
char *ps_cmd_plain(const char *text) PS_MUST_USE;

#endif
