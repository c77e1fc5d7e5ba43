/* Shared by the files that implement command_reply.h; no other file includes it. */
#ifndef PS_NOTIFIER_COMMAND_REPLY_PRIVATE_H
#define PS_NOTIFIER_COMMAND_REPLY_PRIVATE_H
#include "notifier/core/command_reply.h"

/* Begins a line with a bullet; ps_command_reply_end adds it to reply and clears it. */
void ps_command_reply_begin(struct ps_buf *line);
void ps_command_reply_end(struct ps_command_reply *reply, struct ps_buf *line);
/* Adds "2026-11-23 09:05 UTC"; message_blocks.h shows it in the reader's zone. */
void ps_command_reply_add_time(struct ps_buf *out, int64_t wall_ms);

#endif
