/* Reads what people do with buttons, menus, modals and shortcuts in Slack.
 *
 * One table (PS_INTERACTIONS) says for each action what it does. Most actions are a command that
 * the person could have typed: the interaction becomes an inbound event with the command's words,
 * so that it takes the way of every command. It is stored once, run once by whichever notifier, and
 * repeated for nobody: not for a retry of Slack, not for a second click. The rest concerns views,
 * changes nothing and is done at once by the notifier that receives it.
 *
 * The same parser serves the events port (a form with the field payload) and Socket Mode (an
 * envelope of the type interactive). Who may do it is the same for all of them: members and guests
 * of our own workspace and of SLACK_ALLOWED_TEAMS (slack_team.h); nobody else. */
#ifndef PS_NOTIFIER_INTERACTION_H
#define PS_NOTIFIER_INTERACTION_H
#include "notifier/core/slack_event.h"

enum {
    PS_INTERACTION_VALUE_MAX = 140, /* bytes of an entry in a button or an option */
    PS_INTERACTION_PAPERS_MAX = 5   /* of a message, for "Why did I get this?" */
};

enum ps_interaction_effect {
    PS_INTERACTION_COMMAND, /* runs before + value + after */
    PS_INTERACTION_WHY,     /* runs "why" with the first paper of the message */
    PS_INTERACTION_SUBMIT,  /* runs before + the entry of the modal; a wrong entry is shown there */
    PS_INTERACTION_ADD,     /* opens the modal that adds a watch */
    PS_INTERACTION_CHECK,   /* shows in the modal what the typed entry means */
    PS_INTERACTION_LINK     /* Slack opens a URL; nothing else happens */
};

/* PS_X(identifier, name, type, effect, before, after)
   name: action_id of an element (type ELEMENT), callback_id of a shortcut or of a modal. Answers:
   an action in a message or a shortcut is answered there, for the person alone (response_url); an
   action in the App Home by publishing the Home again; a submitted modal by a direct message and by
   the Home. */
#define PS_INTERACTIONS(PS_X)                                                                      \
    PS_X(WATCH, "watch", ELEMENT, COMMAND, "watch ", "")                                           \
    PS_X(REMOVE, "remove", ELEMENT, COMMAND, "unwatch ", "")                                       \
    PS_X(MUTE, "mute", ELEMENT, COMMAND, "mute ", "")                                              \
    PS_X(UNMUTE, "unmute", ELEMENT, COMMAND, "unmute ", "")                                        \
    PS_X(SNOOZE_DAY, "snooze_day", ELEMENT, COMMAND, "snooze ", " 1d")                             \
    PS_X(SNOOZE_WEEK, "snooze_week", ELEMENT, COMMAND, "snooze ", " 1w")                           \
    PS_X(DIGEST_DAILY, "digest_daily", ELEMENT, COMMAND, "digest daily ", "")                      \
    PS_X(DIGEST_OFF, "digest_off", ELEMENT, COMMAND, "digest off", NULL)                           \
    PS_X(OPEN, "open", ELEMENT, LINK, NULL, NULL)                                                  \
    PS_X(ADD, "add", ELEMENT, ADD, NULL, NULL)                                                     \
    PS_X(ENTRY, "entry", ELEMENT, CHECK, NULL, NULL)                                               \
    PS_X(WHY_MESSAGE, "why_message", SHORTCUT, WHY, "why ", "")                                    \
    PS_X(ADD_WATCH, "add_watch", MODAL, SUBMIT, "watch ", "")

enum ps_interaction {
#define PS_X(id, name, type, effect, before, after) PS_INTERACTION_ID_##id,
    PS_INTERACTIONS(PS_X)
#undef PS_X
        PS_INTERACTION_ID_COUNT
};

const char *ps_interaction_name(enum ps_interaction interaction); /* "watch" */
/* The action_id of a menu whose options have the value "<name of an action> <entry>". */
#define PS_INTERACTION_MENU "menu"
/* block_id of the modal's input, to which errors belong. */
#define PS_INTERACTION_ENTRY_BLOCK "entry"

/* The payload of an interaction. An action that the table does not have, or whose value is not one
   of ours, is ignored (PS_SLACK_IGNORED). false with err (UNKNOWN) when it is nothing that Slack
   sends; out_event is as after clear then. */
bool ps_interaction_read(const cJSON *payload, struct ps_slack_event *out_event,
                         struct ps_err *err) PS_MUST_USE;
/* The same, of the form body with its field payload. */
bool ps_interaction_read_form(const char *body, size_t len, struct ps_slack_event *out_event,
                              struct ps_err *err) PS_MUST_USE;
/* Whether a form body is an interaction and no slash command. */
bool ps_interaction_is_form(const char *body, size_t len);

#endif
