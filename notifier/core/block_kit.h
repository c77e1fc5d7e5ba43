/* A message's text as Block Kit: its heading as a header, the rest as sections. The text itself
   stays the fallback for notifications and clients that show no blocks. */
#ifndef PS_NOTIFIER_BLOCK_KIT_H
#define PS_NOTIFIER_BLOCK_KIT_H
#include "shared/core/message.h"
#include "shared/core/str.h"

#include <cjson/cJSON.h>

/* Slack's published limits, in characters of Unicode.
   https://docs.slack.dev/reference/block-kit/blocks */
enum { PS_BLOCK_KIT_MAX = 50, PS_BLOCK_KIT_SECTION_MAX = 3000, PS_BLOCK_KIT_HEADER_MAX = 150 };

/* Gives an array of blocks within the limits; NULL where there is nothing to show. text is valid
   UTF-8 in mrkdwn; lines stay whole where they fit a section, and a longer one is cut at a whole
   character outside of links and escapes. */
cJSON *ps_block_kit_of(const char *text);
/* The same for a message of that kind. Times ("2026-11-23 09:05 UTC") are shown in the reader's
   zone. Where interactive is set, each paper or draft of a kind that announces some has buttons or,
   where a message has many, a menu: Watch, Mute, Snooze, Open. */
cJSON *ps_block_kit_message(const char *text, enum ps_message_kind kind, bool interactive);

/* Parts of it, for views. Text as above. Each adds as many blocks as the text needs, and none
   beyond PS_BLOCK_KIT_MAX. */
void ps_block_kit_add_lines(cJSON *blocks, struct ps_str text);
void ps_block_kit_add_header(cJSON *blocks, const char *text);
/* Gives text with each "2026-11-23 09:05 UTC" as <!date^…|2026-11-23 09:05 UTC>. */
char *ps_block_kit_dates(const char *text) PS_MUST_USE;

#endif
