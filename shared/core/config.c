#include "shared/core/config.h"

#include "shared/core/alloc.h"
#include "shared/core/config_private.h"
#include "shared/core/mailbox.h"
#include "shared/core/otlp.h"
#include "shared/core/str.h"
#include "shared/core/url.h"
#include "shared/core/utc_time.h"
#include "shared/core/webhook.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The state of one ps_config_load. An invalid setting keeps its default and is excluded from the
 * checks of combinations, so that one fault is reported once. */
struct load {
    unsigned component;
    struct ps_config config;
    bool bad[PS_CONFIG_ROWS];
    bool set[PS_CONFIG_ROWS]; /* by the operator; otherwise the value is the table's default */
    bool ok;
    ps_config_bad_fn report;
    void *report_cookie;
};

static void report_fault(struct load *load, const struct ps_err *err)
{
    load->ok = false;
    if (load->report != NULL)
        load->report(load->report_cookie, err);
}

/* Returns whether the component reads the setting and its value is valid. */
static bool usable(const struct load *load, enum ps_config_id id)
{
    return (ps_config_rows[id].who & load->component) != 0 && !load->bad[id];
}

static void check_lists(struct load *load)
{
    const struct ps_list *prefixes = &load->config.probe_prefixes;
    const struct ps_list *extensions = &load->config.probe_extensions;
    struct ps_err err;

    if (usable(load, PS_CONFIG_ID_probe_prefixes)) {
        for (size_t i = 0; i < prefixes->len; i++) {
            if (strlen(prefixes->items[i]) == 1)
                continue;
            (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, 0,
                          "PROBE_PREFIXES: \"%s\": each entry is \"D\" or \"P\"",
                          prefixes->items[i]);
            report_fault(load, &err);
        }
    }
    if (usable(load, PS_CONFIG_ID_probe_extensions)) {
        for (size_t i = 0; i < extensions->len; i++) {
            const char *text = extensions->items[i];

            if (text[0] == '.' && text[1] != '\0' && text[1] != '.')
                continue;
            (void)ps_fail(
                &err, PS_FAILURE_CONFIGURATION, 0,
                "PROBE_EXTENSIONS: \"%s\": each entry starts with one '.', as in \".pdf\"", text);
            report_fault(load, &err);
        }
    }
}

static void check_ranges(struct load *load)
{
    const struct ps_ranges *ranges = &load->config.frontier_explicit_ranges;
    struct ps_err err;

    if (!usable(load, PS_CONFIG_ID_frontier_explicit_ranges))
        return;
    for (size_t i = 0; i < ranges->len; i++) {
        if (ranges->items[i].first <= ranges->items[i].last)
            continue;
        (void)ps_fail(
            &err, PS_FAILURE_CONFIGURATION, 0,
            "FRONTIER_EXPLICIT_RANGES: [%d,%d]: a range's first number must not be above its last",
            ranges->items[i].first, ranges->items[i].last);
        report_fault(load, &err);
    }
}

static void check_sink(struct load *load)
{
    struct ps_err err;

    if (!usable(load, PS_CONFIG_ID_notify_sink) || !usable(load, PS_CONFIG_ID_slack_bot_token))
        return;
    if (strcmp(load->config.notify_sink, "slack") == 0 && load->config.slack_bot_token[0] == '\0') {
        (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, 0,
                      "NOTIFY_SINK=\"slack\": needs SLACK_BOT_TOKEN (or SLACK_BOT_TOKEN_FILE)");
        report_fault(load, &err);
    }
}

/* A webhook that cannot work is a fault at the start, not at the first find. */
static void check_webhooks(struct load *load)
{
    const struct ps_config *config = &load->config;
    struct ps_webhook_settings settings = { .url = config->webhook_url,
                                            .secret = config->webhook_secret,
                                            .format = config->webhook_format,
                                            .list = config->webhooks,
                                            .sends =
                                                (load->component & PS_COMPONENT_NOTIFIER) != 0 };
    struct ps_webhooks *webhooks;
    struct ps_err err;

    if (!usable(load, PS_CONFIG_ID_webhook_url) || !usable(load, PS_CONFIG_ID_webhooks))
        return;
    if (!usable(load, PS_CONFIG_ID_webhook_format) || !usable(load, PS_CONFIG_ID_webhook_secret))
        settings.url = "";
    webhooks = ps_alloc_zero(1, sizeof(*webhooks));
    if (!ps_webhooks_parse(&settings, webhooks, &err))
        report_fault(load, &err);
    ps_webhooks_clear(webhooks);
    free(webhooks);
}

static void check_mail(struct load *load)
{
    struct ps_mailbox from;
    struct ps_err why, err;

    if (!usable(load, PS_CONFIG_ID_smtp_url) || !usable(load, PS_CONFIG_ID_smtp_from))
        return;
    if (load->config.smtp_from[0] == '\0' && load->config.smtp_url[0] != '\0') {
        (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, 0, "SMTP_URL needs SMTP_FROM, the sender");
        report_fault(load, &err);
    }
    if (load->config.smtp_from[0] != '\0' &&
        !ps_mailbox_parse(load->config.smtp_from, &from, &why)) {
        (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, 0, "SMTP_FROM=\"%.64s\": %s",
                      load->config.smtp_from, why.what);
        report_fault(load, &err);
    }
}

/* Traces are sent in the background: a fault there would be seen by nobody. */
static void check_traces(struct load *load)
{
    struct ps_otlp_pairs pairs;
    struct ps_err err;

    if (usable(load, PS_CONFIG_ID_otel_exporter_otlp_headers)) {
        if (!ps_otlp_headers_parse("OTEL_EXPORTER_OTLP_HEADERS",
                                   load->config.otel_exporter_otlp_headers, &pairs, &err))
            report_fault(load, &err);
        ps_otlp_pairs_clear(&pairs);
    }
    if (usable(load, PS_CONFIG_ID_otel_resource_attributes)) {
        if (!ps_otlp_pairs_parse("OTEL_RESOURCE_ATTRIBUTES", load->config.otel_resource_attributes,
                                 &pairs, &err))
            report_fault(load, &err);
        ps_otlp_pairs_clear(&pairs);
    }
}

/* Adds the final slash to the URL of a folder. Without it the programs would request
 * "…/papersD1234R0.pdf", which never exists, and every probe would be a miss without any error. */
static void end_with_slash(char **url)
{
    size_t len = strlen(*url);
    char *folder;

    if (len == 0 || (*url)[len - 1] == '/' || strpbrk(*url, "?#") != NULL)
        return;
    folder = ps_alloc_format("%s/", *url);
    free(*url);
    *url = folder;
}

/* INSTANCE_ID becomes a part of Redis keys, consumer names and log lines, where ':' and spaces
 * would be ambiguous. */
static void check_names(struct load *load)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *id = load->config.instance_id;
    struct ps_redis_url url;
    struct ps_err why;
    struct ps_err err;

    if (usable(load, PS_CONFIG_ID_instance_id) && strspn(id, allowed) != strlen(id)) {
        (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, 0,
                      "INSTANCE_ID=\"%s\": letters, digits, '.', '_' and '-' only", id);
        report_fault(load, &err);
    }
    if (usable(load, PS_CONFIG_ID_redis_url)) {
        if (ps_redis_url_parse(load->config.redis_url, &url, &why)) {
            ps_redis_url_clear(&url);
        } else {
            (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, 0, "REDIS_URL: %s", why.what);
            report_fault(load, &err);
        }
    }
}

/* These URLs go into tasks, tables, messages and requests of all workers: a password in them would
 * be everywhere. */
static void check_public_urls(struct load *load)
{
    const struct {
        enum ps_config_id id;
        const char *name, *url;
    } rows[] = {
        {PS_CONFIG_ID_iso_base_url,         "ISO_BASE_URL",        load->config.iso_base_url},
        { PS_CONFIG_ID_control_present_url, "CONTROL_PRESENT_URL",
         load->config.control_present_url                                                   },
    };
    struct ps_err err;

    for (size_t i = 0; i < PS_COUNT_OF(rows); i++) {
        if (!usable(load, rows[i].id) || !ps_url_has_credentials(rows[i].url))
            continue;
        (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, 0,
                      "%s: a URL without user and password, because it is stored and shown with "
                      "every draft",
                      rows[i].name);
        report_fault(load, &err);
    }
}

/* MAILING_DEADLINES holds dates in any order, separated by commas. */
static void check_deadlines(struct load *load)
{
    struct ps_str rest = ps_str_of(load->config.mailing_deadlines), part;
    struct ps_err err;
    int32_t days;

    if (!usable(load, PS_CONFIG_ID_mailing_deadlines))
        return;
    while (ps_str_next(&rest, ',', &part)) {
        char date[PS_UTC_TIME_TEXT];

        part = ps_str_trim(part);
        if (part.len == 0)
            continue;
        (void)snprintf(date, sizeof(date), "%.*s", (int)part.len, part.data);
        if (part.len == sizeof("YYYY-MM-DD") - 1 && ps_utc_time_parse_date(date, &days))
            continue;
        (void)ps_fail(&err, PS_FAILURE_CONFIGURATION, 0,
                      "MAILING_DEADLINES: \"%.*s\": each entry is a date YYYY-MM-DD",
                      (int)(part.len < 40 ? part.len : 40), part.data);
        report_fault(load, &err);
    }
}

static void read_row(struct load *load, enum ps_config_id id, ps_config_get_fn get, void *cookie)
{
    const struct ps_config_row *row = &ps_config_rows[id];
    const char *raw = NULL;
    struct ps_err err;
    bool ok = ps_config_row_parse(row, row->def, &load->config, &err);

    assert(ok); /* every default in the table is valid for its row */
    if ((row->who & load->component) == 0)
        return;
    ok = get(cookie, row->name, &raw, &err);
    load->set[id] = ok && raw != NULL && raw[0] != '\0';
    /* Examples have CHANGE-ME where a person has to put a value. Taken as a password it only fails
     * much later, at the server, with an error that says nothing of the example. */
    if (load->set[id] && strstr(raw, "CHANGE-ME") != NULL)
        ok = ps_fail(&err, PS_FAILURE_CONFIGURATION, 0,
                     "%s still contains the placeholder CHANGE-ME; set the real value", row->name);
    else if (load->set[id])
        ok = ps_config_row_parse(row, raw, &load->config, &err);
    if (!ok) {
        load->bad[id] = true;
        report_fault(load, &err);
    }
}

/* The adaptive planner spends a day's budget evenly, so polls of seconds would ask for a name or
 * two each. Such polls are for tests and demonstrations, which want the whole plan in each of them.
 */
static void choose_planner(struct load *load)
{
    struct ps_config *config = &load->config;

    if (!load->ok || load->set[PS_CONFIG_ID_probe_planner] || !config->poll_interval_set ||
        ps_config_poll_interval_ms(config) >= 60 * 1000)
        return;
    free(config->probe_planner);
    config->probe_planner = ps_alloc_text("classic");
}

bool ps_config_load(unsigned component, ps_config_get_fn get, void *get_cookie,
                    ps_config_bad_fn bad, void *bad_cookie, struct ps_config *out_config)
{
    struct load load = {
        .component = component, .ok = true, .report = bad, .report_cookie = bad_cookie
    };

    for (int id = 0; id < PS_CONFIG_ROWS; id++)
        read_row(&load, (enum ps_config_id)id, get, get_cookie);
    check_names(&load);
    check_lists(&load);
    check_ranges(&load);
    check_deadlines(&load);
    check_public_urls(&load);
    load.config.poll_interval_set = load.set[PS_CONFIG_ID_poll_interval_minutes] ||
                                    load.set[PS_CONFIG_ID_poll_interval_seconds];
    choose_planner(&load);
    check_sink(&load);
    check_webhooks(&load);
    check_mail(&load);
    check_traces(&load);
    end_with_slash(&load.config.iso_base_url);
    end_with_slash(&load.config.openstd_url);
    if (!load.ok)
        ps_config_clear(&load.config);
    *out_config = load.config;
    return load.ok;
}

void ps_config_clear(struct ps_config *config)
{
    for (int id = 0; id < PS_CONFIG_ROWS; id++)
        ps_config_row_clear(&ps_config_rows[id], config);
    *config = (struct ps_config){ 0 };
}

void ps_config_exchange_secrets(struct ps_config *config, struct ps_config *fresh,
                                void (*fn)(void *cookie, const char *name), void *cookie)
{
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++) {
        const struct ps_config_row *row = &ps_config_rows[i];
        char **ours = (char **)(void *)((char *)config + row->offset);
        char **theirs = (char **)(void *)((char *)fresh + row->offset);
        char *old;

        if (row->type != PS_CONFIG_SECRET || strcmp(*ours, *theirs) == 0 || (*theirs)[0] == '\0')
            continue;
        old = *ours;
        *ours = *theirs;
        *theirs = old;
        fn(cookie, row->name);
    }
}

bool ps_config_adaptive(const struct ps_config *config)
{
    return config->probe_planner != NULL && strcmp(config->probe_planner, "adaptive") == 0;
}

int64_t ps_config_poll_interval_ms(const struct ps_config *config)
{
    enum { ADAPTIVE_MS = 5 * 60 * 1000 }; /* news should not wait for half an hour */
    double seconds = config->poll_interval_seconds > 0 ? config->poll_interval_seconds
                                                       : config->poll_interval_minutes * 60;

    if (ps_config_adaptive(config) && !config->poll_interval_set)
        return ADAPTIVE_MS;
    return (int64_t)(seconds * 1000 + 0.5);
}

int64_t ps_config_alert_after_ms(const struct ps_config *config)
{
    if (config->ops_alert_after_minutes > 0)
        return (int64_t)(config->ops_alert_after_minutes * 60000 + 0.5);
    return 2 * ps_config_poll_interval_ms(config);
}

bool ps_config_is_secret(const char *name)
{
    for (size_t i = 0; i < PS_CONFIG_ROWS; i++)
        if (ps_config_rows[i].type == PS_CONFIG_SECRET && strcmp(ps_config_rows[i].name, name) == 0)
            return true;
    return false;
}
