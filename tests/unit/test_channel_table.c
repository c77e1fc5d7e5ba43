/* The table of `paperscout-notifier queue`: what waits for each channel. */
#include "notifier/core/channel_table.h"

#include "shared/core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add(struct ps_channel_table *table, const char *channel, const char *created)
{
    char text[256];

    (void)snprintf(text, sizeof(text),
                   "{\"id\":\"o1\",\"kind\":\"draft\",\"channel\":\"%s\",\"text\":\"x\"%s%s%s}",
                   channel, created != NULL ? ",\"created_at\":\"" : "",
                   created != NULL ? created : "", created != NULL ? "\"" : "");
    ps_channel_table_message(table, text, strlen(text));
}

static void expect(struct ps_channel_table *table, const char *want)
{
    cJSON *json = ps_channel_table_json(table);
    char *text = ps_json_print(json);

    assert_string_equal(text, want);
    free(text);
    cJSON_Delete(json);
}

static void the_channel_with_most_messages_comes_first(void **state)
{
    struct ps_channel_table *table = ps_channel_table_create();

    (void)state;
    expect(table, "[]");
    add(table, "C2", NULL);
    add(table, "C1", NULL);
    add(table, "C3", NULL);
    add(table, "C3", NULL);
    expect(table, "[{\"channel\":\"C3\",\"messages\":2,\"hold_ms\":0,\"holder\":null},"
                  "{\"channel\":\"C1\",\"messages\":1,\"hold_ms\":0,\"holder\":null},"
                  "{\"channel\":\"C2\",\"messages\":1,\"hold_ms\":0,\"holder\":null}]");
    ps_channel_table_destroy(table);
    ps_channel_table_destroy(NULL);
}

static void what_is_no_message_is_counted_too(void **state)
{
    struct ps_channel_table *table = ps_channel_table_create();

    (void)state;
    ps_channel_table_message(table, "{", 1);
    ps_channel_table_message(table, "7", 1);
    expect(table, "[{\"channel\":\"?\",\"messages\":2,\"hold_ms\":0,\"holder\":null}]");
    assert_int_equal(ps_channel_table_oldest_ms(table), 0);
    ps_channel_table_destroy(table);
}

static void the_oldest_time_of_all_messages_is_kept(void **state)
{
    struct ps_channel_table *table = ps_channel_table_create();

    (void)state;
    add(table, "C1", NULL);
    assert_int_equal(ps_channel_table_oldest_ms(table), 0);
    add(table, "C1", "1970-01-01T00:00:20Z");
    add(table, "C2", "1970-01-01T00:00:10Z");
    add(table, "C1", "1970-01-01T00:00:30Z");
    add(table, "C1", NULL);
    assert_int_equal(ps_channel_table_oldest_ms(table), 10000);
    ps_channel_table_destroy(table);
}

static void the_last_state_of_a_channel_counts(void **state)
{
    struct ps_channel_table *table = ps_channel_table_create();

    (void)state;
    ps_channel_table_state(table, "C1", "notifier-1", 500);
    ps_channel_table_state(table, "C1", "notifier-2", 1);
    ps_channel_table_state(table, "C2", NULL, -1);
    expect(table, "[{\"channel\":\"C1\",\"messages\":0,\"hold_ms\":1,\"holder\":\"notifier-2\"},"
                  "{\"channel\":\"C2\",\"messages\":0,\"hold_ms\":0,\"holder\":null}]");
    ps_channel_table_destroy(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_channel_with_most_messages_comes_first),
        cmocka_unit_test(what_is_no_message_is_counted_too),
        cmocka_unit_test(the_oldest_time_of_all_messages_is_kept),
        cmocka_unit_test(the_last_state_of_a_channel_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
