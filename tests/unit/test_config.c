#include "shared/core/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ALL = PS_COMPONENT_SCHEDULER | PS_COMPONENT_WORKER | PS_COMPONENT_NOTIFIER, PAIRS_MAX = 8 };

/* A getter over name, value pairs, which remembers what it was asked. */
struct source {
    const char *pairs[PAIRS_MAX][2];
    const char *unreadable; /* a name whose value cannot be read */
    char asked[4096];
    size_t asked_len;
};

static bool get(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    struct source *source = cookie;

    source->asked_len += (size_t)snprintf(source->asked + source->asked_len,
                                          sizeof(source->asked) - source->asked_len, "%s ", name);
    assert_true(source->asked_len < sizeof(source->asked));
    if (source->unreadable != NULL && strcmp(source->unreadable, name) == 0)
        return ps_fail(err, PS_FAILURE_CONFIGURATION, 2, "%s_FILE=\"/nowhere\": no such file",
                       name);
    *out_value = NULL;
    for (size_t i = 0; i < PAIRS_MAX && source->pairs[i][0] != NULL; i++)
        if (strcmp(source->pairs[i][0], name) == 0)
            *out_value = source->pairs[i][1];
    return true;
}

/* Every fault on a line of its own. */
static void collect(void *cookie, const struct ps_err *err)
{
    struct ps_buf *faults = cookie;

    assert_int_equal(err->category, PS_FAILURE_CONFIGURATION);
    (void)ps_buf_format(faults, "%s\n", err->what);
}

static bool load(unsigned component, struct source *source, struct ps_buf *faults,
                 struct ps_config *config)
{
    ps_buf_init(faults, 16384);
    return ps_config_load(component, get, source, collect, faults, config);
}

static void assert_in(const char *text, const char *want)
{
    if (strstr(text, want) == NULL)
        fail_msg("\"%s\" is not in:\n%s", want, text);
}

static void assert_not_in(const char *text, const char *unwanted)
{
    if (strstr(text, unwanted) != NULL)
        fail_msg("\"%s\" is in:\n%s", unwanted, text);
}

static void every_default_is_the_one_the_design_names(void **state)
{
    static const char *const lines[] = {
        "POLL_INTERVAL_MINUTES=30",
        "POLL_OVERRUN_COOLDOWN_SECONDS=300",
        "ENABLE_BULK_WG21=true",
        "ENABLE_ISO_PROBE=true",
        "PROBE_PREFIXES=[\"D\",\"P\"]",
        "PROBE_EXTENSIONS=[\".pdf\",\".html\"]",
        "FRONTIER_WINDOW_ABOVE=60",
        "FRONTIER_WINDOW_BELOW=30",
        "FRONTIER_EXPLICIT_RANGES=[]",
        "FRONTIER_GAP_THRESHOLD=50",
        "HOT_LOOKBACK_MONTHS=6",
        "HOT_REVISION_DEPTH=2",
        "COLD_REVISION_DEPTH=1",
        "COLD_CYCLE_DIVISOR=48",
        "GAP_MAX_REV=1",
        "ALERT_MODIFIED_HOURS=24",
        "HTTP_CONCURRENCY=20",
        "HTTP_TIMEOUT_SECONDS=10",
        "HTTP_USE_HTTP2=true",
        "WG21_INDEX_TIMEOUT_S=30",
        "NOTIFICATION_CHANNEL=",
        "OPS_ALERT_CHANNEL=",
        "NOTIFY_ON_FRONTIER_HIT=true",
        "NOTIFY_ON_ANY_DRAFT=true",
        "NOTIFY_ON_DP_TRANSITION=true",
        "SLACK_BOT_TOKEN=",
        "SLACK_APP_TOKEN=",
        "SLACK_ALLOWED_TEAMS=",
        "SLACK_SIGNING_SECRET=",
        "PORT=3000",
        "DATABASE_URL=",
        "CACHE_TTL_HOURS=1",
        "LOG_LEVEL=INFO",
        "MQ_BACKPRESSURE_THRESHOLD=100",
        "MQ_MAX_SIZE=1000",
        "MQ_MAX_RETRIES=8",
        "MQ_CIRCUIT_BREAKER_THRESHOLD=5",
        "MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS=60",
        "HEALTH_PORT=8080",
        "HEALTH_BIND_HOST=127.0.0.1",
        "REDIS_KEY_PREFIX=paperscout:",
        "INSTANCE_ID=",
        "POLL_INTERVAL_SECONDS=",
        "WG21_INDEX_URL=https://wg21.link/index.json",
        "ISO_BASE_URL=https://isocpp.org/files/papers/",
        "LEADER_TTL_MS=6000",
        "TASK_VISIBILITY_SECONDS=60",
        "TASK_MAX_DELIVERIES=5",
        "PROBE_MAX_ATTEMPTS=3",
        "PROBE_BACKOFF_MS=500",
        "PROBE_RATE_LIMIT=200",
        "PROBE_RATE_BURST=20",
        "PROBE_HOST_CONCURRENCY=20",
        "ALLOW_PRIVATE_UPSTREAMS=false",
        "SLACK_API_URL=https://slack.com/api/",
        "SLACK_CHANNEL_INTERVAL_MS=1000",
        "NOTIFY_SINK=",
        "RETENTION_DAYS=90",
        "LOG_FORMAT=text",
        "SHUTDOWN_GRACE_SECONDS=25",
        "DB_POOL_MAX=4",
        "CYCLE_FAIL_ERROR_RATIO=0.5",
        "HEARTBEAT_URL=",
        "USER_AGENT=",
        "REDIS_URL=(set)",
    };
    /* what this list lacks on purpose, for the count below */
    static const char *const beyond_the_design[] = {
        "PROBE_PLANNER=adaptive",
        "PROBE_BUDGET_PER_DAY=80000",
        "MAILING_DEADLINES=",
        "WATCHED_NUMBERS_MAX=1000",
        "HEALTH_HOST_NAMES=",
        "CYCLE_DEADLINE_SECONDS=0",
        "REDIS_CA_FILE=",
        "LEGACY_DATABASE_URL=",
        "SHADOW=false",
        "REDIS_CERT_FILE=",
        "REDIS_CERT_KEY_FILE=",
        "REDIS_SENTINELS=",
        "REDIS_SENTINEL_MASTER=mymaster",
        "REDIS_SENTINEL_USER=",
        "REDIS_SENTINEL_PASSWORD=",
        "CONTROL_PRESENT_URL=",
        "COLD_SPREAD_RATIO=0.5",
        "TASKS_SHED_LENGTH=20000",
        "RECHECK_DRAFTS_MAX=200",
        "NOTIFY_ON_DRAFT_UPDATE=true",
        "NOTIFY_ON_NEW_PAPER=false",
        "ENABLE_BULK_OPENSTD=false",
        "PROBE_RATE_FLOOR=10",
        "OPENSTD_URL=https://www.open-std.org/jtc1/sc22/wg21/docs/papers/",
        "HTTP_PROXY_URL=",
        "HTTP_PROXY_EXCEPT=",
        "HTTP_CA_FILE=",
        "EVENTS_BIND_HOST=0.0.0.0",
        "OPS_ALERT_WEBHOOK_URL=",
        "WEBHOOK_URL=",
        "WEBHOOK_SECRET=",
        "WEBHOOK_FORMAT=json",
        "WEBHOOKS=",
        "WEBHOOK_ALLOW_PRIVATE=false",
        "SMTP_URL=",
        "SMTP_FROM=",
        "OPS_ALERT_AFTER_MINUTES=",
        "RUNBOOK_URL=",
        "DP_TRANSITION_STYLE=thread",
        "NOTIFY_ON_STARTUP=false",
        "PUBLIC_PAGE=false",
        "PUBLIC_PORT=0",
        "PUBLIC_BIND_HOST=0.0.0.0",
        "ADMIN_TOKEN=",
        "OTEL_EXPORTER_OTLP_ENDPOINT=",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=",
        "OTEL_EXPORTER_OTLP_HEADERS=",
        "OTEL_EXPORTER_OTLP_TIMEOUT=10000",
        "OTEL_SERVICE_NAME=",
        "OTEL_RESOURCE_ATTRIBUTES=",
        "OTEL_TRACES_SAMPLER_ARG=0.01",
        "OTEL_SDK_DISABLED=false",
    };
    struct source source = { 0 };
    struct ps_config config;
    struct ps_buf faults, text;
    size_t count = 0;

    (void)state;
    assert_true(load(ALL, &source, &faults, &config));
    ps_buf_init(&text, 65536);
    (void)ps_buf_char(&text, '\n');
    ps_config_print(ALL, &config, &text);
    for (size_t i = 0; i < PS_COUNT_OF(lines); i++) {
        char line[128];

        (void)snprintf(line, sizeof(line), "\n%s\n", lines[i]);
        assert_in(ps_buf_str(&text), line);
    }
    for (const char *c = ps_buf_str(&text); *c != '\0'; c++)
        count += *c == '\n';
    assert_int_equal(count - 1, PS_COUNT_OF(lines) + PS_COUNT_OF(beyond_the_design));
    assert_string_equal(config.redis_url, "redis://127.0.0.1:6379/0");
    ps_buf_clear(&text);
    ps_buf_clear(&faults);
    ps_config_clear(&config);
}

static void a_good_value_of_each_type_is_read(void **state)
{
    struct source source = {
        .pairs = {{ "FRONTIER_GAP_THRESHOLD", " 7 " },
                  { "POLL_INTERVAL_MINUTES", "0.5" },
                  { "ENABLE_ISO_PROBE", "Off" },
                  { "LOG_LEVEL", "debug" },
                  { "PROBE_EXTENSIONS", "[\".ps\", \".pdf\"]" },
                  { "FRONTIER_EXPLICIT_RANGES", "[[5,5],{\"min\": 100, \"max\": 200}]" },
                  { "ISO_BASE_URL", "http://localhost:8099/p/" },
                  { "DATABASE_URL", "postgresql:///x" }}
    };
    struct ps_config config;
    struct ps_buf faults;

    (void)state;
    assert_true(load(PS_COMPONENT_SCHEDULER, &source, &faults, &config));
    assert_int_equal(config.frontier_gap_threshold, 7);
    assert_true(config.poll_interval_minutes > 0.49 && config.poll_interval_minutes < 0.51);
    assert_false(config.enable_iso_probe);
    assert_string_equal(config.log_level, "DEBUG");
    assert_int_equal(config.probe_extensions.len, 2);
    assert_string_equal(config.probe_extensions.items[0], ".ps");
    assert_int_equal(config.frontier_explicit_ranges.len, 2);
    assert_int_equal(config.frontier_explicit_ranges.items[1].first, 100);
    assert_int_equal(config.frontier_explicit_ranges.items[1].last, 200);
    assert_string_equal(config.iso_base_url, "http://localhost:8099/p/");
    assert_string_equal(config.database_url, "postgresql:///x");
    assert_int_equal(ps_config_alert_after_ms(&config), 60000);
    assert_int_equal(ps_config_poll_interval_ms(&config), 30000);
    ps_config_clear(&config);
    ps_buf_clear(&faults);
}

static void a_folder_without_its_last_slash_is_given_one(void **state)
{
    static const char *const cases[][2] = {
        {"http://site/papers",     "http://site/papers/"             },
        { "http://site",           "http://site/"                    },
        { "http://site/papers/",   "http://site/papers/"             },
        { "http://site/get?name=", "http://site/get?name="           },
        { NULL,                    "https://isocpp.org/files/papers/"},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct source source = { .pairs = { { "ISO_BASE_URL", cases[i][0] } } };
        struct ps_config config;
        struct ps_buf faults;

        assert_true(load(PS_COMPONENT_SCHEDULER, &source, &faults, &config));
        assert_string_equal(config.iso_base_url, cases[i][1]);
        ps_config_clear(&config);
        ps_buf_clear(&faults);
    }
}

static void truth_is_read_in_every_usual_spelling(void **state)
{
    static const struct {
        const char *text;
        bool value;
    } cases[] = {
        {"true",   true },
        { "TRUE",  true },
        { "1",     true },
        { "Yes",   true },
        { "oN",    true },
        { "false", false},
        { "0",     false},
        { "NO",    false},
        { "off",   false}
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct source source = { .pairs = { { "HTTP_USE_HTTP2", cases[i].text } } };
        struct ps_config config;
        struct ps_buf faults;

        assert_true(load(PS_COMPONENT_WORKER, &source, &faults, &config));
        assert_int_equal(config.http_use_http2, cases[i].value);
        ps_config_clear(&config);
        ps_buf_clear(&faults);
    }
}

static void an_empty_value_is_the_default(void **state)
{
    struct source source = {
        .pairs = {{ "HTTP_CONCURRENCY", "" }, { "REDIS_URL", "" }, { "USER_AGENT", "" }}
    };
    struct ps_config config;
    struct ps_buf faults;

    (void)state;
    assert_true(load(PS_COMPONENT_WORKER, &source, &faults, &config));
    assert_int_equal(config.http_concurrency, 20);
    assert_string_equal(config.redis_url, "redis://127.0.0.1:6379/0");
    assert_string_equal(config.user_agent, "");
    ps_config_clear(&config);
    ps_buf_clear(&faults);
}

static void the_seconds_win_over_the_minutes(void **state)
{
    struct source source = {
        .pairs = {{ "POLL_INTERVAL_SECONDS", "1.5" }, { "POLL_INTERVAL_MINUTES", "10" }}
    };
    struct ps_config config;
    struct ps_buf faults;

    (void)state;
    assert_true(load(PS_COMPONENT_SCHEDULER, &source, &faults, &config));
    assert_int_equal(ps_config_poll_interval_ms(&config), 1500);
    ps_config_clear(&config);
    ps_buf_clear(&faults);
}

static void polls_of_seconds_use_the_classic_planner_unless_one_is_named(void **state)
{
    static const struct {
        const char *name, *value, *planner; /* of PROBE_PLANNER, NULL: not set */
        bool adaptive;
        int64_t interval_ms;
    } cases[] = {
        {"LOG_LEVEL",              "INFO", NULL,       true,  300000 },
        { "POLL_INTERVAL_MINUTES", "30",   NULL,       true,  1800000},
        { "POLL_INTERVAL_SECONDS", "60",   NULL,       true,  60000  },
        { "POLL_INTERVAL_SECONDS", "2",    NULL,       false, 2000   },
        { "POLL_INTERVAL_MINUTES", "0.1",  NULL,       false, 6000   },
        { "POLL_INTERVAL_SECONDS", "2",    "adaptive", true,  2000   },
        { "LOG_LEVEL",             "INFO", "classic",  false, 1800000},
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct source source = {
            .pairs = {{ cases[i].name, cases[i].value }, { "PROBE_PLANNER", cases[i].planner }}
        };
        struct ps_config config;
        struct ps_buf faults;

        assert_true(load(PS_COMPONENT_SCHEDULER, &source, &faults, &config));
        assert_int_equal(ps_config_adaptive(&config), cases[i].adaptive);
        assert_int_equal(ps_config_poll_interval_ms(&config), cases[i].interval_ms);
        ps_buf_clear(&faults);
        ps_config_clear(&config);
    }
}

static void each_fault_names_variable_value_and_what_is_allowed(void **state)
{
    static const struct {
        unsigned component;
        const char *name, *value, *want;
    } cases[] = {
        {PS_COMPONENT_WORKER,     "HTTP_CONCURRENCY",          "abc",
         "HTTP_CONCURRENCY=\"abc\": a whole number from 1 to 1000\n"                                                                            },
        { PS_COMPONENT_WORKER,    "HTTP_CONCURRENCY",          "0",                                    "HTTP_CONCURRENCY=\"0\": a whole"        },
        { PS_COMPONENT_WORKER,    "HTTP_CONCURRENCY",          "1001",                                 "HTTP_CONCURRENCY=\"1001\": a whole"     },
        { PS_COMPONENT_WORKER,    "HTTP_CONCURRENCY",          "2.5",                                  "HTTP_CONCURRENCY=\"2.5\": a whole"      },
        { PS_COMPONENT_WORKER,    "HTTP_CONCURRENCY",          "99999999999999999999",
         "HTTP_CONCURRENCY=\"99999999999999999999\": a whole"                                                                                   },
        { PS_COMPONENT_WORKER,    "HTTP_CONCURRENCY",          "a\nb\x1b",
         "HTTP_CONCURRENCY=\"a?b?\": a whole"                                                                                                   },
        { PS_COMPONENT_WORKER,    "HTTP_TIMEOUT_SECONDS",      "nan",
         "HTTP_TIMEOUT_SECONDS=\"nan\": a number from 0.1 to 300\n"                                                                             },
        { PS_COMPONENT_WORKER,    "HTTP_TIMEOUT_SECONDS",      "0.09",                                 "=\"0.09\": a number from 0.1"           },
        { PS_COMPONENT_WORKER,    "HTTP_USE_HTTP2",            "maybe",
         "HTTP_USE_HTTP2=\"maybe\": true or false\n"                                                                                            },
        { PS_COMPONENT_WORKER,    "LOG_FORMAT",                "xml",                                  "LOG_FORMAT=\"xml\": one of text, json\n"},
        { PS_COMPONENT_WORKER,    "USER_AGENT",                "a\r\nHost: b",
         "USER_AGENT=\"a??Host: b\": at most 256 bytes without control characters\n"                                                            },
        { PS_COMPONENT_WORKER,    "INSTANCE_ID",               "a:b",
         "INSTANCE_ID=\"a:b\": letters, digits, '.', '_' and '-' only\n"                                                                        },
        { PS_COMPONENT_SCHEDULER, "ISO_BASE_URL",              "ftp://example.org/",
         "ISO_BASE_URL=\"ftp://example.org/\": a URL of http:// or https://"                                                                    },
        { PS_COMPONENT_SCHEDULER, "ISO_BASE_URL",              "https://me:hunter2@mirror.example/p/",
         "ISO_BASE_URL: a URL without user and password"                                                                                        },
        { PS_COMPONENT_SCHEDULER, "HEARTBEAT_URL",             "https://",                             "HEARTBEAT_URL: a URL of"                },
        { PS_COMPONENT_SCHEDULER, "ISO_BASE_URL",              "https://",
         "ISO_BASE_URL=\"https://\": a URL of"                                                                                                  },
        { PS_COMPONENT_SCHEDULER, "PROBE_PREFIXES",            "D;P",
         "PROBE_PREFIXES=\"D;P\": a JSON array of"                                                                                              },
        { PS_COMPONENT_SCHEDULER, "PROBE_PREFIXES",            "[]",
         "PROBE_PREFIXES=\"[]\": a JSON array of"                                                                                               },
        { PS_COMPONENT_SCHEDULER, "PROBE_PREFIXES",            "[\"D\",\"D\"]",
         "1 to 4 different texts, each of the characters DP"                                                                                    },
        { PS_COMPONENT_SCHEDULER, "PROBE_PREFIXES",            "[\"N\"]",                              "PROBE_PREFIXES=\"[\"N\"]\": "           },
        { PS_COMPONENT_SCHEDULER, "PROBE_PREFIXES",            "[7]",                                  "PROBE_PREFIXES=\"[7]\": "               },
        { PS_COMPONENT_SCHEDULER, "PROBE_PREFIXES",            "[\"DP\"]",
         "PROBE_PREFIXES: \"DP\": each entry is \"D\" or \"P\"\n"                                                                               },
        { PS_COMPONENT_SCHEDULER, "PROBE_EXTENSIONS",          "[\".pdf\",\"html\"]",
         "PROBE_EXTENSIONS: \"html\": each entry starts with one '.'"                                                                           },
        { PS_COMPONENT_SCHEDULER, "PROBE_EXTENSIONS",          "[\".\"]",                              "PROBE_EXTENSIONS: \".\": each"          },
        { PS_COMPONENT_SCHEDULER, "PROBE_EXTENSIONS",          "[\"./x\"]",
         "PROBE_EXTENSIONS=\"[\"./x\"]\""                                                                                                       },
        { PS_COMPONENT_SCHEDULER, "FRONTIER_EXPLICIT_RANGES",  "[[9,3]]",
         "FRONTIER_EXPLICIT_RANGES: [9,3]: a range's first number must not be above its last\n"                                                 },
        { PS_COMPONENT_SCHEDULER, "FRONTIER_EXPLICIT_RANGES",  "[[1,1000000]]",
         "FRONTIER_EXPLICIT_RANGES=\"[[1,1000000]]\": a JSON array"                                                                             },
        { PS_COMPONENT_SCHEDULER, "FRONTIER_EXPLICIT_RANGES",  "[[-1,3]]",                             "=\"[[-1,3]]\": a JSON"                  },
        { PS_COMPONENT_SCHEDULER, "FRONTIER_EXPLICIT_RANGES",  "[[1.5,3]]",
         "=\"[[1.5,3]]\": a JSON"                                                                                                               },
        { PS_COMPONENT_SCHEDULER, "FRONTIER_EXPLICIT_RANGES",  "[{\"min\":1,\"to\":2}]",
         ": a JSON array"                                                                                                                       },
        { PS_COMPONENT_SCHEDULER, "FRONTIER_EXPLICIT_RANGES",  "[[1]]",                                "=\"[[1]]\": a JSON"                     },
        { PS_COMPONENT_SCHEDULER, "FRONTIER_EXPLICIT_RANGES",  "{\"a\":1}",
         "=\"{\"a\":1}\": a JSON"                                                                                                               },
        { PS_COMPONENT_NOTIFIER,  "NOTIFY_SINK",               "slack",
         "NOTIFY_SINK=\"slack\": needs SLACK_BOT_TOKEN"                                                                                         },
        { PS_COMPONENT_NOTIFIER,  "MQ_BACKPRESSURE_THRESHOLD", "0",
         "MQ_BACKPRESSURE_THRESHOLD=\"0\": a whole number from 1"                                                                               },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct source source = { .pairs = { { cases[i].name, cases[i].value } } };
        struct ps_config config;
        struct ps_buf faults;

        if (load(cases[i].component, &source, &faults, &config))
            fail_msg("%s=%s was taken", cases[i].name, cases[i].value);
        assert_in(ps_buf_str(&faults), cases[i].want);
        assert_ptr_equal(strchr(ps_buf_str(&faults), '\n'), faults.data + faults.len - 1);
        assert_null(config.redis_url);
        ps_buf_clear(&faults);
    }
}

static void a_long_value_is_cut_at_a_whole_character(void **state)
{
    char value[300];
    struct source source = { .pairs = { { "LOG_LEVEL", value } } };
    struct ps_config config;
    struct ps_buf faults;

    (void)state;
    value[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof(value); i++)
        value[i] = i % 2 == 1 ? '\xC3' : '\xA9';
    value[sizeof(value) - 2] = '\0';
    assert_false(load(PS_COMPONENT_WORKER, &source, &faults, &config));
    assert_in(ps_buf_str(&faults), "\xC3\xA9...\": one of DEBUG, INFO, WARNING, ERROR, CRITICAL\n");
    ps_buf_clear(&faults);
}

static void a_placeholder_of_the_examples_is_no_value(void **state)
{
    static const char *const cases[][2] = {
        {"SLACK_BOT_TOKEN",       "xoxb-CHANGE-ME"                                                   },
        { "DATABASE_URL",         "postgresql://paperscout:CHANGE-ME@postgres.example.com/paperscout"},
        { "NOTIFICATION_CHANNEL", "CHANGE-ME"                                                        },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct source source = { .pairs = { { cases[i][0], cases[i][1] } } };
        struct ps_config config;
        struct ps_buf faults;

        if (load(PS_COMPONENT_NOTIFIER, &source, &faults, &config))
            fail_msg("%s=%s was taken", cases[i][0], cases[i][1]);
        assert_in(ps_buf_str(&faults), cases[i][0]);
        assert_in(ps_buf_str(&faults), "still contains the placeholder CHANGE-ME");
        ps_buf_clear(&faults);
    }
}

static void a_secret_is_in_no_fault(void **state)
{
    static const struct {
        const char *name, *value, *want;
    } cases[] = {
        {"REDIS_URL",        "http://user:hunter2@host/",        "REDIS_URL: a URL of redis:// or rediss://"},
        { "REDIS_URL",       "redis://user:hunter2@host:99999/", "REDIS_URL: "                              },
        { "DATABASE_URL",    "mysql://user:hunter2@host/",       "DATABASE_URL: a URL of postgres://"       },
        { "SLACK_BOT_TOKEN", "hunter2\n\x01",                    "SLACK_BOT_TOKEN: at most 512 bytes"       },
        { "SLACK_API_URL",   "ftp://user:hunter2@slack.com/",    "SLACK_API_URL=\"ftp://***@"               },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct source source = { .pairs = { { cases[i].name, cases[i].value } } };
        struct ps_config config;
        struct ps_buf faults;

        if (load(PS_COMPONENT_NOTIFIER, &source, &faults, &config))
            fail_msg("%s=%s was taken", cases[i].name, cases[i].value);
        assert_in(ps_buf_str(&faults), cases[i].want);
        assert_not_in(ps_buf_str(&faults), "hunter2");
        ps_buf_clear(&faults);
    }
}

static void every_fault_is_reported_in_table_order_then_those_between_settings(void **state)
{
    struct source source = {
        .pairs = {{ "LOG_LEVEL", "loud" },
                  { "HTTP_CONCURRENCY", "0" },
                  { "REDIS_KEY_PREFIX", "\t" },
                  { "INSTANCE_ID", "a b" }}
    };
    static const char *const want[] = { "REDIS_KEY_PREFIX=\"?\"", "HTTP_CONCURRENCY=\"0\"",
                                        "LOG_LEVEL=\"loud\"", "INSTANCE_ID=\"a b\"" };
    struct ps_config config;
    struct ps_buf faults;
    const char *at;

    (void)state;
    assert_false(load(PS_COMPONENT_WORKER, &source, &faults, &config));
    at = ps_buf_str(&faults);
    for (size_t i = 0; i < PS_COUNT_OF(want); i++) {
        assert_in(at, want[i]);
        at = strchr(strstr(at, want[i]), '\n') + 1;
    }
    assert_string_equal(at, "");
    ps_buf_clear(&faults);
}

static void a_bad_setting_causes_no_second_fault(void **state)
{
    struct source source = {
        .pairs = {{ "NOTIFY_SINK", "slack" }, { "SLACK_BOT_TOKEN", "\x01" }}
    };
    struct ps_config config;
    struct ps_buf faults;

    (void)state;
    assert_false(load(PS_COMPONENT_NOTIFIER, &source, &faults, &config));
    assert_not_in(ps_buf_str(&faults), "needs SLACK_BOT_TOKEN");
    ps_buf_clear(&faults);
}

/* The Python service allowed any timeout; a stop hands back what is under way in time. */
static void a_timeout_may_be_longer_than_the_grace_period(void **state)
{
    static const char *const values[] = { "25", "30", "300" };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(values); i++) {
        struct source source = { .pairs = { { "HTTP_TIMEOUT_SECONDS", values[i] } } };
        struct ps_config config;
        struct ps_buf faults;

        assert_true(load(PS_COMPONENT_WORKER, &source, &faults, &config));
        assert_true(config.http_timeout_seconds >= 25);
        ps_config_clear(&config);
        ps_buf_clear(&faults);
    }
}

/* Each is what check-config prints for the setting. */
static void values_of_the_earlier_service_are_read_as_they_are(void **state)
{
    static const struct {
        const char *name, *value, *want;
    } cases[] = {
        {"LOG_LEVEL",                 "warn",                                                "WARNING"                  },
        { "LOG_LEVEL",                "Warning",                                             "WARNING"                  },
        { "LOG_LEVEL",                "WARN",                                                "WARNING"                  },
        { "LOG_LEVEL",                "critical",                                            "CRITICAL"                 },
        { "LOG_LEVEL",                " fatal ",                                             "CRITICAL"                 },
        { "LOG_LEVEL",                "error",                                               "ERROR"                    },
        { "COLD_CYCLE_DIVISOR",       "48.0",                                                "48"                       },
        { "COLD_CYCLE_DIVISOR",       "48.000",                                              "48"                       },
        { "COLD_CYCLE_DIVISOR",       "+48",                                                 "48"                       },
        { "COLD_CYCLE_DIVISOR",       " 48.0 ",                                              "48"                       },
        { "HOT_LOOKBACK_MONTHS",      "0.0",                                                 "0"                        },
        { "PORT",                     "3000.0",                                              "3000"                     },
        { "POLL_INTERVAL_MINUTES",    "30.0",                                                "30"                       },
        { "DATABASE_URL",             "host=db port=5432 user=me password=hunter2 dbname=x", "(set)"                    },
        { "DATABASE_URL",             "dbname=x",                                            "(set)"                    },
        { "DATABASE_URL",             "  host = '/run/pg' dbname = x",                       "(set)"                    },
        { "PROBE_PREFIXES",           "D,P",                                                 "[\"D\",\"P\"]"            },
        { "PROBE_PREFIXES",           "P",                                                   "[\"P\"]"                  },
        { "PROBE_EXTENSIONS",         " .pdf , .html ",                                      "[\".pdf\",\".html\"]"     },
        { "FRONTIER_EXPLICIT_RANGES", "[{\"min\": 4033, \"max\": 4060}]",                    "[[4033,4060]]"            },
        { "FRONTIER_EXPLICIT_RANGES", "[{\"min\": \"4033\", \"max\": 4060.0}]",              "[[4033,4060]]"            },
        { "FRONTIER_EXPLICIT_RANGES", "4033-4060, 5000",                                     "[[4033,4060],[5000,5000]]"},
        { "FRONTIER_EXPLICIT_RANGES", "4033 - 4060",                                         "[[4033,4060]]"            },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct source source = { .pairs = { { cases[i].name, cases[i].value } } };
        struct ps_config config;
        struct ps_buf faults, text;
        char line[128];

        if (!load(PS_COMPONENT_SCHEDULER | PS_COMPONENT_NOTIFIER, &source, &faults, &config))
            fail_msg("%s", ps_buf_str(&faults));
        ps_buf_init(&text, 65536);
        (void)ps_buf_char(&text, '\n');
        ps_config_print(PS_COMPONENT_SCHEDULER | PS_COMPONENT_NOTIFIER, &config, &text);
        (void)snprintf(line, sizeof(line), "\n%s=%s\n", cases[i].name, cases[i].want);
        assert_in(ps_buf_str(&text), line);
        ps_buf_clear(&text);
        ps_config_clear(&config);
        ps_buf_clear(&faults);
    }
}

static void what_only_looks_like_them_is_refused(void **state)
{
    static const char *const cases[][2] = {
        {"COLD_CYCLE_DIVISOR",        "48.5"           },
        { "COLD_CYCLE_DIVISOR",       "48."            },
        { "COLD_CYCLE_DIVISOR",       ".0"             },
        { "COLD_CYCLE_DIVISOR",       "+-48"           },
        { "COLD_CYCLE_DIVISOR",       "48.0.0"         },
        { "COLD_CYCLE_DIVISOR",       "4 8"            },
        { "LOG_LEVEL",                "warned"         },
        { "DATABASE_URL",             "hunter2"        },
        { "DATABASE_URL",             "=hunter2"       },
        { "DATABASE_URL",             "my pass=hunter2"},
        { "PROBE_PREFIXES",           "D,,P"           },
        { "PROBE_PREFIXES",           "D,D"            },
        { "PROBE_PREFIXES",           "D,"             },
        { "PROBE_PREFIXES",           ","              },
        { "FRONTIER_EXPLICIT_RANGES", "9-3"            },
        { "FRONTIER_EXPLICIT_RANGES", "3-"             },
        { "FRONTIER_EXPLICIT_RANGES", "-3"             },
        { "FRONTIER_EXPLICIT_RANGES", "1-2-3"          },
        { "FRONTIER_EXPLICIT_RANGES", "1-1000000"      },
    };

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(cases); i++) {
        struct source source = { .pairs = { { cases[i][0], cases[i][1] } } };
        struct ps_config config;
        struct ps_buf faults;

        if (load(PS_COMPONENT_SCHEDULER, &source, &faults, &config))
            fail_msg("%s=%s was taken", cases[i][0], cases[i][1]);
        assert_in(ps_buf_str(&faults), cases[i][0]);
        assert_not_in(ps_buf_str(&faults), "hunter2");
        ps_buf_clear(&faults);
    }
}

static void short_times_need_no_other_setting_beside_them(void **state)
{
    static const char *const names[] = { "SHUTDOWN_GRACE_SECONDS", "TASK_VISIBILITY_SECONDS",
                                         "LEADER_TTL_MS" };
    struct ps_config config;
    struct ps_buf faults;

    (void)state;
    for (size_t i = 0; i < PS_COUNT_OF(names); i++) {
        struct source source = {
            .pairs = {{ names[i], i == 2 ? "500" : "2" }, { "DATABASE_URL", "postgresql://a/b" }}
        };

        assert_true(load(PS_COMPONENT_WORKER, &source, &faults, &config));
        ps_config_clear(&config);
        ps_buf_clear(&faults);
    }
}

static void a_setting_of_another_program_is_neither_read_nor_checked(void **state)
{
    struct source source = {
        .pairs = {{ "HTTP_CONCURRENCY", "abc" },
                  { "SLACK_BOT_TOKEN", "\x01" },
                  { "SHUTDOWN_GRACE_SECONDS", "1" }}
    };
    struct ps_config config;
    struct ps_buf faults;

    (void)state;
    assert_true(load(PS_COMPONENT_SCHEDULER, &source, &faults, &config));
    assert_not_in(source.asked, "HTTP_CONCURRENCY ");
    assert_not_in(source.asked, "SLACK_BOT_TOKEN ");
    assert_in(source.asked, "POLL_INTERVAL_MINUTES ");
    assert_int_equal(config.http_concurrency, 20);
    ps_config_clear(&config);
    ps_buf_clear(&faults);
}

static void what_the_getter_cannot_read_is_a_fault(void **state)
{
    struct source source = { .unreadable = "SLACK_BOT_TOKEN" };
    struct ps_config config;
    struct ps_buf faults;

    (void)state;
    assert_false(load(PS_COMPONENT_NOTIFIER, &source, &faults, &config));
    assert_string_equal(ps_buf_str(&faults), "SLACK_BOT_TOKEN_FILE=\"/nowhere\": no such file\n");
    ps_buf_clear(&faults);
}

static void check_config_prints_effective_values_and_no_secret(void **state)
{
    struct source source = {
        .pairs = {{ "SLACK_BOT_TOKEN", "xoxb-hunter2" },
                  { "SLACK_API_URL", "http://me:hunter2@127.0.0.1:9/api/" },
                  { "LOG_FORMAT", "JSON" },
                  { "MQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS", "0.25" }}
    };
    struct ps_config config;
    struct ps_buf faults, text;

    (void)state;
    assert_true(load(PS_COMPONENT_NOTIFIER, &source, &faults, &config));
    ps_buf_init(&text, 65536);
    ps_config_print(PS_COMPONENT_NOTIFIER, &config, &text);
    assert_not_in(ps_buf_str(&text), "hunter2");
    assert_in(ps_buf_str(&text), "\nSLACK_BOT_TOKEN=(set)\n");
    assert_in(ps_buf_str(&text), "\nSLACK_SIGNING_SECRET=\n");
    assert_in(ps_buf_str(&text), "\nLOG_FORMAT=json\n");
    assert_in(ps_buf_str(&text), "\nMQ_CIRCUIT_BREAKER_COOLDOWN_SECONDS=0.25\n");
    assert_not_in(ps_buf_str(&text), "HTTP_CONCURRENCY");
    ps_buf_clear(&text);
    ps_buf_clear(&faults);
    ps_config_clear(&config);
}

static void help_lists_the_programs_settings_and_keeps_to_its_width(void **state)
{
    struct ps_buf text;

    (void)state;
    ps_buf_init(&text, 65536);
    ps_config_help(PS_COMPONENT_WORKER, &text);
    assert_in(ps_buf_str(&text), "    HTTP_CONCURRENCY (default 20)\n"
                                 "          HEAD requests that one worker keeps in flight\n");
    assert_in(ps_buf_str(&text), "    USER_AGENT\n");
    assert_not_in(ps_buf_str(&text), "SLACK");
    for (const char *line = ps_buf_str(&text); *line != '\0'; line = strchr(line, '\n') + 1)
        assert_in_range(strchr(line, '\n') - line, 1, 78);
    ps_buf_clear(&text);
}

static void the_readme_table_has_a_row_for_each_setting(void **state)
{
    struct ps_buf text;

    (void)state;
    ps_buf_init(&text, 65536);
    ps_config_markdown(&text);
    assert_false(text.full);
    assert_in(ps_buf_str(&text),
              "\n| `HTTP_CONCURRENCY` | `20` | a whole number from 1 to 1000 | worker | HEAD "
              "requests that one worker keeps in flight |\n");
    assert_in(ps_buf_str(&text),
              "\n| `LOG_LEVEL` | `INFO` | one of DEBUG, INFO, WARNING, ERROR, CRITICAL | "
              "all | Least level that is logged (CRITICAL: nothing) |\n");
    assert_in(ps_buf_str(&text), "(secret: `SLACK_BOT_TOKEN_FILE` may name a file instead) |\n");
    for (const char *line = ps_buf_str(&text); *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t cells = 0;

        for (const char *c = line; *c != '\n'; c++)
            cells += *c == '|' && (c == line || c[-1] != '\\');
        assert_int_equal(cells, 6);
    }
    ps_buf_clear(&text);
}

static void the_example_names_each_setting_commented_out(void **state)
{
    struct ps_buf text;

    (void)state;
    ps_buf_init(&text, 65536);
    ps_config_env_example(&text);
    assert_in(ps_buf_str(&text),
              "\n# HEAD requests that one worker keeps in flight (worker)\n#HTTP_CONCURRENCY=20\n");
    assert_in(ps_buf_str(&text), "\n#PROBE_PREFIXES='[\"D\",\"P\"]'\n");
    assert_in(ps_buf_str(&text), "\n#SLACK_BOT_TOKEN=\n");
    for (const char *line = ps_buf_str(&text); *line != '\0'; line = strchr(line, '\n') + 1)
        assert_true(*line == '#' || *line == '\n');
    ps_buf_clear(&text);
}

static void only_secrets_are_secret(void **state)
{
    (void)state;
    assert_true(ps_config_is_secret("REDIS_URL"));
    assert_true(ps_config_is_secret("SLACK_SIGNING_SECRET"));
    assert_true(ps_config_is_secret("HEARTBEAT_URL"));
    assert_false(ps_config_is_secret("ISO_BASE_URL"));
    assert_false(ps_config_is_secret("NO_SUCH_SETTING"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_the_one_the_design_names),
        cmocka_unit_test(a_good_value_of_each_type_is_read),
        cmocka_unit_test(a_folder_without_its_last_slash_is_given_one),
        cmocka_unit_test(truth_is_read_in_every_usual_spelling),
        cmocka_unit_test(an_empty_value_is_the_default),
        cmocka_unit_test(the_seconds_win_over_the_minutes),
        cmocka_unit_test(polls_of_seconds_use_the_classic_planner_unless_one_is_named),
        cmocka_unit_test(each_fault_names_variable_value_and_what_is_allowed),
        cmocka_unit_test(a_long_value_is_cut_at_a_whole_character),
        cmocka_unit_test(a_placeholder_of_the_examples_is_no_value),
        cmocka_unit_test(a_secret_is_in_no_fault),
        cmocka_unit_test(every_fault_is_reported_in_table_order_then_those_between_settings),
        cmocka_unit_test(a_bad_setting_causes_no_second_fault),
        cmocka_unit_test(a_timeout_may_be_longer_than_the_grace_period),
        cmocka_unit_test(values_of_the_earlier_service_are_read_as_they_are),
        cmocka_unit_test(what_only_looks_like_them_is_refused),
        cmocka_unit_test(short_times_need_no_other_setting_beside_them),
        cmocka_unit_test(a_setting_of_another_program_is_neither_read_nor_checked),
        cmocka_unit_test(what_the_getter_cannot_read_is_a_fault),
        cmocka_unit_test(check_config_prints_effective_values_and_no_secret),
        cmocka_unit_test(help_lists_the_programs_settings_and_keeps_to_its_width),
        cmocka_unit_test(the_readme_table_has_a_row_for_each_setting),
        cmocka_unit_test(the_example_names_each_setting_commented_out),
        cmocka_unit_test(only_secrets_are_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
