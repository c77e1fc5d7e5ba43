/* Parses what Slack sends, over the events port or Socket Mode: a challenge, a command of a person,
 * or a request for a view.
 *
 * Place in the data flow: events_server and socket_mode verify and parse with this module; inbound
 * stores the result. Everything here comes from outside, so every text has a cap and a form. Pure.
 */
#ifndef PS_NOTIFIER_SLACK_EVENT_H
#define PS_NOTIFIER_SLACK_EVENT_H
#include "shared/core/err.h"

#include <cjson/cJSON.h>
#include <stddef.h>

enum {
    PS_INBOUND_EVENT_ID_MAX = 128,
    PS_INBOUND_EVENT_WORDS_MAX = 1000, /* bytes; what is longer is cut */
    PS_CHALLENGE_MAX = 1000
};

/* Where a person gave a command. */
enum ps_place { PS_PLACE_DIRECT, PS_PLACE_GROUP, PS_PLACE_CHANNEL, PS_PLACE_COUNT };
const char *ps_place_name(enum ps_place place); /* "direct" */
bool ps_place_parse(const char *name, enum ps_place *out_place) PS_MUST_USE;

/* How a person gave a command, which decides where its answer is shown. */
enum ps_source {
    PS_SOURCE_MESSAGE, /* typed, or a button of a message */
    PS_SOURCE_HOME,    /* a button of the App Home: the Home is published again */
    PS_SOURCE_MODAL    /* a modal: a direct message, and the Home is published again */
};
const char *ps_source_name(enum ps_source source); /* "message" */
enum ps_source ps_source_parse(const char *name);  /* MESSAGE for NULL or an unknown name */

/* A person gave a command. All text is owned. */
struct ps_inbound_event {
    /* Slack's event_id; "/" and the trigger_id of a slash command; "!" and that of an
       interaction (interaction.h) */
    char *id;
    /* The message itself, which two events may report (app_mention and message): "<channel>:<ts>";
       an interaction:
       "!<user>:<message or view>:<words>", the same for a second click; else id */
    char *said;
    enum ps_place place;
    enum ps_source source;
    bool slash;
    char *user;
    /* Answers there are shown to the person alone, in place; NULL for none. Where it may lead:
       response_url.h. */
    char *response_url;
    char *channel;   /* where the answer goes; the user's own for a slash command */
    char *thread_ts; /* NULL outside of threads */
    char *words;     /* without our name and Slack's markup; may be empty */
};
void ps_inbound_event_clear(struct ps_inbound_event *inbound); /* frees the texts */

/* Something that is done at once with a view, and never stored. All text is owned. */
enum ps_view_act {
    PS_VIEW_HOME, /* the person opened the App Home: publish it */
    PS_VIEW_ADD,  /* open the modal that adds a watch, within 3 s of trigger_id */
    PS_VIEW_CHECK /* show in the modal (view_id) what the typed entry means */
};
struct ps_view_request {
    enum ps_view_act act;
    char *user;
    char *trigger_id;          /* ADD */
    char *view_id, *view_hash; /* CHECK; view_hash may be NULL */
    char *typed;               /* CHECK; may be empty */
};
void ps_view_request_clear(struct ps_view_request *request); /* frees the texts */

enum ps_slack_call {
    PS_SLACK_CHALLENGE, /* Slack verifies the URL: it wants the challenge back */
    PS_SLACK_INBOUND,   /* a person's command, to be stored */
    PS_SLACK_VIEW,      /* a view, to be shown at once */
    PS_SLACK_ANSWERED,  /* the member answer is the whole response; nothing is stored */
    PS_SLACK_IGNORED    /* nothing to do; Slack gets its 200 */
};

struct ps_slack_event {
    enum ps_slack_call call;
    char *challenge;                 /* of PS_SLACK_CHALLENGE; owned */
    const char *why;                 /* of PS_SLACK_IGNORED; static */
    struct ps_inbound_event inbound; /* of PS_SLACK_INBOUND */
    struct ps_view_request view;     /* of PS_SLACK_VIEW */
    char *answer;                    /* of PS_SLACK_ANSWERED: JSON; owned */
    /* Of all but CHALLENGE and IGNORED; owned; NULL where Slack names none (core/slack_team.h). */
    char *installed_team; /* the workspace that it is sent for */
    char *person_team;    /* of who speaks */
};

/* Whether text has only characters of Slack's ids and timestamps, so that it is safe in a log line
 * or a key. False for NULL. */
bool ps_slack_id_ok(const char *text);

/* Parses the JSON body of a request: url_verification or event_callback. app_mention, message.im,
   and message.mpim that names us are INBOUND; messages of bots and messages with a subtype are
   IGNORED, else two bots could answer each other without end. app_home_opened is a view request.
   False with err (UNKNOWN) if Slack sends nothing like it; out_event is then as after clear. */
bool ps_slack_event_read(const char *body, size_t len, struct ps_slack_event *out_event,
                         struct ps_err *err) PS_MUST_USE;
/* The same for an object that is parsed already (Socket Mode). */
bool ps_slack_event_of(const cJSON *root, struct ps_slack_event *out_event,
                       struct ps_err *err) PS_MUST_USE;
/* The same for a slash command's fields as an object (Socket Mode); always INBOUND. */
bool ps_slack_slash_of(const cJSON *fields, struct ps_slack_event *out_event,
                       struct ps_err *err) PS_MUST_USE;
/* The same for the form body of a slash command; always INBOUND. */
bool ps_slack_slash_read(const char *body, size_t len, struct ps_slack_event *out_event,
                         struct ps_err *err) PS_MUST_USE;
/* Returns whether the form body is ssl_check=1, a request without a signature by which Slack checks
 * the certificate of the server from time to time. */
bool ps_slack_is_ssl_check(const char *body, size_t len);
void ps_slack_event_clear(struct ps_slack_event *event); /* frees everything */
/* Marks the event as one that is not for us. Returns true, so that a reader ends with it. */
bool ps_slack_event_ignore(struct ps_slack_event *event, const char *why);

/* Gives the words that a person typed: Slack's entities and <…> markup as plain text, without back
   quotes around it and white space at both ends, every kind of space as ' ', valid UTF-8, cut at
   PS_INBOUND_EVENT_WORDS_MAX. */
char *ps_slack_plain(const char *text, size_t len) PS_MUST_USE;

#endif
