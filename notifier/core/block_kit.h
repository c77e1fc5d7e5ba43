/* A message's text as Block Kit: its heading as a header, the rest as sections. The text itself
   stays the fallback for notifications and clients that show no blocks. */
#ifndef PS_NOTIFIER_BLOCK_KIT_H
#define PS_NOTIFIER_BLOCK_KIT_H
#include <cjson/cJSON.h>

/* Slack's published limits, in characters of Unicode.
   https://docs.slack.dev/reference/block-kit/blocks */
enum { PS_BLOCK_KIT_MAX = 50, PS_BLOCK_KIT_SECTION_MAX = 3000, PS_BLOCK_KIT_HEADER_MAX = 150 };

/* Gives an array of blocks within the limits; NULL where there is nothing to show. text is valid
   UTF-8 in mrkdwn; lines stay whole where they fit a section, and a longer one is cut at a whole
   character outside of links and escapes. */
cJSON *ps_block_kit_of(const char *text);

#endif
