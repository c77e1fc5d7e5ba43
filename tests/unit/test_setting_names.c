#include "shared/core/base.h"
#include "shared/core/setting_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define IN_FILE        PS_SETTING_IN_FILE
#define IN_ENVIRONMENT PS_SETTING_IN_ENVIRONMENT

static void a_typing_error_leads_to_its_setting(void **state)
{
    static const struct {
        const char *name, *file, *environment; /* NULL: none */
    } cases[] = {
        {"POLL_INTERVAL_MINUTE",        "POLL_INTERVAL_MINUTES", "POLL_INTERVAL_MINUTES"},
        { "POLL_INTERVALL_MINUTES",     "POLL_INTERVAL_MINUTES", "POLL_INTERVAL_MINUTES"},
        { "poll_interval_mintues",      "POLL_INTERVAL_MINUTES", "POLL_INTERVAL_MINUTES"},
        { "SLACK_BOT_TOKENS",           "SLACK_BOT_TOKEN",       "SLACK_BOT_TOKEN"      },
        { "SLACK_BOTTOKEN",             "SLACK_BOT_TOKEN",       "SLACK_BOT_TOKEN"      },
        { "SLACKBOTTOKEN",              "SLACK_BOT_TOKEN",       "SLACK_BOT_TOKEN"      },
        { "PAPERSCOUT_SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN",       "SLACK_BOT_TOKEN"      },
        { "DATABASE_ULR",               "DATABASE_URL",          "DATABASE_URL"         },
        { "LOGLEVEL",                   "LOG_LEVEL",             "LOG_LEVEL"            },
        { "PROT",                       "PORT",                  NULL                   },
        { "PORTS",                      "PORT",                  NULL                   },
        { "POST",                       "PORT",                  NULL                   },
        { "PAPERSCOUT_PORT",            "PORT",                  NULL                   }, /* Kubernetes sets it for a service "paperscout" */
        { "PORT_FILE",                  "PORT",                  NULL                   },
        { "HTTP_TIMEOUT_SECONDS_FILE",  "HTTP_TIMEOUT_SECONDS",  "HTTP_TIMEOUT_SECONDS" },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        const char *file = ps_setting_nearest(cases[i].name, IN_FILE);
        const char *environment = ps_setting_nearest(cases[i].name, IN_ENVIRONMENT);

        assert_string_equal(file == NULL ? "none" : file, cases[i].file);
        assert_string_equal(environment == NULL ? "none" : environment,
                            cases[i].environment == NULL ? "none" : cases[i].environment);
    }
}

static void settings_and_strangers_lead_nowhere(void **state)
{
    static const char *const names[] = {
        "PORT",
        "port",
        "Slack_Bot_Token",
        "SLACK_BOT_TOKEN_FILE",
        "slack_bot_token_file",
        "HTTP_CA_FILE",
        "DATA_DIR",
        "PATH",
        "PWD",
        "HOME",
        "USER",
        "TERM",
        "SHELL",
        "LANG",
        "HOSTNAME",
        "SHLVL",
        "http_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "TZ",
        "KUBERNETES_SERVICE_HOST",
        "KUBERNETES_PORT",
        "KUBERNETES_SERVICE_PORT_HTTPS",
        "PAPERSCOUT_NOTIFIER_SERVICE_PORT",
        "REDIS_PORT",
        "REDIS_SERVICE_HOST",
        "POSTGRES_USER",
        "PGPASSWORD",
        "PGHOST",
        "AWS_REGION",
        "SSL_CERT_FILE",
        "PYTHONPATH",
        "JOURNAL_STREAM",
        "INVOCATION_ID",
        "NOTIFY_SOCKET",
        "LOGNAME",
        "",
        "_",
        "PAPERSCOUT_",
        "PAPERSCOUT_VERSION",
        "A_NAME_THAT_IS_LONGER_THAN_ANY_SETTING_CAN_BE_BY_FAR_AND_THEREFORE_IS_NONE_OF_THEM"
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(names); i++) {
        if (ps_setting_nearest(names[i], IN_FILE) != NULL)
            fail_msg("%s: %s", names[i], ps_setting_nearest(names[i], IN_FILE));
        assert_null(ps_setting_nearest(names[i], IN_ENVIRONMENT));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_typing_error_leads_to_its_setting),
        cmocka_unit_test(settings_and_strangers_lead_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
