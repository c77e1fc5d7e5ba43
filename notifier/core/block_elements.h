/* Elements of Block Kit that a person can act on: buttons, menus, a time picker. Their action_ids
 * are those of interaction.h. Texts are cut at Slack's published limits, so that no title, name or
 * pattern makes Slack refuse a whole message or view.
 * https://docs.slack.dev/reference/block-kit/block-elements */
#ifndef PS_NOTIFIER_BLOCK_ELEMENTS_H
#define PS_NOTIFIER_BLOCK_ELEMENTS_H
#include "notifier/core/interaction.h"

enum {
    PS_BLOCK_BUTTON_TEXT_MAX = 75, /* characters; also of an option of a menu */
    PS_BLOCK_URL_MAX = 3000,
    PS_BLOCK_MENU_MAX = 5 /* options of an overflow menu */
};

/* One thing that can be done with an entry. */
struct ps_block_choice {
    enum ps_interaction interaction;
    const char *text; /* "Mute"; the label for screen readers adds the entry */
    const char *url;  /* of PS_INTERACTION_ID_OPEN; else NULL */
};

/* {"type": type, "text": text}, cut at max characters. */
cJSON *ps_block_text(const char *type, const char *text, size_t max);
/* A section of mrkdwn text (at most PS_BLOCK_KIT_SECTION_MAX characters). */
cJSON *ps_block_section(const char *text);
/* One line of small text. */
cJSON *ps_block_context(const char *text);
/* value: NULL for none. */
cJSON *ps_block_button(const struct ps_block_choice *choice, const char *entry);
/* A block of buttons; more elements may be added to its member elements. */
cJSON *ps_block_actions(const struct ps_block_choice *choices, size_t count, const char *entry);
/* An overflow menu of at most PS_BLOCK_MENU_MAX choices. */
cJSON *ps_block_menu(const struct ps_block_choice *choices, size_t count, const char *entry);

#endif
