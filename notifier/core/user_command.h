/* Parses what a person typed or clicked as one command, and says where each command may be given.
 *
 * Place in the data flow: slack_event has the words, this module makes a command, io/command_runner
 * runs it. Anything is a command: a text that means nothing gets an answer that says what was
 * probably meant, because silence looks like a broken bot. Personal commands are answered where
 * nobody else reads them. Pure. */
#ifndef PS_NOTIFIER_USER_COMMAND_H
#define PS_NOTIFIER_USER_COMMAND_H
#include "notifier/core/slack_event.h"
#include "shared/core/watch_parse.h"

#include <stdint.h>

enum {
    PS_USER_COMMAND_WORDS_MAX = 8, /* of a search */
    PS_USER_COMMAND_WORD_MAX = 50, /* bytes of each */
    PS_USER_COMMAND_DAYS_MAX = 366,
    PS_USER_COMMAND_ID_MAX = 32,
    PS_USER_COMMAND_ZONE_MAX = 63,
    PS_DIGEST_MINUTE = 8 * 60 /* of the day, where a person names none */
};

/* PS_X(identifier, name, personal): a personal command is for direct messages only. */
#define PS_USER_COMMANDS(PS_X)                                                                     \
    PS_X(HELP, "help", false)                                                                      \
    PS_X(STATUS, "status", false)                                                                  \
    PS_X(VERSION, "version", false)                                                                \
    PS_X(UPTIME, "uptime", false)                                                                  \
    PS_X(SEARCH, "search", false)                                                                  \
    PS_X(HELLO, "hello", false)                                                                    \
    PS_X(UNKNOWN, "unknown", false)                                                                \
    PS_X(LIST, "watchlist list", true)                                                             \
    PS_X(ADD, "watchlist add", true)                                                               \
    PS_X(REMOVE, "watchlist remove", true)                                                         \
    PS_X(MUTE, "mute", true)                                                                       \
    PS_X(UNMUTE, "unmute", true)                                                                   \
    PS_X(DIGEST_DAILY, "digest daily", true)                                                       \
    PS_X(DIGEST_OFF, "digest off", true)                                                           \
    PS_X(DIGEST_NOW, "digest now", true)                                                           \
    PS_X(WHY, "why", true)                                                                         \
    PS_X(WRONG, "wrong", true)

enum ps_user_command_kind {
#define PS_X(id, name, personal) PS_USER_COMMAND_##id,
    PS_USER_COMMANDS(PS_X)
#undef PS_X
        PS_USER_COMMAND_COUNT
};

struct ps_user_command {
    enum ps_user_command_kind kind;
    struct ps_watch_rules rules;             /* of ADD, REMOVE, MUTE, UNMUTE: at least one */
    bool snooze;                             /* MUTE: keeps matches until it ends */
    int64_t until_ms;                        /* MUTE: wall clock; 0: until unmuted */
    bool dated;                              /* MUTE: until_ms is a date, read as UTC */
    int minute;                              /* DIGEST_DAILY: of the day, in zone */
    char zone[PS_USER_COMMAND_ZONE_MAX + 1]; /* "Europe/Berlin"; "" is UTC */
    int number;                              /* WHY: of a P or D paper; else -1 */
    char id[PS_USER_COMMAND_ID_MAX];         /* WHY: canonical id; "" for all revisions of number */
    char others[128];                        /* WHY: further ids, as typed; "" for none */
    size_t word_count;                       /* SEARCH */
    char words[PS_USER_COMMAND_WORDS_MAX][PS_USER_COMMAND_WORD_MAX + 1];
    char problem[256];    /* WRONG: what is wrong, for the person */
    char suggestion[256]; /* UNKNOWN: what was probably meant; "" for nothing */
};

/* words: as typed. Anything is a command: an empty text is HELP, a paper's name alone a SEARCH for
   it, an unknown first word UNKNOWN, a known one with what it cannot mean WRONG. Words that other
   programs have taught people (add, list, stop, subscribe, hi) mean what they mean there. */
void ps_user_command_parse(const char *words, int64_t wall_ms, struct ps_user_command *out_ask);
/* Whether the command names a time of a clock, which is read in the person's zone. */
bool ps_user_command_needs_zone(const struct ps_user_command *ask);
/* Reads such a time in the zone: zone is its name, offset_ms what its clock is ahead of UTC now. */
void ps_user_command_set_zone(struct ps_user_command *ask, const char *zone, int64_t offset_ms,
                              int64_t wall_ms);
/* Returns its name in PS_USER_COMMANDS, for metrics and logs; static. */
const char *ps_user_command_name(enum ps_user_command_kind kind);

enum ps_user_command_permission {
    PS_USER_COMMAND_RUN,
    PS_USER_COMMAND_REFUSE, /* answer that it belongs into a direct message */
    PS_USER_COMMAND_IGNORE  /* send no answer: other people talk in that channel */
};
/* Returns whether a command may run in a place: a personal one only in a direct message. */
enum ps_user_command_permission ps_user_command_permission(enum ps_user_command_kind kind,
                                                           enum ps_place place);

#endif
