#include "tests/upstream/slack_check.h"

#include "shared/core/base.h"
#include "shared/core/json.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX = 40000, /* characters; longer ones Slack cuts */
    BLOCKS_MAX = 50,
    VIEW_BLOCKS_MAX = 100,
    SECTION_MAX = 3000,
    FIELD_MAX = 2000,
    FIELDS_MAX = 10,
    HEADER_MAX = 150,
    CONTEXT_MAX = 10,
    ACTIONS_MAX = 25,
    ID_MAX = 255,
    BUTTON_MAX = 75,
    VALUE_MAX = 2000,
    URL_MAX = 3000,
    OVERFLOW_MAX = 5,
    OPTION_VALUE_MAX = 150,
    SELECT_MAX = 100,
    PLACEHOLDER_MAX = 150,
    LABEL_MAX = 2000,
    TITLE_MAX = 24,
    METADATA_MAX = 3000
};

static char why[200];

static bool wrong(const char *format, ...) PS_PRINTF(1, 2);
static bool wrong(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(why, sizeof(why), format, list);
    va_end(list);
    return false;
}

const char *ps_slack_check_why(void)
{
    return why;
}

static const cJSON *part(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static size_t chars_of(const char *text)
{
    size_t chars = 0;

    for (; *text != '\0'; text++)
        chars += ((unsigned char)*text & 0xc0) != 0x80;
    return chars;
}

/* known: names with spaces around each. */
static bool members_ok(const cJSON *object, const char *known)
{
    const cJSON *member;

    cJSON_ArrayForEach (member, object) {
        char name[80];

        (void)snprintf(name, sizeof(name), " %s ", member->string);
        if (strstr(known, name) == NULL)
            return wrong("%s is not known here", member->string);
    }
    return true;
}

static bool string_ok(const cJSON *object, const char *name, size_t min, size_t max)
{
    const char *text = ps_json_text(object, name);
    size_t chars = text != NULL ? chars_of(text) : 0;

    if (part(object, name) == NULL && min == 0)
        return true;
    if (text == NULL || chars < min || chars > max)
        return wrong("%s has %zu characters, allowed are %zu to %zu", name, chars, min, max);
    return true;
}

static bool text_ok(const cJSON *object, size_t max, bool plain_only)
{
    const char *type = ps_json_text(object, "type");

    if (type == NULL ||
        (strcmp(type, "plain_text") != 0 && (plain_only || strcmp(type, "mrkdwn") != 0)))
        return wrong("a text object of the type %s", type != NULL ? type : "(none)");
    return members_ok(object,
                      strcmp(type, "mrkdwn") == 0 ? " type text verbatim " : " type text emoji ") &&
           string_ok(object, "text", 1, max);
}

static bool plain_ok(const cJSON *object, const char *name, size_t max)
{
    return part(object, name) == NULL || text_ok(part(object, name), max, true);
}

static bool confirm_ok(const cJSON *confirm)
{
    if (confirm == NULL)
        return true;
    return members_ok(confirm, " title text confirm deny style ") &&
           text_ok(part(confirm, "title"), 100, true) &&
           text_ok(part(confirm, "text"), 300, false) &&
           text_ok(part(confirm, "confirm"), 30, true) && text_ok(part(confirm, "deny"), 30, true);
}

static bool option_ok(const cJSON *option, bool overflow)
{
    if (!members_ok(option,
                    overflow ? " text value description url " : " text value description ") ||
        !text_ok(part(option, "text"), BUTTON_MAX, overflow) ||
        !string_ok(option, "value", 1, OPTION_VALUE_MAX) || !string_ok(option, "url", 0, URL_MAX))
        return false;
    return plain_ok(option, "description", BUTTON_MAX);
}

static bool options_ok(const cJSON *element, int most, bool overflow)
{
    const cJSON *options = part(element, "options"), *option;
    int count = cJSON_GetArraySize(options);

    if (!cJSON_IsArray(options) || count < 1 || count > most)
        return wrong("%d options", count);
    cJSON_ArrayForEach (option, options) {
        if (!option_ok(option, overflow))
            return false;
    }
    return true;
}

static bool clock_ok(const cJSON *element)
{
    const char *time = ps_json_text(element, "initial_time");

    if (part(element, "initial_time") == NULL)
        return true;
    if (time == NULL || strlen(time) != 5 || time[2] != ':' || strcmp(time, "23:59") > 0 ||
        strspn(time, "0123456789:") != 5 || time[3] > '5')
        return wrong("initial_time is not HH:mm");
    return true;
}

static bool button_ok(const cJSON *element)
{
    const char *style = ps_json_text(element, "style");

    if (style != NULL && strcmp(style, "primary") != 0 && strcmp(style, "danger") != 0)
        return wrong("style %s", style);
    return members_ok(element,
                      " type text action_id url value style confirm accessibility_label ") &&
           text_ok(part(element, "text"), BUTTON_MAX, true) &&
           string_ok(element, "url", 0, URL_MAX) && string_ok(element, "value", 0, VALUE_MAX) &&
           string_ok(element, "accessibility_label", 0, BUTTON_MAX) &&
           confirm_ok(part(element, "confirm"));
}

static bool input_text_ok(const cJSON *element)
{
    const cJSON *config = part(element, "dispatch_action_config"), *on;
    int64_t length;

    if (!members_ok(element, " type action_id initial_value multiline min_length max_length "
                             "dispatch_action_config focus_on_load placeholder "))
        return false;
    if (part(element, "max_length") != NULL &&
        !ps_json_int(element, "max_length", 1, 3000, &length))
        return wrong("max_length");
    if (config != NULL && !members_ok(config, " trigger_actions_on "))
        return false;
    cJSON_ArrayForEach (on, part(config, "trigger_actions_on")) {
        if (!cJSON_IsString(on) || (strcmp(on->valuestring, "on_character_entered") != 0 &&
                                    strcmp(on->valuestring, "on_enter_pressed") != 0))
            return wrong("trigger_actions_on");
    }
    return plain_ok(element, "placeholder", PLACEHOLDER_MAX);
}

static bool element_ok(const cJSON *element)
{
    const char *type = ps_json_text(element, "type");

    if (type == NULL)
        return wrong("an element without a type");
    if (!string_ok(element, "action_id", 1, ID_MAX))
        return false;
    if (strcmp(type, "button") == 0)
        return button_ok(element);
    if (strcmp(type, "overflow") == 0)
        return members_ok(element, " type action_id options confirm ") &&
               options_ok(element, OVERFLOW_MAX, true) && confirm_ok(part(element, "confirm"));
    if (strcmp(type, "timepicker") == 0)
        return members_ok(element, " type action_id initial_time confirm focus_on_load placeholder "
                                   "timezone ") &&
               clock_ok(element) && plain_ok(element, "placeholder", PLACEHOLDER_MAX);
    if (strcmp(type, "static_select") == 0)
        return members_ok(element, " type action_id options initial_option confirm focus_on_load "
                                   "placeholder ") &&
               options_ok(element, SELECT_MAX, false) &&
               plain_ok(element, "placeholder", PLACEHOLDER_MAX);
    if (strcmp(type, "plain_text_input") == 0)
        return input_text_ok(element);
    return wrong("an element of the type %s", type);
}

/* No two elements of a block have one action_id. */
static bool ids_differ(const cJSON *elements)
{
    const cJSON *a, *b;

    cJSON_ArrayForEach (a, elements) {
        for (b = a->next; b != NULL; b = b->next)
            if (strcmp(ps_json_text(a, "action_id"), ps_json_text(b, "action_id")) == 0)
                return wrong("two elements are %s", ps_json_text(a, "action_id"));
    }
    return true;
}

static bool actions_ok(const cJSON *block)
{
    const cJSON *elements = part(block, "elements"), *element;
    int count = cJSON_GetArraySize(elements);

    if (!members_ok(block, " type block_id elements "))
        return false;
    if (count < 1 || count > ACTIONS_MAX)
        return wrong("%d elements of an actions block", count);
    cJSON_ArrayForEach (element, elements) {
        const char *type = ps_json_text(element, "type");

        if (!element_ok(element))
            return false;
        if (strcmp(type, "plain_text_input") == 0)
            return wrong("an input in an actions block");
    }
    return ids_differ(elements);
}

static bool section_ok(const cJSON *block)
{
    const cJSON *text = part(block, "text"), *fields = part(block, "fields"), *field;
    const cJSON *accessory = part(block, "accessory");

    if (!members_ok(block, " type block_id text fields accessory expand "))
        return false;
    if (text == NULL && fields == NULL)
        return wrong("a section without text and fields");
    if (text != NULL && !text_ok(text, SECTION_MAX, false))
        return false;
    if (fields != NULL &&
        (cJSON_GetArraySize(fields) < 1 || cJSON_GetArraySize(fields) > FIELDS_MAX))
        return wrong("%d fields", cJSON_GetArraySize(fields));
    cJSON_ArrayForEach (field, fields) {
        if (!text_ok(field, FIELD_MAX, false))
            return false;
    }
    return accessory == NULL || element_ok(accessory);
}

static bool context_ok(const cJSON *block)
{
    const cJSON *elements = part(block, "elements"), *element;
    int count = cJSON_GetArraySize(elements);

    cJSON_ArrayForEach (element, elements) {
        if (!text_ok(element, SECTION_MAX, false))
            return false;
    }
    if (count < 1 || count > CONTEXT_MAX)
        return wrong("%d elements of a context block", count);
    return members_ok(block, " type block_id elements ");
}

static bool input_ok(const cJSON *block)
{
    return members_ok(block, " type block_id label element dispatch_action hint optional ") &&
           text_ok(part(block, "label"), LABEL_MAX, true) && plain_ok(block, "hint", LABEL_MAX) &&
           element_ok(part(block, "element"));
}

static bool block_ok(const cJSON *block)
{
    const char *type = ps_json_text(block, "type");

    if (type == NULL)
        return wrong("a block without a type");
    if (!string_ok(block, "block_id", 0, ID_MAX))
        return false;
    if (strcmp(type, "section") == 0)
        return section_ok(block);
    if (strcmp(type, "header") == 0)
        return members_ok(block, " type block_id text level ") &&
               text_ok(part(block, "text"), HEADER_MAX, true);
    if (strcmp(type, "context") == 0)
        return context_ok(block);
    if (strcmp(type, "actions") == 0)
        return actions_ok(block);
    if (strcmp(type, "input") == 0)
        return input_ok(block);
    if (strcmp(type, "divider") == 0)
        return members_ok(block, " type block_id ");
    return wrong("a block of the type %s", type);
}

static bool blocks_ok(const cJSON *blocks, int most)
{
    const cJSON *a, *b;

    if (!cJSON_IsArray(blocks) || cJSON_GetArraySize(blocks) > most)
        return wrong("%d blocks", cJSON_GetArraySize(blocks));
    cJSON_ArrayForEach (a, blocks) {
        const char *id = ps_json_text(a, "block_id");

        if (!block_ok(a))
            return false;
        for (b = a->next; id != NULL && b != NULL; b = b->next)
            if (ps_json_text(b, "block_id") != NULL && strcmp(id, ps_json_text(b, "block_id")) == 0)
                return wrong("two blocks are %s", id);
    }
    return true;
}

const char *ps_slack_check(const cJSON *arguments)
{
    const char *text = ps_json_text(arguments, "text");
    const cJSON *blocks = part(arguments, "blocks");

    why[0] = '\0';
    if (text != NULL && chars_of(text) > TEXT_MAX)
        return "msg_too_long";
    if (blocks != NULL && !blocks_ok(blocks, BLOCKS_MAX))
        return "invalid_blocks";
    return NULL;
}

static bool has_input(const cJSON *blocks)
{
    const cJSON *block;

    cJSON_ArrayForEach (block, blocks) {
        if (strcmp(ps_json_text(block, "type"), "input") == 0)
            return true;
    }
    return false;
}

static bool modal_ok(const cJSON *view)
{
    if (!members_ok(view, " type title blocks close submit private_metadata callback_id "
                          "clear_on_close notify_on_close external_id submit_disabled ") ||
        !text_ok(part(view, "title"), TITLE_MAX, true) || !plain_ok(view, "submit", TITLE_MAX) ||
        !plain_ok(view, "close", TITLE_MAX))
        return false;
    if (has_input(part(view, "blocks")) && part(view, "submit") == NULL)
        return wrong("a modal with an input and without submit");
    return true;
}

const char *ps_slack_check_view(const cJSON *view)
{
    const char *type = ps_json_text(view, "type");
    bool home = type != NULL && strcmp(type, "home") == 0, ok;

    why[0] = '\0';
    if (!home && (type == NULL || strcmp(type, "modal") != 0)) {
        (void)wrong("a view of no known type");
        return "invalid_arguments";
    }
    ok = blocks_ok(part(view, "blocks"), VIEW_BLOCKS_MAX) &&
         cJSON_GetArraySize(part(view, "blocks")) > 0 &&
         string_ok(view, "callback_id", 0, ID_MAX) && string_ok(view, "external_id", 0, ID_MAX) &&
         string_ok(view, "private_metadata", 0, METADATA_MAX);
    if (ok)
        ok = home ? members_ok(view, " type blocks private_metadata callback_id external_id ")
                  : modal_ok(view);
    return ok ? NULL : "invalid_arguments";
}
