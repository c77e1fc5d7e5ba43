#include "notifier/io/people_zones.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* clang refuses uthash's default hash function, because its cases fall through. */
#define HASH_FUNCTION(key, len, hash) HASH_OAT(key, len, hash)
#include <uthash.h>
#include <utlist.h>

enum {
    KEPT_MS = 12 * 3600 * 1000,
    REFUSED_MS = 10 * 60 * 1000, /* after a refusal Slack is not asked again for this long */
    ASKED_MAX = 64,
    OFFSET_MAX_S = 18 * 3600
};

struct person {
    char *user;
    struct ps_people_zone zone;
    int64_t until_ms; /* monotonic */
    UT_hash_handle hh;
};

struct asked {
    struct ps_people_zones *zones;
    char *user;
    ps_people_zone_fn fn;
    void *cookie;
    struct asked *prev, *next;
};

struct ps_people_zones {
    struct ps_loop *loop;
    struct ps_slack_api *api;
    char *const *token;
    struct person *people; /* the oldest first */
    struct asked *list;
    size_t asked;
    int64_t refused_until_ms;
};

static const struct ps_people_zone utc = { "UTC", 0 };

static void person_destroy(struct ps_people_zones *zones, struct person *person)
{
    HASH_DEL(zones->people, person);
    free(person->user);
    free(person);
}

static void keep(struct ps_people_zones *zones, const char *user, const struct ps_people_zone *zone)
{
    struct person *person;

    HASH_FIND_STR(zones->people, user, person);
    if (person != NULL)
        person_destroy(zones, person);
    else if (HASH_COUNT(zones->people) >= PS_PEOPLE_ZONES_MAX)
        person_destroy(zones, zones->people);
    person = ps_alloc_zero(1, sizeof(*person));
    person->user = ps_alloc_text(user);
    person->zone = *zone;
    person->until_ms = ps_loop_now(zones->loop) + KEPT_MS;
    HASH_ADD_KEYPTR(hh, zones->people, person->user, strlen(person->user), person);
}

/* A name is a path of letters, as PostgreSQL and Slack use it. Any other text would be a stranger's
 * text in a message. */
static bool read_zone(const cJSON *json, struct ps_people_zone *out)
{
    const cJSON *user = cJSON_GetObjectItemCaseSensitive(json, "user");
    const char *name = ps_json_text(user, "tz");
    int64_t offset_s;

    if (name == NULL || name[0] == '\0' || strlen(name) >= PS_PEOPLE_ZONE_TEXT ||
        name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-")] !=
            '\0')
        return false;
    if (!ps_json_int(user, "tz_offset", -OFFSET_MAX_S, OFFSET_MAX_S, &offset_s))
        return false;
    (void)snprintf(out->name, sizeof(out->name), "%s", name);
    out->offset_ms = offset_s * 1000;
    return true;
}

static void on_info(void *cookie, const struct ps_slack_api_reply *reply)
{
    struct asked *asked = cookie;
    struct ps_people_zones *zones = asked->zones;
    struct ps_people_zone zone = utc;
    struct asked done = *asked;
    const char *error = ps_json_text(reply->json, "error");
    bool of_person = error == NULL || strcmp(error, "user_not_found") == 0 ||
                     strcmp(error, "user_not_visible") == 0;

    if (read_zone(reply->json, &zone))
        keep(zones, asked->user, &zone);
    else if (reply->fault != NULL || !of_person) /* the error concerns the token */
        zones->refused_until_ms = ps_loop_now(zones->loop) + REFUSED_MS;
    DL_DELETE(zones->list, asked);
    zones->asked--;
    free(asked);
    done.fn(done.cookie, &zone);
    free(done.user);
}

void ps_people_zones_ask(struct ps_people_zones *zones, const char *user, ps_people_zone_fn fn,
                         void *cookie)
{
    int64_t now_ms = ps_loop_now(zones->loop);
    struct person *person;
    struct asked *asked;
    char *method;

    HASH_FIND_STR(zones->people, user, person);
    if (person != NULL && person->until_ms > now_ms) {
        fn(cookie, &person->zone);
        return;
    }
    if (zones->api == NULL || zones->asked >= ASKED_MAX || zones->refused_until_ms > now_ms ||
        user[strspn(user, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")] != '\0') {
        fn(cookie, &utc);
        return;
    }
    asked = ps_alloc_zero(1, sizeof(*asked));
    asked->zones = zones;
    asked->user = ps_alloc_text(user);
    asked->fn = fn;
    asked->cookie = cookie;
    DL_APPEND(zones->list, asked);
    zones->asked++;
    method = ps_alloc_format("users.info?user=%s", user);
    ps_slack_api_call(zones->api, *zones->token, method, NULL, on_info, asked);
    free(method);
}

struct ps_people_zones *ps_people_zones_create(struct ps_loop *loop, struct ps_slack_api *api,
                                               char *const *token)
{
    struct ps_people_zones *zones = ps_alloc_zero(1, sizeof(*zones));

    zones->loop = loop;
    zones->api = api;
    zones->token = token;
    return zones;
}

void ps_people_zones_destroy(struct ps_people_zones *zones)
{
    if (zones == NULL)
        return;
    while (zones->people != NULL)
        person_destroy(zones, zones->people);
    while (zones->list != NULL) {
        struct asked *asked = zones->list;

        DL_DELETE(zones->list, asked);
        free(asked->user);
        free(asked);
    }
    free(zones);
}
