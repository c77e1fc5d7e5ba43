/* What the upstream serves: read from JSON, changed while it runs (README.md has the format). */
#ifndef PS_UPSTREAM_SCENARIO_H
#define PS_UPSTREAM_SCENARIO_H
#include "tests/upstream/behaviour.h"
#include "tests/upstream/when.h"

/* uthash's default hash falls through cases in a way that clang warns of. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#include <uthash.h>

struct ps_entry {
    char *name;   /* of a rule; a draft's file name; a Slack channel */
    char *match;  /* rule: pattern of a path */
    char *source; /* its JSON, to detect that a new scenario changed it */
    struct ps_behaviour behaviour;
    char *modified;       /* draft: as written; NULL for none */
    struct ps_blob *page; /* draft: the body of a 200 */
    UT_hash_handle hh;
};

struct ps_scenario {
    cJSON *root; /* as given, patches merged in */
    struct ps_when_clock clock;
    char *index_path;
    struct ps_blob *index_body;
    char index_etag[32];
    char *index_modified;
    struct ps_behaviour index;
    char *drafts_path;
    struct ps_entry *drafts; /* hash by name */
    struct ps_behaviour fallback;
    struct ps_entry *rules; /* hash by name, in the order written */
    char *slack_path;
    char *slack_token;         /* NULL: any */
    char *slack_app_token;     /* of apps.connections.open; NULL: Socket Mode is off */
    const cJSON *slack_scopes; /* in root: an array of names; NULL: all, and not listed */
    const cJSON
        *conversations; /* in root: an array of Slack's objects; NULL: the methods are unknown */
    struct ps_entry *channels; /* hash by name */
    struct ps_entry *methods;  /* of Slack, other than chat.postMessage; hash by name */
    struct ps_behaviour slack;
};

/* Takes root. folder: where a relative file of the index lies. real_ms: the real time now. old,
   when not NULL, is the scenario in force: its clock goes on unless root sets another, and what did
   not change keeps its counters (they are moved out of old). NULL with err when root is wrong. */
struct ps_scenario *ps_scenario_create(cJSON *root, const char *folder, int64_t real_ms,
                                       struct ps_scenario *old, struct ps_err *err) PS_MUST_USE;
void ps_scenario_destroy(struct ps_scenario *scenario);
/* JSON merge patch (RFC 7396). Gives a new tree; both arguments stay. */
cJSON *ps_scenario_merge(const cJSON *target, const cJSON *patch) PS_MUST_USE;
void ps_scenario_reset(struct ps_scenario *scenario);
/* First rule that matches and fires; NULL for none. Counts. */
struct ps_behaviour *ps_scenario_rule(struct ps_scenario *scenario, struct ps_str path,
                                      struct ps_str method, int64_t now_ms);
struct ps_entry *ps_scenario_draft(const struct ps_scenario *scenario, struct ps_str name);
struct ps_behaviour *ps_scenario_channel(struct ps_scenario *scenario, const char *channel);
/* NULL where there is none. */
struct ps_behaviour *ps_scenario_method(struct ps_scenario *scenario, struct ps_str method);

#endif
