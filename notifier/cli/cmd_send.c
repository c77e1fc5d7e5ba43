#include "notifier/cli/commands.h"
#include "notifier/core/slack_check.h"
#include "shared/core/alloc.h"
#include "shared/core/json.h"
#include "shared/core/mailbox.h"
#include "shared/core/message.h"
#include "shared/core/text_normalize.h"
#include "shared/core/webhook.h"
#include "shared/io/cli_session.h"
#include "shared/io/clock.h"
#include "shared/io/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ANSWER_WAIT_MS = 30 * 1000, ANSWER_POLL_MS = 100 };

/* The codec's own reader says whether a notifier would take it: nothing is queued that would only
   reach the dead list. */
static bool make_message(const char *channel, const char *text, char **out_id, char **out_json,
                         struct ps_err *err)
{
    struct ps_message content = { .id = ps_alloc_format(
                                      "m%08x%08x", (unsigned)(ps_clock_random() * 4294967296.0),
                                      (unsigned)(ps_clock_random() * 4294967296.0)),
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

/* --- what became of it ---------------------------------------------------------------------- */

struct answer {
    char state[16];   /* sent waiting dead; "" where no notifier has answered */
    char reason[192]; /* "" where there is none */
    bool access;      /* Slack refuses every message until somebody repairs the set-up */
};

static void copy(char *out, size_t size, const char *text)
{
    (void)snprintf(out, size, "%s", text != NULL ? text : "");
}

/* False with err when Redis does not answer. */
static bool read_answer(struct ps_cli_session *session, const char *key, struct answer *out_answer,
                        struct ps_err *err)
{
    const char *args[] = { "GET", key };
    const struct redisReply *reply = ps_cli_session_redis(session, args, PS_COUNT_OF(args), err);
    size_t len = 0;
    const char *text = reply != NULL ? ps_redis_reply_text(reply, &len) : NULL;
    cJSON *json = text != NULL ? ps_json_parse(text, len, NULL) : NULL;
    const char *category = ps_json_text(json, "failure_category");

    if (json != NULL) {
        copy(out_answer->state, sizeof(out_answer->state), ps_json_text(json, "state"));
        copy(out_answer->reason, sizeof(out_answer->reason), ps_json_text(json, "reason"));
        out_answer->access = category != NULL && strcmp(category, "CONFIGURATION") == 0;
    }
    cJSON_Delete(json);
    return reply != NULL;
}

static int print_answer(const struct answer *answer, const char *channel)
{
    char *remedy;

    if (strcmp(answer->state, "sent") == 0)
        return PS_EXIT_OK;
    if (answer->state[0] == '\0') {
        ps_print(stderr,
                 "paperscout-notifier: no notifier has sent it within %d s; it stays in the queue\n"
                 "To do: see that paperscout-notifier runs; paperscout-notifier queue shows what "
                 "waits.\n",
                 ANSWER_WAIT_MS / 1000);
        return PS_EXIT_FAILED;
    }
    remedy = ps_webhook_is_channel(channel)
                 ? ps_alloc_text("repair the webhook's settings or its receiver; "
                                 "notifier/WEBHOOKS.md says what each answer means.")
             : ps_mailbox_is_address(channel)
                 ? ps_alloc_text("repair SMTP_URL, the mail server or the address; "
                                 "notifier/MAIL.md says what each answer means.")
                 : ps_slack_remedy(answer->reason, channel, NULL);
    ps_print(stderr, "paperscout-notifier: not sent: %s%s\nTo do: %s\n", answer->reason,
             strcmp(answer->state, "waiting") == 0 ? "; it stays in the queue"
                                                   : "; it is in notify:dead",
             remedy != NULL ? remedy : "run paperscout-notifier check-slack, which says more.");
    free(remedy);
    return PS_EXIT_FAILED;
}

struct sending {
    const char *id, *channel;
    bool wait, json;
};

/* {"id": …, "state": "sent", "reason": null}; state is queued, sent, waiting or dead. */
static void print_json(const struct sending *sending, const struct answer *answer)
{
    cJSON *json = cJSON_CreateObject();

    ps_json_add_text(json, "id", sending->id);
    ps_json_add_text(json, "state", answer->state[0] == '\0' ? "queued" : answer->state);
    ps_json_add_text(json, "reason", answer->reason[0] == '\0' ? NULL : answer->reason);
    ps_print_json(stdout, json);
    (void)fflush(stdout);
}

static int wait_sent(struct ps_cli_session *session, const struct sending *sending)
{
    char *key = ps_key_with(ps_cli_session_keys(session), PS_KEY_NOTIFY_ANSWER, sending->id);
    int64_t end_ms = ps_loop_now(ps_cli_session_loop(session)) + ANSWER_WAIT_MS;
    struct answer answer = { .state = "" };
    struct ps_err err;
    bool ok = true, over = !sending->wait;

    while (ok && !over && ps_loop_now(ps_cli_session_loop(session)) < end_ms) {
        (void)nanosleep(&(struct timespec){ .tv_nsec = ANSWER_POLL_MS * 1000000L }, NULL);
        ok = read_answer(session, key, &answer, &err);
        over = strcmp(answer.state, "sent") == 0 || strcmp(answer.state, "dead") == 0 ||
               (strcmp(answer.state, "waiting") == 0 && answer.access);
    }
    free(key);
    if (ok && sending->json)
        print_json(sending, &answer);
    if (ok && !sending->wait)
        return PS_EXIT_OK;
    if (ok)
        return print_answer(&answer, sending->channel);
    ps_print(stderr, "paperscout-notifier: %s\n", err.what);
    return PS_EXIT_FAILED;
}

int ps_cmd_send(int argc, char **argv, void *env)
{
    struct ps_cli_session *session;
    struct ps_err err;
    bool wait = true, as_json = false;
    char *const *words;
    char *id = NULL, *json = NULL;
    int status = PS_EXIT_OK;

    for (; argc > 1 && strncmp(argv[1], "--", 2) == 0; argc--, argv++) {
        if (strcmp(argv[1], "--no-wait") == 0)
            wait = false;
        else if (strcmp(argv[1], "--json") == 0)
            as_json = true;
        else
            break;
    }
    words = argv + 1;
    if (argc != 3)
        return ps_cmd_usage(PS_COMMAND_SEND);
    if (!make_message(words[0], words[1], &id, &json, &err)) {
        ps_print(stderr, "paperscout-notifier: %s\n", err.what);
        return PS_EXIT_USAGE;
    }
    session = ps_cli_session_create("paperscout-notifier", PS_COMPONENT_NOTIFIER, env,
                                    PS_CLI_SESSION_REDIS, PS_NOTIFIER_WAIT_MS, &status);
    if (session != NULL) {
        const char *args[] = { "RPUSH", ps_key(ps_cli_session_keys(session), PS_KEY_NOTIFY), json };

        if (ps_cli_session_redis(session, args, PS_COUNT_OF(args), &err) != NULL) {
            if (!as_json)
                ps_print(stdout, "%s\n", id);
            (void)fflush(stdout);
            if (wait || as_json)
                status = wait_sent(session, &(struct sending){ id, words[0], wait, as_json });
        } else {
            ps_print(stderr, "paperscout-notifier: %s\n", err.what);
            status = PS_EXIT_FAILED;
        }
    }
    ps_cli_session_destroy(session);
    free(id);
    free(json);
    return status;
}
