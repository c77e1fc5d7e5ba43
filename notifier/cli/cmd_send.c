#include "notifier/cli/commands.h"
#include "shared/core/alloc.h"
#include "shared/core/message.h"
#include "shared/core/text_normalize.h"
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"

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
    struct ps_message content = { .id = random_id(),
                                  .kind = PS_MESSAGE_MANUAL,
                                  .channel = ps_alloc_text(channel),
                                  .text = ps_utf8_clean(text, strlen(text)),
                                  .created_ms = ps_clock_wall_ms() };
    struct ps_message again;
    char *json = ps_message_format(&content);
    bool ok = ps_message_parse(json, strlen(json), &again, err);

    if (ok) {
        *out_id = ps_alloc_text(content.id);
        *out_json = json;
        ps_message_clear(&again);
    } else {
        free(json);
    }
    ps_message_clear(&content);
    return ok;
}

int ps_cmd_send(int argc, char **argv, void *env)
{
    struct ps_cli_session *sync;
    struct ps_err err;
    char *id = NULL, *json = NULL;
    int status = PS_EXIT_OK;

    if (argc != 3)
        return ps_cmd_usage(PS_NOTIFIER_SEND_SYNOPSIS);
    if (!make_message(argv[1], argv[2], &id, &json, &err)) {
        (void)fprintf(stderr, "paperscout-notifier: %s\n", err.what);
        return PS_EXIT_USAGE;
    }
    sync = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env,
                                 PS_CLI_SESSION_REDIS, PS_NOTIFIER_WAIT_MS, &status);
    if (sync != NULL) {
        const char *args[] = { "RPUSH", ps_key(ps_cli_session_keys(sync), PS_KEY_NOTIFY), json };

        if (ps_cli_session_redis(sync, args, PS_COUNT_OF(args), &err) != NULL) {
            (void)printf("%s\n", id);
        } else {
            (void)fprintf(stderr, "paperscout-notifier: %s\n", err.what);
            status = PS_EXIT_FAILED;
        }
    }
    ps_cli_session_destroy(sync);
    free(id);
    free(json);
    return status;
}
