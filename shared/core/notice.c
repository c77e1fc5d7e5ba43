#include "shared/core/notice.h"

#include "shared/core/alloc.h"
#include "shared/core/civil.h"
#include "shared/core/fold.h"
#include "shared/core/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { THREAD_MAX = 64, TRACE_MAX = 128 };

static const struct {
    const char *name;
    bool urgent;
} kinds[PS_NOTICE_KIND_COUNT] = {
#define PS_X(id, name, urgent) { name, urgent },
    PS_NOTICE_KINDS(PS_X)
#undef PS_X
};

const char *ps_notice_kind_name(enum ps_notice_kind kind)
{
    assert((unsigned)kind < PS_NOTICE_KIND_COUNT);
    return kinds[kind].name;
}

const char *ps_notice_kind_of(const struct ps_notice *notice)
{
    return notice->kind_name != NULL ? notice->kind_name : ps_notice_kind_name(notice->kind);
}

bool ps_notice_kind_urgent(enum ps_notice_kind kind)
{
    assert((unsigned)kind < PS_NOTICE_KIND_COUNT);
    return kinds[kind].urgent;
}

static bool is_person(const char *channel)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    return channel[0] != '\0' && strchr("DUW", channel[0]) != NULL && channel[1] != '\0' &&
           channel[strspn(channel, letters)] == '\0';
}

int ps_notice_rank(enum ps_notice_kind kind, const char *channel)
{
    if (ps_notice_kind_urgent(kind))
        return 0;
    return is_person(channel) ? 1 : 2;
}

bool ps_notice_kind_parse(const char *name, enum ps_notice_kind *out_kind)
{
    size_t i;

    for (i = 0; i < PS_NOTICE_KIND_COUNT; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            *out_kind = (enum ps_notice_kind)i;
            return true;
        }
    }
    return false;
}

/* Copies a text of at most max bytes; absent or empty leaves NULL. */
static bool read_text(const cJSON *object, const char *name, size_t max, char **out_text,
                      struct ps_err *err)
{
    const char *text = ps_json_text(object, name);

    if (text == NULL || text[0] == '\0')
        return true;
    if (strlen(text) > max)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: %s is longer than %zu bytes", name,
                       max);
    *out_text = ps_alloc_text(text);
    return true;
}

static bool need_text(const cJSON *object, const char *name, size_t max, char **out_text,
                      struct ps_err *err)
{
    if (!read_text(object, name, max, out_text, err))
        return false;
    if (*out_text == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: %s is missing", name);
    return true;
}

static bool update_whole(const struct ps_notice *notice, struct ps_err *err)
{
    bool any = notice->update_ts || notice->update_channel || notice->update_text;
    bool all = notice->update_ts && notice->update_channel && notice->update_text;

    if (any && !all)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0,
                       "message: update_ts, update_channel and update_text go together");
    return true;
}

static bool read_notice(const cJSON *object, struct ps_notice *notice, struct ps_err *err)
{
    const char *kind = ps_json_text(object, "kind");
    const char *created = ps_json_text(object, "created_at");

    if (!cJSON_IsObject(object))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: not a JSON object");
    if (!need_text(object, "id", PS_NOTICE_ID_MAX, &notice->id, err))
        return false;
    if (kind == NULL)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: kind is missing");
    /* What only a newer program calls so is a message like any other to this one. */
    if (!ps_notice_kind_parse(kind, &notice->kind)) {
        notice->kind = PS_NOTICE_MANUAL;
        if (!read_text(object, "kind", PS_NOTICE_KIND_MAX, &notice->kind_name, err))
            return false;
    }
    if (!ps_json_bool(object, "broadcast", &notice->broadcast))
        notice->broadcast = false;
    if (created != NULL && !ps_civil_parse_time(created, &notice->created_ms))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: created_at is no ISO 8601 time");
    return need_text(object, "channel", PS_NOTICE_CHANNEL_MAX, &notice->channel, err) &&
           need_text(object, "text", PS_NOTICE_TEXT_MAX, &notice->text, err) &&
           read_text(object, "thread_ts", THREAD_MAX, &notice->thread_ts, err) &&
           read_text(object, "trace", TRACE_MAX, &notice->trace, err) &&
           read_text(object, "update_ts", THREAD_MAX, &notice->update_ts, err) &&
           read_text(object, "update_channel", PS_NOTICE_CHANNEL_MAX, &notice->update_channel,
                     err) &&
           read_text(object, "update_text", PS_NOTICE_TEXT_MAX, &notice->update_text, err) &&
           update_whole(notice, err);
}

bool ps_notice_parse(const char *json, size_t len, struct ps_notice *out_notice, struct ps_err *err)
{
    struct ps_notice notice = { 0 };
    cJSON *object;
    bool ok;

    *out_notice = notice;
    if (len > PS_NOTICE_JSON_MAX)
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: longer than %d bytes",
                       (int)PS_NOTICE_JSON_MAX);
    if (!ps_utf8_valid(json, len))
        return ps_fail(err, PS_FAILURE_UNKNOWN, 0, "message: not valid UTF-8");
    object = ps_json_parse(json, len, err);
    if (object == NULL)
        return false;
    ok = read_notice(object, &notice, err);
    cJSON_Delete(object);
    if (ok)
        *out_notice = notice;
    else
        ps_notice_clear(&notice);
    return ok;
}

char *ps_notice_format(const struct ps_notice *notice)
{
    cJSON *object = cJSON_CreateObject();
    char created[PS_CIVIL_TEXT];
    char *text;

    if (object == NULL)
        abort();
    ps_civil_format_time_ms(notice->created_ms, created);
    ps_json_add_text(object, "id", notice->id);
    ps_json_add_text(object, "kind", ps_notice_kind_of(notice));
    ps_json_add_text(object, "channel", notice->channel);
    ps_json_add_text(object, "text", notice->text);
    ps_json_add_text(object, "thread_ts", notice->thread_ts);
    ps_json_add_text(object, "created_at", notice->created_ms != 0 ? created : NULL);
    ps_json_add_text(object, "trace", notice->trace);
    if (notice->broadcast)
        ps_json_add_bool(object, "broadcast", true);
    if (notice->update_ts != NULL) {
        ps_json_add_text(object, "update_ts", notice->update_ts);
        ps_json_add_text(object, "update_channel", notice->update_channel);
        ps_json_add_text(object, "update_text", notice->update_text);
    }
    text = ps_json_print(object);
    cJSON_Delete(object);
    return text;
}

void ps_notice_clear(struct ps_notice *notice)
{
    free(notice->id);
    free(notice->kind_name);
    free(notice->channel);
    free(notice->text);
    free(notice->thread_ts);
    free(notice->trace);
    free(notice->update_ts);
    free(notice->update_channel);
    free(notice->update_text);
    *notice = (struct ps_notice){ 0 };
}
