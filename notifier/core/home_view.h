/* The App Home and the modal that adds a watch, as views of Block Kit.
 *
 * Pure: what they show is read by io/app_home.c. Each view stays within Slack's limits whatever
 * people watch and whatever a title holds: 100 blocks, 3,000 characters in a section. */
#ifndef PS_NOTIFIER_HOME_VIEW_H
#define PS_NOTIFIER_HOME_VIEW_H
#include "notifier/core/command_reply.h"

#include <cjson/cJSON.h>

enum {
    PS_HOME_ENTRIES_MAX = 40, /* of the watchlist; the rest is counted */
    PS_HOME_BUTTONS_MAX = 15, /* so many entries have buttons; more have menus */
    PS_HOME_FINDS_MAX = 5,
    PS_HOME_VIEW_BLOCKS_MAX = 100 /* of a view, by Slack */
};

struct ps_home_find {
    const char *id, *url, *title; /* title may be "" */
    const char *by, *reason;      /* the entry that matched it, as stored */
    int64_t at_ms;
};

/* All borrowed for the call. */
struct ps_home {
    const struct ps_command_reply_entry *entries;
    size_t entry_len;
    int digest_minute;                /* of the day, in zone; -1: no digest */
    const char *digest_zone;          /* "Europe/Berlin"; "UTC" */
    const struct ps_home_find *finds; /* newest first */
    size_t find_len;                  /* at most PS_HOME_FINDS_MAX are shown */
    int64_t poll_ms, papers, drafts;  /* poll_ms: the last successful one; 0: never */
    const char *version;
    int64_t wall_ms;
};

/* Gives {"type": "home", …} for views.publish. */
cJSON *ps_home_view(const struct ps_home *home);

/* What an entry that is being typed means: one line for each rule. */
struct ps_entry_meaning {
    const char *rule;           /* "P2300", as stored */
    const char *title, *author; /* of the newest revision in the index; "" for none */
    int64_t papers;             /* entries of the index */
    int64_t drafts;             /* found on isocpp.org */
    bool watched;               /* it is on the person's watchlist */
};
struct ps_entry_check {
    const char *problem; /* why it cannot be watched; NULL: it can */
    const struct ps_entry_meaning *meanings;
    size_t len;
    const char *other; /* a sentence for what has no meaning to look up; NULL for none */
};
/* Gives {"type": "modal", …} for views.open and views.update. check: NULL before anything is typed.
 */
cJSON *ps_add_view(const struct ps_entry_check *check);

#endif
