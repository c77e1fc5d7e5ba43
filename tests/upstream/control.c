#include "tests/upstream/control.h"

#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/utc_time.h"

#include <stdlib.h>
#include <string.h>

static const char root_path[] = "/_control/";

bool ps_control_is(struct ps_str path)
{
    return path.len >= sizeof root_path - 1 &&
           memcmp(path.data, root_path, sizeof root_path - 1) == 0;
}

bool ps_control_load(struct ps_upstream *upstream, struct ps_str json, bool patch, int64_t real_ms,
                     struct ps_err *err)
{
    cJSON *root = ps_json_parse(json.data, json.len, err);
    struct ps_scenario *scenario;

    if (root == NULL)
        return false;
    if (patch) {
        cJSON *merged = ps_scenario_merge(upstream->scenario->root, root);

        cJSON_Delete(root);
        root = merged;
    }
    scenario = ps_scenario_create(root, upstream->folder, real_ms, upstream->scenario, err);
    if (scenario == NULL)
        return false;
    ps_scenario_destroy(upstream->scenario);
    upstream->scenario = scenario;
    return true;
}

static cJSON *clock_json(const struct ps_upstream *upstream, int64_t real_ms)
{
    cJSON *json = cJSON_CreateObject();

    ps_json_add_bool(json, "ok", true);
    ps_json_add_time(json, "clock", ps_when_now(&upstream->scenario->clock, real_ms));
    return json;
}

/* {"set": …} {"advance": "+2h"} {"real": true} {"freeze": true|false}, in this order. */
static bool set_clock(struct ps_upstream *upstream, struct ps_str json, int64_t real_ms,
                      struct ps_err *err)
{
    struct ps_when_clock *clock = &upstream->scenario->clock;
    cJSON *body = ps_json_parse(json.data, json.len, err);
    const char *set = ps_json_text(body, "set");
    const char *advance = ps_json_text(body, "advance");
    int64_t wall_ms;
    bool flag, ok = false;

    if (body == NULL)
        return false;
    if (set != NULL) {
        if (!ps_when_parse(set, real_ms, &wall_ms))
            goto bad;
        ps_when_set(clock, real_ms, wall_ms);
    }
    if (advance != NULL) {
        if (!ps_when_parse(advance, ps_when_now(clock, real_ms), &wall_ms))
            goto bad;
        ps_when_set(clock, real_ms, wall_ms);
    }
    if (ps_json_bool(body, "real", &flag) && flag)
        *clock = (struct ps_when_clock){ .shift_ms = 0 };
    if (ps_json_bool(body, "freeze", &flag))
        ps_when_freeze(clock, real_ms, flag);
    ok = true;
bad:
    if (!ok)
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "no time");
    cJSON_Delete(body);
    return ok;
}

static void add_fired(cJSON *stats, const char *name, struct ps_entry *entries)
{
    cJSON *list = cJSON_AddObjectToObject(stats, name);
    struct ps_entry *entry, *next;

    HASH_ITER (hh, entries, entry, next) {
        cJSON *object = cJSON_AddObjectToObject(list, entry->name);

        ps_json_add_int(object, "seen", entry->behaviour.seen);
        ps_json_add_int(object, "fired", entry->behaviour.fired);
        ps_json_add_int(object, "early", entry->behaviour.early);
    }
}

static cJSON *stats_json(const struct ps_upstream *upstream, int64_t real_ms)
{
    cJSON *stats = ps_record_stats(upstream->record);

    ps_json_add_time(stats, "clock", ps_when_now(&upstream->scenario->clock, real_ms));
    add_fired(stats, "rules", upstream->scenario->rules);
    add_fired(stats, "channels", upstream->scenario->channels);
    return stats;
}

static struct ps_str argument(struct ps_str query, const char *name)
{
    struct ps_str part, key;

    while (ps_str_next(&query, '&', &part)) {
        if (ps_str_next(&part, '=', &key) && ps_str_is(key, name))
            return part;
    }
    return ps_str_of(NULL);
}

static int64_t number_argument(struct ps_str query, const char *name, double scale)
{
    double value;

    if (!ps_str_real(argument(query, name), 0, 1e15, &value))
        return 0;
    return (int64_t)(value * scale);
}

static cJSON *requests_json(const struct ps_upstream *upstream, struct ps_str query)
{
    struct ps_record_query select = { .prefix = argument(query, "prefix"),
                                      .from_us = number_argument(query, "from_ms", 1000),
                                      .until_us = number_argument(query, "until_ms", 1000),
                                      .limit = number_argument(query, "limit", 1) };
    cJSON *json = cJSON_CreateObject();

    if (select.prefix.data == NULL)
        select.prefix = ps_str_of("");
    cJSON_AddItemToObject(json, "requests", ps_record_requests(upstream->record, &select));
    return json;
}

static void answer_get(struct ps_upstream *upstream, const struct ps_user_command *ask,
                       struct ps_str what, struct ps_answer *answer)
{
    int64_t real_ms = ask->wall_us / 1000;

    if (ps_str_is(what, "stats"))
        ps_answer_json(answer, 200, stats_json(upstream, real_ms));
    else if (ps_str_is(what, "slack"))
        ps_answer_json(answer, 200, ps_slack_json(upstream->slack));
    else if (ps_str_is(what, "requests"))
        ps_answer_json(answer, 200, requests_json(upstream, ask->query));
    else if (ps_str_is(what, "scenario"))
        ps_answer_json(answer, 200, cJSON_Duplicate(upstream->scenario->root, true));
    else if (ps_str_is(what, "clock"))
        ps_answer_json(answer, 200, clock_json(upstream, real_ms));
    else
        ps_answer_text(answer, 404, "no such thing to get\n");
}

static bool change(struct ps_upstream *upstream, const struct ps_user_command *ask,
                   struct ps_str what, struct ps_err *err)
{
    int64_t real_ms = ask->wall_us / 1000;

    if (ps_str_is(what, "scenario"))
        return ps_control_load(upstream, ask->body, false, real_ms, err);
    if (ps_str_is(what, "patch"))
        return ps_control_load(upstream, ask->body, true, real_ms, err);
    if (ps_str_is(what, "clock"))
        return set_clock(upstream, ask->body, real_ms, err);
    if (!ps_str_is(what, "reset"))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 404, "no such thing to post");
    ps_record_reset(upstream->record);
    ps_slack_reset(upstream->slack);
    ps_scenario_reset(upstream->scenario);
    return true;
}

void ps_control_answer(struct ps_upstream *upstream, const struct ps_user_command *ask,
                       struct ps_answer *out_answer)
{
    size_t skip = sizeof root_path - 1;
    struct ps_str what = { ask->path.data + skip, ask->path.len - skip };
    struct ps_err err;

    ps_answer_init(out_answer);
    if (ps_str_is(ask->method, "GET")) {
        answer_get(upstream, ask, what, out_answer);
    } else if (!ps_str_is(ask->method, "POST")) {
        ps_answer_text(out_answer, 405, "GET or POST\n");
    } else if (change(upstream, ask, what, &err)) {
        ps_answer_json(out_answer, 200, clock_json(upstream, ask->wall_us / 1000));
    } else {
        char *text = ps_alloc_format("%s\n", err.what);

        ps_answer_text(out_answer, 400, text);
        free(text);
    }
}
