#include "notifier/core/block_elements.h"

#include "notifier/core/block_kit.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of the first max characters of text. */
static size_t cut(const char *text, size_t max)
{
    size_t at = 0, chars = 0;

    for (; text[at] != '\0'; at++) {
        if (((unsigned char)text[at] & 0xc0) != 0x80 && chars++ == max)
            break;
    }
    return at;
}

cJSON *ps_block_text(const char *type, const char *text, size_t max)
{
    cJSON *object = cJSON_CreateObject();
    char *copy = ps_alloc_copy(text, cut(text, max));

    ps_json_add_text(object, "type", type);
    ps_json_add_text(object, "text", copy[0] != '\0' ? copy : "-");
    free(copy);
    return object;
}

cJSON *ps_block_section(const char *text)
{
    cJSON *block = cJSON_CreateObject();

    ps_json_add_text(block, "type", "section");
    cJSON_AddItemToObject(block, "text", ps_block_text("mrkdwn", text, PS_BLOCK_KIT_SECTION_MAX));
    return block;
}

cJSON *ps_block_context(const char *text)
{
    cJSON *block = cJSON_CreateObject();

    ps_json_add_text(block, "type", "context");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(block, "elements"),
                         ps_block_text("mrkdwn", text, PS_BLOCK_KIT_SECTION_MAX));
    return block;
}

static char *label(const struct ps_block_choice *choice, const char *entry)
{
    return entry != NULL ? ps_alloc_format("%s %s", choice->text, entry)
                         : ps_alloc_text(choice->text);
}

cJSON *ps_block_button(const struct ps_block_choice *choice, const char *entry)
{
    cJSON *button = cJSON_CreateObject();
    char *spoken = label(choice, entry);

    ps_json_add_text(button, "type", "button");
    ps_json_add_text(button, "action_id", ps_interaction_name(choice->interaction));
    cJSON_AddItemToObject(button, "text",
                          ps_block_text("plain_text", choice->text, PS_BLOCK_BUTTON_TEXT_MAX));
    if (entry != NULL)
        ps_json_add_text(button, "value", entry);
    if (choice->url != NULL && strlen(choice->url) <= PS_BLOCK_URL_MAX)
        ps_json_add_text(button, "url", choice->url);
    spoken[cut(spoken, PS_BLOCK_BUTTON_TEXT_MAX)] = '\0';
    ps_json_add_text(button, "accessibility_label", spoken);
    free(spoken);
    return button;
}

cJSON *ps_block_actions(const struct ps_block_choice *choices, size_t count, const char *entry)
{
    cJSON *block = cJSON_CreateObject(), *elements;

    ps_json_add_text(block, "type", "actions");
    elements = cJSON_AddArrayToObject(block, "elements");
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(elements, ps_block_button(&choices[i], entry));
    return block;
}

cJSON *ps_block_menu(const struct ps_block_choice *choices, size_t count, const char *entry)
{
    cJSON *menu = cJSON_CreateObject(), *options;

    ps_json_add_text(menu, "type", "overflow");
    ps_json_add_text(menu, "action_id", PS_INTERACTION_MENU);
    options = cJSON_AddArrayToObject(menu, "options");
    for (size_t i = 0; i < count && i < PS_BLOCK_MENU_MAX; i++) {
        cJSON *option = cJSON_CreateObject();
        char *value = ps_alloc_format("%s %s", ps_interaction_name(choices[i].interaction), entry);
        char *text = label(&choices[i], entry);

        cJSON_AddItemToObject(option, "text",
                              ps_block_text("plain_text", text, PS_BLOCK_BUTTON_TEXT_MAX));
        ps_json_add_text(option, "value", value);
        if (choices[i].url != NULL && strlen(choices[i].url) <= PS_BLOCK_URL_MAX)
            ps_json_add_text(option, "url", choices[i].url);
        cJSON_AddItemToArray(options, option);
        free(text);
        free(value);
    }
    return menu;
}
