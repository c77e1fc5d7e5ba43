#include "tests/upstream/scenario.h"

#include "shared/core/alloc.h"
#include "shared/core/buf.h"
#include "shared/core/json.h"
#include "tests/upstream/pdf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_MAX = 256 * 1024 * 1024 };

static bool check_fields(const cJSON *object, const char *const *own, bool behaves,
                         const char *what, struct ps_err *err)
{
    const cJSON *field;

    if (!cJSON_IsObject(object))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s is no object", what);
    cJSON_ArrayForEach (field, object) {
        bool known = behaves && ps_behaviour_knows(field->string);

        for (size_t i = 0; !known && own[i] != NULL; i++)
            known = strcmp(field->string, own[i]) == 0;
        if (!known)
            return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s: unknown field %s", what,
                           field->string);
    }
    return true;
}

static void set_text(char **value, const cJSON *object, const char *name, const char *otherwise)
{
    const char *text = ps_json_text(object, name);

    free(*value);
    *value = ps_alloc_text(text != NULL ? text : otherwise);
}

static struct ps_blob *read_file(const char *folder, const char *name, struct ps_err *err)
{
    char *path = name[0] == '/' ? ps_alloc_text(name) : ps_alloc_format("%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    struct ps_buf content;
    char chunk[65536];
    size_t got;
    bool ok = file != NULL;

    ps_buf_init(&content, INDEX_MAX);
    while (ok && (got = fread(chunk, 1, sizeof chunk, file)) > 0)
        ok = ps_buf_add(&content, chunk, got);
    ok = ok && ferror(file) == 0;
    if (file != NULL)
        (void)fclose(file);
    if (!ok)
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "cannot read %s", path);
    free(path);
    got = content.len;
    if (ok && got > 0)
        return ps_blob_take(ps_buf_take(&content), got);
    ps_buf_clear(&content);
    return ok ? ps_blob_copy("", 0) : NULL;
}

static void set_etag(struct ps_scenario *scenario)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (size_t i = 0; i < scenario->index_body->len; i++)
        hash = (hash ^ (unsigned char)scenario->index_body->data[i]) * UINT64_C(1099511628211);
    (void)snprintf(scenario->index_etag, sizeof scenario->index_etag, "\"%016llx\"",
                   (unsigned long long)hash);
}

static bool load_index(struct ps_scenario *scenario, const char *folder, int64_t real_ms,
                       struct ps_err *err)
{
    static const char *const own[] = { "path", "file", "inline", "raw", "modified", NULL };
    const cJSON *index = cJSON_GetObjectItemCaseSensitive(scenario->root, "index");
    const cJSON *inlined = cJSON_GetObjectItemCaseSensitive(index, "inline");
    char now[PS_WHEN_HTTP];

    if (index != NULL && (!check_fields(index, own, true, "index", err) ||
                          !ps_behaviour_parse(index, &scenario->index, err)))
        return false;
    set_text(&scenario->index_path, index, "path", "/index.json");
    ps_when_http(ps_when_now(&scenario->clock, real_ms), now);
    set_text(&scenario->index_modified, index, "modified", now);
    if (ps_json_text(index, "file") != NULL) {
        scenario->index_body = read_file(folder, ps_json_text(index, "file"), err);
        if (scenario->index_body == NULL)
            return false;
    } else if (ps_json_text(index, "raw") != NULL) {
        const char *raw = ps_json_text(index, "raw");

        scenario->index_body = ps_blob_copy(raw, strlen(raw));
    } else {
        char *text = inlined != NULL ? ps_json_print(inlined) : ps_alloc_text("{}");

        scenario->index_body = ps_blob_take(text, strlen(text));
    }
    set_etag(scenario);
    return true;
}

static void entry_destroy(struct ps_entry *entry)
{
    free(entry->name);
    free(entry->match);
    free(entry->source);
    free(entry->modified);
    ps_blob_unref(entry->page);
    ps_behaviour_clear(&entry->behaviour);
    free(entry);
}

static void entries_destroy(struct ps_entry **entries)
{
    struct ps_entry *entry = *entries, *next;

    HASH_CLEAR(hh, *entries); /* the table alone: the items stay linked */
    for (; entry != NULL; entry = next) {
        next = entry->hh.next;
        entry_destroy(entry);
    }
}

/* Adds one entry to a hash. false: wrong, or its name is taken. */
static struct ps_entry *add_entry(struct ps_entry **entries, const cJSON *object, const char *name,
                                  struct ps_err *err)
{
    struct ps_entry *entry;

    HASH_FIND(hh, *entries, name, strlen(name), entry);
    if (entry != NULL) {
        (void)ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "%s is there twice", name);
        return NULL;
    }
    entry = ps_alloc_zero(1, sizeof *entry);
    if (!ps_behaviour_parse(object, &entry->behaviour, err)) {
        free(entry);
        return NULL;
    }
    entry->name = ps_alloc_text(name);
    entry->source = ps_json_print(object);
    HASH_ADD_KEYPTR(hh, *entries, entry->name, strlen(entry->name), entry);
    return entry;
}

static struct ps_blob *page_of(const char *name, const char *text)
{
    const char *ext = strrchr(name, '.');

    if (ext != NULL && strcmp(ext, ".pdf") == 0)
        return ps_pdf_of(text);
    if (ext != NULL && strcmp(ext, ".html") == 0) {
        char *page = ps_alloc_format("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">"
                                     "<title>%s</title></head>\n<body><p>%s</p></body></html>\n",
                                     name, text);

        return ps_blob_take(page, strlen(page));
    }
    return ps_blob_copy(text, strlen(text));
}

static bool load_drafts(struct ps_scenario *scenario, struct ps_err *err)
{
    static const char *const own[] = { "modified", "text", NULL };
    const cJSON *drafts = cJSON_GetObjectItemCaseSensitive(scenario->root, "drafts");
    const cJSON *draft;

    if (drafts != NULL && !cJSON_IsObject(drafts))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "drafts is no object");
    cJSON_ArrayForEach (draft, drafts) {
        const char *text = ps_json_text(draft, "text");
        struct ps_entry *entry;

        if (!check_fields(draft, own, true, draft->string, err))
            return false;
        entry = add_entry(&scenario->drafts, draft, draft->string, err);
        if (entry == NULL)
            return false;
        set_text(&entry->modified, draft, "modified", NULL);
        entry->page = page_of(entry->name, text != NULL ? text : entry->name);
    }
    return true;
}

static bool load_rules(struct ps_scenario *scenario, struct ps_err *err)
{
    static const char *const own[] = { "name", "match", NULL };
    const cJSON *rules = cJSON_GetObjectItemCaseSensitive(scenario->root, "rules");
    const cJSON *rule;
    char number[32];
    int count = 0;

    cJSON_ArrayForEach (rule, rules) {
        const char *name = rule->string != NULL ? rule->string : ps_json_text(rule, "name");
        struct ps_entry *entry;

        (void)snprintf(number, sizeof number, "%d", count++);
        if (name == NULL)
            name = number;
        if (!check_fields(rule, own, true, name, err))
            return false;
        entry = add_entry(&scenario->rules, rule, name, err);
        if (entry == NULL)
            return false;
        set_text(&entry->match, rule, "match", "*");
    }
    return true;
}

/* An object of behaviours by name: channels, methods. */
static bool load_named(const cJSON *slack, const char *field, struct ps_entry **entries,
                       struct ps_err *err)
{
    static const char *const none[] = { NULL };
    const cJSON *one;

    cJSON_ArrayForEach (one, cJSON_GetObjectItemCaseSensitive(slack, field)) {
        if (one->string == NULL || !check_fields(one, none, true, one->string, err) ||
            add_entry(entries, one, one->string, err) == NULL)
            return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "slack.%s is wrong: %s", field,
                           err->what);
    }
    return true;
}

static bool load_slack(struct ps_scenario *scenario, struct ps_err *err)
{
    static const char *const own[] = { "path",    "token",         "app_token", "channels",
                                       "methods", "conversations", "scopes",    NULL };
    const cJSON *slack = cJSON_GetObjectItemCaseSensitive(scenario->root, "slack");

    if (slack != NULL && (!check_fields(slack, own, true, "slack", err) ||
                          !ps_behaviour_parse(slack, &scenario->slack, err)))
        return false;
    set_text(&scenario->slack_path, slack, "path", "/api/");
    set_text(&scenario->slack_token, slack, "token", NULL);
    set_text(&scenario->slack_app_token, slack, "app_token", NULL);
    scenario->slack_scopes = cJSON_GetObjectItemCaseSensitive(slack, "scopes");
    scenario->conversations = cJSON_GetObjectItemCaseSensitive(slack, "conversations");
    if ((scenario->slack_scopes != NULL && !cJSON_IsArray(scenario->slack_scopes)) ||
        (scenario->conversations != NULL && !cJSON_IsArray(scenario->conversations)))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0,
                       "slack.scopes and slack.conversations are arrays");
    return load_named(slack, "channels", &scenario->channels, err) &&
           load_named(slack, "methods", &scenario->methods, err);
}

static bool load_clock(struct ps_scenario *scenario, int64_t real_ms, const struct ps_scenario *old,
                       struct ps_err *err)
{
    const char *text = ps_json_text(scenario->root, "clock");
    const char *old_text = old != NULL ? ps_json_text(old->root, "clock") : NULL;
    int64_t wall_ms;

    if (old != NULL)
        scenario->clock = old->clock;
    if (text == NULL || (old_text != NULL && strcmp(text, old_text) == 0))
        return true;
    if (!ps_when_parse(text, real_ms, &wall_ms))
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 0, "clock is no time: %s", text);
    ps_when_set(&scenario->clock, real_ms, wall_ms);
    return true;
}

static void inherit(struct ps_entry *entries, struct ps_entry *old_entries)
{
    struct ps_entry *entry, *next, *old;

    HASH_ITER (hh, entries, entry, next) {
        HASH_FIND(hh, old_entries, entry->name, strlen(entry->name), old);
        if (old != NULL && strcmp(old->source, entry->source) == 0)
            ps_behaviour_inherit(&entry->behaviour, &old->behaviour);
    }
}

struct ps_scenario *ps_scenario_create(cJSON *root, const char *folder, int64_t real_ms,
                                       struct ps_scenario *old, struct ps_err *err)
{
    static const char *const own[] = { "clock", "index",   "drafts_path", "drafts",
                                       "rules", "default", "slack",       NULL };
    struct ps_scenario *scenario = ps_alloc_zero(1, sizeof *scenario);
    const cJSON *fallback = cJSON_GetObjectItemCaseSensitive(root, "default");
    static const cJSON nothing = { .type = cJSON_Object };
    static const char *const none[] = { NULL };

    scenario->root = root;
    set_text(&scenario->drafts_path, root, "drafts_path", "/files/papers/");
    if (!ps_behaviour_parse(&nothing, &scenario->index, err) ||
        !ps_behaviour_parse(&nothing, &scenario->slack, err) ||
        !check_fields(root, own, false, "scenario", err) ||
        (fallback != NULL && !check_fields(fallback, none, true, "default", err)) ||
        !ps_behaviour_parse(fallback != NULL ? fallback : &nothing, &scenario->fallback, err) ||
        !load_clock(scenario, real_ms, old, err) || !load_index(scenario, folder, real_ms, err) ||
        !load_drafts(scenario, err) || !load_rules(scenario, err) || !load_slack(scenario, err)) {
        ps_scenario_destroy(scenario);
        return NULL;
    }
    if (old != NULL) {
        inherit(scenario->drafts, old->drafts);
        inherit(scenario->rules, old->rules);
        inherit(scenario->channels, old->channels);
        inherit(scenario->methods, old->methods);
    }
    return scenario;
}

void ps_scenario_destroy(struct ps_scenario *scenario)
{
    if (scenario == NULL)
        return;
    cJSON_Delete(scenario->root);
    free(scenario->index_path);
    free(scenario->index_modified);
    ps_blob_unref(scenario->index_body);
    free(scenario->drafts_path);
    free(scenario->slack_path);
    free(scenario->slack_token);
    free(scenario->slack_app_token);
    ps_behaviour_clear(&scenario->index);
    ps_behaviour_clear(&scenario->fallback);
    ps_behaviour_clear(&scenario->slack);
    entries_destroy(&scenario->drafts);
    entries_destroy(&scenario->rules);
    entries_destroy(&scenario->channels);
    entries_destroy(&scenario->methods);
    free(scenario);
}

cJSON *ps_scenario_merge(const cJSON *target, const cJSON *patch)
{
    cJSON *merged;
    const cJSON *field;

    if (!cJSON_IsObject(patch))
        return cJSON_Duplicate(patch, true);
    merged = cJSON_IsObject(target) ? cJSON_Duplicate(target, true) : cJSON_CreateObject();
    cJSON_ArrayForEach (field, patch) {
        cJSON *value = NULL;

        if (!cJSON_IsNull(field))
            value =
                ps_scenario_merge(cJSON_GetObjectItemCaseSensitive(merged, field->string), field);
        cJSON_DeleteItemFromObjectCaseSensitive(merged, field->string);
        if (value != NULL)
            cJSON_AddItemToObject(merged, field->string, value);
    }
    return merged;
}

static void reset_entries(struct ps_entry *entries)
{
    struct ps_entry *entry, *next;

    HASH_ITER (hh, entries, entry, next) {
        ps_behaviour_reset(&entry->behaviour);
    }
}

void ps_scenario_reset(struct ps_scenario *scenario)
{
    ps_behaviour_reset(&scenario->index);
    ps_behaviour_reset(&scenario->fallback);
    ps_behaviour_reset(&scenario->slack);
    reset_entries(scenario->drafts);
    reset_entries(scenario->rules);
    reset_entries(scenario->channels);
    reset_entries(scenario->methods);
}

/* '*' stands for any run of characters, '/' included; '?' for one. */
static bool matches(const char *pattern, struct ps_str text)
{
    const char *star = NULL;
    size_t at = 0, star_at = 0;

    while (at < text.len) {
        if (*pattern == '*') {
            star = pattern++;
            star_at = at;
        } else if (*pattern == '?' || (*pattern != '\0' && *pattern == text.data[at])) {
            pattern++;
            at++;
        } else if (star != NULL) {
            pattern = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

struct ps_behaviour *ps_scenario_rule(struct ps_scenario *scenario, struct ps_str path,
                                      struct ps_str method, int64_t now_ms)
{
    struct ps_entry *rule, *next;

    HASH_ITER (hh, scenario->rules, rule, next) {
        if (matches(rule->match, path) && ps_behaviour_fires(&rule->behaviour, method, now_ms))
            return &rule->behaviour;
    }
    return NULL;
}

struct ps_entry *ps_scenario_draft(const struct ps_scenario *scenario, struct ps_str name)
{
    struct ps_entry *draft;

    HASH_FIND(hh, scenario->drafts, name.data, name.len, draft);
    return draft;
}

struct ps_behaviour *ps_scenario_channel(struct ps_scenario *scenario, const char *channel)
{
    struct ps_entry *entry;

    HASH_FIND(hh, scenario->channels, channel, strlen(channel), entry);
    return entry != NULL ? &entry->behaviour : &scenario->slack;
}

struct ps_behaviour *ps_scenario_method(struct ps_scenario *scenario, struct ps_str method)
{
    struct ps_entry *entry;

    HASH_FIND(hh, scenario->methods, method.data, method.len, entry);
    return entry != NULL ? &entry->behaviour : NULL;
}
