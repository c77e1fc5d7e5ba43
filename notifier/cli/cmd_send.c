#include "notifier/cli/commands.h"
#include "shared/core/alloc.h"
#include "shared/core/fold.h"
#include "shared/core/notice.h"
#include "shared/io/clock.h"
#include "shared/io/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *random_id(void)
{
    return ps_alloc_format("m%08x%08x", (unsigned)(ps_clock_random() * 4294967296.0),
                           (unsigned)(ps_clock_random() * 4294967296.0));
}

/* The codec's own reader says whether a notifier would take it: nothing is queued that would only
   reach the dead list. */
static bool make_message(const char *channel, const char *text, char **out_id, char **out_json,
                         struct ps_err *err)
{
    struct ps_notice notice = { .id = random_id(),
                                .kind = PS_NOTICE_MANUAL,
                                .channel = ps_alloc_text(channel),
                                .text = ps_utf8_clean(text, strlen(text)),
                                .created_ms = ps_clock_wall_ms() };
    struct ps_notice again;
    char *json = ps_notice_format(&notice);
    bool ok = ps_notice_parse(json, strlen(json), &again, err);

    if (ok) {
        *out_id = ps_alloc_text(notice.id);
        *out_json = json;
        ps_notice_clear(&again);
    } else {
        free(json);
    }
    ps_notice_clear(&notice);
    return ok;
}

int ps_cmd_send(int argc, char **argv, void *env)
{
    struct ps_sync *sync;
    struct ps_err err;
    char *id = NULL, *json = NULL;
    int status = PS_EXIT_OK;

    if (argc != 3)
        return ps_cmd_usage(PS_NOTIFIER_SEND_SYNOPSIS);
    if (!make_message(argv[1], argv[2], &id, &json, &err)) {
        (void)fprintf(stderr, "paperscout-notifier: %s\n", err.what);
        return PS_EXIT_USAGE;
    }
    sync = ps_sync_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env, PS_SYNC_REDIS,
                          PS_NOTIFIER_WAIT_MS, &status);
    if (sync != NULL) {
        const char *args[] = { "RPUSH", ps_key(ps_sync_keys(sync), PS_KEY_NOTIFY), json };

        if (ps_sync_redis(sync, args, PS_COUNT_OF(args), &err) != NULL) {
            (void)printf("%s\n", id);
        } else {
            (void)fprintf(stderr, "paperscout-notifier: %s\n", err.what);
            status = PS_EXIT_FAILED;
        }
    }
    ps_sync_destroy(sync);
    free(id);
    free(json);
    return status;
}
