/* A message as Block Kit with what people can do about it.
 *
 * The scheduler composes a message as text, in which each paper or draft is a line that begins with
 * its link. The text is the truth, and the fallback for screen readers and notifications. This
 * module adds to it what only Slack can show: times in the reader's zone, and buttons. A title
 * cannot forge such a line: its < and its line breaks never reach the text. */
#ifndef PS_NOTIFIER_MESSAGE_BLOCKS_H
#define PS_NOTIFIER_MESSAGE_BLOCKS_H
#include "shared/core/message.h"

#include <cjson/cJSON.h>

/* Gives an array of blocks within the limits of block_kit.h; NULL where there is nothing to show.
   Where interactive is set, each paper or draft of a kind that announces some has buttons or, where
   a message has many, a menu: Watch, Mute, Snooze, Open. Those that no block is left for are plain
   lines. */
cJSON *ps_message_blocks(const char *text, enum ps_message_kind kind, bool interactive);
/* Gives text with each "2026-11-23 09:05 UTC" as <!date^…|2026-11-23 09:05 UTC>. */
char *ps_message_blocks_dates(const char *text) PS_MUST_USE;

#endif
