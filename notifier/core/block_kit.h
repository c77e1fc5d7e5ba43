/* A message's text as Block Kit: its heading as a header, the rest as sections. The text itself
   stays the fallback for notifications and clients that show no blocks. */
#ifndef PS_NOTIFIER_BLOCK_KIT_H
#define PS_NOTIFIER_BLOCK_KIT_H
#include "shared/core/buf.h"
#include "shared/core/str.h"

#include <cjson/cJSON.h>

/* Slack's published limits, in characters of Unicode.
   https://docs.slack.dev/reference/block-kit/blocks */
enum { PS_BLOCK_KIT_MAX = 50, PS_BLOCK_KIT_SECTION_MAX = 3000, PS_BLOCK_KIT_HEADER_MAX = 150 };

/* Gives an array of blocks within the limits; NULL where there is nothing to show. text is valid
   UTF-8 in mrkdwn; lines stay whole where they fit a section, and a longer one is cut at a whole
   character outside of links and escapes. */
cJSON *ps_block_kit_of(const char *text);

/* Parts of it, for views. Text as above. Each adds as many blocks as the text needs, and none
   beyond PS_BLOCK_KIT_MAX. */
void ps_block_kit_add_lines(cJSON *blocks, struct ps_str text);
void ps_block_kit_add_header(cJSON *blocks, const char *text);
/* Returns whether line is a heading such as "*New drafts* (1/2)". If so, appends its words without
   the markup to out. */
bool ps_block_kit_heading(struct ps_str line, struct ps_buf *out);
/* Adds text with &amp; &lt; &gt; as the characters that they mean. */
void ps_block_kit_unescape(struct ps_buf *out, struct ps_str text);
size_t ps_block_kit_chars(struct ps_str text); /* of Unicode, the unit of Slack's limits */

#endif
