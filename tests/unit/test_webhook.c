/* The settings of webhooks and their filters. */
#include "shared/core/webhook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TWICE "[" ONE "," ONE "]"
#define ONE   "{\"name\":\"a\",\"url\":\"https://s3cret\"}"

static bool parse(const char *url, const char *format, const char *list, bool sends,
                  struct ps_webhooks *out, struct ps_err *err)
{
    return ps_webhooks_parse(
        &(struct ps_webhook_settings){
            .url = url, .secret = "s3cret", .format = format, .list = list, .sends = sends },
        out, err);
}

static void one_webhook_has_the_name_default_and_every_find(void **state)
{
    struct ps_webhooks webhooks;
    struct ps_err err;

    (void)state;
    assert_true(parse("https://example.org/hook", "discord", "", true, &webhooks, &err));
    assert_int_equal(webhooks.len, 1);
    assert_string_equal(webhooks.items[0].name, "default");
    assert_int_equal(webhooks.items[0].format, PS_WEBHOOK_DISCORD);
    assert_true(ps_webhooks_find(&webhooks, "webhook:default") == &webhooks.items[0]);
    assert_null(ps_webhooks_find(&webhooks, "webhook:other"));
    assert_null(ps_webhooks_find(&webhooks, "default"));
    assert_true(ps_webhook_wants(&webhooks.items[0],
                                 &(struct ps_webhook_facts){ .kind = PS_MESSAGE_FRONTIER }));
    assert_false(ps_webhook_wants(&webhooks.items[0],
                                  &(struct ps_webhook_facts){ .kind = PS_MESSAGE_WATCHLIST }));
    ps_webhooks_clear(&webhooks);
}

static void every_fault_is_named_without_a_secret(void **state)
{
    static const struct {
        const char *url, *format, *list, *want;
    } cases[] = {
        {"ftp://s3cret/x",     "json",   "",                                                                        "WEBHOOK_URL: not an http or https URL"},
        { "https://s3cret/ x", "json",   "",                                                                        "WEBHOOK_URL: not an http"             },
        { "https://s3cret/x",  "matrix", "",                                                                        NULL                                   },
        { "",                  "json",   "{}",                                                                      "WEBHOOKS: not a JSON array"           },
        { "",                  "json",   "[",                                                                       "WEBHOOKS: not a JSON array"           },
        { "",                  "json",   "[{}]",                                                                    "each webhook is an object with a name"},
        { "",                  "json",   "[7]",                                                                     "each webhook is an object with a name"},
        { "",                  "json",   "[{\"name\":\"A b\"}]",                                                    "each webhook is an object with a name"},
        { "",                  "json",   "[{\"name\":\"a\"}]",
         "webhook \"a\": url: an http or https URL is required"                                                                                            },
        { "",                  "json",   TWICE,                                                                     "webhook \"a\": the name is used twice"},
        { "",                  "json",   "[{\"name\":\"a\",\"url\":\"https://s3cret\",\"kind\":[]}]",
         "webhook \"a\": has a member other than"                                                                                                          },
        { "",                  "json",   "[{\"name\":\"a\",\"url\":\"https://s3cret\",\"format\":\"irc\"}]",
         "webhook \"a\": format: json, discord"                                                                                                            },
        { "",                  "json",   "[{\"name\":\"a\",\"url\":\"https://s3cret\",\"kinds\":[\"watchlist\"]}]",
         "webhook \"a\": kinds: a list of frontier"                                                                                                        },
        { "",                  "json",   "[{\"name\":\"a\",\"url\":\"https://s3cret\",\"subgroups\":\"LEWG\"}]",
         "webhook \"a\": subgroups: a list"                                                                                                                },
        { "",                  "json",   "[{\"name\":\"a\",\"url\":\"https://s3cret\",\"authors\":[\"\"]}]",
         "webhook \"a\": authors: a list"                                                                                                                  },
        { "",                  "json",   "[{\"name\":\"m\",\"url\":\"https://s3cret\",\"format\":\"matrix\"}]",
         "webhook \"m\": format matrix needs the access token"                                                                                             },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ps_webhooks webhooks;
        struct ps_err err = { .what = "" };
        bool ok = parse(cases[i].url, cases[i].format, cases[i].list, true, &webhooks, &err);

        if (ok != (cases[i].want == NULL) ||
            (!ok &&
             (strstr(err.what, cases[i].want) == NULL || strstr(err.what, "s3cret") != NULL ||
              err.category != PS_FAILURE_CONFIGURATION || webhooks.len != 0)))
            fail_msg("%zu: %s", i, err.what);
        ps_webhooks_clear(&webhooks);
    }
}

static void a_scheduler_needs_no_url(void **state)
{
    struct ps_webhooks webhooks;
    struct ps_err err;

    (void)state;
    assert_true(parse("", "json", "[{\"name\":\"team\"}]", false, &webhooks, &err));
    assert_int_equal(webhooks.len, 1);
    ps_webhooks_clear(&webhooks);
}

static void more_webhooks_than_the_cap_are_refused(void **state)
{
    struct ps_webhooks webhooks;
    char list[4096] = "[";
    struct ps_err err;

    (void)state;
    for (int i = 0; i <= PS_WEBHOOKS_MAX; i++)
        (void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s{\"name\":\"w%d\"}",
                       i == 0 ? "" : ",", i);
    (void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "]");
    assert_false(parse("", "json", list, false, &webhooks, &err));
    assert_non_null(strstr(err.what, "more than 32"));
}

static void all_filters_must_accept_and_one_value_of_each(void **state)
{
    static const char list[] =
        "[{\"name\":\"a\",\"kinds\":[\"draft\",\"dp_transition\"],"
        "\"subgroups\":[\"LEWG\",\"sg14\"],\"authors\":[\"Niebler\",\"K\xc3\xb6ppe\"]}]";
    static const struct {
        enum ps_message_kind kind;
        const char *authors, *subgroup;
        bool want;
    } cases[] = {
        {PS_MESSAGE_DRAFT,          "Eric Niebler, Kirk Shoop", "LEWG Library Evolution", true },
        { PS_MESSAGE_DP_TRANSITION, "Thomas Koppe",             "SG14 Low Latency",       true },
        { PS_MESSAGE_FRONTIER,      "Eric Niebler",             "LEWG",                   false},
        { PS_MESSAGE_DRAFT,         "Eric Niebler",             "EWG",                    false},
        { PS_MESSAGE_DRAFT,         "Eric Nieblerson",          "LEWG",                   false},
        { PS_MESSAGE_DRAFT,         NULL,                       "LEWG",                   false},
        { PS_MESSAGE_DRAFT,         "Eric Niebler",             NULL,                     false},
    };
    struct ps_webhooks webhooks;
    struct ps_err err;

    (void)state;
    assert_true(parse("", "json", list, false, &webhooks, &err));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (ps_webhook_wants(&webhooks.items[0],
                             &(struct ps_webhook_facts){ .kind = cases[i].kind,
                                                         .authors = cases[i].authors,
                                                         .subgroup = cases[i].subgroup }) !=
            cases[i].want)
            fail_msg("case %zu", i);
    ps_webhooks_clear(&webhooks);
}

/* New papers of the index come by the hundred with a mailing: who wants them says so. */
static void new_papers_must_be_asked_for(void **state)
{
    static const char list[] = "[{\"name\":\"all\"},{\"name\":\"new\",\"kinds\":[\"new_paper\"]},"
                               "{\"name\":\"old\",\"kinds\":[\"draft\"]}]";
    const struct ps_webhook_facts paper = { .kind = PS_MESSAGE_NEW_PAPER };
    static const bool want[2][4] = {
        {false, false, true, false},
        { true, true,  true, false}
    };

    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        struct ps_webhooks webhooks;
        struct ps_err err;

        assert_true(ps_webhooks_parse(&(struct ps_webhook_settings){ .url = "https://x.example",
                                                                     .secret = "",
                                                                     .format = "json",
                                                                     .list = list,
                                                                     .new_papers = asked == 1 },
                                      &webhooks, &err));
        assert_int_equal(webhooks.len, 4);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(ps_webhook_wants(&webhooks.items[i], &paper), want[asked][i]);
        ps_webhooks_clear(&webhooks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_webhook_has_the_name_default_and_every_find),
        cmocka_unit_test(every_fault_is_named_without_a_secret),
        cmocka_unit_test(a_scheduler_needs_no_url),
        cmocka_unit_test(more_webhooks_than_the_cap_are_refused),
        cmocka_unit_test(all_filters_must_accept_and_one_value_of_each),
        cmocka_unit_test(new_papers_must_be_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
