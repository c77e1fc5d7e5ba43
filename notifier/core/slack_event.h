/* What Slack sends to the events port, read: a challenge, or what somebody said to us. */
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

/* Where it was said. */
enum ps_place { PS_PLACE_DIRECT, PS_PLACE_GROUP, PS_PLACE_CHANNEL, PS_PLACE_COUNT };
const char *ps_place_name(enum ps_place place); /* "direct" */
bool ps_place_parse(const char *name, enum ps_place *out_place) PS_MUST_USE;

/* Somebody spoke to us. All text is owned. */
struct ps_inbound_event {
    char *id;   /* Slack's event_id; "/" and the trigger_id of a slash command */
    char *said; /* the message itself, which two events may tell of: "<channel>:<ts>", or id */
    enum ps_place place;
    bool slash;
    char *user;
    char *channel;   /* where the answer goes; the user's own for a slash command */
    char *thread_ts; /* NULL where it was said in no thread */
    char *words;     /* without our name and Slack's markup; may be empty */
};
void ps_inbound_event_clear(struct ps_inbound_event *inbound);

enum ps_slack_call { PS_SLACK_CHALLENGE, PS_SLACK_HEARD, PS_SLACK_IGNORED };

struct ps_slack_event {
    enum ps_slack_call call;
    char *challenge;                 /* of PS_SLACK_CHALLENGE; owned */
    const char *why;                 /* of PS_SLACK_IGNORED; static */
    struct ps_inbound_event inbound; /* of PS_SLACK_HEARD */
    /* Of PS_SLACK_HEARD; owned; NULL where Slack names none (core/slack_team.h). */
    char *installed_team; /* the workspace that it is sent for */
    char *person_team;    /* of who speaks */
};

/* The JSON body of a request: url_verification or event_callback. app_mention, message.im and
   message.mpim that names us are heard; what bots say and what has a subtype is not. false with err
   (UNKNOWN) when it is nothing that Slack sends; out_event is as after clear then. */
bool ps_slack_event_read(const char *body, size_t len, struct ps_slack_event *out_event,
                         struct ps_err *err) PS_MUST_USE;
/* The same, of an object that is read already (Socket Mode). */
bool ps_slack_event_of(const cJSON *root, struct ps_slack_event *out_event,
                       struct ps_err *err) PS_MUST_USE;
/* A slash command's fields as an object (Socket Mode); always heard. */
bool ps_slack_slash_of(const cJSON *fields, struct ps_slack_event *out_event,
                       struct ps_err *err) PS_MUST_USE;
/* The form body of a slash command; always heard. */
bool ps_slack_slash_read(const char *body, size_t len, struct ps_slack_event *out_event,
                         struct ps_err *err) PS_MUST_USE;
/* The form body by which Slack looks now and then whether our certificate is good: not signed. */
bool ps_slack_is_ssl_check(const char *body, size_t len);
void ps_slack_event_clear(struct ps_slack_event *event);

/* Gives what a person typed: entities and <…> of Slack's markup written plainly, back quotes
   around it and white space at both ends left out, every space ' ', valid UTF-8, cut at
   PS_INBOUND_EVENT_WORDS_MAX. */
char *ps_slack_plain(const char *text, size_t len) PS_MUST_USE;

#endif
