#include "shared/core/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct ps_incident_set none;

static const struct ps_health_base base = {
    .component = "worker",
    .version = "0.1.0",
    .instance = "pod-1",
    .launched_ms = 1000,
    .uptime_seconds = 61,
    .redis_connected = true,
    .redis_reconnects = 2,
    .failures = { [PS_FAILURE_TIMEOUT] = 3 },
    .ready = true,
    .incidents = &none,
};

#define BASE_TEXT                                                                                  \
    "{\"component\":\"worker\",\"version\":\"0.1.0\",\"instance\":\"pod-1\",\"uptime_seconds\":"   \
    "61,"                                                                                          \
    "\"launched_at\":\"1970-01-01T00:00:01Z\",\"status\":\"ok\",\"stuck\":false,\"incidents\":[]," \
    ""                                                                                             \
    "\"redis\":{\"connected\":true,\"reconnects\":2},"                                             \
    "\"failures\":{\"RATE_LIMIT\":0,\"TIMEOUT\":3,\"NETWORK\":0,\"CONFIGURATION\":0,\"UNKNOWN\":"  \
    "0}"

static bool read_number(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)err;
    *out_value = cJSON_CreateNumber(*(int *)cookie);
    return true;
}

static bool read_nothing(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)cookie;
    (void)out_value;
    (void)err;
    return true;
}

static bool read_fault(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)cookie;
    (void)out_value;
    return ps_fail(err, PS_FAILURE_TIMEOUT, 0, "no answer yet");
}

static bool never_read(void *cookie, cJSON **out_value, struct ps_err *err)
{
    (void)cookie;
    (void)out_value;
    (void)err;
    fail_msg("a base field's name was read");
    return false;
}

static void on_failed(void *cookie, const char *name, const struct ps_err *err)
{
    assert_string_equal(name, "papers_loaded");
    assert_string_equal(err->what, "no answer yet");
    ++*(int *)cookie;
}

static void assert_health(const struct ps_health_base *health, const struct ps_health_field *fields,
                          size_t count, const char *want)
{
    int number = 7;
    char *text = ps_health_render(health, fields, count, &number, NULL, NULL);

    assert_string_equal(text, want);
    free(text);
}

static void base_fields_come_first_then_the_programs_own(void **state)
{
    static const struct ps_health_field fields[] = {
        {"in_flight",  read_number },
        { "last_poll", read_nothing}
    };

    (void)state;
    assert_health(&base, NULL, 0, BASE_TEXT "}");
    assert_health(&base, fields, 2, BASE_TEXT ",\"in_flight\":7,\"last_poll\":null}");
}

static void a_pool_is_shown_where_there_is_one(void **state)
{
    struct ps_health_base with_pool = base;

    (void)state;
    with_pool.has_pool = true;
    with_pool.pool_max = 4;
    with_pool.pool_in_use = 1;
    with_pool.pool_available = 3;
    assert_health(&with_pool, NULL, 0,
                  BASE_TEXT ",\"db_pool\":{\"max\":4,\"in_use\":1,\"available\":3}}");
}

static void a_program_that_knows_of_an_incident_is_degraded(void **state)
{
    struct ps_health_base troubled = base;
    struct ps_incident_set set = { 0 };
    char *text;

    (void)state;
    ps_incidents_note(&set, PS_INCIDENT_REDIS_NO_AOF, true, NULL); /* advice degrades nothing */
    troubled.incidents = &set;
    text = ps_health_render(&troubled, NULL, 0, NULL, NULL, NULL);
    assert_non_null(strstr(text, "\"status\":\"ok\""));
    assert_non_null(strstr(text, "\"incidents\":[]"));
    free(text);
    ps_incidents_note(&set, PS_INCIDENT_SITE_DISBELIEVED, true, "HTTP 403");
    text = ps_health_render(&troubled, NULL, 0, NULL, NULL, NULL);
    assert_non_null(strstr(text, "\"status\":\"degraded\""));
    assert_non_null(strstr(text, "\"name\":\"site_disbelieved\""));
    assert_non_null(strstr(text, "\"cause\":\"HTTP 403\""));
    free(text);
}

static void a_program_that_is_not_ready_is_degraded(void **state)
{
    struct ps_health_base unready = base;
    char *text;

    (void)state;
    unready.ready = false;
    unready.stuck = true;
    unready.launched_ms = 0;
    text = ps_health_render(&unready, NULL, 0, NULL, NULL, NULL);
    assert_non_null(strstr(text, "\"launched_at\":null,\"status\":\"degraded\",\"stuck\":true,"));
    free(text);
}

static void a_failing_field_is_left_out_and_reported(void **state)
{
    static const struct ps_health_field fields[] = {
        {"papers_loaded", read_fault },
        { "in_flight",    read_number}
    };
    int failed = 0;
    int number = 7;
    char *text = ps_health_render(&base, fields, 2, &number, on_failed, &failed);

    (void)state;
    assert_string_equal(text, BASE_TEXT ",\"in_flight\":7}");
    assert_int_equal(failed, 1);
    free(text);
}

static void base_fields_win(void **state)
{
    static const struct ps_health_field fields[] = {
        {"status",  never_read },
        { "redis",  never_read },
        { "Status", read_number}
    };

    (void)state;
    assert_health(&base, fields, 3, BASE_TEXT ",\"Status\":7}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_fields_come_first_then_the_programs_own),
        cmocka_unit_test(a_pool_is_shown_where_there_is_one),
        cmocka_unit_test(a_program_that_is_not_ready_is_degraded),
        cmocka_unit_test(a_program_that_knows_of_an_incident_is_degraded),
        cmocka_unit_test(a_failing_field_is_left_out_and_reported),
        cmocka_unit_test(base_fields_win),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
