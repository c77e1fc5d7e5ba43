/* Help texts made from the table of commands: for the terminal, and as the table of
 * deploy/COMMANDS.md. */
#ifndef PS_CORE_COMMAND_HELP_H
#define PS_CORE_COMMAND_HELP_H
#include "shared/core/buf.h"
#include "shared/core/command_table.h"

/* Adds text, each line of it a paragraph, with indent spaces before every line, wrapped at 80
 * columns. A word that is longer than the line stands alone. */
void ps_help_wrap(const char *text, int indent, struct ps_buf *out_text);
/* Adds one usage line for each form of the command: "PREFIX NAME FORM", continued lines below the
 * first argument. indent and prefix ("" for none) come first. */
void ps_help_usage(const char *prefix, const char *name, const char *usage, int indent,
                   struct ps_buf *out_text);
/* Adds the help of one command of `paperscout`: usage, paragraphs, words, options, examples. */
void ps_help_command(enum ps_command_id id, struct ps_buf *out_text);
/* Adds the help of `paperscout` itself: each command with its summary, by group. */
void ps_help_front(const char *version, struct ps_buf *out_text);
/* Adds the table of deploy/COMMANDS.md: a row for each command. */
void ps_help_markdown(struct ps_buf *out_text);

#endif
