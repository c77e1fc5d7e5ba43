#include "scheduler/core/plan.h"
#include "shared/core/alloc.h"
#include "shared/core/utc_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE "https://drafts.example/files/"

enum { SETTINGS_MAX = 16, TABLE_BYTES_MAX = 65536 };

/* A plan table: settings and what is known, then the line "plan", then the plan to come out. */
struct table {
    char settings[SETTINGS_MAX][96]; /* NAME=value */
    size_t settings_len;
    struct ps_config config;
    struct ps_paper_index *index;
    struct ps_url_set *discovered;
    struct ps_number_set watched;
    struct ps_plan_input input;
    struct ps_buf want;
};

static bool get_setting(void *cookie, const char *name, const char **out_value, struct ps_err *err)
{
    struct table *table = cookie;
    size_t len = strlen(name);

    (void)err;
    *out_value = NULL;
    for (size_t i = 0; i < table->settings_len; i++)
        if (strncmp(table->settings[i], name, len) == 0 && table->settings[i][len] == '=')
            *out_value = table->settings[i] + len + 1;
    return true;
}

static void on_bad(void *cookie, const struct ps_err *err)
{
    (void)cookie;
    fail_msg("%s", err->what);
}

static void read_line(struct table *table, const char *line)
{
    char word[16] = "", value[96] = "", date[40] = "";

    if (sscanf(line, "%15s %95s %39s", word, value, date) < 2) {
        fail_msg("what is \"%s\"", line);
    } else if (strcmp(word, "set") == 0) {
        assert_true(table->settings_len < SETTINGS_MAX);
        (void)snprintf(table->settings[table->settings_len++], sizeof(value), "%s", value);
    } else if (strcmp(word, "today") == 0) {
        assert_true(ps_utc_time_parse_date(value, &table->input.today));
    } else if (strcmp(word, "cycle") == 0) {
        assert_true(ps_str_int(ps_str_of(value), 1, INT64_MAX, &table->input.cycle));
    } else if (strcmp(word, "watch") == 0) {
        ps_number_set_add(&table->watched, (int)strtol(value, NULL, 10));
    } else if (strcmp(word, "discovered") == 0) {
        char *url = ps_alloc_format(BASE "%s", value);

        assert_true(ps_url_set_add(table->discovered, url));
        free(url);
    } else if (strcmp(word, "index") == 0) {
        assert_true(ps_paper_index_add(table->index, value,
                                       &(struct ps_paper){ .type = "paper", .date = date }));
    } else {
        fail_msg("what is \"%s\"", line);
    }
}

static void load(struct table *table, const char *path)
{
    FILE *file = fopen(path, "r");
    bool planned = false;
    char line[256];

    if (!file)
        fail_msg("%s cannot be opened", path);
    *table = (struct table){ .settings = { "ISO_BASE_URL=" BASE }, .settings_len = 1 };
    table->index = ps_paper_index_create();
    table->discovered = ps_url_set_create();
    ps_number_set_init(&table->watched);
    ps_buf_init(&table->want, TABLE_BYTES_MAX);
    while (fgets(line, sizeof(line), file)) {
        if (planned) {
            assert_true(ps_buf_text(&table->want, line));
            continue;
        }
        line[strcspn(line, "\n")] = '\0';
        planned = strcmp(line, "plan") == 0;
        if (!planned && line[0] && line[0] != '#')
            read_line(table, line);
    }
    (void)fclose(file);
    ps_paper_index_finish(table->index);
    if (!ps_config_load(PS_COMPONENT_SCHEDULER, get_setting, table, on_bad, NULL, &table->config))
        fail_msg("%s: settings", path);
    table->input.config = &table->config;
    table->input.index = table->index;
    table->input.discovered = table->discovered;
    table->input.watched = &table->watched;
}

static void clear(struct table *table)
{
    ps_config_clear(&table->config);
    ps_paper_index_destroy(table->index);
    ps_url_set_destroy(table->discovered);
    ps_number_set_clear(&table->watched);
    ps_buf_clear(&table->want);
}

static void check(const char *path)
{
    struct table table;
    struct ps_plan plan;
    struct ps_buf got;

    load(&table, path);
    ps_plan_make(&table.input, &plan);
    ps_buf_init(&got, TABLE_BYTES_MAX);
    for (size_t i = 0; i < plan.len; i++) {
        const struct ps_planned *item = &plan.items[i];
        char url[128];

        assert_true(ps_buf_format(&got, "%s %s\n", ps_tier_name(item->tier), item->file));
        (void)snprintf(url, sizeof(url), BASE "%s%04dR%d%s", item->prefix, item->number,
                       item->revision, item->ext);
        assert_string_equal(item->url, url);
    }
    assert_true(ps_buf_format(
        &got, "frontier=%d hot=%zu cold=%zu skipped_discovered=%zu skipped_in_index=%zu\n",
        plan.frontier, plan.hot, plan.cold, plan.skipped_discovered, plan.skipped_in_index));
    if (strcmp(ps_buf_str(&got), ps_buf_str(&table.want)) != 0)
        fail_msg("%s, the plan is\n%s", path, ps_buf_str(&got));
    ps_buf_clear(&got);
    ps_plan_clear(&plan);
    clear(&table);
}

static void hot_and_cold_numbers_in_their_order(void **state)
{
    (void)state;
    check("plans/tiers.txt");
}

static void cold_numbers_take_turns(void **state)
{
    (void)state;
    check("plans/cold_slices.txt");
}

static void what_is_known_is_not_published(void **state)
{
    (void)state;
    check("plans/never_published.txt");
}

static void windows_and_numbers_end_where_they_should(void **state)
{
    (void)state;
    check("plans/edges.txt");
}

static void an_empty_index_leaves_the_window_above(void **state)
{
    (void)state;
    check("plans/empty_index.txt");
}

static void of_a_date_the_first_ten_characters_count(void **state)
{
    (void)state;
    check("plans/date_times.txt");
}

static void a_look_back_of_zero_months_makes_nothing_hot(void **state)
{
    (void)state;
    check("plans/no_lookback.txt");
}

/* 100 people with 200 numbers each cost a cycle no more than WATCHED_NUMBERS_MAX numbers, and each
 * number has its turn. */
static void watched_numbers_are_bounded_and_take_turns(void **state)
{
    enum { WATCHED = 20000, FIRST = 100000, MOST = 1000 };
    static char turns[WATCHED];
    struct table table;

    (void)state;
    load(&table, "plans/tiers.txt");
    assert_int_equal(table.config.watched_numbers_max, MOST);
    ps_number_set_clear(&table.watched);
    for (int i = 0; i < WATCHED; i++)
        ps_number_set_add(&table.watched, FIRST + i);
    memset(turns, 0, sizeof(turns));
    for (int64_t cycle = 5; cycle < 5 + WATCHED / MOST; cycle++) {
        struct ps_plan plan;
        int before = 0, asked = 0;

        table.input.cycle = cycle;
        ps_plan_make(&table.input, &plan);
        for (size_t i = 0; i < plan.len; i++) {
            int number = plan.items[i].number;

            if (number >= FIRST && number != before) {
                turns[number - FIRST]++;
                asked++;
            }
            before = number;
        }
        assert_int_equal(asked, MOST);
        assert_true(plan.watched_deferred >= WATCHED - MOST);
        ps_plan_clear(&plan);
    }
    for (int i = 0; i < WATCHED; i++)
        assert_int_equal(turns[i], 1);
    clear(&table);
}

/* In as many cycles as the divisor says, each cold number has one turn, and no hot one has any. */
static void every_cold_number_has_one_turn_in_a_round(void **state)
{
    enum { ROUND = 3, FRONTIER = 20 };
    static const char want[FRONTIER + 2] = ".11010001011111111100"; /* by number: 1 is a turn */
    char turns[FRONTIER + 2] = ".00000000000000000000";
    struct table table;

    (void)state;
    load(&table, "plans/tiers.txt");
    for (int64_t cycle = 7; cycle < 7 + ROUND; cycle++) {
        struct ps_plan plan;
        int before = 0;

        table.input.cycle = cycle;
        ps_plan_make(&table.input, &plan);
        for (size_t i = 0; i < plan.len; i++) {
            const struct ps_planned *item = &plan.items[i];

            if (item->tier == PS_TIER_COLD && item->number != before)
                turns[item->number]++;
            before = item->number;
        }
        ps_plan_clear(&plan);
    }
    assert_string_equal(turns, want);
    clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hot_and_cold_numbers_in_their_order),
        cmocka_unit_test(cold_numbers_take_turns),
        cmocka_unit_test(what_is_known_is_not_published),
        cmocka_unit_test(windows_and_numbers_end_where_they_should),
        cmocka_unit_test(an_empty_index_leaves_the_window_above),
        cmocka_unit_test(of_a_date_the_first_ten_characters_count),
        cmocka_unit_test(a_look_back_of_zero_months_makes_nothing_hot),
        cmocka_unit_test(every_cold_number_has_one_turn_in_a_round),
        cmocka_unit_test(watched_numbers_are_bounded_and_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
